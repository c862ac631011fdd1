package service

import (
	"slices"

	"cleat/lcore/flow"
)

// Table is all that a worker knows of the operator's wishes: virtual services, real servers, mark rules.
// Immutable; nothing in it is ever changed after NewTable, by nobody.
type Table struct {
	index    *flow.Map[*Virtual] // by address, port, protocol, and by mark (markKey)
	marked   bool                // some service is a firewall mark's
	ftp      bool                // some service has port 21
	anyPort  bool                // some service has port 0
	virtuals []*Virtual
	byID     []*Virtual
	reals    []Real
	unused   Real
	serving  *flow.Map[*Real] // NAT servers by address, port and protocol, 0 for a firewall mark's
	tunnels  *flow.Map[bool]  // by address, port and type of the server's end
	engine   bool             // some service has a persistence engine
	rules    []Rule
}

// The ports of FTP, which IPVS treats specially (services.md S2 3; persistence.md P1, P8.1).
const (
	PortFTPData = 20 // the server's, of active data connections
	PortFTP     = 21 // of control connections
)

// portFirstUnreserved is where passive data connections may go.
const portFirstUnreserved = 1024

// NewTable makes a Table, which keeps what it is given. reals are indexed by Real.Slot, removed ones that
// something still names included; a slot that is not in use holds the zero Real. It panics if two services
// have one ID or one identity (services.md S1.1), or a real server is not in its slot: management has checked that.
func NewTable(virtuals []*Virtual, reals []Real, rules []Rule) *Table {
	t := &Table{index: flow.NewMap[*Virtual](), serving: flow.NewMap[*Real](), tunnels: flow.NewMap[bool](), virtuals: virtuals, reals: reals, rules: slices.Clone(rules)}
	for _, v := range virtuals {
		t.add(v)
	}
	for i := range reals {
		if reals[i] != (Real{}) && reals[i].Slot != uint32(i) {
			panic("service: a real server is not in its slot")
		}
	}
	for i := range t.rules { // so that fits need not
		r := &t.rules[i]
		r.Dst, r.Src = r.Dst.And(r.DstMask), r.Src.And(r.SrcMask)
	}
	return t
}

func (t *Table) add(v *Virtual) {
	addr, port, proto := v.Addr, v.Port, v.Proto
	if v.Mark != 0 {
		addr, port, proto = markKey(v.Mark, v.Addr.Is4())
	}
	if t.index.Get(addr, port, proto) != nil || t.Virtual(v.ID) != nil {
		panic("service: two virtual services have one identity or ID")
	}
	t.index.Set(addr, port, proto, v)
	t.marked = t.marked || v.Mark != 0
	t.ftp = t.ftp || v.Port == PortFTP
	t.engine = t.engine || v.Engine != NoEngine
	t.anyPort = t.anyPort || v.Mark == 0 && v.Port == 0
	if n := int(v.ID) + 1; n > len(t.byID) {
		t.byID = append(t.byID, make([]*Virtual, n-len(t.byID))...)
	}
	t.byID[v.ID] = v
	for i := range v.Reals {
		switch r := &v.Reals[i]; r.Forward {
		case NAT:
			t.serving.Set(r.Addr, r.Port, v.Proto, r)
		case Tunnel:
			t.tunnels.Set(r.Addr, r.Tunnel.Port, uint8(r.Tunnel.Type), true)
		}
	}
}

// markKey keeps marks apart from addresses by protocol 0 with a port, which no packet has, and by family (S1.1).
func markKey(mark uint32, v4 bool) (addr flow.Addr, port uint16, proto uint8) {
	if v4 {
		return flow.V4(mark), 1, 0
	}
	return flow.Addr{Lo: uint64(mark)}, 1, 0
}

// Lookup returns the virtual service for a packet with that mark (0: none), protocol and destination, in the order
// of services.md S2, or nil.
func (t *Table) Lookup(mark uint32, proto uint8, dst flow.Addr, port uint16) *Virtual {
	if mark != 0 && t.marked {
		if v := t.index.Get(markKey(mark, dst.Is4())); v != nil { // S2 1
			return v
		} // S2.1: go on as without a mark
	}
	if v := t.index.Get(dst, port, proto); v != nil { // S2 2
		return v
	}
	if t.ftp && proto == flow.TCP && (port == PortFTPData || port >= portFirstUnreserved) { // S2 3
		if v := t.index.Get(dst, PortFTP, proto); v != nil {
			return v
		}
	}
	if t.anyPort { // S2 4
		return t.index.Get(dst, 0, proto)
	}
	return nil
}

// Serving returns the NAT server that is at that address and port for that protocol, or for a firewall mark, which is for all of them; or nil.
func (t *Table) Serving(addr flow.Addr, port uint16, proto uint8) *Real {
	if r := t.serving.Get(addr, port, proto); r != nil {
		return r
	}
	return t.serving.Get(addr, port, 0)
}

// HasTunnel reports whether a real server at that address is reached through a tunnel of that type and port.
func (t *Table) HasTunnel(addr flow.Addr, o TunnelOptions) bool {
	return t.tunnels.Get(addr, o.Port, uint8(o.Type))
}

// Marked reports whether some service is a firewall mark's.
func (t *Table) Marked() bool { return t.marked }

// HasEngine reports whether some service has a persistence engine.
func (t *Table) HasEngine() bool { return t.engine }

// Virtual returns the service with that ID, or nil.
func (t *Table) Virtual(id uint32) *Virtual {
	if int(id) < len(t.byID) {
		return t.byID[id]
	}
	return nil
}

// Real returns the real server in that slot. It is never nil: for a slot that is not in use it is the zero Real, which is
// not Available and has no address.
func (t *Table) Real(slot uint32) *Real {
	if int(slot) < len(t.reals) {
		return &t.reals[slot]
	}
	return &t.unused
}

// Virtuals returns all services, in the order that NewTable was given.
func (t *Table) Virtuals() []*Virtual { return t.virtuals }

// Empty reports whether there is no service at all.
func (t *Table) Empty() bool { return len(t.virtuals) == 0 }
