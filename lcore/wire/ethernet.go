package wire

import "encoding/binary"

// Ethernet and 802.1Q offsets and lengths, bytes.
const (
	etherDst  = 0
	etherSrc  = 6
	etherType = 12

	// EthernetLen is the length of an Ethernet header without tags.
	EthernetLen = 14
	// EthernetMin is the shortest frame that Ethernet sends, without its check sequence.
	EthernetMin = 60

	vlanTCI  = 0
	vlanType = 2

	// VLANLen is the length of one 802.1Q tag.
	VLANLen = 4
)

// Ethernet types (IANA).
const (
	TypeIPv4 = 0x0800
	TypeARP  = 0x0806
	TypeVLAN = 0x8100
	TypeIPv6 = 0x86dd
	TypeQinQ = 0x88a8
)

// MAC is a link address. It is comparable and has no pointers.
type MAC [6]byte

// Broadcast is the link address of everybody.
var Broadcast = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// IsMulticast reports whether m is a group address; the broadcast address is one.
func (m MAC) IsMulticast() bool { return m[0]&1 != 0 }

// Ethernet is a frame from its Ethernet header on.
type Ethernet []byte

// ParseEthernet returns b as a frame if the header lies in it: EthernetLen bytes.
func ParseEthernet(b []byte) (Ethernet, bool) { return b, len(b) >= EthernetLen }

// Dst returns the destination address.
func (e Ethernet) Dst() MAC { return MAC(e[etherDst : etherDst+6]) }

// Src returns the source address.
func (e Ethernet) Src() MAC { return MAC(e[etherSrc : etherSrc+6]) }

// Type returns the type of what follows, TypeVLAN where that is a tag.
func (e Ethernet) Type() uint16 { return binary.BigEndian.Uint16(e[etherType:]) }

// Payload returns what follows the header; a tag comes first if there is one.
func (e Ethernet) Payload() []byte { return e[EthernetLen:] }

// SetDst sets the destination address.
func (e Ethernet) SetDst(m MAC) { *(*MAC)(e[etherDst:]) = m }

// SetSrc sets the source address.
func (e Ethernet) SetSrc(m MAC) { *(*MAC)(e[etherSrc:]) = m }

// SetType sets the type of what follows.
func (e Ethernet) SetType(t uint16) { binary.BigEndian.PutUint16(e[etherType:], t) }

// VLAN is an 802.1Q tag and what follows it: the payload of a header whose type is TypeVLAN or TypeQinQ.
type VLAN []byte

// ParseVLAN returns b as a tag if it lies in it: VLANLen bytes.
func ParseVLAN(b []byte) (VLAN, bool) { return b, len(b) >= VLANLen }

// TCI returns the tag control information: priority (3 bits), drop eligible (1), VLAN number (12).
func (v VLAN) TCI() uint16 { return binary.BigEndian.Uint16(v[vlanTCI:]) }

// ID returns the number of the VLAN.
func (v VLAN) ID() uint16 { return v.TCI() & 0xfff }

// Type returns the type of what follows the tag.
func (v VLAN) Type() uint16 { return binary.BigEndian.Uint16(v[vlanType:]) }

// Payload returns what follows the tag.
func (v VLAN) Payload() []byte { return v[VLANLen:] }
