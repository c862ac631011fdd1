// Package neighbor knows the MAC addresses of next hops: it asks for them, hears the answers, and lets what
// nobody confirms grow old.
//
// A Table belongs to the management goroutine. Workers tell it whom they need and what ARP packets they saw (lcore.Neighbor); it
// asks with frames that workers send, and gives the known neighbours for the workers' nexthop.Table.
package neighbor

import (
	"cmp"
	"slices"
	"time"

	"cleat/lcore"
	"cleat/lcore/answer"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
	"cleat/lcore/wire"
)

// State of a neighbour.
type State uint8

// States.
const (
	Resolving State = iota // asked for, never answered
	Reachable              // answered not long ago
	Stale                  // has not confirmed its address lately and is asked again; still used
	Failed                 // did not answer; packets to it are not sent, and those to a required one are answered by host unreachable
)

func (s State) String() string {
	return [...]string{"resolving", "reachable", "stale", "failed"}[s]
}

const (
	askEvery   = time.Second     // while an answer is missing
	askTimes   = 3               // before it is given up
	askAgain   = 5 * time.Second // a neighbour that is required and failed
	forgetTime = time.Minute     // a failed one that is not required
)

type key struct {
	port uint16
	addr flow.Addr
}

// Neighbor is one neighbour, as listings show it.
type Neighbor struct {
	Port  uint16
	Addr  flow.Addr
	MAC   nexthop.MAC
	State State
	// Heard is when it last said its address; Asked when it was last asked.
	Heard, Asked time.Time
	asks         int // since it last answered
	required     bool
}

// Table is all neighbours. One goroutine uses it.
type Table struct {
	reachable  time.Duration
	capacity   int
	hops       *nexthop.Table // ports and own addresses
	neighbours map[key]*Neighbor
	send       func(port uint16, frame []byte) bool
	// Refused counts neighbours that were not taken up because the table was full.
	Refused uint64
}

// New returns an empty table for up to capacity neighbours whose word is believed for the time reachable. send has a
// worker send a frame, and reports whether it could; what it could not, the next Tick tries again.
func New(capacity int, reachable time.Duration, send func(port uint16, frame []byte) bool) *Table {
	return &Table{reachable: reachable, capacity: capacity, neighbours: map[key]*Neighbor{}, send: send}
}

// Configure sets what a reload may change: ports and their addresses, how long neighbours are believed, and the next hops that
// are required, which are asked for whether packets need them yet or not. Neighbours that are on no subnet any more are forgotten.
func (t *Table) Configure(hops *nexthop.Table, reachable time.Duration, required []flow.Addr) {
	t.hops, t.reachable = hops, reachable
	for k, n := range t.neighbours {
		n.required = false
		if port, ok := nexthop.OnLink(hops.Ports(), k.addr); !ok || port != k.port {
			delete(t.neighbours, k)
		}
	}
	for _, a := range required {
		if port, ok := nexthop.OnLink(hops.Ports(), a); ok {
			if n := t.take(key{port, a}, true); n != nil {
				n.required = true
			}
		}
	}
}

// take returns a neighbour, a new one if it is not known yet. In a full table a needed one takes the place of one that is not
// required; nil if there is none, or the new one is not needed: who only asks for us cannot push others out.
func (t *Table) take(k key, needed bool) *Neighbor {
	n := t.neighbours[k]
	if n == nil {
		if len(t.neighbours) >= t.capacity && !(needed && t.evict()) {
			t.Refused++
			return nil
		}
		n = &Neighbor{Port: k.port, Addr: k.addr}
		t.neighbours[k] = n
	}
	return n
}

// evict forgets the neighbour that was not heard for the longest time, of those that are not required, and reports whether there
// was one.
func (t *Table) evict() bool {
	var oldest *Neighbor
	for _, n := range t.neighbours {
		if !n.required && (oldest == nil || n.Heard.Before(oldest.Heard)) {
			oldest = n
		}
	}
	if oldest != nil {
		delete(t.neighbours, key{oldest.Port, oldest.Addr})
	}
	return oldest != nil
}

// News takes in what a worker has to tell, and reports whether the known neighbours have changed. An answer that nobody asked for is
// not believed unless it is about a known neighbour.
func (t *Table) News(x *lcore.Neighbor, now time.Time) (changed bool) {
	k := key{x.Port, x.Addr}
	if port, ok := nexthop.OnLink(t.hops.Ports(), x.Addr); !ok || port != x.Port || t.hops.Own(port, x.Addr) == x.Addr {
		return false
	}
	if x.MAC == (nexthop.MAC{}) {
		t.need(k, now)
		return false
	}
	n := t.neighbours[k]
	if n == nil && !x.Reply {
		n = t.take(k, false)
	}
	if n == nil {
		return false
	}
	changed = n.MAC != x.MAC || n.State == Failed
	n.MAC, n.State, n.Heard, n.asks = x.MAC, Reachable, now, 0
	return changed
}

// need asks at once for a neighbour that packets wait for.
func (t *Table) need(k key, now time.Time) {
	n := t.take(k, true)
	if n == nil || n.State == Reachable || n.State == Stale || now.Sub(n.Asked) < askEvery {
		return
	}
	n.State, n.asks = Resolving, 0
	t.ask(n, now)
}

// Tick asks for what is missing or old, gives up what does not answer, and reports whether the known neighbours have changed.
func (t *Table) Tick(now time.Time) (changed bool) {
	for k, n := range t.neighbours {
		switch n.State {
		case Reachable:
			if now.Sub(n.Heard) >= t.reachable {
				n.State, n.asks = Stale, 0
				t.ask(n, now)
			}
		case Resolving, Stale:
			if now.Sub(n.Asked) < askEvery {
				break
			}
			if n.asks >= askTimes {
				changed = changed || n.State == Stale || n.required
				n.State = Failed
				break
			}
			t.ask(n, now)
		case Failed:
			if n.required && now.Sub(n.Asked) >= askAgain {
				t.ask(n, now)
			} else if !n.required && now.Sub(n.Asked) >= forgetTime {
				delete(t.neighbours, k)
			}
		}
	}
	return changed
}

func (t *Table) ask(n *Neighbor, now time.Time) {
	var to wire.MAC
	if n.State == Stale && n.asks == 0 { // most are still there, and need not wake the others (RFC 1122 2.3.2.1, RFC 4861 7.3.3)
		to = n.MAC
	}
	if t.send(n.Port, question(t.hops.Ports()[n.Port].MAC, t.hops.Own(n.Port, n.Addr), to, n.Addr)) {
		n.Asked = now
		n.asks++
	}
}

// question is a frame that asks for the link address of target: at to, or if that is zero, all that may be target.
func question(mac wire.MAC, own flow.Addr, to wire.MAC, target flow.Addr) []byte {
	if !target.Is4() {
		return answer.AppendSolicitation(nil, mac, own, to, target)
	}
	if to == (wire.MAC{}) {
		to = wire.Broadcast
	}
	return answer.AppendARPRequest(nil, mac, own.Uint32(), to, target.Uint32())
}

// Known returns the neighbours that packets can be sent to, in order, and without a MAC address required ones that failed: they are asked again and
// again, so nobody has to wait for them.
func (t *Table) Known() []nexthop.Neighbor {
	var known []nexthop.Neighbor
	for _, n := range t.List() {
		switch {
		case n.State == Reachable || n.State == Stale:
			known = append(known, nexthop.Neighbor{Port: n.Port, Addr: n.Addr, MAC: n.MAC})
		case n.State == Failed && n.required:
			known = append(known, nexthop.Neighbor{Port: n.Port, Addr: n.Addr})
		}
	}
	return known
}

// List returns all neighbours, by port and address.
func (t *Table) List() []Neighbor {
	all := make([]Neighbor, 0, len(t.neighbours))
	for _, n := range t.neighbours {
		all = append(all, *n)
	}
	slices.SortFunc(all, func(a, b Neighbor) int {
		return cmp.Or(cmp.Compare(a.Port, b.Port), cmp.Compare(a.Addr.Hi, b.Addr.Hi), cmp.Compare(a.Addr.Lo, b.Addr.Lo))
	})
	return all
}
