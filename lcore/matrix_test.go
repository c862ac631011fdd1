package lcore

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/nexthop"
)

var update = flag.Bool("update", false, "write testdata/fixtures.txt anew")

const preamble = `Packets in and out: every forwarding method, family, protocol and error. Written by TestMatrix, which compares it; go test -run TestMatrix -update writes
it anew, to be read before it is believed (docs/spec/forwarding.md F10).

A packet is told by its direction, port (outside, inside), link addresses, decoded text with all checksums verified, and its bytes from the link
header on; (n)00 stands for n bytes of zeros. Behind "counted" are the verdicts. The network is that of lcore/rig_test.go.
`

// TestMatrix plays every event on every way, compares with testdata/fixtures.txt, and what was forwarded also with a twin: the same packet built with
// the addresses, ports and TTL that it should have (F10).
func TestMatrix(t *testing.T) {
	var told strings.Builder
	told.WriteString(preamble)
	count := 0
	for _, w := range ways() {
		s := newScene(t, w)
		for i := range events {
			if m := &events[i]; m.when == nil || m.when(w) {
				s.begin(m)
			}
		}
		told.WriteString(s.told.String())
		count += s.count
		s.rig.conserve()
	}
	if count < 200 {
		t.Errorf("%d fixtures", count)
	}
	t.Logf("%d fixtures", count)
	const file = "testdata/fixtures.txt"
	if *update {
		if err := os.WriteFile(file, []byte(told.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if want, got := strings.Split(string(want), "\n\n"), strings.Split(told.String(), "\n\n"); !slices.Equal(want, got) {
		for i := range max(len(want), len(got)) {
			if i >= len(want) || i >= len(got) || want[i] != got[i] {
				t.Fatalf("%s, part %d:\nwant %q\ngot  %q", file, i, at(want, i), at(got, i))
			}
		}
	}
}

func at(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return ""
}

// scene is a rig on which the events of one way happen, each to a client of its own.
type scene struct {
	*testing.T
	rig    *rig
	way    way
	client netip.AddrPort
	seen   struct { // as the server has them
		client, server netip.AddrPort
		number         uint32 // what TCP's sequence number 1 has become
	}
	event string
	told  strings.Builder
	count int
}

func newScene(t *testing.T, w way) *scene {
	return &scene{T: t, way: w, rig: newRig(t, with(kernel, w.services("")...)), client: w.addrPort(w.client, "172.16.0.0", "fd16::", 20001)}
}

func (s *scene) begin(m *event) {
	s.event = m.name
	s.client = netip.AddrPortFrom(s.client.Addr().Next(), s.client.Port())
	s.seen.client, s.seen.server, s.seen.number = s.client, netip.AddrPort{}, 1
	m.act(s)
}

// vip is the way's service; other ports of its address are services that lead elsewhere.
func (s *scene) vip(port uint16) netip.AddrPort { return s.way.vip(port) }

// opened has the client's connection open, and learns what the server sees of it.
func (s *scene) opened() {
	s.Helper()
	s.rig.ports[outside].Inject(0, s.in(s.way.open, 80))
	s.rig.turn()
	out := s.rig.ports[inside].Sent()
	if len(out) != 1 {
		s.Fatalf("%v: %s: nothing opens: %d packets", s.way, s.event, len(out))
	}
	s.learn(out[0])
}

func (s *scene) learn(frame []byte) {
	s.seen.client, s.seen.server = ends(frame[s.way.overhead():])
	if s.way.proto == flow.TCP {
		s.seen.number = binary.BigEndian.Uint32(frame[s.way.overhead()+l3+s.way.ipHeader()+4:])
	}
}

// in is what the client says to a port of the VIP; out what the server says back, as far as it passes here.
func (s *scene) in(says speech, port uint16, opts ...lcoretest.Option) []byte {
	return says(s.client, s.vip(port), append([]lcoretest.Option{fromGateway}, opts...)...)
}

func (s *scene) out(says speech, opts ...lcoretest.Option) []byte {
	return says(s.seen.server, s.seen.client, append([]lcoretest.Option{fromInside, lcoretest.Seq(1, s.seen.number+1)}, opts...)...)
}

// wanted is what should leave of in and out: the twin.
func (s *scene) wantedIn(says speech, opts ...lcoretest.Option) []byte {
	return says(s.seen.client, s.seen.server, append([]lcoretest.Option{lcoretest.Link(insideMAC, serverMAC(1)), lcoretest.TTL(63), lcoretest.Seq(s.seen.number, 0)}, opts...)...)
}

func (s *scene) wantedOut(says speech, opts ...lcoretest.Option) []byte {
	return says(s.vip(80), s.client, append([]lcoretest.Option{lcoretest.Link(outsideMAC, gatewayMAC), lcoretest.TTL(63), lcoretest.Seq(1, 2)}, opts...)...)
}

// tell lets frames arrive and writes down what happens; wanted is what should leave, if a twin knows it.
func (s *scene) tell(what string, port int, frames [][]byte, wanted ...[]byte) {
	s.Helper()
	s.head(what)
	for _, f := range frames {
		s.line("in ", port, f)
	}
	before := s.rig.counters()
	s.rig.ports[port].Inject(0, frames...)
	s.watch(before, wanted)
}

func (s *scene) head(what string) {
	if what != "" {
		what = ", " + what
	}
	fmt.Fprintf(&s.told, "\n%v: %s%s\n", s.way, s.event, what)
}

func (s *scene) watch(before Counters, wanted [][]byte) {
	s.Helper()
	s.count++
	s.rig.turn()
	var sent [][]byte
	for i := range s.rig.ports {
		for _, f := range s.rig.ports[i].Sent() {
			s.line("out", i, f)
			sent = append(sent, f)
		}
	}
	after, counts := s.rig.counters(), map[string]uint64{}
	for _, v := range Verdicts() {
		if n := after.Verdicts[v] - before.Verdicts[v]; n != 0 {
			counts[v.String()] = n
		}
	}
	s.told.WriteString("  counted")
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&s.told, " %s %d", name, counts[name])
	}
	s.told.WriteString("\n")
	if wanted != nil {
		s.compare(wanted, sent)
	}
}

func (s *scene) compare(wanted, sent [][]byte) {
	s.Helper()
	if len(wanted) != len(sent) {
		s.Errorf("%v: %s: %d packets, want %d", s.way, s.event, len(sent), len(wanted))
		return
	}
	for i, want := range wanted {
		want = unpadded(want)
		if got := sent[i]; !bytes.Equal(want[l3:], got[l3+s.way.overhead():]) || s.way.overhead() == 0 && !bytes.Equal(want[:l3], got[:l3]) {
			s.Errorf("%v: %s:\nsent % x\nwant % x", s.way, s.event, got, want)
		}
	}
}

// unpadded is a frame without the bytes behind its IP packet that make it as long as Ethernet wants it.
func unpadded(frame []byte) []byte {
	if frame[12] == 8 {
		return frame[:l3+int(binary.BigEndian.Uint16(frame[l3+2:]))]
	}
	return frame[:l3+40+int(binary.BigEndian.Uint16(frame[l3+4:]))]
}

var macs = map[[6]byte]string{outsideMAC: "director", insideMAC: "director", gatewayMAC: "gateway", serverMAC(1): "rs1", serverMAC(9): "rs9"}

func (s *scene) line(direction string, port int, frame []byte) {
	name := []string{"outside", "inside"}[port]
	fmt.Fprintf(&s.told, "  %s %s: %s → %s: %s\n      %s\n", direction, name, macs[[6]byte(frame[6:])], macs[[6]byte(frame)], lcoretest.Describe(frame), digits(frame))
}

var zeros = regexp.MustCompile(`(?:00){24,}`)

// digits is hexadecimal, apart between link header, IP header and the rest, and short where nothing is.
func digits(frame []byte) string {
	upper := l3 + 40
	if frame[12] == 8 {
		upper = l3 + int(frame[l3]&0xf)*4
	}
	frame = unpadded(frame)
	text := fmt.Sprintf("%x %x %x", frame[:l3], frame[l3:upper], frame[upper:])
	return zeros.ReplaceAllStringFunc(text, func(run string) string { return fmt.Sprintf("(%d)00", hex.DecodedLen(len(run))) })
}

// ends are source and destination of an untagged frame's IP packet without options and extension headers.
func ends(frame []byte) (src, dst netip.AddrPort) {
	addrs, size := frame[l3+12:], 4
	if frame[l3]>>4 == 6 {
		addrs, size = frame[l3+8:], 16
	}
	at := func(i int) netip.AddrPort {
		a, _ := netip.AddrFromSlice(addrs[i*size : (i+1)*size])
		return netip.AddrPortFrom(a, binary.BigEndian.Uint16(addrs[2*size+2*i:]))
	}
	return at(0), at(1)
}

// known makes the address of the server known that has to be asked for.
func (s *scene) known() {
	w := s.rig.wishes
	w.hops = append(w.hops, nexthop.Neighbor{Port: inside, Addr: addr("10.9.0.9"), MAC: serverMAC(9)}, nexthop.Neighbor{Port: inside, Addr: addr("fd09::9"), MAC: serverMAC(9)})
	s.rig.change(w)
}
