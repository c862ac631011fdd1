//go:build !go1.26 || go1.27 || !linux || !(amd64 || arm64)

package steady

import "time"

// Run runs f.
func Run(f func()) { f() }

// Pause sleeps.
func Pause(sleep time.Duration) { time.Sleep(sleep) }
