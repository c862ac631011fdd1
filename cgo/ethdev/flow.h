#ifndef CLEAT_FLOW_H
#define CLEAT_FLOW_H

#include <stdint.h>

/* Asks the port for a rule: RSS by types over all packets of IPv4, or of IPv6 (v6). key_len 0: the port's own key; n_queues 0: its own
 * table. Returns 0 or a negative error number, then with the driver's words in why, or NULL. */
int cleat_flow_rss(uint16_t port, int v6, uint64_t types, const uint8_t *key, uint32_t key_len, const uint16_t *queues, uint32_t n_queues,
		   const char **why);

/* Takes away all rules of the port. Returns as cleat_flow_rss. */
int cleat_flow_flush(uint16_t port, const char **why);

#endif
