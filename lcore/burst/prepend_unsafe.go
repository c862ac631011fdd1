package burst

import "unsafe"

// Prepend grows the packet by n bytes at its front, which the caller fills, and reports whether
// there was headroom for them.
func (p *Packet) Prepend(n int) bool {
	if n > int(p.Headroom) || len(p.Data) == 0 {
		return false
	}
	// In bounds: Headroom bytes in front of Data belong to the same buffer.
	front := unsafe.Add(unsafe.Pointer(unsafe.SliceData(p.Data)), -n)
	p.Data = unsafe.Slice((*byte)(front), cap(p.Data)+n)[:len(p.Data)+n]
	p.Headroom -= uint16(n)
	p.Len += uint32(n)
	return true
}
