package ipvsadm

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"cleat/appliance/api"
)

// naming is how addresses and ports are written: as numbers (-n), or by name where there is one (I4.4).
type naming struct {
	numeric bool
	hosts   hosts
}

// endpoint writes 10.0.0.1:80, [fd00::1]:80 or localhost:http. Ports of servers of a mark have no names.
func (n *naming) endpoint(a netip.AddrPort, protocol string) string {
	host, port := a.Addr().String(), strconv.Itoa(int(a.Port()))
	if !n.numeric {
		host, port = n.hosts.name(a.Addr()), portName(a.Port(), protocol)
	}
	if a.Addr().Is6() {
		host = "[" + host + "]"
	}
	return host + ":" + port
}

// listed is a service as the listings need it.
type listed struct {
	api.Service
	address netip.AddrPort // of no mark
	servers []listedServer
}

type listedServer struct {
	api.Server
	address netip.AddrPort
}

// read takes the addresses of a service apart.
func read(s api.Service) (l listed, err error) {
	l.Service = s
	if s.Protocol != "mark" {
		if l.address, err = netip.ParseAddrPort(s.Address); err != nil {
			return l, err
		}
	}
	for _, rs := range s.Servers {
		at, err := netip.ParseAddrPort(rs.Address)
		if err != nil {
			return l, err
		}
		l.servers = append(l.servers, listedServer{rs, at})
	}
	return l, nil
}

// v6 says whether the service is one of IPv6.
func (l *listed) v6() bool { return l.IPv6 || l.address.Addr().Is6() }

// isMask says whether the service has a netmask worth a word: any but that of whole addresses.
func (l *listed) isMask() bool {
	return l.Netmask != "" && l.Netmask != "255.255.255.255" && !(l.v6() && l.Netmask == "128")
}

// The widths to which IPv4 names are cut in listings (I4.2).
const (
	serviceWidth = 33
	serverWidth  = 28
)

// name is "TCP  10.0.0.1:80", "FWM  3" or "FWM  3 IPv6". The kernel's tool takes a mark for a signed number.
func (l *listed) name(n *naming) string {
	switch {
	case l.Protocol == "mark" && l.IPv6:
		return fmt.Sprintf("FWM  %d IPv6", int32(l.Mark))
	case l.Protocol == "mark":
		return fmt.Sprintf("FWM  %d", int32(l.Mark))
	}
	name := fmt.Sprintf("%-4s %s", strings.ToUpper(l.Protocol), n.endpoint(l.address, l.Protocol))
	return cut(name, serviceWidth, l.address.Addr())
}

func (s *listedServer) name(n *naming, of *listed) string {
	return cut(n.endpoint(s.address, of.Protocol), serverWidth, s.address.Addr())
}

func cut(name string, width int, ip netip.Addr) string {
	if ip.Is4() && len(name) > width {
		return name[:width]
	}
	return name
}

// schedFlags are the names of the scheduler flags that are set, between commas; set says whether there are any. Of sh and mh the
// tool knows their own flags only, so that there may be flags without a name.
func (l *listed) schedFlags() (names string, set bool) {
	var bits uint8
	for _, name := range l.Flags {
		bits |= flagBit(name)
	}
	known := nameFlags(bits, l.Scheduler)
	if own := ownFlags[l.Scheduler]; own != nil {
		known = slices.DeleteFunc(known, func(name string) bool { return !slices.Contains(own, name) })
	}
	return strings.Join(known, ","), bits != 0
}
