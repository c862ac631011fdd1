package director

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"cleat/conf"
)

// someCPUs are the CPUs that this process may use.
func someCPUs(t *testing.T) (cpus []int) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	for cpu := range 1024 {
		if allowed.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus
}

func TestEALArgs(t *testing.T) {
	cpus := someCPUs(t)
	base := conf.Config{
		DPDK:    conf.DPDK{Hugepages: "off", Memory: 300, FilePrefix: "lab"},
		Workers: conf.Workers{Lcores: cpus[:1]},
	}
	main, err := mainCPU(cpus[:1])
	if err != nil {
		t.Fatal(err)
	}
	virtual := conf.Port{Device: "net_af_packet0", Vdev: "iface=veth0"}
	for _, c := range []struct {
		name  string
		ports []conf.Port
		eal   []string
		want  string // after what is the same for all
	}{
		{"virtual devices only", []conf.Port{virtual}, nil, "--no-pci"},
		{"NICs: no others are touched", []conf.Port{{Device: "0000:03:00.0"}, {Device: "0000:03:00.1"}}, nil, "-a 0000:03:00.0 -a 0000:03:00.1"},
		{"both", []conf.Port{virtual, {Device: "0000:03:00.0"}}, nil, "-a 0000:03:00.0"},
		{"the operator's come last", []conf.Port{virtual}, []string{"--log-level", "debug"}, "--no-pci --log-level debug"},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := base
			config.Ports, config.DPDK.EAL = c.ports, c.eal
			args, err := ealArgs(&config)
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("--no-huge --no-shconf -m 300 --lcores 0@%d --file-prefix lab %s", main, c.want)
			if got := strings.Join(args, " "); got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
}

func TestEALArgsRefuses(t *testing.T) {
	missing := 1023
	for slices.Contains(someCPUs(t), missing) {
		missing--
	}
	for want, c := range map[string]conf.Config{
		fmt.Sprintf("workers.lcores: CPU %d is not there, or this process may not use it", missing): {
			DPDK: conf.DPDK{Hugepages: "off"}, Workers: conf.Workers{Lcores: []int{missing}},
		},
		"eal: hugepages \"maybe\": must be auto, require or off": {DPDK: conf.DPDK{Hugepages: "maybe"}, Workers: conf.Workers{Lcores: someCPUs(t)}},
	} {
		if _, err := ealArgs(&c); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// TestMainCPU: on a CPU of no worker where there is one, else on the first worker's.
func TestMainCPU(t *testing.T) {
	cpus := someCPUs(t)
	for n := 1; n <= len(cpus); n++ {
		got, err := mainCPU(cpus[:n])
		if err != nil {
			t.Fatal(err)
		}
		want := cpus[0]
		if n < len(cpus) {
			want = cpus[n]
		}
		if got != want {
			t.Errorf("workers on %v: main on %d, want %d", cpus[:n], got, want)
		}
	}
}

// TestMemory: tables of every worker, packet buffers, and the rest.
func TestMemory(t *testing.T) {
	for _, c := range []struct{ workers, connections, templates, connections6, templates6, mbufs, want int }{
		{1, 0, 0, 0, 0, 0, memorySlack},
		{1, 1 << 20, 0, 0, 0, 0, 73 + transfers + memorySlack},
		{2, 1 << 20, 1 << 20, 0, 0, 0, 4*73 + 2*(4+engineData+transfers) + memorySlack},
		{1, 0, 0, 1 << 20, 0, 0, 68 + memorySlack},
		{1, 0, 0, 0, 1 << 20, 0, 36 + memorySlack},
		{1, 0, 0, 0, 0, 1 << 20, 2368 + memorySlack},
	} {
		got := memory(&conf.Config{
			Workers: conf.Workers{Lcores: make([]int, c.workers)},
			Tables:  conf.Tables{Connections: c.connections, Templates: c.templates, Connections6: c.connections6, Templates6: c.templates6},
			DPDK:    conf.DPDK{Mbufs: c.mbufs},
		})
		if got != c.want {
			t.Errorf("%+v: %d MiB", c, got)
		}
	}
}

func TestVdevArgs(t *testing.T) {
	for _, c := range []struct {
		device, vdev string
		workers      int
		want         string
	}{
		{"net_af_packet0", "iface=veth0", 1, "iface=veth0"},
		{"net_af_packet0", "iface=veth0", 2, "iface=veth0,qpairs=2"},
		{"net_af_packet12", "iface=veth0,qpairs=4", 2, "iface=veth0,qpairs=4"},
		{"net_af_xdp1", "iface=veth0", 3, "iface=veth0,queue_count=3"},
		{"net_ring0", "x", 2, "x"}, // makes as many as it is asked for
	} {
		if got := vdevArgs(&conf.Port{Device: c.device, Vdev: c.vdev}, c.workers); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
