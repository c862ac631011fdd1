// Package memory makes the fixed-size arrays of tables, in hugepages or on Go's heap.
package memory

import "errors"

// Line is the size of a cache line in bytes, and the alignment of every array.
const Line = 64

// Alloc gives size bytes of zeroed memory for the table of that name, aligned to Line, for as long as the
// process lives. The garbage collector does not look into it.
type Alloc func(name string, size int) ([]byte, error)

var errAlign = errors.New("memory: not aligned to a cache line")
