package lcore

import (
	"testing"
	"time"

	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// TestTemplateSharing: which packets of clients share a template (persistence.md P1) and which port they get (P2 6), seen from outside:
// where they go. A new template goes to the next server of rr, 3, 2, 1.
func TestTemplateSharing(t *testing.T) {
	const (
		vip53  = "10.0.0.1:53"
		vip443 = "10.0.0.1:443"
	)
	mapped := []string{"10.9.0.11:8080", "10.9.0.12:8080", "10.9.0.13:8080"}
	type choice struct {
		frame []byte
		want  string
	}
	tcp := func(client, vip, want string) choice { return choice{fromClient(client, vip, "S"), want} }
	udp := func(client, vip, want string) choice { return choice{datagram(client, vip), want} }
	for _, tt := range []struct {
		name    string
		wishes  wishes
		choices []choice
	}{
		{"PPC: one for each port and protocol", with(kernel, web(hour),
			wish{proto: flow.TCP, vip: vip443, persist: hour, servers: three}, wish{proto: flow.UDP, vip: vip443, persist: hour, servers: three}), []choice{
			tcp("172.16.0.1:1", vip80, "10.9.0.13:80"), tcp("172.16.0.1:2", vip80, "10.9.0.13:80"), tcp("172.16.0.2:1", vip80, "10.9.0.12:80"),
			tcp("172.16.0.1:3", vip80, "10.9.0.13:80"), tcp("172.16.0.3:1", vip80, "10.9.0.11:80"), tcp("172.16.0.4:1", vip80, "10.9.0.13:80"),
			tcp("172.16.0.4:2", vip443, "10.9.0.13:80"), tcp("172.16.0.1:4", vip443, "10.9.0.12:80"), udp("172.16.0.1:4", vip443, "10.9.0.13:80"),
			tcp("172.16.0.1:5", vip80, "10.9.0.13:80"), tcp("172.16.0.1:5", vip443, "10.9.0.12:80"), udp("172.16.0.1:5", vip443, "10.9.0.13:80"),
		}},
		{"PPC: the server's port", with(kernel, wish{proto: flow.TCP, vip: vip80, persist: hour, servers: mapped}), []choice{
			tcp("172.16.0.1:1", vip80, "10.9.0.13:8080"), tcp("172.16.0.1:2", vip80, "10.9.0.13:8080"),
		}},
		{"PCC: one for all ports, one for each protocol; the packet's port", with(kernel,
			wish{proto: flow.TCP, vip: "10.0.0.1:0", persist: hour, servers: mapped}, wish{proto: flow.UDP, vip: "10.0.0.1:0", persist: hour, servers: mapped}), []choice{
			tcp("172.16.0.1:1", vip80, "10.9.0.13:80"), tcp("172.16.0.1:1", vip443, "10.9.0.13:443"), tcp("172.16.0.2:1", vip443, "10.9.0.12:443"),
			udp("172.16.0.2:1", vip53, "10.9.0.13:53"), udp("172.16.0.1:1", vip53, "10.9.0.12:53"), tcp("172.16.0.1:2", vip53, "10.9.0.13:53"),
		}},
		{"PFMC: one for both protocols, all ports; the packet's port", wishes{
			settings: kernel, marks: []service.Rule{mark(3)},
			services: []wish{{mark: 3, persist: hour, servers: mapped}},
		}, []choice{
			tcp("172.16.0.1:1", vip80, "10.9.0.13:80"), udp("172.16.0.1:1", vip53, "10.9.0.13:53"), tcp("172.16.0.1:2", vip443, "10.9.0.13:443"),
			udp("172.16.0.2:1", vip53, "10.9.0.12:53"), tcp("172.16.0.2:1", vip80, "10.9.0.12:80"),
		}},
		{"a mark without persistence has the server's port", wishes{settings: kernel, marks: []service.Rule{mark(3)}, services: []wish{{mark: 3, servers: mapped}}}, []choice{
			tcp("172.16.0.1:1", vip80, "10.9.0.13:8080"), udp("172.16.0.1:1", vip53, "10.9.0.12:8080"),
		}},
		{"P8.1: FTP and its data connections", with(kernel, wish{proto: flow.TCP, vip: "10.0.0.1:21", persist: hour, servers: []string{"10.9.0.11:21", "10.9.0.12:21"}}), []choice{
			tcp("172.16.0.1:1", "10.0.0.1:21", "10.9.0.12:21"), tcp("172.16.0.1:2", "10.0.0.1:1024", "10.9.0.12:1024"), tcp("172.16.0.2:2", "10.0.0.1:65535", "10.9.0.11:65535"),
			tcp("172.16.0.2:1", "10.0.0.1:21", "10.9.0.11:21"), tcp("172.16.0.1:3", "10.0.0.1:1023", ""),
		}},
		{"P1.4: FTP and PCC share", with(kernel, wish{proto: flow.TCP, vip: "10.0.0.1:21", persist: hour, servers: []string{"10.9.0.11:21"}},
			wish{proto: flow.TCP, vip: "10.0.0.1:0", persist: hour, servers: []string{"10.9.0.12:0"}}), []choice{
			tcp("172.16.0.1:1", "10.0.0.1:21", "10.9.0.11:21"), tcp("172.16.0.1:1", vip80, "10.9.0.11:80"),
			tcp("172.16.0.2:1", vip80, "10.9.0.12:80"), tcp("172.16.0.2:1", "10.0.0.1:21", "10.9.0.12:21"),
		}},
		{"/24", with(kernel, wish{proto: flow.TCP, vip: vip80, persist: hour, mask: 24, servers: three}), []choice{
			tcp("172.16.5.1:1", vip80, "10.9.0.13:80"), tcp("172.16.5.255:1", vip80, "10.9.0.13:80"), tcp("172.16.4.255:1", vip80, "10.9.0.12:80"),
			tcp("172.16.5.0:1", vip80, "10.9.0.13:80"),
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRig(t, tt.wishes)
			for i, c := range tt.choices {
				if got := r.choose(c.frame); got != c.want {
					t.Errorf("choice %d: %s, want %s", i, got, c.want)
				}
			}
			r.conserve()
		})
	}
}

// TestTemplateListing: the forms of templates as the kernel listed them.
func TestTemplateListing(t *testing.T) {
	timeline(t, wishes{settings: kernel, marks: []service.Rule{mark(3, service.PortRange{First: 9, Last: 9})}, services: []wish{
		web(300 * time.Second), {proto: flow.TCP, vip: "10.0.0.1:0", persist: hour, servers: three}, {mark: 3, persist: hour, mask: 16, servers: three},
	}}, []moment{
		{0, acts(in(outside, fromClient(alice, vip80, "S"), fromClient(bob, "10.0.0.1:22", "S"), datagram("172.16.0.3:1", "10.0.0.1:9"))), []string{
			"IP 59:59 NONE 172.16.0.0:0 0.0.0.3:0 10.9.0.13:0",
			"TCP 00:59 SYN_RECV 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80",
			"TCP 00:59 SYN_RECV 172.16.0.2:20001 10.0.0.1:22 10.9.0.13:22",
			"TCP 04:59 NONE 172.16.0.1:0 10.0.0.1:80 10.9.0.13:80",
			"TCP 59:59 NONE 172.16.0.2:0 10.0.0.1:0 10.9.0.13:0",
			"UDP 04:59 UDP 172.16.0.3:1 10.0.0.1:9 10.9.0.13:9",
		}},
	})
}

// TestTemplateHitSchedulesNothing: P2 5: on a hit weight and the scheduler's state do not count, P5.6.
func TestTemplateHitSchedulesNothing(t *testing.T) {
	r := newRig(t, with(kernel, web(hour)))
	if got := r.choose(fromClient(alice, vip80, "S")); got != "10.9.0.13:80" {
		t.Fatal(got)
	}
	r.change(with(kernel, wish{proto: flow.TCP, vip: vip80, persist: hour, servers: []string{"10.9.0.11:80", "10.9.0.12:80", "10.9.0.13:80 0"}}))
	if got := r.choose(fromClient("172.16.0.1:20002", vip80, "S")); got != "10.9.0.13:80" {
		t.Errorf("P5.6: alice's second connection went to %q", got)
	}
	if got := r.picks(3); got != "212" {
		t.Errorf("new clients went to %s, want 212", got)
	}
	if c := r.counters(); c.TemplateHits != 1 || c.TemplateMisses != 4 || c.TemplateInserts != 4 {
		t.Errorf("%d hits, %d misses, %d inserts; want 1, 4, 4", c.TemplateHits, c.TemplateMisses, c.TemplateInserts)
	}
}

// TestUnusableTemplates: P5.2, P5.3, and what becomes of the invalidated template (P5.7, P5.8) and its replacement (P5.9).
func TestUnusableTemplates(t *testing.T) {
	quiescent := kernel
	quiescent.ExpireQuiescentTemplate = true
	service := func(servers ...string) wish {
		return wish{proto: flow.TCP, vip: vip80, persist: 300 * time.Second, servers: servers}
	}
	for _, tt := range []struct {
		name     string
		settings Settings
		without  []string // 10.9.0.13
		resumed  string   // where the old connection's packets go
	}{
		{"P5.2: the server is removed", kernel, []string{"10.9.0.11:80", "10.9.0.12:80", "10.9.0.13:80 1 gone"}, ""},
		{"P5.3: it is quiesced", quiescent, []string{"10.9.0.11:80", "10.9.0.12:80", "10.9.0.13:80 0"}, "10.9.0.13:80"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			timeline(t, with(tt.settings, service(three...)), []moment{
				{0, establish(alice, 3), []string{
					"TCP 04:59 ASSURED 172.16.0.1:0 10.0.0.1:80 10.9.0.13:80", "TCP 14:59 ESTABLISHED 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80",
				}},
				{10 * time.Second, change(with(tt.settings, service(tt.without...))), []string{ // lazily: no scan
					"TCP 04:49 ASSURED 172.16.0.1:0 10.0.0.1:80 10.9.0.13:80", "TCP 14:49 ESTABLISHED 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80"}},
				{20 * time.Second, func(r *rig) {
					if got := r.choose(fromClient("172.16.0.1:20002", vip80, "S")); got != "10.9.0.12:80" {
						t.Errorf("the new connection went to %q", got)
					}
				}, []string{
					"TCP 00:59 SYN_RECV 172.16.0.1:20002 10.0.0.1:80 10.9.0.12:80",
					"TCP 04:39 ASSURED 172.16.0.1:0 10.0.0.1:65535 10.9.0.13:65535",
					"TCP 04:59 NONE 172.16.0.1:0 10.0.0.1:80 10.9.0.12:80",
					"TCP 14:39 ESTABLISHED 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80",
				}},
				{30 * time.Second, func(r *rig) {
					if got := r.choose(fromClient(alice, vip80, "A")); got != tt.resumed {
						t.Errorf("the old connection's packet went to %q, want %q", got, tt.resumed)
					}
					r.change(with(tt.settings, service(three...)))
					if got := r.choose(fromClient(alice, vip80, "A")); got != "10.9.0.13:80" {
						t.Errorf("with the server back, the old connection's packet went to %q", got)
					}
					if got := r.choose(fromClient("172.16.0.1:20003", vip80, "S")); got != "10.9.0.12:80" {
						t.Errorf("with the server back, a new connection went to %q", got)
					}
				}, []string{
					"TCP 00:49 SYN_RECV 172.16.0.1:20002 10.0.0.1:80 10.9.0.12:80",
					"TCP 00:59 SYN_RECV 172.16.0.1:20003 10.0.0.1:80 10.9.0.12:80",
					"TCP 04:29 ASSURED 172.16.0.1:0 10.0.0.1:65535 10.9.0.13:65535",
					"TCP 04:59 NONE 172.16.0.1:0 10.0.0.1:80 10.9.0.12:80",
					"TCP 14:59 ESTABLISHED 172.16.0.1:20001 10.0.0.1:80 10.9.0.13:80",
				}},
			})
		})
	}
}

// TestSharedTemplateCountsForTheServiceAsked: a connection counts for the service by which it was opened, its packets for that of its server, if a
// persistent FTP service and one of all ports share a template (P1.4).
func TestSharedTemplateCountsForTheServiceAsked(t *testing.T) {
	r := newRig(t, with(kernel,
		wish{proto: flow.TCP, vip: "10.0.0.1:21", persist: time.Minute, servers: []string{"10.9.0.11:21"}},
		wish{proto: flow.TCP, vip: "10.0.0.1:0", persist: time.Minute, servers: []string{"10.9.0.12:0"}}))
	r.send(outside, fromClient(alice, "10.0.0.1:21", "S"))
	r.send(outside, fromClient("172.16.0.1:20002", vip80, "S"), fromClient("172.16.0.1:20002", vip80, "A"))
	r.workers[0].publish()
	ftp, all := r.workers[0].Virtual(0), r.workers[0].Virtual(1)
	if ftp.Connections != 1 || all.Connections != 1 || ftp.InPackets != 3 || all.InPackets != 0 {
		t.Errorf("FTP %+v, all ports %+v", ftp, all)
	}
}
