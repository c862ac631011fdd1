package ethdev_test

import (
	"slices"
	"strings"
	"testing"

	"cleat/cgo/eal"
	"cleat/cgo/ethdev"
	"cleat/cgo/pktmbuf"
)

// TestDrivers makes one device of every driver that cleat can do without a NIC for.
func TestDrivers(t *testing.T) {
	newNamespace(t)
	for _, c := range []struct{ driver, args string }{
		{"net_null", ""},
		{"net_ring", ""},
		{"net_pcap", "rx_pcap=" + writePcap(t, nil)},
		{"net_af_packet", "iface=lo"},
		{"net_af_xdp", "iface=lo"},
		{"net_tap", "iface=cleattest0"},
		{"net_memif", ""},
	} {
		name := c.driver + "9"
		if err := eal.AddVdev(name, c.args); err != nil {
			t.Error(err)
			continue
		}
		port, err := ethdev.ByName(name)
		if err != nil {
			t.Fatal(err)
		}
		info, err := port.Info()
		if err != nil || info.Driver != c.driver || info.MaxRxQueues < 1 || info.MaxTxQueues < 1 {
			t.Errorf("%s: info %+v, %v", name, info, err)
		}
		if port.Name() != name || !slices.Contains(ethdev.Ports(), port) {
			t.Errorf("port %d is called %q, not %q; ports %v", port, port.Name(), name, ethdev.Ports())
		}
		if err := eal.RemoveVdev(name); err != nil {
			t.Error(err)
		}
	}
}

func TestClose(t *testing.T) {
	if err := eal.AddVdev("net_null0", ""); err != nil {
		t.Fatal(err)
	}
	port, err := ethdev.ByName("net_null0")
	if err != nil {
		t.Fatal(err)
	}
	if err := port.Close(); err != nil {
		t.Error(err)
	}
	if _, err := ethdev.ByName("net_null0"); err == nil {
		t.Error("a closed port is still there")
	}
	if err := port.Start(); err == nil {
		t.Error("a closed port starts")
	}
	if err := eal.RemoveVdev("net_null0"); err != nil {
		t.Error(err)
	}
}

func TestPort(t *testing.T) {
	pool := newPool(t, 2048)
	port := newPort(t, "net_null0", "", ethdev.Config{
		Queues: 2, RxDescriptors: 256, TxDescriptors: 256, MTU: 1400,
		RSS: ethdev.RSSIPv4 | ethdev.RSSIPv4TCP | ethdev.RSSL3SrcOnly, Pools: []*pktmbuf.Pool{pool, pool},
	})
	if mac, err := port.MAC(); err != nil || len(mac) != 6 {
		t.Errorf("MAC %v, %v", mac, err)
	}
	if mtu, err := port.MTU(); err != nil || mtu != 1400 {
		t.Errorf("MTU %d, %v", mtu, err)
	}
	if link, err := port.Link(); err != nil || !link.Up || !link.FullDuplex || link.Mbps != 10000 {
		t.Errorf("link %+v, %v", link, err)
	}
	if err := port.Stop(); err != nil {
		t.Fatal(err)
	}
	if link, err := port.Link(); err != nil || link.Up {
		t.Errorf("link of a stopped port %+v, %v", link, err)
	}
	if err := port.Start(); err != nil {
		t.Fatal(err)
	}
	stats, err := port.XStats()
	if err != nil || !slices.ContainsFunc(stats, func(s ethdev.XStat) bool { return s.Name == "rx_good_packets" }) {
		t.Errorf("xstats %v, %v", stats, err)
	}
}

func TestPromiscuous(t *testing.T) {
	newNamespace(t)
	pool := newPool(t, 2048)
	port := newPort(t, "net_tap0", "iface=cleattest0", ethdev.Config{Queues: 1, Pools: []*pktmbuf.Pool{pool}})
	for _, want := range []bool{true, false} {
		if err := port.SetPromiscuous(want); err != nil {
			t.Error(err)
		}
		if got, err := port.Promiscuous(); err != nil || got != want {
			t.Errorf("promiscuous %v, %v, want %v", got, err, want)
		}
	}
}

func TestConfigureErrors(t *testing.T) {
	pool := newPool(t, 2048)
	if err := eal.AddVdev("net_ring0", ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := eal.RemoveVdev("net_ring0"); err != nil {
			t.Error(err)
		}
	})
	port, err := ethdev.ByName("net_ring0")
	if err != nil {
		t.Fatal(err)
	}
	one := []*pktmbuf.Pool{pool}
	for _, c := range []struct {
		name   string
		config ethdev.Config
		want   string
	}{
		{"no queue", ethdev.Config{Pools: one}, "0 queues: must be 1 to"},
		{"more queues than the device has", ethdev.Config{Queues: 17, Pools: one}, "rte_eth_dev_configure: Invalid argument: "},
		{"no pool", ethdev.Config{Queues: 1}, "0 pools for 1 queues"},
		{"two pools for three queues", ethdev.Config{Queues: 3, Pools: []*pktmbuf.Pool{pool, pool}}, "2 pools for 3 queues"},
		{"offloads it lacks", ethdev.Config{Queues: 1, Pools: one, Offloads: ethdev.RxIPCsum | ethdev.TxVLAN}, "cannot do RxIPCsum TxVLAN"},
		{"descriptors", ethdev.Config{Queues: 1, Pools: one, RxDescriptors: 70000}, "70000 and 0 descriptors"},
		{"MTU", ethdev.Config{Queues: 1, Pools: one, MTU: 70000}, "MTU 70000"},
		{"tiny MTU", ethdev.Config{Queues: 1, Pools: one, MTU: 20}, "rte_eth_dev_configure: Invalid argument: "},
	} {
		if err := port.Configure(c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	if err := port.Configure(ethdev.Config{Queues: 1, Pools: one}); err != nil {
		t.Errorf("a good configuration after bad ones: %v", err)
	}
}

func TestNoSuchPort(t *testing.T) {
	if _, err := ethdev.ByName("net_null77"); err == nil || !strings.Contains(err.Error(), `no port of device "net_null77"`) || !strings.Contains(err.Error(), "No such device") {
		t.Errorf("ByName: %v", err)
	}
	port := ethdev.Port(31)
	if _, err := port.Info(); err == nil || !strings.Contains(err.Error(), "port 31: rte_eth_dev_info_get: No such device") {
		t.Errorf("Info: %v", err)
	}
	if port.Name() != "" {
		t.Errorf("Name: %q", port.Name())
	}
}
