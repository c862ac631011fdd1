package manage

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"cleat/appliance/director"
	"cleat/lcore"
	"cleat/lcore/address"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/memory"
	"cleat/lcore/nexthop"
	"cleat/lcore/service"
)

// loopOf is a loop over one worker, which does not run.
func loopOf(t *testing.T) *Loop {
	tables := tablesOf(&service.Virtual{})
	tables.Generation = 1
	workers, err := lcore.NewWorkers([]lcore.Plan{{
		Workers: 1, Pool: lcoretest.NewPool(t, 1), Alloc: memory.Heap, Connections: 8, Templates: 8, Services: 8, Reals: 8,
		Seed: &flow.Seed{}, Steering: flow.NewSteering(1, 32, 64), Clock: func() time.Duration { return 0 },
	}}, tables)
	if err != nil {
		t.Fatal(err)
	}
	l := &Loop{log: slog.New(slog.DiscardHandler), d: &director.Director{Workers: workers}, inbox: make(chan func()), ended: make(chan struct{})}
	l.tables.Store(tables)
	return l
}

func tablesOf(v *service.Virtual) *lcore.Tables {
	return &lcore.Tables{Services: service.NewTable([]*service.Virtual{v}, nil, nil), Addresses: address.NewSet(nil), Hops: nexthop.New(nil, nil, nil)}
}

// TestLateWorkerMissesNothing: a worker that takes no tables for a while sees the changes of all that it has missed, or its schedulers would
// not know new services and would refuse their clients.
func TestLateWorkerMissesNothing(t *testing.T) {
	l := loopOf(t)
	synctest.Test(t, func(t *testing.T) {
		first := tablesOf(&service.Virtual{ID: 3})
		first.Changed = []uint32{3}
		l.publish(first)
		second := *first
		second.Changed = []uint32{5}
		l.publish(&second)
		if got := second.Changed; len(got) != 2 || got[0] != 3 || got[1] != 5 {
			t.Errorf("the second tables tell of changes to services %v, want 3 and 5", got)
		}
	})
}

// TestAskGivesUp: who does not wait any longer gets no half of an answer.
func TestAskGivesUp(t *testing.T) {
	l := &Loop{inbox: make(chan func()), ended: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f := <-l.inbox
		cancel()
		f()
	}()
	said, err := ask(ctx, l, func() string { return "all" })
	if (said == "all") != (err == nil) || err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("%q, %v", said, err)
	}
	<-done
	close(l.ended)
	if _, err := ask(t.Context(), l, func() string { return "all" }); !errors.Is(err, errEnded) {
		t.Errorf("%v, want %v", err, errEnded)
	}
}
