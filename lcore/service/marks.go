package service

import "cleat/lcore/flow"

// Rule marks the packets that fit all its conditions (services.md S3).
type Rule struct {
	// Mark is what the packet gets. The bits of Keep are left to later rules that fit, and turned where Mark has them too, as --set-xmark of
	// iptables does.
	Mark, Keep uint32
	Proto      uint8 // 0: any
	// Dst under DstMask is the destination's prefix; Dst tells the family (0.0.0.0 and flow.MaskOf(0, true): all of IPv4).
	Dst, DstMask flow.Addr
	// Src under SrcMask is the source's prefix; the zero SrcMask: any.
	Src, SrcMask flow.Addr
	// Ports are destination ports, SrcPorts source ports; of AnyPorts one of the two has to be one. None: all.
	Ports, SrcPorts, AnyPorts []PortRange
}

// PortRange is a range of ports, host byte order, both ends included.
type PortRange struct{ First, Last uint16 }

func (r *Rule) fits(k *flow.Key) bool {
	return k.Dst.And(r.DstMask) == r.Dst && k.Src.And(r.SrcMask) == r.Src &&
		k.Dst.Is4() == r.Dst.Is4() && // a short IPv6 prefix would fit mapped addresses too
		(r.Proto == 0 || r.Proto == k.Proto) &&
		within(r.Ports, k.DstPort) && within(r.SrcPorts, k.SrcPort) &&
		(within(r.AnyPorts, k.DstPort) || within(r.AnyPorts, k.SrcPort))
}

func within(ranges []PortRange, port uint16) bool {
	for _, p := range ranges {
		if p.First <= port && port <= p.Last {
			return true
		}
	}
	return len(ranges) == 0
}

// Rules reports whether there are any rules.
func (t *Table) Rules() bool { return len(t.rules) > 0 }

// Mark returns the packet's mark, 0 for none: of each bit, what the first rule says that fits and sets it. It walks the rules: a few
// nanoseconds each, meant for dozens of them, not for thousands.
//
// A chain of iptables goes the other way, its last rule wins, and so it stands here in reverse.
func (t *Table) Mark(k *flow.Key) (mark uint32) {
	open := ^uint32(0) // bits that no rule has set yet
	for i := range t.rules {
		r := &t.rules[i]
		if r.fits(k) {
			mark ^= r.Mark & open
			if open &= r.Keep; open == 0 {
				break
			}
		}
	}
	return mark
}
