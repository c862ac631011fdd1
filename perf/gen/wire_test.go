package gen

import (
	"context"
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"

	"cleat/perf/host"
	"cleat/perf/reflect"
	"cleat/perf/trial"
)

var (
	routerMAC   = wire.MAC{2, 0, 0, 0, 8, 2}
	serverMAC   = wire.MAC{2, 0, 0, 0, 9, 10} // of server 0
	vip4, vip6  = netip.MustParseAddrPort("10.0.0.1:80"), netip.MustParseAddrPort("[fd00::1]:80")
	router4     = flow.FromNetip(netip.MustParseAddr("10.8.0.2"))
	router6     = flow.FromNetip(netip.MustParseAddr("fd08::2"))
	serverCount = 3
)

// cable is a generator and a reflector, and all that can happen to frames between them. Servers are reached as by DR: the frame's destination MAC
// address says which one, and the cable chooses it.
type cable struct {
	*Bench
	t         *testing.T
	now       time.Duration
	reflector *reflect.Reflector
	near, far *lcoretest.Port // the generator's and the reflector's
	// out and back are what becomes of questions and of answers: the frames that get through in a frame's place.
	out, back func(frame []byte) [][]byte
}

// step is the time between two turns: at 1 M/s, 20 units.
const step = 20 * time.Microsecond

func newCable(t *testing.T, l *Load) *cable {
	c := &cable{t: t, now: time.Hour, out: untouched, back: untouched}
	packets := lcoretest.NewPool(t, 4096)
	c.near, c.far = lcoretest.NewPort(packets, 1), lcoretest.NewPort(packets, 1)
	clock := func() time.Duration { return c.now }
	link := Link{MAC: routerMAC, Addrs: []flow.Addr{router4, router6}}
	for family, to := range []flow.Addr{flow.FromNetip(vip4.Addr()), flow.FromNetip(vip6.Addr())} {
		link.Next[family] = host.Next{Own: routerMAC, From: link.Addrs[family], To: to, MAC: serverMAC}
	}
	g, err := New(l, link, []burst.Queue{c.near.Queue(0)}, packets, clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Close)
	config := &reflect.Config{
		MAC: serverMAC, VIPs: []flow.Addr{flow.FromNetip(vip4.Addr()), flow.FromNetip(vip6.Addr())},
		Router: host.Next{To: router4, From: flow.V4(0x0a080003), Own: serverMAC},
	}
	for n := range serverCount {
		config.Servers = append(config.Servers, reflect.Server{Addr: flow.V4(0x0a09000b + uint32(n))})
	}
	c.reflector = reflect.New(config, []burst.Queue{c.far.Queue(0)}, packets, clock)
	c.Bench = &Bench{Generator: g, Beside: c.carry}
	return c
}

func untouched(frame []byte) [][]byte { return [][]byte{frame} }

// carry takes all frames to the other end.
func (c *cable) carry() {
	c.now += step
	for _, f := range c.near.Sent() {
		c.far.Inject(0, c.out(f)...)
	}
	for c.reflector.Turn() != 0 {
	}
	for _, f := range c.far.Sent() {
		c.near.Inject(0, c.back(f)...)
	}
}

// run makes a trial that has to be possible.
func (c *cable) run(rate float64, d time.Duration) trial.Outcome {
	c.t.Helper()
	o, err := c.Run(context.Background(), rate, d)
	if err != nil {
		c.t.Fatal(err)
	}
	return o
}

// segmentIn returns the TCP segment in a frame of IPv4.
func segmentIn(frame []byte) (wire.TCP, bool) {
	ip, ok := wire.ParseIPv4(frame[wire.EthernetLen:], len(frame)-wire.EthernetLen)
	if !ok || ip.Protocol() != flow.TCP {
		return nil, false
	}
	return wire.ParseTCP(ip.Payload())
}

// data reports whether a frame is of IPv4 TCP with data and, if so, its flow.
func data(frame []byte) (tuple [12]byte, ok bool) {
	s, ok := segmentIn(frame)
	copy(tuple[:], frame[wire.EthernetLen+12:][:12])
	return tuple, ok && len(s) > wire.TCPLen
}

// isSYN reports whether a frame of IPv4 opens a connection.
func isSYN(frame []byte) bool {
	s, ok := segmentIn(frame)
	return ok && s.Flags() == wire.SYN
}

func clientOf(frame []byte) uint32 { return binary.BigEndian.Uint32(frame[wire.EthernetLen+12:]) }
