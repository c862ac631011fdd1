package lcore

import (
	"cleat/lcore/address"
	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/rewrite"
	"cleat/lcore/service"
	"cleat/lcore/wire"
)

// columns hold what the stages of a turn found out, element i about packet i. Each is written by the one stage
// named beside it (verdict and packet by all) and read by later ones.
type columns struct {
	N int // packets in the burst

	packet  [burst.Size]burst.Packet
	verdict [burst.Size]Verdict
	errand  [burst.Size]errand  // receive: what brought it from another worker; schedule: what takes it there
	inquiry [burst.Size]inquiry // of errands asking, deciding and decided

	open  bool // track: perhaps not all packets are judged
	parts bool // parse: some packet is a fragment

	// plain has bit i set as long as packet i goes the fast way: parse found plain headers, and find a connection. What its addresses are
	// (src, dst) nobody has asked then: whoever needs to know calls Worker.special.
	plain uint32
	left  uint32 // bit i is set if packet i is plain and has been rewritten already: track, and schedule
	// together: find has forwarded the whole burst, all of it through one port; outputs of its packets came from real servers.
	together bool
	outputs  uint64
	fresh    uint32 // find: bit i is set if packet i is plain, and find knew no connection of its
	short    uint32 // find: bit i is set if packet i goes the short way: it belongs to no connection, and opens one. Whoever needs virtual or mark calls Worker.leaveShort
	// noInput has bit i set if find saw that there is no connection whose client has sent packet i, or (noOutput) to whose client it is an answer.
	noInput, noOutput uint32

	hash     [burst.Size]uint64 // parse: of a plain packet's client, as conn.Shard.Hash has it
	bucket   [burst.Size]uint32 // parse: where find looks for it
	entrance [burst.Size]uint8  // find: of a packet that goes the short way, which of Worker.entrances it takes

	ip      [burst.Size]wire.IPv4    // parse: the packet from its IP header on, without link padding; nil of IPv6
	ip6     [burst.Size]wire.IPv6    // parse: the same of IPv6
	upper   [burst.Size]wire.Upper   // parse: what lies behind the extension headers of IPv6
	flags   [burst.Size]uint8        // parse: TCP flags, or the SCTP event (conn.SCTPEvent)
	related [burst.Size]bool         // parse: an ICMP error about a packet of a flow
	ipsec   [burst.Size]bool         // parse: AH or ESP, or an ICMP error about such a packet; key is then that of its negotiation (C5.3)
	inside  [burst.Size]uint16       // parse: of an error about a packet in a tunnel, where the packet inside begins, from the IP header on; 0: no such
	key     [burst.Size]flow.Key     // parse: the 5-tuple as received; of a related one that of an answer to the packet it is about
	src     [burst.Size]address.Kind // parse: of key.Src
	dst     [burst.Size]address.Kind // parse: of key.Dst

	part   [burst.Size]part   // parse: of a fragment
	record [burst.Size]uint32 // gather: what its first fragment said

	owner [burst.Size]uint8 // steer: the worker to hand it over to; of errand deciding, receive: the one to answer

	conn   [burst.Size]uint32 // track: connection, 0 for none
	output [burst.Size]bool   // track: the packet comes from the connection's real server

	long  uint32             // rewrite: bit i is set if packet i is to leave in fragments
	limit [burst.Size]uint16 // rewrite: how long those may be, from their IP headers on

	mark     [burst.Size]uint32           // classify
	virtual  [burst.Size]*service.Virtual // classify: the service of a new flow, nil for none
	template [burst.Size]uint32           // recall: a usable template, 0 for none
	missing  [burst.Size]uint64           // recall: the hash under which there is no template at all; 0: there is one, or it was not asked
}

// length is that of packet i from its IP header on, bytes.
func (c *columns) length(i int) int {
	if c.ip[i] == nil {
		return c.ip6[i].TotalLen()
	}
	return c.ip[i].TotalLen()
}

// packetLen is length of a plain packet.
func (c *columns) packetLen(i int) int { return len(c.packet[i].Data) - l3 }

// tcp is the segment that packet i carries.
func (c *columns) tcp(i int) wire.TCP {
	if c.ip[i] == nil {
		return c.upper[i].Payload(c.ip6[i])
	}
	return c.ip[i].Payload()
}

// l4 is where the transport header of packet i begins, in its frame.
func (c *columns) l4(i int) int {
	if c.ip[i] == nil {
		return l3 + int(c.upper[i].Offset)
	}
	return l3 + c.ip[i].HeaderLen()
}

// moved takes note that the IP header of packet i lies elsewhere than before.
func (c *columns) moved(i int) {
	if ip := c.packet[i].Data[l3:]; c.ip[i] == nil {
		c.ip6[i] = ip
	} else {
		c.ip[i] = ip
	}
}

// hops is how many more packet i may take.
func (c *columns) hops(i int) uint8 {
	if c.ip[i] == nil {
		return c.ip6[i].HopLimit()
	}
	return c.ip[i].TTL()
}

// network is packet i from its IP header on, as far as it lies in hand.
func (c *columns) network(i int) []byte {
	if c.ip[i] == nil {
		return c.ip6[i]
	}
	return c.ip[i]
}

// transport is what packet i carries, from its transport header on, as far as it lies in hand.
func (c *columns) transport(i int) []byte {
	if c.ip[i] == nil {
		return c.upper[i].Payload(c.ip6[i])
	}
	return c.ip[i].Payload()
}

// whole reports whether packet i lies in hand to its end.
func (c *columns) whole(i int) bool {
	if c.ip[i] == nil {
		return c.ip6[i].Whole()
	}
	return c.ip[i].Whole()
}

// pseudo is the sum of the pseudo header of what packet i carries.
func (c *columns) pseudo(i int) uint32 {
	if c.ip[i] == nil {
		return c.upper[i].Pseudo(c.ip6[i])
	}
	return c.ip[i].Pseudo()
}

// splice puts text in the place of a piece of packet i's TCP payload, and reports whether there was room for it.
func (c *columns) splice(i, from, to int, text []byte) (ok bool) {
	if c.ip[i] == nil {
		c.ip6[i], ok = rewrite.Splice6(&c.packet[i], l3, c.upper[i], from, to, text)
		return ok
	}
	c.ip[i], ok = rewrite.Splice(&c.packet[i], l3, from, to, text)
	return ok
}
