package pktmbuf

// #include "desc.h"
import "C"

import (
	"unsafe"

	"cleat/lcore/burst"
)

// Desc is struct cleat_desc (desc.h), which asserts the offsets of its members: what Go needs to know
// of an mbuf. It holds addresses of C memory only, as numbers, so arrays of it may be handed to C.
type Desc struct {
	data     uintptr
	mbuf     uintptr
	len      uint32
	hash     uint32
	dataLen  uint16
	room     uint16
	headroom uint16
	flags    uint16
	vlan     uint16
	segments uint8
	_        [13]uint8
}

// An index that is not 0 does not compile: the two sides must agree.
var (
	_ = [1]int{}[unsafe.Sizeof(Desc{})-C.sizeof_struct_cleat_desc]
	_ = [1]int{}[unsafe.Offsetof(Desc{}.data)-0]
	_ = [1]int{}[unsafe.Offsetof(Desc{}.mbuf)-8]
	_ = [1]int{}[unsafe.Offsetof(Desc{}.len)-16]
	_ = [1]int{}[unsafe.Offsetof(Desc{}.hash)-20]
	_ = [1]int{}[unsafe.Offsetof(Desc{}.dataLen)-24]
	_ = [1]int{}[unsafe.Offsetof(Desc{}.room)-26]
	_ = [1]int{}[unsafe.Offsetof(Desc{}.headroom)-28]
	_ = [1]int{}[unsafe.Offsetof(Desc{}.flags)-30]
	_ = [1]int{}[unsafe.Offsetof(Desc{}.vlan)-32]
	_ = [1]int{}[unsafe.Offsetof(Desc{}.segments)-34]

	_ = [1]int{}[burst.HashValid^C.CLEAT_RX_HASH]
	_ = [1]int{}[burst.IPCsumGood^C.CLEAT_RX_IP_GOOD]
	_ = [1]int{}[burst.IPCsumBad^C.CLEAT_RX_IP_BAD]
	_ = [1]int{}[burst.L4CsumGood^C.CLEAT_RX_L4_GOOD]
	_ = [1]int{}[burst.L4CsumBad^C.CLEAT_RX_L4_BAD]
	_ = [1]int{}[burst.VLANStripped^C.CLEAT_RX_VLAN]
	_ = [1]int{}[burst.IPCsumOffload^C.CLEAT_TX_IP]
	_ = [1]int{}[burst.L4CsumOffload^C.CLEAT_TX_L4]
	_ = [1]int{}[burst.VLANInsert^C.CLEAT_TX_VLAN]
	_ = [1]int{}[burst.Headroom^C.RTE_PKTMBUF_HEADROOM]
)

// Packet makes the packet of an mbuf that C has described, for the worker's port of that index. Data
// may grow to the end of the data room, but not into further segments.
func (d *Desc) Packet(p *burst.Packet, port uint16) {
	// The address of C memory, which the garbage collector neither moves nor frees.
	first := *(**byte)(unsafe.Pointer(&d.data))
	p.Data = unsafe.Slice(first, d.room)[:d.dataLen]
	p.Handle = d.mbuf
	p.Len = d.len
	p.Hash = d.hash
	p.Flags = d.flags
	p.VLAN = d.vlan
	p.Port = port
	p.Headroom = d.headroom
	p.Segments = d.segments
}

// Describe tells C what the packet has become: where Data now begins and ends, and what is asked of the
// port.
func (d *Desc) Describe(p *burst.Packet) {
	d.data = uintptr(unsafe.Pointer(unsafe.SliceData(p.Data)))
	d.mbuf = p.Handle
	d.dataLen = uint16(len(p.Data))
	d.flags = p.Flags
	d.vlan = p.VLAN
	d.segments = p.Segments
}
