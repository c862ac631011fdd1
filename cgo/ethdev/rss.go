package ethdev

/*
#include <rte_ethdev.h>

// The key lies in Go's memory, to which a struct from Go must not point.
static int cleat_rss_update(uint16_t port, uint64_t fields, uint8_t *key, uint8_t len)
{
	struct rte_eth_rss_conf conf = { .rss_key = key, .rss_key_len = len, .rss_hf = fields };

	return rte_eth_dev_rss_hash_update(port, &conf);
}

static int cleat_rss_get(uint16_t port, uint64_t *fields, uint8_t *key, uint8_t len)
{
	struct rte_eth_rss_conf conf = { .rss_key = key, .rss_key_len = len };
	int rc = rte_eth_dev_rss_hash_conf_get(port, &conf);

	*fields = conf.rss_hf;
	return rc;
}
*/
import "C"

import (
	"cmp"
	"fmt"
)

// RSS is a set of header fields that a device hashes to choose a receive queue (RTE_ETH_RSS_…).
type RSS uint64

// What cleat asks for: IP addresses, of one end only where the device can, and ports.
const (
	RSSIPv4      RSS = C.RTE_ETH_RSS_IPV4
	RSSIPv4Frag  RSS = C.RTE_ETH_RSS_FRAG_IPV4
	RSSIPv4TCP   RSS = C.RTE_ETH_RSS_NONFRAG_IPV4_TCP
	RSSIPv4UDP   RSS = C.RTE_ETH_RSS_NONFRAG_IPV4_UDP
	RSSIPv4SCTP  RSS = C.RTE_ETH_RSS_NONFRAG_IPV4_SCTP
	RSSIPv4Other RSS = C.RTE_ETH_RSS_NONFRAG_IPV4_OTHER
	RSSIPv6      RSS = C.RTE_ETH_RSS_IPV6
	RSSIPv6Frag  RSS = C.RTE_ETH_RSS_FRAG_IPV6
	RSSIPv6TCP   RSS = C.RTE_ETH_RSS_NONFRAG_IPV6_TCP
	RSSIPv6UDP   RSS = C.RTE_ETH_RSS_NONFRAG_IPV6_UDP
	RSSIPv6SCTP  RSS = C.RTE_ETH_RSS_NONFRAG_IPV6_SCTP
	RSSIPv6Other RSS = C.RTE_ETH_RSS_NONFRAG_IPV6_OTHER
	RSSL3SrcOnly RSS = C.RTE_ETH_RSS_L3_SRC_ONLY
	RSSL3DstOnly RSS = C.RTE_ETH_RSS_L3_DST_ONLY
)

// Groups of those.
const (
	RSSIPv4Addresses = RSSIPv4 | RSSIPv4Frag | RSSIPv4Other
	RSSIPv6Addresses = RSSIPv6 | RSSIPv6Frag | RSSIPv6Other
	RSSTransports    = RSSIPv4TCP | RSSIPv4UDP | RSSIPv4SCTP | RSSIPv6TCP | RSSIPv6UDP | RSSIPv6SCTP
)

// RSSPrefix6 is what restricts the hash to the first bits of IPv6 addresses; ok is false if DPDK has no word for so many.
func RSSPrefix6(bits int) (fields RSS, ok bool) {
	fields, ok = map[int]RSS{
		32: C.RTE_ETH_RSS_L3_PRE32, 40: C.RTE_ETH_RSS_L3_PRE40, 48: C.RTE_ETH_RSS_L3_PRE48, 56: C.RTE_ETH_RSS_L3_PRE56,
		64: C.RTE_ETH_RSS_L3_PRE64, 96: C.RTE_ETH_RSS_L3_PRE96, 128: 0,
	}[bits]
	return fields, ok
}

// keySize is the length of an RSS key where the device does not tell.
const keySize = 40

// SetRSS has a port, configured for RSS, hash these fields from now on, by Toeplitz under this key, which is repeated or cut to the length that the
// device wants. Fields that it cannot hash (Info.RSS) are an error.
func (p Port) SetRSS(fields RSS, key []byte) error {
	var info C.struct_rte_eth_dev_info
	if err := p.info(&info); err != nil {
		return err
	}
	if lacks := fields &^ RSS(info.flow_type_rss_offloads); lacks != 0 {
		return fmt.Errorf("ethdev: port %d: the device cannot hash %#x of %#x", p, uint64(lacks), uint64(fields))
	}
	long := make([]byte, cmp.Or(int(info.hash_key_size), keySize))
	for i := range long {
		long[i] = key[i%len(key)]
	}
	return p.try("rte_eth_dev_rss_hash_update", func() int {
		return int(C.cleat_rss_update(p.id(), C.uint64_t(fields), bytes(long), C.uint8_t(len(long))))
	})
}

// rss tells what a port hashes, under which key.
func (p Port) rss() (fields RSS, key []byte, err error) {
	var f C.uint64_t
	key = make([]byte, keySize)
	err = p.try("rte_eth_dev_rss_hash_conf_get", func() int { return int(C.cleat_rss_get(p.id(), &f, bytes(key), keySize)) })
	return RSS(f), key, err
}

// SetIndirection says which queue each value of the hash modulo len(queues) means. Devices have tables of 64 to some thousand entries: an error if the
// device's cannot say the same.
func (p Port) SetIndirection(queues []uint16) error {
	var info C.struct_rte_eth_dev_info
	if err := p.info(&info); err != nil {
		return err
	}
	table, err := stretch(queues, int(info.reta_size))
	if err != nil {
		return fmt.Errorf("ethdev: port %d: %w", p, err)
	}
	groups := make([]C.struct_rte_eth_rss_reta_entry64, (len(table)+C.RTE_ETH_RETA_GROUP_SIZE-1)/C.RTE_ETH_RETA_GROUP_SIZE)
	for i, q := range table {
		g := &groups[i/C.RTE_ETH_RETA_GROUP_SIZE]
		g.mask |= 1 << (i % C.RTE_ETH_RETA_GROUP_SIZE)
		g.reta[i%C.RTE_ETH_RETA_GROUP_SIZE] = C.uint16_t(q)
	}
	return p.try("rte_eth_dev_rss_reta_update", func() int {
		return int(C.rte_eth_dev_rss_reta_update(p.id(), &groups[0], info.reta_size))
	})
}

// indirection reads the table.
func (p Port) indirection() ([]uint16, error) {
	var info C.struct_rte_eth_dev_info
	if err := p.info(&info); err != nil {
		return nil, err
	}
	groups := make([]C.struct_rte_eth_rss_reta_entry64, info.reta_size/C.RTE_ETH_RETA_GROUP_SIZE)
	for i := range groups {
		groups[i].mask = 1<<C.RTE_ETH_RETA_GROUP_SIZE - 1
	}
	err := p.try("rte_eth_dev_rss_reta_query", func() int {
		return int(C.rte_eth_dev_rss_reta_query(p.id(), &groups[0], info.reta_size))
	})
	var table []uint16
	for i := range groups {
		for _, q := range groups[i].reta {
			table = append(table, uint16(q))
		}
	}
	return table, err
}

// stretch makes of a table for the hash modulo len(table) one of size entries, for the hash modulo size, that says the same.
func stretch(table []uint16, size int) ([]uint16, error) {
	if size == 0 {
		return nil, fmt.Errorf("the device has no indirection table")
	}
	long := make([]uint16, size)
	for i := range max(size, len(table)) {
		if i >= size && long[i%size] != table[i] || size%len(table) != 0 && len(table)%size != 0 {
			return nil, fmt.Errorf("the device's indirection table of %d entries cannot say what one of %d does", size, len(table))
		}
		if i < size {
			long[i] = table[i%len(table)]
		}
	}
	return long, nil
}
