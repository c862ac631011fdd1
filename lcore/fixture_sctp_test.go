package lcore

import (
	"net/netip"
	"testing"
	"time"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
	"cleat/lcore/wheel"
	"cleat/lcore/wire"
)

const vip36412 = "10.0.0.1:36412"

func sctpIn(client string, chunks ...uint8) []byte {
	return lcoretest.SCTP(netip.MustParseAddrPort(client), netip.MustParseAddrPort(vip36412), chunks, lcoretest.Link(gatewayMAC, outsideMAC))
}

func sctpOut(server, client string, chunks ...uint8) []byte {
	return lcoretest.SCTP(netip.MustParseAddrPort(server), netip.MustParseAddrPort(client), chunks, lcoretest.Link(serverMAC(1), insideMAC))
}

// association is an SCTP service whose server has a port of its own.
func association(persist time.Duration) wish {
	return wish{proto: flow.SCTP, vip: vip36412, persist: persist, servers: []string{"10.9.0.11:9999"}}
}

// corrupted is a frame whose verification tag is not the one that was sent.
func corrupted(frame []byte) []byte {
	frame[wire.EthernetLen+20+4] ^= 1
	return frame
}

var sctpFixtures = []fixture{
	{"an SCTP association", with(kernel, association(0)), []step{
		{
			"INIT", in(outside, sctpIn(alice, wire.ChunkInit)), counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.11 sctp 20001>9999 chunk 1 len 4 ttl 63 csum ok"},
		},
		{
			"INIT ACK", in(inside, sctpOut("10.9.0.11:9999", alice, wire.ChunkInitAck)), counted{ForwardOutput: 1},
			sent{"0: 10.0.0.1 > 172.16.0.1 sctp 36412>20001 chunk 2 len 4 ttl 63 csum ok"},
		},
		{
			"COOKIE ECHO with data", in(outside, sctpIn(alice, wire.ChunkCookieEcho, wire.ChunkData)), counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.11 sctp 20001>9999 chunk 10 len 8 ttl 63 csum ok"},
		},
		{
			"F1.8: a wrong checksum stays wrong", in(outside, corrupted(sctpIn(alice, wire.ChunkData, wire.ChunkData))), counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.11 sctp 20001>9999 chunk 0 len 8 ttl 63 csum bad sctp"},
		},
		{
			"an error about it", in(outside, lcoretest.ICMPError(netip.MustParseAddr("172.16.0.1"), netip.MustParseAddr("10.0.0.1"), 3, 2, 0,
				lcoretest.SCTP(netip.MustParseAddrPort(vip36412), netip.MustParseAddrPort(alice), []uint8{wire.ChunkData}), lcoretest.Link(gatewayMAC, outsideMAC))),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.11 icmp 3/2 (10.9.0.11 > 172.16.0.1 sctp 9999>20001 csum ok) ttl 63 csum ok"},
		},
	}},
	{"C3: what opens no association", with(kernel, association(0)), []step{
		{"ABORT", in(outside, sctpIn(alice, wire.ChunkAbort)), counted{AnswerUnreachable: 1}, sent{
			"0: 10.0.0.1 > 172.16.0.1 icmp 3/3 (172.16.0.1 > 10.0.0.1 sctp 20001>36412 csum ok) ttl 64 csum ok",
		}},
		{"data", in(outside, sctpIn(alice, wire.ChunkData)), counted{AnswerUnreachable: 1}, sent{
			"0: 10.0.0.1 > 172.16.0.1 icmp 3/3 (172.16.0.1 > 10.0.0.1 sctp 20001>36412 csum ok) ttl 64 csum ok",
		}},
		{"no chunk", in(outside, sctpIn(alice)), counted{DropTransportHeader: 1}, nil},
	}},
	{"C3: sloppy_sctp", with(sloppySCTP(), association(0)), []step{
		{"data", in(outside, sctpIn(alice, wire.ChunkData)), counted{ForwardInput: 1}, sent{
			"1: 172.16.0.1 > 10.9.0.11 sctp 20001>9999 chunk 0 len 4 ttl 63 csum ok",
		}},
		{"ABORT", in(outside, sctpIn(bob, wire.ChunkAbort)), counted{AnswerUnreachable: 1}, sent{
			"0: 10.0.0.1 > 172.16.0.2 icmp 3/3 (172.16.0.2 > 10.0.0.1 sctp 20001>36412 csum ok) ttl 64 csum ok",
		}},
	}},
	{"C8: an SCTP service without a server", with(kernel, wish{proto: flow.SCTP, vip: vip36412}), []step{
		{"INIT", in(outside, sctpIn(alice, wire.ChunkInit)), counted{AnswerNoDestination: 1}, sent{
			"0: 10.0.0.1 > 172.16.0.1 icmp 3/3 (172.16.0.1 > 10.0.0.1 sctp 20001>36412 csum ok) ttl 64 csum ok",
		}},
	}},
}

func sloppySCTP() Settings {
	s := kernel
	s.SloppySCTP = true
	return s
}

// TestSCTPStates: the life of an association and of its template (C5.2, P8.4), and a new one from the same port (C2 3 b).
func TestSCTPStates(t *testing.T) {
	r := newRig(t, with(kernel, association(300*time.Second)))
	for _, s := range []struct {
		frame   []byte
		port    int
		state   string
		seconds uint32
	}{
		{sctpIn(alice, wire.ChunkInit), outside, "INIT1", 4},
		{sctpOut("10.9.0.11:9999", alice, wire.ChunkInitAck), inside, "C-SENT", 61},
		{sctpIn(alice, wire.ChunkCookieEcho), outside, "C-REPLIED", 61},
		{sctpOut("10.9.0.11:9999", alice, wire.ChunkCookieAck), inside, "ESTABLISHED", 900},
		{sctpIn(alice, wire.ChunkData), outside, "ESTABLISHED", 900},
		{sctpIn(alice, wire.ChunkShutdown), outside, "S-RECEIVED", 61},
		{sctpOut("10.9.0.11:9999", alice, wire.ChunkAbort), inside, "CLOSED", 61},
	} {
		r.send(s.port, s.frame)
		assured := "ASSURED"
		if s.state == "INIT1" || s.state == "C-SENT" || s.state == "C-REPLIED" {
			assured = "NONE"
		}
		want := []string{
			line(flow.SCTP, 300*wheel.Second, assured, "172.16.0.1:0", vip36412, "10.9.0.11:9999"),
			line(flow.SCTP, s.seconds*wheel.Second, s.state, alice, vip36412, "10.9.0.11:9999"),
		}
		if got := r.listing(); len(got) != 2 || !(got[0] == want[0] && got[1] == want[1] || got[0] == want[1] && got[1] == want[0]) {
			t.Fatalf("%s: %q, want %q", s.state, got, want)
		}
	}
}
