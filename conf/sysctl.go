package conf

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Sysctl is one of the kernel's net.ipv4.vs.* (services.md S6), as its value is written there: booleans are 0 and 1, times are seconds.
type Sysctl struct {
	Name      string // without net.ipv4.vs., and the key in [ipvs]
	Low, High int    // what means something
	Kept      bool   // it means nothing here: it is kept and listed
}

// held are those of which the kernel refuses what is out of range; it takes every number for the others, and so does Set.
var held = []string{"drop_entry", "drop_packet", "secure_tcp", "sync_ports", "sync_retries", "sync_threshold", "sync_version"}

// Sysctls are all of them, sorted by name. Their defaults are Default's.
var Sysctls = []Sysctl{
	{"am_droprate", 0, math.MaxInt32, false},
	{"amemthresh", 0, math.MaxInt32, false},
	{"backup_only", 0, 1, true},
	{"cache_bypass", 0, 1, false},
	{"conn_reuse_mode", 0, 3, false},
	{"conntrack", 0, 1, true},
	{"drop_entry", 0, 3, false},
	{"drop_packet", 0, 3, false},
	{"expire_nodest_conn", 0, 1, false},
	{"expire_quiescent_template", 0, 1, false},
	{"ignore_tunneled", 0, 1, true},
	{"lblc_expiration", 1, int(month / time.Second), false},
	{"lblcr_expiration", 1, int(month / time.Second), false},
	{"nat_icmp_send", 0, 1, false},
	{"pmtu_disc", 0, 1, false},
	{"run_estimation", 0, 1, false},
	{"schedule_icmp", 0, 1, false},
	{"secure_tcp", 0, 3, false},
	{"sloppy_sctp", 0, 1, false},
	{"sloppy_tcp", 0, 1, false},
	{"snat_reroute", 0, 1, true},
	{"sync_persist_mode", 0, 1, true},
	{"sync_ports", 1, 64, true},
	{"sync_qlen_max", 0, math.MaxInt32, true},
	{"sync_refresh_period", 0, int(month / time.Second), true},
	{"sync_retries", 0, 3, true},
	{"sync_sock_size", 0, math.MaxInt32, true},
	{"sync_threshold", 0, math.MaxInt32, true},
	{"sync_version", 0, 1, true},
}

// FTP is the switch that the kernel does not have: it loads ip_vs_ftp instead.
var FTP = Sysctl{"ftp", 0, 1, false}

// field returns the switch that s names.
func (s *Sysctl) field(c *IPVS) reflect.Value {
	v := reflect.ValueOf(c).Elem()
	return v.Field(slices.Index(keysOf(v.Type()), s.Name))
}

// Get returns the value in c as sysctl prints it; two numbers have a tab between them.
func (s *Sysctl) Get(c *IPVS) string {
	numbers := s.numbers(c)
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, "\t")
}

// numbers returns the value in c as the kernel counts it.
func (s *Sysctl) numbers(c *IPVS) []int {
	switch v := s.field(c).Interface().(type) {
	case bool:
		if v {
			return []int{1}
		}
		return []int{0}
	case int:
		return []int{v}
	case Duration:
		return []int{int(v / time.Second)}
	case []int:
		return v
	}
	panic("conf: a switch of no known type: " + s.Name)
}

// Set puts text, as sysctl takes it, into c: of a boolean every number but 0 is true, and of two numbers the first may be given alone, as in the
// kernel. An error says what would be right; c is as before then.
func (s *Sysctl) Set(c *IPVS, text string) error {
	var numbers []int
	for _, word := range strings.Fields(text) {
		n, err := strconv.Atoi(word)
		if err != nil {
			return fmt.Errorf("%s: %q is not a number", s.Name, word)
		}
		numbers = append(numbers, n)
	}
	field := s.field(c)
	switch now := s.numbers(c); {
	case len(numbers) == 1 && len(now) == 2:
		numbers = append(numbers, now[1])
	case len(numbers) == 1 && !slices.Contains(held, s.Name):
		numbers[0] = s.meant(numbers[0])
	}
	if what, hint := s.judge(numbers, len(s.numbers(&Default().IPVS))); what != "" {
		return fmt.Errorf("%s: %s (%s)", s.Name, what, hint)
	}
	switch field.Interface().(type) {
	case bool:
		field.SetBool(numbers[0] == 1)
	case int:
		field.SetInt(int64(numbers[0]))
	case Duration:
		field.SetInt(int64(time.Duration(numbers[0]) * time.Second))
	case []int:
		field.Set(reflect.ValueOf(numbers))
	}
	return nil
}

// meant is the number that means what n does: all that is not 0 switches on, and of conn_reuse_mode a second bit counts (connections.md C2 3).
func (s *Sysctl) meant(n int) int {
	switch {
	case n == 0 && s.Low == 0:
		return 0
	case s.Name == "conn_reuse_mode":
		return 1 | n&2
	case s.High == 1:
		return 1
	}
	return min(max(n, s.Low), s.High)
}

// judge says what is wrong with a value of so many numbers, and what would be right; "" is nothing.
func (s *Sysctl) judge(numbers []int, count int) (what, hint string) {
	if len(numbers) != count {
		return fmt.Sprintf("%d given", len(numbers)), fmt.Sprintf("numbers wanted: %d", count)
	}
	for _, n := range numbers {
		if n < s.Low || n > s.High {
			return fmt.Sprintf("%d is out of range", n), fmt.Sprintf("%d…%d", s.Low, s.High)
		}
	}
	switch n := numbers[0]; {
	case s.Name == "sync_ports" && n&(n-1) != 0:
		return fmt.Sprintf("%d is no power of 2", n), "1, 2, 4, 8, 16, 32 or 64"
	case s.Name == "sync_threshold" && numbers[1] != 0 && n >= numbers[1]:
		return fmt.Sprintf("the threshold %d is not below the period %d", n, numbers[1]), "threshold < period, or period 0"
	}
	return "", ""
}

func checkSysctls(c checker) {
	for _, s := range Sysctls {
		path := "ipvs." + s.Name
		if d, ok := s.field(&c.IPVS).Interface().(Duration); ok && d%time.Second != 0 {
			c.errorf(path, "%s is not a whole number of seconds", formatDuration(d)).hint("did you mean %q?", formatDuration(d.Round(time.Second)))
		} else if what, hint := s.judge(s.numbers(&c.IPVS), len(s.numbers(&Default().IPVS))); what != "" {
			c.errorf(path, "%s", what).hint("%s", hint)
		}
	}
}

// ftpPorts is how many ports the FTP helper looks at, as in the kernel.
const ftpPorts = 8

func checkFTP(c checker) {
	const path = "ipvs.ftp_ports"
	if n := len(c.IPVS.FTPPorts); n > ftpPorts {
		c.errorf(path, "%d ports", n).hint("at most %d", ftpPorts)
	}
	for i, port := range c.IPVS.FTPPorts {
		c.within(at(path, i), port, 1, math.MaxUint16)
	}
}
