package ethdev

// #include <rte_ethdev.h>
import "C"

import (
	"errors"
	"fmt"
	"syscall"

	"cleat/cgo/pktmbuf"
	"cleat/lcore/burst"
)

// Config is how a port shall work. The zero value of what is optional asks for nothing.
type Config struct {
	// Queues is the number of receive queues, and of transmit queues: one of each a worker.
	Queues int
	// RxDescriptors and TxDescriptors are ring sizes per queue; 0: what the device prefers. The device's
	// limits are applied to them.
	RxDescriptors, TxDescriptors int
	// MTU in bytes; 0: 1500, or the device's greatest if that is less.
	MTU int
	// RSS is what to hash; fields that the device cannot hash (Info.RSS) are left out.
	RSS RSS
	// Offloads must be among Info.Offloads.
	Offloads Offload
	// Pools is where received packets are put: one for all receive queues, or one for each.
	Pools []*pktmbuf.Pool
}

// defaultRing is the ring size where neither caller nor device has a wish.
const defaultRing = 512

// frameOverhead is what a frame may have beyond its MTU: Ethernet header, two VLAN tags, CRC.
const frameOverhead = 14 + 2*4 + 4

// Configure sets a stopped port up, its queues included. Where frames may be longer than the pools'
// data room, the port is asked to spread them over several segments.
func (p Port) Configure(c Config) error {
	var info C.struct_rte_eth_dev_info
	if err := p.info(&info); err != nil {
		return err
	}
	if err := p.check(c, offloadsOf(info.rx_offload_capa, info.tx_offload_capa)); err != nil {
		return err
	}
	conf := c.dpdk(&info)
	n := C.uint16_t(c.Queues)
	err := p.try("rte_eth_dev_configure", func() int { return int(C.rte_eth_dev_configure(p.id(), n, n, &conf)) })
	if err != nil {
		return err
	}
	if err := p.setMTU(c.MTU); err != nil {
		return err
	}
	return p.setUpQueues(c, &info)
}

// check finds what DPDK would not say as clearly.
func (p Port) check(c Config, have Offload) error {
	switch lacks := c.Offloads &^ have; {
	case c.Queues < 1 || c.Queues > C.RTE_MAX_QUEUES_PER_PORT:
		return fmt.Errorf("ethdev: port %d: %d queues: must be 1 to %d", p, c.Queues, C.RTE_MAX_QUEUES_PER_PORT)
	case len(c.Pools) != 1 && len(c.Pools) != c.Queues:
		return fmt.Errorf("ethdev: port %d: %d pools for %d queues: must be one for all, or one for each", p, len(c.Pools), c.Queues)
	case lacks != 0:
		return fmt.Errorf("ethdev: port %d: the device cannot do %v; it can do: %v", p, lacks, have)
	case c.RxDescriptors < 0 || c.RxDescriptors > 65535 || c.TxDescriptors < 0 || c.TxDescriptors > 65535:
		return fmt.Errorf("ethdev: port %d: %d and %d descriptors: must be 0 to 65535", p, c.RxDescriptors, c.TxDescriptors)
	case c.MTU < 0 || c.MTU > 65535:
		return fmt.Errorf("ethdev: port %d: MTU %d: must be 0 to 65535", p, c.MTU)
	}
	return nil
}

// dpdk is the configuration in DPDK's terms.
func (c Config) dpdk(info *C.struct_rte_eth_dev_info) C.struct_rte_eth_conf {
	var conf C.struct_rte_eth_conf
	conf.rxmode.mtu = C.uint32_t(c.MTU)
	conf.rxmode.offloads, conf.txmode.offloads = c.Offloads.dpdk()
	if rss := C.uint64_t(c.RSS) & info.flow_type_rss_offloads; rss != 0 {
		conf.rxmode.mq_mode = C.RTE_ETH_MQ_RX_RSS
		conf.rx_adv_conf.rss_conf.rss_hf = rss
		conf.rxmode.offloads |= C.RTE_ETH_RX_OFFLOAD_RSS_HASH & info.rx_offload_capa
	}
	if c.scatters() {
		conf.rxmode.offloads |= C.RTE_ETH_RX_OFFLOAD_SCATTER & info.rx_offload_capa
		conf.txmode.offloads |= C.RTE_ETH_TX_OFFLOAD_MULTI_SEGS & info.tx_offload_capa
	}
	return conf
}

// scatters reports whether a frame may be longer than a buffer.
func (c Config) scatters() bool {
	longest := max(c.MTU, C.RTE_ETHER_MTU) + frameOverhead
	for _, pool := range c.Pools {
		if int(C.rte_pktmbuf_data_room_size(mempool(pool)))-burst.Headroom < longest {
			return true
		}
	}
	return false
}

// setMTU tells the driver too: some take the MTU from the configuration, some only so, and some not
// at all, for which any will do.
func (p Port) setMTU(mtu int) error {
	if mtu == 0 {
		return nil
	}
	err := p.try("rte_eth_dev_set_mtu", func() int { return int(C.rte_eth_dev_set_mtu(p.id(), C.uint16_t(mtu))) })
	if errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}

func (p Port) setUpQueues(c Config, info *C.struct_rte_eth_dev_info) error {
	rx := ringSize(c.RxDescriptors, info.default_rxportconf.ring_size)
	tx := ringSize(c.TxDescriptors, info.default_txportconf.ring_size)
	err := p.try("rte_eth_dev_adjust_nb_rx_tx_desc", func() int {
		return int(C.rte_eth_dev_adjust_nb_rx_tx_desc(p.id(), &rx, &tx))
	})
	if err != nil {
		return err
	}
	for q := range c.Queues {
		pool := c.Pools[q%len(c.Pools)]
		socket := C.uint(pool.Socket())
		err := p.try(fmt.Sprintf("rte_eth_rx_queue_setup %d", q), func() int {
			return int(C.rte_eth_rx_queue_setup(p.id(), C.uint16_t(q), rx, socket, nil, mempool(pool)))
		})
		if err != nil {
			return err
		}
		err = p.try(fmt.Sprintf("rte_eth_tx_queue_setup %d", q), func() int {
			return int(C.rte_eth_tx_queue_setup(p.id(), C.uint16_t(q), tx, socket, nil))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func ringSize(wish int, device C.uint16_t) C.uint16_t {
	switch {
	case wish != 0:
		return C.uint16_t(wish)
	case device != 0:
		return device
	}
	return defaultRing
}
