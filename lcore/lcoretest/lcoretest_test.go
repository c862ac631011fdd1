package lcoretest

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cleat/lcore/burst"

	"github.com/google/go-cmp/cmp"
)

var (
	client = netip.MustParseAddrPort("10.8.0.2:20001")
	vip    = netip.MustParseAddrPort("10.0.0.1:80")
)

var (
	client6 = netip.MustParseAddrPort("[fd16::1]:20001")
	vip6    = netip.MustParseAddrPort("[fd00::1]:80")
)

func TestDescribe(t *testing.T) {
	segment := TCP(client, vip, "S")
	for _, tt := range []struct {
		frame []byte
		want  string
	}{
		{segment, "10.8.0.2 > 10.0.0.1 tcp 20001>80 S seq 1 ttl 64 csum ok"},
		{
			TCP(client, vip, "PA", Seq(7, 9), TTL(3), Payload([]byte("abc")), VLAN(5), MSS(1460)),
			"10.8.0.2 > 10.0.0.1 tcp 20001>80 PA seq 7 ack 9 mss 1460 len 3 ttl 3 csum ok",
		},
		{flip(segment, 35), "10.8.0.2 > 10.0.0.1 tcp 20000>80 S seq 1 ttl 64 csum bad tcp"},
		{flip(segment, 22), "10.8.0.2 > 10.0.0.1 tcp 20001>80 S seq 1 ttl 65 csum bad ip"},
		{flip(segment, 29), "10.8.0.3 > 10.0.0.1 tcp 20001>80 S seq 1 ttl 64 csum bad ip tcp"},
		{UDP(client, vip, Payload(make([]byte, 12))), "10.8.0.2 > 10.0.0.1 udp 20001>80 len 12 ttl 64 csum ok"},
		{UDP(client, vip, NoChecksum()), "10.8.0.2 > 10.0.0.1 udp 20001>80 ttl 64 csum none"},
		{flip(UDP(client, vip), 35), "10.8.0.2 > 10.0.0.1 udp 20000>80 ttl 64 csum bad udp"},
		{
			UDP(client, netip.MustParseAddrPort("10.0.0.1:53"), Payload([]byte("no DNS"))),
			"10.8.0.2 > 10.0.0.1 udp 20001>53 len 6 ttl 64 csum ok",
		},
		{
			Echo(client.Addr(), vip.Addr(), 3, 4, Payload([]byte("x"))),
			"10.8.0.2 > 10.0.0.1 icmp echo request 3 seq 4 len 1 ttl 64 csum ok",
		},
		{
			flip(EchoReply(client.Addr(), vip.Addr(), 3, 4), 41),
			"10.8.0.2 > 10.0.0.1 icmp echo reply 3 seq 5 ttl 64 csum bad icmp",
		},
		{
			ICMPError(vip.Addr(), client.Addr(), 3, 4, 1400, segment),
			"10.0.0.1 > 10.8.0.2 icmp 3/4 mtu 1400 (10.8.0.2 > 10.0.0.1 tcp 20001>80 csum ok) ttl 64 csum ok",
		},
		{
			ICMPError(vip.Addr(), client.Addr(), 11, 0, 0, flip(segment, 22)),
			"10.0.0.1 > 10.8.0.2 icmp 11/0 (10.8.0.2 > 10.0.0.1 tcp 20001>80 csum bad) ttl 64 csum ok",
		},
		{ARPRequest(ClientMAC, client.Addr(), vip.Addr()), "arp who has 10.0.0.1 tell 10.8.0.2 at 02:00:00:00:00:01"},
		{
			ARPReply(DirectorMAC, vip.Addr(), ClientMAC, client.Addr()),
			"arp 10.0.0.1 is at 02:00:00:00:00:02, to 10.8.0.2 at 02:00:00:00:00:01",
		},
		{TCP(client6, vip6, "S"), "fd16::1 > fd00::1 tcp 20001>80 S seq 1 ttl 64 csum ok"},
		{flip(TCP(client6, vip6, "S"), 55), "fd16::1 > fd00::1 tcp 20000>80 S seq 1 ttl 64 csum bad tcp"},
		{UDP(client6, vip6, Payload(make([]byte, 3)), Extension(0), Extension(60)), "fd16::1 > fd00::1 hop dest udp 20001>80 len 3 ttl 64 csum ok"},
		{UDP(client6, vip6, NoChecksum()), "fd16::1 > fd00::1 udp 20001>80 ttl 64 csum none"},
		{Echo(client6.Addr(), vip6.Addr(), 3, 4, TTL(9)), "fd16::1 > fd00::1 icmp6 echo request 3 seq 4 ttl 9 csum ok"},
		{flip(EchoReply(client6.Addr(), vip6.Addr(), 3, 4, Payload([]byte("x"))), 61), "fd16::1 > fd00::1 icmp6 echo reply 3 seq 5 len 1 ttl 64 csum bad icmp6"},
		{
			ICMPError(vip6.Addr(), client6.Addr(), 2, 0, 1400, TCP(client6, vip6, "S")),
			"fd00::1 > fd16::1 icmp6 2/0 mtu 1400 (fd16::1 > fd00::1 tcp 20001>80) ttl 64 csum ok",
		},
		{
			Solicitation(ClientMAC, client6.Addr(), vip6.Addr()),
			"fd16::1 > ff02::1:ff00:1 who has fd00::1, from 02:00:00:00:00:01 ttl 255 csum ok",
		},
		{
			Solicitation(ClientMAC, netip.IPv6Unspecified(), vip6.Addr()),
			":: > ff02::1:ff00:1 who has fd00::1, from nowhere ttl 255 csum ok",
		},
		{
			Advertisement(DirectorMAC, vip6.Addr(), ClientMAC, client6.Addr(), 0xe0),
			"fd00::1 > fd16::1 fd00::1 is at 02:00:00:00:00:02 flags RSO ttl 255 csum ok",
		},
		{Fragments6(UDP(client6, vip6, Payload(make([]byte, 24))), 16)[1], "fd16::1 > fd00::1 frag udp fragment 16+16 of 9 ttl 64 csum ok"},
		{TCP(client6, vip6, "S")[:70], "malformed: truncated"},
		{TCP(client6, vip6, "S")[:40], "malformed: IPv6"},
		{segment[:40], "malformed: truncated"},
		{segment[:10], "malformed: Ethernet packet too small"},
	} {
		if got := Describe(tt.frame); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestDescribeFragments(t *testing.T) {
	var got []string
	for _, frame := range Fragments(UDP(client, vip, ID(9), Payload(make([]byte, 40))), 24) {
		got = append(got, Describe(frame))
	}
	want := []string{
		"10.8.0.2 > 10.0.0.1 udp fragment 0+24 of 9 ttl 64 csum ok",
		"10.8.0.2 > 10.0.0.1 udp fragment 24+24 of 9 ttl 64 csum ok",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDescribeLink(t *testing.T) {
	frame := TCP(client, vip, "S", Link(DirectorMAC, RealMAC), VLAN(7), VLAN(8))
	want := "02:00:00:00:00:02 > 02:00:00:00:00:03 vlan 7 vlan 8"
	if got := DescribeLink(frame); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPortPassesFramesOn(t *testing.T) {
	pool := NewPool(t, 8)
	port := NewPort(pool, 2)
	port.Segment = 60
	port.OnReceive = func(p *burst.Packet) { p.Hash = 42 }
	long, short := UDP(client, vip, Payload(make([]byte, 5000))), TCP(client, vip, "A", Payload([]byte("at least 46 bytes")))
	port.Inject(0, long)
	port.Inject(1, short, short)

	pkts := make([]burst.Packet, burst.Size)
	if n := port.Queue(0).Receive(pkts); n != 1 {
		t.Fatalf("received %d, want 1", n)
	}
	p := &pkts[0]
	if len(p.Data) != 60 || int(p.Len) != len(long) || p.Segments != 4 || p.Headroom != burst.Headroom || p.Hash != 42 {
		t.Errorf("a long frame is received as %+v", *p)
	}
	n := port.Queue(1).Receive(pkts[1:])
	pkts[2].Flags, pkts[2].VLAN = burst.VLANInsert, 3
	port.Queue(1).Transmit(pkts[:1+n])

	sent := port.Sent()
	if diff := cmp.Diff([][]byte{long, short, TCP(client, vip, "A", Payload([]byte("at least 46 bytes")), VLAN(3))}, sent); diff != "" {
		t.Error(diff)
	}
	if port.Waiting() != 0 || port.Sent() != nil {
		t.Error("frames are left over")
	}
}

func TestPortWaitsForThePool(t *testing.T) {
	pool := NewPool(t, 2)
	port := NewPort(pool, 1)
	frame := TCP(client, vip, "S")
	port.Inject(0, frame, frame, frame)
	pkts := make([]burst.Packet, burst.Size)
	n := port.Queue(0).Receive(pkts)
	pool.Free(pkts[:n])
	if m := port.Queue(0).Receive(pkts); n != 2 || m != 1 {
		t.Errorf("received %d and %d, want 2 and 1", n, m)
	}
	pool.Free(pkts[:1])
}

// recorder is a test that may fail: it keeps what it is told, and its clean-ups for the test to run.
type recorder struct {
	testing.TB
	errors   []string
	cleanups []func()
}

func (r *recorder) Helper()                        {}
func (r *recorder) Cleanup(f func())               { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, _ ...any) { r.errors = append(r.errors, format) }

func TestPoolFailsTheTest(t *testing.T) {
	frame := TCP(client, vip, "S")
	for _, tt := range []struct {
		name  string
		abuse func(*Port, burst.Pool, []burst.Packet)
		want  string
	}{
		{"nothing wrong", func(port *Port, _ burst.Pool, p []burst.Packet) { port.Queue(0).Transmit(p) }, ""},
		{"lost", func(*Port, burst.Pool, []burst.Packet) {}, "were not given back"},
		{"freed twice", func(_ *Port, pool burst.Pool, p []burst.Packet) { pool.Free(p); pool.Free(p) }, "was given back before"},
		{"stale copy", func(_ *Port, pool burst.Pool, p []burst.Packet) {
			old := append([]burst.Packet(nil), p...)
			pool.Free(p)
			pool.Alloc(p)
			pool.Free(old)
			pool.Free(p)
		}, "was given back before"},
		{"freed after Transmit", func(port *Port, pool burst.Pool, p []burst.Packet) {
			port.Queue(0).Transmit(p)
			pool.Free(p)
		}, "was given back before"},
		{"strange handle", func(port *Port, pool burst.Pool, p []burst.Packet) {
			pool.Free([]burst.Packet{{Handle: 99}})
			pool.Free(p)
		}, "is not of this pool"},
		{"wrong Len", func(port *Port, _ burst.Pool, p []burst.Packet) { p[0].Len++; port.Queue(0).Transmit(p) }, "Len %d, but"},
		{"wrong Headroom", func(port *Port, _ burst.Pool, p []burst.Packet) {
			p[0].Headroom++
			port.Queue(0).Transmit(p)
		}, "Headroom %d, but"},
		{"other's Data", func(port *Port, pool burst.Pool, p []burst.Packet) {
			p[0].Data = append([]byte(nil), p[0].Data...)
			port.Queue(0).Transmit(p)
		}, "not lie in its own buffer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{TB: t}
			pool := NewPool(r, 4)
			port := NewPort(pool, 1)
			port.Inject(0, frame)
			pkts := make([]burst.Packet, 1)
			port.Queue(0).Receive(pkts)
			tt.abuse(port, pool, pkts)
			for _, f := range r.cleanups {
				f()
			}
			got := strings.Join(r.errors, "\n")
			if (tt.want == "") != (got == "") || !strings.Contains(got, tt.want) {
				t.Errorf("failed with %q, want %q", got, tt.want)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	pool := NewPool(t, 8)
	port := NewPort(pool, 1)
	starved := &Starve{Pool: pool, N: 3}
	pkts := make([]burst.Packet, 2)
	for i, want := range []bool{true, true, false, true} {
		if got := starved.Alloc(pkts); got != want {
			t.Errorf("Alloc %d: %v, want %v", i, got, want)
		} else if got {
			starved.Free(pkts)
		}
	}

	frame := TCP(client, vip, "S")
	port.Inject(0, frame, frame)
	jam := &Jam{Queue: port.Queue(0), Room: 1}
	jam.Receive(pkts)
	if n := jam.Transmit(pkts); n != 1 || len(port.Sent()) != 1 {
		t.Errorf("a jammed queue took %d", n)
	}
	jam.Room = 0
	if n := jam.Transmit(pkts[1:]); n != 0 {
		t.Errorf("a full queue took %d", n)
	}
	pool.Free(pkts[1:])
}

func TestReplayDoesNotAllocate(t *testing.T) {
	replay := NewReplay(NewPool(t, burst.Size), TCP(client, vip, "S"), UDP(client, vip))
	pkts := make([]burst.Packet, burst.Size)
	allocs := testing.AllocsPerRun(10, func() { replay.Transmit(pkts[:replay.Receive(pkts)]) })
	if allocs != 0 || replay.Transmitted != 11*burst.Size {
		t.Errorf("%v allocations, %d packets", allocs, replay.Transmitted)
	}
}

func TestCaptureWritesPcap(t *testing.T) {
	port := NewPort(NewPool(t, 1), 1)
	frame := TCP(client, vip, "S")
	port.Inject(0, frame)
	path := filepath.Join(t.TempDir(), "x.pcap")
	capture := NewCapture(t, port.Queue(0), path)
	pkts := make([]burst.Packet, 1)
	capture.Receive(pkts)
	capture.Transmit(pkts)
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := 24 + 2*(16+len(frame)); len(file) != want || !strings.Contains(string(file[24+16:]), string(frame)) {
		t.Errorf("the file has %d bytes, want %d", len(file), want)
	}
}

// flip returns a copy of frame with the lowest bit of byte i flipped.
func flip(frame []byte, i int) []byte {
	frame = append([]byte(nil), frame...)
	frame[i] ^= 1
	return frame
}
