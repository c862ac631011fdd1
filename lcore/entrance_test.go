package lcore

import (
	"fmt"
	"strings"
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// TestShortWay: which packets go it. What they become is held by all fixtures and properties.
func TestShortWay(t *testing.T) {
	plain := web(hour)
	changed := func(change func(*wish)) wish {
		w := plain
		change(&w)
		return w
	}
	sloppy := kernel
	sloppy.SloppyTCP = true
	syn := fromClient(alice, vip80, "S")
	for _, tt := range []struct {
		name   string
		wishes wishes
		frame  []byte
		short  bool
	}{
		{"persistent", with(kernel, plain), syn, true},
		{"not persistent", with(kernel, web(0)), syn, true},
		{"UDP", with(kernel, resolver()), datagram(alice, "10.0.0.1:53"), true},
		{"beside a service of all ports", with(kernel, plain, changed(func(w *wish) { w.vip = "10.0.0.1:0" })), syn, true},
		{"sloppy_tcp", with(sloppy, plain), fromClient(alice, vip80, "A"), true},
		{"templates of this worker's clients", wishes{settings: kernel, workers: 2, services: []wish{plain}}, syn, true},
		{"no first segment", with(kernel, plain), fromClient(alice, vip80, "A"), false},
		{"an RST", with(sloppy, plain), fromClient(alice, vip80, "R"), false},
		{"FTP's data port", with(kernel, plain), fromClient("172.16.0.1:20", vip80, "S"), false},
		{"from a real server", with(kernel, plain), fromServer(1, "10.9.0.11:81", vip80, "S"), false},
		{"from nowhere", with(kernel, plain), fromClient("127.0.0.1:7", vip80, "S"), false},
		{"no service", with(kernel, plain), fromClient(alice, "10.0.0.1:81", "S"), false},
		{"a service of all ports", with(kernel, changed(func(w *wish) { w.vip = "10.0.0.1:0" })), syn, false},
		{"a mark", wishes{settings: kernel, marks: []service.Rule{mark(3)}, services: []wish{plain}}, syn, false},
		{"one packet", with(kernel, changed(func(w *wish) { w.onePacket = true })), syn, false},
		{"a persistence engine", with(kernel, changed(func(w *wish) { w.engine = service.SIP })), syn, false},
		{"spread clients", with(kernel, changed(func(w *wish) { w.spread = 4 })), syn, false},
		{"FTP", files(0), fromClient(alice, ftp21, "S"), false},
		{"templates of several workers' clients", wishes{settings: kernel, workers: 2, services: []wish{changed(func(w *wish) { w.mask = 1 })}}, syn, false},
		{"one worker schedules", wishes{settings: kernel, workers: 2, scope: ServiceScope, services: []wish{plain}}, syn, false},
		{"IPv6", bothFamilies(with(kernel, plain)), sixthFrame(syn), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, tt.wishes)
			port := outside
			if tt.name == "from a real server" {
				port = inside
			}
			r.ports[port].Inject(0, tt.frame)
			w := r.workers[0]
			w.Turn()
			if got := w.in.isShort(0); got != tt.short {
				t.Errorf("short: %v, want %v", got, tt.short)
			}
		})
	}
}

// TestEntrancesMeet: of services that have one place for their entrances, a burst's packets find their own, and the next burst's too.
func TestEntrancesMeet(t *testing.T) {
	dst := uint32(0x0a000001)
	other := uint16(81)
	for placeOfEntrance(dst, other) != placeOfEntrance(dst, 80) {
		other++
	}
	vip := fmt.Sprintf("10.0.0.1:%d", other)
	r := newRig(t, with(kernel, web(0), wish{proto: flow.TCP, vip: vip, servers: []string{"10.9.0.11:8080"}}))
	for n, order := range [][]string{{vip80, vip}, {vip, vip80}, {vip80, vip}} {
		r.ports[outside].Inject(0, fromClient(client(2*n, 7), order[0], "S"), fromClient(client(2*n+1, 7), order[1], "S"))
		w := r.workers[0]
		w.Turn()
		if !w.in.isShort(0) || w.in.isShort(1) {
			t.Errorf("burst %d: %b, but it is the first one that goes the short way", n, w.in.short)
		}
		sent := r.sent()
		if len(sent) != 2 {
			t.Fatalf("burst %d: %v", n, sent)
		}
		for i, sent := range sent {
			if to := strings.Contains(sent, ">8080 "); to != (order[i] == vip) {
				t.Errorf("burst %d, to %s: %s", n, order[i], sent)
			}
		}
	}
	r.conserve()
}
