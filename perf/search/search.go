// Package search finds the highest load that a device holds: MLRsearch as RFC 9971 has it. Its parts there are called so:
// the controller is Run, the measurer a trial.Bench, the manager cleat-perf.
//
// The way of a search:
//
//  1. Loads lie on a grid whose steps are the width that the goals ask for; see grid.
//  2. It goes in stages. In the first one trials are short and bounds may be far apart, in the last one trials have their final
//     duration and bounds are neighbours; see stage.
//  3. In each stage each goal, the strictest first, brings its relevant bounds as near to each other as the stage asks for. It begins with those of
//     the stage before, walks out in doubling steps where a bound is missing, and halves where both are there; see next.
//  4. A load is tried again until it is decided for the goal: a lower or an upper bound; see Goal.classify.
//  5. Where devices are not consistent, the lowest upper bound counts, and only lower bounds below it.
package search

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"cleat/perf/result"
	"cleat/perf/trial"
)

// Plan is what to search for, and how.
type Plan struct {
	// Min and Max are the least and the greatest load to try, units a second.
	Min, Max float64
	// Width is how near bounds have to come, relative to the upper one: 0.005 is half a percent. No less than the greatest loss of a goal,
	// or a goal that allows more loss may find less throughput (RFC 9971 5.6.2).
	Width float64
	// Initial and Final are the durations of trials in the first stage and in the last one.
	Initial, Final time.Duration
	Goals          []Goal
	// Tolerance is the part of a load that the generator may fail to offer. A trial that offered less says nothing good about its load:
	// what was not offered counts as lost.
	Tolerance float64
	// Hint is a load that the device may hold, 0: none.
	Hint float64
	// Progress hears of every trial; nil: nobody.
	Progress func(*result.Trial)
}

// Check says what is wrong with p.
func (p *Plan) Check() error {
	switch {
	case !(0 < p.Min && p.Min <= p.Max):
		return fmt.Errorf("loads from %g to %g: must be above 0, the second no less than the first", p.Min, p.Max)
	case !(0 < p.Width && p.Width < 1):
		return fmt.Errorf("width %g: must be above 0 and below 1", p.Width)
	case !(0 < p.Initial && p.Initial <= p.Final):
		return fmt.Errorf("trials of %v at first and of %v at the end: must be above 0, the first ones no longer", p.Initial, p.Final)
	case !(0 <= p.Tolerance && p.Tolerance < 1):
		return fmt.Errorf("tolerance %g: must be 0 up to but without 1", p.Tolerance)
	case len(p.Goals) == 0:
		return fmt.Errorf("no goal to search for")
	}
	for _, g := range p.Goals {
		if !(0 <= g.Loss && g.Loss < 1) || !(0 <= g.Exceed && g.Exceed < 1) || g.Trials < 1 {
			return fmt.Errorf("goal %s: loss ratio %g and exceed ratio %g must be 0 up to but without 1, trials (%d) at least 1", g.Name, g.Loss, g.Exceed, g.Trials)
		}
	}
	return nil
}

// stage is a part of the search: how long trials take, and how many steps of the grid bounds may lie apart.
type stage struct {
	duration time.Duration
	steps    int
}

// finer is what trials of one stage are longer and bounds nearer than in the stage before.
const finer = 4

// stages are those of p, the final one last.
func (p *Plan) stages() []stage {
	all := []stage{{p.Final, 1}}
	for s := (stage{p.Final / finer, finer}); s.duration >= p.Initial; s = (stage{s.duration / finer, s.steps * finer}) {
		all = append(all, s)
	}
	slices.Reverse(all)
	return all
}

// run is a search under way.
type run struct {
	*Plan
	grid   grid
	bench  trial.Bench
	trials [][]result.Trial // by number of the load
	order  []result.Trial
}

// Run searches. With an error, if a trial could not be made or ctx ended, comes what was found until then.
func Run(ctx context.Context, bench trial.Bench, p Plan) (*result.Search, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	r := &run{Plan: &p, grid: newGrid(p.Min, p.Max, p.Width), bench: bench}
	r.trials = make([][]result.Trial, r.grid.last+1)
	goals := slices.Clone(p.Goals)
	slices.SortStableFunc(goals, func(a, b Goal) int { return cmp.Compare(a.Loss, b.Loss) })
	var err error
	previous := stage{}
	for _, s := range p.stages() {
		if err = r.reach(ctx, goals, s, previous); err != nil {
			break
		}
		previous = s
	}
	found := &result.Search{Min: r.grid.load(0), Max: r.grid.max, Trials: r.order}
	for i := range p.Goals {
		found.Goals = append(found.Goals, r.found(&p.Goals[i], err != nil))
	}
	return found, err
}

// reach brings every goal to the stage s. The trials of one goal can move the bounds of another one, so it asks all of them again until none
// wants a trial; that ends, since no load stays undecided for longer than its duration sum.
func (r *run) reach(ctx context.Context, goals []Goal, s, previous stage) error {
	for again := true; again; {
		again = false
		for i := range goals {
			tried, err := r.refine(ctx, &goals[i], s, previous)
			if err != nil {
				return err
			}
			again = again || tried
		}
	}
	return nil
}

// refine makes the trials that one goal wants at the stage s, and says whether there were any.
func (r *run) refine(ctx context.Context, g *Goal, s, previous stage) (tried bool, err error) {
	w := walk{hints: r.hints(g, previous), step: s.steps, out: none}
	for {
		i, done := w.next(r.bounds(g, s.duration), s.steps, r.grid.last)
		if done {
			return tried, nil
		}
		if err := r.try(ctx, i, s.duration); err != nil {
			return tried, err
		}
		tried = true
	}
}

// hints are the loads between which the goal's bounds probably lie: those of the stage before.
func (r *run) hints(g *Goal, previous stage) []int {
	if previous.steps == 0 {
		if r.Hint == 0 {
			return []int{r.grid.last}
		}
		return []int{r.grid.below(r.Hint)}
	}
	b := r.bounds(g, previous.duration)
	var hints []int
	for _, i := range []int{b.lower, b.upper} {
		if i != none {
			hints = append(hints, i)
		}
	}
	return hints
}

// bounds are the numbers of the relevant bounds (RFC 9971 4.8): the lowest upper bound, and the highest lower bound below it.
type bounds struct{ lower, upper int }

// none is the number of a bound that is not there.
const none = -1

func (r *run) bounds(g *Goal, d time.Duration) bounds {
	b := bounds{none, none}
	for i, trials := range r.trials {
		switch g.classify(trials, d) {
		case upper:
			b.upper = i
			return b
		case lower:
			b.lower = i
		}
	}
	return b
}

// try makes a trial.
func (r *run) try(ctx context.Context, i int, d time.Duration) error {
	t, _, err := measure(ctx, r.bench, r.grid.load(i), d, r.Tolerance)
	if err != nil {
		return err
	}
	r.trials[i] = append(r.trials[i], t)
	r.order = append(r.order, t)
	if r.Progress != nil {
		r.Progress(&t)
	}
	return nil
}

// found tells what there is of a goal at the end.
func (r *run) found(g *Goal, stopped bool) result.Goal {
	f := result.Goal{
		Name: g.Name, LossRatio: g.Loss, ExceedRatio: g.Exceed, FinalDuration: r.Final, DurationSum: g.sum(r.Final), Width: r.Width,
	}
	b := r.bounds(g, r.Final)
	if b.lower != none {
		f.Lower = r.grid.load(b.lower)
		f.Throughput = g.throughput(f.Lower, r.trials[b.lower], r.Final)
	}
	if b.upper != none {
		f.Upper = r.grid.load(b.upper)
	}
	f.Regular = b.lower != none && b.upper == b.lower+1
	switch {
	case b.lower == r.grid.last:
		f.Limit = result.LimitMax
	case !f.Regular && stopped && b.upper != 0:
		f.Limit = result.LimitStopped
	case r.generator(b.upper, g):
		f.Limit = result.LimitGenerator
	case b.upper == 0:
		f.Limit = result.LimitMin
	default:
		f.Limit = result.LimitDevice
	}
	return f
}

// generator says whether the load is an upper bound only because the generator did not manage it.
func (r *run) generator(load int, g *Goal) bool {
	return !slices.ContainsFunc(r.trials[load], func(t result.Trial) bool { return t.LossRatio > g.Loss && !t.Short })
}
