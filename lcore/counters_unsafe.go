package lcore

import "unsafe"

const counterWords = unsafe.Sizeof(Counters{}) / 8

// words views the counters, which are nothing but uint64s, as an array.
func (c *Counters) words() *[counterWords]uint64 { return (*[counterWords]uint64)(unsafe.Pointer(c)) }
