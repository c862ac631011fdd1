package lcore

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/rewrite"
	"cleat/lcore/wire"
)

// fromRouter is the link of a router on the inside.
var fromRouter = lcoretest.Link(serverMAC(2), insideMAC)

// sentThrough is a client's packet as the director sends it through a tunnel from one of its addresses to a server.
func sentThrough(method, from, to string, packet []byte) []byte {
	t := rewrite.Tunnel{TunnelOptions: methods[method].tunnel, Src: addr(from), Dst: addr(to), SrcPort: 40000, DontFragment: true}
	frame := append(make([]byte, wire.EthernetLen+t.Overhead()), packet[wire.EthernetLen:]...)
	t.Encapsulate(frame[wire.EthernetLen:], len(frame)-wire.EthernetLen)
	return frame
}

// told is an ICMP error, to the sender of what it is about, which it quotes.
func told(typ, code uint8, mtu uint16, about []byte) []byte {
	if about[wire.EthernetLen]>>4 == 6 {
		return lcoretest.ICMPError(ip("fd09::fe"), wire.IPv6(about[wire.EthernetLen:]).Src().Netip(), typ, code, mtu, about, fromRouter)
	}
	return lcoretest.ICMPErrorWhole(ip("10.9.0.254"), flow.V4(wire.IPv4(about[wire.EthernetLen:]).Src()).Netip(), typ, code, mtu, about, fromRouter)
}

// tunnelEnds are a client, a service with one server, the addresses of a tunnel to it, and the ICMP errors of inside and outside the tunnel.
type tunnelEnds struct {
	client, vip, from, to string
	six, outer6           bool
}

var (
	fourInFour = tunnelEnds{alice, vip80, "10.9.0.1", "10.9.0.11", false, false}
	fourInSix  = tunnelEnds{alice, vip80, "fd09::1", "fd09::11", false, true}
	sixInFour  = tunnelEnds{alice6, vip6, "10.9.0.1", "10.9.0.11", true, false}
	sixInSix   = tunnelEnds{alice6, vip6, "fd09::1", "fd09::11", true, true}
)

func (e *tunnelEnds) through(method string) wish {
	return wish{proto: flow.TCP, vip: e.vip, servers: []string{netip.AddrPortFrom(ip(e.to), 80).String() + " " + method}}
}

func (e *tunnelEnds) tooBig(mtu uint16, about []byte) []byte {
	if e.outer6 {
		return told(wire.PacketTooBig, 0, mtu, about)
	}
	return told(wire.Unreachable, wire.FragmentationNeeded, mtu, about)
}

// toClient is the answer that tells the client what, about a segment of its.
func (e *tunnelEnds) toClient(what string) sent {
	client, vip := addrPort(e.client), addrPort(e.vip)
	name, sum := "icmp", " csum ok"
	if e.six {
		name, sum = "icmp6", ""
	}
	return sent{fmt.Sprintf("0: %s > %s %s %s (%s > %s tcp %d>80%s) ttl 64 csum ok", vip.Addr(), client.Addr(), name, what, client.Addr(), vip.Addr(), client.Port(), sum)}
}

func (e *tunnelEnds) mtu(n int) string {
	if e.six {
		return fmt.Sprintf("2/0 mtu %d", n)
	}
	return fmt.Sprintf("3/4 mtu %d", n)
}

// taught is what an error about a tunnel's packet does, whatever tunnel it is: of 1400 bytes overhead are the tunnel's.
func taught(e tunnelEnds, method string, overhead int) fixture {
	header := 20 + 20 // of the client's packets
	if e.six {
		header += 20
	}
	full := 1400 - overhead - header
	segment := func(n int) []byte { return fromClient(e.client, e.vip, "A", lcoretest.DF(), data(n)) }
	about := func(n int) []byte { return sentThrough(method, e.from, e.to, segment(n)) }
	other, unreachable := told(wire.TimeExceeded, 0, 0, about(9)), "11/0"
	switch {
	case e.outer6 && e.six:
		other, unreachable = told(wire.TimeExceeded6, 0, 0, about(9)), "3/0"
	case e.outer6:
		other, unreachable = told(wire.TimeExceeded6, 0, 0, about(9)), "3/1"
	case e.six:
		unreachable = "1/3"
	}
	return fixture{"an error about a tunnel's packet: " + method + " " + e.vip + " by " + e.to, with(kernel, e.through(method)), []step{
		{"no connection is known", in(inside, e.tooBig(1400, about(1400))), counted{DropICMP: 1}, nil},
		{"a connection", sends(fromClient(e.client, e.vip, "S"), segment(0), segment(full+1)), counted{ForwardInput: 3}, nil},
		{"a router on the way cannot pass it on", in(inside, e.tooBig(1400, about(full+1))), counted{AnswerTunnel: 1}, e.toClient(e.mtu(1400 - overhead))},
		{"F4.4: the MTU of the way is known now", in(outside, segment(full+1)), counted{AnswerFragmentNeeded: 1}, e.toClient(e.mtu(1400 - overhead))},
		{"what fits goes on", sends(segment(full)), counted{ForwardInput: 1}, nil},
		{"a greater MTU is not believed", in(inside, e.tooBig(1450, about(full+1))), counted{AnswerTunnel: 1}, e.toClient(e.mtu(1400 - overhead))},
		{"another error: the same to the client, as its family says it", in(inside, other), counted{AnswerTunnel: 1}, e.toClient(unreachable)},
		{"a wrong checksum", in(inside, damaged(e.tooBig(1400, about(9)), len(e.tooBig(1400, about(9)))-1)), counted{DropICMP: 1}, nil},
		{"another client's packet", in(inside, e.tooBig(1300, sentThrough(method, e.from, e.to, fromClient(e.another(), e.vip, "A")))), counted{DropICMP: 1}, nil},
		{"no tunnel of ours", in(inside, e.tooBig(1300, sentThrough(method, e.from, e.elsewhere(), segment(9)))), counted{DropICMP: 1}, nil},
		{"nine minutes later", later(9*time.Minute, fromClient(e.client, e.vip, "S"), segment(full+1)), counted{ForwardInput: 1, AnswerFragmentNeeded: 1}, nil},
		{"eleven minutes later it is forgotten", later(2*time.Minute, fromClient(e.client, e.vip, "S"), segment(full+1)), counted{ForwardInput: 2}, nil},
	}}
}

func (e *tunnelEnds) another() string {
	if e.six {
		return bob6
	}
	return bob
}

func (e *tunnelEnds) elsewhere() string {
	if e.outer6 {
		return "fd09::12"
	}
	return "10.9.0.12"
}

// narrow is the error of a router that passes on no more than 1400 bytes, about a client's packet in an ipip tunnel.
func narrow(client string) []byte {
	return fourInFour.tooBig(1400, sentThrough("ipip", "10.9.0.1", "10.9.0.11", fromClient(client, vip80, "A", lcoretest.DF())))
}

// sends has frames arrive outside, and does not look at what leaves: tunnelFixtures do.
func sends(frames ...[]byte) act { return later(0, frames...) }

func later(after time.Duration, frames ...[]byte) act {
	return func(r *rig) {
		r.pass(after)
		r.ports[outside].Inject(0, frames...)
		r.turn()
		r.sent()
	}
}

// tunnelErrorFixtures: connections.md C7.6, forwarding.md F4.4.
var tunnelErrorFixtures = slices.Concat([]fixture{
	taught(fourInFour, "ipip", 20), taught(fourInFour, "gre", 24), taught(fourInFour, "gre+csum", 28),
	taught(fourInFour, "gue", 32), taught(fourInFour, "gue+csum", 32),
	taught(fourInSix, "ipip", 40), taught(fourInSix, "gre", 44), taught(fourInSix, "gue+csum", 52),
	taught(sixInFour, "ipip", 20), taught(sixInFour, "gue", 32),
	taught(sixInSix, "ipip", 40), taught(sixInSix, "gre+csum", 48), taught(sixInSix, "gue", 52),
	untold(fourInFour, "ipip"), untold(fourInSix, "gre"),
}, []fixture{
	{"a forged MTU", with(kernel, through("ipip")), []step{
		{"a connection", sends(fromClient(alice, vip80, "S")), counted{ForwardInput: 1}, nil},
		{"is not believed below 552", in(inside, fourInFour.tooBig(68, sentThrough("ipip", "10.9.0.1", "10.9.0.11", fromClient(alice, vip80, "A", lcoretest.DF())))), counted{AnswerTunnel: 1}, fourInFour.toClient("3/4 mtu 532")},
		{"nor if it is none", in(inside, fourInFour.tooBig(0, sentThrough("ipip", "10.9.0.1", "10.9.0.11", fromClient(alice, vip80, "A", lcoretest.DF())))), counted{AnswerTunnel: 1}, fourInFour.toClient("3/4 mtu 532")},
	}},
	{"errors about tunnels that are not to be believed", with(kernel, wish{proto: flow.TCP, vip: vip80, servers: []string{"10.9.0.12:80 gre", "10.9.0.11:80 ipip"}}), []step{
		{"a connection to the first server", sends(fromClient(alice, vip80, "S")), counted{ForwardInput: 1}, nil},
		{"but the other one's tunnel", in(inside, fourInFour.tooBig(1400, sentThrough("gre", "10.9.0.1", "10.9.0.12", fromClient(alice, vip80, "A", lcoretest.DF())))), counted{DropICMP: 1}, nil},
		{"another kind of tunnel", in(inside, fourInFour.tooBig(1400, sentThrough("gue", "10.9.0.1", "10.9.0.11", fromClient(alice, vip80, "A", lcoretest.DF())))), counted{DropICMP: 1}, nil},
		{"from an address that we have not", in(inside, fourInFour.tooBig(1400, sentThrough("ipip", "10.9.0.2", "10.9.0.11", fromClient(alice, vip80, "A", lcoretest.DF())))), counted{Held: 1}, nil},
		{"too little of it", in(inside, lcoretest.ICMPError(ip("10.9.0.254"), ip("10.9.0.1"), 3, 4, 1400, sentThrough("ipip", "10.9.0.1", "10.9.0.11", fromClient(alice, vip80, "A", lcoretest.DF())), fromRouter)), counted{DropICMP: 1}, nil},
		{"an echo request that went through", in(inside, fourInFour.tooBig(1400, sentThrough("ipip", "10.9.0.1", "10.9.0.11", lcoretest.Echo(ip("172.16.0.1"), ip("10.0.0.1"), 1, 1)))), counted{DropICMP: 1}, nil},
		{"a server that we do not reach so any more", func(r *rig) {
			r.change(with(kernel, wish{proto: flow.TCP, vip: vip80, servers: []string{"10.9.0.12:80", "10.9.0.11:80"}}))
			in(inside, narrow(alice))(r)
		}, counted{DropICMP: 1}, nil},
	}},
	{"schedule_icmp opens no connection by an error about a tunnel", func() wishes { w := with(kernel, through("ipip")); w.settings.ScheduleICMP = true; return w }(), []step{
		{"there is none", in(inside, narrow(alice)), counted{DropICMP: 1}, nil},
	}},
	{"an error about a tunnel and a client without a way", with(kernel, through("ipip")), []step{
		{"a connection", sends(fromClient("192.0.2.7:9", vip80, "S")), counted{ForwardInput: 1}, nil},
		{"C7.6", in(inside, narrow("192.0.2.7:9")), counted{DropNoRoute: 1}, nil},
	}},
	{"an error about a tunnel and a client that has to be asked for", with(kernel, through("ipip")), []step{
		{"a connection", sends(fromClient("10.8.0.9:9", vip80, "S")), counted{ForwardInput: 1}, nil},
		{"it waits", in(inside, narrow("10.8.0.9:9")), counted{Held: 1}, nil},
		{"and is told", learn(outside, "10.8.0.9", serverMAC(9)), counted{}, sent{"0: 10.0.0.1 > 10.8.0.9 icmp 3/4 mtu 1380 (10.8.0.9 > 10.0.0.1 tcp 9>80 csum ok) ttl 64 csum ok"}},
	}},
	{"more errors about tunnels than answers are allowed", func() wishes { w := with(kernel, through("ipip")); w.settings.AnswerRate = 1; return w }(), []step{
		{"a connection", sends(fromClient(alice, vip80, "S")), counted{ForwardInput: 1}, nil},
		{"of two errors one is told", in(inside, narrow(alice),
			narrow(alice)), counted{AnswerTunnel: 1, DropAnswerRate: 1}, fourInFour.toClient("3/4 mtu 1380")},
	}},
	{"an error about a tunnel on two workers", func() wishes { w := with(kernel, through("gue")); w.workers = 2; return w }(), []step{
		{"a connection", func(r *rig) {
			r.ports[outside].Inject(r.owner(alice), fromClient(alice, vip80, "S"))
			r.turn()
			r.sent()
		}, counted{ForwardInput: 1}, nil},
		{"an error finds the client's worker", func(r *rig) {
			r.ports[inside].Inject(1-r.owner(alice), fourInFour.tooBig(1400, sentThrough("gue", "10.9.0.1", "10.9.0.11", fromClient(alice, vip80, "A", lcoretest.DF()))))
		}, counted{HandedOver: 1, AnswerTunnel: 1}, fourInFour.toClient("3/4 mtu 1368")},
	}},
})

// untold: where the client's packet may be fragmented, the outer one is, to the MTU that was learnt.
func untold(e tunnelEnds, method string) fixture {
	segment := fromClient(e.client, e.vip, "A", data(1400))
	return fixture{"an error about a packet that may be fragmented: " + method + " by " + e.to, with(kernel, e.through(method)), []step{
		{"a connection", sends(fromClient(e.client, e.vip, "S"), segment), counted{ForwardInput: 2}, nil},
		{"the client need not know", in(inside, e.tooBig(1300, sentThrough(method, e.from, e.to, segment))), counted{DropTunnelMTU: 1}, nil},
		{"the next one is cut", func(r *rig) {
			in(outside, segment)(r)
			r.turn()
			for _, f := range r.ports[inside].Sent() {
				if n := len(f) - wire.EthernetLen; n > 1300 || n < 150 {
					r.t.Errorf("a fragment of %d bytes, want two of up to 1300", n)
				}
			}
		}, counted{ForwardInput: 1}, nil},
	}}
}

// TestPathsAreServers: what is known of a way goes with the server whose slot another one gets.
func TestPathsAreServers(t *testing.T) {
	r := newRig(t, with(kernel, through("ipip")))
	long := fromClient(alice, vip80, "A", lcoretest.DF(), data(1400))
	r.send(outside, fromClient(alice, vip80, "S"))
	r.send(inside, fourInFour.tooBig(1400, sentThrough("ipip", "10.9.0.1", "10.9.0.11", long)))
	w := r.workers[0]
	real := *w.tables.Services.Real(0)
	if got := w.pathMTU(&real, 1500); got != 1400 {
		t.Errorf("MTU %d, want 1400", got)
	}
	if got := w.pathMTU(&real, 1300); got != 1300 {
		t.Errorf("over a link of 1300: MTU %d, want 1300", got)
	}
	real.Identity++
	if got := w.pathMTU(&real, 1500); got != 1500 {
		t.Errorf("of another server: MTU %d, want 1500", got)
	}
}
