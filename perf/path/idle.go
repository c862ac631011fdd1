package path

import (
	"errors"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"cleat/lcore"

	"cleat/perf/bed"
	"cleat/perf/result"
	"cleat/perf/traffic"
)

// Idle is a worker with hardly anything to do: what it costs, and how long a packet waits for it.
type Idle struct {
	Name string
	lcore.Idle
}

// Idles are the settings of the suite: cleatd's two modes, and other times of sleep.
var Idles = []Idle{
	{Name: "poll"},
	{"sleep 10us", lcore.Idle{After: 1000, Sleep: 10 * time.Microsecond}},
	{"sleep 250us", lcore.Idle{After: 1000, Sleep: 250 * time.Microsecond}},
	{"sleep 1ms", lcore.Idle{After: 1000, Sleep: time.Millisecond}},
}

// IdleMemory is what it needs of DPDK, in MiB.
func IdleMemory() int { return bed.Memory(0, 0) + 16 }

// MeasureIdle takes the CPU time of a worker without packets, and then the time from a packet's arrival on a ring to its leaving, for packets that come
// milliseconds apart.
func MeasureIdle(b *bed.Bed, s Schedule) (figures []result.Figure, all []result.Distribution, err error) {
	for i := range Idles {
		f, d, err := Idles[i].measure(b, s)
		if err != nil {
			return nil, nil, err
		}
		figures, all = append(figures, f...), append(all, d)
	}
	return figures, all, nil
}

func (m *Idle) measure(b *bed.Bed, s Schedule) (figures []result.Figure, d result.Distribution, err error) {
	c := &Case{Name: "idle", Proto: "tcp", Flows: 1}
	w, err := c.writers()
	if err != nil {
		return nil, d, err
	}
	bell, err := b.Bell(w[0])
	if err != nil {
		return nil, d, err
	}
	defer func() { err = errors.Join(err, bell.Close()) }()
	var tables bed.Tables
	defer func() { err = errors.Join(err, tables.Free()) }()
	plan := c.plan(bell, bell, tables.Alloc, clockOf(bell, c))
	plan.Idle = m.Idle
	r, err := c.start(b, plan, bell, bell)
	if err != nil {
		return nil, d, err
	}
	figures, d, err = m.figures(r, bell, s)
	return figures, d, errors.Join(err, r.end())
}

func (m *Idle) figures(r *run, bell *bed.Bell, s Schedule) ([]result.Figure, result.Distribution, error) {
	var busy, half, most result.Series
	h := hdrhistogram.New(1, longest, 3)
	for range s.Repetitions {
		w, err := r.pathFor(s.Each)
		if err != nil {
			return nil, result.Distribution{}, err
		}
		busy = append(busy, 100*w.Share())
		once := hdrhistogram.New(1, longest, 3)
		for end := time.Now().Add(s.Each); time.Now().Before(end); {
			time.Sleep(bed.Pause())
			took, err := bell.Ring(traffic.Nth(0, 1))
			if err != nil {
				return nil, result.Distribution{}, fmt.Errorf("idle, %s: %w", m.Name, err)
			}
			_ = once.RecordValue(min(int64(took), longest)) // within bounds
		}
		h.Merge(once)
		half = append(half, float64(once.ValueAtQuantile(50))/1e3)
		most = append(most, float64(once.ValueAtQuantile(99))/1e3)
	}
	text, err := result.NewHistogram(h)
	return []result.Figure{
		{Case: "idle", What: m.Name + ": a worker without packets", Unit: "% CPU", Values: busy},
		{Case: "idle", What: m.Name + ": from arrival to leaving, median", Unit: "us", Values: half},
		{Case: "idle", What: m.Name + ": from arrival to leaving, 99 %", Unit: "us", Values: most},
	}, result.Distribution{Case: "idle", Name: m.Name, Histogram: text}, err
}
