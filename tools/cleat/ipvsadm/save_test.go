package ipvsadm

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"cleat/appliance/api"
)

// drawRules draws what -S may print: services and servers of all kinds, each once.
func drawRules(t *rapid.T) (rules []string) {
	v6 := func(text string) bool { return strings.Contains(text, "::") || strings.HasSuffix(text, "-6") }
	for _, service := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{
		"-t 10.0.0.1:80", "-t 10.0.0.1:0", "-u 10.0.0.2:53", "--sctp-service 10.0.0.3:80", "-t [fd00::1]:80", "-u [fd00::2]:0", "-f 3", "-f 3 -6", "-f 77",
	}), 0, 5, rapid.ID).Draw(t, "services") {
		rule := "-A " + service
		scheduler := rapid.SampledFrom([]string{"rr", "wlc", "sh", "mh"}).Draw(t, "scheduler")
		rule += " -s " + scheduler
		if rapid.Bool().Draw(t, "persistent") || strings.HasSuffix(service, ":0") {
			rule += fmt.Sprintf(" -p %d", rapid.IntRange(1, timeMax).Draw(t, "timeout"))
			if rapid.Bool().Draw(t, "masked") {
				mask := "255.255.255.0"
				if v6(service) {
					mask = "64"
				}
				rule += " -M " + mask
			}
		}
		if rapid.Bool().Draw(t, "engine") {
			rule += " --pe sip"
		}
		if rapid.Bool().Draw(t, "ops") && !strings.Contains(service, "-t") && !strings.Contains(service, "sctp") {
			rule += " -o"
		}
		if flags := nameFlags(uint8(rapid.IntRange(0, 3).Draw(t, "flags")), scheduler); flags != nil {
			rule += " -b " + strings.Join(flags, ",")
		}
		rules = append(rules, rule)
		port := service[strings.LastIndexAny(service, ": ")+1:]
		if strings.HasPrefix(service, "-f") {
			port = "0"
		}
		for _, server := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"10.9.0.11", "10.9.0.12", "[fd09::11]", "[fd09::12]"}), 0, 3, rapid.ID).Draw(t, "servers") {
			method := "-i"
			if v6(server) == v6(service) {
				method = rapid.SampledFrom([]string{"-g", "-m", "-i"}).Draw(t, "method")
			}
			if method == "-m" {
				port = "8080"
			}
			rule := fmt.Sprintf("-a %s -r %s:%s %s -w %d", service, server, port, method, rapid.IntRange(0, 1<<31-1).Draw(t, "weight"))
			if method == "-i" {
				rule += " --tun-type " + rapid.SampledFrom([]string{"ipip", "gre --tun-nocsum", "gre --tun-csum", "gue --tun-port 6080 --tun-remcsum"}).Draw(t, "tunnel")
			}
			rules = append(rules, rule)
			port = service[strings.LastIndexAny(service, ": ")+1:]
			if strings.HasPrefix(service, "-f") {
				port = "0"
			}
		}
	}
	return rules
}

// TestSaved: rules in the words of -S, restored, are saved again as the same rules, and restored again they are the same tables.
func TestSaved(t *testing.T) {
	order := cmpopts.SortSlices(func(a, b api.Service) bool { return fmt.Sprint(a.ServiceID) < fmt.Sprint(b.ServiceID) })
	servers := cmpopts.SortSlices(func(a, b api.Server) bool { return a.Address < b.Address })
	rapid.Check(t, func(t *rapid.T) {
		rules := drawRules(t)
		k := newKernel()
		if _, errText, code := k.run("ipvsadm", strings.Join(rules, "\n"), "-R"); code != 0 || errText != "" {
			t.Fatalf("%s\n%s", strings.Join(rules, "\n"), errText)
		}
		saved, _, _ := k.run("ipvsadm", "", "-S", "-n")
		if got, want := slices.Sorted(strings.Lines(saved)), slices.Sorted(strings.Lines(strings.Join(append(rules, ""), "\n"))); !slices.Equal(got, want) {
			t.Fatalf("saved\n%v\nwant\n%v", got, want)
		}
		again := newKernel()
		if _, errText, code := again.run("ipvsadm", saved, "--restore"); code != 0 || errText != "" {
			t.Fatalf("%s\n%s", saved, errText)
		}
		if diff := cmp.Diff(k.services, again.services, order, servers, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestThresholdsAreNotSaved: findings of the kernel's tool (scenario e04).
func TestThresholdsAreNotSaved(t *testing.T) {
	k := newKernel()
	for _, line := range []string{"-A -t 10.0.0.1:80 -s rr", "-a -t 10.0.0.1:80 -r 10.9.0.12:8080 -m -w 100 -x 10 -y 5", "--set 1 2 3"} {
		if _, errText, code := k.run("ipvsadm", "", strings.Fields(line)...); code != 0 {
			t.Fatal(line, errText)
		}
	}
	got, _, _ := k.run("ipvsadm", "", "--save", "--numeric")
	if want := "-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.9.0.12:8080 -m -w 100\n"; got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if s := k.services[0].Servers[0]; s.Upper != 10 || s.Lower != 5 {
		t.Errorf("%+v", s)
	}
}
