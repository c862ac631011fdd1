package lcore

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/service"
)

// TestBurstOf32Is32BurstsOf1: it makes no difference to what leaves, to any counter and to any table whether packets come in one burst or
// one by one, up to the first time that something has to make room.
func TestBurstOf32Is32BurstsOf1(t *testing.T) {
	check(t, func(t trial) {
		w := drawWishes(t, "rr", "wrr", "lc", "wlc", "sh")
		for i := range w.services {
			if w.services[i].proto == flow.UDP && rapid.Bool().Draw(t.T, "sip") {
				w.services[i].engine = service.SIP
			}
		}
		many, single := newRig(t, bothFamilies(w)), newRig(t, bothFamilies(w))
		many.byMAC()
		single.byMAC()
		added := uint64(100)
		for range rapid.IntRange(4, 12).Draw(t.T, "steps") {
			switch pick(t, "step", "burst", "burst", "burst", "time", "change") {
			case "burst":
				frames := make([][]byte, rapid.IntRange(1, burst.Size).Draw(t.T, "packets"))
				for i := range frames {
					frames[i] = drawPacket(t, w)
					if rapid.Bool().Draw(t.T, "IPv6") {
						frames[i] = sixthFrame(frames[i])
					}
					t.Logf("packet: %v", described(frames[i]))
				}
				many.ports[outside].Inject(0, frames...)
				many.turn()
				for _, f := range frames {
					single.ports[outside].Inject(0, f)
					single.turn()
				}
			case "time":
				d := pick(t, "time", time.Second, 4*time.Millisecond, 11*time.Second, 61*time.Second, 301*time.Second, 901*time.Second)
				t.Logf("%v later", d)
				for _, r := range []*rig{many, single} {
					r.now += d
					r.settle()
				}
			case "change":
				w = drawChange(t, w, &added)
				t.Logf("change: %+v", w)
				many.change(bothFamilies(w))
				single.change(bothFamilies(w))
			}
			if many.evicted() { // which of several it is depends on which slots were free, and in a burst none becomes so
				many.conserve()
				many.verifyCounts()
				return
			}
			for i := range single.ports {
				want, got := single.ports[i].Sent(), many.ports[i].Sent()
				if !slices.EqualFunc(want, got, bytes.Equal) {
					t.Fatalf("port %d, one by one:\n%v\nand in bursts:\n%v", i, describe(want), describe(got))
				}
			}
			if diff := cmp.Diff(single.state(), many.state()); diff != "" {
				t.Fatalf("one by one (-) and in bursts (+):\n%s", diff)
			}
			many.conserve()
			single.conserve()
		}
	})
}

// evicted reports whether an entry had to make room for another one.
func (r *rig) evicted() bool {
	c := r.counters()
	return c.ConnectionEvictions+c.TemplateEvictions != 0
}

// described is a frame that is put into words only where somebody reads them.
type described []byte

func (d described) String() string { return lcoretest.Describe(d) }

func describe(frames [][]byte) (all []described) {
	for _, f := range frames {
		all = append(all, f)
	}
	return all
}

// state is all that can be seen of a rig with one worker, but for what leaves it.
func (r *rig) state() []string {
	w := r.workers[0]
	c := r.counters()
	var lines []string
	for _, v := range Verdicts() {
		if n := c.Verdicts[v]; n != 0 {
			lines = append(lines, fmt.Sprintf("%v %d", v, n))
		}
	}
	lines = append(lines,
		fmt.Sprintf("received %d transmitted %d held %d connections %d templates %d", c.Received, c.Transmitted, c.Held, c.Connections, c.Templates),
		fmt.Sprintf("hits %d misses %d inserts %d extensions %d expiries %d invalidations %d", c.TemplateHits, c.TemplateMisses, c.TemplateInserts,
			c.TemplateExtensions, c.TemplateExpiries, c.TemplateInvalidations),
		fmt.Sprintf("inserts %d expiries %d", c.ConnectionInserts, c.ConnectionExpiries))
	for i := range w.loads {
		if n := w.Real(uint32(i)); n != (RealCounters{}) {
			lines = append(lines, fmt.Sprintf("slot %d: %+v %+v", i, n, w.loads[i]))
		}
	}
	for i := range w.rotors {
		if n := w.Virtual(uint32(i)); n != (VirtualCounters{}) {
			lines = append(lines, fmt.Sprintf("service %d: %+v %+v", i, n, w.rotors[i]))
		}
	}
	return slices.Concat(lines, w.connectionLines(), w.templateLines())
}
