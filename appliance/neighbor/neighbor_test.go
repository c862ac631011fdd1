package neighbor

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"cleat/lcore"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
	"cleat/lcore/wire"
)

const reachable = 30 * time.Second

func addr(s string) flow.Addr { return flow.FromNetip(netip.MustParseAddr(s)) }

// hops: port 0 is 10.8.0.1/24, port 1 is 10.9.0.1/24 and fd09::1/64.
func hops() *nexthop.Table {
	return nexthop.New([]nexthop.Port{
		{MAC: wire.MAC{2, 0, 0, 0, 8, 1}, MTU: 1500, Subnets: []nexthop.Subnet{{Own: addr("10.8.0.1"), Bits: 24}}},
		{MAC: wire.MAC{2, 0, 0, 0, 9, 1}, MTU: 1500, Subnets: []nexthop.Subnet{{Own: addr("10.9.0.1"), Bits: 24}, {Own: addr("fd09::1"), Bits: 64}}},
	}, nil, nil)
}

// play is a table whose time only the test moves.
type play struct {
	t     *testing.T
	table *Table
	start time.Time
	asked []string // since the last event
}

func newPlay(t *testing.T, capacity int, required ...flow.Addr) *play {
	p := &play{t: t, start: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	p.table = New(capacity, reachable, p.send)
	p.table.Configure(hops(), reachable, required)
	return p
}

func (p *play) send(port uint16, frame []byte) bool {
	eth, ok := wire.ParseEthernet(frame)
	if !ok {
		p.t.Fatalf("no frame: %x", frame)
	}
	if eth.Type() == wire.TypeIPv6 {
		p.sendSolicitation(port, eth)
		return true
	}
	arp, ok := wire.ParseARP(eth.Payload())
	if !ok || arp.Op() != wire.ARPRequest || eth.Src() != arp.Sender() || arp.Sender() != hops().Ports()[port].MAC {
		p.t.Fatalf("no ARP request of ours: %x", frame)
	}
	p.ask(eth.Dst(), wire.Broadcast, flow.V4(arp.TargetIP()), flow.V4(arp.SenderIP()))
	return true
}

func (p *play) sendSolicitation(port uint16, eth wire.Ethernet) {
	ip, ok := wire.ParseIPv6(eth.Payload(), len(eth.Payload()))
	if !ok {
		p.t.Fatalf("no IPv6 packet: %x", eth)
	}
	u, _ := ip.Upper()
	n, ok := wire.ParseNeighbor(ip, u)
	if !ok || n.Advertisement() || eth.Src() != hops().Ports()[port].MAC {
		p.t.Fatalf("no solicitation of ours: %x", eth)
	}
	if mac, ok := n.Link(); !ok || mac != eth.Src() {
		p.t.Fatalf("it does not tell our link address: %x", eth)
	}
	p.ask(eth.Dst(), wire.GroupMAC(wire.SolicitedGroup(n.Target())), n.Target(), ip.Src())
}

func (p *play) ask(to, all wire.MAC, target, own flow.Addr) {
	who := "all"
	if to != all {
		who = net.HardwareAddr(to[:]).String()
	}
	p.asked = append(p.asked, fmt.Sprintf("asks %s for %v as %v", who, target.Netip(), own.Netip()))
}

// do lets an event happen so long after the start, and tells what came of it: whether the known neighbours have changed, what was asked,
// and all neighbours. Events: "tick", "need PORT ADDR", "reply PORT ADDR MAC", "request PORT ADDR MAC".
func (p *play) do(at time.Duration, event string) string {
	p.t.Helper()
	p.asked = nil
	now := p.start.Add(at)
	var results []string
	if event == "tick" {
		if p.table.Tick(now) {
			results = append(results, "changed")
		}
	} else {
		var what, where, mac string
		x := lcore.Neighbor{}
		fmt.Sscan(event, &what, &x.Port, &where, &mac)
		x.Addr, x.Reply = addr(where), what == "reply"
		if hw, err := net.ParseMAC(mac); err == nil {
			x.MAC = wire.MAC(hw)
		}
		if p.table.News(&x, now) {
			results = append(results, "changed")
		}
	}
	results = append(results, p.asked...)
	for _, n := range p.table.List() {
		results = append(results, fmt.Sprintf("%v %v", n.Addr.Netip(), n.State))
	}
	return strings.Join(results, "; ")
}

type step struct {
	at          time.Duration
	event, want string
}

const (
	ms = time.Millisecond
	s  = time.Second

	rs    = "10.9.0.11"
	mac   = "02:00:00:00:09:0b"
	other = "02:00:00:00:09:ff"

	need      = "need 1 " + rs
	reply     = "reply 1 " + rs + " " + mac
	asks      = "asks all for " + rs + " as 10.9.0.1; "
	asksHim   = "asks " + mac + " for " + rs + " as 10.9.0.1; "
	resolving = rs + " resolving"
	isThere   = rs + " reachable"
	stale     = rs + " stale"
	failed    = rs + " failed"
)

func TestTable(t *testing.T) {
	for _, c := range []struct {
		name     string
		required []flow.Addr
		steps    []step
	}{
		{"asked when packets wait, again every second, until there is an answer", nil, []step{
			{0, need, asks + resolving},
			{500 * ms, "tick", resolving},
			{500 * ms, need, resolving},
			{1 * s, "tick", asks + resolving},
			{1200 * ms, reply, "changed; " + isThere},
			{1300 * ms, need, isThere},
			{5 * s, "tick", isThere},
		}},
		{"given up after three questions, asked again when packets wait, forgotten after a minute", nil, []step{
			{0, need, asks + resolving},
			{1 * s, "tick", asks + resolving},
			{2 * s, "tick", asks + resolving},
			{2900 * ms, "tick", resolving},
			{3 * s, "tick", failed},
			{10 * s, "tick", failed},
			{11 * s, need, asks + resolving},
			{12 * s, "tick", asks + resolving},
			{13 * s, "tick", asks + resolving},
			{14 * s, "tick", failed},
			{72900 * ms, "tick", failed},
			{73 * s, "tick", ""},
		}},
		{"required: asked before anybody needs it, and never given up", []flow.Addr{addr(rs), addr("192.168.1.1")}, []step{
			{0, "tick", asks + resolving},
			{1 * s, "tick", asks + resolving},
			{2 * s, "tick", asks + resolving},
			{3 * s, "tick", "changed; " + failed}, // from here on its packets are answered
			{6900 * ms, "tick", failed},
			{7 * s, "tick", asks + failed},
			{11900 * ms, "tick", failed},
			{12 * s, "tick", asks + failed},
			{12100 * ms, reply, "changed; " + isThere},
		}},
		{"old: asked alone first, then before all, used meanwhile, then given up", nil, []step{
			{0, "request 1 " + rs + " " + mac, "changed; " + isThere},
			{29900 * ms, "tick", isThere},
			{30 * s, "tick", asksHim + stale},
			{30500 * ms, need, stale},
			{31 * s, "tick", asks + stale},
			{32 * s, "tick", asks + stale},
			{33 * s, "tick", "changed; " + failed},
			{33500 * ms, reply, "changed; " + isThere},
		}},
		{"old and confirmed: nothing has changed", nil, []step{
			{0, "request 1 " + rs + " " + mac, "changed; " + isThere},
			{30 * s, "tick", asksHim + stale},
			{30100 * ms, reply, isThere},
			{60 * s, "tick", isThere},
			{60100 * ms, "tick", asksHim + stale},
		}},
		{"moved: a known neighbour may say that it has another MAC address", nil, []step{
			{0, need, asks + resolving},
			{1 * ms, reply, "changed; " + isThere},
			{5 * s, "reply 1 " + rs + " " + other, "changed; " + isThere},
			{6 * s, "request 1 " + rs + " " + mac, "changed; " + isThere},
		}},
		{"over IPv6 it is the same", nil, []step{
			{0, "need 1 fd09::11", "asks all for fd09::11 as fd09::1; fd09::11 resolving"},
			{100 * ms, "reply 1 fd09::11 " + mac, "changed; fd09::11 reachable"},
			{30100 * ms, "tick", "asks " + mac + " for fd09::11 as fd09::1; fd09::11 stale"},
			{31100 * ms, "tick", "asks all for fd09::11 as fd09::1; fd09::11 stale"},
			{31200 * ms, "reply 1 fd09::11 " + other, "changed; fd09::11 reachable"},
			{31300 * ms, "request 1 fe80::11 " + other, "fd09::11 reachable"},
		}},
		{"not believed: an answer that nobody asked for", nil, []step{{0, reply, ""}}},
		{"learned only where they are on the link", nil, []step{
			{0, "request 0 " + rs + " " + mac, ""},
			{0, "request 1 192.168.1.1 " + mac, ""},
			{0, "request 1 10.9.0.1 " + mac, ""},
			{0, "need 0 " + rs, ""},
			{0, "need 1 10.9.0.1", ""},
			{0, "request 1 " + rs + " " + mac, "changed; " + isThere},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlay(t, 10, c.required...)
			for _, step := range c.steps {
				if got := p.do(step.at, step.event); got != step.want {
					t.Errorf("%v %s:\n got %q\nwant %q", step.at, step.event, got, step.want)
				}
			}
		})
	}
}

// TestKnown: what workers get, and the newest MAC address.
func TestKnown(t *testing.T) {
	p := newPlay(t, 10)
	p.do(0, "request 1 10.9.0.12 "+other)
	p.do(0, "need 1 10.9.0.13")
	p.do(0, "request 0 10.8.0.2 02:00:00:00:08:02")
	p.do(0, "request 1 "+rs+" "+other)
	p.do(1*s, reply)
	p.do(30*s, "tick") // all but one are stale, and still used
	p.table.neighbours[key{1, addr("10.9.0.14")}] = &Neighbor{Port: 1, Addr: addr("10.9.0.14"), State: Failed, required: true}
	p.table.neighbours[key{1, addr("10.9.0.15")}] = &Neighbor{Port: 1, Addr: addr("10.9.0.15"), State: Failed}
	got := fmt.Sprint(p.table.Known())
	want := fmt.Sprint([]nexthop.Neighbor{
		{Port: 0, Addr: addr("10.8.0.2"), MAC: wire.MAC{2, 0, 0, 0, 8, 2}},
		{Port: 1, Addr: addr(rs), MAC: wire.MAC{2, 0, 0, 0, 9, 0x0b}},
		{Port: 1, Addr: addr("10.9.0.12"), MAC: wire.MAC{2, 0, 0, 0, 9, 0xff}},
		{Port: 1, Addr: addr("10.9.0.14")}, // does not answer
	})
	if got != want {
		t.Errorf("known:\n got %s\nwant %s", got, want)
	}
}

// TestCapacity: a full table takes up nobody who only asks for us, and counts that; one that packets need takes the place of the one
// not heard for the longest time, but never that of a required one.
func TestCapacity(t *testing.T) {
	p := newPlay(t, 3, addr("10.9.0.11"))
	p.do(0, "tick") // asks for the required one, which never answers
	p.do(0, "request 1 10.9.0.12 "+other)
	p.do(1*s, "request 1 10.9.0.13 "+other)
	const before = "10.9.0.11 resolving; 10.9.0.12 reachable; 10.9.0.13 reachable"
	if got := p.do(1*s, "request 1 10.9.0.14 "+other); got != before || p.table.Refused != 1 {
		t.Errorf("somebody asks: %q, refused %d", got, p.table.Refused)
	}
	for i, want := range []string{
		"asks all for 10.9.0.21 as 10.9.0.1; 10.9.0.11 resolving; 10.9.0.13 reachable; 10.9.0.21 resolving",
		"asks all for 10.9.0.22 as 10.9.0.1; 10.9.0.11 resolving; 10.9.0.13 reachable; 10.9.0.22 resolving", // 21 was never heard
	} {
		if got := p.do(1*s, fmt.Sprintf("need 1 10.9.0.2%d", i+1)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}

	p = newPlay(t, 1, addr("10.9.0.11"))
	if got := p.do(0, "need 1 10.9.0.13"); got != "10.9.0.11 resolving" || p.table.Refused != 1 {
		t.Errorf("all are required: %q, refused %d", got, p.table.Refused)
	}
}
