package destination

import "time"

// The kernel's timer (scheduling.md B.5).
const (
	period = time.Minute
	full   = 30              // of so many runs, one looks at all entries
	idle   = 6 * time.Minute // what goes when there are too many
	// step is how many entries one call ages.
	step = 32
)

// ageing is a walk through all entries, under way a step a call.
type ageing struct {
	run   time.Duration // the timer's last run, as its number
	rover uint32        // where the walk is
	left  int           // entries that it still has to look at
	goal  int           // idle entries that it still has to remove
}

// expired reports whether the last run that looks at all entries found e unused for expiration. That is told exactly, whenever somebody asks: the
// walk only makes room.
func (e *entry) expired(now, expiration time.Duration) bool {
	return now.Truncate(full*period)-e.used >= expiration
}

// age does what the timer does, a step at a time.
func (t *Table) age(now, expiration time.Duration) {
	a := &t.ageing
	if run := now / period; run != a.run {
		t.begin(run)
	}
	for range min(a.left, step) {
		a.left--
		if a.rover++; a.rover > Capacity {
			a.rover = 1
		}
		e := &t.entries[a.rover]
		switch {
		case e.dst.IsZero():
		case e.expired(now, expiration):
			t.remove(a.rover)
		case a.goal > 0 && a.run*period-e.used >= idle:
			a.goal--
			t.remove(a.rover)
		}
	}
}

// begin starts the walk that a run of the timer asks for, if it does.
func (t *Table) begin(run time.Duration) {
	a := &t.ageing
	surplus := t.Len() - Plenty
	switch {
	case run/full != a.run/full: // one that looks at all, or nobody asked since one
		a.left, a.goal = Capacity, 0
	case surplus > 0:
		a.left, a.goal = Capacity, min(surplus*4/3, Plenty/2)
	}
	a.run = run
}
