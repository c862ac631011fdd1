package lcore

import (
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// caches is a mark's service for all that goes to 10.9.0.12, with no server to give.
func caches(settings Settings, servers ...string) wishes {
	settings.CacheBypass = true
	return wishes{
		settings: settings, marks: []service.Rule{{Mark: 7, Dst: addr("10.9.0.12"), DstMask: flow.MaskOf(32, true)}, mark(7)},
		services: []wish{{mark: 7, servers: servers}, web(0)},
	}
}

const origin = "10.9.0.12:80"

// bypassFixtures: connections.md C8 1, forwarding.md F5.
var bypassFixtures = []fixture{
	{"cache_bypass", caches(kernel, "10.9.0.11:0 0"), []step{
		{"without a server a packet goes where it is addressed to", in(outside, fromClient(alice, origin, "S")), counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.12 tcp 20001>80 S seq 1 ttl 63 csum ok"}},
		{"and its answer back", in(inside, fromServer(2, origin, alice, "SA")), counted{ForwardOutput: 1}, sent{"0: 10.9.0.12 > 172.16.0.1 tcp 80>20001 SA seq 1 ack 0 ttl 63 csum ok"}},
		{"as all that follows", in(outside, fromClient(alice, origin, "A")), counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.12 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok"}},
		{"UDP too", in(outside, datagram(alice, origin)), counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.12 udp 20001>80 ttl 63 csum ok"}},
		{"not what is for the VIP", in(outside, fromClient(alice, "10.0.0.1:443", "S")), counted{AnswerNoDestination: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 icmp 3/3 (172.16.0.1 > 10.0.0.1 tcp 20001>443 csum ok) ttl 64 csum ok"}},
	}},
	{"cache_bypass of single datagrams", func() wishes { w := caches(kernel); w.services[0].onePacket = true; return w }(), []step{
		{"each goes its way", in(outside, datagram(alice, origin), datagram(alice, origin)), counted{ForwardInput: 2}, sent{
			"1: 172.16.0.1 > 10.9.0.12 udp 20001>80 ttl 63 csum ok", "1: 172.16.0.1 > 10.9.0.12 udp 20001>80 ttl 63 csum ok",
		}},
	}},
	{"cache_bypass in a full table", func() wishes { w := caches(kernel); w.size = 1; return w }(), []step{
		{"the second connection is dropped", in(outside, fromClient(alice, origin, "S"), fromClient(alice, origin, "A"), fromClient(bob, origin, "S")), counted{ForwardInput: 2, DropConnectionsFull: 1}, sent{
			"1: 172.16.0.1 > 10.9.0.12 tcp 20001>80 S seq 1 ttl 63 csum ok",
			"1: 172.16.0.1 > 10.9.0.12 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok",
		}},
	}},
}

// TestBypassedConnections: they are listed without a server, nobody counts them, and they end by their timer alone.
func TestBypassedConnections(t *testing.T) {
	set := kernel
	set.ExpireNodestConn = true
	r := newRig(t, caches(set, "10.9.0.11:0 0"))
	syn := fromClient(alice, origin, "S")
	r.send(outside, syn)
	r.change(caches(set)) // expire_nodest_conn ends what belongs to servers that go
	r.send(outside, syn)
	want := "TCP 00:59 SYN_RECV 172.16.0.1:20001 10.9.0.12:80 0.0.0.0:0"
	r.pass(second)
	if got := r.listing(); len(got) != 1 || got[0] != want {
		t.Errorf("listed: %v, want %s", got, want)
	}
	r.workers[0].publish()
	if c, v := r.workers[0].Real(0), r.workers[0].Virtual(0); c != (RealCounters{}) || v != (VirtualCounters{}) {
		t.Errorf("counted: %+v, %+v", c, v)
	}
	r.pass(60 * second)
	if got := r.listing(); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	r.conserve()

	r.send(outside, syn)
	stop := r.run(1)
	if err := r.workers[0].PurgeConnections(); err != nil {
		t.Fatal(err)
	}
	stop()
	if got := r.listing(); len(got) != 1 {
		t.Errorf("behind a purge: %v, want one", got)
	}
}
