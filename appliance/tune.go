package main

import "runtime/debug"

// A collection stops every worker for a moment, so they are to be minutes apart: the management side makes little garbage, and may let
// it lie until the heap has grown by this much (design: Go's runtime leaves workers alone).
const (
	gcPercent = 800
	memLimit  = 1 << 30
)

func tune() {
	debug.SetGCPercent(gcPercent)
	debug.SetMemoryLimit(memLimit)
}
