package heavy

import (
	"math/bits"
	"time"

	"cleat/lcore/flow"
)

// Meter estimates which clients a stream of events is from, of late. It looks at one event of so many on average, at random distances, so that
// nobody can send between looks, and counts each for as many: what it says is right on average, and of a client with n events looked at, wrong by
// about one part in √n.
//
// The zero Meter is of no use; Init makes it one. One goroutine uses it.
type Meter struct {
	Sketch
	// Total is the number of events of late: each Fade halves it, and the counts.
	Total uint64
	// Span is the time of late in which they came, halved alike, so that events/Span is a rate.
	Span time.Duration

	every  uint64 // one of so many is looked at
	wait   int    // events until the next that is looked at
	random uint64 // state of xorshift64, not 0
	heavy  int    // clients that are
}

// Init makes an empty meter that looks at one of every events on average. The seed is secret.
func (m *Meter) Init(every int, seed *flow.Seed) {
	*m = Meter{Sketch: Sketch{seed: seed}, every: uint64(every), random: seed[0] | 1}
	m.Next()
	m.wait-- // of every single event, the first too
}

// First is the number of the next event to look at, of those to come, from 0. Of n that come at once these are
//
//	for i := m.First(); i < n; i = m.Next() { m.Count(client of event i) }
//	m.Pass(n)
func (m *Meter) First() int { return m.wait }

// Next passes to the one to look at behind that, and returns its number.
func (m *Meter) Next() int {
	m.random ^= m.random << 13
	m.random ^= m.random >> 7
	m.random ^= m.random << 17
	distance, _ := bits.Mul64(m.random, 2*m.every-1)
	m.wait += 1 + int(distance) // 1 to 2·every − 1, all alike
	return m.wait
}

// Count counts an event that was looked at.
func (m *Meter) Count(client flow.Addr) { m.Add(client, m.every) }

// Pass takes note that n events have come.
func (m *Meter) Pass(n int) {
	m.wait -= n
	m.Total += uint64(n)
}

// Event takes one event, of a client.
func (m *Meter) Event(client flow.Addr) {
	if m.wait == 0 {
		m.look(client)
	}
	m.Pass(1)
}

func (m *Meter) look(client flow.Addr) {
	m.Count(client)
	m.Next()
}

// Share is what part of the stream n events are, 0 to 1.
func (m *Meter) Share(n uint64) float64 { return min(float64(n)/float64(max(m.Total, 1)), 1) }

// Rate is what n events are a second.
func (m *Meter) Rate(n uint64) float64 { return float64(n) / max(m.Span.Seconds(), 1e-9) }

// Judge finds out who is heavy: whose events are for certain that share of the stream, and that many a second. Who is stays so down to half of either.
// It returns how many are.
func (m *Meter) Judge(share, rate float64) int {
	m.heavy = 0
	all := m.Counters()
	for i := range all {
		c, factor := &all[i], 1.0
		if c.Heavy {
			factor = 0.5
		}
		n := c.AtLeast()
		if c.Heavy = m.Share(n) >= share*factor && m.Rate(n) >= rate*factor; c.Heavy {
			m.heavy++
		}
	}
	return m.heavy
}

// Heavy reports whether a client was heavy when that was judged last.
func (m *Meter) Heavy(client flow.Addr) bool {
	if m.heavy == 0 {
		return false
	}
	c := m.Find(client)
	return c != nil && c.Heavy
}

// Heaviest is how many events of late the client had that had most.
func (m *Meter) Heaviest() (n uint64) {
	all := m.Counters()
	for i := range all {
		n = max(n, all[i].AtLeast())
	}
	return n
}

// Fade forgets half of what was.
func (m *Meter) Fade() {
	m.Halve()
	m.Total /= 2
	m.Span /= 2
}
