package gen

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"
)

// small is a Load that a test gets through quickly.
func small(change func(*Load)) *Load {
	l := DefaultLoad()
	l.Targets, l.Clients, l.Flows = []string{vip4.String()}, []string{"100.64.0.0/24"}, 512
	change(&l)
	return &l
}

// loads are all kinds of them.
var loads = map[string]*Load{
	"tcp packets":           small(func(l *Load) {}),
	"tcp packets that end":  small(func(l *Load) { l.Requests = 3 }),
	"tcp connections":       small(func(l *Load) { l.Unit, l.Requests, l.Flows = "connections", 1, 4096 }),
	"tcp connections, imix": small(func(l *Load) { l.Unit, l.Requests, l.Flows, l.Sizes = "connections", 5, 8192, "imix" }),
	"udp packets":           small(func(l *Load) { l.Proto = "udp" }),
	"udp packets, imix":     small(func(l *Load) { l.Proto, l.Sizes = "udp", "imix" }),
	"udp packets that end":  small(func(l *Load) { l.Proto, l.Requests = "udp", 4 }),
	"udp connections":       small(func(l *Load) { l.Proto, l.Unit, l.Requests, l.Flows = "udp", "connections", 3, 8192 }),
	"IPv6":                  small(func(l *Load) { l.Targets, l.Clients, l.Sizes = []string{vip6.String()}, []string{"fd16::/56"}, "84" }),
	"IPv6, udp, long prefix": small(func(l *Load) {
		l.Proto, l.Targets, l.Clients, l.Sizes = "udp", []string{vip6.String()}, []string{"fd16::/120"}, "g"
	}),
	"both families": small(func(l *Load) {
		l.Targets, l.Clients, l.Sizes = append(l.Targets, vip6.String()), append(l.Clients, "fd16::/56"), "84"
	}),
	"zipf":        small(func(l *Load) { l.Zipf, l.Flows = 1, 1024 }),
	"new clients": small(func(l *Load) { l.Requests, l.New, l.Returning = 2, 0.5, 64 }),
	"new clients' connections": small(func(l *Load) {
		l.Unit, l.Requests, l.New, l.Clients = "connections", 1, 0.25, []string{"100.64.0.0/16"}
	}),
	"flood":                         small(func(l *Load) { l.Flood = 100000 }),
	"two targets, wide netmask":     small(func(l *Load) { l.Targets, l.Netmask = append(l.Targets, "10.0.0.1:443"), 24 }),
	"one client with all its ports": small(func(l *Load) { l.Clients, l.Flows = []string{"100.64.0.7/32"}, 1000 }),
}

// TestNothingHappens: over a cable that does no harm, everything comes back once and in order, from the same server.
func TestNothingHappens(t *testing.T) {
	for name, l := range loads {
		t.Run(name, func(t *testing.T) {
			c := newCable(t, l)
			for range 2 { // a second trial finds what the first one left
				rate := 1e6 // of packets: 20 a turn; the generator receives 32
				if l.Unit == "connections" {
					rate = 1e5
				}
				o := c.run(rate, time.Duration(4000/rate*float64(time.Second)))
				if o.Sent+o.Late != 4000 || o.Late != 0 || o.Lost != 0 || o.Received != o.Sent {
					t.Errorf("sent %d, received %d, lost %d, late %d; want 4000, none lost nor late", o.Sent, o.Received, o.Lost, o.Late)
				}
				if o.Reordered+o.Duplicated+o.Foreign+o.Violations != 0 {
					t.Errorf("%+v: something was seen that was not there", o)
				}
				counts := c.Counts()
				if counts.Asked != counts.Answered || uint64(o.Latency.TotalCount()) != counts.Answered {
					t.Errorf("%d asked, %d answered, %d latencies", counts.Asked, counts.Answered, o.Latency.TotalCount())
				}
				if m := o.Latency.Max(); m < int64(step) || m > int64(3*step) {
					t.Errorf("latency up to %d ns, want one to three turns of %v", m, step)
				}
				if l.Flood != 0 && (counts.FloodSent != uint64(l.Flood/250) || counts.FloodAnswered == 0) {
					t.Errorf("flood: %d sent, %d answered", counts.FloodSent, counts.FloodAnswered)
				}
			}
		})
	}
}

// TestInjected: what happens on the cable is counted, no more and no less.
func TestInjected(t *testing.T) {
	for _, size := range []string{"64", "100", "imix"} { // without a stamp, and with
		for seed := range uint64(3) {
			c := newCable(t, small(func(l *Load) { l.Sizes, l.Flows = size, 256 }))
			r := rand.New(rand.NewPCG(seed, 1))
			var lost, duplicated, reordered, corrupt, foreign uint64
			held := map[[12]byte][]byte{} // one answer of a flow, until the flow's next one
			c.back = func(f []byte) [][]byte {
				tuple, ok := data(f)
				if !ok {
					return [][]byte{f}
				}
				if earlier := held[tuple]; earlier != nil {
					delete(held, tuple)
					reordered++
					return [][]byte{f, earlier}
				}
				switch r.IntN(50) {
				case 0:
					lost++
					return nil
				case 1:
					duplicated++
					return [][]byte{f, f}
				case 2:
					held[tuple] = f
					return nil
				case 3:
					lost++
					corrupt++
					f[len(f)-1]++ // the last byte of data, or of the checksum's reach
					return [][]byte{f}
				case 4:
					foreign++
					g := append([]byte(nil), f...)
					g[wire.EthernetLen+wire.IPv4Len+1]++ // from another port
					fixSum(g)
					return [][]byte{f, g}
				}
				return [][]byte{f}
			}
			o := c.run(1e6, 10*time.Millisecond)
			lost += uint64(len(held)) // no later answer brought them back
			if o.Sent != 10000 || o.Lost != lost || o.Duplicated != duplicated || o.Reordered != reordered || o.Violations != 0 {
				t.Errorf("sizes %s, seed %d: %+v; want lost %d, duplicated %d, reordered %d", size, seed, o, lost, duplicated, reordered)
			}
			if n := c.Counts(); n.Corrupt != corrupt || n.Foreign != foreign || lost == 0 || duplicated == 0 || reordered == 0 || foreign == 0 {
				t.Errorf("sizes %s, seed %d: corrupt %d, foreign %d; want %d, %d", size, seed, n.Corrupt, n.Foreign, corrupt, foreign)
			}
		}
	}
}

// fixSum makes the checksum of a segment right again.
func fixSum(frame []byte) {
	ip, _ := wire.ParseIPv4(frame[wire.EthernetLen:], len(frame)-wire.EthernetLen)
	s := wire.TCP(ip.Payload())
	s.SetChecksum(0)
	s.SetChecksum(wire.Checksum(s, ip.Pseudo()))
}

// TestLostQuestions: it does not matter on which way something is lost.
func TestLostQuestions(t *testing.T) {
	c := newCable(t, small(func(l *Load) { l.Unit, l.Requests, l.Flows = "connections", 2, 20000; l.Returning = 256 }))
	r := rand.New(rand.NewPCG(7, 7))
	broken := map[[12]byte]bool{}
	c.out = func(f []byte) [][]byte {
		if tuple, ok := data(f); ok && r.IntN(100) == 0 {
			broken[tuple] = true
			return nil
		}
		return [][]byte{f}
	}
	o := c.run(1e5, 100*time.Millisecond)
	if o.Sent != 10000 || o.Lost != uint64(len(broken)) || o.Lost == 0 {
		t.Errorf("%d connections, %d lost; want 10000, %d", o.Sent, o.Lost, len(broken))
	}
}

// TestViolations: every time that a client is given to another server is counted, and nothing else.
func TestViolations(t *testing.T) {
	c := newCable(t, small(func(l *Load) { l.Unit, l.Requests, l.Flows = "connections", 1, 4096 }))
	r := rand.New(rand.NewPCG(3, 4))
	server := map[uint32]byte{} // of a client
	var changes uint64
	c.out = func(f []byte) [][]byte {
		client := clientOf(f)
		now, known := server[client]
		if !known {
			server[client] = byte(client % uint32(serverCount))
		} else if isSYN(f) && r.IntN(20) == 0 {
			changes++
			server[client] = (now + 1) % byte(serverCount)
		}
		f[5] = serverMAC[5] + server[client]
		return [][]byte{f}
	}
	if o := c.run(1e5, 100*time.Millisecond); o.Lost != 0 || o.Violations != changes || changes == 0 {
		t.Errorf("%d lost, %d violations; want 0, %d", o.Lost, o.Violations, changes)
	}
}

// TestLate: what the port does not take in time is not sent later, but counted.
func TestLate(t *testing.T) {
	c := newCable(t, small(func(*Load) {}))
	c.run(1e5, time.Millisecond) // flows are open now
	c.queues[0] = &lcoretest.Jam{Queue: c.queues[0], Room: 5}
	o := c.run(1e6, 10*time.Millisecond) // 20 a turn are due, and 5 leave
	if o.Sent+o.Late != 10000 || o.Lost != 0 || o.Sent > 2500 || o.Sent < 2200 {
		t.Errorf("%+v; want a quarter of 10000 sent, and the others late", o)
	}
	if o = c.run(0, 10*time.Millisecond); o.Late != 0 || o.Lost != 0 || o.Sent < 2200 || o.Duration < 10*time.Millisecond {
		t.Errorf("%+v; want as many as leave, and nothing late", o)
	}
}

// TestImpossible: a trial that cannot be made says why.
func TestImpossible(t *testing.T) {
	nobody := func([]byte) [][]byte { return nil }
	c := newCable(t, small(func(*Load) {}))
	c.out = nobody
	if _, err := c.Run(context.Background(), 1e5, time.Second); err == nil || !strings.HasPrefix(err.Error(), "0 of 512 flows could be opened") {
		t.Errorf("no server: %v", err)
	}
	c.link.Next[four].MAC = wire.MAC{}
	if _, err := c.Run(context.Background(), 1e5, time.Second); err == nil || !strings.HasPrefix(err.Error(), "no answer about the next hop 10.0.0.1") {
		t.Errorf("no director: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := c.Run(ctx, 1e5, time.Second); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: %v", err)
	}
	if _, err := c.Run(context.Background(), -1, time.Second); err == nil {
		t.Error("a negative rate was not refused")
	}
}

// TestNextHop: the generator asks for its next hop, and answers whoever asks for a client.
func TestNextHop(t *testing.T) {
	c := newCable(t, small(func(*Load) {}))
	c.link.Next[four].MAC = wire.MAC{}
	asked := 0
	c.out = func(f []byte) [][]byte {
		if wire.Ethernet(f).Type() != wire.TypeARP {
			return [][]byte{f}
		}
		switch asked++; lcoretest.Describe(f) {
		case "arp who has 10.0.0.1 tell 10.8.0.2 at 02:00:00:00:08:02":
			c.near.Inject(0, lcoretest.ARPReply(serverMAC, vip4.Addr(), routerMAC, router4.Netip()),
				lcoretest.ARPRequest(serverMAC, vip4.Addr(), netip.MustParseAddr("100.64.0.9")))
		case "arp 100.64.0.9 is at 02:00:00:00:08:02, to 10.0.0.1 at 02:00:00:00:09:0a":
		case "arp 10.8.0.2 is at 02:00:00:00:08:02, to 10.8.0.3 at 02:00:00:00:09:0a": // the reflector has asked
			return [][]byte{f}
		default:
			t.Errorf("%s", lcoretest.Describe(f))
		}
		return nil
	}
	if o := c.run(1e5, 10*time.Millisecond); o.Sent != 1000 || o.Lost != 0 || o.Foreign != 0 || asked != 3 {
		t.Errorf("%+v after %d frames of ARP", o, asked)
	}
}

// TestReset: a server that does not want a connection loses it, and the generator says so.
func TestReset(t *testing.T) {
	c := newCable(t, small(func(l *Load) { l.Unit, l.Requests = "connections", 1 }))
	refused := uint64(0)
	c.back = func(f []byte) [][]byte {
		if s, ok := segmentIn(f); ok && s.Flags() == wire.SYN|wire.ACK && refused < 10 {
			refused++
			s.SetFlags(wire.RST | wire.ACK)
			fixSum(f)
		}
		return [][]byte{f}
	}
	if o := c.run(1e5, 2*time.Millisecond); o.Lost != 10 || c.Counts().Resets != 10 {
		t.Errorf("%d lost, %d reset; want 10", o.Lost, c.Counts().Resets)
	}
}

// TestSegments: what a client sends, from SYN to the last ACK, is TCP as others know it.
func TestSegments(t *testing.T) {
	c := newCable(t, small(func(l *Load) { l.Unit, l.Requests, l.Flows, l.Clients = "connections", 2, 1, []string{"100.64.0.7/32"} }))
	var got []string
	note := func(f []byte) [][]byte {
		if _, ok := segmentIn(f); ok {
			got = append(got, lcoretest.Describe(f))
		}
		return [][]byte{f}
	}
	c.out, c.back = note, note
	c.run(1e3, time.Millisecond)
	seq := func(n uint32) uint32 { return c.flows.initial(0) + n }
	rs := func(n uint32) uint32 { return c.flows.all[0].remote + n }
	out, back := "100.64.0.7 > 10.0.0.1 tcp 1025>80 ", "10.0.0.1 > 100.64.0.7 tcp 80>1025 "
	want := []string{
		out + fmt.Sprintf("S seq %d ttl 64 csum ok", seq(0)),
		back + fmt.Sprintf("SA seq %d ack %d ttl 64 csum ok", rs(0), seq(1)),
		out + fmt.Sprintf("PA seq %d ack %d len 6 ttl 64 csum ok", seq(1), rs(1)),
		back + fmt.Sprintf("PA seq %d ack %d len 6 ttl 64 csum ok", rs(1), seq(7)),
		out + fmt.Sprintf("PA seq %d ack %d len 6 ttl 64 csum ok", seq(7), rs(7)),
		back + fmt.Sprintf("PA seq %d ack %d len 6 ttl 64 csum ok", rs(7), seq(13)),
		out + fmt.Sprintf("FA seq %d ack %d ttl 64 csum ok", seq(13), rs(13)),
		back + fmt.Sprintf("FA seq %d ack %d ttl 64 csum ok", rs(13), seq(14)),
		out + fmt.Sprintf("A seq %d ack %d ttl 64 csum ok", seq(14), rs(14)),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAllocations: nothing of a turn is on the heap.
func TestAllocations(t *testing.T) {
	for name, l := range loads {
		p, err := newLoop(l)
		if err != nil {
			t.Fatal(err)
		}
		p.offer(1e6, time.Hour)
		for range 1000 {
			p.turn()
		}
		if n := testing.AllocsPerRun(200, p.turn); n != 0 {
			t.Errorf("%s: %v allocations a turn", name, n)
		}
		if c := p.Counts(); c.Answered < 100 || p.phase != offering {
			t.Errorf("%s: %+v", name, c)
		}
	}
}
