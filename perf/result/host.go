package result

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Host is where and with what was measured.
type Host struct {
	Time time.Time `json:"time"`
	Name string    `json:"name"`
	CPU  string    `json:"cpu"`
	CPUs int       `json:"cpus"`
	// Caches are those of the first CPU: "L1d 32K, L2 512K, L3 32768K".
	Caches string `json:"caches,omitempty"`
	// Virtual: this machine runs on another one, and shares it.
	Virtual bool `json:"virtual"`
	// Governor chooses the CPUs' clock; empty where the machine leaves no choice.
	Governor  string `json:"governor,omitempty"`
	Kernel    string `json:"kernel"`
	DPDK      string `json:"dpdk"`
	Go        string `json:"go"`
	Cleat     string `json:"cleat"` // version and commit
	Hugepages bool   `json:"hugepages"`
	// Ports are the drivers of the ports: "net_pcap".
	Ports []string `json:"ports,omitempty"`
	// Load is the load average of the minute before: what else the machine had to do.
	Load string `json:"load"`
}

// NewHost finds out what this machine is.
func NewHost(cleat, dpdk string) Host {
	h := Host{
		Time: time.Now().UTC().Truncate(time.Second), CPU: "unknown", CPUs: runtime.NumCPU(), DPDK: dpdk, Go: runtime.Version(), Cleat: cleat,
		Caches: caches("/sys/devices/system/cpu/cpu0/cache"), Governor: word("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
		Load: word("/proc/loadavg"),
	}
	h.Name, _ = os.Hostname()
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		h.CPU, h.Virtual = processor(string(text), h.CPU)
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		release, _, _ := bytes.Cut(u.Release[:], []byte{0})
		h.Kernel = string(release)
	}
	return h
}

// processor finds the processor's name in the text of /proc/cpuinfo, which arm64's lacks, and whether a hypervisor shows itself there.
func processor(cpuinfo, unknown string) (name string, virtual bool) {
	name = unknown
	for line := range strings.Lines(cpuinfo) {
		key, value, _ := strings.Cut(line, ":")
		switch strings.TrimSpace(key) {
		case "model name":
			name = strings.TrimSpace(value)
		case "flags":
			return name, slices.Contains(strings.Fields(value), "hypervisor")
		}
	}
	return name, false
}

// caches reads a folder of sysfs with one folder for every cache.
func caches(folder string) string {
	var all []string
	folders, _ := filepath.Glob(folder + "/index*")
	for _, f := range folders {
		kind := map[string]string{"Data": "d", "Instruction": "i"}[word(f+"/type")]
		all = append(all, "L"+word(f+"/level")+kind+" "+word(f+"/size"))
	}
	return strings.Join(all, ", ")
}

// word is the first word of a file, empty if there is none.
func word(file string) string {
	text, err := os.ReadFile(file)
	if words := strings.Fields(string(text)); err == nil && len(words) > 0 {
		return words[0]
	}
	return ""
}

// Fact is one thing that is known about a host.
type Fact struct{ Name, Value string }

// Facts are those that are known, in the order of a table.
func (h *Host) Facts() []Fact {
	all := []Fact{
		{"time", h.Time.Format("2006-01-02 15:04 MST")},
		{"machine", h.Name},
		{"CPU", fmt.Sprintf("%s, %d CPUs%s", h.CPU, h.CPUs, map[bool]string{true: ", virtual"}[h.Virtual])},
		{"caches", h.Caches},
		{"governor", h.Governor},
		{"kernel", "Linux " + h.Kernel},
		{"DPDK", h.DPDK},
		{"ports", strings.Join(h.Ports, ", ")},
		{"memory", h.pages()},
		{"Go", h.Go},
		{"cleat", h.Cleat},
		{"load before", h.Load},
	}
	known := all[:0]
	for _, f := range all {
		if f.Value != "" {
			known = append(known, f)
		}
	}
	return known
}

func (h *Host) pages() string {
	if h.Hugepages {
		return "hugepages"
	}
	return "4 KiB pages (--no-huge)"
}

func (h *Host) String() string {
	return fmt.Sprintf("%s, %d CPUs, Linux %s, DPDK %s, %s, cleat %s, %s, load %s before", h.CPU, h.CPUs, h.Kernel, h.DPDK, h.Go, h.Cleat, h.pages(), h.Load)
}
