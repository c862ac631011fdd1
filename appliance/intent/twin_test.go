package intent

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"cleat/appliance/api"
	"cleat/conf"
)

// twin does at once what an Intent works out from its layers: it has one list and notes whose everything in it is.
type twin struct {
	services []*twinService // in the order of their coming
	gone     map[string]bool
}

type twinService struct {
	name        string
	scheduler   string
	own, edited bool
	servers     []*twinServer
	gone        map[string]bool // deleted, though the file has it
}

type twinServer struct {
	address     string
	weight      int
	own, edited bool
}

func (w *twin) find(name string) *twinService {
	for _, s := range w.services {
		if s.name == name {
			return s
		}
	}
	return nil
}

func (s *twinService) find(address string) *twinServer {
	for _, rs := range s.servers {
		if rs.address == address {
			return rs
		}
	}
	return nil
}

// command does what c says and returns the error of IPVS.
func (w *twin) command(c *api.Command, file map[string]map[string]int) string {
	if c.Do == "clear" {
		w.services, w.gone = nil, map[string]bool{}
		for name := range file {
			w.gone[name] = true
		}
		return ""
	}
	name := c.Service.Address
	s := w.find(name)
	if c.Do == "add-service" {
		if s != nil {
			return "EEXIST"
		}
		w.services = append(w.services, &twinService{name: name, scheduler: c.Options.Scheduler, own: true, gone: map[string]bool{}})
		delete(w.gone, name)
		return ""
	}
	if s == nil {
		return "ESRCH"
	}
	switch c.Do {
	case "edit-service":
		s.scheduler, s.edited = c.Options.Scheduler, true
		return ""
	case "delete-service":
		w.services = slices.DeleteFunc(w.services, func(o *twinService) bool { return o == s })
		w.gone[name] = file[name] != nil
		return ""
	}
	rs := s.find(c.Server.Address)
	switch {
	case c.Do == "add-server" && rs != nil:
		return "EEXIST"
	case c.Do == "add-server":
		s.servers = append(s.servers, &twinServer{c.Server.Address, c.Server.Weight, true, false})
		delete(s.gone, c.Server.Address)
	case rs == nil:
		return "ENOENT"
	case c.Do == "edit-server":
		rs.weight, rs.edited = c.Server.Weight, true
	default:
		_, inFile := file[name][rs.address]
		s.gone[rs.address] = inFile && !s.own
		s.servers = slices.DeleteFunc(s.servers, func(o *twinServer) bool { return o == rs })
	}
	return ""
}

// reload is told what the new file says, in its order.
func (w *twin) reload(file []conf.Service, replace bool) {
	in := map[string]bool{}
	for _, f := range file {
		in[f.Address().String()] = true
	}
	if replace {
		w.gone = map[string]bool{}
		for _, s := range w.services {
			s.own, s.edited, s.gone = false, false, map[string]bool{}
			for _, rs := range s.servers {
				rs.own, rs.edited = false, false
			}
		}
	}
	w.services = slices.DeleteFunc(w.services, func(s *twinService) bool { return !s.own && !in[s.name] })
	for name := range w.gone {
		w.gone[name] = w.gone[name] && in[name]
	}
	for i := range file {
		w.reloadService(&file[i])
	}
}

func (w *twin) reloadService(f *conf.Service) {
	name := f.Address().String()
	if w.gone[name] {
		return
	}
	s := w.find(name)
	switch {
	case s == nil:
		s = &twinService{name: name, gone: map[string]bool{}}
		w.services = append(w.services, s)
	case s.own:
		return
	}
	if !s.edited {
		s.scheduler = f.Scheduler
	}
	in := map[string]bool{}
	for _, rs := range f.Servers {
		in[rs.Address.String()] = true
	}
	s.servers = slices.DeleteFunc(s.servers, func(rs *twinServer) bool { return !rs.own && !in[rs.address] })
	for a := range s.gone {
		s.gone[a] = s.gone[a] && in[a]
	}
	for _, rs := range f.Servers {
		address := rs.Address.String()
		switch there := s.find(address); {
		case s.gone[address]:
		case there == nil:
			s.servers = append(s.servers, &twinServer{address, rs.Weight, false, false})
		case !there.own && !there.edited:
			there.weight = rs.Weight
		}
	}
}

// said is the twin's list in words.
func (w *twin) said() (lines []string) {
	for _, s := range w.services {
		lines = append(lines, s.name+" "+s.scheduler)
		for _, rs := range s.servers {
			lines = append(lines, fmt.Sprintf("  %s %d", rs.address, rs.weight))
		}
	}
	return lines
}

func said(c *conf.Config) (lines []string) {
	for i := range c.Services {
		s := &c.Services[i]
		lines = append(lines, s.Address().String()+" "+s.Scheduler)
		for _, rs := range s.Servers {
			lines = append(lines, fmt.Sprintf("  %s %d", rs.Address, rs.Weight))
		}
	}
	return lines
}

var (
	vips      = rapid.SampledFrom([]string{"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"})
	addresses = rapid.SampledFrom([]string{"10.9.0.11:80", "10.9.0.12:80", "10.9.0.13:80"})
	weights   = rapid.IntRange(0, 9)
	names     = rapid.SampledFrom([]string{"rr", "wrr", "lc"})
)

func drawFile(t *rapid.T, base *conf.Config) *conf.Config {
	c := *base
	c.Services = nil
	for _, vip := range rapid.SliceOfNDistinct(vips, 0, 3, rapid.ID[string]).Draw(t, "services") {
		s := conf.Service{TCP: netip.MustParseAddrPort(vip), Scheduler: names.Draw(t, "scheduler")}
		for _, a := range rapid.SliceOfNDistinct(addresses, 0, 3, rapid.ID[string]).Draw(t, "servers") {
			s.Servers = append(s.Servers, conf.Server{Address: netip.MustParseAddrPort(a), Weight: weights.Draw(t, "weight"), Forward: "nat"})
		}
		c.Services = append(c.Services, s)
	}
	return &c
}

func drawCommand(t *rapid.T) *api.Command {
	do := rapid.SampledFrom([]string{
		"add-service", "edit-service", "delete-service", "add-server", "add-server", "edit-server", "delete-server", "clear",
	}).Draw(t, "do")
	return &api.Command{
		Do: do, Service: &api.ServiceID{Protocol: "tcp", Address: vips.Draw(t, "vip")}, Options: &api.Options{Scheduler: names.Draw(t, "scheduler")},
		Server: &api.ServerSpec{Address: addresses.Draw(t, "address"), Weight: weights.Draw(t, "weight"), Forward: "nat"},
	}
}

// TestTwin holds an intent to its twin over commands and reloads, and what is in force to what can be loaded again.
func TestTwin(t *testing.T) {
	base := parse(t, base)
	rapid.Check(t, func(t *rapid.T) {
		file := drawFile(t, base)
		i, w := New(file), &twin{gone: map[string]bool{}}
		w.reload(file.Services, false)
		for range rapid.IntRange(1, 20).Draw(t, "steps") {
			if rapid.IntRange(0, 4).Draw(t, "reload") == 0 {
				file = drawFile(t, base)
				replace := rapid.Bool().Draw(t, "replace")
				i = i.Reload(file, replace)
				w.reload(file.Services, replace)
			} else {
				c := drawCommand(t)
				before := said(i.Config())
				next, err := i.Command(c)
				if diff := cmp.Diff(before, said(i.Config())); diff != "" {
					t.Fatalf("%+v changed the intent before it:\n%s", c, diff)
				}
				if got, want := errno(err), w.command(c, inFile(file)); got != want {
					t.Fatalf("%s %s %s: %s, want %s", c.Do, c.Service.Address, c.Server.Address, got, want)
				}
				if err == nil {
					i = next
				}
			}
			if diff := cmp.Diff(w.said(), said(i.Config())); diff != "" {
				t.Fatalf("want -, got +\n%s", diff)
			}
		}
		again, err := conf.Parse("again.toml", []byte(i.TOML()))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(said(i.Config()), said(again)); diff != "" {
			t.Fatalf("loaded again:\n%s", diff)
		}
	})
}

// inFile returns the weights of a file's servers, by address and service.
func inFile(c *conf.Config) map[string]map[string]int {
	all := map[string]map[string]int{}
	for _, s := range c.Services {
		name := s.Address().String()
		all[name] = map[string]int{}
		for _, rs := range s.Servers {
			all[name][rs.Address.String()] = rs.Weight
		}
	}
	return all
}

// TestSwitches: what a command said of timeouts and switches stays over reloads, until one replaces it.
func TestSwitches(t *testing.T) {
	file := parse(t, base+"[timeouts]\ntcp = 100\n[ipvs]\ndrop_entry = 1\n")
	i := New(file)
	i, err := i.Command(&api.Command{Do: "set-timeouts", Timeouts: &api.Timeouts{UDP: 60}})
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range [][2]string{{"drop_entry", "3"}, {"sync_threshold", "5 9"}, {"ftp", "1"}} {
		if i, err = i.SetSysctl(set[0], set[1]); err != nil {
			t.Fatal(err)
		}
	}
	i = i.Reload(parse(t, base+"[timeouts]\ntcp = 200\nudp = 201\n[ipvs]\nsloppy_tcp = true\n"), false)
	c := i.Config()
	got := []string{
		strconv.Itoa(int(c.Timeouts.TCP.Seconds())), strconv.Itoa(int(c.Timeouts.TCPFin.Seconds())), strconv.Itoa(int(c.Timeouts.UDP.Seconds())),
		fmt.Sprint(c.IPVS.DropEntry, c.IPVS.SloppyTCP, c.IPVS.SyncThreshold, c.IPVS.FTP),
	}
	if want := []string{"200", "120", "60", "3 true [5 9] true"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	replaced := i.Reload(file, true).Config()
	if diff := cmp.Diff(file, replaced, cmpopts.EquateComparable(netip.Prefix{}, netip.Addr{}, netip.AddrPort{}, conf.Netmask{})); diff != "" {
		t.Errorf("the file alone:\n%s", diff)
	}
	if _, err := i.SetSysctl("drop_entry", "4"); errno(err) != "EINVAL" {
		t.Errorf("drop_entry = 4: %v", err)
	}
	if _, err := i.SetSysctl("nosuch", "4"); errno(err) != "ENOENT" {
		t.Errorf("nosuch: %v", err)
	}
}

// BenchmarkCommand is a command among many services.
func BenchmarkCommand(b *testing.B) {
	i := New(parse(b, base))
	for n := range 1000 {
		id := &api.ServiceID{Protocol: "tcp", Address: fmt.Sprintf("10.0.0.1:%d", n+1)}
		next, err := i.Command(&api.Command{Do: "add-service", Service: id, Options: &api.Options{Scheduler: "rr"}})
		if err != nil {
			b.Fatal(err)
		}
		i = next
	}
	for b.Loop() {
		if _, err := i.SetSysctl("drop_entry", "1"); err != nil {
			b.Fatal(err)
		}
	}
}
