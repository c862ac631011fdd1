package flow

// Protocol numbers (IANA).
const (
	ICMP   = 1
	TCP    = 6
	UDP    = 17
	ESP    = 50
	AH     = 51
	ICMPv6 = 58
	SCTP   = 132
)

// HasPorts reports whether packets of a protocol begin with two ports.
func HasPorts(proto uint8) bool { return proto == TCP || proto == UDP || proto == SCTP }

// IsIPsec reports whether a protocol is one of those that IPsec speaks beside the negotiation of its keys.
func IsIPsec(proto uint8) bool { return proto == ESP || proto == AH }

// Key is the 5-tuple of a packet, as it is on the wire now. Ports are in host byte order, 0 for protocols
// without ports. Pointer-free and comparable; 40 bytes.
type Key struct {
	Src, Dst         Addr
	SrcPort, DstPort uint16
	Proto            uint8
}
