package ipvsadm

import (
	"path/filepath"
	"strings"
	"testing"

	"cleat/appliance/api"
)

const specPath = "../../../docs/spec"

// specKernel has what the listings of the specification were taken from.
func specKernel() *kernel {
	k := newKernel()
	counters := api.Counters{Connections: 123456789, InPackets: 99999999, OutPackets: 100000000, InBytes: 1234567890123, OutBytes: 123456789012345}
	rates := api.Rates{Connections: 12, InPackets: 3456, OutPackets: 7, InBytes: 123456789, OutBytes: 1}
	server := func(address, forward string, weight int, lower uint32) api.Server {
		return api.Server{
			ServerSpec: api.ServerSpec{Address: address, Forward: forward, Weight: weight, Upper: 1000, Lower: lower},
			Active:     5, Inactive: 123, Persistent: 7, Stats: counters, Rates: rates,
		}
	}
	add := func(id api.ServiceID, o api.Options, servers ...api.Server) {
		k.services = append(k.services, api.Service{ServiceID: id, Options: o, Servers: servers, Stats: counters, Rates: rates})
	}
	add(api.ServiceID{Protocol: "mark", Mark: 100}, api.Options{Scheduler: "rr", Persistent: 600},
		server("10.0.0.2:0", "dr", 100, 0), server("10.0.0.1:0", "dr", 1, 800))
	add(api.ServiceID{Protocol: "tcp", Address: "192.0.2.10:80"}, api.Options{Scheduler: "wlc", Persistent: 360, Netmask: "255.255.255.0"},
		server("10.0.0.1:80", "nat", 1, 800), server("10.0.0.2:80", "tun", 100, 0))
	add(api.ServiceID{Protocol: "udp", Address: "192.0.2.11:53"}, api.Options{Scheduler: "sh", Flags: []string{"sh-fallback", "sh-port"}, OnePacket: true},
		server("10.0.0.1:53", "nat", 1, 800), server("10.0.0.2:53", "tun", 100, 0))
	k.connections = []api.Connection{
		{Protocol: "tcp", Client: "198.51.100.1:50000", Virtual: "192.0.2.10:80", Server: "10.0.0.1:80", State: "ESTABLISHED", Expires: 899.9},
	}
	k.templates = []api.Template{
		{Protocol: "tcp", Client: "198.51.100.0", Virtual: "192.0.2.10:80", Server: "10.0.0.1:80", State: "ASSURED", Expires: 3571},
		{Protocol: "ip", Client: "198.51.100.0", Virtual: "mark 100", Server: "10.0.0.1:0", State: "NONE", Expires: 59.2},
		{Protocol: "udp", Client: "198.51.100.5", Virtual: "192.0.2.11:5060", Server: "10.0.0.2:5060", State: "NONE", Expires: 120, Engine: "sip", EngineData: "8a2@host and more"},
		{Protocol: "tcp", Client: "198.51.100.0", Virtual: "192.0.2.10:65535", Server: "10.0.0.1:65535", State: "NONE", Expires: 12, Invalidated: true},
	}
	return k
}

// TestSpecListings: docs/spec/ipvsadm-golden-listings.txt, but for the sync daemon, which is not built yet.
func TestSpecListings(t *testing.T) {
	k := specKernel()
	for _, s := range readSteps(t, filepath.Join(specPath, "ipvsadm-golden-listings.txt"), func(s *step, row string) {
		if code, ok := strings.CutPrefix(row, "rc="); ok {
			s.code = code
		} else {
			s.stdout += strings.TrimSuffix(row, "$") + "\n"
		}
	}) {
		stdout, stderr, code := k.play(s.command, "ipvsadm")
		switch {
		case strings.Contains(s.command, "--daemon"):
			s.stdout = ""
		case strings.Contains(s.command, "Lnc"): // in the order of a hash table
			stdout, s.stdout = sortLines(stdout), sortLines(s.stdout)
		}
		compareStep(t, s, stdout, stderr, code)
	}
}

// errnoOf are the errors that the kernel of the transcripts answered with, by what the tool then said.
var errnoOf = map[string]string{
	"Service already exists": "EEXIST", "Destination already exists": "EEXIST",
	"Scheduler or persistence engine not found": "ENOENT", "No such destination": "ENOENT",
	"No such service": "ESRCH", "Service not defined": "ESRCH", "No daemon is running": "ESRCH",
	"Invalid operation.  Possibly wrong module version, address not unicast, ...": "EINVAL",
	"Numerical result out of range":                                               "ERANGE",
	"Permission denied (you must be root)":                                        "EPERM",
	"Memory allocation problem":                                                   "ENOMEM",
}

// TestSpecErrors: docs/spec/ipvsadm-golden-errors.txt, what the tool refuses, what it asks the kernel for, and how it words the
// kernel's refusals.
func TestSpecErrors(t *testing.T) {
	steps := readSteps(t, filepath.Join(specPath, "ipvsadm-golden-errors.txt"), func(s *step, row string) {
		row = strings.TrimPrefix(row, "  ")
		if code, ok := strings.CutPrefix(row, "rc="); ok {
			s.code = code
		} else if strings.HasPrefix(row, "[set ") {
			s.asked = append(s.asked, row)
		} else {
			s.stdout += row + "\n" // both: the transcript does not tell them apart
		}
	})
	for _, s := range steps {
		if strings.Contains(s.command, "-daemon") && s.asked != nil || // asks for the sync daemon, which is not built yet
			strings.HasPrefix(s.command, "printf ...") || // does not say what went in
			strings.HasPrefix(s.command, "ipvsadm -h") { // text left out there
			continue
		}
		k := specKernel()
		k.old, k.yes = true, true
		if s.asked != nil {
			first, _, _ := strings.Cut(s.stdout, "\n")
			k.errno = errnoOf[first]
		}
		stdout, stderr, code := k.play(s.command, "/usr/sbin/ipvsadm")
		got := stdout + stderr
		if strings.Contains(s.command, "Lnc") {
			got, s.stdout = sortLines(got), sortLines(s.stdout)
		}
		compareStep(t, step{command: s.command, stdout: s.stdout, code: s.code}, got, "", code)
		if strings.Join(k.log, "\n") != strings.Join(s.asked, "\n") {
			t.Errorf("%s\n asked %q\nwanted %q", s.command, k.log, s.asked)
		}
	}
}
