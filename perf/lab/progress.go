package lab

import (
	"fmt"
	"io"
	"time"

	"github.com/jedib0t/go-pretty/v6/progress"
)

// Plain is Progress in lines, for logs.
type Plain struct {
	W     io.Writer
	step  string
	begin time.Time
}

// Begin implements Progress.
func (p *Plain) Begin(step string, starts int) {
	p.step, p.begin = step, time.Now()
	fmt.Fprintf(p.W, "%s …\n", step)
}

// Start implements Progress.
func (p *Plain) Start() {}

// End implements Progress.
func (p *Plain) End(err error) {
	if err != nil {
		fmt.Fprintf(p.W, "%s: %v\n", p.step, err)
		return
	}
	fmt.Fprintf(p.W, "%s: done in %v\n", p.step, time.Since(p.begin).Round(100*time.Millisecond))
}

// Bars is Progress as bars, for terminals: one for each step, and one for all.
type Bars struct {
	bars progress.Writer
	now  *progress.Tracker
	done chan struct{}
}

// NewBars draws on a terminal; so many steps will begin. Close ends it.
func NewBars(w io.Writer, steps int) *Bars {
	b := &Bars{bars: progress.NewWriter(), done: make(chan struct{})}
	b.bars.SetOutputWriter(w)
	b.bars.SetNumTrackersExpected(steps)
	b.bars.SetMessageLength(30)
	b.bars.SetTrackerLength(24)
	b.bars.SetUpdateFrequency(200 * time.Millisecond)
	b.bars.SetStyle(progress.StyleBlocks)
	b.bars.Style().Visibility.TrackerOverall = steps > 1
	b.bars.Style().Visibility.Value = false
	b.bars.Style().Visibility.ETA = false
	go func() {
		b.bars.Render()
		close(b.done)
	}()
	return b
}

// Begin implements Progress. How far a start is nobody knows: of a single one the bar only moves.
func (b *Bars) Begin(step string, starts int) {
	b.now = &progress.Tracker{Message: step}
	if starts > 1 {
		b.now.Total = int64(starts)
	}
	b.bars.AppendTracker(b.now)
}

// Start implements Progress.
func (b *Bars) Start() { b.now.Increment(1) }

// End implements Progress.
func (b *Bars) End(err error) {
	if err != nil {
		b.bars.Log("%s: %v", b.now.Message, err)
		b.now.MarkAsErrored()
		return
	}
	b.now.MarkAsDone()
}

// Close draws the last state and ends.
func (b *Bars) Close() {
	b.bars.Stop()
	<-b.done
}
