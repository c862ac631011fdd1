package eal

/*
#include <stdlib.h>
#include <rte_dev.h>
*/
import "C"

import "fmt"

// AddVdev makes a virtual device while the EAL runs, as --vdev=name,args does at its start:
// AddVdev("net_af_packet0", "iface=veth0"). DPDK 24.11.8 refuses a "vdev:name,args" of more than
// 127 bytes.
func AddVdev(name, args string) error {
	bus, cname, cargs := C.CString("vdev"), C.CString(name), C.CString(args)
	defer freeString(bus)
	defer freeString(cname)
	defer freeString(cargs)
	err := Try("rte_eal_hotplug_add", func() int { return int(C.rte_eal_hotplug_add(bus, cname, cargs)) })
	if err != nil {
		return fmt.Errorf("eal: virtual device %s,%s: %w", name, args, err)
	}
	return nil
}

// RemoveVdev takes a virtual device away; its port is closed by that. The port is stopped before.
func RemoveVdev(name string) error {
	bus, cname := C.CString("vdev"), C.CString(name)
	defer freeString(bus)
	defer freeString(cname)
	err := Try("rte_eal_hotplug_remove", func() int { return int(C.rte_eal_hotplug_remove(bus, cname)) })
	if err != nil {
		return fmt.Errorf("eal: virtual device %s: %w", name, err)
	}
	return nil
}
