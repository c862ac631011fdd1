package intent

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"cleat/appliance/api"
	"cleat/conf"
)

// ruleOf is one of a few rules of a family.
func ruleOf(n int, ipv6 bool) api.MarkRule {
	destination := []string{"", "10.0.0.1/32", "10.0.1.0/24"}[n%3]
	if ipv6 {
		destination = []string{"", "fd00::1/128", "fd01::/64"}[n%3]
	}
	r := api.MarkRule{Destination: destination, Mark: uint32(n), Mask: ^uint32(0)}
	if n%2 == 1 {
		r.Protocol, r.Ports = "tcp", []string{"80", "8000-8099"}
	}
	return r
}

// TestMarksAreAChain: what iptables' commands make of the rules is what they make of a plain list in each family, over a file that has none.
func TestMarksAreAChain(t *testing.T) {
	file := parse(t, base)
	rapid.Check(t, func(t *rapid.T) {
		i := New(file)
		chains := map[bool][]api.MarkRule{}
		for range rapid.IntRange(0, 20).Draw(t, "commands") {
			ipv6 := rapid.Bool().Draw(t, "ipv6")
			chain := chains[ipv6]
			rule := ruleOf(rapid.IntRange(0, 5).Draw(t, "rule"), ipv6)
			same := slices.IndexFunc(chain, func(r api.MarkRule) bool { return cmp.Equal(r, rule) })
			c := api.MarkCommand{Do: rapid.SampledFrom([]string{"append", "insert", "delete", "check", "flush", "append"}).Draw(t, "do"), IPv6: ipv6, Rule: &rule}
			want := ""
			switch c.Do {
			case "append":
				chain = append(slices.Clone(chain), rule)
			case "insert":
				c.Number = rapid.IntRange(1, 9).Draw(t, "number")
				if c.Number > len(chain)+1 {
					want = "E2BIG"
				} else {
					chain = slices.Insert(slices.Clone(chain), c.Number-1, rule)
				}
			case "delete":
				if rapid.Bool().Draw(t, "by number") {
					c.Rule, c.Number = nil, rapid.IntRange(1, 9).Draw(t, "number")
					same = c.Number - 1
				}
				switch {
				case c.Rule != nil && same < 0:
					want = "ENOENT"
				case same >= len(chain):
					want = "E2BIG"
				default:
					chain = slices.Delete(slices.Clone(chain), same, same+1)
				}
			case "check":
				if same < 0 {
					want = "ENOENT"
				}
			case "flush":
				c.Rule, chain = nil, nil
			}
			next, err := i.Mark(&c)
			if errno(err) != want {
				t.Fatalf("%+v: %v, want %q", c, err, want)
			}
			if err == nil {
				i, chains[ipv6] = next, chain
			}
			got := i.Marks()
			if diff := cmp.Diff(append([]api.MarkRule{}, chains[false]...), got.IPv4) + cmp.Diff(append([]api.MarkRule{}, chains[true]...), got.IPv6); diff != "" {
				t.Fatalf("%+v:\n%s", c, diff)
			}
		}
		if _, err := conf.Parse("running", []byte(i.TOML())); err != nil {
			t.Fatalf("what is in force is no file: %v\n%s", err, i.TOML())
		}
	})
}

// TestMarksOverAFile: the file's rules are the end of the chain turned round; what the operator deletes of them stays deleted and what he makes
// stays, over reloads.
func TestMarksOverAFile(t *testing.T) {
	file := parse(t, base)
	web := conf.Mark{Mark: 3, Destination: netip.MustParsePrefix("10.0.0.1/32"), Ports: []conf.PortRange{{First: 80, Last: 80}}}
	all := conf.Mark{Mark: 4, Destination: netip.MustParsePrefix("10.0.0.0/8")}
	file.Marks = []conf.Mark{web, all}
	i := New(file)
	numbers := func() (marks []uint32) {
		for _, r := range i.Marks().IPv4 {
			marks = append(marks, r.Mark)
		}
		return marks
	}
	do := func(c api.MarkCommand) {
		t.Helper()
		next, err := i.Mark(&c)
		if err != nil {
			t.Fatal(err)
		}
		i = next
	}
	check := func(what string, want ...uint32) {
		t.Helper()
		if got := numbers(); !slices.Equal(got, want) {
			t.Errorf("%s: marks %v, want %v", what, got, want)
		}
	}
	check("the file, one rule a protocol where there are ports", 4, 3, 3, 3)
	if !cmp.Equal(i.Config().Marks, file.Marks, cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })) {
		t.Errorf("nobody has changed anything: %v", i.Config().Marks)
	}
	own := ruleOf(5, false)
	do(api.MarkCommand{Do: "append", Rule: &own})
	do(api.MarkCommand{Do: "delete", Number: 1})
	check("one appended, the file's last one deleted", 3, 3, 3, 5)
	more := *file
	more.Marks = []conf.Mark{web, all, {Mark: 9, Destination: netip.MustParsePrefix("10.9.0.0/16")}}
	i = i.Reload(&more, false)
	check("a reload with one more rule, behind all others: the first of the chain", 9, 3, 3, 3, 5)
	less := *file
	less.Marks = nil
	i = i.Reload(&less, false)
	check("a reload without rules", 5)
	i = i.Reload(file, true)
	check("the file in place of all", 4, 3, 3, 3)
}

func TestMarksRefused(t *testing.T) {
	for want, c := range map[string]api.MarkCommand{
		"bad command\n  do: \"\" is none of append, insert, delete, check, flush": {},
		"bad command\n  rule: none is given":                                      {Do: "append"},
		"bad command\n  protocol: \"icmp\" is none of tcp, udp, sctp":             {Do: "append", Rule: &api.MarkRule{Protocol: "icmp"}},
		"bad command\n  source: \"fd00::/8\" is no prefix of the family":          {Do: "append", Rule: &api.MarkRule{Source: "fd00::/8"}},
		"bad command\n  ports: \"90-80\" is no port and no range (8000-8099)":     {Do: "append", Rule: &api.MarkRule{Protocol: "tcp", Ports: []string{"90-80"}}},
		"bad command\n  protocol: ports need one of tcp, udp, sctp":               {Do: "append", Rule: &api.MarkRule{AnyPorts: []string{"80"}}},
		"number 1: there are 0 rules":                                             {Do: "delete", Number: 1},
		"there is no rule mark 3: to 0.0.0.0/0":                                   {Do: "check", Rule: &api.MarkRule{Mark: 3, Mask: ^uint32(0)}},
	} {
		if next, err := New(parse(t, base)).Mark(&c); err == nil || err.Error() != want || next != nil {
			t.Errorf("%+v: %v, want %s", c, err, want)
		}
	}
}
