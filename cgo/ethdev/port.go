package ethdev

/*
#cgo pkg-config: libdpdk
#include <stdlib.h>
#include <rte_ethdev.h>

// The link's state lies in bit fields, which Go cannot read.
static int cleat_link(uint16_t port, uint32_t *up, uint32_t *full_duplex, uint32_t *mbps)
{
	struct rte_eth_link link;
	int rc = rte_eth_link_get_nowait(port, &link);

	if (rc == 0) {
		*up = link.link_status;
		*full_duplex = link.link_duplex;
		*mbps = link.link_speed;
	}
	return rc;
}
*/
import "C"

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"cleat/cgo/eal"
)

// Port is DPDK's number of an Ethernet device.
type Port uint16

// Ports lists the ports there are.
func Ports() []Port {
	var ports []Port
	for p := C.rte_eth_find_next(0); p < C.RTE_MAX_ETHPORTS; p = C.rte_eth_find_next(C.uint16_t(p + 1)) {
		ports = append(ports, Port(p))
	}
	return ports
}

// ByName finds the port of a device: a PCI address ("0000:03:00.0") or a virtual device's name
// ("net_af_packet0").
func ByName(name string) (Port, error) {
	cname := C.CString(name)
	defer freeString(cname)
	var p C.uint16_t
	err := eal.Try("rte_eth_dev_get_port_by_name", func() int { return int(C.rte_eth_dev_get_port_by_name(cname, &p)) })
	if err != nil {
		return 0, fmt.Errorf("ethdev: no port of device %q (there are: %v): %w", name, names(), err)
	}
	return Port(p), nil
}

func names() []string {
	var all []string
	for _, p := range Ports() {
		all = append(all, p.Name())
	}
	return all
}

// Name is the device's name, as ByName takes it; empty if there is no such port.
func (p Port) Name() string {
	var name [C.RTE_ETH_NAME_MAX_LEN]C.char
	if C.rte_eth_dev_get_name_by_port(p.id(), &name[0]) != 0 {
		return ""
	}
	return C.GoString(&name[0])
}

// Start makes the port receive and transmit.
func (p Port) Start() error {
	return p.try("rte_eth_dev_start", func() int { return int(C.rte_eth_dev_start(p.id())) })
}

// Stop ends that; the port may be configured or started again. No thread is in one of its queues.
func (p Port) Stop() error {
	return p.try("rte_eth_dev_stop", func() int { return int(C.rte_eth_dev_stop(p.id())) })
}

// Close gives back everything a stopped port holds. The port is gone after it.
func (p Port) Close() error {
	return p.try("rte_eth_dev_close", func() int { return int(C.rte_eth_dev_close(p.id())) })
}

// MAC is the port's own address.
func (p Port) MAC() (net.HardwareAddr, error) {
	var mac C.struct_rte_ether_addr
	err := p.try("rte_eth_macaddr_get", func() int { return int(C.rte_eth_macaddr_get(p.id(), &mac)) })
	if err != nil {
		return nil, err
	}
	addr := make(net.HardwareAddr, len(mac.addr_bytes))
	for i, b := range mac.addr_bytes {
		addr[i] = byte(b)
	}
	return addr, nil
}

// MTU is the longest IP packet the port takes, in bytes.
func (p Port) MTU() (int, error) {
	var mtu C.uint16_t
	err := p.try("rte_eth_dev_get_mtu", func() int { return int(C.rte_eth_dev_get_mtu(p.id(), &mtu)) })
	return int(mtu), err
}

// SetPromiscuous turns on or off that the port takes frames for other addresses.
func (p Port) SetPromiscuous(on bool) error {
	if on {
		return p.try("rte_eth_promiscuous_enable", func() int { return int(C.rte_eth_promiscuous_enable(p.id())) })
	}
	return p.try("rte_eth_promiscuous_disable", func() int { return int(C.rte_eth_promiscuous_disable(p.id())) })
}

// Promiscuous reports whether it does.
func (p Port) Promiscuous() (bool, error) {
	var on int
	err := p.try("rte_eth_promiscuous_get", func() int { on = int(C.rte_eth_promiscuous_get(p.id())); return on })
	return on == 1, err
}

// TakeMulticast makes the port take frames to all groups: neighbour discovery sends to groups, one for each address. What the device takes anyway, or cannot be
// told, as with most virtual devices, which take everything, is no error.
func (p Port) TakeMulticast() error {
	err := p.try("rte_eth_allmulticast_enable", func() int { return int(C.rte_eth_allmulticast_enable(p.id())) })
	if errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}

// Link is the state of a port's link.
type Link struct {
	Up         bool
	FullDuplex bool
	Mbps       uint32 // 0 or 1<<32-1: not known
}

// Link asks for it without waiting.
func (p Port) Link() (Link, error) {
	var up, duplex, mbps C.uint32_t
	err := p.try("rte_eth_link_get_nowait", func() int { return int(C.cleat_link(p.id(), &up, &duplex, &mbps)) })
	return Link{up != 0, duplex != 0, uint32(mbps)}, err
}

func (p Port) id() C.uint16_t { return C.uint16_t(p) }

// try is eal.Try with the port's number in the error.
func (p Port) try(call string, f func() int) error { return p.named(eal.Try(call, f)) }

// named puts the port's number into an error.
func (p Port) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("ethdev: port %d: %w", p, err)
}
