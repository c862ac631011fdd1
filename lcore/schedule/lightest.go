package schedule

import "cleat/lcore/service"

// lightest is the server with the least load for its weight, of those that were weighed.
type lightest struct {
	index        int // as weighed, or None
	load, weight int64
}

// weigh compares with 64-bit products; a tie leaves the earlier one (G.5).
func (l *lightest) weigh(index int, load int64, weight int32) {
	if l.index == None || load*l.weight < l.load*int64(weight) {
		*l = lightest{index, load, int64(weight)}
	}
}

// active is how many connections of a server are active, on all workers.
func active(rs *service.Real, loads []Load) int32 {
	l := &loads[rs.Slot]
	return l.Active + l.OthersActive
}

// overhead is what a server has to do (G.3): 257 for an active connection, 1 for an inactive one, modulo 2^32.
func overhead(rs *service.Real, loads []Load) uint32 {
	l := &loads[rs.Slot]
	active, inactive := l.Active+l.OthersActive, l.Inactive+l.OthersInactive
	return uint32(active)<<8 + uint32(active+inactive)
}

// signed is overhead as all but lc read it (G.3).
func signed(rs *service.Real, loads []Load) int32 { return int32(overhead(rs, loads)) }

// expected is how many connections a server would have at work with the next one (G.4).
func expected(rs *service.Real, loads []Load) int64 { return int64(active(rs, loads)) + 1 }
