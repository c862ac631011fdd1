package lcoretest

import (
	"bytes"
	"slices"
	"sync"
	"testing"

	"cleat/lcore/burst"
)

// dataRoom is the room of one buffer behind its headroom, bytes: that of a DPDK mbuf.
const dataRoom = 2048

// poisoned fills the headers of buffers that nobody holds, so that a read after Free is seen. All of a buffer would slow
// big tests down.
var poisoned = [2 * burst.Headroom]byte(bytes.Repeat([]byte{0xdd}, 2*burst.Headroom))

// Pool is a burst.Pool in memory that watches over its packets: freeing one twice, or one that it does not know, fails the
// test at once; one that was not given back fails it at the end. Safe for concurrent use.
type Pool struct {
	t     testing.TB
	mu    sync.Mutex
	slots []slot
	free  []int // indices of slots that nobody holds
}

// slot is one buffer. Its packet's Handle is its index + 1 in the low 32 bits and its generation above, so
// that a stale copy of a packet is told from the next packet in the same buffer.
type slot struct {
	buffer     []byte
	rest       []byte // what Packet.Segments > 1 stands for: the frame behind Data
	generation uint32
	out        bool
}

// NewPool makes a pool of n packets, and has the test fail if one of them is not back at its end.
func NewPool(t testing.TB, n int) *Pool {
	p := &Pool{t: t, slots: make([]slot, n)}
	for i := range p.slots {
		p.slots[i].buffer = make([]byte, burst.Headroom+dataRoom)
		p.free = append(p.free, n-1-i)
	}
	t.Cleanup(func() {
		if out := p.Out(); out != 0 {
			t.Errorf("lcoretest: %d of %d packets were not given back to the pool", out, n)
		}
	})
	return p
}

// Out returns how many packets are in somebody's hands.
func (p *Pool) Out() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.slots) - len(p.free)
}

// Alloc implements burst.Pool.
func (p *Pool) Alloc(pkts []burst.Packet) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.free) < len(pkts) {
		return false
	}
	for i := range pkts {
		last := len(p.free) - 1
		index := p.free[last]
		p.free = p.free[:last]
		s := &p.slots[index]
		s.out = true
		s.generation++
		s.rest = s.rest[:0]
		pkts[i] = burst.Packet{
			Data:     s.buffer[burst.Headroom:burst.Headroom],
			Handle:   uintptr(s.generation)<<32 | uintptr(index+1),
			Headroom: burst.Headroom,
			Segments: 1,
		}
	}
	return true
}

// Free implements burst.Pool.
func (p *Pool) Free(pkts []burst.Packet) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range pkts {
		s := p.slot(&pkts[i])
		if s == nil {
			continue
		}
		s.out = false
		copy(s.buffer, poisoned[:])
		p.free = append(p.free, int(uint32(pkts[i].Handle))-1)
	}
}

// receive makes a packet of frame, of which the first segment holds no more than segment bytes. It reports
// whether there was a buffer for it.
func (p *Pool) receive(pkt *burst.Packet, frame []byte, segment int) bool {
	one := [1]burst.Packet{}
	if !p.Alloc(one[:]) {
		return false
	}
	*pkt = one[0]
	first := min(len(frame), segment, dataRoom)
	pkt.Data = append(pkt.Data, frame[:first]...)
	pkt.Len = uint32(len(frame))
	rest := frame[first:]
	pkt.Segments += uint8((len(rest) + dataRoom - 1) / dataRoom)
	s := &p.slots[uint32(pkt.Handle)-1]
	s.rest = append(s.rest, rest...)
	return true
}

// frame returns a copy of the frame that pkt covers, and fails the test if pkt does not agree with its buffer.
func (p *Pool) frame(pkt *burst.Packet) []byte {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.slot(pkt)
	if s == nil {
		return nil
	}
	front := cap(s.buffer) - cap(pkt.Data) // where in the buffer Data begins
	if len(pkt.Data) > 0 && (front < 0 || &s.buffer[front] != &pkt.Data[0]) {
		p.t.Errorf("lcoretest: packet %#x: Data does not lie in its own buffer", pkt.Handle)
		return nil
	}
	if int(pkt.Headroom) > front {
		p.t.Errorf("lcoretest: packet %#x: Headroom %d, but %d bytes in front of Data", pkt.Handle, pkt.Headroom, front)
	}
	frame := slices.Clone(pkt.Data)
	if pkt.Segments > 1 {
		frame = append(frame, s.rest...)
	}
	if int(pkt.Len) != len(frame) {
		p.t.Errorf("lcoretest: packet %#x: Len %d, but %d bytes in %d segments", pkt.Handle, pkt.Len, len(frame), pkt.Segments)
	}
	return frame
}

// slot returns the slot of a packet that is out. Any other packet fails the test.
func (p *Pool) slot(pkt *burst.Packet) *slot {
	index := uint32(pkt.Handle)
	if index == 0 || int(index) > len(p.slots) {
		p.t.Helper() // only here: it costs more than all else in benchmarks
		p.t.Errorf("lcoretest: packet %#x is not of this pool", pkt.Handle)
		return nil
	}
	s := &p.slots[index-1]
	if !s.out || s.generation != uint32(pkt.Handle>>32) {
		p.t.Helper()
		p.t.Errorf("lcoretest: packet %#x was given back before", pkt.Handle)
		return nil
	}
	return s
}
