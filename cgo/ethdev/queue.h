#ifndef CLEAT_QUEUE_H
#define CLEAT_QUEUE_H

#include <stdint.h>

#include "../pktmbuf/desc.h"

enum { CLEAT_BURST = 32 };

/* What a call reads and writes: Go's ethdev.request. */
struct cleat_request {
	uint16_t port, queue;
	int32_t n; /* how many, then the answer */
	struct cleat_desc d[CLEAT_BURST];
};

static_assert(offsetof(struct cleat_request, n) == 4, "ethdev.request.n");
static_assert(offsetof(struct cleat_request, d) == 8, "ethdev.request.descs");

/* Up to n frames from the queue, described in d. The answer is how many. */
void cleat_receive(struct cleat_request *r);

/* Makes the mbufs of n frames what d says, and hands them to the queue. The answer is how many it took, from
 * the front; or -1-i if frame i does not lie in its mbuf, before anything is handed over. */
void cleat_transmit(struct cleat_request *r);

/* An empty crossing, to measure. */
void cleat_nothing(void *);

#endif
