package schedule

import (
	"slices"

	"cleat/lcore/service"
)

// director keeps one service as management does, and schedules for it as one worker does.
type director struct {
	scheduler Scheduler
	flags     uint8
	reals     []service.Real // newest first
	added     uint64

	virtual *service.Virtual
	state   State
	loads   []Load
}

func newDirector(name string, flags uint8, slots int) *director {
	index, ok := ByName(name)
	if !ok {
		panic("no scheduler " + name)
	}
	d := &director{scheduler: All[index], flags: flags, loads: make([]Load, slots)}
	d.publish()
	return d
}

func (d *director) publish() {
	d.virtual = &service.Virtual{Flags: d.flags, Reals: slices.Clone(d.reals)}
	d.scheduler.Build(d.virtual)
	d.scheduler.Changed(&d.state, d.virtual)
}

func (d *director) find(slot uint32) int {
	return slices.IndexFunc(d.reals, func(rs service.Real) bool { return rs.Slot == slot })
}

func (d *director) add(slot uint32, weight int32) {
	d.added++
	d.reals = slices.Insert(d.reals, 0, service.Real{Slot: slot, Added: d.added, Available: true, Weight: weight})
	d.publish()
}

func (d *director) edit(slot uint32, weight int32) {
	d.reals[d.find(slot)].Weight = weight
	d.publish()
}

func (d *director) delete(slot uint32) {
	i := d.find(slot)
	d.reals = slices.Delete(d.reals, i, i+1)
	d.publish()
}

// pick returns the slot of the picked server, or None.
func (d *director) pick(c *Client) int {
	i := d.scheduler.Pick(d.virtual, &d.state, d.loads, c)
	if i == None {
		return None
	}
	return int(d.virtual.Reals[i].Slot)
}
