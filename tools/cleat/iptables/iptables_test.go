package iptables

import (
	"bytes"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cleat/appliance/api"
)

// chainOf is a plain chain in place of cleatd.
type chainOf struct{ marks api.Marks }

func (c *chainOf) Marks() (api.Marks, error) { return c.marks, nil }

func (c *chainOf) Mark(m api.MarkCommand) error {
	rules := &c.marks.IPv4
	if m.IPv6 {
		rules = &c.marks.IPv6
	}
	at := slices.IndexFunc(*rules, func(r api.MarkRule) bool { return m.Rule != nil && reflect.DeepEqual(r, *m.Rule) })
	if m.Number != 0 {
		at = m.Number - 1
	}
	switch m.Do {
	case "flush":
		*rules = nil
	case "append":
		*rules = append(*rules, *m.Rule)
	case "insert":
		if at > len(*rules) {
			return &api.Problem{Errno: "E2BIG"}
		}
		*rules = slices.Insert(*rules, at, *m.Rule)
	case "delete", "check":
		if at < 0 {
			return &api.Problem{Errno: "ENOENT"}
		}
		if at >= len(*rules) {
			return &api.Problem{Errno: "E2BIG"}
		}
		if m.Do == "delete" {
			*rules = slices.Delete(*rules, at, at+1)
		}
	}
	return nil
}

// twice has its command lines run by cleat and by the iptables that is installed, one after the other; the program's name is left out.
var twice = []string{
	"-t mangle -S", "-t mangle -nL",
	"-t mangle -A PREROUTING -d 10.0.0.1 -p tcp --dport 80 -j MARK --set-mark 3",
	"-t mangle -A PREROUTING -d 10.0.0.1 -p tcp -m tcp --dport 443 -j MARK --set-mark 3",
	"-t mangle -A PREROUTING -d 10.0.0.3 -p tcp -m multiport --dports 80,443,8000:8100 -j MARK --set-mark 3",
	"-t mangle -A PREROUTING -d 10.0.1.0/24 -p tcp --dport http -j MARK --set-mark 9",
	"-t mangle -A PREROUTING -d 10.0.2.7/255.255.255.0 -s 172.16.0.0/12 -p udp --sport 1000:2000 --dport 53 -j MARK --set-xmark 5/0xf0",
	"-t mangle -A PREROUTING -p sctp --dport 80: -j MARK --set-xmark 7",
	"-t mangle -A PREROUTING -p tcp --sport 1 -m multiport --dports 80,443 -j MARK --set-mark 1",
	"-t mangle -A PREROUTING -p udp -m multiport --ports 1,2 -j MARK --set-mark 0x11/0xff",
	"-t mangle -A PREROUTING -j MARK --set-mark 0", "-t mangle -A PREROUTING -j MARK --and-mark 0xf",
	"-tmangle -APREROUTING -j MARK --or-mark 3", "--table=mangle --append PREROUTING -j MARK --xor-mark 4",
	"-t mangle -A PREROUTING -j MARK --set-xmark 3/0x0", "-t mangle -A PREROUTING -j MARK --set-xmark 0/0",
	"-t mangle -I PREROUTING -p 17 -d 10.0.0.2 -j MARK --set-mark 8", "-t mangle -I PREROUTING 3 -p all -j MARK --set-mark 010",
	"-t mangle -S PREROUTING", "-t mangle -nL PREROUTING", "-t mangle -vnL PREROUTING", "-t mangle -L PREROUTING -n --line-numbers", "-t mangle -nvL",
	"-t mangle -C PREROUTING -p udp -d 10.0.0.2 -j MARK --set-mark 8", "-t mangle -C PREROUTING -p udp -d 10.0.0.2 -j MARK --set-mark 9",
	"-t mangle -D PREROUTING -p tcp -j MARK --set-mark 3", "-t mangle -D PREROUTING 99", "-t mangle -I PREROUTING 50 -j MARK --set-mark 3",
	"-t mangle -D PREROUTING -p tcp --dport 80 -d 10.0.0.1/32 -j MARK --set-mark 3", "-t mangle -D PREROUTING 1",
	"-t mangle -A NOSUCH -j MARK --set-mark 3", "-t mangle -A PREROUTING --dport 80 -j MARK --set-mark 3",
	"-t mangle -A PREROUTING -p tcp --dport 99999 -j MARK --set-mark 3", "-t mangle -A PREROUTING -p tcp --dport 9:8 -j MARK --set-mark 3",
	"-t mangle -A PREROUTING -j MARK", "-t mangle -A PREROUTING -p tcp --dport 80 -j NOSUCH", "-t mangle", "-t mangle -A", "-t mangle -A PREROUTING stray",
	"-t mangle -A PREROUTING -d 10.0.0.1/33 -j MARK --set-mark 1", "-t mangle -A PREROUTING -p foo -j MARK --set-mark 1",
	"-t mangle -A PREROUTING -j MARK --set-mark xx", "-t mangle -A PREROUTING -j MARK --set-mark 4294967296", "-t mangle -A PREROUTING -d fd00::1 -j MARK --set-mark 1",
	"-t mangle -A PREROUTING -p tcp -m multiport --dports 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 -j MARK --set-mark 1",
	"-t mangle -A PREROUTING -D PREROUTING 1", "-t mangle -I PREROUTING 0 -j MARK --set-mark 1", "-t mangle --nosuch",
	"-t mangle -S", "-t mangle -F PREROUTING", "-t mangle -S PREROUTING",
	"-t mangle -A PREROUTING -p tcp -s 0.0.0.0/0 --dport 80 -j MARK --set-mark 1", "-t mangle -F", "-t mangle -S",
}

var twice6 = []string{
	"-t mangle -A PREROUTING -d fd00::1 -p tcp -m multiport --dports 80,443 -j MARK --set-mark 3",
	"-t mangle -A PREROUTING -s fd16::/16 -p udp --dport 53 -j MARK --set-mark 4",
	"-t mangle -A PREROUTING -d 10.0.0.1 -j MARK --set-mark 3", "-t mangle -S PREROUTING", "-t mangle -nL PREROUTING", "-t mangle -vnL PREROUTING",
}

// chainLess marks errors that iptables finds in the kernel's chains and cleat in the command line.
var chainLess = map[string]bool{"-t mangle -A NOSUCH -j MARK --set-mark 3": true}

// TestLikeIptables runs command lines twice: rules, listings and exit codes are iptables' own.
func TestLikeIptables(t *testing.T) {
	if _, err := exec.LookPath("iptables-legacy"); err != nil || os.Geteuid() != 0 {
		t.Skip("needs root and iptables-legacy")
	}
	for name, lines := range map[string][]string{"iptables": twice, "ip6tables": twice6} {
		script := ""
		for _, line := range lines {
			script += "echo '$ " + line + "'; " + name + "-legacy " + line + " 2>/dev/null; echo exit $?\n"
		}
		out, err := exec.Command("unshare", "-n", "sh", "-c", script).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		theirs := strings.Split("\n"+string(out), "\n$ ")[1:]
		client := &chainOf{}
		for i, line := range lines {
			var stdout, stderr bytes.Buffer
			code := Run(name, strings.Fields(line), client, &stdout, &stderr)
			if chainLess[line] && code == exitUsage {
				code = exitRefused
			}
			stdout.WriteString("exit " + string(rune('0'+code)))
			if _, want, _ := strings.Cut(theirs[i], "\n"); stdout.String() != strings.TrimSuffix(want, "\n") {
				t.Errorf("%s %s:\n%s\nwant\n%s", name, line, stdout.String(), want)
			}
			if (code != 0) != (stderr.Len() != 0) {
				t.Errorf("%s %s: exit code %d, stderr %q", name, line, code, stderr.String())
			}
		}
	}
}

// TestRefused: what cleat does not do is refused with a word why.
func TestRefused(t *testing.T) {
	for line, want := range map[string]string{
		"-A INPUT -p tcp -j ACCEPT": "chain INPUT: cleat has PREROUTING only",
		"-S":                        "table filter: cleat has -t mangle only",
		"-t nat -A PREROUTING -j MARK --set-mark 1":                               "table nat: cleat has -t mangle only",
		"-t mangle -A PREROUTING -i eth0 -j MARK --set-mark 1":                    `unknown option "-i"; cleat knows -p`,
		"-t mangle -A PREROUTING ! -p tcp -j MARK --set-mark 1":                   "`!'",
		"-t mangle -A PREROUTING -m conntrack -j MARK --set-mark 1":               "match conntrack: cleat knows -m multiport",
		"-t mangle -A PREROUTING -p icmp -j MARK --set-mark 1":                    "protocol icmp: cleat balances tcp, udp and sctp",
		"-t mangle -A PREROUTING -d 10.0.0.0/255.0.255.0 -j MARK --set-mark 1":    "is no prefix",
		"-t mangle -A PREROUTING -j MARK --set-mark 1 --set-mark 2":               "one mark a rule",
		"-t mangle -A PREROUTING -p tcp --dport 1 --dport 2 -j MARK --set-mark 1": "given already",
		"-t mangle -F PREROUTING -p tcp":                                          "a rule has no meaning",
	} {
		var stdout, stderr bytes.Buffer
		client := &chainOf{}
		code := Run("iptables", strings.Fields(line), client, &stdout, &stderr)
		if code != exitUsage || !strings.Contains(stderr.String(), want) || len(client.marks.IPv4) != 0 || stdout.Len() != 0 {
			t.Errorf("%s: exit code %d, %s; want %s", line, code, stderr.String(), want)
		}
	}
}

// TestSavedLinesAreCommands: what -S prints can be typed again.
func FuzzSavedLinesAreCommands(f *testing.F) {
	for _, line := range append(twice, twice6...) {
		f.Add(line, false)
		f.Add(line, true)
	}
	f.Fuzz(func(t *testing.T, line string, ipv6 bool) {
		c, err := parse(strings.Fields(line), ipv6)
		if err != nil || c.rule == nil {
			return
		}
		again, err := parse(strings.Fields("-t mangle -A PREROUTING "+words(c.rule)), ipv6)
		if err != nil {
			t.Fatalf("%s: %v", words(c.rule), err)
		}
		if !reflect.DeepEqual(c.rule, again.rule) {
			t.Errorf("%s: %+v, then %+v", line, c.rule, again.rule)
		}
	})
}
