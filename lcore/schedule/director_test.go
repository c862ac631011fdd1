package schedule

import (
	"slices"
	"time"

	"cleat/lcore/destination"
	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// expiration is that of lblc and lblcr: shorter than the kernel's, so that tests meet it.
const expiration = time.Hour

// director keeps one service as management does, and schedules for it as one worker does.
type director struct {
	scheduler Scheduler
	flags     uint8
	reals     []service.Real // newest first
	added     uint64

	virtual *service.Virtual
	memory  []*destination.Table // of the only worker
	state   State
	loads   []Load
}

func newDirector(name string, flags uint8, slots int) *director {
	index, ok := ByName(name)
	if !ok {
		panic("no scheduler " + name)
	}
	d := &director{scheduler: All[index], flags: flags, loads: make([]Load, slots), memory: make([]*destination.Table, 1)}
	d.publish()
	return d
}

func (d *director) publish() {
	d.virtual = &service.Virtual{Flags: d.flags, Reals: slices.Clone(d.reals), Destinations: d.memory, Expiration: expiration}
	d.scheduler.Build(d.virtual)
	d.scheduler.Changed(&d.state, d.virtual)
}

func (d *director) find(slot uint32) int {
	return slices.IndexFunc(d.reals, func(rs service.Real) bool { return rs.Slot == slot })
}

// add adds server N at 10.9.0.(10+N):80.
func (d *director) add(slot uint32, weight int32) {
	d.addAt(slot, weight, flow.V4(10<<24|9<<16|10+slot), 80)
}

func (d *director) addAt(slot uint32, weight int32, addr flow.Addr, port uint16) {
	d.added++
	d.reals = slices.Insert(d.reals, 0, service.Real{
		Slot: slot, Added: d.added, Identity: slot, Addr: addr, Port: port, Available: true, Weight: weight, LastWeight: weight,
	})
	d.publish()
}

func (d *director) edit(slot uint32, weight int32) {
	rs := &d.reals[d.find(slot)]
	rs.Weight = weight
	if weight != 0 {
		rs.LastWeight = weight
	}
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
