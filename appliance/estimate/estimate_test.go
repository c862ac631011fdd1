package estimate

import (
	"testing"

	"pgregory.net/rapid"

	"cleat/appliance/api"
)

// TestKernel: what the kernel showed for known traffic (oracle e05, e06): all of it at once, then so many looks.
func TestKernel(t *testing.T) {
	for _, tt := range []struct {
		name    string
		traffic api.Counters
		looks   int
		want    api.Rates
	}{
		{"e05, all services", api.Counters{Connections: 6, InPackets: 24, OutPackets: 12, InBytes: 1296, OutBytes: 879}, 1, api.Rates{Connections: 1, InPackets: 3, OutPackets: 1, InBytes: 162, OutBytes: 110}},
		{"e06", api.Counters{Connections: 1, InPackets: 60, OutPackets: 60, InBytes: 85680, OutBytes: 4200}, 2, api.Rates{InPackets: 6, OutPackets: 6, InBytes: 8032, OutBytes: 394}},
		{"nobody has looked yet", api.Counters{Connections: 6}, 0, api.Rates{}},
		{"a rate of its own", api.Counters{Connections: 2000}, 1, api.Rates{Connections: 250}},
		{"a half is rounded down", api.Counters{Connections: 4, InBytes: 4}, 1, api.Rates{}},
		{"more than a half", api.Counters{Connections: 5, InBytes: 5}, 1, api.Rates{Connections: 1, InBytes: 1}},
		{"it dies away", api.Counters{Connections: 1 << 30, InBytes: 1 << 40}, 120, api.Rates{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := New(api.Counters{})
			for range tt.looks {
				e.Look(tt.traffic)
			}
			if got := e.Rates(); got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
		})
	}
}

// TestZero: the zero point is what was seen last, not what has been counted since.
func TestZero(t *testing.T) {
	e := New(api.Counters{Connections: 100})
	steps := []struct {
		do   func()
		want uint64 // connections
	}{
		{func() {}, 0},
		{func() { e.Look(api.Counters{Connections: 107}) }, 7},
		{e.Zero, 0},
		{func() { e.Look(api.Counters{Connections: 109}) }, 2},
	}
	for i, s := range steps {
		s.do()
		if got := e.Stats().Connections; got != s.want {
			t.Errorf("step %d: %d, want %d", i, got, s.want)
		}
	}
	e.Zero()
	if r := e.Rates(); r != (api.Rates{}) {
		t.Errorf("rates after zero: %+v", r)
	}
}

// TestSteady: under a steady rate the average comes to that rate, whatever it was before.
func TestSteady(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := New(api.Counters{})
		var now api.Counters
		grow := func(by uint64, looks int) {
			for range looks {
				for _, n := range now.Figures() {
					*n += by
				}
				e.Look(now)
			}
		}
		grow(rapid.Uint64Range(0, 1<<40).Draw(t, "before"), 3)
		rate := rapid.Uint64Range(0, 1<<40).Draw(t, "rate")
		grow(2*rate, 200)
		if got := e.Rates(); got != (api.Rates{Connections: rate, InPackets: rate, OutPackets: rate, InBytes: rate, OutBytes: rate}) {
			t.Fatalf("%+v, want %d", got, rate)
		}
	})
}
