package shard

import (
	"reflect"
	"unsafe"

	"cleat/lcore/wheel"
)

// slotsOf returns entries as the wheel sees them.
func slotsOf[E any](entries []E) []wheel.Slot {
	e, slot, head := reflect.TypeFor[E](), reflect.TypeFor[wheel.Slot](), reflect.TypeFor[Head]()
	rest, _ := slot.FieldByName("Rest")
	hash, _ := head.FieldByName("hash")
	if e.Size() != slot.Size() || e.Field(0).Type != head || hash.Offset != rest.Offset+4*hashAt {
		panic("shard: an entry has 64 bytes and begins with its Head")
	}
	return unsafe.Slice((*wheel.Slot)(unsafe.Pointer(unsafe.SliceData(entries))), len(entries))
}
