package lcore

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wheel"
)

// fromAlice and fromWeb are segments of alice's first connection, from both ends.
func fromAlice(flags string) act { return in(outside, fromClient(alice, vip80, flags)) }
func fromWeb(flags string) act   { return in(inside, fromServer(3, "10.9.0.13:80", alice, flags)) }

// TestTCPLife drives connections through C4's table as NAT's typical lives do (C4.3, C4.4): a segment, the state after
// it, and that every one of them restarts the timer with the state's time (C4.1). < comes from the client, > from the server.
func TestTCPLife(t *testing.T) {
	for _, tt := range []struct{ name, segments, states string }{
		{
			"the client closes first", "<S >SA <A <PA >A <FA >A >FA <A",
			"SYN_RECV SYN_RECV ESTABLISHED ESTABLISHED ESTABLISHED CLOSE_WAIT CLOSE_WAIT TIME_WAIT TIME_WAIT",
		},
		{"the server closes first", "<S >SA <A >FA <A <FA >A", "SYN_RECV SYN_RECV ESTABLISHED FIN_WAIT FIN_WAIT TIME_WAIT TIME_WAIT"},
		{"the client resets", "<S >SA <A <R <R", "SYN_RECV SYN_RECV ESTABLISHED CLOSE CLOSE"},
		{"C4.4: the client resets before it was established", "<S <R", "SYN_RECV SYN_RECV"},
		{"C4.4: the server refuses", "<S >RA", "SYN_RECV CLOSE"},
		{"the server resets in TIME_WAIT", "<S >SA <A <FA >FA >R", "SYN_RECV SYN_RECV ESTABLISHED CLOSE_WAIT TIME_WAIT TIME_WAIT"},
		{"RST counts before all else", "<S >SA <A <SFRA", "SYN_RECV SYN_RECV ESTABLISHED CLOSE"},
		{"SYN before FIN", "<SFA", "SYN_RECV"},
		{"none of the four", "<S >SA <A <P", "SYN_RECV SYN_RECV ESTABLISHED CLOSE"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, with(kernel, web(0)))
			var states []string
			for _, segment := range strings.Fields(tt.segments) {
				r.pass(time.Second)
				from := fromAlice
				if segment[0] == '>' {
					from = fromWeb
				}
				from(segment[1:])(r)
				r.turn()
				e := r.connection(t)
				states = append(states, e.State.String())
				if left, want := e.Deadline()-r.workers[0].tick, conn.DefaultTimeouts()[e.State]; left != want {
					t.Errorf("after %s: %d ticks left, want %d", segment, left, want)
				}
			}
			if got := strings.Join(states, " "); got != tt.states {
				t.Errorf("%s\n got %s\nwant %s", tt.segments, got, tt.states)
			}
		})
	}
}

// connection is the only one there is.
func (r *rig) connection(t *testing.T) *conn.Entry {
	t.Helper()
	var found *conn.Entry
	for i := range r.workers[0].conns.Entries {
		if e := &r.workers[0].conns.Entries[i]; e.Live() {
			if found != nil {
				t.Fatal("more than one connection")
			}
			found = e
		}
	}
	if found == nil {
		t.Fatal("no connection")
	}
	return found
}

// TestConnectionEnds: each state's time, to the tick.
func TestConnectionEnds(t *testing.T) {
	for _, tt := range []struct {
		name string
		act  act
		life time.Duration
	}{
		{"SYN_RECV", fromAlice("S"), 60 * second},
		{"ESTABLISHED", establish(alice, 3), 900 * second},
		{"FIN_WAIT", acts(establish(alice, 3), fromWeb("FA")), 120 * second},
		{"TIME_WAIT", acts(establish(alice, 3), fromAlice("FA"), fromWeb("FA")), 120 * second},
		{"CLOSE", acts(establish(alice, 3), fromAlice("R")), 10 * second},
		{"CLOSE_WAIT", acts(establish(alice, 3), fromAlice("FA")), 60 * second},
		{"UDP", in(outside, datagram(alice, "10.0.0.1:53")), 300 * second},
	} {
		r := newRig(t, with(kernel, web(0), resolver()))
		tt.act(r)
		r.turn()
		r.pass(tt.life - wheel.Tick)
		if got := r.connection(t).State.String(); got != tt.name {
			t.Errorf("%s: is in %s", tt.name, got)
		}
		r.pass(wheel.Tick)
		if lines := r.listing(); lines != nil {
			t.Errorf("%s: after %v there is %v", tt.name, tt.life, lines)
		}
		if c := r.counters(); c.ConnectionInserts != 1 || c.ConnectionExpiries != 1 || c.Connections != 0 {
			t.Errorf("%s: %d made, %d ended, %d left", tt.name, c.ConnectionInserts, c.ConnectionExpiries, c.Connections)
		}
	}
}

// TestEditedTimeouts: C4.2: new times are for the next packet of each connection.
func TestEditedTimeouts(t *testing.T) {
	timeline(t, with(kernel, web(0)), []moment{
		{0, establish(alice, 3), []string{"TCP 14:59" + kept}},
		{10 * second, retime(conn.Established, 30*wheel.Second), []string{"TCP 14:49" + kept}},
		{20 * second, fromAlice("A"), []string{"TCP 00:29" + kept}},
	})
}

// TestConnReuseMode: C2 3 b, P8.8: a SYN on the entry of a connection that is over goes to another server, unless the mode is 0 or a template controls it.
func TestConnReuseMode(t *testing.T) {
	never := kernel
	never.ConnReuseMode = 0
	over := acts(establish(alice, 3), fromAlice("FA"), fromWeb("FA"))
	for _, tt := range []struct {
		name     string
		settings Settings
		persist  time.Duration
		act      act
		want     string
	}{
		{"TIME_WAIT", kernel, 0, over, "10.9.0.12:80"},
		{"CLOSE", kernel, 0, acts(establish(alice, 3), fromAlice("R")), "10.9.0.12:80"},
		{"C4.4: CLOSE by the server", kernel, 0, acts(fromAlice("S"), fromWeb("RA")), "10.9.0.12:80"},
		{"ESTABLISHED", kernel, 0, establish(alice, 3), "10.9.0.13:80"},
		{"FIN_WAIT", kernel, 0, acts(establish(alice, 3), fromWeb("FA")), "10.9.0.13:80"},
		{"TIME_WAIT, mode 0", never, 0, over, "10.9.0.13:80"},
		{"TIME_WAIT, controlled", kernel, hour, over, "10.9.0.13:80"},
	} {
		r := newRig(t, with(tt.settings, web(tt.persist)))
		tt.act(r)
		r.turn()
		r.sent()
		if got := r.choose(fromClient(alice, vip80, "S")); got != tt.want {
			t.Errorf("%s: to %s, want %s", tt.name, got, tt.want)
		}
		if n := r.workers[0].conns.Used; n != 1 {
			t.Errorf("%s: %d connections, want 1", tt.name, n)
		}
		r.conserve()
	}
}

// TestExpireNodestConn: P6.2 to P6.4, with a template and without.
func TestExpireNodestConn(t *testing.T) {
	expire, both := kernel, kernel
	expire.ExpireNodestConn = true
	both.ExpireNodestConn, both.ExpireQuiescentTemplate = true, true
	gone := []string{"10.9.0.11:80", "10.9.0.12:80", "10.9.0.13:80 1 gone"}
	quiesced := []string{"10.9.0.11:80", "10.9.0.12:80", "10.9.0.13:80 0"}
	for _, tt := range []struct {
		name     string
		settings Settings
		persist  time.Duration
		servers  []string
		flags    string
		want     string // where the next segment goes
		verdict  Verdict
	}{
		{"P6.2: removed", kernel, 0, gone, "A", "", DropServerGone},
		{"P6.2: removed, and a SYN", kernel, 0, gone, "S", "", DropServerGone},
		{"P6.3 b: removed", expire, 0, gone, "A", "", AnswerReset},
		{"P6.3 b: removed, and a SYN", expire, 0, gone, "S", "10.9.0.12:80", ForwardInput},
		{"P6.3 b: removed, and a SYN, persistent", expire, hour, gone, "S", "10.9.0.12:80", ForwardInput},
		{"quiesced", kernel, 0, quiesced, "S", "10.9.0.13:80", ForwardInput},
		{"quiesced, no SYN", expire, 0, quiesced, "A", "10.9.0.13:80", ForwardInput},
		{"P6.4: quiesced", expire, 0, quiesced, "S", "10.9.0.12:80", ForwardInput},
		{"P6.4: quiesced, persistent", expire, hour, quiesced, "S", "10.9.0.13:80", ForwardInput},
		{"P6.4: quiesced, persistent, and templates expire", both, hour, quiesced, "S", "10.9.0.12:80", ForwardInput},
	} {
		r := newRig(t, with(tt.settings, web(tt.persist)))
		establish(alice, 3)(r)
		r.sent()
		r.change(with(tt.settings, wish{proto: flow.TCP, vip: vip80, persist: tt.persist, servers: tt.servers}))
		before := r.counters().Verdicts[tt.verdict]
		if got := r.choose(fromClient(alice, vip80, tt.flags)); got != tt.want {
			t.Errorf("%s: to %q, want %q", tt.name, got, tt.want)
		}
		if r.counters().Verdicts[tt.verdict] != before+1 {
			t.Errorf("%s: no %v", tt.name, tt.verdict)
		}
		r.conserve()
	}
}

// TestErrorsChangeNothing: C7.5: ICMP errors about a connection neither move its state nor restart its timer; C7.3: they are counted.
func TestErrorsChangeNothing(t *testing.T) {
	errors := acts(
		in(outside, lcoretest.ICMPError(ip("172.16.0.1"), ip("10.0.0.1"), 3, 4, 1400, fromClient(vip80, alice, "R"), fromGateway)),
		in(inside, lcoretest.ICMPError(ip("10.9.0.13"), ip("172.16.0.1"), 3, 3, 0, fromClient(alice, "10.9.0.13:80", "S"), fromInside)),
		func(r *rig) {
			if c := r.workers[0].stats.counted(2); c.InPackets != 3 || c.OutPackets != 2 || r.connection(t).InPackets != 3 {
				t.Errorf("%d packets in, %d out; %d of the connection's client; want 3, 2, 3", c.InPackets, c.OutPackets, r.connection(t).InPackets)
			}
		})
	timeline(t, with(kernel, web(0)), []moment{
		{0, establish(alice, 3), []string{"TCP 14:59" + kept}},
		{10 * second, errors, []string{"TCP 14:49" + kept}},
	})
}

// TestGoneServerTimers: P6.2: packets for a server that is gone do not restart timers.
func TestGoneServerTimers(t *testing.T) {
	gone := wish{proto: flow.TCP, vip: vip80, servers: []string{"10.9.0.11:80", "10.9.0.12:80", "10.9.0.13:80 1 gone"}}
	timeline(t, with(kernel, web(0)), []moment{
		{0, establish(alice, 3), []string{"TCP 14:59" + kept}},
		{10 * second, acts(change(with(kernel, gone)), fromAlice("A")), []string{"TCP 14:49" + kept}},
		{20 * second, acts(change(with(kernel, web(0))), fromAlice("A")), []string{"TCP 14:59" + kept}},
	})
}

// TestPurge: P6.3 a: the entries of a server that is gone, then the templates that control nothing any more; others stay.
func TestPurge(t *testing.T) {
	r := newRig(t, with(kernel, web(hour)))
	for i := range 6 {
		fromOne := fmt.Sprintf("172.16.0.%d:1", i+1)
		in(outside, fromClient(fromOne, vip80, "S"))(r)
	}
	r.turn()
	r.change(with(kernel, wish{proto: flow.TCP, vip: vip80, persist: hour, servers: []string{"10.9.0.11:80", "10.9.0.12:80", "10.9.0.13:80 1 gone"}}))
	r.while(r.workers[0].PurgeConnections)
	r.while(r.workers[0].PurgeTemplates)
	want := []string{
		"TCP 01:00 SYN_RECV 172.16.0.2:1 10.0.0.1:80 10.9.0.12:80", "TCP 01:00 SYN_RECV 172.16.0.3:1 10.0.0.1:80 10.9.0.11:80",
		"TCP 01:00 SYN_RECV 172.16.0.5:1 10.0.0.1:80 10.9.0.12:80", "TCP 01:00 SYN_RECV 172.16.0.6:1 10.0.0.1:80 10.9.0.11:80",
		"TCP 60:00 NONE 172.16.0.2:0 10.0.0.1:80 10.9.0.12:80", "TCP 60:00 NONE 172.16.0.3:0 10.0.0.1:80 10.9.0.11:80",
		"TCP 60:00 NONE 172.16.0.5:0 10.0.0.1:80 10.9.0.12:80", "TCP 60:00 NONE 172.16.0.6:0 10.0.0.1:80 10.9.0.11:80",
	}
	if got := r.listing(); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("left:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if c := r.workers[0].stats.counted(2); c.Active != 0 || c.Inactive != 0 || c.Templates != 0 {
		t.Errorf("the server that is gone is still counted: %+v", *c)
	}
}

// while has management's side of the workers do something while they turn.
func (r *rig) while(do func() error) {
	r.t.Helper()
	done := make(chan error)
	go func() { done <- do() }()
	for {
		select {
		case err := <-done:
			if err != nil {
				r.t.Error(err)
			}
			return
		default:
			r.turn()
		}
	}
}
