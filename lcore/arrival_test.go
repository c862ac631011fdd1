package lcore

import (
	"net/netip"
	"reflect"
	"testing"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
)

// nic hashes one address of every packet and puts it into the queue of the worker that this means, as a device that steers does; it does one thing wrong.
type nic struct {
	r           *rig
	port        int
	destination bool
	wrong       string
}

func (n *nic) receive(client flow.Addr, frame []byte) {
	s := n.r.workers[0].Steering
	queue := s.Worker(client)
	if n.wrong == "queue" {
		queue = 1 - queue
	}
	n.r.ports[n.port].OnReceive = func(p *burst.Packet) {
		p.Hash, p.Flags = s.Hash(client), p.Flags|burst.HashValid
		switch n.wrong {
		case "hash":
			p.Hash++
		case "no hash":
			p.Flags &^= burst.HashValid
		}
	}
	n.r.ports[n.port].Inject(queue, frame)
	n.r.turn()
}

// TestProbe: what workers find out about a device that steers as it should, and about those that do not.
func TestProbe(t *testing.T) {
	const clients = 40
	for _, c := range []struct {
		name           string
		port           int
		wrong          string
		six            bool
		families       [2]bool
		probed, steers bool
	}{
		{"outside, as it should", outside, "", false, [2]bool{true, true}, true, true},
		{"inside, as it should", inside, "", false, [2]bool{true, true}, true, true},
		{"IPv6, as it should", outside, "", true, [2]bool{true, true}, true, true},
		{"another hash", outside, "hash", false, [2]bool{true, true}, true, false},
		{"no hash", outside, "no hash", false, [2]bool{true, true}, true, false},
		{"another queue", inside, "queue", false, [2]bool{true, true}, true, false},
		{"IPv6 only is in question", outside, "", false, [2]bool{false, true}, false, false},
		{"IPv4 only is in question", outside, "", true, [2]bool{true, false}, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, wishes{workers: 2, settings: kernel, services: []wish{
				{proto: flow.TCP, vip: "10.0.0.1:80", servers: []string{"10.9.0.11:80"}},
				{proto: flow.TCP, vip: "[fd00::1]:80", servers: []string{"[fd09::11]:80"}},
			}})
			probed := r.tables
			probed.Probes = []Probe{outside: {Families: c.families}, inside: {Destination: true, Families: c.families}}
			probed.Generation++
			for _, w := range r.workers {
				w.Adopt(&probed)
				w.between(1)
			}
			n := &nic{r, c.port, c.port == inside, c.wrong}
			family := 0
			for i := range clients {
				client, vip, server := netip.AddrFrom4([4]byte{172, 16, 0, byte(i)}), "10.0.0.1:80", "10.9.0.11:80"
				if c.six {
					family = 1
					client, vip = netip.AddrFrom16([16]byte{0xfd, 0x16, 7: byte(i), 15: 9}), "[fd00::1]:80"
				}
				frame := fromClient(netip.AddrPortFrom(client, 20001).String(), vip, "S")
				if c.port == inside {
					frame = fromServer(1, server, netip.AddrPortFrom(client, 20001).String(), "A")
				}
				n.receive(flow.FromNetip(client), frame)
			}
			n.receive(flow.V4(0), lcoretest.ARPRequest(gatewayMAC, netip.MustParseAddr("10.8.0.2"), netip.MustParseAddr("10.8.0.1")))
			var got Arrival
			for _, w := range r.workers {
				w.publish()
				got.Add(w.Arrival(c.port))
			}
			var want Arrival
			if c.probed {
				want.Probed[family] = clients
			}
			if c.probed && !c.steers {
				want.Differed[family] = clients
			}
			if c.wrong == "queue" {
				want.HandedOver = clients
			}
			if got != want {
				t.Errorf("got %+v, want %+v", got, want)
			}
			if out := r.counters().Verdicts[HandedOver]; out != got.HandedOver {
				t.Errorf("%d handed over, %d by port", out, got.HandedOver)
			}
		})
	}
}

// TestArrivalsApart: what a worker writes with packets lies in cache lines of its own.
func TestArrivalsApart(t *testing.T) {
	a := reflect.TypeFor[arrivals]()
	if public, _ := a.FieldByName("handedOver"); a.Size() != 128 || public.Offset != 64 {
		t.Errorf("%d bytes, public from %d on", a.Size(), public.Offset)
	}
}
