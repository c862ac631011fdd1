package flow

// Protocol numbers (IANA).
const (
	ICMP   = 1
	TCP    = 6
	UDP    = 17
	ICMPv6 = 58
	SCTP   = 132
)

// Key is the 5-tuple of a packet, as it is on the wire now. Ports are in host byte order, 0 for protocols
// without ports. Pointer-free and comparable; 40 bytes.
type Key struct {
	Src, Dst         Addr
	SrcPort, DstPort uint16
	Proto            uint8
}
