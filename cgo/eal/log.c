#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_log.h>

#include "log.h"

/* What a stream's text is. */
enum origin { FROM_LOG, FROM_STDERR, FROM_STDOUT };

static atomic_int log_fd = -1;
static atomic_uint lost;

static __thread struct {
	bool on;
	size_t len;
	char text[2048];
} heard;

/* Remembers text for cleat_errors_end; what no longer fits is left out. */
static void hear(const char *text, size_t n)
{
	size_t room = sizeof(heard.text) - 1 - heard.len;

	if (n > room)
		n = room;
	memcpy(heard.text + heard.len, text, n);
	heard.len += n;
}

static ssize_t stream_write(void *cookie, const char *text, size_t n)
{
	enum origin from = (enum origin)(uintptr_t)cookie;

	if (from == FROM_STDOUT)
		return n;
	if (heard.on && (from == FROM_STDERR || rte_log_cur_msg_loglevel() <= (int)RTE_LOG_ERR))
		hear(text, n);
	/* A full pipe loses text: nothing that logs, a worker least of all, waits for the reader. */
	if (write(log_fd, text, n) != (ssize_t)n)
		atomic_fetch_add(&lost, 1);
	return n;
}

static FILE *stream_open(enum origin from)
{
	cookie_io_functions_t io = { .write = stream_write };
	FILE *f = fopencookie((void *)(uintptr_t)from, "w", io);

	if (f != NULL)
		setvbuf(f, NULL, _IOLBF, 0);
	return f;
}

int cleat_log_open(int fd)
{
	FILE *f = stream_open(FROM_LOG);

	if (f == NULL)
		return -errno;
	log_fd = fd;
	return rte_openlog_stream(f);
}

void cleat_log_close(void)
{
	/* The stream is left open: one of DPDK's threads may be in it. */
	rte_openlog_stream(NULL);
	log_fd = -1;
}

unsigned int cleat_log_lost(void)
{
	return atomic_exchange(&lost, 0);
}

void cleat_errors_begin(void)
{
	heard.len = 0;
	heard.on = true;
}

const char *cleat_errors_end(void)
{
	heard.on = false;
	heard.text[heard.len] = 0;
	return heard.text;
}

int cleat_eal_init(int argc, char **argv)
{
	FILE *old_out = stdout, *old_err = stderr;
	FILE *out = stream_open(FROM_STDOUT), *err = stream_open(FROM_STDERR);
	int rc = -1;

	if (out != NULL && err != NULL) {
		stdout = out;
		stderr = err;
		rc = rte_eal_init(argc, argv);
		stdout = old_out;
		stderr = old_err;
	}
	if (out != NULL)
		fclose(out);
	if (err != NULL)
		fclose(err);
	return rc;
}
