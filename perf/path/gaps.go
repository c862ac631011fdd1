package path

import (
	"errors"
	"runtime"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"cleat/cgo/spin"
	"cleat/lcore"

	"cleat/perf/bed"
	"cleat/perf/result"
)

// Gaps is a worker's poll gaps with and without garbage collections, beside those that plain C on the same thread sees.
type Gaps struct {
	Case
	// Heap is how much the collections have to look through, in MiB.
	Heap int
}

// Polled is the case of the suite: as much heap as cleatd has with some thousands of services.
var Polled = Gaps{Case{Name: "gaps", Proto: "tcp", Flows: 100000}, 64}

const (
	// gapWindow is how long each look at the gaps takes: windows with a collection, without one, and of plain C take turns.
	gapWindow = 20 * time.Millisecond
	// longGap is the shortest that is told apart: a turn takes less.
	longGap = 20 * time.Microsecond
	// longest is the greatest that a histogram has a place for.
	longest = int64(10 * time.Second)
	// allowed is the target: what a collection may add.
	allowed = 100 // µs
)

// watch is a worker's clock that knows how long the worker did not look at it. The worker's thread uses it.
type watch struct {
	clock func() time.Duration
	last  time.Duration
	seen  []time.Duration // long gaps; as many as there is room for
}

func (w *watch) now() time.Duration {
	now := w.clock()
	if gap := now - w.last; gap >= longGap && len(w.seen) < cap(w.seen) {
		w.seen = append(w.seen, gap)
	}
	w.last = now
	return now
}

// begin forgets what was seen.
func (w *watch) begin() { w.seen, w.last = w.seen[:0], w.clock() }

// Measure takes windows in turns: the worker alone, the worker with a garbage collection begun meanwhile, and plain C on the worker's
// thread. The figure is by how much a collection makes the longest gap of its window longer.
func (g *Gaps) Measure(b *bed.Bed, s Schedule) (figures []result.Figure, all []result.Distribution, err error) {
	source, floor, err := g.sources(b)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	var tables bed.Tables
	defer func() { err = errors.Join(err, tables.Free()) }()
	w := &watch{clock: clockOf(source, &g.Case), seen: make([]time.Duration, 0, 1<<14)}
	r, err := g.start(b, g.plan(source, source, tables.Alloc, w.now), source, floor)
	if err != nil {
		return nil, nil, err
	}
	if err = r.warmUp(); err == nil {
		figures, all, err = g.windows(r.worker, w, s)
	}
	return figures, all, errors.Join(err, r.end())
}

// kind is one of the kinds of windows.
type kind struct {
	name    string
	longest result.Series // gap of each window, µs
	all     *hdrhistogram.Histogram
}

func (k *kind) take(gaps []time.Duration) {
	var most time.Duration
	for _, gap := range gaps {
		most = max(most, gap)
		_ = k.all.RecordValue(min(int64(gap), longest)) // within bounds
	}
	k.longest = append(k.longest, float64(most)/1e3)
}

func (g *Gaps) windows(worker *lcore.Worker, w *watch, s Schedule) ([]result.Figure, []result.Distribution, error) {
	heap := ballast(g.Heap)
	kinds := []*kind{{name: "plain C"}, {name: "worker"}, {name: "worker, a collection in each window"}}
	for _, k := range kinds {
		k.all = hdrhistogram.New(1, longest, 3)
	}
	room := make([]time.Duration, cap(w.seen))
	for range max(1, int(time.Duration(s.Repetitions)*s.Each/(gapWindow*time.Duration(len(kinds))))) {
		for i, look := range []func() ([]time.Duration, error){
			func() ([]time.Duration, error) { return plain(worker, w, room) },
			func() ([]time.Duration, error) { return w.look(worker, room, func() {}) },
			func() ([]time.Duration, error) { return w.look(worker, room, runtime.GC) },
		} {
			gaps, err := look()
			if err != nil {
				return nil, nil, err
			}
			kinds[i].take(gaps)
		}
	}
	runtime.KeepAlive(heap)
	return summed(kinds)
}

// look is a window of the worker at work, in which something is done elsewhere.
func (w *watch) look(worker *lcore.Worker, room []time.Duration, meanwhile func()) (gaps []time.Duration, err error) {
	if err := worker.Do(func() bool { w.begin(); return true }); err != nil {
		return nil, err
	}
	end := time.Now().Add(gapWindow)
	meanwhile()
	time.Sleep(time.Until(end))
	err = worker.Do(func() bool { gaps = append(room[:0], w.seen...); return true })
	return gaps, err
}

// plain is a window of plain C on the worker's thread.
func plain(worker *lcore.Worker, w *watch, room []time.Duration) (gaps []time.Duration, err error) {
	err = worker.Do(func() bool {
		n, _ := spin.Gaps(room, gapWindow, longGap)
		gaps = room[:n]
		return true
	})
	return gaps, err
}

// ballast is so many MiB of small objects that point to each other.
func ballast(mib int) *link {
	var first *link
	for range mib << 20 / linkBytes {
		first = &link{next: first}
	}
	return first
}

// link is an object of linkBytes.
type link struct {
	next *link
	_    [linkBytes - 8]byte
}

const linkBytes = 256

func summed(kinds []*kind) (figures []result.Figure, all []result.Distribution, err error) {
	for _, k := range kinds {
		figures = append(figures, result.Figure{Case: "gaps", What: k.name + ": longest gap of a window", Unit: "us", Values: k.longest})
		h, err := result.NewHistogram(k.all)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, result.Distribution{Case: "gaps", Name: k.name + ", gaps of " + longGap.String() + " and more", Histogram: h})
	}
	alone, collected := figures[len(figures)-2].Values, figures[len(figures)-1].Values
	more := make(result.Series, len(alone))
	for i := range more {
		more[i] = collected[i] - alone.Median()
	}
	return append(figures, result.Figure{
		Case: "gaps", What: "a garbage collection makes the longest gap longer by", Unit: "us", Values: more, Aim: allowed, Must: allowed,
	}), all, nil
}
