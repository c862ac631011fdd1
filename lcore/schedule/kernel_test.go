package schedule

import (
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// TestKernel replays what the kernel did, connection by connection: testdata/kernel.txt, which tells its format.
func TestKernel(t *testing.T) {
	text, err := os.ReadFile("testdata/kernel.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, text2, _ := strings.Cut(string(text), "\n\n")
	for _, paragraph := range strings.Split(strings.TrimSpace(text2), "\n\n") {
		name, lines, _ := strings.Cut(paragraph, "\n")
		t.Run(strings.TrimPrefix(name, "scenario "), func(t *testing.T) {
			r := &replay{t: t}
			for line := range strings.Lines(lines) {
				r.line(strings.Fields(line))
			}
			if r.connections == 0 {
				t.Error("no connection in the scenario")
			}
		})
	}
}

const slots = 10

type replay struct {
	t           *testing.T
	d           *director
	kept        []int // the server of every connection kept
	connections int
}

func (r *replay) line(words []string) {
	number := func(i int) int {
		n, err := strconv.Atoi(words[i])
		if err != nil {
			r.t.Fatal(err)
		}
		return n
	}
	switch words[0] {
	case "service":
		flags := uint8(0)
		if len(words) == 3 {
			for _, flag := range strings.Split(words[2], ",") {
				flags |= map[string]uint8{
					"sh-fallback": service.Fallback, "mh-fallback": service.Fallback, "sh-port": service.HashPort, "mh-port": service.HashPort,
				}[flag]
			}
		}
		r.d = newDirector(words[1], flags, slots)
	case "add":
		if len(words) == 6 {
			at := netip.MustParseAddrPort(words[5])
			r.d.addAt(uint32(number(1)), int32(number(3)), flow.FromNetip(at.Addr()), at.Port())
		} else {
			r.d.add(uint32(number(1)), int32(number(3)))
		}
	case "edit":
		r.d.edit(uint32(number(1)), int32(number(3)))
	case "delete":
		r.d.delete(uint32(number(1)))
	case "keep", "reset":
		r.connect(words)
	case "close":
		for _, i := range strings.Split(words[1], ",") {
			n, _ := strconv.Atoi(i)
			r.d.loads[r.kept[n]].Active--
			r.d.loads[r.kept[n]].Inactive++
		}
	case "loads":
		for i, want := range words[1:] {
			if got := fmt.Sprintf("%d/%d", r.d.loads[i+1].Active, r.d.loads[i+1].Inactive); got != want {
				r.t.Errorf("server %d has %s connections, the kernel had %s", i+1, got, want)
			}
		}
	default:
		r.t.Fatalf("unknown line %q", words)
	}
}

func (r *replay) connect(words []string) {
	results := words[len(words)-1]
	var asking []Client
	if len(words) == 3 {
		asking = readWho(r.t, words[1])
	}
	for i, want := range results {
		got := int(want - 'a' + 1) // by its template
		if want < 'a' || want == 'x' {
			var c Client
			if len(words) == 3 {
				if len(asking) == 0 {
					r.t.Fatalf("more results than clients: %q", words)
				}
				c, asking = asking[0], asking[1:]
			}
			got = r.d.pick(&c)
			if (got == None) != (want == 'x') || got != None && got != int(want-'0') {
				r.t.Fatalf("%s %d of %s: server %d, the kernel: %c", words[0], i, results, got, want)
			}
		}
		r.connections++
		switch {
		case got == None:
		case words[0] == "keep":
			r.kept = append(r.kept, got)
			r.d.loads[got].Active++
		default:
			r.d.loads[got].Inactive++
		}
	}
	if len(asking) != 0 {
		r.t.Fatalf("more clients than results: %q", words)
	}
}

func readWho(t *testing.T, list string) (who []Client) {
	for _, item := range strings.Split(list, ",") {
		text, destination := strings.CutPrefix(item, "@")
		addrs, ports := text, "0"
		if i := strings.LastIndexByte(text, ':'); !destination {
			addrs, ports = text[:i], text[i+1:]
		}
		addr, n, rowOfAddrs := strings.Cut(addrs, "*")
		addr, same, _ := strings.Cut(addr, "/")
		port, m, rowOfPorts := strings.Cut(ports, "/")
		port, both, rowOfBoth := strings.Cut(port, "*")
		count, _ := strconv.Atoi(n + same + m + both)
		a := ip(strings.Trim(addr, "[]"))
		p, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			t.Fatal(err)
		}
		for range max(count, 1) {
			if destination {
				who = append(who, Client{Dst: a})
			} else {
				who = append(who, Client{Addr: a, Port: uint16(p)})
			}
			if rowOfAddrs || rowOfBoth {
				a.Lo++
			}
			if rowOfPorts || rowOfBoth {
				p++
			}
		}
	}
	return who
}
