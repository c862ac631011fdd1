// Package burst is all that a port and a worker share: packets, up to Size of them at a time.
//
// Whoever implements a port (cgo/ethdev over DPDK, lcoretest in memory) fills Packet and reads it;
// the data path never asks where a packet came from.
package burst

// Size is the greatest number of packets in a burst.
const Size = 32

// Headroom is the room in front of every received frame, in bytes, that Prepend may use.
const Headroom = 128

// Receive flags: what the port found out about a received packet.
const (
	HashValid    uint16 = 1 << iota // Hash is the port's RSS hash
	IPCsumGood                      // the IPv4 header checksum was verified
	IPCsumBad                       // … and is wrong
	L4CsumGood                      // the TCP or UDP checksum was verified
	L4CsumBad                       // … and is wrong
	VLANStripped                    // the tag was taken off the frame; VLAN holds its TCI
)

// Transmit flags: what the worker asks of the port.
const (
	IPCsumOffload uint16 = 1 << (iota + 8) // compute the IPv4 header checksum
	L4CsumOffload                          // compute the TCP or UDP checksum; the pseudo header's sum is in place
	VLANInsert                             // insert a tag with the TCI in VLAN
)

// Packet is one packet, in the hands of exactly one owner: the port up to Receive and from the
// successful Transmit on, the worker in between. 56 bytes.
type Packet struct {
	// Data is the first segment of the frame, from its Ethernet header on. A worker may reslice it
	// (Data = Data[n:] to strip, Trim, Prepend); Transmit sends what Data then covers, and
	// the further segments unless Trim dropped them.
	Data []byte
	// Handle is the port's own name for the packet's buffer (for DPDK the address of the mbuf). Not
	// to be looked into.
	Handle uintptr
	// Len is the length of the whole frame in bytes, all segments together; len(Data) where there is one.
	Len uint32
	// Hash is the RSS hash, if HashValid.
	Hash uint32
	// Flags holds receive flags after Receive, transmit flags for Transmit.
	Flags uint16
	// VLAN is the tag control information, host byte order, for VLANStripped and VLANInsert.
	VLAN uint16
	// Port is the number of the port that received the packet, or that shall transmit it: the index
	// into the worker's ports, which is not DPDK's port id.
	Port uint16
	// Headroom is the number of bytes still free in front of Data.
	Headroom uint16
	// Segments is the number of segments, 1 for nearly all packets.
	Segments uint8
	_        [7]byte
}

// Trim shortens the packet to its first n bytes, n ≤ len(Data), and drops all further segments.
func (p *Packet) Trim(n int) {
	p.Data = p.Data[:n]
	p.Len = uint32(n)
	p.Segments = 1
}

// Queue is one receive queue and one transmit queue of a port; one worker uses it.
// Its methods are called once a burst, never once a packet.
type Queue interface {
	// Receive takes up to len(p) packets from the port into p and returns how many. It never waits.
	Receive(p []Packet) int
	// Transmit hands packets to the port, in order, and returns how many it took from the front
	// of p. Those are the port's; the others remain the caller's.
	Transmit(p []Packet) int
}

// Pool gives and takes back packet buffers without a port: for packets made by the worker itself.
type Pool interface {
	// Alloc fills p with empty packets (len(Data) = 0, cap(Data) the data room behind Headroom) and reports
	// whether it could; all or nothing.
	Alloc(p []Packet) bool
	// Free takes packets back, of whichever port they are, in bulk.
	Free(p []Packet)
}
