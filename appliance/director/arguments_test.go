package director

import (
	"strings"
	"testing"

	"cleat/appliance/place"
	"cleat/conf"
)

func TestEALArgs(t *testing.T) {
	base := conf.Config{DPDK: conf.DPDK{Hugepages: "off", Memory: 300, FilePrefix: "lab"}}
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
			args, err := ealArgs(&config, &place.Plan{Workers: []int{5}, Main: 4})
			if err != nil {
				t.Fatal(err)
			}
			want := "--no-huge --no-shconf -m 300 --lcores 0@4 --file-prefix lab " + c.want
			if got := strings.Join(args, " "); got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
}

func TestEALArgsRefuses(t *testing.T) {
	const want = "eal: hugepages \"maybe\": must be auto, require or off"
	if _, err := ealArgs(&conf.Config{DPDK: conf.DPDK{Hugepages: "maybe"}}, &place.Plan{}); err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// TestMemory: tables of every worker, packet buffers, and the rest.
func TestMemory(t *testing.T) {
	for _, c := range []struct{ workers, connections, templates, connections6, templates6, mbufs, want int }{
		{1, 0, 0, 0, 0, 1024, 2 + memorySlack},
		{1, 1 << 20, 0, 0, 0, 1024, 2 + 83 + transfers + memorySlack},
		{2, 1 << 20, 1 << 20, 0, 0, 1024, 2 + 4*83 + 2*(4+engineData+transfers) + memorySlack},
		{1, 0, 0, 1 << 20, 0, 1024, 2 + 68 + memorySlack},
		{1, 0, 0, 0, 1 << 20, 1024, 2 + 36 + memorySlack},
		{1, 0, 0, 0, 0, 1 << 20, 2368 + memorySlack},
	} {
		got := memory(&conf.Config{
			Tables: conf.Tables{Connections: c.connections, Templates: c.templates, Connections6: c.connections6, Templates6: c.templates6},
			DPDK:   conf.DPDK{Mbufs: c.mbufs},
		}, c.workers)
		if got != c.want {
			t.Errorf("%+v: %d MiB", c, got)
		}
	}
}

// TestMbufs: as the operator says, else enough for all rings and the workers' own stores.
func TestMbufs(t *testing.T) {
	two := []conf.Port{{RxDescriptors: 1024, TxDescriptors: 1024}, {RxDescriptors: 4096, TxDescriptors: 1024}}
	for _, c := range []struct {
		given, workers int
		ports          []conf.Port
		want           int
	}{
		{4096, 8, two, 4096},
		{0, 1, two, fewestMbufs},
		{0, 8, two, (7168 + 512) * 8 * 5 / 4},
	} {
		if got := mbufs(&conf.Config{Ports: c.ports, DPDK: conf.DPDK{Mbufs: c.given}}, c.workers); got != c.want {
			t.Errorf("%+v: %d", c, got)
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
