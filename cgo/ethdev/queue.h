#ifndef CLEAT_QUEUE_H
#define CLEAT_QUEUE_H

#include <stdint.h>

#include "../pktmbuf/desc.h"

enum { CLEAT_BURST = 32 };

/* Up to n ≤ CLEAT_BURST frames from the queue, described in d. Returns how many. */
unsigned int cleat_receive(uint16_t port, uint16_t queue, struct cleat_desc *d, unsigned int n);

/* Makes the mbufs of n ≤ CLEAT_BURST frames what d says, and hands them to the queue. Returns how many
 * it took, from the front; or -1-i if frame i does not lie in its mbuf, before anything is handed over. */
int cleat_transmit(uint16_t port, uint16_t queue, const struct cleat_desc *d, unsigned int n);

/* An empty crossing, to measure. */
void cleat_nothing(void);

#endif
