package lcore

import (
	"fmt"
	"net/netip"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// speech builds a packet of a protocol at one of the events that matter.
type speech func(src, dst netip.AddrPort, opts ...lcoretest.Option) []byte

// carrier is a protocol: what opens a connection, what follows, the server's first answer and its refusal, and what is nobody's without a connection.
type carrier struct {
	name                        string
	proto                       uint8
	header                      int // bytes in front of what more carries
	open, more, answer, refusal speech
	stray                       speech // nil: there is no such thing
}

func segment(flags string) speech {
	return func(src, dst netip.AddrPort, opts ...lcoretest.Option) []byte {
		return lcoretest.TCP(src, dst, flags, opts...)
	}
}

func chunk(kind uint8) speech {
	return func(src, dst netip.AddrPort, opts ...lcoretest.Option) []byte {
		return lcoretest.SCTP(src, dst, []uint8{kind}, opts...)
	}
}

var carriers = []*carrier{
	{"TCP", flow.TCP, 20, segment("S"), segment("PA"), segment("SA"), segment("RA"), segment("A")},
	{"UDP", flow.UDP, 8, lcoretest.UDP, lcoretest.UDP, lcoretest.UDP, nil, nil},
	{"SCTP", flow.SCTP, 16, chunk(wire.ChunkInit), chunk(wire.ChunkData), chunk(wire.ChunkInitAck), chunk(wire.ChunkAbort), chunk(wire.ChunkData)},
}

// way is a forwarding method in rig_test.go's words, the families (4, 6) of client and server, and a protocol.
type way struct {
	method         string
	client, server int
	*carrier
}

// ways are all of them; of the tunnels that differ in their outer header only, those of TCP.
func ways() (all []way) {
	for _, m := range []string{"nat", "fullnat", "direct", "ipip", "gre", "gre+csum", "gue", "gue+csum", "gue+remcsum"} {
		for _, client := range []int{4, 6} {
			for _, server := range []int{4, 6} {
				for _, c := range carriers {
					w := way{m, client, server, c}
					if m == "fullnat" && c.proto == flow.SCTP {
						continue // the configuration refuses it
					}
					if client == server && (w.tunnel() == 0 || m == "ipip" || c.proto == flow.TCP) || client != server && w.tunnel() != 0 && c.proto == flow.TCP {
						all = append(all, w)
					}
				}
			}
		}
	}
	return all
}

func (w way) String() string {
	if w.tunnel() != 0 {
		return fmt.Sprintf("%s, IPv%d in IPv%d, %s", w.method, w.client, w.server, w.name)
	}
	return fmt.Sprintf("%s, IPv%d, %s", w.method, w.client, w.name)
}

// tunnel is what a tunnel adds behind its outer IP header, and 20 for an IPv4 one: 0 if it is none (F4).
func (w way) tunnel() int {
	return map[string]int{"ipip": 20, "gre": 24, "gre+csum": 28, "gue": 32, "gue+csum": 32, "gue+remcsum": 32}[w.method]
}

// overhead is what the outer headers take.
func (w way) overhead() int {
	if w.tunnel() != 0 && w.server == 6 {
		return w.tunnel() + 20
	}
	return w.tunnel()
}

// room is how much more may carry in one packet.
func (w way) room() int { return 1500 - w.overhead() - w.ipHeader() - w.header }

func (w way) ipHeader() int { return map[int]int{4: 20, 6: 40}[w.client] }

// returns reports whether answers pass here.
func (w way) returns() bool { return w.method == "nat" || w.method == "fullnat" }

func (w way) addrPort(family int, four, six string, port uint16) netip.AddrPort {
	if family == 6 {
		four = six
	}
	return netip.AddrPortFrom(netip.MustParseAddr(four), port)
}

func (w way) vip(port uint16) netip.AddrPort {
	return w.addrPort(w.client, "10.0.0.1", "fd00::1", port)
}

// services: port 80 has a server, 81 one that no route leads to, 82 one that has to be asked for, 83 none. gone is " gone" if the first is removed.
func (w way) services(gone string) []wish {
	port := uint16(80)
	if w.returns() {
		port = 8080
	}
	words := " " + w.method + gone
	all := []wish{
		{proto: w.proto, vip: w.vip(80).String(), servers: []string{w.addrPort(w.server, "10.9.0.11", "fd09::11", port).String() + words}},
		{proto: w.proto, vip: w.vip(81).String(), servers: []string{w.addrPort(w.server, "192.0.2.9", "fd77::9", 81).String() + words}},
		{proto: w.proto, vip: w.vip(82).String(), servers: []string{w.addrPort(w.server, "10.9.0.9", "fd09::9", 82).String() + words}},
		{proto: w.proto, vip: w.vip(83).String()},
	}
	for i := range all {
		if w.method == "fullnat" {
			all[i].tell, all[i].locals = service.Untold, []string{w.addrPort(w.server, "10.9.0.100", "fd09::100", 0).Addr().String()}
		}
	}
	return all
}
