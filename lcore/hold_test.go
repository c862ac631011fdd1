package lcore

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"cleat/lcore/nexthop"
)

// TestHeldPacketFollowsItsWay: while a packet waits, its next hop moves to another port.
func TestHeldPacketFollowsItsWay(t *testing.T) {
	r := newRig(t, wishes{settings: kernel})
	if got := r.send(outside, fromClient(alice, "10.9.0.99:80", "S")); got != nil {
		t.Fatalf("not held: %v", got)
	}
	tables := r.tables
	tables.Generation++
	routes := append(testRoutes(), nexthop.Route{Dst: addr("10.9.0.99"), Bits: 32, Via: addr("10.8.0.2"), Port: outside})
	tables.Hops = nexthop.New(testPorts(), routes, testNeighbors())
	r.workers[0].Adopt(&tables)
	r.turn()
	want := []string{"0: 172.16.0.1 > 10.9.0.99 tcp 20001>80 S seq 1 ttl 63 csum ok"}
	if diff := cmp.Diff(want, r.sent()); diff != "" {
		t.Error(diff)
	}
}
