package lcore

import (
	"fmt"
	"testing"
	"time"
)

// advance sets the clock of running workers ahead as management does: from one time at which something is due to the next. It returns how often.
func (r *rig) advance(by time.Duration) (steps int) {
	r.t.Helper()
	for end := by + time.Duration(r.ahead.Load()); ; steps++ {
		next := Never
		for range 2 { // what one worker does may concern another
			next = Never
			for _, w := range r.workers {
				due, err := w.Settle(w.Clock())
				if err != nil {
					r.t.Fatal(err)
				}
				next = min(next, due)
			}
		}
		left := end - time.Duration(r.ahead.Load())
		if left == 0 {
			return steps
		}
		r.ahead.Add(int64(max(min(left, next-r.workers[0].Clock()), 0)))
	}
}

// TestSettle lets quarters of an hour pass at once: the timers of templates and connections run out at their own moments all the same.
func TestSettle(t *testing.T) {
	const clients = 20
	r := newRig(t, wishes{settings: kernel, workers: 2, services: []wish{web(10 * second)}})
	for i := range clients {
		client := fmt.Sprintf("172.16.0.%d:1000", i+1)
		r.send(outside, fromClient(client, vip80, "SA"), fromClient(client, vip80, "A")) // established: 900 s
	}
	r.run(1)
	for _, step := range []struct {
		to                     time.Duration
		connections, templates uint64
		extensions             uint64
	}{
		{5 * second, clients, clients, 0},
		{15 * second, clients, clients, 1 * clients},   // at 10 s
		{845 * second, clients, clients, 14 * clients}, // and every 60 s since then
		{890 * second, clients, clients, 15 * clients},
		{905 * second, 0, clients, 15 * clients}, // nothing holds the templates any longer, but they live to 910 s
		{915 * second, 0, 0, 15 * clients},
		{24 * 3600 * second, 0, 0, 15 * clients},
	} {
		begin := time.Now()
		steps := r.advance(step.to - time.Duration(r.ahead.Load()))
		c := r.workers[0].Counters()
		d := r.workers[1].Counters()
		if got := c.Connections + d.Connections; got != step.connections {
			t.Errorf("at %v: %d connections, want %d", step.to, got, step.connections)
		}
		if got := c.Templates + d.Templates; got != step.templates {
			t.Errorf("at %v: %d templates, want %d", step.to, got, step.templates)
		}
		if got := c.TemplateExtensions + d.TemplateExtensions; got != step.extensions {
			t.Errorf("at %v: %d extensions, want %d", step.to, got, step.extensions)
		}
		t.Logf("to %v: %d steps, %v", step.to, steps, time.Since(begin))
	}
}

// TestSettleEverySecond: drop_entry looks at the tables once a second (connections.md C10.3), however much time passes at once.
func TestSettleEverySecond(t *testing.T) {
	r := newRig(t, with(defended(func(s *Settings) { s.DropEntry = always }), web(0)))
	r.run(1)
	if steps := r.advance(20 * second); steps < 20 {
		t.Errorf("%d steps for 20 seconds", steps)
	}
}
