package ladder

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"cleat/cgo/ethdev"
	"cleat/lcore"
)

var errNo = errors.New("no")

// nic is a device that reads what it is asked for in its own way.
type nic struct {
	can ethdev.RSS
	// steers tells whether packets of TCP come as they should.
	steers func(n *nic, six bool) bool
	reta   error                      // of SetIndirection
	rule   func(ethdev.FlowRSS) error // of AddFlow; nil: it has no rules

	fields ethdev.RSS
	key    []byte
	queues []uint16
	rules  []ethdev.FlowRSS
	asked  int
}

func (n *nic) SetRSS(fields ethdev.RSS, key []byte) error {
	if n.asked++; fields&^n.can != 0 {
		return errNo
	}
	n.fields, n.key = fields, key
	return nil
}

func (n *nic) SetIndirection(queues []uint16) error {
	n.queues = queues
	return n.reta
}

func (n *nic) AddFlow(f ethdev.FlowRSS) error {
	if n.rule == nil {
		return errNo
	}
	if err := n.rule(f); err != nil {
		return err
	}
	n.rules = append(n.rules, f)
	return nil
}

func (n *nic) FlushFlows() error {
	n.rules = nil
	return nil
}

const (
	only = ethdev.RSSL3SrcOnly | ethdev.RSSL3DstOnly
	tcp  = ethdev.RSSIPv4TCP | ethdev.RSSIPv6TCP
)

var prefix64, _ = ethdev.RSSPrefix6(64)

// family are the fields of a family's addresses.
func family(six bool) ethdev.RSS {
	if six {
		return ethdev.RSSIPv6
	}
	return ethdev.RSSIPv4
}

// byFields are devices whose RSS steers, by how they read fields of TCP.
func byFields(n *nic, six bool) bool { return n.fields&only != 0 && n.fields&family(six) != 0 }
func withTCP(n *nic, six bool) bool  { return byFields(n, six) && n.fields&tcp != 0 }
func noTCP(n *nic, six bool) bool    { return byFields(n, six) && n.fields&tcp == 0 }

// byRules are devices whose rules steer.
func byRules(n *nic, six bool) bool {
	return slices.ContainsFunc(n.rules, func(f ethdev.FlowRSS) bool { return f.V6 == six && f.Fields&only != 0 })
}

func never(*nic, bool) bool { return false }

func withKey(f ethdev.FlowRSS) error {
	if f.Key == nil || f.Queues == nil {
		return errNo
	}
	return nil
}

func withoutKey(f ethdev.FlowRSS) error {
	if f.Key != nil || f.Queues != nil {
		return errNo
	}
	return nil
}

func ipv4Only(f ethdev.FlowRSS) error {
	if f.V6 {
		return errNo
	}
	return nil
}

// play lets workers compare packets of a family, or of both, until nothing is asked any more, or nothing more comes.
func play(t *testing.T, l *Ladder, n *nic, ipv4, ipv6 bool) {
	var a lcore.Arrival
	for range 50 {
		probe := l.Probe()
		if probe.Destination != (l.field == Destination) {
			t.Errorf("%+v", probe)
		}
		for f, comes := range []bool{ipv4, ipv6} {
			if !comes || !probe.Families[f] {
				continue
			}
			a.Probed[f] += sample / 2
			if !n.steers(n, f == 1) {
				a.Differed[f] += sample / 2
			}
		}
		l.Judge(a)
	}
}

func TestLadder(t *testing.T) {
	const all = Everything | only
	for _, c := range []struct {
		name       string
		nic        nic
		prefix6    int  // 0: 64
		ipv4, ipv6 bool // what comes
		want       string
		reason     string // contains
	}{
		{"as DPDK has it", nic{can: all | prefix64, steers: byFields}, 0, true, true, "rss-fields", ""},
		{"TCP by its own fields", nic{can: all | prefix64, steers: withTCP}, 0, true, true, "rss-fields", ""},
		{"fields of TCP add ports", nic{can: all | prefix64, steers: noTCP}, 0, true, true, "rss-fields", "rss-fields: of 256 packets of IPv4, 256 had another hash"},
		{"whole addresses of IPv6", nic{can: all, steers: byFields}, 128, true, true, "rss-fields", ""},
		{"no prefixes of IPv6", nic{can: all, steers: byFields}, 0, true, true, "IPv4 rss-fields, IPv6 ring", "rss-fields: IPv6: the device does not hash just the bits"},
		{"a prefix without a word", nic{can: all | prefix64, steers: byFields}, 60, true, true, "IPv4 rss-fields, IPv6 ring", "rss-fields: IPv6: the device does not hash just the bits"},
		{"no IPv6 comes", nic{can: all | prefix64, steers: byFields}, 0, true, false, "IPv4 rss-fields, IPv6 probing", ""},
		{"nothing comes", nic{can: all | prefix64, steers: byFields}, 0, false, false, "probing", ""},
		{"right for IPv4 only", nic{can: all | prefix64, steers: func(n *nic, six bool) bool { return !six }}, 0, true, true, "IPv4 rss-fields, IPv6 ring", "packets of IPv6"},
		{"right for IPv6 only", nic{can: all | prefix64, steers: func(n *nic, six bool) bool { return six }}, 0, true, true, "IPv4 ring, IPv6 rss-fields", "packets of IPv4"},
		{"both ends only, no rules", nic{can: Everything, steers: never}, 0, true, true, "ring", "rss-fields: the device does not hash one address alone; rte_flow: no"},
		{"addresses only", nic{can: all &^ ethdev.RSSTransports, steers: never}, 0, true, true, "ring", "rss-fields: the device hashes no ports that could be left out"},
		{"a table that does not fit", nic{can: all | prefix64, steers: byFields, reta: errors.New("too small")}, 0, true, true, "ring", "rss-fields: too small; rte_flow"},
		{"rules with key and queues", nic{can: Everything, steers: byRules, rule: withKey}, 0, true, true, "rte_flow", "rss-fields: the device does not hash one"},
		{"rules by the port's key", nic{can: Everything, steers: byRules, rule: withoutKey}, 0, true, true, "rte_flow", "rte_flow: no"},
		{"rules of IPv4 only", nic{can: Everything, steers: byRules, rule: ipv4Only}, 0, true, true, "IPv4 rte_flow, IPv6 ring", "rte_flow: IPv6: no"},
		{"takes everything, does nothing", nic{can: all | prefix64, steers: never, rule: func(ethdev.FlowRSS) error { return nil }}, 0, true, true, "ring", "rte_flow: of 256 packets of IPv6"},
		{"hashes nothing", nic{steers: never}, 0, true, true, "ring", "the device hashes nothing"},
	} {
		for _, field := range []Field{Source, Destination} {
			n := c.nic
			s := &Steering{Workers: 2, Key: []byte{1}, Queues: []uint16{0, 1}, Prefix4: 32, Prefix6: 64}
			if c.prefix6 != 0 {
				s.Prefix6 = c.prefix6
			}
			l := New(&n, n.can, s)
			l.Climb(field, "")
			play(t, l, &n, c.ipv4, c.ipv6)
			if l.String() != c.want || !strings.Contains(l.Reason(), c.reason) || c.reason == "" && l.Reason() != "" {
				t.Errorf("%s: %s, %q; want %s, %q", c.name, l, l.Reason(), c.want, c.reason)
			}
			if l.String() == Ring && (len(n.rules) != 0 || n.fields&only != 0) {
				t.Errorf("%s: on the ring, but it still has %d rules, fields %#x", c.name, len(n.rules), uint64(n.fields))
			}
			if strings.Contains(l.String(), RSSFields) && (n.fields&l.only() == 0 || len(n.rules) != 0 || n.key == nil || n.queues == nil) {
				t.Errorf("%s: %+v", c.name, n)
			}
			if l.Close(); len(n.rules) != 0 {
				t.Errorf("%s: %d rules stay", c.name, len(n.rules))
			}
		}
	}
}

// TestPrefix4: of IPv4, devices hash the whole address or none of it.
func TestPrefix4(t *testing.T) {
	n := nic{can: Everything | only | prefix64, steers: byFields}
	l := New(&n, n.can, &Steering{Workers: 2, Key: []byte{1}, Queues: []uint16{0, 1}, Prefix4: 24, Prefix6: 64})
	l.Climb(Source, "")
	play(t, l, &n, true, true)
	if l.String() != "IPv4 ring, IPv6 rss-fields" || !strings.Contains(l.Reason(), "steering_prefix4 is not 32") {
		t.Errorf("%s, %s", l, l.Reason())
	}
}

// TestJudge: what comes while a rung is asked for does not count, few packets decide nothing, and some odd ones are borne with.
func TestJudge(t *testing.T) {
	n := nic{can: Everything | only}
	l := New(&n, n.can, &Steering{Workers: 4, Key: []byte{1}, Queues: []uint16{0, 1, 2, 3}, Prefix4: 32, Prefix6: 64})
	l.Climb(Source, "")
	for i, step := range []struct {
		probed, differed uint64 // IPv4, since the start
		want             string
		changed          bool
	}{
		{1000, 900, "IPv4 probing, IPv6 ring", true}, // from here on
		{1000, 900, "IPv4 probing, IPv6 ring", false},
		{1000 + sample - 1, 900, "IPv4 probing, IPv6 ring", false},
		{1000 + sample, 900 + odd, "IPv4 rss-fields, IPv6 ring", true},
		{5000, 4000, "IPv4 rss-fields, IPv6 ring", false},
	} {
		a := lcore.Arrival{Probed: [2]uint64{step.probed}, Differed: [2]uint64{step.differed}}
		if changed := l.Judge(a); changed != step.changed || l.String() != step.want {
			t.Errorf("step %d: %s, changed %v", i, l, changed)
		}
	}
	l.Climb(Destination, "") // the port's side has changed
	l.Judge(lcore.Arrival{})
	l.Judge(lcore.Arrival{Probed: [2]uint64{sample}, Differed: [2]uint64{odd + 1}})
	if l.String() != "IPv4 probing, IPv6 ring" || n.fields&ethdev.RSSTransports != 0 {
		t.Errorf("one too many: %s, fields %#x", l, uint64(n.fields))
	}
}

// TestNothingAsked: with one worker, and where no one address is the client's, the device is left alone.
func TestNothingAsked(t *testing.T) {
	for _, c := range []struct {
		workers            int
		field              Field
		want, reason, cost string
	}{
		{1, Source, OneWorker, "", "nothing"},
		{1, Neither, OneWorker, "", "nothing"},
		{4, Neither, Ring, "one-armed", "about 75 % of its packets change workers through a ring"},
	} {
		n := nic{can: Everything | only | prefix64, steers: byFields}
		l := New(&n, n.can, &Steering{Workers: c.workers, Prefix4: 32, Prefix6: 64})
		l.Climb(c.field, "one-armed")
		play(t, l, &n, true, true)
		if l.String() != c.want || l.Reason() != c.reason || l.Cost() != c.cost || n.asked != 0 {
			t.Errorf("%+v: %s, %q, %q; asked %d times", c, l, l.Reason(), l.Cost(), n.asked)
		}
	}
}

func TestCost(t *testing.T) {
	const share = "about 50 % of its packets change workers through a ring"
	n := nic{can: Everything | only | prefix64, steers: byFields}
	for _, c := range []struct {
		ipv4, ipv6 bool
		want       string
	}{
		{true, true, "nothing: few packets change workers"},
		{false, false, "until 256 packets were compared, " + share},
		{true, false, "where the rung is another one than rss-fields, " + share},
	} {
		l := New(&n, n.can, &Steering{Workers: 2, Key: []byte{1}, Queues: []uint16{0, 1}, Prefix4: 32, Prefix6: 64})
		l.Climb(Source, "")
		play(t, l, &n, c.ipv4, c.ipv6)
		if l.Cost() != c.want {
			t.Errorf("%s: %s", l, l.Cost())
		}
	}
}
