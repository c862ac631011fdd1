package lcore

import (
	"testing"
	"time"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wheel"
)

const second = time.Second

// ours are cleat's own defaults where they differ from the kernel's (persistence.md P4.8).
var ours = Settings{Extend: 120 * wheel.Second, RestoreTimeout: true, ConnReuseMode: 1, Forward: true}

// Alice's template and first connection as listed, without the time left.
const (
	kept  = " ESTABLISHED 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80"
	bound = " ASSURED 172.16.0.1:0 10.0.0.1:80 10.9.0.13:80"
)

// syn opens another connection of alice's.
func syn(port string) act { return in(outside, fromClient("172.16.0.1:"+port, vip80, "S")) }

// TestTemplateRefresh: P4.1, P4.2, P4.4: new connections restart the timer; packets of known connections, their end, and a SYN that opens one
// of them again do not.
func TestTemplateRefresh(t *testing.T) {
	timeline(t, with(kernel, web(300*second)), []moment{
		{0, establish(alice, 3), []string{"TCP 04:59" + bound, "TCP 14:59" + kept}},
		{10 * second, in(outside, fromClient(alice, vip80, "A")), []string{"TCP 04:49" + bound, "TCP 14:59" + kept}},
		{20 * second, syn("20002"), []string{
			"TCP 00:59 SYN_RECV 172.16.0.1:20002 10.0.0.1:80 10.9.0.13:80", "TCP 04:59" + bound, "TCP 14:49" + kept,
		}},
		{30 * second, in(outside, fromClient(alice, vip80, "R")), []string{
			"TCP 00:09 CLOSE 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80",
			"TCP 00:49 SYN_RECV 172.16.0.1:20002 10.0.0.1:80 10.9.0.13:80", "TCP 04:49" + bound,
		}},
		{35 * second, syn("20001"), []string{ // P8.8: controlled, so the old entry is used again
			"TCP 00:44 SYN_RECV 172.16.0.1:20002 10.0.0.1:80 10.9.0.13:80",
			"TCP 00:59 SYN_RECV 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80", "TCP 04:44" + bound,
		}},
		{100 * second, nil, []string{"TCP 03:39" + bound}},
		{318 * second, nil, []string{"TCP 00:01" + bound}},
		{320 * second, nil, nil}, // P4.5
	})
}

// TestTemplateExtension: P4.6: as long as connections live the template is extended, again and again. The kernel did so with -p 10: 10 s, then every 60 s;
// it was gone at the first time its timer ran out after the connection's entry had gone, 10 s after its RST.
func TestTemplateExtension(t *testing.T) {
	timeline(t, with(kernel, web(10*second)), []moment{
		{0, establish(alice, 3), []string{"TCP 00:09" + bound, "TCP 14:59" + kept}},
		{9 * second, nil, []string{"TCP 00:00" + bound, "TCP 14:50" + kept}},
		{10 * second, nil, []string{"TCP 00:59" + bound, "TCP 14:49" + kept}},
		{69 * second, nil, []string{"TCP 00:00" + bound, "TCP 13:50" + kept}},
		{70 * second, nil, []string{"TCP 00:59" + bound, "TCP 13:49" + kept}},
		{130 * second, nil, []string{"TCP 00:59" + bound, "TCP 12:49" + kept}},
		{150 * second, in(inside, fromServer(3, "10.9.0.13:80", alice, "R")), []string{
			"TCP 00:09 CLOSE 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80", "TCP 00:39" + bound,
		}},
		{160 * second, nil, []string{"TCP 00:29" + bound}},
		{189 * second, nil, []string{"TCP 00:00" + bound}},
		{190 * second, nil, nil},
	})
}

// TestTimeoutAfterExtension: P4.7, what the kernel does, and P4.8, what we do.
func TestTimeoutAfterExtension(t *testing.T) {
	for _, tt := range []struct {
		name     string
		settings Settings
		timeout  time.Duration
		moments  []moment
	}{
		// The kernel's b05: -p 10, a new connection at 15 s sets 60 s.
		{"kernel, shorter than the extension", kernel, 10 * second, []moment{
			{0, establish(alice, 3), []string{"TCP 00:09" + bound, "TCP 14:59" + kept}},
			{15 * second, syn("20002"), []string{"TCP 00:59 SYN_RECV 172.16.0.1:20002 10.0.0.1:80 10.9.0.13:80", "TCP 00:59" + bound, "TCP 14:44" + kept}},
		}},
		// b06: -p 300, a new connection after the extension sets 60 s, not 300 s.
		{"kernel, longer than the extension", kernel, 300 * second, []moment{
			{0, establish(alice, 3), []string{"TCP 04:59" + bound, "TCP 14:59" + kept}},
			{300 * second, nil, []string{"TCP 00:59" + bound, "TCP 09:59" + kept}},
			{309 * second, syn("20002"), []string{"TCP 00:59 SYN_RECV 172.16.0.1:20002 10.0.0.1:80 10.9.0.13:80", "TCP 00:59" + bound, "TCP 09:50" + kept}},
		}},
		{"ours, shorter", ours, 10 * second, []moment{
			{0, establish(alice, 3), []string{"TCP 00:09" + bound, "TCP 14:59" + kept}},
			{10 * second, nil, []string{"TCP 01:59" + bound, "TCP 14:49" + kept}},
			{15 * second, syn("20002"), []string{"TCP 00:09" + bound, "TCP 00:59 SYN_RECV 172.16.0.1:20002 10.0.0.1:80 10.9.0.13:80", "TCP 14:44" + kept}},
			{25 * second, nil, []string{"TCP 00:49 SYN_RECV 172.16.0.1:20002 10.0.0.1:80 10.9.0.13:80", "TCP 01:59" + bound, "TCP 14:34" + kept}},
		}},
		{"ours, longer", ours, 300 * second, []moment{
			{0, establish(alice, 3), []string{"TCP 04:59" + bound, "TCP 14:59" + kept}},
			{300 * second, nil, []string{"TCP 01:59" + bound, "TCP 09:59" + kept}},
			{420 * second, nil, []string{"TCP 01:59" + bound, "TCP 07:59" + kept}},
			{430 * second, syn("20002"), []string{"TCP 00:59 SYN_RECV 172.16.0.1:20002 10.0.0.1:80 10.9.0.13:80", "TCP 04:59" + bound, "TCP 07:49" + kept}},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) { timeline(t, with(tt.settings, web(tt.timeout)), tt.moments) })
	}
}

// TestBoundThroughTimeWait: P4.9, P3.3: a connection that ended holds its template until its entry has gone.
func TestBoundThroughTimeWait(t *testing.T) {
	const ended = " TIME_WAIT 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80"
	timeline(t, with(kernel, web(10*second)), []moment{
		{
			0, acts(establish(alice, 3), in(outside, fromClient(alice, vip80, "FA")), in(inside, fromServer(3, "10.9.0.13:80", alice, "FA"))),
			[]string{"TCP 00:09" + bound, "TCP 01:59" + ended},
		},
		{70 * second, nil, []string{"TCP 00:49" + ended, "TCP 00:59" + bound}},
		{119 * second, nil, []string{"TCP 00:00" + ended, "TCP 00:10" + bound}},
		{120 * second, nil, []string{"TCP 00:09" + bound}},
		{130 * second, nil, nil},
	})
}

// TestEditedTimeout: P4.10: only templates made later have it, also at hits.
func TestEditedTimeout(t *testing.T) {
	timeline(t, with(kernel, web(300*second)), []moment{
		{0, establish(alice, 3), []string{"TCP 04:59" + bound, "TCP 14:59" + kept}},
		{10 * second, acts(change(with(kernel, web(600*second))), syn("20002"), in(outside, fromClient(bob, vip80, "S"))), []string{
			"TCP 00:59 SYN_RECV 172.16.0.1:20002 10.0.0.1:80 10.9.0.13:80",
			"TCP 00:59 SYN_RECV 172.16.0.2:20001 10.0.0.1:80 10.9.0.12:80",
			"TCP 04:59" + bound, "TCP 09:59 NONE 172.16.0.2:0 10.0.0.1:80 10.9.0.12:80", "TCP 14:49" + kept,
		}},
	})
}

// TestEditedMask: P7: templates stay, are not found under another mask, and are under the old one.
func TestEditedMask(t *testing.T) {
	wide := web(300 * second)
	wide.mask = 24
	timeline(t, with(kernel, web(300*second)), []moment{
		{0, syn("20001"), []string{"TCP 00:59 SYN_RECV 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80", "TCP 04:59 NONE 172.16.0.1:0 10.0.0.1:80 10.9.0.13:80"}},
		{100 * second, acts(change(with(kernel, wide)), syn("20002")), []string{
			"TCP 00:59 SYN_RECV 172.16.0.1:20002 10.0.0.1:80 10.9.0.12:80",
			"TCP 03:19 NONE 172.16.0.1:0 10.0.0.1:80 10.9.0.13:80", "TCP 04:59 NONE 172.16.0.0:0 10.0.0.1:80 10.9.0.12:80",
		}},
		{200 * second, acts(change(with(kernel, web(300*second))), syn("20003")), []string{
			"TCP 00:59 SYN_RECV 172.16.0.1:20003 10.0.0.1:80 10.9.0.13:80",
			"TCP 03:19 NONE 172.16.0.0:0 10.0.0.1:80 10.9.0.12:80", "TCP 04:59 NONE 172.16.0.1:0 10.0.0.1:80 10.9.0.13:80",
		}},
	})
}

// TestPersistenceOff: P7: templates of a service that is no longer persistent stay, unused, until their time ends; they are
// used again when it is.
func TestPersistenceOff(t *testing.T) {
	timeline(t, with(kernel, web(300*second)), []moment{
		{0, syn("20001"), []string{"TCP 00:59 SYN_RECV 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80", "TCP 04:59 NONE 172.16.0.1:0 10.0.0.1:80 10.9.0.13:80"}},
		{100 * second, acts(change(with(kernel, web(0))), syn("20002")), []string{
			"TCP 00:59 SYN_RECV 172.16.0.1:20002 10.0.0.1:80 10.9.0.12:80", "TCP 03:19 NONE 172.16.0.1:0 10.0.0.1:80 10.9.0.13:80",
		}},
		{200 * second, acts(change(with(kernel, web(300*second))), syn("20003")), []string{
			"TCP 00:59 SYN_RECV 172.16.0.1:20003 10.0.0.1:80 10.9.0.13:80", "TCP 04:59 NONE 172.16.0.1:0 10.0.0.1:80 10.9.0.13:80",
		}},
	})
}

// TestAssured: P8.4: by TCP that is established, by a UDP answer; never NONE again.
func TestAssured(t *testing.T) {
	dns := resolver()
	dns.persist = 300 * second
	timeline(t, with(kernel, dns, web(300*second)), []moment{
		{0, acts(syn("20001"), in(outside, datagram(alice, "10.0.0.1:53"))), []string{
			"TCP 00:59 SYN_RECV 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80", "TCP 04:59 NONE 172.16.0.1:0 10.0.0.1:80 10.9.0.13:80",
			"UDP 04:59 NONE 172.16.0.1:0 10.0.0.1:53 10.9.0.12:53", "UDP 04:59 UDP 172.16.0.1:20001 10.0.0.1:53 10.9.0.12:53",
		}},
		{10 * second, acts(in(inside, fromServer(3, "10.9.0.13:80", alice, "SA")), in(outside, datagram(alice, "10.0.0.1:53"))), []string{
			"TCP 00:59 SYN_RECV 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80", "TCP 04:49 NONE 172.16.0.1:0 10.0.0.1:80 10.9.0.13:80",
			"UDP 04:49 NONE 172.16.0.1:0 10.0.0.1:53 10.9.0.12:53", "UDP 04:59 UDP 172.16.0.1:20001 10.0.0.1:53 10.9.0.12:53",
		}},
		{20 * second, acts(in(outside, fromClient(alice, vip80, "A")), in(inside, answered(2, "10.9.0.12:53", alice))), []string{
			"TCP 04:39" + bound, "TCP 14:59" + kept,
			"UDP 04:39 ASSURED 172.16.0.1:0 10.0.0.1:53 10.9.0.12:53", "UDP 04:59 UDP 172.16.0.1:20001 10.0.0.1:53 10.9.0.12:53",
		}},
		{30 * second, acts(in(outside, fromClient(alice, vip80, "R", lcoretest.Seq(9, 0))), syn("20002")), []string{
			"TCP 00:09 CLOSE 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80", "TCP 00:59 SYN_RECV 172.16.0.1:20002 10.0.0.1:80 10.9.0.13:80", "TCP 04:59" + bound,
			"UDP 04:29 ASSURED 172.16.0.1:0 10.0.0.1:53 10.9.0.12:53", "UDP 04:49 UDP 172.16.0.1:20001 10.0.0.1:53 10.9.0.12:53",
		}},
	})
}

// TestServiceComesBack: P1.4 b, P7: a service that is deleted and made again finds its templates.
func TestServiceComesBack(t *testing.T) {
	other := wish{proto: flow.UDP, vip: "10.0.0.1:53", servers: []string{"10.9.0.11:53"}}
	r := newRig(t, with(kernel, other, web(hour)))
	first := r.choose(fromClient(alice, vip80, "S"))
	r.change(with(kernel, other))
	if got := r.choose(fromClient("172.16.0.1:20002", vip80, "S")); got != "" {
		t.Errorf("without the service: %s", got)
	}
	r.change(with(kernel, other, web(hour)))
	if got := r.choose(fromClient("172.16.0.1:20003", vip80, "S")); got != first {
		t.Errorf("the client went to %s, want %s", got, first)
	}
	r.conserve()
}
