package eal

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const hugepagesDir = "/sys/kernel/mm/hugepages"

// HugepagesFree returns how many MiB of reserved hugepages, of all sizes and NUMA sockets, nobody uses.
func HugepagesFree() int { return hugepagesFree(hugepagesDir) }

// hugepagesFree sums directories like hugepages-2048kB; what cannot be read counts as nothing.
func hugepagesFree(dir string) int {
	sizes, _ := filepath.Glob(filepath.Join(dir, "hugepages-*kB"))
	kib := 0
	for _, size := range sizes {
		each, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(filepath.Base(size), "hugepages-"), "kB"))
		if err != nil {
			continue
		}
		text, err := os.ReadFile(filepath.Join(size, "free_hugepages"))
		if err != nil {
			continue
		}
		free, _ := strconv.Atoi(strings.TrimSpace(string(text)))
		kib += each * free
	}
	return kib / 1024
}

// MemoryArgs returns the EAL arguments for mib MiB of memory. hugepages is "auto" (use them if
// enough are free), "require" (an error if not) or "off".
//
// With hugepages they are taken as they are needed and without files (--in-memory); without, mib is
// all there will ever be (--no-huge -m): DPDK 22.11 refuses the two together. Either way nothing is
// shared with another process, and no file left behind (--in-memory implies --no-shconf).
func MemoryArgs(hugepages string, mib int) ([]string, error) {
	return memoryArgs(hugepages, mib, HugepagesFree())
}

func memoryArgs(hugepages string, mib, free int) ([]string, error) {
	without := []string{"--no-huge", "--no-shconf", "-m", strconv.Itoa(mib)}
	switch {
	case mib <= 0:
		return nil, fmt.Errorf("eal: %d MiB of memory: must be more than 0", mib)
	case hugepages == "off":
		return without, nil
	case hugepages != "auto" && hugepages != "require":
		return nil, fmt.Errorf("eal: hugepages %q: must be auto, require or off", hugepages)
	case free >= mib:
		return []string{"--in-memory"}, nil
	case hugepages == "auto":
		return without, nil
	}
	return nil, fmt.Errorf("eal: hugepages: %d MiB are free, %d MiB are needed: reserve %d pages of 2 MiB more (sysctl vm.nr_hugepages)",
		free, mib, (mib-free+1)/2)
}
