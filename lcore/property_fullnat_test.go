package lcore

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/rewrite"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// peerTCP is one end of a TCP connection, as far as its numbers go: what it sends is a stream of bytes whose first has sequence number first; it knows what
// of it the other end has, and what of the other end's stream it has itself.
type peerTCP struct {
	addr, other netip.AddrPort
	stream      []byte // what it has to say, all of it; then its FIN
	first       uint32
	acked       int // bytes, FIN included
	otherFirst  uint32
	got         map[int]byte // of the other's stream, by place
	end         int          // of the other's stream, where its FIN stands; -1: not known yet
	mss         int
	toas        int
}

// has is how much of the other's stream there is without a gap, with the FIN if that is next.
func (p *peerTCP) has() int {
	n := 0
	for _, ok := p.got[n]; ok; _, ok = p.got[n] {
		n++
	}
	if n == p.end {
		n++
	}
	return n
}

// segment is what the peer sends of its stream from place at on, size bytes of it.
func (p *peerTCP) segment(at, size int, opts ...lcoretest.Option) []byte {
	flags := "A"
	if at+size > len(p.stream) {
		flags, size = "FA", len(p.stream)-at
	}
	opts = append(opts, lcoretest.Seq(p.first+uint32(at), p.otherFirst+uint32(p.has())), lcoretest.Payload(p.stream[at:at+size]))
	return lcoretest.TCP(p.addr, p.other, flags, opts...)
}

// receive takes a packet that has arrived, and fails if it is not one of the connection that the peer knows.
func (p *peerTCP) receive(t *rapid.T, frame []byte) {
	if line := lcoretest.Describe(frame); line[len(line)-7:] != "csum ok" || len(frame) > wire.EthernetLen+1500 {
		t.Fatalf("%v got %s, %d bytes", p.addr, line, len(frame))
	}
	segment, size := parseTCP(frame)
	if acked := int(int32(segment.Ack() - p.first)); acked > len(p.stream)+1 || acked < -1-rewrite.ProxyMax {
		t.Fatalf("%v: of %d bytes %d are acknowledged", p.addr, len(p.stream), acked)
	} else {
		p.acked = max(p.acked, acked)
	}
	at := int(int32(segment.Seq() - p.otherFirst))
	payload := segment[segment.HeaderLen():size]
	for i, b := range payload {
		if old, ok := p.got[at+i]; ok && old != b {
			t.Fatalf("%v: byte %d of the other's stream was %q and is %q", p.addr, at+i, old, b)
		}
		p.got[at+i] = b
	}
	if segment.Flags()&wire.FIN != 0 {
		if end := at + len(payload); p.end >= 0 && p.end != end {
			t.Fatalf("%v: the other's stream ended at %d and ends at %d", p.addr, p.end, end)
		} else {
			p.end = end
		}
	}
	for o := wire.TCPLen; ; {
		kind, size := segment.Option(o)
		if size == 0 {
			break
		}
		if kind == rewrite.OptionTOA {
			p.toas++
		}
		o += size
	}
}

// parseTCP returns the segment in frame, and how long it is.
func parseTCP(frame []byte) (wire.TCP, int) {
	b := frame[wire.EthernetLen:]
	if b[0]>>4 == 6 {
		ip := wire.IPv6(b)
		return ip.Payload(), ip.PayloadLen()
	}
	ip := wire.IPv4(b)
	return ip.Payload(), ip.PayloadLen()
}

// streams are a client and a server, each at its own end of a director, and a network between them that loses, repeats and mixes up.
type streams struct {
	*rig
	t              *rapid.T
	client, server *peerTCP
	late           [2][][]byte // packets on their way, to the server and to the client
}

// through sends a frame of the client's (to the server: 0) or the server's (1) through the director.
func (s *streams) through(to int, frame []byte) []byte {
	from, eth := outside, wire.Ethernet(frame)
	eth.SetSrc(gatewayMAC)
	eth.SetDst(outsideMAC)
	if to == 1 {
		from = inside
		eth.SetSrc(serverMAC(1))
		eth.SetDst(insideMAC)
	}
	s.ports[from].Inject(0, frame)
	s.turn()
	out := s.ports[1-from].Sent()
	if len(out) != 1 {
		s.t.Fatalf("%s: %d packets leave", lcoretest.Describe(frame), len(out))
	}
	return out[0]
}

// open shakes hands. The addresses and numbers that the ends see of each other they learn from their SYNs.
func (s *streams) open() {
	c, r := s.client, s.server
	syn := s.through(0, lcoretest.TCP(c.addr, c.other, "S", lcoretest.Seq(c.first-1, 0), lcoretest.MSS(1460), lcoretest.Timestamp(1, 0)))
	seen, _ := parseTCP(syn)
	r.otherFirst = seen.Seq() + 1
	source := wire.IPv4(syn[wire.EthernetLen:]).Src()
	r.other = netip.AddrPortFrom(flow.V4(source).Netip(), seen.SrcPort())
	if !c.addr.Addr().Is4() {
		r.other = netip.AddrPortFrom(wire.IPv6(syn[wire.EthernetLen:]).Src().Netip(), seen.SrcPort())
	}
	answer, _ := parseTCP(s.through(1, lcoretest.TCP(r.addr, r.other, "SA", lcoretest.Seq(r.first-1, r.otherFirst), lcoretest.MSS(1460))))
	c.otherFirst = answer.Seq() + 1
	if answer.Ack() != c.first {
		s.t.Fatalf("the client's SYN is acknowledged with %d, want %d", answer.Ack(), c.first)
	}
	r.receive(s.t, s.through(0, c.segment(0, 0)))
	c.mss = int(binary.BigEndian.Uint16(answer.Options()[2:]))
	r.mss = 1460
}

// send has one end send a piece of its stream, from any place on that is not acknowledged yet.
func (s *streams) send(to, at, size int) {
	p := [2]*peerTCP{s.client, s.server}[to]
	s.late[to] = append(s.late[to], s.through(to, p.segment(at, size)))
}

// step is one thing that may happen.
func (s *streams) step() {
	to := rapid.IntRange(0, 1).Draw(s.t, "to")
	p, q := s.client, s.server
	if to == 1 {
		p, q = q, p
	}
	switch rapid.IntRange(0, 3).Draw(s.t, "what") {
	case 0, 1:
		acked := min(max(p.acked, 0), len(p.stream))
		at := rapid.IntRange(acked, min(len(p.stream), acked+4000)).Draw(s.t, "at")
		if to == 0 && at != acked && rapid.Bool().Draw(s.t, "from the beginning") {
			at = acked
		}
		s.send(to, at, min(rapid.SampledFrom([]int{0, 1, 90, p.mss}).Draw(s.t, "size"), len(p.stream)-at+1))
	case 2:
		if n := len(s.late[to]); n > 0 {
			i := rapid.IntRange(0, n-1).Draw(s.t, "packet")
			q.receive(s.t, s.late[to][i])
			if rapid.Bool().Draw(s.t, "once") {
				s.late[to] = append(s.late[to][:i], s.late[to][i+1:]...)
			}
		}
	case 3:
		if n := len(s.late[to]); n > 0 {
			s.late[to] = s.late[to][:n-1] // lost
		}
	}
}

// finish has both say all that they have, without loss.
func (s *streams) finish() {
	for tries := 0; s.client.acked <= len(s.client.stream) || s.server.acked <= len(s.server.stream); tries++ {
		if tries == 200 {
			s.t.Fatal("they do not come to an end")
		}
		for to, p := range []*peerTCP{s.client, s.server} {
			if p.acked > len(p.stream) {
				continue
			}
			at := max(p.acked, 0)
			s.late[to] = nil
			s.send(to, at, min(p.mss, len(p.stream)-at+1))
			[2]*peerTCP{s.server, s.client}[to].receive(s.t, s.late[to][0])
			s.late[1-to] = nil
			q := [2]*peerTCP{s.server, s.client}[to]
			p.receive(s.t, s.through(1-to, lcoretest.TCP(q.addr, q.other, "A", lcoretest.Seq(q.first+uint32(len(q.stream))+1, q.otherFirst+uint32(q.has())))))
		}
	}
}

// TestFullNATStreams: what a client and a server say to each other through FULLNAT arrives, over both families, however the server learns who the client is and whatever
// is lost, repeated or overtaken; the server sees the PROXY header in front of it, once, or TOAs.
func TestFullNATStreams(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tell := rapid.SampledFrom([]service.ClientAddress{service.Untold, service.TOA, service.ProxyV1, service.ProxyV2}).Draw(rt, "tell")
		number := rapid.SampledFrom([]uint32{0, 1 << 31, 1<<32 - 1, 1<<32 - 2000, 77})
		bytes := func(what string) []byte {
			return rapid.SliceOfN(rapid.Byte(), 0, 3000).Draw(rt, what)
		}
		world, client, vip, server := disguised(tell), alice, vip80, "10.9.0.11:80"
		if rapid.Bool().Draw(rt, "IPv6") {
			world, client, vip, server = disguised6(tell), alice6, vip6, "[fd09::11]:80"
		}
		world.servers = world.servers[:1]
		s := &streams{
			rig: newRig(t, with(kernel, world)), t: rt,
			client: &peerTCP{addr: netip.MustParseAddrPort(client), other: netip.MustParseAddrPort(vip), stream: bytes("client"), first: number.Draw(rt, "client's first"), got: map[int]byte{}, end: -1},
			server: &peerTCP{addr: netip.MustParseAddrPort(server), stream: bytes("server"), first: number.Draw(rt, "server's first"), got: map[int]byte{}, end: -1},
		}
		s.open()
		for range rapid.IntRange(0, 40).Draw(rt, "steps") {
			s.step()
		}
		s.finish()
		s.compare(tell)
	})
}

// compare holds what arrived to what was said.
func (s *streams) compare(tell service.ClientAddress) {
	end := func(ap netip.AddrPort) rewrite.End {
		return rewrite.End{Addr: flow.FromNetip(ap.Addr()), Port: ap.Port()}
	}
	want := append(rewrite.AppendProxy(nil, tell, end(s.client.addr), end(s.client.other)), s.client.stream...)
	if got := s.server.all(); !bytes.Equal(got, want) {
		s.t.Fatalf("the server got %q, want %q", got, want)
	}
	if got := s.client.all(); !bytes.Equal(got, s.server.stream) {
		s.t.Fatalf("the client got %q, want %q", got, s.server.stream)
	}
	if told := s.server.toas > 0; told != (tell == service.TOA) {
		s.t.Fatalf("%d TOAs, told by %d", s.server.toas, tell)
	}
}

// all is what has come of the other's stream; nil if it is not whole.
func (p *peerTCP) all() []byte {
	if p.end < 0 || p.has() != p.end+1 || len(p.got) != p.end {
		return nil
	}
	b := make([]byte, p.end)
	for i := range b {
		b[i] = p.got[i]
	}
	return b
}

// TestFullNATBursts: it makes no difference to what leaves, nor to any table, whether packets of FULLNAT connections come in one burst or one by one: what they
// change of each other's numbers, they change in packet order.
func TestFullNATBursts(t *testing.T) {
	check(t, func(t trial) {
		world := with(kernel, disguised(pick(t, "tell", service.Untold, service.TOA, service.ProxyV1)))
		many, single := newRig(t, world), newRig(t, world)
		many.byMAC()
		single.byMAC()
		for range rapid.IntRange(1, 6).Draw(t.T, "bursts") {
			frames := make([][]byte, rapid.IntRange(1, burst.Size).Draw(t.T, "packets"))
			for i := range frames {
				frames[i] = drawSegment(t)
				single.ports[outside].Inject(0, frames[i])
				single.turn()
			}
			many.ports[outside].Inject(0, frames...)
			many.turn()
			for i := range single.ports {
				want, got := single.ports[i].Sent(), many.ports[i].Sent()
				if !slices.EqualFunc(want, got, bytes.Equal) {
					t.Fatalf("port %d, one by one:\n%v\nand in bursts:\n%v", i, describe(want), describe(got))
				}
			}
			if diff := cmp.Diff(single.state(), many.state()); diff != "" {
				t.Fatalf("one by one (-) and in bursts (+):\n%s", diff)
			}
		}
	})
}

// drawSegment is one of few clients' and servers', so that many belong together.
func drawSegment(t trial) []byte {
	flags, more := pick(t, "flags", "S", "S", "SA", "A", "A", "PA", "FA", "R"), data(pick(t, "size", 0, 0, 30))
	if pick(t, "from", "client", "server") == "client" {
		return fromClient(pick(t, "client", alice, bob), vip80, flags, lcoretest.Seq(pick(t, "seq", uint32(1), 2, 32, 5000), pick(t, "ack", uint32(10), 11)), more)
	}
	n := pick(t, "server", 1, 2)
	local := netip.AddrPortFrom(ip(pick(t, "local", "10.9.0.100", "10.9.0.102")), pick(t, "port", uint16(1027), 1028, 1029)).String()
	from := []string{"10.9.0.11:80", "10.9.0.12:8080"}[n-1]
	return fromServer(n, from, local, flags, lcoretest.Seq(pick(t, "seq", uint32(9), 10), pick(t, "ack", uint32(first4+2), first4+43, first4+73, second4+2)), more)
}
