package schedule

import (
	"math/bits"

	"cleat/lcore/service"
)

// mh takes the server that the client's address hashes to, by a table that changes little when servers come and go: Maglev (scheduling.md M).
type mh struct{}

const (
	mhSlots = 4093 // M.1: a prime
	tabBits = 6    // M.1: turns of a round are fewer than 2^tabBits
	noSlot  = 0xffff
)

func (mh) Name() string { return "mh" }

// order is the slots that a server would like to have, and how many it may take in a round (M.4).
type order struct{ next, skip, turns int }

// Build lets the servers take slots in turns until none is left (M.5).
func (mh) Build(v *service.Virtual) {
	v.Buckets = nil
	orders, sum := ordersOf(v.Reals)
	if sum == 0 {
		return
	}
	v.Buckets = make([]uint16, mhSlots)
	for i := range v.Buckets {
		v.Buckets[i] = noSlot
	}
	for left := mhSlots; left > 0; {
		for i := range orders {
			o := &orders[i]
			for n := min(o.turns, left); n > 0; n-- {
				for v.Buckets[o.next] != noSlot { // slots is a prime, so every one comes
					o.next = (o.next + o.skip) % mhSlots
				}
				v.Buckets[o.next] = uint16(i)
				left--
			}
		}
	}
}

// ordersOf returns those of all servers, and the sum of their turns.
func ordersOf(reals []service.Real) (orders []order, sum int) {
	divisor, heaviest := int32(0), int32(0)
	for i := range reals {
		if w := reals[i].LastWeight; w > 0 {
			divisor, heaviest = gcd(divisor, w), max(heaviest, w)
		}
	}
	if divisor == 0 {
		return nil, 0
	}
	shift := max(0, bits.Len32(uint32(heaviest/divisor))-tabBits)
	orders = make([]order, len(reals))
	for i := range reals {
		rs := &reals[i]
		x := rs.Addr.Fold() + uint32(rs.Port) // M.3
		orders[i] = order{next: int(siphash(x, key1) % mhSlots), skip: int(siphash(x, key2)%(mhSlots-1)) + 1}
		if rs.LastWeight > 0 {
			orders[i].turns = max(int(rs.LastWeight/divisor)>>shift, 1)
		}
		sum += orders[i].turns
	}
	return orders, sum
}

func (mh) Changed(*State, *service.Virtual) {}

func (mh) Pick(v *service.Virtual, _ *State, loads []Load, c *Client) int {
	if len(v.Buckets) == 0 {
		return None
	}
	x := c.number(v.Flags)
	first := siphash(x, key1) % mhSlots
	if i := int(v.Buckets[first]); eligible(&v.Reals[i], loads) {
		return i // M.6, M.7
	}
	if v.Flags&service.Fallback == 0 {
		return None // M.6
	}
	for k := range uint32(mhSlots) { // M.7
		slot := siphash(x+(k+first)%mhSlots, key1) % mhSlots
		if i := int(v.Buckets[slot]); eligible(&v.Reals[i], loads) {
			return i
		}
	}
	return None
}
