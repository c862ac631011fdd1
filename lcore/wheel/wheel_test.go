package wheel

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cleat/lcore/memory"
)

// list is the wheel's plain twin: the tick at which every entry is due, 64 bits so that nothing wraps around.
type list struct {
	wheel   *Wheel
	entries []Slot
	now     uint64
	due     map[uint32]uint64
	room    [2]uint32 // for Coming
}

func newList(entries int, now uint64) *list {
	l := &list{entries: make([]Slot, entries+1), now: now, due: map[uint32]uint64{}}
	l.wheel, _ = New(memory.Heap, "", l.entries, uint32(now)) // the heap does not refuse
	l.run(now, math.MaxInt, nil)                              // the present tick is done
	return l
}

// set moves entry i's deadline as an owner does: it files only when told to.
func (l *list) set(i uint32, deadline uint64) {
	if l.entries[i].Set(uint32(deadline)) {
		l.wheel.File(i)
	}
	l.due[i] = max(deadline, l.now+1) // what is overdue fires when time goes on
}

func (l *list) setAll(first, last uint32, deadline uint64) {
	for i := first; i <= last; i++ {
		l.set(i, deadline)
	}
}

func (l *list) remove(i uint32) {
	l.wheel.Remove(i)
	delete(l.due, i)
}

// run lets time go on to now, taking at most budget steps at a time, and has fired called for every entry that fires, after the twin has
// judged it.
func (l *list) run(now uint64, budget int, fatal func(format string, args ...any)) {
	last := uint64(0)
	for {
		left := budget
		coming := l.wheel.Coming(uint32(now), l.room[:])
		i := l.wheel.Next(uint32(now), &left)
		if looked := left < budget; looked != (len(coming) != 0) || budget-left == 1 && i != 0 && i != coming[0] {
			fatal("%v were to come, but entry %d does, after %d steps", coming, i, budget-left)
		}
		if i == 0 && left == budget {
			break
		}
		if i == 0 {
			continue // the budget was used up
		}
		due, ok := l.due[i]
		switch {
		case !ok:
			fatal("entry %d fires, which is not there", i)
		case due > now:
			fatal("entry %d fires at %d, due at %d", i, now, due)
		case due < last:
			fatal("entry %d, due at %d, fires after one due at %d", i, due, last)
		case l.entries[i].Filed():
			fatal("entry %d fires and is filed", i)
		}
		last = due
		delete(l.due, i)
	}
	l.now = now
	next := uint64(Never)
	for i, due := range l.due {
		next = min(next, due-min(now, due))
		if due <= now {
			fatal("entry %d, due at %d, has not fired by %d", i, due, now)
		}
		if !l.entries[i].Filed() {
			fatal("entry %d is lost", i)
		}
	}
	if due := uint64(l.wheel.Due(uint32(now))); due == 0 || due > next || (due == Never) != (len(l.due) == 0) {
		fatal("due in %d ticks, but an entry is in %d", due, next)
	}
}

// ticks draws spans of time about the borders of the wheel's levels; the longest that is passed is a tenth of the third level's reach.
func ticks(t *rapid.T, what string, borders ...uint64) uint64 {
	border := rapid.SampledFrom(borders).Draw(t, what+" about")
	return border + rapid.Uint64Range(0, border/2+2).Draw(t, what) - min(border, 2)
}

// TestWheel holds the wheel to a sorted list.
func TestWheel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const entries = 3 * perBlock
		start := rapid.SampledFrom([]uint64{0, 200, 1<<32 - 300, 1<<32 - 70000, 1<<31 - 300, 1<<24 - 300}).Draw(t, "start")
		l := newList(entries, start)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			first := uint32(rapid.IntRange(1, entries).Draw(t, "entry"))
			last := first
			if rapid.Bool().Draw(t, "many") { // in one slot, so that it has several blocks
				last = uint32(rapid.IntRange(int(first), entries).Draw(t, "to entry"))
			}
			switch rapid.SampledFrom([]string{"set", "set", "set", "overdue", "remove", "pass"}).Draw(t, "step") {
			case "set": // later or sooner than it was
				l.setAll(first, last, l.now+ticks(t, "in", 1, 1<<8, 1<<16, 1<<24, 1<<30))
			case "overdue":
				l.setAll(first, last, l.now-min(l.now, rapid.Uint64Range(0, 300).Draw(t, "ago")))
			case "remove":
				for i := first; i <= last; i++ {
					l.remove(i)
				}
			case "pass":
				l.run(l.now+ticks(t, "pass", 0, 1, 1<<8, 1<<16), rapid.IntRange(1, 5).Draw(t, "budget"), t.Fatalf)
			}
		}
		l.run(l.now+1<<17, 3, t.Fatalf)
	})
}

// TestBlocksSuffice: however entries lie about the slots, and come and go.
func TestBlocksSuffice(t *testing.T) {
	const entries = 5000
	l := newList(entries, 0)
	random := rand.New(rand.NewPCG(7, 8))
	for range 10 {
		for i := uint32(1); i <= entries; i++ { // full slots first, then a few entries in each
			l.set(i, uint64(1+i%50))
		}
		for _, i := range random.Perm(entries) {
			l.set(uint32(i+1), random.Uint64N(1<<(8+8*random.IntN(3))))
		}
	}
	l.run(1<<24, math.MaxInt, t.Fatalf)
}

// TestFar: deadlines in the highest level, days ahead, past the wrap-around of the clock.
func TestFar(t *testing.T) {
	l := newList(4, 1<<32-1<<24)
	l.set(1, l.now+1<<24)
	l.set(2, l.now+1<<24+255)
	l.set(3, l.now+2<<24-1)
	l.set(4, l.now+Max)
	l.set(1, l.now+1<<24+3) // later, without a call
	l.run(l.now+1<<24-1, math.MaxInt, t.Fatalf)
	if len(l.due) != 4 {
		t.Fatalf("left: %v", l.due)
	}
	l.run(l.now+1<<24+1, math.MaxInt, t.Fatalf)
	if len(l.due) != 1 {
		t.Fatalf("left: %v", l.due)
	}
}

// TestNextStopsAtItsBudget: entries that only move down or back cost budget too, and are not lost when it ends.
func TestNextStopsAtItsBudget(t *testing.T) {
	const entries = 10
	l := newList(entries, 0)
	for i := uint32(1); i <= entries; i++ {
		l.set(i, 300)
	}
	fired := 0
	for range entries { // each comes down from level 1 first
		budget := 1
		if l.wheel.Next(300, &budget) != 0 || budget != 0 {
			t.Fatalf("budget %d", budget)
		}
	}
	for {
		budget := 1
		if l.wheel.Next(300, &budget) == 0 {
			break
		}
		fired++
	}
	if fired != entries {
		t.Errorf("%d fired, want %d", fired, entries)
	}
}

// TestSkipsWhatIsEmpty: 90 days at once, with entries at both ends, take no longer than any other step.
func TestSkipsWhatIsEmpty(t *testing.T) {
	l := newList(2, 1<<32-1000)
	l.set(1, l.now+3)
	l.set(2, l.now+Max)
	steps := 0
	for due := l.wheel.Due(uint32(l.now)); due != Never; due = l.wheel.Due(uint32(l.now)) {
		l.run(l.now+uint64(due), math.MaxInt, t.Fatalf)
		steps++
	}
	if steps > 5 { // one entry fires; the other comes down three levels and fires
		t.Errorf("%d steps", steps)
	}
}

func TestTicksRoundsUp(t *testing.T) {
	for d, want := range map[time.Duration]uint32{0: 0, 1: 1, Tick: 1, Tick + 1: 2, time.Second: Second, 31 * 24 * time.Hour: 31 * 86400 * 250} {
		if got := Ticks(d); got != want {
			t.Errorf("Ticks(%v) = %d, want %d", d, got, want)
		}
	}
	if Duration(Ticks(time.Minute)) != time.Minute {
		t.Error("Duration does not undo Ticks")
	}
}
