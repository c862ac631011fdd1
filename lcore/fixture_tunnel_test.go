package lcore

import (
	"net/netip"
	"slices"
	"strconv"
	"testing"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
)

// through is a service at 10.0.0.1:80 with one server that is reached in a certain way.
func through(method string) wish {
	return wish{proto: flow.TCP, vip: vip80, servers: []string{"10.9.0.11:80 " + method}}
}

// tunnelFixtures: packets in packets (forwarding.md F4).
var tunnelFixtures = slices.Concat([]fixture{
	tunnelled("ipip", "ipip", 1480),
	tunnelled("gre", "gre", 1476),
	tunnelled("gre+csum", "gre+csum", 1472),
	tunnelled("gue", "gue 57023>6080", 1468),
	tunnelled("gue+csum", "gue 57023>6080+csum", 1468),
	tunnelled("gue+remcsum", "gue 57023>6080+csum", 1468),
}, []fixture{
	{"pmtu_disc = 0", with(Settings{Forward: true}, through("ipip")), []step{
		{
			"F4.1: the outer header never says DF", in(outside, fromClient(alice, vip80, "S", lcoretest.DF())),
			counted{ForwardInput: 1},
			sent{"1: 10.9.0.1 > 10.9.0.11 ipip [172.16.0.1 > 10.0.0.1 tcp 20001>80 S seq 1 ttl 63 csum ok] ttl 63 csum ok"},
		},
	}},
	{"a tunnel without a way", with(kernel, wish{proto: flow.TCP, vip: vip80, servers: []string{"192.0.2.9:80 ipip"}}), []step{
		{
			"F1.1", in(outside, fromClient(alice, vip80, "S")),
			counted{AnswerNoRoute: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/1 (172.16.0.1 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"},
		},
	}},
	{"a tunnel to a server that has to be asked for", with(kernel, wish{proto: flow.TCP, vip: vip80, servers: []string{"10.9.0.9:80 gre"}}), []step{
		{"its first packet waits", in(outside, fromClient(alice, vip80, "S")), counted{Held: 1}, nil},
		{
			"wrapped", learn(inside, "10.9.0.9", serverMAC(9)),
			counted{},
			sent{"1: 10.9.0.1 > 10.9.0.9 gre [172.16.0.1 > 10.0.0.1 tcp 20001>80 S seq 1 ttl 63 csum ok] ttl 63 csum ok"},
		},
	}},
	{"a packet in two segments", with(kernel, through("ipip"), wish{proto: flow.TCP, vip: "10.0.0.1:81", servers: []string{"10.9.0.11:81 gre+csum"}}), []step{
		{
			"is wrapped", func(r *rig) {
				r.ports[outside].Segment = 200
				in(outside, fromClient(alice, vip80, "S", data(600)))(r)
			},
			counted{ForwardInput: 1},
			sent{"1: 10.9.0.1 > 10.9.0.11 ipip [172.16.0.1 > 10.0.0.1 tcp 20001>80 S seq 1 len 600 ttl 63 csum ok] ttl 63 csum ok"},
		},
		{"unless the tunnel needs a sum of all of it", in(outside, fromClient(alice, "10.0.0.1:81", "S", data(600))), counted{DropTooBig: 1}, nil},
	}},
	{"no room in front", with(kernel, through("ipip")), []step{
		{"for another header", func(r *rig) {
			r.ports[outside].OnReceive = func(p *burst.Packet) { p.Headroom = 19 }
			in(outside, fromClient(alice, vip80, "S"))(r)
		}, counted{DropTooBig: 1}, nil},
	}},
})

// tunnelled is what every tunnel does: name is how Describe calls it, mtu what it leaves of 1500 bytes.
func tunnelled(method, name string, mtu uint16) fixture {
	wrapped := func(inner, rest string) sent {
		return sent{"1: 10.9.0.1 > 10.9.0.11 " + name + " [" + inner + "] " + rest}
	}
	full := int(mtu) - 40
	return fixture{"tunnel: " + method, with(kernel, through(method)), []step{
		{
			"SYN", in(outside, fromClient(alice, vip80, "S")),
			counted{ForwardInput: 1},
			wrapped("172.16.0.1 > 10.0.0.1 tcp 20001>80 S seq 1 ttl 63 csum ok", "ttl 63 csum ok"),
		},
		{
			"F4.1: TTL, DSCP, ECN and DF outside", in(outside, fromClient(alice, vip80, "A", lcoretest.TTL(9), lcoretest.TOS(0xb9), lcoretest.DF())),
			counted{ForwardInput: 1},
			wrapped("172.16.0.1 > 10.0.0.1 tcp 20001>80 A seq 1 ack 0 ttl 8 csum ok", "ttl 8 tos 0xb9 df csum ok"),
		},
		{
			"F4.1: congestion experienced stays inside", in(outside, fromClient(alice, vip80, "A", lcoretest.TOS(3))),
			counted{ForwardInput: 1},
			wrapped("172.16.0.1 > 10.0.0.1 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok", "ttl 63 tos 0x2 csum ok"),
		},
		{
			"as much as fits, an odd number of bytes less", in(outside, fromClient(alice, vip80, "PA", lcoretest.DF(), data(full-1))),
			counted{ForwardInput: 1},
			wrapped("172.16.0.1 > 10.0.0.1 tcp 20001>80 PA seq 1 ack 0 len "+strconv.Itoa(full-1)+" ttl 63 csum ok", "ttl 63 df csum ok"),
		},
		{
			"F1.4: a byte too many", in(outside, fromClient(alice, vip80, "PA", lcoretest.DF(), data(full+1))),
			counted{AnswerFragmentNeeded: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/4 mtu " + strconv.Itoa(int(mtu)) + " (172.16.0.1 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"},
		},
		{
			"F1.3: TTL", in(outside, fromClient(alice, vip80, "A", lcoretest.TTL(1))),
			counted{AnswerTimeExceeded: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 11/0 (172.16.0.1 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok"},
		},
		{
			"C7.3: the client's ICMP error goes the same way", in(outside, lcoretest.ICMPError(ip("172.16.0.1"), ip("10.0.0.1"), 3, 4, 1400,
				lcoretest.TCP(addrPort(vip80), addrPort(alice), "A"), fromGateway)),
			counted{ForwardInput: 1},
			wrapped("172.16.0.1 > 10.0.0.1 icmp 3/4 mtu 1400 (10.0.0.1 > 172.16.0.1 tcp 80>20001 csum ok) ttl 63 csum ok", "ttl 63 csum ok"),
		},
		{"C4: input only", in(outside, fromClient(alice, vip80, "FA")), counted{ForwardInput: 1}, wrapped("172.16.0.1 > 10.0.0.1 tcp 20001>80 FA seq 1 ack 0 ttl 63 csum ok", "ttl 63 csum ok")},
		{"C4: the state", listed("FIN_WAIT"), counted{}, nil},
	}}
}

// listed fails unless the one connection there is has a certain state.
func listed(state string) act {
	return func(r *rig) {
		r.t.Helper()
		r.turn()
		var states []string
		for _, w := range r.workers {
			for i := uint32(1); i <= w.conns.Highest(); i++ {
				if e := &w.conns.Entries[i]; e.Live() {
					states = append(states, e.State.String())
				}
			}
		}
		if !slices.Equal(states, []string{state}) {
			r.t.Errorf("connections are %v, want one that is %s", states, state)
		}
	}
}

func addrPort(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

// TestTunnelPortIsTheFlows: gue's source port differs between clients' ports, and not between packets.
func TestTunnelPortIsTheFlows(t *testing.T) {
	r := newRig(t, with(kernel, through("gue")))
	ports := map[string]int{}
	for i := range 64 {
		ports[r.send(outside, fromClient(client(i/8, uint16(i%8+1)), vip80, "S"))[0][:50]]++
	}
	if len(ports) < 60 {
		t.Errorf("64 flows have %d source ports", len(ports))
	}
}
