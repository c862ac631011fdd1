package lcore

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
)

// TestWorkerIsTheSpecification holds the tables of a worker to the plain model of it: the same connections and templates to the same servers,
// in the same states, with the same time left, over packets, time and changes.
func TestWorkerIsTheSpecification(t *testing.T) {
	check(t, func(t trial) {
		w := drawWishes(t, "rr", "wlc")
		w.size = 0                     // the model's tables are never full
		w.settings.CacheBypass = false // nor has it connections without a server
		r := newRig(t, w)
		r.byMAC()
		m := newModel(w, ticksOf(r.now))
		added := uint64(100)
		for range rapid.IntRange(20, 60).Draw(t.T, "steps") {
			switch pick(t, "step", "client", "client", "client", "server", "time", "change") {
			case "client":
				clientSends(t, r, m)
			case "server":
				serverSends(t, r, m)
			case "time":
				d := pick(t, "time", time.Second, 11*time.Second, 61*time.Second, 121*time.Second, 301*time.Second)
				t.Logf("%v later", d)
				for range d / time.Second {
					m.step()
					r.now += time.Second
					r.turn()
				}
			case "change":
				w = drawChange(t, w, &added)
				w.settings.CacheBypass = false
				t.Logf("change: %+v", w)
				m.change(w)
				r.change(w)
			}
			if diff := cmp.Diff(m.connectionLines(), r.workers[0].connectionLines()); diff != "" {
				t.Fatalf("connections of the model (-) and of the worker (+):\n%s", diff)
			}
			if diff := cmp.Diff(m.templateLines(), r.workers[0].templateLines()); diff != "" {
				t.Fatalf("templates of the model (-) and of the worker (+):\n%s", diff)
			}
		}
	})
}

func clientSends(t trial, r *rig, m *model) {
	f := modelFlow{
		flow.TCP, netip.AddrPortFrom(netip.MustParseAddr(pick(t, "client", someClients...)), pick(t, "client port", somePorts...)),
		netip.MustParseAddrPort(drawVirtual(t, m.wishes)),
	}
	if rapid.IntRange(0, 3).Draw(t.T, "udp") == 0 {
		f.proto = flow.UDP
		f.vip = netip.MustParseAddrPort(pick(t, "to", "10.0.0.1:53", "10.0.0.2:90"))
		t.Logf("datagram %v > %v", f.client, f.vip)
		r.take(lcoretest.UDP(f.client, f.vip, lcoretest.Link(gatewayMAC, outsideMAC)))
		m.fromClient(f, 0)
		return
	}
	flags := pick(t, "flags", someFlags...)
	t.Logf("segment %v > %v %s", f.client, f.vip, flags)
	r.take(fromClient(f.client.String(), f.vip.String(), flags))
	m.fromClient(f, tcpFlags(flags))
}

// serverSends has the server of one of the model's connections answer, or one that has none.
func serverSends(t trial, r *rig, m *model) {
	lines := m.connectionLines()
	var proto uint8 = flow.TCP
	client, server := "172.16.0.1:20001", "10.9.0.11:8000"
	if len(lines) > 0 {
		var vip string
		fmt.Sscanf(pick(t, "connection", lines...), "%d %s > %s > %s ", &proto, &client, &vip, &server)
	}
	from, to := netip.MustParseAddrPort(server), netip.MustParseAddrPort(client)
	n := int(from.Addr().As4()[3]) - 10
	flags := ""
	frame := lcoretest.UDP(from, to, lcoretest.Link(serverMAC(n), insideMAC))
	if proto == flow.TCP {
		flags = pick(t, "flags", "SA", "A", "FA", "R")
		frame = fromServer(n, server, client, flags)
	}
	t.Logf("answer %v > %v %s", from, to, flags)
	r.take(frame)
	m.fromServer(proto, from, to, tcpFlags(flags))
}

// take has the workers take frames, of either port if byMAC; what leaves is not looked at.
func (r *rig) take(frames ...[]byte) {
	r.ports[outside].Inject(0, frames...)
	r.turn()
	for i := range r.ports {
		r.ports[i].Take()
	}
}

func tcpFlags(letters string) (flags uint8) {
	for i, l := range "FSRPA" {
		if strings.ContainsRune(letters, l) {
			flags |= 1 << i
		}
	}
	return flags
}
