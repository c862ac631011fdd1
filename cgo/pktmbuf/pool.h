#ifndef CLEAT_POOL_H
#define CLEAT_POOL_H

#include <rte_mempool.h>

#include "desc.h"

enum { CLEAT_BURST = 32 };

/* All n ≤ CLEAT_BURST mbufs or none: then n is 0 afterwards. Their lengths are 0, their headroom is the default one.
 * Go's pktmbuf.allocation. */
struct cleat_allocation {
	struct rte_mempool *pool;
	uint64_t n;
	struct cleat_desc d[CLEAT_BURST];
};

void cleat_alloc(struct cleat_allocation *a);

/* n ≤ CLEAT_BURST mbufs with all their segments, each to its own pool. Go's pktmbuf.release. */
struct cleat_release {
	uint64_t n;
	uintptr_t mbufs[CLEAT_BURST];
};

void cleat_free(struct cleat_release *r);

static_assert(offsetof(struct cleat_allocation, n) == 8, "pktmbuf.allocation.n");
static_assert(offsetof(struct cleat_allocation, d) == 16, "pktmbuf.allocation.descs");
static_assert(offsetof(struct cleat_release, mbufs) == 8, "pktmbuf.release.mbufs");

#endif
