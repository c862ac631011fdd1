package nexthop

import (
	"cmp"
	"slices"

	"cleat/lcore/flow"
)

// prefixes finds the longest prefix of one family that contains an address.
type prefixes struct {
	v4      bool
	lengths []length       // that occur, longest first
	ways    *flow.Map[way] // by prefix and its length
}

type length struct {
	mask flow.Addr
	bits uint16
}

type way struct {
	via   flow.Addr // zero: the destination is on the link
	port  uint16
	valid bool
}

func (p *prefixes) init(v4 bool) { p.v4, p.ways = v4, flow.NewMap[way]() }

func (p *prefixes) add(r Route) {
	l := length{flow.MaskOf(r.Bits, p.v4), uint16(r.Bits)}
	if p.ways.Get(r.Dst.And(l.mask), l.bits, 0).valid {
		return
	}
	p.ways.Set(r.Dst.And(l.mask), l.bits, 0, way{r.Via, r.Port, true})
	i, found := slices.BinarySearchFunc(p.lengths, l, func(a, b length) int { return cmp.Compare(b.bits, a.bits) })
	if !found {
		p.lengths = slices.Insert(p.lengths, i, l)
	}
}

// lookup returns the way to dst, or one that is not valid.
func (p *prefixes) lookup(dst flow.Addr) way {
	for i := range p.lengths {
		l := &p.lengths[i]
		if w := p.ways.Get(dst.And(l.mask), l.bits, 0); w.valid {
			return w
		}
	}
	return way{}
}
