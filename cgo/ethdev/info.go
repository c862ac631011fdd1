package ethdev

// #include <rte_ethdev.h>
import "C"

import (
	"fmt"
	"strings"
)

// Info is what a device can do.
type Info struct {
	Driver         string // the PMD: "net_ixgbe"
	Socket         int    // NUMA socket; eal.SocketAny: none in particular
	MaxRxQueues    int
	MaxTxQueues    int
	MinMTU, MaxMTU int
	RSS            RSS // fields it can hash
	Offloads       Offload
}

// Info asks the device.
func (p Port) Info() (Info, error) {
	var c C.struct_rte_eth_dev_info
	if err := p.info(&c); err != nil {
		return Info{}, err
	}
	return Info{
		Driver:      C.GoString(c.driver_name),
		Socket:      int(C.rte_eth_dev_socket_id(p.id())),
		MaxRxQueues: int(c.max_rx_queues),
		MaxTxQueues: int(c.max_tx_queues),
		MinMTU:      int(c.min_mtu),
		MaxMTU:      int(c.max_mtu),
		RSS:         RSS(c.flow_type_rss_offloads),
		Offloads:    offloadsOf(c.rx_offload_capa, c.tx_offload_capa),
	}, nil
}

func (p Port) info(c *C.struct_rte_eth_dev_info) error {
	return p.try("rte_eth_dev_info_get", func() int { return int(C.rte_eth_dev_info_get(p.id(), c)) })
}

// Offload is a set of things a device does for the processor.
type Offload uint16

// What burst.Packet can say or ask.
const (
	RxIPCsum    Offload = 1 << iota // burst.IPCsumGood, IPCsumBad
	RxL4Csum                        // burst.L4CsumGood, L4CsumBad
	RxVLANStrip                     // burst.VLANStripped
	TxIPCsum                        // burst.IPCsumOffload
	TxL4Csum                        // burst.L4CsumOffload
	TxVLAN                          // burst.VLANInsert
)

// offloads says what each is in DPDK.
var offloads = []struct {
	offload Offload
	name    string
	rx, tx  C.uint64_t
}{
	{RxIPCsum, "RxIPCsum", C.RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, 0},
	{RxL4Csum, "RxL4Csum", C.RTE_ETH_RX_OFFLOAD_TCP_CKSUM | C.RTE_ETH_RX_OFFLOAD_UDP_CKSUM, 0},
	{RxVLANStrip, "RxVLANStrip", C.RTE_ETH_RX_OFFLOAD_VLAN_STRIP, 0},
	{TxIPCsum, "TxIPCsum", 0, C.RTE_ETH_TX_OFFLOAD_IPV4_CKSUM},
	{TxL4Csum, "TxL4Csum", 0, C.RTE_ETH_TX_OFFLOAD_TCP_CKSUM | C.RTE_ETH_TX_OFFLOAD_UDP_CKSUM},
	{TxVLAN, "TxVLAN", 0, C.RTE_ETH_TX_OFFLOAD_VLAN_INSERT},
}

// offloadsOf turns DPDK's two sets into ours.
func offloadsOf(rx, tx C.uint64_t) Offload {
	var have Offload
	for _, o := range offloads {
		if rx&o.rx == o.rx && tx&o.tx == o.tx {
			have |= o.offload
		}
	}
	return have
}

// dpdk turns a set into DPDK's two.
func (o Offload) dpdk() (rx, tx C.uint64_t) {
	for _, each := range offloads {
		if o&each.offload != 0 {
			rx |= each.rx
			tx |= each.tx
		}
	}
	return rx, tx
}

// String names them: "RxIPCsum TxVLAN".
func (o Offload) String() string {
	var names []string
	for _, each := range offloads {
		if o&each.offload != 0 {
			names = append(names, each.name)
			o &^= each.offload
		}
	}
	if o != 0 {
		names = append(names, fmt.Sprintf("%#x", uint16(o)))
	}
	return strings.Join(names, " ")
}
