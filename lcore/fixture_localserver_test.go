package lcore

import (
	"testing"

	"cleat/lcore/flow"
)

// servedAt is a service whose one server has an address at which there is nobody but the director.
func servedAt(server string) wishes {
	return with(kernel, wish{proto: flow.TCP, vip: vip80, persist: hour, servers: []string{server}}, wish{proto: flow.TCP, vip: "10.0.0.9:80"})
}

// localFixtures: real servers that are the director itself (forwarding.md F1.2, F6).
var localFixtures = []fixture{
	{"local server: NAT to a port's address", servedAt("10.9.0.1:80"), nobody},
	{"local server: NAT to the address of the port it came from", servedAt("10.8.0.1:8080"), nobody},
	{"local server: NAT to a VIP", servedAt("10.0.0.9:80"), nobody},
	{"local server: direct routing to a port's address", servedAt("10.9.0.1:80 direct"), nobody},
	{"local server: direct routing to 127.0.0.1", servedAt("127.0.0.1:80 direct"), nobody},
	{"local server: a tunnel to a port's address", servedAt("10.9.0.1:80 ipip"), nobody},
	{"local server: a tunnel to ::1", servedAt("[::1]:80 ipip"), nobody},
	{"local server: one-packet scheduling", with(kernel, wish{proto: flow.UDP, vip: "10.0.0.1:53", servers: []string{"10.9.0.1:53"}, onePacket: true}), []step{
		{"nobody is there", in(outside, datagram(alice, "10.0.0.1:53")), counted{DropLocalServer: 1}, nil},
	}},
	{"local server over IPv6", with(kernel, wish{proto: flow.TCP, vip: vip6, servers: []string{"[fd09::1]:80"}}), []step{
		{"nobody is there", in(outside, fromClient(alice6, vip6, "S")), counted{DropLocalServer: 1}, nil},
	}},
}

var nobody = []step{
	{"nobody is there", in(outside, fromClient(alice, vip80, "S")), counted{DropLocalServer: 1}, nil},
	{"no connection is made", in(outside, fromClient(alice, vip80, "A")), counted{AnswerReset: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 R seq 0 ttl 64 csum ok"}},
}

// TestLocalServerIsCountedNowhere: what the worker that decides has counted for a connection to nobody, it takes back.
func TestLocalServerIsCountedNowhere(t *testing.T) {
	w := servedAt("10.9.0.1:80")
	w.workers, w.scope = 2, ServiceScope
	r := newRig(t, w)
	for n := range 8 {
		r.ports[outside].Inject(n%2, fromClient(client(n, 1), vip80, "S"))
	}
	r.turn()
	if n := r.counters().Verdicts[DropLocalServer]; n != 8 {
		t.Errorf("%d packets are dropped as local_node, want 8", n)
	}
	if active, inactive := r.workers[0].shared.of(0); active != 0 || inactive != 0 {
		t.Errorf("%d active, %d inactive connections, want none", active, inactive)
	}
	r.pass(2 * hour)
	if left := r.listing(); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
	r.conserve()
}
