package main

import (
	"net"
	"runtime/debug"
	"time"
)

// What a client of the metrics listener, whoever can reach it, may take.
const (
	requestTime = 5 * time.Second  // to send its request
	scrapeTime  = 30 * time.Second // to take the answer
	idleTime    = 2 * time.Minute  // to ask again: longer than Prometheus waits between two scrapes
	headerBytes = 64 << 10
)

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

func listen(address string) (net.Listener, error) { return net.Listen("tcp", address) }
