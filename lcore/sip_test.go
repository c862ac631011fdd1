package lcore

import (
	"strings"
	"testing"
	"time"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/service"
)

const sipVIP = "10.0.0.1:5060"

// proxies is a SIP service of three servers, persistent by Call-ID, whatever the client.
func proxies() wish {
	return wish{
		proto: flow.UDP, vip: sipVIP, persist: 60 * time.Second, engine: service.SIP,
		servers: []string{"10.9.0.11:5060", "10.9.0.12:5060", "10.9.0.13:5060"},
	}
}

// call is a message of a call.
func call(id string) lcoretest.Option {
	return lcoretest.Payload([]byte("OPTIONS sip:a@b SIP/2.0\r\nVia: x\r\nCall-ID: " + id + "\r\n\r\n"))
}

// sipFixtures: persistence.md P9.1, and what a server begins (P8.7).
var sipFixtures = []fixture{
	{"without a Call-ID", with(kernel, proxies()), []step{
		{
			"P9.1: no flow begins", in(outside, datagram(alice, sipVIP), datagram(alice, sipVIP, lcoretest.Payload([]byte("OPTIONS sip:a@b SIP/2.0\r\nVia: x\r\n\r\n"))),
				datagram(alice, sipVIP, call(strings.Repeat("x", 256)))),
			counted{DropSIP: 3}, nil,
		},
		{"with one", in(outside, datagram(alice, sipVIP, call("1@example.net"))), counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.13 udp 20001>5060 len 59 ttl 63 csum ok"}},
		{"P9.5: then the flow goes on without", in(outside, datagram(alice, sipVIP)), counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.13 udp 20001>5060 ttl 63 csum ok"}},
	}},
	{"a mark's service with a persistence engine", wishes{settings: kernel, marks: []service.Rule{mark(7)}, services: []wish{{mark: 7, persist: hour, engine: service.SIP, servers: three}}}, []step{
		{"TCP has no Call-ID", in(outside, fromClient(alice, vip80, "S")), counted{DropSIP: 1}, nil},
	}},
	{"P8.7: a server begins", with(kernel, proxies(), resolver()), []step{
		{"its message is from the VIP", in(inside, answered(2, "10.9.0.12:5060", alice, call("2@x"))), counted{ForwardOutput: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 udp 5060>20001 len 49 ttl 63 csum ok"}},
		{"the client's answer is the server's", in(outside, datagram(alice, sipVIP)), counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.12 udp 20001>5060 ttl 63 csum ok"}},
		{"and so is the call", in(outside, datagram("172.16.0.1:7", sipVIP, call("2@x"))), counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.12 udp 7>5060 len 49 ttl 63 csum ok"}},
		{
			"P5.4: until another server claims it", in(inside, answered(3, "10.9.0.13:5060", "172.16.0.1:8", call("2@x"))),
			counted{ForwardOutput: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 udp 5060>8 len 49 ttl 63 csum ok"},
		},
		{"then the call is that one's", in(outside, datagram("172.16.0.1:9", sipVIP, call("2@x"))), counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.13 udp 9>5060 len 49 ttl 63 csum ok"}},
		{
			"no Call-ID, another port, a service without an engine: routed as it is",
			in(inside, answered(1, "10.9.0.11:5060", bob), answered(1, "10.9.0.11:5061", bob, call("3@x")), answered(1, "10.9.0.11:53", bob, call("3@x"))),
			counted{Route: 3},
			sent{
				"0: 10.9.0.11 > 172.16.0.2 udp 5060>20001 ttl 63 csum ok", "0: 10.9.0.11 > 172.16.0.2 udp 5061>20001 len 49 ttl 63 csum ok",
				"0: 10.9.0.11 > 172.16.0.2 udp 53>20001 len 49 ttl 63 csum ok",
			},
		},
	}},
}

// TestCallIDs: P9.3: a call's messages go to one server, another call's to the next one, and the client's network counts too.
func TestCallIDs(t *testing.T) {
	anybody := proxies()
	anybody.mask = 1
	for name, tt := range map[string]struct {
		wish wish
		same bool // for another client
	}{"by client and call": {proxies(), false}, "by call alone": {anybody, true}} {
		w := tt.wish
		w.onePacket = true
		r := newRig(t, with(kernel, w))
		one := r.choose(datagram(alice, sipVIP, call("1@x")))
		two := r.choose(datagram(alice, sipVIP, call("2@x")))
		if again := r.choose(datagram("172.16.0.1:7", sipVIP, call("1@x"))); one == "" || one == two || again != one {
			t.Errorf("%s: call 1 goes to %s and %s, call 2 to %s", name, one, again, two)
		}
		if other := r.choose(datagram(bob, sipVIP, call("1@x"))); (other == one) != tt.same {
			t.Errorf("%s: another client's call 1 goes to %s, the first one's to %s", name, other, one)
		}
	}
}

// TestCallIDTemplates: what is listed, as in scenario h01: one template a call, assured by an answer (P8.4).
func TestCallIDTemplates(t *testing.T) {
	timeline(t, with(kernel, proxies()), []moment{
		{0, acts(in(outside, datagram(alice, sipVIP, call("1@x"))), in(outside, datagram("172.16.0.1:7", sipVIP, call("2@x"))), in(inside, answered(3, "10.9.0.13:5060", alice))), []string{
			"UDP 00:59 ASSURED 172.16.0.1:0 10.0.0.1:5060 10.9.0.13:5060 sip 1@x", "UDP 00:59 NONE 172.16.0.1:0 10.0.0.1:5060 10.9.0.12:5060 sip 2@x",
			"UDP 04:59 UDP 172.16.0.1:20001 10.0.0.1:5060 10.9.0.13:5060", "UDP 04:59 UDP 172.16.0.1:7 10.0.0.1:5060 10.9.0.12:5060",
		}},
	})
}

// TestServerBeginsAlone: with one-packet scheduling what a server sends is translated, and only the template stays.
func TestServerBeginsAlone(t *testing.T) {
	w := proxies()
	w.onePacket = true
	timeline(t, with(kernel, w), []moment{
		{0, in(inside, answered(2, "10.9.0.12:5060", alice, call("2@x"))), []string{"UDP 00:59 NONE 172.16.0.1:0 10.0.0.1:5060 10.9.0.12:5060 sip 2@x"}},
	})
}
