// Package ealtest runs a package's tests inside the EAL.
package ealtest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"cleat/cgo/eal"
)

// mib is what all tests of a package share.
const mib = 128

// Run starts the EAL, with hugepages if some are free, runs the tests, stops the EAL and returns the
// code for os.Exit. DPDK's log is shown with -v. It fails if DPDK leaves a file behind, or has changed a signal handler.
func Run(m *testing.M, args ...string) int {
	if flag.Parse(); !testing.Verbose() {
		eal.SetLog(func(string) {})
	}
	prefix := fmt.Sprintf("cleat-test-%d", os.Getpid())
	memory, err := eal.MemoryArgs("auto", mib)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	files, handlers := hugepageFiles(), signalHandlers()
	if err := eal.Init(slices.Concat(memory, []string{"--no-pci", "--file-prefix", prefix, "-l", "0"}, args)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := eal.Cleanup(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	left, _ := filepath.Glob("/var/run/dpdk/" + prefix + "/*")
	if after := hugepageFiles(); !slices.Equal(files, after) {
		left = append(left, after...)
	}
	if after := signalHandlers(); !slices.Equal(handlers, after) {
		fmt.Fprintln(os.Stderr, "DPDK took signal handlers from Go:", after, "were", handlers)
		code = 1
	}
	if len(left) > 0 {
		fmt.Fprintln(os.Stderr, "left behind:", left)
		code = 1
	}
	return code
}

func hugepageFiles() []string {
	files, _ := filepath.Glob("/dev/hugepages/*")
	return files
}
