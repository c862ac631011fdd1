package rewrite

import "cleat/lcore/wire"

// PlainIn is NATIn for a plain frame whose checksum is not that of a datagram without one.
func PlainIn(p *wire.Plain, rs uint32, port uint16) {
	d := wire.Diff32(p.Dst(), rs)
	p.SetDst(rs)
	p.Older(d)
	d += wire.Diff16(p.DstPort(), port)
	p.SetDstPort(port)
	p.UpdateTransport(d)
}

// PlainOut is NATOut likewise.
func PlainOut(p *wire.Plain, vip uint32, port uint16) {
	d := wire.Diff32(p.Src(), vip)
	p.SetSrc(vip)
	p.Older(d)
	d += wire.Diff16(p.SrcPort(), port)
	p.SetSrcPort(port)
	p.UpdateTransport(d)
}
