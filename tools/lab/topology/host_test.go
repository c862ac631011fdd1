package topology_test

import (
	"net/netip"
	"os"
	"testing"

	"cleat/tools/lab/identity"
	"cleat/tools/lab/topology"
)

// TestHostAsRealServer: the director's own kernel serves, at its end of a net_tap port, beside a real server elsewhere (docs/forwarding.md).
func TestHostAsRealServer(t *testing.T) {
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		lack(t, err.Error())
	}
	lab := up(t, topology.Options{Servers: 1})
	config := example(t, "rr.toml")
	port := config.Ports[0]
	port.Name, port.Device, port.Vdev, port.Addresses = "host", "net_tap0", "iface=cleat0", []netip.Prefix{netip.MustParsePrefix("10.7.0.1/24")}
	config.Ports = append(config.Ports, port)
	config.Services = config.Services[:1]
	servers := config.Services[0].Servers[:2] // the lab has the first of them
	servers[1].Address = netip.MustParseAddrPort("10.7.0.2:80")
	config.Services[0].Servers = servers
	d := direct(t, lab, config)

	run(t, lab, "dir", "sysctl", "-qw", "net.ipv4.conf.all.arp_ignore=0") // the lab's other interfaces stay silent by their own setting
	run(t, lab, "dir", "ip", "address", "add", "10.7.0.2/24", "dev", "cleat0")
	run(t, lab, "dir", "ip", "link", "set", "cleat0", "up")
	run(t, lab, "dir", "ip", "route", "replace", "default", "via", "10.7.0.1", "dev", "cleat0")
	host := identity.New("host")
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := lab.Inside("dir", func() error { return host.HTTP(80) }); err != nil {
		t.Fatal(err)
	}

	served := map[string]int{}
	for n := range 20 {
		name, err := lab.Ask(t.Context(), topology.Client(n+1), "http://10.0.0.1/?pad=20000")
		if err != nil {
			t.Fatal(err)
		}
		served[name]++
	}
	if served["host"] != 10 || served["rs1"] != 10 {
		t.Errorf("served: %v, want 10 by each", served)
	}
	if workers, err := d.Workers(t.Context()); err != nil || workers[0].Drops["local_node"] != 0 {
		t.Errorf("%v, %v", workers, err)
	}
}
