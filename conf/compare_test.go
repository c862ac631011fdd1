package conf

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCompare(t *testing.T) {
	base := readText(t, "testdata/base.toml")
	for _, tt := range []struct {
		name     string
		from, to string // in the text of base.toml
		changes  []string
		restart  []string
	}{
		{"nothing", "", "", nil, nil},
		{"comment", "[network]", "# x\n[network]", nil, nil},
		{"weight", "weight = 2", "weight = 0", []string{"service tcp 10.0.0.1:80: server 10.9.0.11:80 weight 2 -> 0"}, nil},
		{"thresholds", "upper = 100\nlower = 50", "upper = 10", []string{
			"service tcp 10.0.0.1:80: server 10.9.0.11:80 upper 100 -> 10",
			"service tcp 10.0.0.1:80: server 10.9.0.11:80 lower 50 -> 0",
		}, nil},
		{"server", `"10.9.0.12"`, `"10.9.0.13"`, []string{
			"service tcp 10.0.0.1:80: server 10.9.0.12:80 removed",
			"service tcp 10.0.0.1:80: server 10.9.0.13:80 added",
		}, nil},
		{"scheduler", "scheduler = \"sh\"\nflags = [\"sh-port\"]", `scheduler = "rr"`, []string{
			"service tcp 10.0.0.1:80: scheduler sh -> rr",
			"service tcp 10.0.0.1:80: flags sh-port -> none",
		}, nil},
		{"persistence", "persistent = 300\nnetmask = 24", "", []string{
			"service mark 3: persistent 300s -> none",
			"service mark 3: netmask 24 -> none",
		}, nil},
		{"service", `tcp = "10.0.0.1:80"`, `tcp = "10.0.0.2:80"`, []string{
			"service tcp 10.0.0.1:80 removed",
			"service tcp 10.0.0.2:80 added",
		}, nil},
		{"default timeout", "[workers]", "persistence.timeout = 60\n[workers]", []string{
			"persistence.timeout 360s -> 60s",
			"service udp 10.0.0.1:0: persistent 360s -> 60s",
		}, nil},
		{"switches", "[workers]", "ipvs.sloppy_tcp = true\nlog.level = \"debug\"\n[workers]", []string{
			"ipvs.sloppy_tcp false -> true",
			"log.level info -> debug",
		}, nil},
		{"addresses", `"10.9.0.1/24"`, `"10.9.0.1/24", "10.9.0.2/24"`, []string{"port inside: addresses 10.9.0.1/24 -> 10.9.0.1/24, 10.9.0.2/24"}, nil},
		{"gateway", `vdev = "iface=dir0"`, "vdev = \"iface=dir0\"\ngateway = \"10.8.0.2\"", []string{"port outside: gateway none -> 10.8.0.2"}, nil},
		{"route", `via = "10.8.0.3"`, `via = "10.8.0.2"`, []string{
			"route 172.16.0.0/12 via 10.8.0.3 removed",
			"route 172.16.0.0/12 via 10.8.0.2 added",
		}, nil},
		{"vips", `["10.0.0.9"]`, `[]`, []string{"network.vips 10.0.0.9 -> none"}, nil},
		{"rule", `ports = [80, "8000-8099"]`, `source = "10.8.0.0/24"`, []string{
			"rule mark 3: tcp to 10.0.0.1/32 ports 80, 8000-8099 removed",
			"rule mark 3: tcp from 10.8.0.0/24 to 10.0.0.1/32 added",
		}, nil},
		{"lcores", "lcores = [1]", "lcores = [2]", nil, []string{"workers.lcores 1 -> 2"}},
		{"ports", `name = "inside"`, `name = "lan"`, nil, []string{"port inside removed", "port lan added"}},
		{"device", `"0000:03:00.0"`, `"0000:04:00.0"`, nil, []string{"port inside: device 0000:03:00.0 -> 0000:04:00.0"}},
		{"at start", "[workers]", "dpdk.eal = [\"-v\", \"-q\"]\ntables.services = 5\nlog.format = \"json\"\nmetrics.listen = \"\"\n[workers]", nil, []string{
			"dpdk.eal none -> -v, -q", "tables.services 4096 -> 5", "metrics.listen 127.0.0.1:9469 -> none", "log.format text -> json",
		}},
		{"both", "[network]", "[network]\nsteering_prefix4 = 24\nforward = false", []string{"network.forward true -> false"}, []string{"network.steering_prefix4 32 -> 24"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if !strings.Contains(base, tt.from) {
				t.Fatalf("%q is not in base.toml", tt.from)
			}
			text := base
			if tt.from != "" {
				text = strings.Replace(base, tt.from, tt.to, 1)
			}
			changes, restart := Compare(parse(t, base), parse(t, text))
			if !slices.Equal(changes, tt.changes) || !slices.Equal(restart, tt.restart) {
				t.Errorf("changes %q\nrestart %q\nwant    %q\n        %q", changes, restart, tt.changes, tt.restart)
			}
		})
	}
}

func TestCompareOrder(t *testing.T) {
	old := parse(t, readText(t, "examples/pfmc.toml"))
	swapped := *old
	swapped.Marks = []Mark{old.Marks[1], old.Marks[0]}
	swapped.Ports = []Port{old.Ports[1], old.Ports[0]}
	service := old.Services[0]
	service.Servers = slices.Clone(service.Servers)
	slices.Reverse(service.Servers)
	swapped.Services = []Service{service}
	changes, restart := Compare(old, &swapped)
	if want := []string{"rules in another order"}; !slices.Equal(changes, want) || restart != nil {
		t.Errorf("changes %q, restart %q; want %q", changes, restart, want)
	}
}

func parse(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Parse("test.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestCompareSeesEverything: two configurations are told apart exactly if their texts differ.
func TestCompareSeesEverything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := configs.Draw(t, "a")
		if changes, restart := Compare(a, a); changes != nil || restart != nil {
			t.Fatalf("with itself: %q, %q", changes, restart)
		}
		b := edited(t, a)
		changes, restart := Compare(a, b)
		if differ := a.TOML() != b.TOML(); differ != (len(changes)+len(restart) > 0) {
			t.Fatalf("differ: %v, but: %q, %q\n%s", differ, changes, restart, b.TOML())
		}
	})
}
