package lcore

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/service"
	"cleat/lcore/template"
	"cleat/lcore/wheel"
)

// This file draws what the property tests send to workers: services, few clients and servers so that packets meet, and changes.

// trial is one try of a property, where a testing.TB is asked for: what a rig needs ends with the try.
type trial struct {
	*rapid.T
	test
}

// test lends the methods that rapid.T does not have.
type test struct{ testing.TB }

func (t trial) Helper()      { t.test.Helper() }
func (t trial) Name() string { return t.test.Name() }

func check(t *testing.T, property func(trial)) {
	t.Helper()
	rapid.Check(t, func(r *rapid.T) { property(trial{r, test{t}}) })
}

func pick[T any](t trial, what string, from ...T) T { return rapid.SampledFrom(from).Draw(t.T, what) }

// network is a small world: marked is 10.0.0.2 and port 443 of the VIP.
var (
	someClients = []string{"172.16.0.1", "172.16.0.2", "172.16.1.1"}
	somePorts   = []uint16{20001, 20002, 20001, 20002, 20001, 20002, 20001, 20002, 20}
	someFlags   = []string{"S", "A", "S", "FA", "R", "S", "SA", "P"}
	someRules   = []service.Rule{
		{Mark: 7, Dst: addr("10.0.0.2"), DstMask: flow.MaskOf(32, true)},
		{Mark: 7, Proto: flow.TCP, Dst: addr("10.0.0.1"), DstMask: flow.MaskOf(32, true), Ports: []service.PortRange{{First: 443, Last: 443}}},
		{Mark: 8, Dst: addr("10.0.0.1"), DstMask: flow.MaskOf(32, true), Ports: []service.PortRange{{First: 81, Last: 81}}}, // for no service
	}
)

// drawWishes draws up to four services. Ports are such that no two connections of one client port meet at a server.
func drawWishes(t trial, schedulers ...string) wishes {
	kinds := []wish{
		{proto: flow.TCP, vip: "10.0.0.1:80"},
		{proto: flow.TCP, vip: "10.0.0.1:0"},
		{proto: flow.UDP, vip: "10.0.0.1:53"},
		{proto: flow.TCP, vip: "10.0.0.1:21"},
		{mark: 7},
	}
	w := wishes{marks: someRules, settings: drawSettings(t), size: pick(t, "size", 1024, 12, 4)}
	for n, kind := range kinds {
		if !rapid.Bool().Draw(t.T, "service") {
			continue
		}
		kind.scheduler = pick(t, "scheduler", schedulers...)
		kind.persist = pick(t, "persist", 60*time.Second, 0, 300*time.Second)
		kind.mask = pick(t, "mask", 32, 24)
		kind.onePacket = kind.proto != flow.TCP && rapid.Bool().Draw(t.T, "one packet")
		if kind.vip == "10.0.0.1:0" {
			kind.persist = max(kind.persist, time.Second) // P0.1
		}
		port := 8000 + n
		if kind.vip == "10.0.0.1:0" || kind.mark != 0 {
			port = 0
		}
		for s := range rapid.IntRange(0, 3).Draw(t.T, "servers") {
			kind.servers = append(kind.servers, drawServer(t, fmt.Sprintf("10.9.0.%d:%d", 11+s, port)))
		}
		w.services = append(w.services, kind)
	}
	return w
}

func drawSettings(t trial) Settings {
	return Settings{
		Extend:                  pick[uint32](t, "extend", 60, 120) * wheel.Second,
		RestoreTimeout:          rapid.Bool().Draw(t.T, "restore"),
		ConnReuseMode:           pick(t, "reuse mode", 1, 0),
		ExpireNodestConn:        rapid.Bool().Draw(t.T, "expire_nodest_conn"),
		ExpireQuiescentTemplate: rapid.Bool().Draw(t.T, "expire_quiescent_template"),
		SloppyTCP:               rapid.Bool().Draw(t.T, "sloppy_tcp"),
		Forward:                 true,
		AnswerRate:              pick(t, "answer rate", 0, 3),
		CacheBypass:             rapid.Bool().Draw(t.T, "cache_bypass"),
		FTP:                     rapid.Bool().Draw(t.T, "ftp"),
		FTPPorts:                [FTPPortsMax]uint16{21},
	}
}

func drawServer(t trial, where string) string {
	limits := pick(t, "limits", "0 0", "3 2", "1 1")
	return fmt.Sprintf("%s %d %s", where, pick(t, "weight", 1, 0, 3), limits)
}

// drawChange edits one server, removes it or adds it again, or changes settings or a persistence timeout. added is what the next server gets
// that is added.
func drawChange(t trial, w wishes, added *uint64) wishes {
	w.services = slices.Clone(w.services)
	what := pick(t, "change", "server", "server", "server", "settings", "timeout")
	if len(w.services) == 0 || what == "settings" {
		w.settings = drawSettings(t)
		return w
	}
	s := &w.services[rapid.IntRange(0, len(w.services)-1).Draw(t.T, "service")]
	if what == "timeout" && s.persist != 0 {
		s.persist = pick(t, "persist", 60*time.Second, 10*time.Second, 300*time.Second)
		return w
	}
	if len(s.servers) == 0 {
		return w
	}
	s.servers = slices.Clone(s.servers)
	i := rapid.IntRange(0, len(s.servers)-1).Draw(t.T, "server")
	s.servers[i] = drawEdit(t, s.servers[i], added)
	return w
}

func drawEdit(t trial, text string, added *uint64) string {
	where, _, _ := strings.Cut(text, " ")
	fields := strings.Fields(text)
	gone := fields[len(fields)-1] == "gone"
	switch {
	case gone:
		*added++
		return fmt.Sprintf("%s %d", drawServer(t, where), *added)
	case rapid.Bool().Draw(t.T, "remove"):
		return text + " gone"
	case len(fields) == 5: // an edited server keeps its place
		return drawServer(t, where) + " " + fields[4]
	}
	return drawServer(t, where)
}

// drawPacket draws a frame as port inside or outside receives it; its destination MAC address tells which.
func drawPacket(t trial, w wishes) []byte {
	client := netip.AddrPortFrom(netip.MustParseAddr(pick(t, "client", someClients...)), pick(t, "client port", somePorts...))
	switch pick(t, "packet", "client", "client", "client", "server", "server", "udp", "error", "ftp", "other") {
	case "client":
		return fromClient(client.String(), drawVirtual(t, w), pick(t, "flags", someFlags...))
	case "udp":
		return lcoretest.UDP(client, netip.MustParseAddrPort(pick(t, "to", "10.0.0.1:53", "10.0.0.2:90", "10.0.0.1:80")), lcoretest.Link(gatewayMAC, outsideMAC), drawCall(t))
	case "server":
		return drawAnswer(t, w, client)
	case "error":
		return drawError(t, w, client)
	case "ftp":
		return drawFTP(t, client)
	}
	return drawOther(t, w)
}

// drawCall draws what a datagram carries: a message of a SIP call, or nothing.
func drawCall(t trial) lcoretest.Option {
	if id := pick(t, "call", "", "1@x", "2@x"); id != "" {
		return call(id)
	}
	return lcoretest.Payload(nil)
}

// drawFTP draws a line on an FTP control connection, or what may be the first packet of a data connection.
func drawFTP(t trial, client netip.AddrPort) []byte {
	server := fmt.Sprintf("10.9.0.%d:8003", rapid.IntRange(11, 13).Draw(t.T, "server"))
	own := strings.ReplaceAll(client.Addr().String(), ".", ",") // of another client, another worker may be the owner
	line := func(lines ...string) lcoretest.Option { return lcoretest.Payload([]byte(pick(t, "line", lines...))) }
	switch pick(t, "ftp", "command", "reply", "passive", "active") {
	case "command":
		return fromClient(client.String(), "10.0.0.1:21", "A", line("PASV\r\n", "EPSV\r\n", "PORT "+own+",78,33\r\n"))
	case "reply":
		return fromServer(1, server, client.String(), "A", line("227 (10,9,0,11,19,136)\r\n", "227 (10,9,0,112,19,136)\r\n", "229 (|||5000|)\r\n"))
	case "passive":
		return fromClient(client.String(), "10.0.0.1:5000", pick(t, "flags", someFlags...))
	}
	return fromServer(1, strings.Replace(server, "8003", "8002", 1), client.String(), pick(t, "flags", someFlags...))
}

// drawError draws an ICMP error: from the client's side about what the VIP sent, or from a real server about what came from the client.
func drawError(t trial, w wishes, client netip.AddrPort) []byte {
	if rapid.Bool().Draw(t.T, "outside") {
		vip := netip.MustParseAddrPort(drawVirtual(t, w))
		about := lcoretest.TCP(vip, client, "A")
		return lcoretest.ICMPError(client.Addr(), vip.Addr(), 3, 1, 0, about, lcoretest.Link(gatewayMAC, outsideMAC))
	}
	n, from := drawServerEnd(t, w)
	about := lcoretest.TCP(client, from, "A")
	return lcoretest.ICMPError(from.Addr(), client.Addr(), 3, 3, 0, about, lcoretest.Link(serverMAC(n), insideMAC))
}

// drawVirtual draws where clients' segments go to: mostly to one of the services. Marked ports are those of no other service.
func drawVirtual(t trial, w wishes) string {
	if len(w.services) == 0 || rapid.IntRange(0, 5).Draw(t.T, "anywhere") == 0 {
		return pick(t, "to", "10.0.0.1:80", "10.0.0.1:443", "10.0.0.1:21", "10.0.0.1:5000", "10.0.0.1:81", "10.0.0.2:90")
	}
	switch s := w.services[rapid.IntRange(0, len(w.services)-1).Draw(t.T, "service")]; s.vip {
	case "":
		return pick(t, "to", "10.0.0.1:443", "10.0.0.2:90")
	case "10.0.0.1:0":
		return pick(t, "to", "10.0.0.1:81", "10.0.0.1:5000", "10.0.0.1:443")
	case "10.0.0.1:21":
		return pick(t, "to", "10.0.0.1:21", "10.0.0.1:5000")
	default:
		return s.vip
	}
}

// drawAnswer draws what a real server sends to a client: to a connection if there is one, else as a stranger.
func drawAnswer(t trial, w wishes, client netip.AddrPort) []byte {
	n, from := drawServerEnd(t, w)
	if from.Port() == 8002 {
		return lcoretest.UDP(from, client, lcoretest.Link(serverMAC(n), insideMAC), drawCall(t))
	}
	return fromServer(n, from.String(), client.String(), pick(t, "flags", "SA", "A", "FA", "R"))
}

// drawServerEnd draws number, address and port of a real server: mostly one of the services'.
func drawServerEnd(t trial, w wishes) (int, netip.AddrPort) {
	n := rapid.IntRange(1, 3).Draw(t.T, "server")
	port := pick[uint16](t, "server port", 443, 90, 5000, 8000)
	if len(w.services) > 0 {
		s := w.services[rapid.IntRange(0, len(w.services)-1).Draw(t.T, "service")]
		if len(s.servers) > 0 {
			where, _, _ := strings.Cut(s.servers[0], " ")
			if p := netip.MustParseAddrPort(where).Port(); p != 0 {
				port = p
			}
		}
	}
	return n, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, 0, byte(10 + n)}), port)
}

// drawOther draws what is for no connection, or cannot go on its way at once.
func drawOther(t trial, w wishes) []byte {
	client, vip := netip.MustParseAddr("172.16.0.1"), netip.MustParseAddr("10.0.0.1")
	link := lcoretest.Link(gatewayMAC, outsideMAC)
	switch pick(t, "other", "server as client", "echo", "arp", "held", "ttl", "fragment", "routed") {
	case "server as client":
		return lcoretest.TCP(netip.MustParseAddrPort("10.9.0.12:20001"), netip.MustParseAddrPort(drawVirtual(t, w)), "S", lcoretest.Link(serverMAC(2), insideMAC))
	case "echo":
		return lcoretest.Echo(client, vip, 1, 1, link)
	case "arp":
		return lcoretest.ARPRequest(gatewayMAC, netip.MustParseAddr("10.8.0.2"), vip)
	case "held":
		return fromClient("172.16.0.1:20001", "10.9.0.99:80", "S")
	case "ttl":
		return fromClient("172.16.0.1:20001", drawVirtual(t, w), "S", lcoretest.TTL(1))
	case "fragment":
		return lcoretest.Fragments(fromClient("172.16.0.1:20001", drawVirtual(t, w), "A", lcoretest.Payload(make([]byte, 64))), 64)[0]
	}
	return fromServer(1, "10.9.0.11:9", "172.16.0.1:9", "A")
}

// byMAC has one queue receive for all ports, so that the order of packets of several ports in one burst is the test's choice.
func (r *rig) byMAC() {
	r.ports[outside].OnReceive = func(p *burst.Packet) {
		if [6]byte(p.Data[:6]) == insideMAC {
			p.Port = inside
		}
	}
}

// settle lets all timers run out that are due now.
func (r *rig) settle() {
	for again := true; again; {
		before := r.counters()
		r.turn()
		after := r.counters()
		again = before.ConnectionExpiries != after.ConnectionExpiries || before.TemplateExpiries != after.TemplateExpiries ||
			before.TemplateExtensions != after.TemplateExtensions
	}
}

// connections and templates are the tables of one worker as sorted text, without the numbers of entries, which mean nothing.
func (w *Worker) connectionLines() []string {
	var lines []string
	for i := range w.conns.Entries {
		c := &w.conns.Entries[i]
		if !c.Live() {
			continue
		}
		control := "-"
		if c.Template != 0 {
			control = templateName(w.templatesOf(c), c.Template)
		}
		lines = append(lines, fmt.Sprintf("%d %s > %s > %s %v slot %d mark %d packets %d timeout %d left %d under %s",
			c.Proto, end(w.conns.Client(c)), end(w.conns.Virtual(c)), end(w.conns.Server(c)), c.State, c.Slot, c.Mark, c.InPackets, c.Timeout/wheel.Second,
			int32(c.Deadline()-w.tick), control))
	}
	slices.Sort(lines)
	return lines
}

func (w *Worker) templateLines() []string {
	var lines []string
	for i := range w.tmpls.Entries {
		w.tmpls.Hear(uint32(i))
		if e := &w.tmpls.Entries[i]; e.Live() {
			lines = append(lines, fmt.Sprintf("%s port %d state %d controls %d timeout %d full %d extensions %d left %d", templateName(w.tmpls, uint32(i)),
				e.ServerPort(), e.State, e.Controls, e.Timeout/wheel.Second, e.Full/wheel.Second, e.Extensions, int32(e.Deadline()-w.tick)))
		}
	}
	slices.Sort(lines)
	return lines
}

func templateName(s *template.Shard, i uint32) string {
	e := &s.Entries[i]
	k := s.Key(e)
	return fmt.Sprintf("%d %v %v:%d slot %d", k.Proto, k.Client.Netip(), k.Virtual.Netip(), k.Port, e.Slot)
}

func end(a flow.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a.Netip(), port) }
