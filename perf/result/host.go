package result

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Host is where and with what was measured.
type Host struct {
	Time      time.Time `json:"time"`
	CPU       string    `json:"cpu"`
	CPUs      int       `json:"cpus"`
	Kernel    string    `json:"kernel"`
	DPDK      string    `json:"dpdk"`
	Go        string    `json:"go"`
	Cleat     string    `json:"cleat"`
	Hugepages bool      `json:"hugepages"`
	// Load is the load average of the minute before: what else the machine had to do.
	Load string `json:"load"`
}

// NewHost finds out what this machine is.
func NewHost(cleat, dpdk string) Host {
	h := Host{
		Time: time.Now().UTC().Truncate(time.Second), CPU: "unknown", CPUs: runtime.NumCPU(), DPDK: dpdk, Go: runtime.Version(), Cleat: cleat,
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		h.CPU = model(string(text), h.CPU)
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		h.Load, _, _ = strings.Cut(string(text), " ")
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		release, _, _ := bytes.Cut(u.Release[:], []byte{0})
		h.Kernel = string(release)
	}
	return h
}

// model is the processor's name in the text of /proc/cpuinfo; arm64 gives none.
func model(cpuinfo, unknown string) string {
	for line := range strings.Lines(cpuinfo) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return unknown
}

func (h *Host) String() string {
	pages := "4 KiB pages (--no-huge)"
	if h.Hugepages {
		pages = "hugepages"
	}
	return fmt.Sprintf("%s, %d CPUs, Linux %s, DPDK %s, %s, cleat %s, %s, load %s before", h.CPU, h.CPUs, h.Kernel, h.DPDK, h.Go, h.Cleat, pages, h.Load)
}
