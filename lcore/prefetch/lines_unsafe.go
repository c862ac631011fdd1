//go:build amd64 || arm64

package prefetch

import "unsafe"

// lines asks for the cache lines at base + size·numbers[i], i < n, n ≥ 1, into all caches.
//
//go:noescape
func lines(base unsafe.Pointer, size uintptr, numbers *uint32, n int)
