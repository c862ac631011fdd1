package bed

import (
	"golang.org/x/sys/unix"

	"cleat/cgo/pktmbuf"
	"cleat/lcore/burst"

	"cleat/perf/traffic"
)

// Stream is a Source in this process: packets of known connections in turns, and between them a flood, of which every packet begins a
// connection that nobody has asked for. The measured thread may change it between two bursts.
type Stream struct {
	*pktmbuf.Pool
	// Flood is how many of 256 packets are the flood's.
	Flood int

	// Known and Flooded count the packets given, Lost those of known connections that were not.
	Known, Flooded, Lost uint64

	known, flood *traffic.Writer
	flows        []traffic.Flow
	rate         float64 // see Pace
	depth        uint64
	turn         int     // how far the pattern of known and flood is, 0…255
	at           uint64  // packets of the pattern so far, lost ones too
	since        float64 // CPU time at which the first of them was due, seconds
	next         uint64  // flow of the flood
}

// Stream makes one of n known clients. The flood has the addresses of all clients in turns, and other ports.
func (b *Bed) Stream(known, flood *traffic.Writer, n int) (*Stream, error) {
	b.ports++
	pool, err := b.pool(0, max(known.Len(), flood.Len()))
	if err != nil {
		return nil, err
	}
	return &Stream{Pool: pool, known: known, flood: flood, flows: traffic.Flows(n), next: traffic.MaxClients}, nil
}

// Pace makes packets due from now on at a rate, in packets a second of the measured thread's CPU time, so that what else has its core is no
// overload; 0: as many as are asked for. A packet that finds depth others waiting is lost, as in a device's receive queue.
func (s *Stream) Pace(rate float64, depth uint64) {
	s.rate, s.depth, s.at, s.since = rate, depth, 0, clock(unix.CLOCK_THREAD_CPUTIME_ID).Seconds()
}

// Receive implements burst.Queue.
func (s *Stream) Receive(p []burst.Packet) int {
	p = p[:s.due(len(p))]
	if !s.Alloc(p) {
		return 0
	}
	for i := range p {
		w, f := s.known, &s.flows[s.Known%uint64(len(s.flows))]
		if s.floods() {
			flow := traffic.Nth(s.next, traffic.MaxClients)
			w, f = s.flood, &flow
			s.next++
			s.Flooded++
		} else {
			s.Known++
		}
		p[i].Data = p[i].Data[:w.Len()]
		p[i].Len = uint32(w.Len())
		w.Write(p[i].Data, *f)
	}
	return len(p)
}

// floods takes one step in the pattern and says if the packet is the flood's.
func (s *Stream) floods() bool {
	s.at++
	s.turn += s.Flood
	if s.turn >= 256 {
		s.turn -= 256
		return true
	}
	return false
}

// due is how many of n packets are there, behind those that found no room.
func (s *Stream) due(n int) int {
	now := clock(unix.CLOCK_THREAD_CPUTIME_ID).Seconds() // whatever the rate, so that a packet costs the same
	if s.rate == 0 {
		return n
	}
	arrived := uint64((now - s.since) * s.rate)
	for s.at+s.depth < arrived {
		if !s.floods() {
			s.Lost++
		}
	}
	return int(min(arrived-min(s.at, arrived), uint64(n)))
}

// Transmit implements burst.Queue.
func (s *Stream) Transmit(p []burst.Packet) int {
	s.Free(p)
	return len(p)
}

// Given implements Source.
func (s *Stream) Given() uint64 { return s.Known + s.Flooded }

// Close implements Source.
func (s *Stream) Close() error {
	s.Pool.Close()
	return nil
}
