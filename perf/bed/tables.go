package bed

import (
	"cleat/cgo/eal"
	"cleat/lcore/memory"
)

// Tables makes a worker's tables in DPDK's memory, and can give all of them back.
type Tables []string

// Alloc is a memory.Alloc.
func (t *Tables) Alloc(name string, size int) ([]byte, error) {
	b, err := eal.Zone(name, size, memory.Line, eal.SocketAny)
	if err == nil {
		*t = append(*t, name)
	}
	return b, err
}

// Free gives them back; nobody touches them any more.
func (t *Tables) Free() error {
	for _, name := range *t {
		if err := eal.FreeZone(name); err != nil {
			return err
		}
	}
	*t = nil
	return nil
}
