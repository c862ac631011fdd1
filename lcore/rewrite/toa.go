package rewrite

import (
	"encoding/binary"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/wire"
)

// OptionTOA is the kind of the TCP option with the client's address (F9.1).
const OptionTOA = 254

const maxOptions = 40 // bytes

// TOALen is the length of the option for a client's address, bytes.
func TOALen(client flow.Addr) int {
	if client.Is4() {
		return 8
	}
	return 20
}

// TOA puts the client's address into the TCP segment of p, whose IP header is at l3 and TCP header at l4, as its first option (F9.1), and takes out
// any that the client itself has put there. It returns false if there is no room for it in the header, the packet, or mtu; then only that is taken out.
func TOA(p *burst.Packet, l3, l4 int, client End, mtu int) bool {
	var room [maxOptions]byte
	t := wire.TCP(p.Data[l4:])
	own := appendTOA(room[:0], client)
	options, ok := appendOptions(own, t, func(kind uint8) bool { return kind != OptionTOA })
	if !ok { // F9.3
		options, ok = appendOptions(own, t, func(kind uint8) bool { return kind == wire.OptionTimestamp })
	}
	had := len(t.Options())
	for len(options) < had || len(options)%4 != 0 {
		options = append(options, wire.OptionNop)
	}
	grows := len(options) - had
	if !ok || totalLen(p.Data[l3:])+grows > mtu || !Insert(p, l3, l4, wire.TCPLen, options[:grows]) {
		Blank(t, OptionTOA)
		return false
	}
	t = p.Data[l4:]
	t.UpdateChecksum(t.SetHeaderLen(wire.TCPLen + len(options)))
	before := sumOptions(t)
	copy(t.Options(), options)
	t.UpdateChecksum(wire.Diff16(before, sumOptions(t)))
	return true
}

func appendTOA(b []byte, client End) []byte {
	b = append(b, OptionTOA, uint8(TOALen(client.Addr)))
	b = binary.BigEndian.AppendUint16(b, client.Port)
	return appendAddr(b, client.Addr)
}

// appendAddr appends an address as it is on the wire, 4 or 16 bytes.
func appendAddr(b []byte, a flow.Addr) []byte {
	if a.Is4() {
		return binary.BigEndian.AppendUint32(b, a.Uint32())
	}
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, a.Hi), a.Lo)
}

// appendOptions appends the options of t of the kinds to keep, those that only fill up aside, to b, and reports whether they fit.
func appendOptions(b []byte, t wire.TCP, keep func(kind uint8) bool) ([]byte, bool) {
	for at := wire.TCPLen; ; {
		kind, size := t.Option(at)
		switch {
		case size == 0:
			return b, true
		case kind == wire.OptionNop || !keep(kind):
		case len(b)+size > maxOptions:
			return b, false
		default:
			b = append(b, t[at:at+size]...)
		}
		at += size
	}
}
