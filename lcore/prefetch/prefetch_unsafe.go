package prefetch

import "unsafe"

// Entries asks for the first cache line of table[n] for each n of numbers. A number beyond the table is harmless: nothing is read.
func Entries[T any](table []T, numbers []uint32) {
	if len(numbers) == 0 {
		return
	}
	var e T
	lines(unsafe.Pointer(unsafe.SliceData(table)), unsafe.Sizeof(e), unsafe.SliceData(numbers), len(numbers))
}
