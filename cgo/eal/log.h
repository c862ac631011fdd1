#ifndef CLEAT_LOG_H
#define CLEAT_LOG_H

/* Everything DPDK logs is written to fd from now on. fd must not block. Returns 0 or -errno. */
int cleat_log_open(int fd);

/* Gives DPDK its default log back; fd is not used after it. */
void cleat_log_close(void);

/* How many writes fd did not take since the last call. */
unsigned int cleat_log_lost(void);

/* The calling thread's error messages are remembered between begin and end, which returns them,
 * one a line. The text is valid until the thread's next begin. */
void cleat_errors_begin(void);
const char *cleat_errors_end(void);

/* rte_eal_init(), with what it and getopt print on stderr and stdout kept away from there: the
 * former is logged, the latter, a page of usage, is dropped. */
int cleat_eal_init(int argc, char **argv);

#endif
