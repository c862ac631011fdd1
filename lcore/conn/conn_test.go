package conn

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
	"cleat/lcore/memory"
	"cleat/lcore/service"
)

func key(proto uint8, src, dst string) *flow.Key {
	s, d := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	return &flow.Key{Src: flow.FromNetip(s.Addr()), Dst: flow.FromNetip(d.Addr()), SrcPort: s.Port(), DstPort: d.Port(), Proto: proto}
}

func newShard(t testing.TB, capacity int) *Shard {
	s, err := NewShard(memory.Heap, capacity, &flow.Seed{1, 2, 3, 4}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *Shard) open(k *flow.Key, server string, port uint16) uint32 {
	i := s.Insert(k, flow.FromNetip(netip.MustParseAddr(server)), port)
	if i != 0 {
		s.Entries[i].Timeout = 100
		s.Touch(i, 0)
	}
	return i
}

func TestEntryIsOneCacheLine(t *testing.T) {
	if n := reflect.TypeFor[Entry]().Size(); n != memory.Line {
		t.Errorf("%d bytes, want %d", n, memory.Line)
	}
}

// TestFind: C1.2 and C1.3, with one connection of alice's through 10.0.0.1:80 to 10.9.0.11:8080.
func TestFind(t *testing.T) {
	const alice, vip, server = "172.16.0.1:20001", "10.0.0.1:80", "10.9.0.11:8080"
	for _, tt := range []struct {
		what          string
		forward       service.Forward
		key           *flow.Key
		input, output bool
	}{
		{"alice's packet", service.NAT, key(flow.TCP, alice, vip), true, false},
		{"another port of hers", service.NAT, key(flow.TCP, "172.16.0.1:20002", vip), false, false},
		{"another client", service.NAT, key(flow.TCP, "172.16.0.2:20001", vip), false, false},
		{"another virtual port", service.NAT, key(flow.TCP, alice, "10.0.0.1:81"), false, false},
		{"another VIP", service.NAT, key(flow.TCP, alice, "10.0.0.2:80"), false, false},
		{"another protocol", service.NAT, key(flow.UDP, alice, vip), false, false},
		{"the answer", service.NAT, key(flow.TCP, server, alice), false, true},
		{"from another port", service.NAT, key(flow.TCP, "10.9.0.11:80", alice), false, false},
		{"from another server", service.NAT, key(flow.TCP, "10.9.0.12:8080", alice), false, false},
		{"to another port", service.NAT, key(flow.TCP, server, "172.16.0.1:20002"), false, false},
		{"over another protocol", service.NAT, key(flow.UDP, server, alice), false, false},
		{"as the VIP, which NAT servers do not", service.NAT, key(flow.TCP, vip, alice), false, false},
		{"as the VIP, direct routing", service.Direct, key(flow.TCP, vip, alice), false, true},
		{"as itself, direct routing", service.Direct, key(flow.TCP, server, alice), false, false},
	} {
		s := newShard(t, 4)
		i := s.open(key(flow.TCP, alice, vip), "10.9.0.11", 8080)
		s.Entries[i].Forward = tt.forward
		if input, output := s.FindInput(tt.key), s.FindOutput(tt.key); input != 0 != tt.input || output != 0 != tt.output {
			t.Errorf("%s: input %d, output %d; want %v, %v", tt.what, input, output, tt.input, tt.output)
		}
	}
}

func TestEntryTells(t *testing.T) {
	s := newShard(t, 1)
	e := &s.Entries[s.open(key(flow.TCP, "172.16.0.1:20001", "10.0.0.1:80"), "10.9.0.11", 8080)]
	got := ""
	for _, side := range []func() (flow.Addr, uint16){e.Client, e.Virtual, e.Server} {
		a, port := side()
		got += fmt.Sprintf("%s:%d ", a.Netip(), port)
	}
	if want := "172.16.0.1:20001 10.0.0.1:80 10.9.0.11:8080 "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if !e.Live() || e.Deadline() != 100 || e.Proto != flow.TCP {
		t.Errorf("live %v, deadline %d, protocol %d", e.Live(), e.Deadline(), e.Proto)
	}
}

func TestFullShardRefuses(t *testing.T) {
	s := newShard(t, 2)
	a, b, c := key(flow.TCP, "172.16.0.1:1", "10.0.0.1:80"), key(flow.TCP, "172.16.0.1:2", "10.0.0.1:80"), key(flow.TCP, "172.16.0.1:3", "10.0.0.1:80")
	i := s.open(a, "10.9.0.11", 80)
	s.open(b, "10.9.0.11", 80)
	if s.open(c, "10.9.0.11", 80) != 0 {
		t.Error("a third connection fits where two do")
	}
	s.Remove(i)
	switch s.open(c, "10.9.0.11", 80) {
	case 0:
		t.Error("there is no room where one has just gone")
	case i:
		t.Error("a slot is used again within the turn that freed it")
	}
	if s.open(a, "10.9.0.11", 80) != 0 || s.FindInput(b) == 0 || s.FindInput(c) == 0 {
		t.Error("a third connection fits where two do")
	}
}

// TestShardIsAMap holds a shard to a plain map over random openings, hits, ends and passing time.
func TestShardIsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := NewShard(memory.Heap, 20, &flow.Seed{1, 2, 3, 4}, 0)
		if err != nil {
			t.Fatal(err)
		}
		due, now := map[flow.Key]uint32{}, uint32(0)
		t.Repeat(map[string]func(*rapid.T){
			"packet": func(t *rapid.T) {
				k := key(flow.TCP, "172.16.0.1:1", "10.0.0.1:80")
				k.Src, k.SrcPort = flow.V4(rapid.Uint32Range(0, 5).Draw(t, "client")), rapid.Uint16Range(0, 5).Draw(t, "port")
				timeout := rapid.Uint32Range(1, 600).Draw(t, "timeout")
				i := s.FindInput(k)
				if _, known := due[*k]; known != (i != 0) {
					t.Fatalf("found %d, known %v", i, known)
				}
				if i == 0 {
					if i = s.Insert(k, flow.V4(1), 80); i == 0 {
						if len(due) < 10 { // as many as one bucket of the index holds
							t.Fatalf("refused, with %d entries of %d", len(due), s.Capacity())
						}
						return
					}
				}
				s.Entries[i].Timeout = timeout
				s.Touch(i, now)
				due[*k] = now + timeout
			},
			"time": func(t *rapid.T) {
				now += rapid.Uint32Range(1, 300).Draw(t, "ticks")
				budget := 1000
				for i := s.Expired(now, &budget); i != 0; i = s.Expired(now, &budget) {
					e := &s.Entries[i]
					k := *key(e.Proto, "172.16.0.1:1", "10.0.0.1:80")
					k.Src, k.SrcPort = e.Client()
					if due[k] > now {
						t.Fatalf("%v ended at %d, due at %d", k, now, due[k])
					}
					delete(due, k)
					s.Remove(i)
				}
				s.Reclaim()
			},
			"": func(t *rapid.T) {
				if int(s.Used) != len(due) {
					t.Fatalf("%d entries, want %d", s.Used, len(due))
				}
			},
		})
	})
}
