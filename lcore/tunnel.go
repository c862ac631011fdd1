package lcore

import (
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/nexthop"
	"cleat/lcore/rewrite"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// The least that a tunnel may leave for the packet inside (F4.3), bytes.
const leastMTU = 68

// wrap sends packet i of connection c through the tunnel to its real server, in the order of forwarding.md F1.
func (w *Worker) wrap(i int, c *conn.Entry) Verdict {
	hop, result := w.tables.Hops.Lookup(w.tables.Services.Real(c.Slot).Addr)
	if result == nexthop.NoRoute {
		return AnswerNoRoute
	}
	return w.wrapTo(i, c, &hop, result, w.tables.Hops.Own(hop.Port, hop.Addr))
}

// wrapTo does so where the next hop to the server, and our own address to speak from to that, are known.
func (w *Worker) wrapTo(i int, c *conn.Entry, hop *nexthop.Hop, result nexthop.Result, own flow.Addr) Verdict {
	in := &w.in
	ip, p := in.ip[i], &in.packet[i]
	six := ip == nil
	r := w.tables.Services.Real(c.Slot)
	var tunnel rewrite.Tunnel // field by field: to copy one just written is slow
	tunnel.TunnelOptions, tunnel.Src, tunnel.Dst = r.Tunnel, own, r.Addr
	tunnel.DontFragment = !six && ip.DontFragment() && w.tables.PMTUDisc
	if r.Tunnel.Type == service.GUE {
		tunnel.SrcPort = w.tunnelPort(i)
	}
	way := w.pathMTU(r, hop.MTU)
	mtu := int(way) - tunnel.Overhead()
	switch {
	case tunnel.Src.IsZero():
		return AnswerNoRoute
	case in.hops(i) <= 1:
		return AnswerTimeExceeded
	case mtu < leastMTU || p.Segments > 1 && tunnel.Sums():
		return DropTooBig
	case in.length(i) > mtu:
		if v := w.tooBig(i, ForwardInput, mtu, six || tunnel.DontFragment); v != ForwardInput {
			return v
		}
		in.limit[i], tunnel.DontFragment = way, false
	}
	w.older(i)
	tunnel.ID = uint16(w.identify())
	if !w.encapsulate(i, &tunnel) {
		return DropTooBig
	}
	return w.depart(i, ForwardInput, hop, result)
}

// encapsulate puts the tunnel's headers between packet i's link header and the rest, and reports whether there was room for them.
func (w *Worker) encapsulate(i int, t *rewrite.Tunnel) bool {
	p, n := &w.in.packet[i], t.Overhead()
	if !p.Prepend(n) {
		return false
	}
	eth := wire.Ethernet(p.Data)
	copy(eth[:l3], eth[n:])
	eth.SetType(wire.TypeIPv4)
	if !t.Dst.Is4() {
		eth.SetType(wire.TypeIPv6)
	}
	t.Encapsulate(p.Data[l3:], int(p.Len)-l3)
	return true
}

// The range of ports that gue's source port comes from: those that hosts take for connections of their own (F4), the kernel's default.
const firstTunnelPort, tunnelPorts = 32768, 28232

// tunnelPort is gue's source port for packet i: one for all packets of a client's port, so that routers that spread by ports keep them in order.
func (w *Worker) tunnelPort(i int) uint16 {
	k := &w.in.key[i]
	return firstTunnelPort + uint16(flow.Hash(k.Src, k.SrcPort, k.Proto, w.Seed)%tunnelPorts)
}
