package lcore

import "unsafe"

// How many words there are in each kind of counters, and where in RealCounters the connections of now are.
const (
	counterWords = unsafe.Sizeof(Counters{}) / 8
	realWords    = unsafe.Sizeof(RealCounters{}) / 8
	virtualWords = unsafe.Sizeof(VirtualCounters{}) / 8

	activeWord   = unsafe.Offsetof(RealCounters{}.Active) / 8
	inactiveWord = unsafe.Offsetof(RealCounters{}.Inactive) / 8
)

// words views counters, which are nothing but uint64s, as an array.
func (c *Counters) words() *[counterWords]uint64 { return (*[counterWords]uint64)(unsafe.Pointer(c)) }

func (c *RealCounters) words() *[realWords]uint64 { return (*[realWords]uint64)(unsafe.Pointer(c)) }

func (c *VirtualCounters) words() *[virtualWords]uint64 {
	return (*[virtualWords]uint64)(unsafe.Pointer(c))
}
