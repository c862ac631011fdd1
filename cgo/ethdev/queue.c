#include <stdbool.h>

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_mbuf.h>

#include "queue.h"

void cleat_receive(struct cleat_request *r)
{
	struct rte_mbuf *m[CLEAT_BURST];

	r->n = rte_eth_rx_burst(r->port, r->queue, m, r->n);
	for (int i = 0; i < r->n; i++)
		cleat_describe(&r->d[i], m[i]);
}

/* Length of the headers in front of the IP header, 0 if there is none within len bytes; the ethertype. */
static uint16_t l2_length(const uint8_t *frame, uint16_t len, uint16_t *ethertype)
{
	uint16_t at = 2 * RTE_ETHER_ADDR_LEN;

	for (int tags = 0; tags <= 2; tags++, at += sizeof(struct rte_vlan_hdr)) {
		if (at + 2 > len)
			return 0;
		*ethertype = frame[at] << 8 | frame[at + 1];
		if (*ethertype != RTE_ETHER_TYPE_VLAN && *ethertype != RTE_ETHER_TYPE_QINQ)
			return at + 2;
	}
	return 0;
}

static uint64_t l4_request(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_TCP:
		return RTE_MBUF_F_TX_TCP_CKSUM;
	case IPPROTO_UDP:
		return RTE_MBUF_F_TX_UDP_CKSUM;
	default:
		return 0;
	}
}

/* The mbuf's requests for checksums. The NIC wants header lengths, and 0 in IPv4's own field. A frame
 * without an IP header asks in vain, as does IPv6 with extension headers for its layer 4. */
static uint64_t checksum_requests(struct rte_mbuf *m, uint16_t flags)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t ethertype = 0, l2 = l2_length(frame, m->data_len, &ethertype);
	uint64_t ol = 0;

	if (l2 == 0)
		return 0;
	if (ethertype == RTE_ETHER_TYPE_IPV4 && l2 + sizeof(struct rte_ipv4_hdr) <= m->data_len) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(frame + l2);

		m->l3_len = rte_ipv4_hdr_len(ip);
		ol = RTE_MBUF_F_TX_IPV4;
		if (flags & CLEAT_TX_IP) {
			ol |= RTE_MBUF_F_TX_IP_CKSUM;
			ip->hdr_checksum = 0;
		}
		if (flags & CLEAT_TX_L4)
			ol |= l4_request(ip->next_proto_id);
	} else if (ethertype == RTE_ETHER_TYPE_IPV6 && l2 + sizeof(struct rte_ipv6_hdr) <= m->data_len) {
		m->l3_len = sizeof(struct rte_ipv6_hdr);
		ol = RTE_MBUF_F_TX_IPV6;
		if (flags & CLEAT_TX_L4)
			ol |= l4_request(((struct rte_ipv6_hdr *)(frame + l2))->proto);
	}
	m->l2_len = l2;
	return ol;
}

/* Makes the mbuf what d says. Doing it again changes nothing: a frame that the port did not take may
 * come once more. */
static bool apply(struct rte_mbuf *m, const struct cleat_desc *d)
{
	uintptr_t off = d->data - (uintptr_t)m->buf_addr;

	if (unlikely(off > m->buf_len || d->data_len > m->buf_len - off))
		return false;
	if (unlikely(d->segments == 1 && m->nb_segs > 1)) {
		rte_pktmbuf_free(m->next);
		m->next = NULL;
		m->nb_segs = 1;
		m->pkt_len = m->data_len;
	}
	m->pkt_len += d->data_len - m->data_len;
	m->data_len = d->data_len;
	m->data_off = off;
	m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL; /* whose memory it is stays */
	if (unlikely(d->flags & (CLEAT_TX_IP | CLEAT_TX_L4)))
		m->ol_flags |= checksum_requests(m, d->flags);
	if (unlikely(d->flags & CLEAT_TX_VLAN)) {
		m->ol_flags |= RTE_MBUF_F_TX_VLAN;
		m->vlan_tci = d->vlan;
	}
	return true;
}

void cleat_transmit(struct cleat_request *r)
{
	struct rte_mbuf *m[CLEAT_BURST];

	for (int i = 0; i < r->n; i++) {
		m[i] = (struct rte_mbuf *)r->d[i].mbuf;
		if (!apply(m[i], &r->d[i])) {
			r->n = -1 - i;
			return;
		}
	}
	r->n = rte_eth_tx_burst(r->port, r->queue, m, r->n);
}

void cleat_nothing(void *nothing) {}
