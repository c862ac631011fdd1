package director

import (
	"bytes"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"cleat/appliance/ladder"
	"cleat/cgo/ethdev"
	"cleat/conf"
	"cleat/lcore"
)

// TestSides: whose address is the client's follows from what is behind a port. Ports are outside, with the gateways, and inside.
func TestSides(t *testing.T) {
	const oneArm, locals = "clients and NAT servers are behind the same port", "FULLNAT servers behind the port answer to local addresses, not to clients"
	server := func(address, forward string) conf.Server {
		return conf.Server{Address: netip.MustParseAddrPort(address), Forward: forward}
	}
	for _, c := range []struct {
		name            string
		servers         []conf.Server
		vip             string // one more
		outside, inside side
	}{
		{"nothing yet", nil, "", side{ladder.Source, ""}, side{ladder.Source, ""}},
		{"NAT", []conf.Server{server("10.9.0.11:80", "nat")}, "", side{ladder.Source, ""}, side{ladder.Destination, ""}},
		{"NAT behind a router", []conf.Server{server("192.168.3.4:80", "nat")}, "", side{ladder.Source, ""}, side{ladder.Destination, ""}},
		{"NAT among clients", []conf.Server{server("10.8.0.11:80", "nat")}, "", side{ladder.Neither, oneArm}, side{ladder.Source, ""}},
		{"NAT behind the gateway", []conf.Server{server("172.16.0.1:80", "nat")}, "", side{ladder.Neither, oneArm}, side{ladder.Source, ""}},
		{"clients among the servers", []conf.Server{server("10.9.0.11:80", "nat")}, "10.9.0.100/32", side{ladder.Source, ""}, side{ladder.Neither, oneArm}},
		{"answers pass elsewhere", []conf.Server{server("10.9.0.11:80", "dr"), server("10.9.0.12:80", "tun")}, "", side{ladder.Source, ""}, side{ladder.Source, ""}},
		{"both kinds", []conf.Server{server("10.9.0.11:80", "dr"), server("10.9.0.12:80", "nat")}, "", side{ladder.Source, ""}, side{ladder.Destination, ""}},
		{"FULLNAT", []conf.Server{server("10.9.0.11:80", "fullnat")}, "", side{ladder.Source, ""}, side{ladder.Neither, locals}},
	} {
		d, config := lab()
		config.Services[0].Servers = c.servers
		if c.vip != "" {
			config.Network.VIPs = append(config.Network.VIPs, netip.MustParsePrefix(c.vip))
		}
		if got, want := d.sides(config), []side{c.outside, c.inside}; !slices.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", c.name, got, want)
		}
	}
}

// docile is a device that takes everything.
type docile struct{ asked int }

func (d *docile) SetRSS(ethdev.RSS, []byte) error { d.asked++; return nil }

func (d *docile) SetIndirection([]uint16) error { return nil }

func (d *docile) AddFlow(ethdev.FlowRSS) error { return nil }

func (d *docile) FlushFlows() error { return nil }

// TestSteer: a port is asked again when its side changes, and only then; the log tells what came of it.
func TestSteer(t *testing.T) {
	d, c := lab()
	var log bytes.Buffer
	d.log = slog.New(slog.NewTextHandler(&log, nil))
	var devices [2]docile
	for i, p := range d.Ports {
		p.Steering = ladder.New(&devices[i], ^ethdev.RSS(0), &ladder.Steering{Workers: 2, Key: []byte{1}, Queues: []uint16{0, 1}, Prefix4: 32, Prefix6: 128})
	}
	steer := func(outside, inside int) {
		t.Helper()
		d.Steer(c)
		if devices[0].asked != outside || devices[1].asked != inside {
			t.Errorf("asked %d and %d times, want %d and %d", devices[0].asked, devices[1].asked, outside, inside)
		}
	}
	c.Services[0].Servers[0].Forward = "nat"
	steer(1, 1)
	steer(1, 1)
	if !d.Judge() || !slices.Equal(d.Probes(), []lcore.Probe{{Families: [2]bool{true, true}}, {Destination: true, Families: [2]bool{true, true}}}) {
		t.Errorf("probes %+v", d.Probes())
	}
	if d.Judge() {
		t.Error("there is nothing new")
	}
	c.Services[0].Servers = nil
	steer(1, 2)
	want := `level=INFO msg="port steering" port=inside steering=probing reason="" cost="until 256 packets were compared, about 50 % of its packets change workers through a ring"`
	if n := strings.Count(log.String(), want); n != 2 {
		t.Errorf("%d times in the log: %s\n%s", n, want, &log)
	}
}
