package lcore

import (
	"testing"
	"time"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/service"
)

// pieces cuts a frame into fragments of size bytes of payload, in the order that is given; all of them in order if none is.
func pieces(frame []byte, size int, order ...int) (frames [][]byte) {
	all := lcoretest.Fragments(frame, size)
	if order == nil {
		return all
	}
	for _, n := range order {
		frames = append(frames, all[n])
	}
	return frames
}

// fragmentFixtures: datagrams that come in fragments (connections.md C11).
var fragmentFixtures = []fixture{
	{"fragments: NAT", with(kernel, resolver()), []step{
		{
			"a question in three", in(outside, pieces(datagram(alice, "10.0.0.1:53", data(40), lcoretest.ID(7)), 16)...), counted{ForwardInput: 3}, sent{
				"1: 172.16.0.1 > 10.9.0.12 udp fragment 0+16 of 7 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.12 udp fragment 16+16 of 7 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.12 udp fragment 32+16 of 7 ttl 63 csum ok",
			},
		},
		{"is one packet of 20 + 48 bytes", countedAs(1, 68, 0, 0), counted{}, nil},
		{
			"its answer in two", in(inside, pieces(answered(2, "10.9.0.12:53", alice, data(16)), 16)...),
			counted{ForwardOutput: 2},
			sent{"0: 10.0.0.1 > 172.16.0.1 udp fragment 0+16 of 0 ttl 63 csum ok", "0: 10.0.0.1 > 172.16.0.1 udp fragment 16+8 of 0 ttl 63 csum ok"},
		},
		{"is one too", countedAs(1, 68, 1, 44), counted{}, nil},
		{
			"the next question, one fragment a burst", func(r *rig) {
				for _, f := range pieces(datagram(alice, "10.0.0.1:53", data(16), lcoretest.ID(8)), 16) {
					in(outside, f)(r)
					r.turn()
				}
			},
			counted{ForwardInput: 2},
			sent{"1: 172.16.0.1 > 10.9.0.12 udp fragment 0+16 of 8 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.12 udp fragment 16+8 of 8 ttl 63 csum ok"},
		},
		{
			"a TTL that is used up: the first one is answered", in(outside, pieces(datagram(alice, "10.0.0.1:53", data(16), lcoretest.TTL(1)), 16)...),
			counted{AnswerTimeExceeded: 1, DropTTL: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 11/0 (172.16.0.1 > 10.0.0.1 udp 20001>53 csum ok) ttl 64 csum ok"},
		},
	}},
	{"fragments: TCP", with(kernel, web(0)), []step{
		{
			"a long segment of a connection", in(outside, append([][]byte{fromClient(alice, vip80, "S")}, pieces(fromClient(alice, vip80, "A", data(44)), 32)...)...),
			counted{ForwardInput: 3},
			sent{
				"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.13 tcp fragment 0+32 of 0 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.13 tcp fragment 32+32 of 0 ttl 63 csum ok",
			},
		},
		{"established by the first fragment", listed("ESTABLISHED"), counted{}, nil},
		{"one that would overwrite the flags", in(outside, pieces(fromClient(alice, vip80, "A", data(12)), 8, 1)...), counted{DropFragment: 1}, nil},
		{"a header that is not whole", in(outside, pieces(fromClient(alice, vip80, "A", data(12)), 16, 0)...), counted{DropTransportHeader: 1}, nil},
	}},
	{"fragments: out of order", with(kernel, resolver()), []step{
		{"the last one waits", in(outside, pieces(datagram(alice, "10.0.0.1:53", data(40), lcoretest.ID(7)), 16, 2, 1)...), counted{Held: 2}, nil},
		{
			"for the first", in(outside, pieces(datagram(alice, "10.0.0.1:53", data(40), lcoretest.ID(7)), 16, 0)...),
			counted{ForwardInput: 3},
			sent{
				"1: 172.16.0.1 > 10.9.0.12 udp fragment 0+16 of 7 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.12 udp fragment 32+16 of 7 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.12 udp fragment 16+16 of 7 ttl 63 csum ok",
			},
		},
		{"another datagram's do not help", in(outside, append(pieces(datagram(alice, "10.0.0.1:53", data(16), lcoretest.ID(8)), 16, 1), pieces(datagram(alice, "10.0.0.1:53", data(16), lcoretest.ID(9)), 16, 0)...)...), counted{Held: 1, ForwardInput: 1}, sent{
			"1: 172.16.0.1 > 10.9.0.12 udp fragment 0+16 of 9 ttl 63 csum ok",
		}},
		{"a second", wait(time.Second), counted{}, nil},
		{"and no longer", wait(100 * time.Millisecond), counted{DropFragment: 1}, nil},
		{"of 65, 64 wait", func(r *rig) {
			for id := range uint16(65) {
				in(outside, pieces(datagram(alice, "10.0.0.1:53", data(16), lcoretest.ID(100+id)), 16, 1)...)(r)
			}
		}, counted{Held: 64, DropFragment: 1}, nil},
		{"in vain", wait(1100 * time.Millisecond), counted{DropFragment: 64}, nil},
	}},
	{"fragments: more wait than a burst takes", with(kernel, resolver()), []step{
		{"40 of one datagram", in(outside, pieces(datagram(alice, "10.0.0.1:53", data(8*40)), 8)[1:]...), counted{Held: 40}, nil},
		{"the first one", func(r *rig) {
			in(outside, pieces(datagram(alice, "10.0.0.1:53", data(8*40)), 8)[0])(r)
			r.turn()
			if n := len(r.sent()); n != 41 {
				r.t.Errorf("%d fragments have left, want 41", n)
			}
		}, counted{ForwardInput: 41}, nil},
	}},
	{"fragments: direct routing and tunnels", with(kernel, wish{proto: flow.UDP, vip: "10.0.0.1:53", servers: []string{"10.9.0.11:53 direct"}}, wish{proto: flow.UDP, vip: "10.0.0.1:54", servers: []string{"10.9.0.11:54 ipip"}}), []step{
		{
			"direct routing", in(outside, pieces(datagram(alice, "10.0.0.1:53", data(16)), 16)...),
			counted{ForwardInput: 2},
			sent{"1: 172.16.0.1 > 10.0.0.1 udp fragment 0+16 of 0 ttl 63 csum ok", "1: 172.16.0.1 > 10.0.0.1 udp fragment 16+8 of 0 ttl 63 csum ok"},
		},
		{
			"a tunnel", in(outside, pieces(datagram(alice, "10.0.0.1:54", data(16)), 16)...), counted{ForwardInput: 2}, sent{
				"1: 10.9.0.1 > 10.9.0.11 ipip [172.16.0.1 > 10.0.0.1 udp fragment 0+16 of 0 ttl 63 csum ok] ttl 63 csum ok",
				"1: 10.9.0.1 > 10.9.0.11 ipip [172.16.0.1 > 10.0.0.1 udp fragment 16+8 of 0 ttl 63 csum ok] ttl 63 csum ok",
			},
		},
	}},
	{"fragments: marks by port", wishes{
		settings: kernel,
		marks:    []service.Rule{{Mark: 7, Proto: flow.UDP, Dst: addr("10.0.0.1"), DstMask: flow.MaskOf(32, true), Ports: []service.PortRange{{First: 99, Last: 99}}}},
		services: []wish{{mark: 7, servers: []string{"10.9.0.11:0"}}},
	}, []step{
		{
			"all of them are marked", in(outside, pieces(datagram(alice, "10.0.0.1:99", data(16)), 16)...),
			counted{ForwardInput: 2},
			sent{"1: 172.16.0.1 > 10.9.0.11 udp fragment 0+16 of 0 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.11 udp fragment 16+8 of 0 ttl 63 csum ok"},
		},
		{
			"none of another port is", in(outside, pieces(datagram(alice, "10.0.0.1:98", data(16)), 16)...),
			counted{AnswerUnreachable: 1, DropFragment: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/3 (172.16.0.1 > 10.0.0.1 udp 20001>98 csum ok) ttl 64 csum ok"},
		},
		{
			"with marks, any destination may be a service's", in(outside, pieces(datagram(alice, "10.9.0.12:98", data(16)), 16)...),
			counted{Route: 2},
			sent{"1: 172.16.0.1 > 10.9.0.12 udp fragment 0+16 of 0 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.12 udp fragment 16+8 of 0 ttl 63 csum ok"},
		},
	}},
	{"fragments: one-packet scheduling", with(kernel, wish{proto: flow.UDP, vip: "10.0.0.1:53", servers: []string{"10.9.0.11:53", "10.9.0.12:53"}, onePacket: true}), []step{
		{
			"a datagram has one server", in(outside, pieces(datagram(alice, "10.0.0.1:53", data(16), lcoretest.ID(1)), 16)...),
			counted{ForwardInput: 2},
			sent{"1: 172.16.0.1 > 10.9.0.12 udp fragment 0+16 of 1 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.12 udp fragment 16+8 of 1 ttl 63 csum ok"},
		},
		{
			"the next one another", in(outside, pieces(datagram(alice, "10.0.0.1:53", data(16), lcoretest.ID(2)), 16)...),
			counted{ForwardInput: 2},
			sent{"1: 172.16.0.1 > 10.9.0.11 udp fragment 0+16 of 2 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.11 udp fragment 16+8 of 2 ttl 63 csum ok"},
		},
	}},
	{"fragments: no server", with(kernel, wish{proto: flow.UDP, vip: "10.0.0.1:53"}), []step{
		{
			"the first one is answered", in(outside, pieces(datagram(alice, "10.0.0.1:53", data(16)), 16)...),
			counted{AnswerNoDestination: 1, DropFragment: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/3 (172.16.0.1 > 10.0.0.1 udp 20001>53 csum ok) ttl 64 csum ok"},
		},
	}},
	{"fragments: a server that is removed", with(kernel, wish{proto: flow.UDP, vip: "10.0.0.1:53", servers: []string{"10.9.0.11:53"}}), []step{
		{
			"its connection", in(outside, datagram(alice, "10.0.0.1:53")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.11 udp 20001>53 ttl 63 csum ok"},
		},
		{"P6.2: silence", func(r *rig) {
			w := r.wishes
			w.services = []wish{{proto: flow.UDP, vip: "10.0.0.1:53", servers: []string{"10.9.0.11:53 gone"}}}
			r.change(w)
			in(outside, pieces(datagram(alice, "10.0.0.1:53", data(16)), 16)...)(r)
		}, counted{DropServerGone: 2}, nil},
	}},
	{"fragments: other protocols", with(kernel, web(0)), []step{
		{
			"a server's ping reply", in(inside, pieces(lcoretest.EchoReply(ip("10.9.0.11"), ip("172.16.0.1"), 1, 1, data(16), fromInside), 16)...),
			counted{Route: 2},
			sent{"0: 10.9.0.11 > 172.16.0.1 icmpv4 fragment 0+16 of 0 ttl 63 csum ok", "0: 10.9.0.11 > 172.16.0.1 icmpv4 fragment 16+8 of 0 ttl 63 csum ok"},
		},
		{"a ping to the VIP", in(outside, pieces(lcoretest.Echo(ip("172.16.0.1"), ip("10.0.0.1"), 1, 1, data(16), fromGateway), 16)...), counted{DropFragment: 2}, nil},
		{"SCTP to the VIP", in(outside, ofProtocol(flow.SCTP, pieces(datagram(alice, vip80, data(16)), 16)[0])), counted{DropFragment: 1}, nil},
	}},
	{"fragments: two workers", wishes{settings: kernel, workers: 2, services: []wish{{proto: flow.UDP, vip: "10.0.0.1:53", servers: []string{"10.9.0.11:53"}}}}, []step{
		{
			"they meet at the client's", func(r *rig) {
				owner, parts := r.owner(alice), pieces(datagram(alice, "10.0.0.1:53", data(16)), 16)
				r.ports[outside].Inject(1-owner, parts[0])
				r.turn()
				r.ports[outside].Inject(owner, parts[1])
			},
			counted{HandedOver: 1, ForwardInput: 2},
			sent{"1: 172.16.0.1 > 10.9.0.11 udp fragment 0+16 of 0 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.11 udp fragment 16+8 of 0 ttl 63 csum ok"},
		},
		{
			"an answer's too", func(r *rig) {
				r.ports[inside].Inject(1-r.owner(alice), pieces(answered(1, "10.9.0.11:53", alice, data(16)), 16)...)
			},
			counted{HandedOver: 2, ForwardOutput: 2},
			sent{"0: 10.0.0.1 > 172.16.0.1 udp fragment 0+16 of 0 ttl 63 csum ok", "0: 10.0.0.1 > 172.16.0.1 udp fragment 16+8 of 0 ttl 63 csum ok"},
		},
	}},
	{"fragments: stopped", with(kernel, resolver()), []step{
		{"while one waits", func(r *rig) {
			in(outside, pieces(datagram(alice, "10.0.0.1:53", data(16)), 16, 1)...)(r)
			r.turn()
			r.workers[0].Drain()
		}, counted{Held: 1, DropStopped: 1}, nil},
	}},
}

// countedAs fails unless the last server of a rig's first service has been counted that many packets and bytes.
func countedAs(in, inBytes, out, outBytes uint64) act {
	return func(r *rig) {
		r.t.Helper()
		r.turn()
		r.counters()
		v := r.tables.Services.Virtual(0)
		for _, c := range []VirtualCounters{r.workers[0].Virtual(0), virtualOf(r.workers[0].Real(v.Reals[0].Slot))} {
			if got, want := [4]uint64{c.InPackets, c.InBytes, c.OutPackets, c.OutBytes}, [4]uint64{in, inBytes, out, outBytes}; got != want {
				r.t.Errorf("counted %v, want %v: packets and bytes in and out", got, want)
			}
		}
	}
}

func virtualOf(c RealCounters) VirtualCounters {
	return VirtualCounters{InPackets: c.InPackets, InBytes: c.InBytes, OutPackets: c.OutPackets, OutBytes: c.OutBytes}
}

// TestFragmentsAllocateNothing, neither those that are cut nor those that come.
func TestFragmentsAllocateNothing(t *testing.T) {
	r := newRig(t, with(kernel, resolver()))
	long := datagram(alice, "10.0.0.1:53", data(1600))
	r.replay(append(pieces(datagram(alice, "10.0.0.1:53", data(40)), 16, 2, 0, 1), long), nil)
	w := r.workers[0]
	turn := func() { w.between(w.Turn()) }
	turn()
	if n := testing.AllocsPerRun(100, turn); n != 0 {
		t.Errorf("%v allocations a turn", n)
	}
	if c := r.counters(); c.Made == 0 || c.Verdicts[Held] == 0 || c.Verdicts[ForwardInput] == 0 {
		t.Errorf("nothing was cut, nothing waited or nothing left: %+v", c)
	}
	r.conserve()
}
