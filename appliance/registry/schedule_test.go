package registry

import (
	"net/netip"
	"testing"
	"time"

	"cleat/conf"
	"cleat/lcore/service"
)

// desk is a registry with one service, tcp 10.0.0.1:80, for two workers.
type desk struct {
	t *testing.T
	r *Registry
	c *conf.Config
}

func newDesk(t *testing.T, scheduler string) *desk {
	c := conf.Default()
	c.Services = []conf.Service{{TCP: netip.MustParseAddrPort("10.0.0.1:80"), Scheduler: scheduler}}
	return &desk{t, New(4, 4, 2), c}
}

// apply makes servers those of the service, and returns it.
func (d *desk) apply(servers ...conf.Server) *service.Virtual {
	d.t.Helper()
	d.c.Services[0].Servers = servers
	if _, err := d.r.Apply(d.c, time.Time{}.Add(time.Hour)); err != nil {
		d.t.Fatal(err)
	}
	table, _ := d.r.Table(d.c)
	return table.Virtuals()[0]
}

func rs(address string, weight int) conf.Server {
	return conf.Server{Address: netip.MustParseAddrPort(address), Weight: weight, Forward: "nat"}
}

// TestLastWeight: M.4: an edit to 0 keeps it, an addition with 0 does not.
func TestLastWeight(t *testing.T) {
	d := newDesk(t, "mh")
	for _, s := range []struct {
		name  string
		reals []conf.Server
		want  int32
	}{
		{"added with 0", []conf.Server{rs("10.9.0.11:80", 0)}, 0},
		{"edited to 5", []conf.Server{rs("10.9.0.11:80", 5)}, 5},
		{"edited to 0", []conf.Server{rs("10.9.0.11:80", 0)}, 5},
		{"edited to 2", []conf.Server{rs("10.9.0.11:80", 2)}, 2},
		{"removed", nil, 0},
		{"added again with 0", []conf.Server{rs("10.9.0.11:80", 0)}, 0},
	} {
		v := d.apply(s.reals...)
		if len(v.Reals) == 0 {
			continue
		}
		if got := v.Reals[0].LastWeight; got != s.want {
			t.Errorf("%s: last weight %d, want %d", s.name, got, s.want)
		}
		if has := len(v.Buckets) != 0; has != (s.want != 0) {
			t.Errorf("%s: mh gives it slots: %v", s.name, has)
		}
	}
}

// TestIdentity: a server that comes back to its slot is the same; another one in that slot is not.
func TestIdentity(t *testing.T) {
	d := newDesk(t, "rr")
	first := d.apply(rs("10.9.0.11:80", 1)).Reals[0]
	d.apply()
	back := d.apply(rs("10.9.0.11:80", 1)).Reals[0]
	if back.Slot != first.Slot || back.Identity != first.Identity || back.Added == first.Added {
		t.Errorf("it came back as %+v, was %+v", back, first)
	}
	d.apply()
	d.r.Reap(time.Time{}.Add(2*time.Hour), func(uint32) bool { return false })
	other := d.apply(rs("10.9.0.12:80", 1)).Reals[0]
	if other.Slot != first.Slot || other.Identity == first.Identity {
		t.Errorf("another one in slot %d: %+v", first.Slot, other)
	}
}

// TestDestinations: what workers remember of destinations stays while the service has its scheduler, and is made for lblc and lblcr only.
func TestDestinations(t *testing.T) {
	d := newDesk(t, "lblc")
	d.c.IPVS.LblcExpiration, d.c.IPVS.LblcrExpiration = time.Hour, time.Minute
	first := d.apply(rs("10.9.0.11:80", 1))
	if len(first.Destinations) != 2 || first.Destinations[0] == nil || first.Destinations[0] == first.Destinations[1] || first.Expiration != time.Hour {
		t.Fatalf("lblc: %v, %v; want a table for each of two workers, an hour", first.Destinations, first.Expiration)
	}
	second := d.apply(rs("10.9.0.11:80", 2), rs("10.9.0.12:80", 1))
	if second.Destinations[0] != first.Destinations[0] || second.Destinations[1] != first.Destinations[1] {
		t.Error("a change of servers brought other tables")
	}
	d.c.Services[0].Scheduler = "lblcr"
	if v := d.apply(); v.Destinations[0] == nil || v.Destinations[0] == first.Destinations[0] || v.Expiration != time.Minute {
		t.Error("another scheduler, the old tables")
	}
	d.c.Services[0].Scheduler = "wlc"
	if v := d.apply(); v.Destinations[0] != nil {
		t.Error("wlc has tables")
	}
}

func TestFlags(t *testing.T) {
	for _, scheduler := range []string{"sh", "mh"} {
		d := newDesk(t, scheduler)
		for flag, want := range map[string]uint8{"-fallback": service.Fallback, "-port": service.HashPort} {
			d.c.Services[0].Flags = []string{scheduler + flag}
			if got := d.apply().Flags; got != want {
				t.Errorf("%s%s: %#x, want %#x", scheduler, flag, got, want)
			}
		}
	}
}
