package service

import "cleat/lcore/flow"

// Rule marks the packets that fit all its conditions (services.md S3).
type Rule struct {
	Mark  uint32 // ≠ 0
	Proto uint8  // 0: TCP and UDP
	// Dst under DstMask is the destination's prefix; Dst tells the family (0.0.0.0 and flow.MaskOf(0, true): all of IPv4).
	Dst, DstMask flow.Addr
	// Src under SrcMask is the source's prefix; the zero SrcMask: any.
	Src, SrcMask flow.Addr
	// Ports are the destination ports; none: all.
	Ports []PortRange
}

// PortRange is a range of ports, host byte order, both ends included.
type PortRange struct{ First, Last uint16 }

func (r *Rule) fits(k *flow.Key) bool {
	return k.Dst.And(r.DstMask) == r.Dst && k.Src.And(r.SrcMask) == r.Src &&
		k.Dst.Is4() == r.Dst.Is4() && // a short IPv6 prefix would fit mapped addresses too
		r.fitsProto(k.Proto) && r.fitsPort(k.DstPort)
}

func (r *Rule) fitsProto(proto uint8) bool {
	return proto == r.Proto || r.Proto == 0 && (proto == flow.TCP || proto == flow.UDP)
}

func (r *Rule) fitsPort(port uint16) bool {
	for _, p := range r.Ports {
		if p.First <= port && port <= p.Last {
			return true
		}
	}
	return len(r.Ports) == 0
}

// Rules reports whether there are any rules.
func (t *Table) Rules() bool { return len(t.rules) > 0 }

// Mark returns the mark of the first rule that fits the packet, 0 if none does. It walks the rules: a few nanoseconds each,
// meant for dozens of them, not for thousands.
func (t *Table) Mark(k *flow.Key) uint32 {
	for i := range t.rules {
		if t.rules[i].fits(k) {
			return t.rules[i].Mark
		}
	}
	return 0
}
