package manage

import (
	"slices"
	"testing"
	"time"
)

// TestFire: timers fire in the order of their moments, each as often as it is due, and hear their own moment.
func TestFire(t *testing.T) {
	l := &Loop{}
	var fired []time.Duration
	add := func(every time.Duration) {
		l.timers = append(l.timers, timer{every, every, func(now time.Duration) { fired = append(fired, now) }})
	}
	add(60 * time.Second)
	add(25 * time.Second)
	l.fire(10 * time.Second)
	if fired != nil {
		t.Errorf("before anything is due: %v", fired)
	}
	l.fire(100 * time.Second)
	if want := []time.Duration{25e9, 50e9, 60e9, 75e9, 100e9}; !slices.Equal(fired, want) {
		t.Errorf("%v, want %v", fired, want)
	}
}
