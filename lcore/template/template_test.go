package template

import (
	"net/netip"
	"reflect"
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/memory"
	"cleat/lcore/service"
)

func ip(s string) flow.Addr { return flow.FromNetip(netip.MustParseAddr(s)) }

func packet(proto uint8, src, dst string) *flow.Key {
	s, d := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	return &flow.Key{Src: flow.FromNetip(s.Addr()), Dst: flow.FromNetip(d.Addr()), SrcPort: s.Port(), DstPort: d.Port(), Proto: proto}
}

// TestKeyOf is the table of persistence.md P1, and its statements.
func TestKeyOf(t *testing.T) {
	host, net24, all := flow.MaskOf(32, true), flow.MaskOf(24, true), flow.MaskOf(0, true)
	ppc := &service.Virtual{Proto: flow.TCP, Addr: ip("10.0.0.1"), Port: 80, Mask: host}
	ppcUDP := &service.Virtual{Proto: flow.UDP, Addr: ip("10.0.0.1"), Port: 53, Mask: host}
	wide := &service.Virtual{Proto: flow.TCP, Addr: ip("10.0.0.1"), Port: 80, Mask: net24}
	anybody := &service.Virtual{Proto: flow.TCP, Addr: ip("10.0.0.1"), Port: 80, Mask: all}
	ftp := &service.Virtual{Proto: flow.TCP, Addr: ip("10.0.0.1"), Port: 21, Mask: host}
	pcc := &service.Virtual{Proto: flow.TCP, Addr: ip("10.0.0.1"), Mask: host}
	pccUDP := &service.Virtual{Proto: flow.UDP, Addr: ip("10.0.0.1"), Mask: host}
	pfmc := &service.Virtual{Mark: 100, Addr: flow.V4(0), Mask: net24}
	pfmc6 := &service.Virtual{Mark: 100, Mask: flow.MaskOf(64, false)}
	v4, v6 := packet(flow.TCP, "172.16.5.1:20001", "10.0.0.1:80"), packet(flow.TCP, "[fd08::1:2]:20001", "[fd00::1]:80")
	const client = "172.16.5.1"
	for _, tt := range []struct {
		what     string
		service  *service.Virtual
		key      *flow.Key
		want     Key
		wantPort uint16 // kept in the template, of a server with port 8080
	}{
		{"PPC", ppc, v4, Key{ip(client), ip("10.0.0.1"), 80, flow.TCP, 0}, 8080},
		{"PPC, UDP", ppcUDP, packet(flow.UDP, "172.16.5.1:9", "10.0.0.1:53"), Key{ip(client), ip("10.0.0.1"), 53, flow.UDP, 0}, 8080},
		{"PPC, /24", wide, v4, Key{ip("172.16.5.0"), ip("10.0.0.1"), 80, flow.TCP, 0}, 8080},
		{"P1.5: PPC, /0", anybody, v4, Key{ip("0.0.0.0"), ip("10.0.0.1"), 80, flow.TCP, 0}, 8080},
		{"FTP", ftp, packet(flow.TCP, "172.16.5.1:9", "10.0.0.1:21"), Key{ip(client), ip("10.0.0.1"), 0, flow.TCP, 0}, 0},
		{"FTP data", ftp, packet(flow.TCP, "172.16.5.1:9", "10.0.0.1:1024"), Key{ip(client), ip("10.0.0.1"), 0, flow.TCP, 0}, 0},
		{"PCC", pcc, v4, Key{ip(client), ip("10.0.0.1"), 0, flow.TCP, 0}, 0},
		{"P1.3: PCC, UDP", pccUDP, packet(flow.UDP, "172.16.5.1:9", "10.0.0.1:80"), Key{ip(client), ip("10.0.0.1"), 0, flow.UDP, 0}, 0},
		{"PFMC", pfmc, v4, Key{ip("172.16.5.0"), ip("0.0.0.100"), 0, 0, 0}, 0},
		{"P1.2: PFMC, UDP, another VIP and port", pfmc, packet(flow.UDP, "172.16.5.9:9", "10.0.0.2:53"), Key{ip("172.16.5.0"), ip("0.0.0.100"), 0, 0, 0}, 0},
		{"P1.7: PFMC, IPv6", pfmc6, v6, Key{ip("fd08::"), ip("0:64::"), 0, 0, 0}, 0},
	} {
		got := KeyOf(tt.service, tt.key)
		if got != tt.want {
			t.Errorf("%s: KeyOf = %+v, want %+v", tt.what, got, tt.want)
		}
		if mark := tt.service.Mark; mark != 0 && got.Mark() != mark {
			t.Errorf("%s: Mark = %d, want %d", tt.what, got.Mark(), mark)
		}
		if got := PortOf(tt.service, tt.key.DstPort, &service.Real{Port: 8080}); got != tt.wantPort {
			t.Errorf("%s: PortOf = %d, want %d", tt.what, got, tt.wantPort)
		}
	}
}

func newShard(t *testing.T, capacity int) *Shard {
	s, err := NewShard(memory.Heap, capacity, capacity, &flow.Seed{1, 2, 3, 4}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEntryIsOneCacheLine(t *testing.T) {
	if n := reflect.TypeFor[Entry]().Size(); n != memory.Line {
		t.Errorf("%d bytes, want %d", n, memory.Line)
	}
}

// TestFind: every part of the key counts.
func TestFind(t *testing.T) {
	s := newShard(t, 4)
	four := Key{ip("172.16.5.0"), ip("10.0.0.1"), 80, flow.TCP, 0}
	six := Key{ip("fd16::ac10:500"), ip("fd00::a00:1"), 80, flow.TCP, 0}
	for n, key := range []Key{four, six} {
		i := s.Insert(&key, nil, uint32(n)+7, 8080, 100)
		s.Touch(i, 0)
		for _, other := range []Key{
			{ip("172.16.6.0"), key.Virtual, 80, flow.TCP, 0},
			{ip("fd17::ac10:500"), key.Virtual, 80, flow.TCP, 0},
			{key.Client, ip("10.0.0.2"), 80, flow.TCP, 0},
			{key.Client, ip("fd01::a00:1"), 80, flow.TCP, 0},
			{key.Client, key.Virtual, 0, flow.TCP, 0},
			{key.Client, key.Virtual, 80, flow.UDP, 0},
		} {
			if s.Find(&other, nil) != 0 {
				t.Errorf("%+v finds the template of %+v", other, key)
			}
		}
		e := s.Row(i)
		if s.Find(&key, nil) != i || e.Key != key || e.Slot != uint32(n)+7 || e.ServerPort() != 8080 || e.AllPorts() || e.Timeout != 100 || e.Full != 100 || e.Deadline() != 100 {
			t.Errorf("found %d, %+v", s.Find(&key, nil), e)
		}
	}
	if s.same(&s.Entries[s.Find(&four, nil)], &six) || s.same(&s.Entries[s.Find(&six, nil)], &four) {
		t.Error("families are confused where hashes meet")
	}
	if used, capacity := s.Wide(); used != 1 || capacity != 4 {
		t.Errorf("%d of %d are of IPv6", used, capacity)
	}
}

// TestInvalidate is P5.7: never found again, in the table until its timer ends, listed with ports 65535; and P5.9: its key is free.
func TestInvalidate(t *testing.T) {
	s := newShard(t, 2)
	key := Key{ip("172.16.5.0"), ip("10.0.0.1"), 80, flow.TCP, 0}
	old := s.Insert(&key, nil, 1, 8080, 100)
	s.Touch(old, 0)
	s.Invalidate(old)
	e := &s.Entries[old]
	if want := (Key{key.Client, key.Virtual, 65535, flow.TCP, 0}); s.Find(&key, nil) != 0 || !e.Live() || !e.Invalid() || s.Key(e) != want || e.ServerPort() != 65535 || e.Deadline() != 100 {
		t.Errorf("found %d, %+v with key %+v and port %d", s.Find(&key, nil), e, s.Key(e), e.ServerPort())
	}
	fresh := s.Insert(&key, nil, 2, 8080, 100)
	s.Touch(fresh, 50)
	budget := 9
	if due := s.Expired(100, &budget); due != old {
		t.Errorf("%d is due, want %d", due, old)
	}
	s.Remove(old)
	s.Reclaim()
	if s.Find(&key, nil) != fresh || s.Used != 1 {
		t.Errorf("found %d of %d, want %d", s.Find(&key, nil), s.Used, fresh)
	}
}

// TestInvalidAgainAndAgain: what is invalid takes no place in the index, however often that happens to one client.
func TestInvalidAgainAndAgain(t *testing.T) {
	s := newShard(t, 100)
	key := Key{ip("172.16.5.0"), ip("10.0.0.1"), 80, flow.TCP, 0}
	for n := range 100 {
		i := s.Insert(&key, nil, 1, 8080, 100)
		if i == 0 {
			t.Fatalf("no place for template %d", n)
		}
		s.Touch(i, 0)
		s.Invalidate(i)
	}
}

func TestFullShardRefuses(t *testing.T) {
	s := newShard(t, 1)
	key, other := Key{Client: ip("172.16.5.0")}, Key{Client: ip("172.16.6.0")}
	i := s.Insert(&key, nil, 1, 0, 1)
	s.Touch(i, 0)
	if s.Insert(&other, nil, 1, 0, 1) != 0 || s.Find(&key, nil) != i || s.Used != 1 {
		t.Errorf("a second template fits where one does")
	}
}

// TestFullOfIPv6: when there is no room for further IPv6 addresses, IPv4 still fits.
func TestFullOfIPv6(t *testing.T) {
	s, err := NewShard(memory.Heap, 2, 1, &flow.Seed{1, 2, 3, 4}, 0)
	if err != nil {
		t.Fatal(err)
	}
	a, b, c, d := Key{Client: ip("fd16::1")}, Key{Client: ip("fd16::2")}, Key{Client: ip("172.16.5.0"), Virtual: ip("10.0.0.1")}, Key{Client: ip("fd16::3")}
	first := s.Insert(&a, nil, 1, 0, 1)
	s.Touch(first, 0)
	if first == 0 || s.Insert(&b, nil, 1, 0, 1) != 0 || s.Insert(&c, nil, 1, 0, 1) == 0 {
		t.Error("one template of IPv6 and one of IPv4 fit")
	}
	s.Remove(first)
	s.Reclaim()
	if s.Insert(&d, nil, 1, 0, 1) == 0 || s.Find(&a, nil) != 0 {
		t.Error("the place of one that has gone is free")
	}
}
