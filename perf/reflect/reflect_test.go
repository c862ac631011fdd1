package reflect

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"

	"cleat/perf/payload"
)

var (
	client, client6 = netip.MustParseAddrPort("100.64.0.1:2000"), netip.MustParseAddrPort("[fd16::1]:2000")
	vip4, vip6      = netip.MustParseAddrPort("10.0.0.1:80"), netip.MustParseAddrPort("[fd00::1]:80")
	second, second6 = netip.MustParseAddrPort("10.9.0.12:80"), netip.MustParseAddrPort("[fd09::11]:80")
	directorMAC     = [6]byte{2, 0, 0, 0, 9, 1}
	firstMAC        = [6]byte{2, 0, 0, 0, 9, 11}
	secondMAC       = [6]byte{2, 0, 0, 0, 9, 12}
	sixthMAC        = [6]byte{2, 0, 0, 0, 9, 14}
	routerMAC       = [6]byte{2, 0, 0, 0, 8, 2}
)

// rig is a reflector of servers 10.9.0.11 to 13 and fd09::11, on two ports.
func rig(t *testing.T) (*Reflector, [2]*lcoretest.Port) {
	place := Place{
		Servers: []string{"10.9.0.11-13:80", "[fd09::11]:80"}, VIPs: []string{"10.0.0.1", "fd00::1"}, RouterMAC: "02:00:00:00:08:02", Direct: 1,
	}
	c, err := place.Config(2)
	if err != nil {
		t.Fatal(err)
	}
	packets := lcoretest.NewPool(t, 64)
	ports := [2]*lcoretest.Port{lcoretest.NewPort(packets, 1), lcoretest.NewPort(packets, 1)}
	return New(c, []burst.Queue{ports[0].Queue(0), ports[1].Queue(0)}, packets, func() time.Duration { return 0 }), ports
}

// in is the link header of what the director sends to a server.
func in(to [6]byte) lcoretest.Option { return lcoretest.Link(directorMAC, to) }

// question is data without a server, long or short.
func question(n int) lcoretest.Option {
	data := make([]byte, n)
	payload.Put(data, &payload.Question{Number: 7, Client: 9, Run: 3, Sent: 1})
	return lcoretest.Payload(data)
}

// ipip puts a frame's packet into one to a server.
func ipip(frame []byte, proto uint8) []byte {
	return lcoretest.Other(proto, netip.MustParseAddr("10.9.0.1"), second.Addr(), in(secondMAC), lcoretest.Payload(frame[wire.EthernetLen:]))
}

// TestAnswers: frame in, frame out, and on which port.
func TestAnswers(t *testing.T) {
	back, past := "0 02:00:00:00:09:0c > 02:00:00:00:09:01", "1 02:00:00:00:09:0c > 02:00:00:00:08:02"
	for _, c := range []struct {
		what   string
		frame  []byte
		want   string // port and link, then the packet; "*": any number
		server int    // that stands in the data; -1: there is none
	}{
		{"SYN", lcoretest.TCP(client, second, "S", in(secondMAC), lcoretest.Seq(5, 0)), back + " 10.9.0.12 > 100.64.0.1 tcp 80>2000 SA seq * ack 6 ttl 64 csum ok", -1},
		{"SYN with options", lcoretest.TCP(client, second, "S", in(secondMAC), lcoretest.Seq(5, 0), lcoretest.MSS(1460)), back + " 10.9.0.12 > 100.64.0.1 tcp 80>2000 SA seq * ack 6 ttl 64 csum ok", -1},
		{"data", lcoretest.TCP(client, second, "PA", in(secondMAC), lcoretest.Seq(6, 70), question(30)), back + " 10.9.0.12 > 100.64.0.1 tcp 80>2000 PA seq 70 ack 36 len 30 ttl 64 csum ok", 1},
		{"short data", lcoretest.TCP(client, second, "PA", in(secondMAC), lcoretest.Seq(6, 70), question(6)), back + " 10.9.0.12 > 100.64.0.1 tcp 80>2000 PA seq 70 ack 12 len 6 ttl 64 csum ok", 1},
		{"too little data", lcoretest.TCP(client, second, "PA", in(secondMAC), lcoretest.Seq(6, 70), lcoretest.Payload([]byte("ab"))), back + " 10.9.0.12 > 100.64.0.1 tcp 80>2000 PA seq 70 ack 8 len 2 ttl 64 csum ok", -1},
		{"FIN", lcoretest.TCP(client, second, "FA", in(secondMAC), lcoretest.Seq(36, 100)), back + " 10.9.0.12 > 100.64.0.1 tcp 80>2000 FA seq 100 ack 37 ttl 64 csum ok", -1},
		{"FIN with data", lcoretest.TCP(client, second, "FPA", in(secondMAC), lcoretest.Seq(36, 100), question(18)), back + " 10.9.0.12 > 100.64.0.1 tcp 80>2000 FPA seq 100 ack 55 len 18 ttl 64 csum ok", 1},
		{"ACK", lcoretest.TCP(client, second, "A", in(secondMAC)), "", -1},
		{"RST", lcoretest.TCP(client, second, "R", in(secondMAC)), "", -1},
		{"SYN and ACK", lcoretest.TCP(client, second, "SA", in(secondMAC)), "", -1},
		{"datagram", lcoretest.UDP(client, second, in(secondMAC), question(18)), back + " 10.9.0.12 > 100.64.0.1 udp 80>2000 len 18 ttl 64 csum ok", 1},
		{"datagram without a checksum", lcoretest.UDP(client, second, in(secondMAC), question(18), lcoretest.NoChecksum()), back + " 10.9.0.12 > 100.64.0.1 udp 80>2000 len 18 ttl 64 csum none", 1},
		{"another port", lcoretest.UDP(client, netip.MustParseAddrPort("10.9.0.12:81"), in(secondMAC), question(18)), "", -1},
		{"another host", lcoretest.UDP(client, netip.MustParseAddrPort("10.9.0.14:80"), in(secondMAC), question(18)), "", -1},
		{"IPv6 SYN", lcoretest.TCP(client6, second6, "S", in(sixthMAC), lcoretest.Seq(5, 0)), "0 02:00:00:00:09:0e > 02:00:00:00:09:01 fd09::11 > fd16::1 tcp 80>2000 SA seq * ack 6 ttl 64 csum ok", -1},
		{"IPv6 data", lcoretest.TCP(client6, second6, "PA", in(sixthMAC), lcoretest.Seq(6, 70), question(18)), "0 02:00:00:00:09:0e > 02:00:00:00:09:01 fd09::11 > fd16::1 tcp 80>2000 PA seq 70 ack 24 len 18 ttl 64 csum ok", 3},

		{"DR: SYN", lcoretest.TCP(client, vip4, "S", in(secondMAC), lcoretest.Seq(5, 0)), past + " 10.0.0.1 > 100.64.0.1 tcp 80>2000 SA seq * ack 6 ttl 64 csum ok", -1},
		{"DR: data", lcoretest.TCP(client, vip4, "PA", in(secondMAC), lcoretest.Seq(6, 70), question(18)), past + " 10.0.0.1 > 100.64.0.1 tcp 80>2000 PA seq 70 ack 24 len 18 ttl 64 csum ok", 1},
		{"DR: nobody's MAC address", lcoretest.TCP(client, vip4, "S", in([6]byte{2, 0, 0, 0, 9, 200})), "", -1},
		{"TUN: data", ipip(lcoretest.TCP(client, vip4, "PA", lcoretest.Seq(6, 70), question(18)), protoIPv4), past + " 10.0.0.1 > 100.64.0.1 tcp 80>2000 PA seq 70 ack 24 len 18 ttl 64 csum ok", 1},
		{"TUN: IPv6 in IPv4", ipip(lcoretest.UDP(client6, vip6, question(18)), protoIPv6), past + " fd00::1 > fd16::1 udp 80>2000 len 18 ttl 64 csum ok", 1},
		{"TUN: to another host", ipip(lcoretest.UDP(client, netip.MustParseAddrPort("10.0.0.9:80"), question(18)), protoIPv4), "", -1},

		{"ARP", lcoretest.ARPRequest(directorMAC, netip.MustParseAddr("10.9.0.1"), second.Addr()), back + " arp 10.9.0.12 is at 02:00:00:00:09:0c, to 10.9.0.1 at 02:00:00:00:09:01", -1},
		{"ARP for the VIP", lcoretest.ARPRequest(directorMAC, netip.MustParseAddr("10.9.0.1"), vip4.Addr()), "", -1},
		{"echo", lcoretest.Echo(netip.MustParseAddr("10.9.0.1"), second.Addr(), 1, 2, in(secondMAC)), back + " 10.9.0.12 > 10.9.0.1 icmp echo reply 1 seq 2 ttl 64 csum ok", -1},
		{"nonsense", []byte{1, 2, 3}, "", -1},
	} {
		r, ports := rig(t)
		ports[0].Inject(0, c.frame)
		r.Turn()
		got, frame := sent(ports)
		if want := c.want; got != want && !like(got, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", c.what, got, want)
		}
		if c.server >= 0 && frame != nil {
			if n := payload.Server(dataOf(t, frame)); int(n) != c.server {
				t.Errorf("%s: server %d in the data, want %d", c.what, n, c.server)
			}
		}
		if n := r.Counts(); n.Received != 1 || n.Received != n.Answered+n.Consumed+n.Foreign+n.Overrun || (n.Answered == 1) != (c.want != "") {
			t.Errorf("%s: %+v", c.what, n)
		}
	}
}

// like compares with a pattern that has one *.
func like(got, pattern string) bool {
	before, after, ok := strings.Cut(pattern, "*")
	return ok && strings.HasPrefix(got, before) && strings.HasSuffix(got, after)
}

// sent describes the one frame that was sent, if any.
func sent(ports [2]*lcoretest.Port) (line string, frame []byte) {
	for i, p := range ports {
		for _, f := range p.Sent() {
			line, frame = line+string('0'+rune(i))+" "+lcoretest.DescribeLink(f)+" "+lcoretest.Describe(f), f
		}
	}
	return line, frame
}

func dataOf(t *testing.T, frame []byte) []byte {
	t.Helper()
	var in packet
	if p := (&burst.Packet{Data: frame, Len: uint32(len(frame)), Segments: 1}); !headers(p, &in) {
		t.Fatalf("% x", frame)
	}
	if in.proto == flow.UDP {
		return in.l4[wire.UDPLen:]
	}
	return in.l4[wire.TCPLen:]
}

// TestInitial: a SYN's answer names the server, and differs from flow to flow.
func TestInitial(t *testing.T) {
	seen := map[uint32]bool{}
	for port := range uint16(100) {
		r, ports := rig(t)
		ports[0].Inject(0, lcoretest.TCP(netip.AddrPortFrom(client.Addr(), 3000+port), second, "S", in(secondMAC)))
		r.Turn()
		_, frame := sent(ports)
		seq := wire.TCP(frame[wire.EthernetLen+wire.IPv4Len:]).Seq()
		if uint16(seq) != 1 {
			t.Fatalf("sequence number %#x names another server than 1", seq)
		}
		seen[seq] = true
	}
	if len(seen) < 95 {
		t.Errorf("%d different sequence numbers for 100 flows", len(seen))
	}
}

// TestOverrun: what the port does not take is given back and counted.
func TestOverrun(t *testing.T) {
	r, ports := rig(t)
	r.queues[0] = &lcoretest.Jam{Queue: r.queues[0], Room: 1}
	for range 3 {
		ports[0].Inject(0, lcoretest.UDP(client, second, in(secondMAC), question(18)))
	}
	r.Turn()
	if n := r.Counts(); n.Answered != 1 || n.Overrun != 2 || len(ports[0].Sent()) != 1 {
		t.Errorf("%+v", n)
	}
}

// TestRouter: it is asked for until it answers; before that there is no answer from a VIP.
func TestRouter(t *testing.T) {
	place := Place{Servers: []string{"10.9.0.11:80"}, VIPs: []string{"10.0.0.1"}, Router: "10.8.0.2", From: "10.8.0.3"}
	c, err := place.Config(1)
	if err != nil {
		t.Fatal(err)
	}
	packets := lcoretest.NewPool(t, 64)
	port := lcoretest.NewPort(packets, 1)
	now := time.Duration(0)
	r := New(c, []burst.Queue{port.Queue(0)}, packets, func() time.Duration { return now })
	syn := lcoretest.TCP(client, vip4, "S", in(firstMAC))
	for _, s := range []struct {
		pass time.Duration
		in   []byte
		want string
	}{
		{0, syn, "arp who has 10.8.0.2 tell 10.8.0.3 at 02:00:00:00:09:0b"},
		{50 * time.Millisecond, nil, ""},
		{50 * time.Millisecond, nil, "arp who has 10.8.0.2 tell 10.8.0.3 at 02:00:00:00:09:0b"},
		{0, lcoretest.ARPReply(routerMAC, netip.MustParseAddr("10.8.0.2"), firstMAC, netip.MustParseAddr("10.8.0.3")), ""},
		{time.Second, syn, "10.0.0.1 > 100.64.0.1 tcp 80>2000 SA seq * ack 2 ttl 64 csum ok"},
	} {
		now += s.pass
		if s.in != nil {
			port.Inject(0, s.in)
		}
		r.Turn()
		got := ""
		for _, f := range port.Sent() {
			got += lcoretest.Describe(f)
		}
		if got != s.want && !like(got, s.want) {
			t.Errorf("got %q, want %q", got, s.want)
		}
	}
}

func TestParseServers(t *testing.T) {
	for text, want := range map[string]string{
		"10.9.0.11-13:80":     "10.9.0.11:80 10.9.0.12:80 10.9.0.13:80",
		"10.9.0.11:80":        "10.9.0.11:80",
		"10.9.0.11-12":        "10.9.0.11:0 10.9.0.12:0",
		"10.9.0.255":          "10.9.0.255:0",
		"[fd09::1e-20]:443":   "[fd09::1e]:443 [fd09::1f]:443 [fd09::20]:443",
		"fd09::11-12":         "[fd09::11]:0 [fd09::12]:0",
		"[fd09::11]":          "[fd09::11]:0",
		"":                    "",
		"10.9.0.11-10:80":     "",
		"10.9.0.11-300:80":    "",
		"10.9.0.11:0":         "",
		"10.9.0.11:http":      "",
		"[fd09::11-12:80":     "",
		"[fd09::11]80":        "",
		"10.9.0-1.11":         "",
		"some-server.org:443": "",
	} {
		all, err := ParseServers(text)
		var got []string
		for _, s := range all {
			got = append(got, netip.AddrPortFrom(s.Addr.Netip(), s.Port).String())
		}
		if strings.Join(got, " ") != want || (err == nil) != (want != "") {
			t.Errorf("%q: %v, %v; want %q", text, got, err, want)
		}
	}
}

func TestMistakes(t *testing.T) {
	good := Place{Servers: []string{"10.9.0.11-14"}, VIPs: []string{"10.0.0.1"}, RouterMAC: "02:00:00:00:08:02"}
	for want, change := range map[string]func(*Place){
		"servers: none: name at least one":        func(p *Place) { p.Servers = nil },
		`servers: "10.9.0"`:                       func(p *Place) { p.Servers = []string{"10.9.0"} },
		`mac: "no"`:                               func(p *Place) { p.MAC = "no" },
		`router_mac: "ff:ff:ff:ff:ff:ff"`:         func(p *Place) { p.RouterMAC = "ff:ff:ff:ff:ff:ff" },
		`vips: "here"`:                            func(p *Place) { p.VIPs = []string{"here"} },
		"direct: 2: must be the number of a port": func(p *Place) { p.Direct = 2 },
		`router "", from ""`:                      func(p *Place) { p.RouterMAC = "" },
		`router "10.8.0.2", from "fd08::3"`:       func(p *Place) { p.RouterMAC, p.Router, p.From = "", "10.8.0.2", "fd08::3" },
	} {
		p := good
		change(&p)
		if _, err := p.Config(2); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v; want %s", err, want)
		}
	}
	if c, err := good.Config(2); err != nil || len(c.Servers) != 4 {
		t.Errorf("%+v, %v", c, err)
	}
}

// TestAllocations: nothing of a turn is on the heap.
func TestAllocations(t *testing.T) {
	r, _ := rig(t)
	frame := lcoretest.TCP(client, second, "PA", in(secondMAC), question(18))
	buffer := make([]byte, 2048)
	p := burst.Packet{Segments: 1}
	if n := testing.AllocsPerRun(100, func() {
		copy(buffer, frame)
		p.Data, p.Len = buffer[:len(frame)], uint32(len(frame))
		if r.answer(&p) != back {
			t.Fatal("no answer")
		}
	}); n != 0 {
		t.Errorf("%v allocations an answer", n)
	}
}
