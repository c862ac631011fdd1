package memory

import "unsafe"

// Array returns n zeroed values of type T, which must have no pointers, in memory from alloc.
func Array[T any](alloc Alloc, name string, n int) ([]T, error) {
	var zero T
	b, err := alloc(name, n*int(unsafe.Sizeof(zero)))
	if err != nil {
		return nil, err
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	if uintptr(p)%Line != 0 {
		return nil, errAlign
	}
	return unsafe.Slice((*T)(p), n), nil
}

// Heap is the Alloc of ordinary memory.
func Heap(_ string, size int) ([]byte, error) {
	b := make([]byte, size+Line)
	gap := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) % Line
	return b[gap : int(gap)+size : int(gap)+size], nil
}
