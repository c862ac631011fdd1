package sysctl

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"cleat/appliance/api"
)

// switches are a cleatd with two of the kernel's switches and the FTP helper.
type switches map[string]string

func (s switches) Sysctls() (all []api.Sysctl, err error) {
	for name, value := range s {
		if name != "ftp" {
			all = append(all, api.Sysctl{Name: name, Value: value})
		}
	}
	slices.SortFunc(all, func(a, b api.Sysctl) int { return strings.Compare(a.Name, b.Name) })
	return all, nil
}

func (s switches) SetSysctl(name, value string) error {
	if value == "9" {
		return &api.Problem{Title: name + ": 9 is out of range (0…3)", Errno: "EINVAL"}
	}
	s[name] = value
	return nil
}

func TestRun(t *testing.T) {
	s := switches{"drop_packet": "0", "sync_threshold": "3\t50", "ftp": "0"}
	for _, tt := range []struct {
		args           []string
		stdout, stderr string
		code           int
	}{
		{[]string{"-a"}, "net.ipv4.vs.drop_packet = 0\nnet.ipv4.vs.sync_threshold = 3\t50\n", "", 0},
		{[]string{"net.ipv4.vs.drop_packet"}, "net.ipv4.vs.drop_packet = 0\n", "", 0},
		{[]string{"-n", "net/ipv4/vs/drop_packet"}, "0\n", "", 0},
		{[]string{"-N", "net.ipv4.vs.drop_packet"}, "net.ipv4.vs.drop_packet\n", "", 0},
		{[]string{"-w", "net.ipv4.vs.drop_packet=3"}, "net.ipv4.vs.drop_packet = 3\n", "", 0},
		{[]string{"-qw", "net.ipv4.vs.drop_packet = 2"}, "", "", 0},
		{[]string{"net.ipv4.vs.sync_threshold=5 60", "net.ipv4.vs.drop_packet"}, "net.ipv4.vs.sync_threshold = 5 60\nnet.ipv4.vs.drop_packet = 0\n", "", 0},
		{[]string{"-w", "net.ipv4.vs.drop_packet=9"}, "", "sysctl: setting key \"net.ipv4.vs.drop_packet\": Invalid argument: drop_packet: 9 is out of range (0…3)\n", 1},
		{[]string{"net.ipv4.vs.nosuch"}, "", "sysctl: \"net.ipv4.vs.nosuch\" is an unknown key\n", 1},
		{[]string{"-e", "net.ipv4.vs.nosuch", "kernel.hostname"}, "", "", 0},
		{[]string{"kernel.hostname"}, "", "sysctl: \"kernel.hostname\" is none of net.ipv4.vs.*, the kernel's own sysctl has the others\n", 1},
		{[]string{"cleat.ftp=1"}, "", "", 0},
		{[]string{"-z"}, "", "sysctl: invalid option \"-z\"; cleat sysctl --help lists those there are\n", 1},
		{nil, "net.ipv4.vs.drop_packet = 0\nnet.ipv4.vs.sync_threshold = 5 60\n", "", 0},
		{[]string{"--help"}, usage, "", 0},
	} {
		s["drop_packet"] = "0"
		var stdout, stderr bytes.Buffer
		code := Run(tt.args, s, &stdout, &stderr)
		if stdout.String() != tt.stdout || stderr.String() != tt.stderr || code != tt.code {
			t.Errorf("%q: exit code %d, %q, %q", tt.args, code, stdout.String(), stderr.String())
		}
		if slices.Contains(tt.args, "-qw") && s["drop_packet"] != "2" {
			t.Errorf("%q: %q was set", tt.args, s["drop_packet"])
		}
	}
	if s["sync_threshold"] != "5 60" || s["ftp"] != "1" {
		t.Errorf("%q", s)
	}
}
