package neighbor

import (
	"testing"
	"time"

	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
)

// TestQuestionsThatAreNotSent do not count: a neighbour is given up only after it was asked in earnest.
func TestQuestionsThatAreNotSent(t *testing.T) {
	room, sent := false, 0
	table := New(8, 30*time.Second, func(uint16, []byte) bool {
		if room {
			sent++
		}
		return room
	})
	gateway := flow.V4(0x0a080002)
	ports := []nexthop.Port{{Subnets: []nexthop.Subnet{{Own: flow.V4(0x0a080001), Bits: 24}}}}
	table.Configure(nexthop.New(ports, nil, nil), 30*time.Second, []flow.Addr{gateway})
	now := time.Unix(1e9, 0)
	for range 10 * askTimes {
		now = now.Add(askEvery)
		table.Tick(now)
	}
	if n := table.List()[0]; n.State != Resolving {
		t.Errorf("%v though it was never asked, want %v", n.State, Resolving)
	}
	room = true
	table.Tick(now.Add(time.Millisecond))
	if sent != 1 {
		t.Errorf("%d questions as soon as there is room, want 1", sent)
	}
}
