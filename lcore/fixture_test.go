package lcore

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/nexthop"
)

// A fixture is a story told in steps: what happens, by which verdicts it is counted, and what has then left. The
// steps of all fixtures together raise every verdict there is.
type fixture struct {
	name   string
	wishes wishes
	steps  []step
}

type step struct {
	what    string
	act     act
	counted counted
	sent    sent
}

type (
	act     func(*rig)
	counted map[Verdict]uint64
	sent    []string
)

func TestFixtures(t *testing.T) {
	raised := map[Verdict]bool{}
	for _, fixtures := range [][]fixture{
		natFixtures,
		fullNATFixtures,
		directFixtures,
		tunnelFixtures,
		onePacketFixtures,
		sctpFixtures,
		serviceFixtures,
		answerFixtures,
		routeFixtures,
		refuseFixtures,
		limitFixtures,
		workerFixtures,
		defenceFixtures,
		cutFixtures,
		fragmentFixtures,
		ftpFixtures,
		ipv6Fixtures,
		ipv6AnswerFixtures,
		neighborFixtures,
		sipFixtures,
		bypassFixtures,
		ipsecFixtures,
		localFixtures,
		tunnelErrorFixtures,
	} {
		for _, f := range fixtures {
			t.Run(f.name, func(t *testing.T) {
				r := newRig(t, f.wishes)
				for _, s := range f.steps {
					for v := range s.run(t, r) {
						raised[v] = true
					}
				}
			})
		}
	}
	for _, v := range Verdicts() {
		if !raised[v] {
			t.Errorf("no fixture raises %v", v)
		}
	}
}

// run plays a step and returns what it counted.
func (s *step) run(t *testing.T, r *rig) counted {
	t.Helper()
	before := r.counters()
	s.act(r)
	r.turn()
	after, got := r.counters(), counted{}
	for _, v := range Verdicts() {
		if n := after.Verdicts[v] - before.Verdicts[v]; n != 0 {
			got[v] = n
		}
	}
	if diff := cmp.Diff(s.counted, got); diff != "" {
		t.Errorf("%s: counted (-want +got):\n%s", s.what, diff)
	}
	if diff := cmp.Diff(s.sent, sent(r.sent())); diff != "" {
		t.Errorf("%s: sent (-want +got):\n%s", s.what, diff)
	}
	r.conserve()
	return got
}

// in lets frames arrive on a port.
func in(port int, frames ...[]byte) act {
	return func(r *rig) { r.ports[port].Inject(0, frames...) }
}

// wait lets time pass.
func wait(d time.Duration) act { return func(r *rig) { r.pass(d) } }

// learn makes the MAC address of a neighbour known.
func learn(port uint16, ip string, mac [6]byte) act {
	return func(r *rig) {
		w := r.wishes
		w.hops = append(w.hops, nexthop.Neighbor{Port: port, Addr: addr(ip), MAC: mac})
		r.change(w)
	}
}

// Names for what most tests are about.
const (
	vip80 = "10.0.0.1:80"
	alice = "172.16.0.1:20001"
	bob   = "172.16.0.2:20001"
	carol = "172.16.0.3:20001"
)

// three are the servers that most services have; rr picks the one that was added last first.
var three = []string{"10.9.0.11:80", "10.9.0.12:80", "10.9.0.13:80"}

// web is a service at 10.0.0.1:80 with three servers; persistent if timeout is not 0.
func web(timeout time.Duration) wish {
	return wish{proto: flow.TCP, vip: vip80, persist: timeout, servers: three}
}

// resolver is one at 10.0.0.1:53 over UDP.
func resolver() wish {
	return wish{proto: flow.UDP, vip: "10.0.0.1:53", servers: []string{"10.9.0.11:53", "10.9.0.12:53"}}
}

func with(s Settings, services ...wish) wishes { return wishes{settings: s, services: services} }

// datagram is a UDP datagram from a client, as the director receives it; answered one back from real server n.
func datagram(client, vip string, opts ...lcoretest.Option) []byte {
	opts = append([]lcoretest.Option{lcoretest.Link(gatewayMAC, outsideMAC)}, opts...)
	return lcoretest.UDP(netip.MustParseAddrPort(client), netip.MustParseAddrPort(vip), opts...)
}

func answered(n int, server, client string, opts ...lcoretest.Option) []byte {
	opts = append([]lcoretest.Option{lcoretest.Link(serverMAC(n), insideMAC)}, opts...)
	return lcoretest.UDP(netip.MustParseAddrPort(server), netip.MustParseAddrPort(client), opts...)
}

// fromGateway and fromInside are link addresses for frames that arrive on the two ports.
var (
	fromGateway = lcoretest.Link(gatewayMAC, outsideMAC)
	fromInside  = lcoretest.Link(serverMAC(1), insideMAC)
)

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

func data(n int) lcoretest.Option { return lcoretest.Payload(make([]byte, n)) }
