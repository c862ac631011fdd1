package ethdev

// #include <rte_ethdev.h>
import "C"

// Stats is what every device counts since it was started.
type Stats struct {
	RxPackets, RxBytes uint64
	TxPackets, TxBytes uint64
	RxMissed           uint64 // dropped by the device: the receive queue was full
	RxErrors           uint64
	RxNoMbuf           uint64 // dropped: the mempool was empty
	TxErrors           uint64
}

// Stats reads the counters.
func (p Port) Stats() (Stats, error) {
	var c C.struct_rte_eth_stats
	err := p.try("rte_eth_stats_get", func() int { return int(C.rte_eth_stats_get(p.id(), &c)) })
	return Stats{
		RxPackets: uint64(c.ipackets), RxBytes: uint64(c.ibytes),
		TxPackets: uint64(c.opackets), TxBytes: uint64(c.obytes),
		RxMissed: uint64(c.imissed), RxErrors: uint64(c.ierrors),
		RxNoMbuf: uint64(c.rx_nombuf), TxErrors: uint64(c.oerrors),
	}, err
}

// XStat is one of a driver's own counters.
type XStat struct {
	Name  string
	Value uint64
}

// XStats reads all of them, in the driver's order.
func (p Port) XStats() ([]XStat, error) {
	var n C.int
	err := p.try("rte_eth_xstats_get_names", func() int { n = C.rte_eth_xstats_get_names(p.id(), nil, 0); return int(n) })
	if err != nil || n == 0 {
		return nil, err
	}
	names, values := make([]C.struct_rte_eth_xstat_name, n), make([]C.struct_rte_eth_xstat, n)
	err = p.try("rte_eth_xstats_get_names", func() int { return int(C.rte_eth_xstats_get_names(p.id(), &names[0], C.uint(n))) })
	if err != nil {
		return nil, err
	}
	var got C.int
	err = p.try("rte_eth_xstats_get", func() int {
		got = C.rte_eth_xstats_get(p.id(), &values[0], C.uint(n))
		return int(got)
	})
	if err != nil {
		return nil, err
	}
	stats := make([]XStat, 0, n)
	for _, v := range values[:min(got, n)] {
		stats = append(stats, XStat{C.GoString(&names[v.id].name[0]), uint64(v.value)})
	}
	return stats, nil
}
