#include <rte_mbuf.h>

#include "pool.h"

void cleat_alloc(struct cleat_allocation *a)
{
	struct rte_mbuf *m[CLEAT_BURST];

	if (rte_pktmbuf_alloc_bulk(a->pool, m, a->n) != 0)
		a->n = 0;
	for (uint64_t i = 0; i < a->n; i++)
		cleat_describe(&a->d[i], m[i]);
}

void cleat_free(struct cleat_release *r)
{
	rte_pktmbuf_free_bulk((struct rte_mbuf **)r->mbufs, r->n);
}
