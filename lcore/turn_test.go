package lcore

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"cleat/lcore/burst"
	"cleat/lcore/conn"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wheel"
)

// silent is a port that receives nothing and transmits into nothing.
type silent struct{ *lcoretest.Replay }

// Receive implements burst.Queue.
func (silent) Receive([]burst.Packet) int { return 0 }

// replay lets the one worker's ports receive frames over and over; a port without frames stays silent.
func (r *rig) replay(fromOutside, fromInside [][]byte) {
	for port, frames := range [][][]byte{fromOutside, fromInside} {
		queue := lcoretest.NewReplay(r.pool, frames...)
		queue.Number = uint16(port)
		r.workers[0].Queues[port] = queue
		if len(frames) == 0 {
			r.workers[0].Queues[port] = silent{queue}
		}
	}
}

// client is the nth of more clients than there are in a /16.
func client(n int, port uint16) string {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{172, byte(16 + n>>16&15), byte(n >> 8), byte(n)}), port).String()
}

// each builds n frames.
func each(n int, frame func(i int) []byte) (frames [][]byte) {
	for i := range n {
		frames = append(frames, frame(i))
	}
	return frames
}

// TestTurnAllocatesNothing, and neither does what is between two turns, whatever the packets are.
func TestTurnAllocatesNothing(t *testing.T) {
	known := each(64, func(i int) []byte { return fromClient(client(i, 1), vip80, "SA") })
	for _, tt := range []struct {
		name                string
		wish                wish
		fromOutside, inside [][]byte
		verdict             Verdict
	}{
		{"known connections", web(0), known, nil, ForwardInput},
		{
			"both directions", balanced("rr", "10.9.0.11:80"), known,
			each(64, func(i int) []byte { return fromServer(1, "10.9.0.11:80", client(i, 1), "A") }), ForwardOutput,
		},
		{
			"new connections of known clients", web(hour),
			each(8192, func(i int) []byte { return fromClient(client(i%100, uint16(i)), vip80, "S") }), nil, ForwardInput,
		},
		{"new clients", web(hour), each(8192, func(i int) []byte { return fromClient(client(i, 1), vip80, "S") }), nil, ForwardInput},
		{"new connections, no persistence", web(0), each(8192, func(i int) []byte { return fromClient(client(i, 1), vip80, "S") }), nil, ForwardInput},
		{"no server", balanced("rr"), known, nil, AnswerNoDestination},
		{"ARP", web(0), each(1, func(int) []byte { return lcoretest.ARPRequest(neighborMAC, ip("10.8.0.9"), ip("10.8.0.1")) }), nil, AnswerARP},
		{"echo", web(0), each(1, func(int) []byte { return lcoretest.Echo(ip("172.16.0.1"), ip("10.0.0.1"), 1, 1, fromGateway) }), nil, AnswerEcho},
		{"RST", web(0), each(1, func(int) []byte { return fromClient(alice, "10.0.0.1:81", "S") }), nil, AnswerReset},
		{"routed", web(0), each(1, func(int) []byte { return fromClient(alice, "10.9.0.11:81", "S") }), nil, Route},
		{"held", web(0), each(1, func(int) []byte { return toUnknown(1) }), nil, DropNeighbor},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, wishes{settings: kernel, size: 16384, services: []wish{tt.wish}})
			r.replay(tt.fromOutside, tt.inside)
			w := r.workers[0]
			turn := func() {
				r.now += time.Millisecond // so that timers run and counters are published
				w.between(w.Turn())
			}
			if n := testing.AllocsPerRun(100, turn); n != 0 {
				t.Errorf("%v allocations a turn", n)
			}
			if c := r.counters(); c.Verdicts[tt.verdict] < 50*burst.Size {
				t.Errorf("%d packets of %v only", c.Verdicts[tt.verdict], tt.verdict)
			}
			r.conserve()
		})
	}
}

// BenchmarkTurn is what a packet costs in a turn and what is between turns. Of that "floor" is the test's own ports and pool.
func BenchmarkTurn(b *testing.B) {
	b.Run("floor", func(b *testing.B) {
		queue := lcoretest.NewReplay(lcoretest.NewPool(b, 64), each(1024, func(i int) []byte { return fromClient(client(i, 1), vip80, "A") })...)
		var packets [burst.Size]burst.Packet
		for b.Loop() {
			queue.Transmit(packets[:queue.Receive(packets[:])])
		}
		perPacket(b)
	})
	for _, flows := range []int{1_000, 100_000} {
		b.Run(fmt.Sprintf("known=%d", flows), func(b *testing.B) {
			benchTurn(b, web(0), roomy, wheel.Second, each(flows, func(i int) []byte { return fromClient(client(i, 1), vip80, "A") }))
		})
	}
	const (
		frames = 64_000 // come again after 40 ms
		life   = 20 / 4 // ticks, of connections and templates: 20 ms, so that every frame opens a connection
		brief  = life * wheel.Tick
	)
	for _, kind := range []struct {
		name    string
		service wish
		clients int
	}{{"template", web(hour), 256}, {"client", web(brief), frames}, {"no-persistence", web(0), frames}} {
		b.Run("new/"+kind.name, func(b *testing.B) {
			benchTurn(b, kind.service, roomy, life, each(frames, func(i int) []byte {
				return fromClient(client(i%kind.clients, uint16(1024+i)), vip80, "S")
			}))
		})
	}
	b.Run("flood", func(b *testing.B) { // every packet opens a connection in the place of another one, and so does its template
		benchTurn(b, web(hour), frames/4, 3600*wheel.Second, each(frames, func(i int) []byte { return fromClient(client(i, 1), vip80, "S") }))
	})
}

// roomy is a size of tables that nothing fills.
const roomy = 1 << 17

// benchTurn measures turns over frames, 20 µs each on the clock, with tables of a size; connections that are not established live for so many ticks.
func benchTurn(b *testing.B, service wish, size int, life uint32, frames [][]byte) {
	r := newRig(b, wishes{settings: Settings{Extend: life, SloppyTCP: true}, size: size, services: []wish{service}})
	retime(conn.SynRecv, life)(r)
	r.replay(frames, nil)
	w := r.workers[0]
	turn := func() {
		r.now += 20 * time.Microsecond
		w.between(w.Turn())
	}
	for range len(frames) / burst.Size { // every flow once
		turn()
	}
	before := r.counters()
	for b.Loop() {
		turn()
	}
	perPacket(b)
	after := r.counters()
	packets := after.Received - before.Received
	if forwarded := after.Verdicts[ForwardInput] - before.Verdicts[ForwardInput]; forwarded != packets {
		b.Errorf("%d of %d packets forwarded", forwarded, packets)
	}
	b.ReportMetric(float64(after.ConnectionInserts-before.ConnectionInserts)/float64(packets), "new/packet")
}

func perPacket(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*burst.Size), "ns/packet")
}
