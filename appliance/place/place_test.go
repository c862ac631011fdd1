package place

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// machine is the sysfs of one with so many sockets, cores a socket and threads a core, numbered as Linux does: all first threads before all second ones,
// socket by socket.
func machine(sockets, cores, threads int) (sys fstest.MapFS, cpus []int) {
	sys = fstest.MapFS{}
	for id := range sockets * cores * threads {
		core := id % (sockets * cores)
		var siblings []string
		for thread := range threads {
			siblings = append(siblings, fmt.Sprint(core+thread*sockets*cores))
		}
		dir := fmt.Sprintf("devices/system/cpu/cpu%d/", id)
		sys[dir+"topology/thread_siblings_list"] = &fstest.MapFile{Data: []byte(strings.Join(siblings, ",") + "\n")}
		sys[fmt.Sprintf("%snode%d/cpulist", dir, core/cores)] = &fstest.MapFile{}
		cpus = append(cpus, id)
	}
	return sys, cpus
}

func TestRead(t *testing.T) {
	sys, cpus := machine(2, 2, 2)
	want := Topology{{0, 0, 0}, {1, 1, 0}, {2, 2, 1}, {3, 3, 1}, {4, 0, 0}, {5, 1, 0}, {6, 2, 1}, {7, 3, 1}}
	if diff := cmp.Diff(want, Read(sys, cpus)); diff != "" {
		t.Error(diff)
	}
	sys["devices/system/cpu/cpu1/topology/thread_siblings_list"] = &fstest.MapFile{Data: []byte("0-1\n")} // as some number them
	if got := Read(sys, []int{1, 6}); !slices.Equal(got, Topology{{1, 0, 0}, {6, 2, 1}}) {
		t.Errorf("a part of the CPUs: %v", got)
	}
	if got := Read(fstest.MapFS{}, []int{3, 4}); !slices.Equal(got, Topology{{3, 3, 0}, {4, 4, 0}}) {
		t.Errorf("without sysfs: %v", got)
	}
}

func TestSocketOf(t *testing.T) {
	sys := fstest.MapFS{
		"bus/pci/devices/0000:83:00.0/numa_node": {Data: []byte("1\n")},
		"bus/pci/devices/0000:03:00.0/numa_node": {Data: []byte("-1\n")},
		"class/net/eth5/device/numa_node":        {Data: []byte("0\n")},
	}
	for _, c := range []struct {
		device, iface string
		want          int
	}{
		{"0000:83:00.0", "", 1}, {"0000:03:00.0", "", Nowhere}, {"net_af_xdp0", "eth5", 0}, {"net_af_packet0", "veth0", Nowhere}, {"net_ring0", "", Nowhere},
	} {
		if got := SocketOf(sys, c.device, c.iface); got != c.want {
			t.Errorf("%s %s: %d, want %d", c.device, c.iface, got, c.want)
		}
	}
}

func TestPlace(t *testing.T) {
	for _, c := range []struct {
		name                    string
		sockets, cores, threads int
		allowed                 []int // nil: all
		wish                    Wish
		want                    string // of the plan: workers, main, and what its warnings begin with
	}{
		{"chosen, one socket", 1, 4, 1, nil, Wish{}, "[1 2 3] main 0"},
		{"chosen, SMT: physical cores only", 1, 4, 2, nil, Wish{}, "[1 2 3] main 0"},
		{"chosen, the NIC's socket", 2, 4, 2, nil, Wish{Sockets: []int{1, 1}}, "[5 6 7] main 0"},
		{"chosen, NICs on both sockets", 2, 2, 2, nil, Wish{Sockets: []int{1, 0}}, "[1 2 3] main 0"},
		{"chosen, virtual devices", 2, 4, 2, nil, Wish{Sockets: []int{Nowhere}}, "[1 2 3] main 0"},
		{"chosen, a socket none of whose CPUs is allowed", 2, 2, 1, []int{0, 1}, Wish{Sockets: []int{1}}, "[1] main 0"},
		{"chosen, allowed CPUs only", 2, 4, 2, []int{2, 3, 10, 11}, Wish{}, "[3] main 2"},
		{"chosen, two CPUs", 1, 2, 1, nil, Wish{}, "[1] main 0"},
		{"chosen, one core of two threads", 1, 1, 2, nil, Wish{}, "[1] main 0; CPU 0, left for management, and CPU 1"},
		{"chosen, one CPU", 1, 1, 1, nil, Wish{}, "[0] main 0 shared; all CPUs are workers'"},
		{"so many", 2, 4, 2, nil, Wish{Count: 2, Sockets: []int{0}}, "[1 2] main 0"},
		{"so many, more than near cores", 2, 2, 2, nil, Wish{Count: 2, Sockets: []int{0}}, "[1 2] main 0; CPU 2 is on NUMA socket 1"},
		{"so many, siblings at last", 1, 2, 2, nil, Wish{Count: 2}, "[1 3] main 0; CPUs 1 and 3 are one"},
		{"so many, management's sibling", 1, 2, 2, nil, Wish{Count: 3}, "[1 2 3] main 0; CPUs 1 and 3 are one; CPU 0, left for management, and CPU 2"},
		{"so many, all", 1, 2, 1, nil, Wish{Count: 2}, "[0 1] main 0 shared; all CPUs are workers'"},
		{"too many", 1, 2, 2, nil, Wish{Count: 5}, "workers.count: 5 workers on 4 CPUs: one each at most"},
		{"given", 2, 4, 2, nil, Wish{Lcores: []int{3, 2}, Sockets: []int{0}}, "[3 2] main 0"},
		{"given, management goes elsewhere", 1, 4, 2, nil, Wish{Lcores: []int{0, 1}}, "[0 1] main 2"},
		{"given, no core left", 1, 2, 2, nil, Wish{Lcores: []int{0, 1}}, "[0 1] main 2; CPU 2, left for management, and CPU 0"},
		{"given, far", 2, 2, 1, nil, Wish{Lcores: []int{3}, Sockets: []int{0, Nowhere}}, "[3] main 0; CPU 3 is on NUMA socket 1"},
		{"given, all", 1, 2, 1, nil, Wish{Lcores: []int{1, 0}}, "[1 0] main 1 shared; all CPUs are workers'"},
		{"given, not there", 1, 2, 1, nil, Wish{Lcores: []int{1, 2}}, "workers.lcores: CPU 2 is not there, or this process may not use it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			sys, cpus := machine(c.sockets, c.cores, c.threads)
			if c.allowed != nil {
				cpus = c.allowed
			}
			got, want := outcome(Read(sys, cpus).Place(c.wish)), c.want
			parts := strings.Split(want, "; ")
			for i, part := range strings.Split(got, "; ") {
				if i >= len(parts) || !strings.HasPrefix(part, parts[i]) {
					t.Fatalf("\n got %s\nwant %s", got, want)
				}
			}
			if strings.Count(got, "; ") != len(parts)-1 {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
}

func outcome(p Plan, err error) string {
	if err != nil {
		return err.Error()
	}
	text := fmt.Sprintf("%v main %d", p.Workers, p.Main)
	if p.Shared {
		text += " shared"
	}
	return strings.Join(append([]string{text}, p.Warnings...), "; ")
}

// TestPlaceHolds: on any machine a choice is of different CPUs, leaves management one of its own as long as there is one, and takes no sibling while a core is free.
func TestPlaceHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sys, cpus := machine(rapid.IntRange(1, 4).Draw(t, "sockets"), rapid.IntRange(1, 8).Draw(t, "cores"), rapid.IntRange(1, 2).Draw(t, "threads"))
		topology := Read(sys, cpus)
		count := rapid.IntRange(0, len(cpus)).Draw(t, "count")
		p, err := topology.Place(Wish{Count: count, Sockets: rapid.SliceOf(rapid.IntRange(-1, 3)).Draw(t, "sockets of ports")})
		if err != nil {
			t.Fatal(err)
		}
		if count != 0 && len(p.Workers) != count || len(slices.Compact(slices.Sorted(slices.Values(p.Workers)))) != len(p.Workers) {
			t.Fatalf("%d workers wanted: %v", count, p.Workers)
		}
		if p.Shared != (len(p.Workers) == len(cpus)) || p.Shared != slices.Contains(p.Workers, p.Main) {
			t.Fatalf("%+v on %d CPUs", p, len(cpus))
		}
		cores := map[int]bool{}
		for _, id := range p.Workers {
			cores[topology.at(id).Core] = true
		}
		physical := map[int]bool{}
		for _, c := range topology {
			physical[c.Core] = true
		}
		if len(cores) < min(len(p.Workers), len(physical)-1) {
			t.Fatalf("%d workers on %d of %d cores", len(p.Workers), len(cores), len(physical))
		}
	})
}
