package gen

import (
	"time"

	"cleat/lcore/flow"

	"cleat/perf/trial"
)

// offer begins a trial: with packets of flows without end, these are opened first.
func (g *Generator) offer(rate float64, length time.Duration) {
	g.units.rate, g.units.length = rate, length
	g.counts = Counts{}
	if g.session || g.Requests != 0 {
		g.begin()
		return
	}
	g.phase = preparing
	g.ready = preparation{grown: g.clock()}
	for i := range g.flows.all {
		if g.flows.all[i].state == open {
			g.ready.open++
		}
	}
}

// begin begins the offered load itself. Questions from before count no more, but that flows were opened against affinity does.
func (g *Generator) begin() {
	for i := range g.flows.all {
		c := &g.flows.all[i]
		c.window.settle(c.asked)
	}
	g.counts = Counts{Violations: g.counts.Violations}
	g.latency = newLatency()
	g.run++
	g.phase = offering
	now := g.clock()
	g.heard = now
	g.units = newPace(g.units.rate, now, g.units.length, g.Slack)
	g.forging = newPace(g.Flood, now, g.units.length, g.Slack)
}

// finish ends the offered load when its time is over.
func (g *Generator) finish() {
	if g.phase == offering && g.now-g.units.begin >= g.units.length {
		g.units.end()
		g.forging.end()
		g.lasted = g.now - g.units.begin
		g.phase = still
	}
}

// settled reports whether nothing more is to be expected of a trial that offered until end.
func (g *Generator) settled(end time.Duration) bool {
	sent, received := g.sums()
	if len(g.out) != 0 {
		return false
	}
	return sent == received || g.now-end > waitLimit || g.now-max(end, g.heard) > silence
}

// sums are how many units were sent, and how many of them came to their end.
func (g *Generator) sums() (sent, received uint64) {
	if g.session {
		return g.counts.Opened, g.counts.Completed
	}
	return g.counts.Asked, g.counts.Answered
}

// outcome is the trial's.
func (g *Generator) outcome() trial.Outcome {
	c := g.Counts()
	sent, received := g.sums()
	return trial.Outcome{
		Duration: g.lasted, Sent: sent, Received: received, Lost: sent - received, Late: c.Late,
		Reordered: c.Reordered, Duplicated: c.Duplicated, Foreign: c.Foreign + c.Corrupt, Violations: c.Violations, Latency: g.latency,
	}
}

// preparation opens all flows of returning clients before a trial about open ones.
type preparation struct {
	at       uint32 // the flow to look at next
	open     uint32 // how many are
	underway int
	heard    time.Duration // when one was opened last, or all were gone through again
	grown    time.Duration // when one was opened last
}

const (
	mostUnderway = 256                    // flows that are being opened at a time
	patience     = 200 * time.Millisecond // without any being opened, after which those under way are taken for lost
	openLimit    = 3 * time.Second        // … after which the trial is given up
)

// prepare opens some more flows, or begins if all are open.
func (g *Generator) prepare() {
	r := &g.ready
	n := uint32(g.Flows)
	if r.open == n {
		g.begin()
		return
	}
	if g.now-r.heard > patience {
		r.at, r.underway, r.heard = 0, 0, g.now
	}
	for ; r.at < n && r.underway < mostUnderway && len(g.blank) > 0; r.at++ {
		if g.flows.all[r.at].state != open {
			g.open(r.at)
			r.underway++
		}
	}
}

// prepared notes that a flow was opened.
func (g *Generator) prepared() {
	g.ready.open++
	g.ready.underway--
	g.ready.heard, g.ready.grown = g.now, g.now
}

// stuck says if flows cannot be opened.
func (g *Generator) stuck() error {
	if g.phase != preparing || g.now-g.ready.grown <= openLimit {
		return nil
	}
	return &trial.Unopened{Open: int(g.ready.open), Of: g.Flows, Wait: openLimit}
}

// missing is a next hop that is not known.
func (g *Generator) missing() flow.Addr {
	if n := &g.link.Next[four]; len(g.flows.services[four]) != 0 && !n.Known() {
		return n.To
	}
	return g.link.Next[six].To
}
