package conf

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
)

// String returns the rule in one line: "mark 3: tcp to 10.0.0.1/32 ports 80, 443".
func (m *Mark) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "mark %d:", m.Mark)
	if m.Protocol != "" {
		b.WriteString(" " + m.Protocol)
	}
	if m.Source.IsValid() {
		fmt.Fprintf(&b, " from %s", m.Source)
	}
	if m.Destination.IsValid() {
		fmt.Fprintf(&b, " to %s", m.Destination)
	}
	for _, p := range []struct {
		words string
		list  []PortRange
	}{{"ports", m.Ports}, {"source ports", m.SourcePorts}, {"source or destination ports", m.AnyPorts}} {
		if len(p.list) > 0 {
			fmt.Fprintf(&b, " %s %s", p.words, show("mark.ports", reflect.ValueOf(p.list)))
		}
	}
	if b.Len() == len(fmt.Sprintf("mark %d:", m.Mark)) {
		b.WriteString(" every packet")
	}
	if m.Keep != 0 {
		fmt.Fprintf(&b, ", bits 0x%x kept", m.Keep)
	}
	return b.String()
}

// Families returns the families that the rule is about, true for IPv6: that of its addresses, or both.
func (m *Mark) Families() []bool {
	for _, p := range []netip.Prefix{m.Destination, m.Source} {
		if p.IsValid() {
			return []bool{p.Addr().Is6()}
		}
	}
	return []bool{false, true}
}
