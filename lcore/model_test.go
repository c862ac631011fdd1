package lcore

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/wheel"
)

// model is one worker as docs/spec tells it, over Go's maps: slow, and without bursts, timer wheels, indices and full tables. What
// it takes from the data path is the table of TCP states, which has a test of its own.
type model struct {
	now       uint32 // ticks
	wishes    wishes
	services  []*modelService
	conns     map[modelFlow]*modelConn
	templates map[modelKey]*modelTemplate
	invalid   []*modelTemplate // P5.7
}

type modelService struct {
	wish
	vip     netip.AddrPort
	servers []*modelServer // in the order of wishes, removed ones included
	list    []*modelServer // newest first (G.1)
	last    *modelServer   // of rr; nil: the list's head
}

type modelServer struct {
	slot             int
	addr             netip.AddrPort
	weight           int
	upper, lower     int
	gone, overload   bool
	active, inactive int
}

func (s *modelServer) total() int { return s.active + s.inactive }

type modelFlow struct {
	proto       uint8
	client, vip netip.AddrPort
}

type modelConn struct {
	server            netip.AddrPort
	rs                *modelServer
	state             conn.State
	mark              uint32
	packets           int
	timeout, deadline uint32
	template          *modelTemplate
}

type modelKey struct {
	proto  uint8
	client netip.Addr
	vip    netip.AddrPort
}

type modelTemplate struct {
	key                     modelKey
	rs                      *modelServer
	dport                   uint16
	assured, invalid        bool
	controls, extensions    int
	timeout, full, deadline uint32
}

func newModel(w wishes, now uint32) *model {
	m := &model{now: now, conns: map[modelFlow]*modelConn{}, templates: map[modelKey]*modelTemplate{}}
	slot := 0
	for _, s := range w.services {
		ms := &modelService{}
		for range s.servers {
			ms.servers = append(ms.servers, &modelServer{slot: slot, gone: true})
			slot++
		}
		m.services = append(m.services, ms)
	}
	m.change(w)
	return m
}

// change makes wishes those in force: servers are added to the list's head, edited in place, or taken off it.
func (m *model) change(w wishes) {
	m.wishes = w
	for i, s := range w.services {
		ms := m.services[i]
		ms.wish = s
		if s.vip != "" {
			ms.vip = netip.MustParseAddrPort(s.vip)
		}
		for j, text := range s.servers {
			ms.edit(ms.servers[j], text)
		}
	}
}

func (s *modelService) edit(rs *modelServer, text string) {
	var where string
	fmt.Sscan(text, &where, &rs.weight, &rs.upper, &rs.lower)
	rs.addr = netip.MustParseAddrPort(where)
	if rs.lower == 0 {
		rs.lower = rs.upper - rs.upper/4 // C9.1
	}
	was := rs.gone
	rs.gone = strings.HasSuffix(text, "gone")
	switch {
	case rs.gone && !was:
		i := slices.Index(s.list, rs)
		if s.last == rs { // R.3
			s.last = nil
			if i > 0 {
				s.last = s.list[i-1]
			}
		}
		s.list = slices.Delete(s.list, i, i+1)
	case was && !rs.gone:
		s.list = slices.Insert(s.list, 0, rs)
	}
	if !rs.gone { // C9.3, C9.2
		switch {
		case rs.upper == 0 || rs.total() < rs.lower:
			rs.overload = false
		case rs.total() >= rs.upper:
			rs.overload = true
		}
	}
}

func (s *modelService) pick() *modelServer {
	if s.scheduler == "wlc" {
		return s.wlc()
	}
	first := slices.Index(s.list, s.last) + 1 // 0 for the head
	for i := range s.list {
		if rs := s.list[(first+i)%len(s.list)]; rs.weight > 0 && !rs.overload { // R.1, R.2
			s.last = rs
			return rs
		}
	}
	return nil
}

func (s *modelService) wlc() (best *modelServer) {
	load := func(rs *modelServer) int { return rs.active*256 + rs.total() } // G.3
	for _, rs := range s.list {
		if rs.weight == 0 || rs.overload {
			continue
		}
		if best == nil || load(rs)*best.weight < load(best)*rs.weight { // G.5
			best = rs
		}
	}
	return best
}

// step lets a second pass; the worker turns as often.
func (m *model) step() {
	m.now += wheel.Second
	for f, c := range m.conns {
		if c.deadline <= m.now {
			m.end(f)
		}
	}
	for k, t := range m.templates {
		if m.timeOver(t) {
			delete(m.templates, k)
		}
	}
	m.invalid = slices.DeleteFunc(m.invalid, m.timeOver)
}

// timeOver is P4.5 and P4.6.
func (m *model) timeOver(t *modelTemplate) (ends bool) {
	if t.deadline > m.now {
		return false
	}
	if t.controls == 0 {
		return true
	}
	t.timeout, t.deadline = m.wishes.settings.Extend, m.now+m.wishes.settings.Extend
	t.extensions++
	return false
}

func (m *model) end(f modelFlow) {
	c := m.conns[f]
	delete(m.conns, f)
	m.close(c)
	if c.template != nil {
		c.template.controls--
	}
}

func (m *model) close(c *modelConn) {
	if c.state.Active() {
		c.rs.active--
	} else {
		c.rs.inactive--
	}
	if c.rs.total() < c.rs.lower { // C9.3
		c.rs.overload = false
	}
}

// fromServer is a packet from a real server to a client (C1.3).
func (m *model) fromServer(proto uint8, server, client netip.AddrPort, flags uint8) {
	for f, c := range m.conns {
		if f.proto == proto && f.client == client && c.server == server {
			m.packet(f, c, conn.Output, flags)
			return
		}
	}
}

// fromClient is C2 and C3.
func (m *model) fromClient(f modelFlow, flags uint8) {
	set := m.wishes.settings
	c := m.conns[f]
	syn := f.proto == flow.TCP && conn.EventOf(flags) == conn.SYN
	if c != nil && syn { // C2 3
		again := set.ExpireNodestConn && c.rs.weight == 0
		closed := c.state == conn.TimeWait || c.state == conn.Close
		if again || set.ConnReuseMode != 0 && c.template == nil && closed {
			m.end(f)
			c = nil
		}
	}
	if c != nil && c.rs.gone { // C2 4
		if !set.ExpireNodestConn {
			return
		}
		m.end(f)
		c = nil
	}
	if c == nil {
		rst := f.proto == flow.TCP && conn.EventOf(flags) == conn.RST
		if f.client.Port() == 20 || rst || f.proto == flow.TCP && !syn && !set.SloppyTCP {
			return
		}
		if c = m.open(f); c == nil {
			return
		}
	}
	c.packets++
	m.packet(f, c, conn.Input, flags)
}

// packet is C4.1, C4.5, C5.1, P8.4.
func (m *model) packet(f modelFlow, c *modelConn, d conn.Direction, flags uint8) {
	was := c.state
	if f.proto == flow.TCP {
		c.state = was.Next(d, conn.EventOf(flags))
	}
	if was.Active() && !c.state.Active() {
		c.rs.active, c.rs.inactive = c.rs.active-1, c.rs.inactive+1
	}
	if !was.Active() && c.state.Active() {
		c.rs.active, c.rs.inactive = c.rs.active+1, c.rs.inactive-1
	}
	if c.template != nil && (c.state == conn.Established || f.proto == flow.UDP && d == conn.Output) {
		c.template.assured = true
	}
	c.timeout = conn.DefaultTimeouts()[c.state]
	c.deadline = m.now + c.timeout
}

// mark is what someRules say.
func (m *model) mark(f modelFlow) uint32 {
	switch {
	case f.vip.Addr() == netip.MustParseAddr("10.0.0.2"), f.proto == flow.TCP && f.vip.Port() == 443:
		return 7
	case f.vip.Port() == 81:
		return 8
	}
	return 0
}

// service is services.md S2.
func (m *model) service(f modelFlow) *modelService {
	find := func(fits func(s *modelService) bool) *modelService {
		if i := slices.IndexFunc(m.services, fits); i >= 0 {
			return m.services[i]
		}
		return nil
	}
	if mark := m.mark(f); mark != 0 {
		if s := find(func(s *modelService) bool { return s.wish.mark == mark }); s != nil {
			return s
		}
	}
	at := func(port uint16) *modelService {
		return find(func(s *modelService) bool {
			return s.wish.mark == 0 && s.proto == f.proto && s.vip == netip.AddrPortFrom(f.vip.Addr(), port)
		})
	}
	if s := at(f.vip.Port()); s != nil {
		return s
	}
	if p := f.vip.Port(); f.proto == flow.TCP && (p == 20 || p >= 1024) {
		if s := at(21); s != nil {
			return s
		}
	}
	return at(0)
}

// open is C3 and P2; nil if no connection is opened.
func (m *model) open(f modelFlow) *modelConn {
	s := m.service(f)
	if s == nil {
		return nil
	}
	c := &modelConn{mark: m.mark(f)}
	port := f.vip.Port()
	if s.persist == 0 {
		if s.wish.mark == 0 && s.vip.Port() != port { // C3.3
			return nil
		}
		if c.rs = s.pick(); c.rs == nil {
			return nil
		}
		if p := c.rs.addr.Port(); p != 0 { // C3.4
			port = p
		}
	} else {
		if c.template = m.remember(s, f); c.template == nil {
			return nil
		}
		c.rs = c.template.rs
		if p := c.rs.addr.Port(); s.wish.mark == 0 && port == s.vip.Port() && p != 0 { // P2 6
			port = p
		}
		t := c.template
		if m.wishes.settings.RestoreTimeout { // P4.7, P4.8
			t.timeout = t.full
		}
		t.deadline = m.now + t.timeout // P2 9
	}
	c.server = netip.AddrPortFrom(c.rs.addr.Addr(), port)
	if f.proto == flow.UDP {
		c.state = conn.UDP
	}
	c.rs.inactive++
	if c.rs.upper != 0 && c.rs.total() >= c.rs.upper { // C9.3
		c.rs.overload = true
	}
	if s.onePacket && f.proto == flow.UDP { // C6.2
		m.close(c)
		return nil
	}
	if c.template != nil {
		c.template.controls++
	}
	m.conns[f] = c
	return c
}

// remember is P1, P2 2–5 and P5; nil if there is no server.
func (m *model) remember(s *modelService, f modelFlow) *modelTemplate {
	k, ppc := m.key(s, f)
	t := m.templates[k]
	if t != nil && (t.rs.gone || t.rs.weight == 0 && m.wishes.settings.ExpireQuiescentTemplate) {
		t.invalid = true
		delete(m.templates, k)
		m.invalid = append(m.invalid, t)
		t = nil
	}
	if t == nil {
		rs := s.pick()
		if rs == nil {
			return nil
		}
		full := wheel.Ticks(s.persist)
		t = &modelTemplate{key: k, rs: rs, timeout: full, full: full}
		if ppc {
			t.dport = rs.addr.Port()
		}
		m.templates[k] = t
	}
	return t
}

// key is P1's table.
func (m *model) key(s *modelService, f modelFlow) (k modelKey, ppc bool) {
	mask := s.mask
	if mask == 0 {
		mask = 32
	}
	net, _ := f.client.Addr().Prefix(mask)
	switch port := s.vip.Port(); {
	case s.wish.mark != 0:
		return modelKey{0, net.Addr(), netip.AddrPortFrom(flow.V4(s.wish.mark).Netip(), 0)}, false
	case port != 0 && port != 21:
		return modelKey{f.proto, net.Addr(), f.vip}, true
	}
	return modelKey{f.proto, net.Addr(), netip.AddrPortFrom(f.vip.Addr(), 0)}, false
}

// connectionLines and templateLines are the tables as the worker's own are written.
func (m *model) connectionLines() (lines []string) {
	for f, c := range m.conns {
		control := "-"
		if c.template != nil {
			control = c.template.name()
		}
		lines = append(lines, fmt.Sprintf("%d %s > %s > %s %v slot %d mark %d packets %d timeout %d left %d under %s",
			f.proto, f.client, f.vip, c.server, c.state, c.rs.slot, c.mark, c.packets, c.timeout/wheel.Second, c.deadline-m.now, control))
	}
	slices.Sort(lines)
	return lines
}

func (m *model) templateLines() (lines []string) {
	for _, t := range slices.AppendSeq(slices.Clone(m.invalid), maps.Values(m.templates)) {
		state := 0
		if t.assured {
			state = 1
		}
		port := t.dport
		if t.invalid {
			port = 65535
		}
		lines = append(lines, fmt.Sprintf("%s port %d state %d controls %d timeout %d full %d extensions %d left %d", t.name(), port, state,
			t.controls, t.timeout/wheel.Second, t.full/wheel.Second, t.extensions, t.deadline-m.now))
	}
	slices.Sort(lines)
	return lines
}

func (t *modelTemplate) name() string {
	port := t.key.vip.Port()
	if t.invalid {
		port = 65535
	}
	return fmt.Sprintf("%d %v %v:%d slot %d", t.key.proto, t.key.client, t.key.vip.Addr(), port, t.rs.slot)
}
