package registry

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cleat/conf"
	"cleat/lcore/schedule"
	"cleat/lcore/service"
)

const (
	maxServices = 3
	maxServers  = 6
)

// twin is what a registry should be, told as a sequence of ipvsadm -A, -E, -D, -a, -e, -d.
type twin struct {
	services map[Identity]*twinService // removed ones that servers in the trash keep included
	servers  map[serverIdentity]*twinServer
	removed  int // servers so far
}

type twinService struct {
	known                    bool // id is
	anew                     bool // counted from 0
	id, incarnation, version uint32
	scheduler                string
	made                     int              // times that it was added
	list                     []netip.AddrPort // newest first
	gone                     bool
}

type twinServer struct {
	known bool // slot is
	anew  bool // counted from 0: new, or back in a service that was added again in the meantime (connections.md C13.3)
	made  int  // the service's when the server was added
	slot  uint32
	added uint64 // as it was seen since the server is in its list; 0: not yet
	conf  conf.Server
	gone  time.Time
}

// edits is what one configuration does to one service.
type edits struct{ fresh, rescheduled, servers bool }

// apply does to the twin what c says, and tells what that was.
func (w *twin) apply(c *conf.Config, now time.Time) map[Identity]edits {
	done := map[Identity]edits{}
	for i := range c.Services {
		s := &c.Services[i]
		id := IdentityOf(s)
		v := w.services[id]
		var e edits
		if v == nil || v.gone {
			e.fresh = true
			if v == nil {
				v = &twinService{}
				w.services[id] = v
			}
			v.anew = true
			v.made++
		}
		e.rescheduled = v.scheduler != s.Scheduler
		v.gone, v.scheduler = false, s.Scheduler
		e.servers = w.edit(id, v, s.Servers, now)
		done[id] = e
	}
	for id, v := range w.services {
		if _, wanted := done[id]; !wanted && !v.gone {
			w.edit(id, v, nil, now) // -D puts the servers into the trash
			v.gone = true
		}
	}
	return done
}

func (w *twin) edit(id Identity, v *twinService, wanted []conf.Server, now time.Time) (edited bool) {
	for _, a := range slices.Clone(v.list) { // -d
		if !slices.ContainsFunc(wanted, func(s conf.Server) bool { return s.Address == a }) {
			v.list = slices.DeleteFunc(v.list, func(b netip.AddrPort) bool { return a == b })
			w.servers[serverIdentity{id, a}].gone = now
			w.removed++
			edited = true
		}
	}
	for _, s := range wanted {
		old := w.servers[serverIdentity{id, s.Address}]
		if slices.Contains(v.list, s.Address) { // -e
			edited = edited || old.conf != s
			old.conf = s
			continue
		}
		if old == nil { // -a
			old = &twinServer{anew: true}
			w.servers[serverIdentity{id, s.Address}] = old
		}
		old.conf, old.gone, old.added = s, time.Time{}, 0
		old.anew, old.made = old.anew || old.made != v.made, v.made
		v.list = slices.Insert(v.list, 0, s.Address)
		edited = true
	}
	return edited
}

// fits tells whether there are numbers for all that c adds.
func (w *twin) fits(c *conf.Config) bool {
	services, servers := len(w.services), len(w.servers)
	for i := range c.Services {
		id := IdentityOf(&c.Services[i])
		if w.services[id] == nil {
			services++
		}
		for _, s := range c.Services[i].Servers {
			if w.servers[serverIdentity{id, s.Address}] == nil {
				servers++
			}
		}
	}
	return services <= maxServices && servers <= maxServers
}

// reap forgets what may be forgotten (P6.5).
func (w *twin) reap(now time.Time, named map[uint32]bool) (reaped bool) {
	before := len(w.services) + len(w.servers)
	maps.DeleteFunc(w.servers, func(_ serverIdentity, s *twinServer) bool {
		return !s.gone.IsZero() && now.Sub(s.gone) >= 120*time.Second && !named[s.slot]
	})
	maps.DeleteFunc(w.services, func(id Identity, v *twinService) bool {
		for k := range w.servers {
			if k.service == id {
				return false
			}
		}
		return v.gone
	})
	return len(w.services)+len(w.servers) < before
}

func drawConfig(t *rapid.T) *conf.Config {
	c := &conf.Config{}
	vip := netip.MustParseAddrPort("10.0.0.1:80")
	for _, s := range []conf.Service{{TCP: vip}, {UDP: vip}, {Mark: 7}, {Mark: 8}} {
		if !rapid.Bool().Draw(t, "service") {
			continue
		}
		s.Scheduler = rapid.SampledFrom([]string{"rr", "wrr", "sh"}).Draw(t, "scheduler")
		s.Persistent = time.Duration(rapid.IntRange(0, 1).Draw(t, "persistent")) * time.Minute
		for _, n := range rapid.Permutation([]int{1, 2, 3}).Draw(t, "servers")[:rapid.IntRange(0, 3).Draw(t, "number")] {
			s.Servers = append(s.Servers, conf.Server{
				Address: netip.MustParseAddrPort(fmt.Sprintf("10.9.0.%d:80", n)), Weight: rapid.IntRange(0, 1).Draw(t, "weight"), Forward: "nat",
			})
		}
		c.Services = append(c.Services, s)
	}
	return c
}

// TestRegistry holds a registry to its twin over configurations that follow one another, and time.
func TestRegistry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := New(maxServices, maxServers, 1)
		var freshServices, freshServers []uint32
		r.FreshService = func(id uint32) { freshServices = append(freshServices, id) }
		r.FreshServer = func(slot uint32, _ bool) { freshServers = append(freshServers, slot) }
		w := &twin{services: map[Identity]*twinService{}, servers: map[serverIdentity]*twinServer{}}
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		c := &conf.Config{}
		for range rapid.IntRange(1, 15).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.SampledFrom([]int{1, 60, 119, 120}).Draw(t, "seconds")) * time.Second)
			if rapid.IntRange(0, 3).Draw(t, "reap") == 0 {
				named := drawNamed(t)
				if got, want := r.Reap(now, func(slot uint32) bool { return named[slot] }), w.reap(now, named); got != want {
					t.Fatalf("Reap: %v, want %v", got, want)
				}
				verify(t, r, w, c)
				continue
			}
			next := drawConfig(t)
			before := snapshot(r, c)
			freshServices, freshServers = nil, nil
			changed, err := r.Apply(next, now)
			if fits := w.fits(next); fits != (err == nil) {
				t.Fatalf("Apply: %v, room: %v", err, fits)
			}
			if err != nil {
				if diff := cmp.Diff(before, snapshot(r, c)); diff != "" || !strings.Contains(err.Error(), "tables.") {
					t.Fatalf("refused (%v), but changed:\n%s", err, diff)
				}
				continue
			}
			c = next
			verifyChanged(t, r, w, w.apply(c, now), changed)
			verifyNumbers(t, r, w, freshServices, freshServers)
			verify(t, r, w, c)
		}
	})
}

func drawNamed(t *rapid.T) map[uint32]bool {
	named := map[uint32]bool{}
	for slot := range uint32(maxServers) {
		named[slot] = rapid.Bool().Draw(t, "named")
	}
	return named
}

// snapshot is what workers would see.
func snapshot(r *Registry, c *conf.Config) []string {
	table, reals := r.Table(c)
	lines := []string{fmt.Sprint(reals)}
	for _, v := range table.Virtuals() {
		lines = append(lines, fmt.Sprintf("%+v", *v))
	}
	return lines
}

// verifyChanged: incarnations and versions change exactly when schedulers have to know (G.7), and Apply tells whose.
func verifyChanged(t *rapid.T, r *Registry, w *twin, done map[Identity]edits, changed []uint32) {
	var want []uint32
	for _, v := range r.Virtuals() {
		id := IdentityOf(&v.Conf)
		e, twin := done[id], w.services[id]
		if again := e.fresh || e.rescheduled; again != (v.incarnation != twin.incarnation) {
			t.Fatalf("%+v: incarnation %d after %d, begins anew: %v", id, v.incarnation, twin.incarnation, again)
		}
		edited := e.fresh || e.rescheduled || e.servers
		if edited != (v.version != twin.version) {
			t.Fatalf("%+v: version %d after %d, changed: %v", id, v.version, twin.version, edited)
		}
		if edited {
			want = append(want, v.ID)
		}
		twin.incarnation, twin.version = v.incarnation, v.version
	}
	if !slices.Equal(changed, want) {
		t.Fatalf("changed %v, want %v", changed, want)
	}
}

// verifyNumbers: whoever was known keeps its number, whoever is new gets one of its own; who is counted from 0 is told once.
func verifyNumbers(t *rapid.T, r *Registry, w *twin, freshServices, freshServers []uint32) {
	var services, servers []uint32
	ids, slots := map[uint32]bool{}, map[uint32]bool{}
	for id, v := range w.services {
		got := r.virtuals[id].ID
		if v.anew {
			services = append(services, got)
			v.anew = false
		}
		if !v.known {
			v.known, v.id = true, got
		} else if got != v.id {
			t.Fatalf("%+v: ID %d, was %d", id, got, v.id)
		}
		ids[v.id] = true
	}
	for id, s := range w.servers {
		got := r.servers[id].slot
		if s.anew {
			servers = append(servers, got)
			s.anew = false
		}
		if !s.known {
			s.known, s.slot = true, got
		} else if got != s.slot {
			t.Fatalf("%+v: slot %d, was %d", id, got, s.slot)
		}
		slots[s.slot] = true
	}
	if len(ids) != len(w.services) || len(slots) != len(w.servers) {
		t.Fatalf("%d IDs for %d services, %d slots for %d servers", len(ids), len(w.services), len(slots), len(w.servers))
	}
	for _, fresh := range [][2][]uint32{{freshServices, services}, {freshServers, servers}} {
		slices.Sort(fresh[0])
		slices.Sort(fresh[1])
		if !slices.Equal(fresh[0], fresh[1]) {
			t.Fatalf("told that %v are counted from 0, want %v", fresh[0], fresh[1])
		}
	}
}

// verify holds the table for workers to the twin.
func verify(t *rapid.T, r *Registry, w *twin, c *conf.Config) {
	table, reals := r.Table(c)
	if len(reals) > maxServers {
		t.Fatalf("%d slots", len(reals))
	}
	for id, s := range r.servers {
		known := w.servers[id]
		if known == nil {
			t.Fatalf("server %v is kept", id)
		}
		rs := reals[s.slot]
		if rs.Available != known.gone.IsZero() || int(rs.Weight) != known.conf.Weight || rs.Addr.Netip() != known.conf.Address.Addr() {
			t.Fatalf("server %v: %+v", id, rs)
		}
	}
	if r.Removed != w.removed {
		t.Fatalf("%d servers removed, want %d", r.Removed, w.removed)
	}
	if len(r.servers) != len(w.servers) {
		t.Fatalf("%d servers known, want %d", len(r.servers), len(w.servers))
	}
	for i, v := range table.Virtuals() {
		derived := *v
		derived.Balanced, derived.Buckets, derived.GCD, derived.MaxWeight = false, nil, 0, 0
		schedule.Build(&derived)
		if diff := cmp.Diff(derived, *v); diff != "" {
			t.Fatalf("derived long ago:\n%s", diff)
		}
		id := IdentityOf(&c.Services[i])
		verifyList(t, w, id, v)
		var slots []uint32
		for _, s := range c.Services[i].Servers {
			slots = append(slots, w.servers[serverIdentity{id, s.Address}].slot)
		}
		if got := r.Slots(r.Virtuals()[i]); !slices.Equal(got, slots) {
			t.Fatalf("%+v: Slots %v, want %v", id, got, slots)
		}
	}
}

// verifyList: the twin's order, and numbers that stay.
func verifyList(t *rapid.T, w *twin, id Identity, v *service.Virtual) {
	var list []netip.AddrPort
	for i, rs := range v.Reals {
		a := netip.AddrPortFrom(rs.Addr.Netip(), rs.Port)
		list = append(list, a)
		if i > 0 && rs.Added >= v.Reals[i-1].Added {
			t.Fatalf("%+v: Added does not fall: %+v", id, v.Reals)
		}
		s := w.servers[serverIdentity{id, a}]
		if s.added != 0 && s.added != rs.Added {
			t.Fatalf("%v in %+v: Added %d, was %d", a, id, rs.Added, s.added)
		}
		s.added = rs.Added
	}
	if !slices.Equal(list, w.services[id].list) {
		t.Fatalf("%+v: order %v, want %v", id, list, w.services[id].list)
	}
}
