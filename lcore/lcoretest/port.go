package lcoretest

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"

	"cleat/lcore/burst"
)

// Port is a port in memory: what a test injects is received, what is transmitted is kept for the
// test to read. Safe for concurrent use, so that the worker of every queue may run on its own.
type Port struct {
	// Number is the worker's number for the port: what received packets have as their Port.
	Number uint16
	// Segment is the greatest number of bytes of a received frame in its first segment; 0: all of them.
	Segment int
	// OnReceive, if set, changes every received packet as a NIC would: its hash, its receive flags.
	OnReceive func(*burst.Packet)

	pool   *Pool
	queues []queue

	mu   sync.Mutex
	sent []Sent
}

// Sent is one transmitted frame.
type Sent struct {
	Queue int
	Flags uint16 // the transmit flags that asked for it
	Frame []byte // as it is on the wire: the tag that VLANInsert asked for is in it
}

// NewPort makes a port with queues pairs of queues whose packets are pool's.
func NewPort(pool *Pool, queues int) *Port {
	p := &Port{pool: pool, queues: make([]queue, queues)}
	for i := range p.queues {
		p.queues[i] = queue{port: p, number: i}
	}
	return p
}

// Queue returns queue number q for a worker.
func (p *Port) Queue(q int) burst.Queue { return &p.queues[q] }

// Inject puts frames, in order, where Receive of queue q finds them. They are copied when received.
func (p *Port) Inject(q int, frames ...[]byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queues[q].waiting = append(p.queues[q].waiting, frames...)
}

// Waiting returns how many injected frames nobody has received yet.
func (p *Port) Waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for i := range p.queues {
		n += len(p.queues[i].waiting)
	}
	return n
}

// Take returns all that was transmitted since it was last called, in order over all queues.
func (p *Port) Take() []Sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	sent := p.sent
	p.sent = nil
	return sent
}

// Sent returns the frames of Take.
func (p *Port) Sent() [][]byte {
	var frames [][]byte
	for _, s := range p.Take() {
		frames = append(frames, s.Frame)
	}
	return frames
}

// queue is one pair of queues of a Port.
type queue struct {
	port    *Port
	number  int
	waiting [][]byte
}

// Receive implements burst.Queue. With the pool empty it receives nothing, and the frames wait.
func (q *queue) Receive(pkts []burst.Packet) int {
	p := q.port
	p.mu.Lock()
	defer p.mu.Unlock()
	segment := p.Segment
	if segment == 0 {
		segment = math.MaxInt
	}
	n := 0
	for n < len(pkts) && n < len(q.waiting) && p.pool.receive(&pkts[n], q.waiting[n], segment) {
		pkts[n].Port = p.Number
		if p.OnReceive != nil {
			p.OnReceive(&pkts[n])
		}
		n++
	}
	q.waiting = q.waiting[n:]
	return n
}

// Transmit implements burst.Queue. It takes everything.
func (q *queue) Transmit(pkts []burst.Packet) int {
	p := q.port
	p.pool.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range pkts {
		if frame := p.pool.frame(&pkts[i]); frame != nil {
			p.sent = append(p.sent, Sent{q.number, pkts[i].Flags, onWire(frame, &pkts[i])})
		}
	}
	p.pool.Free(pkts)
	return len(pkts)
}

// onWire returns frame with the tag that pkt asks for.
func onWire(frame []byte, pkt *burst.Packet) []byte {
	if pkt.Flags&burst.VLANInsert == 0 {
		return frame
	}
	tag := binary.BigEndian.AppendUint16([]byte{0x81, 0x00}, pkt.VLAN)
	return slices.Insert(frame, 12, tag...)
}
