package lcore

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wire"
)

const ftp21 = "10.0.0.1:21"

// files is an FTP service with three servers, and what is set with ip_vs_ftp.
func files(persist time.Duration) wishes {
	s := kernel
	s.FTP, s.FTPPorts = true, [FTPPortsMax]uint16{21}
	return with(s, wish{proto: flow.TCP, vip: ftp21, persist: persist, servers: []string{"10.9.0.11:21", "10.9.0.12:21", "10.9.0.13:21"}})
}

// ftpFixtures: what is full, and what the helper leaves alone.
var ftpFixtures = []fixture{
	{"ftp_full", func() wishes { w := files(0); w.size = 60; return w }(), []step{
		{"a control connection more than there are places", func(r *rig) {
			for n := range transfersAtLeast + 1 {
				r.ports[outside].Inject(0, fromClient(client(n, 7), ftp21, "S"))
			}
			r.turn()
			r.sent()
		}, counted{ForwardInput: transfersAtLeast, DropFTPFull: 1}, nil},
		{"another one has room when they have ended", func(r *rig) {
			r.pass(61 * time.Second)
			in(outside, fromClient(alice, ftp21, "S"))(r)
		}, counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.11 tcp 20001>21 S seq 1 ttl 63 csum ok"}},
	}},
	{"no room for a data connection", func() wishes { w := files(0); w.size = 1; return w }(), []step{
		{"a control connection fills the table", acts(control(alice, 3), says(alice, "PASV\r\n")), counted{ForwardInput: 3, ForwardOutput: 1}, sent{
			"0: 10.0.0.1 > 172.16.0.1 tcp 21>20001 SA seq 1 ack 0 ttl 63 csum ok",
			"1: 172.16.0.1 > 10.9.0.13 tcp 20001>21 S seq 1 ttl 63 csum ok",
			"1: 172.16.0.1 > 10.9.0.13 tcp 20001>21 A seq 1 ack 0 ttl 63 csum ok",
			"1: 172.16.0.1 > 10.9.0.13 tcp 20001>21 A seq 100 ack 500 len 6 ttl 63 csum ok",
		}},
		{"the reply is dropped, to be sent again", replies(3, alice, 500, passiveReply), counted{DropConnectionsFull: 1}, nil},
	}},
	{"no room for a data connection, which the first packet asks for", func() wishes { w := files(0); w.size, w.settings.SloppyTCP = 1, true; return w }(), []step{
		{"that is dropped", says(alice, "PORT 172,16,0,1,19,137\r\n"), counted{DropConnectionsFull: 1}, nil},
		{"its connection is there", in(outside, fromClient(bob, ftp21, "S")), counted{DropConnectionsFull: 1}, nil},
		{"and ends as one that has had no packet", func(r *rig) {
			r.pass(4 * time.Second)
			in(outside, fromClient(bob, ftp21, "S"))(r)
		}, counted{ForwardInput: 1}, sent{"1: 172.16.0.2 > 10.9.0.11 tcp 20001>21 S seq 1 ttl 63 csum ok"}},
	}},
}

const passiveReply = "227 Entering Passive Mode (10,9,0,13,31,144).\r\n"

// control opens a control connection whole, to server n.
func control(client string, n int) act {
	return acts(in(outside, fromClient(client, ftp21, "S")), in(inside, fromServer(n, fmt.Sprintf("10.9.0.1%d:21", n), client, "SA")),
		in(outside, fromClient(client, ftp21, "A")))
}

// says is a line of the client's, replies one of server n's.
func says(client, line string) act {
	return in(outside, fromClient(client, ftp21, "A", lcoretest.Seq(100, 500), lcoretest.Payload([]byte(line))))
}

func replies(n int, client string, seq uint32, line string) act {
	return in(inside, fromServer(n, fmt.Sprintf("10.9.0.1%d:21", n), client, "A", lcoretest.Seq(seq, 106), lcoretest.Payload([]byte(line))))
}

// told is what has left a port since the last look: sequence and acknowledgment numbers and payload of each segment.
func (r *rig) told(port int) (lines []string) {
	r.turn()
	for _, f := range r.ports[port].Sent() {
		ip, _ := wire.ParseIPv4(f[l3:], len(f)-l3)
		tcp, ok := wire.ParseTCP(ip.Payload())
		if !ok || !ip.ChecksumOK() || wire.Checksum(tcp, ip.Pseudo()) != 0 || !ip.Whole() {
			r.t.Errorf("malformed: %s", lcoretest.Describe(f))
			continue
		}
		lines = append(lines, fmt.Sprintf("%d/%d %s", tcp.Seq(), tcp.Ack(), tcp[tcp.HeaderLen():]))
	}
	return lines
}

// tell plays an act and holds what has left a port to lines.
func (r *rig) tell(what string, a act, port int, want ...string) {
	r.t.Helper()
	r.turn()
	r.sent()
	a(r)
	if diff := cmp.Diff(want, r.told(port)); diff != "" {
		r.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// TestPassiveFTP: C12.1, C12.3, C12.4, C1.2; what the kernel did in scenarios b38.
func TestPassiveFTP(t *testing.T) {
	data := func(flags string) act { return in(outside, fromClient("172.16.0.1:20002", "10.0.0.1:8080", flags)) }
	timeline(t, files(0), []moment{
		{0, acts(control(alice, 3), says(alice, "PASV\r\n"), replies(3, alice, 500, passiveReply)), []string{
			"TCP 01:59 LISTEN 172.16.0.1:0 10.0.0.1:8080 10.9.0.13:8080", "TCP 14:59 ESTABLISHED 172.16.0.1:20001 10.0.0.1:21 10.9.0.13:21",
		}},
		{10 * second, acts(data("S"), in(inside, fromServer(3, "10.9.0.13:8080", "172.16.0.1:20002", "SA")), data("A")), []string{
			"TCP 14:49 ESTABLISHED 172.16.0.1:20001 10.0.0.1:21 10.9.0.13:21", "TCP 14:59 ESTABLISHED 172.16.0.1:20002 10.0.0.1:8080 10.9.0.13:8080",
		}},
		{20 * second, data("R"), []string{
			"TCP 14:39 ESTABLISHED 172.16.0.1:20001 10.0.0.1:21 10.9.0.13:21", "TCP 00:09 CLOSE 172.16.0.1:20002 10.0.0.1:8080 10.9.0.13:8080",
		}},
		{40 * second, nil, []string{"TCP 14:19 ESTABLISHED 172.16.0.1:20001 10.0.0.1:21 10.9.0.13:21"}},
	})
}

// TestFTPCounts: b38: a data connection is none for the counters of connections, but one that the server has.
func TestFTPCounts(t *testing.T) {
	r := newRig(t, files(0))
	acts(control(alice, 3), says(alice, "PASV\r\n"), replies(3, alice, 500, passiveReply))(r)
	r.turn()
	r.workers[0].publish()
	got := r.workers[0].Real(2)
	if got.Connections != 1 || got.Active != 1 || got.Inactive != 1 {
		t.Errorf("%+v, want 1 connection, 1 active and 1 inactive", got)
	}
}

// TestFTPLines: what client and server are told, and how numbers behind a line of another length are shifted.
func TestFTPLines(t *testing.T) {
	r := newRig(t, files(0))
	control(alice, 3)(r)
	reply := "227 Entering Passive Mode (10,0,0,1,31,144).\r\n" // a byte shorter
	r.tell("PASV", says(alice, "PASV\r\n"), inside, "100/500 PASV\r\n")
	r.tell("its reply", replies(3, alice, 500, passiveReply), outside, "500/106 "+reply)
	r.tell("once more", replies(3, alice, 500, passiveReply), outside, "500/106 "+reply)
	r.tell("what follows", replies(3, alice, 547, "150 ok\r\n"), outside, "546/106 150 ok\r\n")
	ack := func(n uint32) act { return in(outside, fromClient(alice, ftp21, "A", lcoretest.Seq(106, n))) }
	r.tell("an acknowledgment of all before", ack(500), inside, "106/500 ")
	r.tell("of the reply", ack(546), inside, "106/547 ")
	r.tell("of what follows", ack(554), inside, "106/555 ")
	r.tell("a longer one", acts(says(alice, "pasv\r\n"), replies(3, alice, 555, "227 (1,1,1,1,31,145)\r\n")), outside, "554/106 227 (10,0,0,1,31,145)\r\n")
	r.tell("behind both", replies(3, alice, 577, "150 ok\r\n"), outside, "577/106 150 ok\r\n")
	r.tell("EPSV", acts(says(alice, "EPSV\r\n"), replies(3, alice, 585, "229 ok (|||8090|)\r\n")), outside, "585/106 229 ok (|||8090|)\r\n")
	r.tell("a reply to nothing", acts(says(alice, "PORT 172,16,0,1,19,137\r\n"), replies(3, alice, 604, passiveReply)), outside, "604/106 "+passiveReply)
	r.conserve()
}

// TestTwoServersOnePort: a client that two servers tell the same port learns two.
func TestTwoServersOnePort(t *testing.T) {
	r := newRig(t, files(0))
	acts(control(alice, 3), control("172.16.0.1:20009", 2), says(alice, "EPSV\r\n"), says("172.16.0.1:20009", "EPSV\r\n"))(r)
	r.tell("the first", replies(3, alice, 500, "229 ok (|||8080|)\r\n"), outside, "500/106 229 ok (|||8080|)\r\n")
	r.tell("the second", replies(2, "172.16.0.1:20009", 500, "229 ok (|||8080|)\r\n"), outside, "500/106 229 ok (|||8081|)\r\n")
	for port, want := range map[string]string{"8081": "10.9.0.12:8080", "8080": "10.9.0.13:8080"} {
		if got := r.choose(fromClient("172.16.0.1:30001", "10.0.0.1:"+port, "S")); got != want {
			t.Errorf("port %s: %q, want %s", port, got, want)
		}
	}
}

// TestActiveFTP: C12.2: the server connects, from the virtual address, as the client has announced by PORT or EPRT.
func TestActiveFTP(t *testing.T) {
	for _, line := range []string{"PORT 172,16,0,1,19,137\r\n", "EPRT |1|172.16.0.1|5001|\r\n"} {
		timeline(t, files(0), []moment{
			{0, acts(control(alice, 3), says(alice, line), says(alice, line)), []string{
				"TCP 01:59 LISTEN 172.16.0.1:5001 10.0.0.1:20 10.9.0.13:20", "TCP 14:59 ESTABLISHED 172.16.0.1:20001 10.0.0.1:21 10.9.0.13:21",
			}},
			{1 * second, acts(in(inside, fromServer(3, "10.9.0.13:20", "172.16.0.1:5001", "S")), in(outside, fromClient("172.16.0.1:5001", "10.0.0.1:20", "SA")),
				in(inside, fromServer(3, "10.9.0.13:20", "172.16.0.1:5001", "A"))), []string{
				"TCP 14:58 ESTABLISHED 172.16.0.1:20001 10.0.0.1:21 10.9.0.13:21", "TCP 14:59 ESTABLISHED 172.16.0.1:5001 10.0.0.1:20 10.9.0.13:20",
			}},
		})
	}
}

// TestFTPOverIPv6: EPSV and EPRT (RFC 2428); lines that name IPv4 addresses mean nothing there.
func TestFTPOverIPv6(t *testing.T) {
	w := files(0)
	w.services = []wish{{proto: flow.TCP, vip: "[fd00::1]:21", servers: []string{"[fd09::13]:21"}}}
	client := func(opts ...lcoretest.Option) []byte { return fromClient(alice6, "[fd00::1]:21", "A", opts...) }
	server := func(opts ...lcoretest.Option) []byte { return fromServer(3, "[fd09::13]:21", alice6, "A", opts...) }
	line := func(text string) lcoretest.Option { return lcoretest.Payload([]byte(text)) }
	open := acts(in(outside, fromClient(alice6, "[fd00::1]:21", "S")), in(inside, fromServer(3, "[fd09::13]:21", alice6, "SA")), in(outside, client()))
	control := "TCP 14:59 ESTABLISHED fd16::1:20001 fd00::1:21 fd09::13:21"
	for _, tt := range []struct {
		what string
		act  act
		want []string
	}{
		{"EPSV", acts(in(outside, client(line("EPSV\r\n"))), in(inside, server(line("229 ok (|||8080|)\r\n")))), []string{
			"TCP 01:59 LISTEN fd16::1:0 fd00::1:8080 fd09::13:8080", control,
		}},
		{"EPRT", in(outside, client(line("EPRT |2|fd16::1|5001|\r\n"))), []string{
			"TCP 01:59 LISTEN fd16::1:5001 fd00::1:20 fd09::13:20", control,
		}},
		{"PASV", acts(in(outside, client(line("PASV\r\n"))), in(inside, server(line(passiveReply)))), []string{control}},
		{"PORT", in(outside, client(line("PORT 172,16,0,1,19,137\r\n"))), []string{control}},
	} {
		t.Run(tt.what, func(t *testing.T) { timeline(t, w, []moment{{0, acts(open, tt.act), tt.want}}) })
	}
}

// TestFTPControlLivesOn: C6.1: as long as it has data connections, and its template as long as it; nothing is left of either.
func TestFTPControlLivesOn(t *testing.T) {
	data := func(flags string) act { return in(outside, fromClient("172.16.0.1:20002", "10.0.0.1:8080", flags)) }
	w := files(10 * time.Second)
	r := newRig(t, w)
	acts(control(alice, 3), says(alice, "PASV\r\n"), replies(3, alice, 500, passiveReply))(r)
	acts(data("S"), in(inside, fromServer(3, "10.9.0.13:8080", "172.16.0.1:20002", "SA")), data("A"))(r)
	in(outside, fromClient(alice, ftp21, "R"))(r)
	r.pass(15*time.Second + 500*time.Millisecond)
	want := []string{
		"TCP 00:54 ASSURED 172.16.0.1:0 10.0.0.1:0 10.9.0.13:0", "TCP 00:54 CLOSE 172.16.0.1:20001 10.0.0.1:21 10.9.0.13:21",
		"TCP 14:44 ESTABLISHED 172.16.0.1:20002 10.0.0.1:8080 10.9.0.13:8080",
	}
	if diff := cmp.Diff(want, r.listing()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r.tell("the closed control connection is not opened again meanwhile", in(outside, fromClient(alice, ftp21, "S")), inside, "1/0 ")
	data("R")(r)
	r.pass(200 * time.Second)
	if h := &r.workers[0].transfers; len(r.listing()) != 0 || h.Used != 0 || h.waiting != 0 {
		t.Errorf("left: %v, %d places, %d waiting", r.listing(), h.Used, h.waiting)
	}
}

// TestFTPServerRemoved: whatever is ended by force, no place is lost.
func TestFTPServerRemoved(t *testing.T) {
	r := newRig(t, files(0))
	acts(control(alice, 3), says(alice, "PASV\r\n"), replies(3, alice, 500, passiveReply), control(bob, 2), says(bob, "PASV\r\n"))(r)
	w := files(0)
	w.settings.ExpireNodestConn = true
	for i := range w.services[0].servers {
		w.services[0].servers[i] += " 1 0 0 gone"
	}
	r.change(w)
	stop := r.run(1)
	if err := r.workers[0].PurgeConnections(); err != nil {
		t.Fatal(err)
	}
	stop()
	if h := &r.workers[0].transfers; len(r.listing()) != 0 || h.Used != 0 || h.waiting != 0 {
		t.Errorf("left: %v, %d places, %d waiting", r.listing(), h.Used, h.waiting)
	}
}

// TestFTPOff: without the helper, on other ports, and before the control connection is established, lines are left alone.
func TestFTPOff(t *testing.T) {
	off, other := files(0), files(0)
	off.settings.FTP = false
	other.settings.FTPPorts = [FTPPortsMax]uint16{2121}
	for name, w := range map[string]wishes{"off": off, "another port": other} {
		r := newRig(t, w)
		acts(control(alice, 3), says(alice, "PASV\r\n"))(r)
		r.tell(name, replies(3, alice, 500, passiveReply), outside, "500/106 "+passiveReply)
	}
	r := newRig(t, files(0))
	acts(in(outside, fromClient(alice, ftp21, "S")), in(outside, fromClient(alice, ftp21, "FA", lcoretest.Payload([]byte("PASV\r\n")))))(r)
	r.tell("not established", replies(3, alice, 500, passiveReply), outside, "500/106 "+passiveReply)
	if got := r.workers[0].conns.Entries[1].State; got != conn.TimeWait {
		t.Errorf("state %v", got)
	}
}

// TestFTPDamaged: a reply whose checksum is wrong stays so.
func TestFTPDamaged(t *testing.T) {
	r := newRig(t, files(0))
	acts(control(alice, 3), says(alice, "PASV\r\n"))(r)
	r.sent()
	frame := fromServer(3, "10.9.0.13:21", alice, "A", lcoretest.Seq(500, 106), lcoretest.Payload([]byte(passiveReply)))
	want := []string{"0: 10.0.0.1 > 172.16.0.1 tcp 21>20001 A seq 500 ack 106 len 47 ttl 63 csum bad tcp"}
	if diff := cmp.Diff(want, r.send(inside, damaged(frame, l3+wire.IPv4Len+17))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
