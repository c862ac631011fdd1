#ifndef CLEAT_DESC_H
#define CLEAT_DESC_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

/* Flags as in cleat/lcore/burst; the Go side proves them equal. */
enum {
	CLEAT_RX_HASH = 1 << 0,
	CLEAT_RX_IP_GOOD = 1 << 1,
	CLEAT_RX_IP_BAD = 1 << 2,
	CLEAT_RX_L4_GOOD = 1 << 3,
	CLEAT_RX_L4_BAD = 1 << 4,
	CLEAT_RX_VLAN = 1 << 5,
	CLEAT_TX_IP = 1 << 8,
	CLEAT_TX_L4 = 1 << 9,
	CLEAT_TX_VLAN = 1 << 10,
};

/* What Go needs to know of an mbuf, and says of it: Go's pktmbuf.Desc, 48 bytes, no pointers. */
struct cleat_desc {
	uintptr_t data;    /* first byte of the frame */
	uintptr_t mbuf;
	uint32_t len;      /* of the whole frame; to transmit: not read */
	uint32_t hash;
	uint16_t data_len; /* of the first segment */
	uint16_t room;     /* from data to the end of the data room */
	uint16_t headroom;
	uint16_t flags;    /* CLEAT_RX_… or CLEAT_TX_… */
	uint16_t vlan;
	uint8_t segments;  /* 255: so many or more */
	uint8_t pad[13];
};

static_assert(sizeof(struct cleat_desc) == 48, "pktmbuf.Desc");
static_assert(offsetof(struct cleat_desc, data) == 0, "pktmbuf.Desc.data");
static_assert(offsetof(struct cleat_desc, mbuf) == 8, "pktmbuf.Desc.mbuf");
static_assert(offsetof(struct cleat_desc, len) == 16, "pktmbuf.Desc.len");
static_assert(offsetof(struct cleat_desc, hash) == 20, "pktmbuf.Desc.hash");
static_assert(offsetof(struct cleat_desc, data_len) == 24, "pktmbuf.Desc.dataLen");
static_assert(offsetof(struct cleat_desc, room) == 26, "pktmbuf.Desc.room");
static_assert(offsetof(struct cleat_desc, headroom) == 28, "pktmbuf.Desc.headroom");
static_assert(offsetof(struct cleat_desc, flags) == 30, "pktmbuf.Desc.flags");
static_assert(offsetof(struct cleat_desc, vlan) == 32, "pktmbuf.Desc.vlan");
static_assert(offsetof(struct cleat_desc, segments) == 34, "pktmbuf.Desc.segments");

/* burst.Headroom is what PMDs leave in front of a frame. */
static_assert(RTE_PKTMBUF_HEADROOM == 128, "libdpdk was built with another headroom than burst.Headroom");

/* An mbuf's lengths as the descriptor carries them. */
static_assert(sizeof(((struct rte_mbuf *)0)->pkt_len) == 4, "rte_mbuf.pkt_len");
static_assert(sizeof(((struct rte_mbuf *)0)->data_len) == 2, "rte_mbuf.data_len");
static_assert(sizeof(((struct rte_mbuf *)0)->buf_len) == 2, "rte_mbuf.buf_len");
static_assert(sizeof(((struct rte_mbuf *)0)->vlan_tci) == 2, "rte_mbuf.vlan_tci");
static_assert(sizeof(((struct rte_mbuf *)0)->hash.rss) == 4, "rte_mbuf.hash.rss");

static inline uint16_t cleat_rx_flags(uint64_t ol)
{
	uint64_t ip = ol & RTE_MBUF_F_RX_IP_CKSUM_MASK, l4 = ol & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	uint16_t flags = 0;

	if (ol & RTE_MBUF_F_RX_RSS_HASH)
		flags |= CLEAT_RX_HASH;
	if (ol & RTE_MBUF_F_RX_VLAN_STRIPPED)
		flags |= CLEAT_RX_VLAN;
	if (ip == RTE_MBUF_F_RX_IP_CKSUM_GOOD)
		flags |= CLEAT_RX_IP_GOOD;
	else if (ip == RTE_MBUF_F_RX_IP_CKSUM_BAD)
		flags |= CLEAT_RX_IP_BAD;
	if (l4 == RTE_MBUF_F_RX_L4_CKSUM_GOOD)
		flags |= CLEAT_RX_L4_GOOD;
	else if (l4 == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		flags |= CLEAT_RX_L4_BAD;
	return flags;
}

/* Describes an mbuf that has just been received or allocated. */
static inline void cleat_describe(struct cleat_desc *d, struct rte_mbuf *m)
{
	d->data = (uintptr_t)m->buf_addr + m->data_off;
	d->mbuf = (uintptr_t)m;
	d->len = m->pkt_len;
	d->hash = m->hash.rss;
	d->data_len = m->data_len;
	d->room = m->buf_len - m->data_off;
	d->headroom = m->data_off;
	d->flags = m->ol_flags ? cleat_rx_flags(m->ol_flags) : 0;
	d->vlan = m->vlan_tci;
	d->segments = m->nb_segs > 255 ? 255 : m->nb_segs;
}

#endif
