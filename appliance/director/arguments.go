package director

import (
	"fmt"
	"strings"

	"cleat/appliance/place"
	"cleat/cgo/eal"
	"cleat/conf"
)

const (
	dataRoom    = 2048
	mbufBytes   = dataRoom + 128 + 128 + 64 // data room, headroom, struct rte_mbuf, mempool's own
	entryBytes  = 64 + 13 + 5 + 1           // connection or template and its share of index, wheel, and the set of those unproven
	wheels      = 2 << 17                   // of a worker, whatever its tables
	told        = 4                         // what other workers tell of a template
	connection6 = 64 + 4                    // addresses of an IPv6 connection
	template6   = 32 + 4                    // addresses of an IPv6 template
	fullNAT     = 64 + 4 + 9                // what a FULLNAT connection has beside, and its share of the second index
	engineData  = (256+4)/64 + 1            // of a persistence engine: a 64th of the templates has some
	transfers   = 1                         // of the FTP helper, for a 64th of the connections
	memorySlack = 96                        // MiB: queues, rings, DPDK itself
)

// ealArgs returns the arguments for the EAL: ours first, the operator's after them, so that theirs win where DPDK
// takes the last one.
func ealArgs(c *conf.Config, p *place.Plan) ([]string, error) {
	mib := c.DPDK.Memory
	if mib == 0 {
		mib = memory(c, len(p.Workers))
	}
	args, err := eal.MemoryArgs(c.DPDK.Hugepages, mib)
	if err != nil {
		return nil, err
	}
	args = append(args, "--lcores", fmt.Sprintf("0@%d", p.Main), "--file-prefix", c.DPDK.FilePrefix)
	pci := false
	for _, p := range c.Ports {
		if p.Vdev == "" {
			args = append(args, "-a", p.Device)
			pci = true
		}
	}
	if !pci {
		args = append(args, "--no-pci")
	}
	return append(args, c.DPDK.EAL...), nil
}

// memory is what c needs for so many workers, in MiB.
func memory(c *conf.Config, workers int) int {
	t := &c.Tables
	worker := wheels + (t.Connections+t.Templates)*entryBytes + t.Templates*(told+engineData) + t.Connections*transfers + t.Connections6*connection6 + t.Templates6*template6 + t.FullNAT*fullNAT
	return (workers*worker+mbufs(c, workers)*mbufBytes)>>20 + memorySlack
}

// fewestMbufs is enough for one worker and two ports with rings of 1024.
const fewestMbufs = 16384

// mbufs is how many packet buffers there are on each NUMA socket: unless c says, a quarter more than what all rings and the workers' own stores hold when they
// are full.
func mbufs(c *conf.Config, workers int) int {
	if c.DPDK.Mbufs != 0 {
		return c.DPDK.Mbufs
	}
	full := 2 * cacheSize
	for i := range c.Ports {
		full += c.Ports[i].RxDescriptors + c.Ports[i].TxDescriptors
	}
	return max(full*workers*5/4, fewestMbufs)
}

// queueArgs is how virtual devices are told how many queues to make.
var queueArgs = map[string]string{"net_af_packet": "qpairs", "net_af_xdp": "queue_count"}

// interfaceOf returns the kernel interface that a virtual device's arguments name, if they do.
func interfaceOf(vdev string) (name string, ok bool) {
	for _, arg := range strings.Split(vdev, ",") {
		if name, ok = strings.CutPrefix(arg, "iface="); ok {
			return name, true
		}
	}
	return "", false
}

// vdevArgs returns a virtual device's arguments, with one queue a worker unless the operator says otherwise.
func vdevArgs(p *conf.Port, workers int) string {
	key, ok := queueArgs[strings.TrimRight(p.Device, "0123456789")]
	if !ok || workers == 1 || strings.Contains(p.Vdev, key+"=") {
		return p.Vdev
	}
	return fmt.Sprintf("%s,%s=%d", p.Vdev, key, workers)
}
