package conn

import (
	"fmt"
	"math/bits"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
	"cleat/lcore/memory"
	"cleat/lcore/service"
)

// TestSetClientPort: an entry is found under its client's port from then on, and under 0 no more; without room in the index it stays as it was.
func TestSetClientPort(t *testing.T) {
	s, err := NewShard(memory.Heap, 4000, 0, &flow.Seed{1, 2, 3, 4}, 0) // in a small one both ports could mean the same bucket
	if err != nil {
		t.Fatal(err)
	}
	any := flow.Key{Src: flow.V4(1), Dst: flow.V4(2), DstPort: 8080, Proto: flow.TCP}
	known := any
	known.SrcPort = 20002
	i := s.Insert(&any, flow.V4(3), 8080)
	if !s.SetClientPort(i, 20002) || s.FindInput(&known) != i || s.FindInput(&any) != 0 {
		t.Errorf("entry %d: found at %d under its port, at %d under 0", i, s.FindInput(&known), s.FindInput(&any))
	}
	i = s.Insert(&any, flow.V4(4), 8080)
	for port := uint16(1); ; port++ { // until the places for the client's port are taken
		crowd := known
		crowd.DstPort = port
		if s.Insert(&crowd, flow.V4(3), 8080) == 0 {
			break
		}
	}
	if s.SetClientPort(i, 20002) || s.FindInput(&any) != i {
		t.Errorf("entry %d: found at %d under 0 when there was no room", i, s.FindInput(&any))
	}
}

func key(proto uint8, src, dst string) *flow.Key {
	s, d := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	return &flow.Key{Src: flow.FromNetip(s.Addr()), Dst: flow.FromNetip(d.Addr()), SrcPort: s.Port(), DstPort: d.Port(), Proto: proto}
}

func newShard(t testing.TB, capacity int) *Shard {
	s, err := NewShard(memory.Heap, capacity, capacity, &flow.Seed{1, 2, 3, 4}, 0)
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

// TestFind: C1.2 and C1.3, with one connection of alice's through the VIP's port 80 to port 8080 of a server, over IPv4, over IPv6 with the same
// last 32 bits, and from IPv4 to IPv6 (a tunnel's).
func TestFind(t *testing.T) {
	v4 := []string{"172.16.0.1", "172.16.0.2", "10.0.0.1", "10.0.0.2", "10.9.0.11", "10.9.0.12"}
	v6 := []string{"[fd16::ac10:1]", "[fd17::ac10:1]", "[fd00::a00:1]", "[fd01::a00:1]", "[fd09::a09:b]", "[fd19::a09:b]"}
	for _, family := range [][]string{v4, v6, {v4[0], v4[1], v4[2], v4[3], v6[4], v6[5]}} {
		alice, bob, vip, other, server, stranger := family[0], family[1], family[2], family[3], family[4], family[5]
		for _, tt := range []struct {
			what          string
			forward       service.Forward
			key           *flow.Key
			input, output bool
		}{
			{"alice's packet", service.NAT, key(flow.TCP, alice+":20001", vip+":80"), true, false},
			{"another port of hers", service.NAT, key(flow.TCP, alice+":20002", vip+":80"), false, false},
			{"another client", service.NAT, key(flow.TCP, bob+":20001", vip+":80"), false, false},
			{"another virtual port", service.NAT, key(flow.TCP, alice+":20001", vip+":81"), false, false},
			{"another VIP", service.NAT, key(flow.TCP, alice+":20001", other+":80"), false, false},
			{"another protocol", service.NAT, key(flow.UDP, alice+":20001", vip+":80"), false, false},
			{"the answer", service.NAT, key(flow.TCP, server+":8080", alice+":20001"), false, true},
			{"from another port", service.NAT, key(flow.TCP, server+":80", alice+":20001"), false, false},
			{"from another server", service.NAT, key(flow.TCP, stranger+":8080", alice+":20001"), false, false},
			{"to another port", service.NAT, key(flow.TCP, server+":8080", alice+":20002"), false, false},
			{"to another client", service.NAT, key(flow.TCP, server+":8080", bob+":20001"), false, false},
			{"over another protocol", service.NAT, key(flow.UDP, server+":8080", alice+":20001"), false, false},
			{"as the VIP, which NAT servers do not", service.NAT, key(flow.TCP, vip+":80", alice+":20001"), false, false},
			{"as the VIP, direct routing", service.Direct, key(flow.TCP, vip+":80", alice+":20001"), false, true},
			{"as another VIP, direct routing", service.Direct, key(flow.TCP, other+":80", alice+":20001"), false, false},
			{"as itself, direct routing", service.Direct, key(flow.TCP, server+":8080", alice+":20001"), false, false},
		} {
			s := newShard(t, 4)
			i := s.open(key(flow.TCP, alice+":20001", vip+":80"), strings.Trim(server, "[]"), 8080)
			s.Entries[i].Forward = tt.forward
			if input, output := s.FindInput(tt.key), s.FindOutput(tt.key); input != 0 != tt.input || output != 0 != tt.output {
				t.Errorf("to %s, %s: input %d, output %d; want %v, %v", vip, tt.what, input, output, tt.input, tt.output)
			}
			if s.Entries[i].wide == 0 && tt.key.Src.Is4() {
				for _, output := range []bool{false, true} {
					hash, at, found := [1]uint64{s.Hash(tt.key, output)}, [1]uint32{}, [1]uint32{}
					s.Near(hash[:], at[:])
					s.Candidates(hash[:], at[:], found[:])
					ends, ports := endsOf(tt.key)
					e := &s.Entries[found[0]]
					hit := e.FromRequest(ends, ports)|e.FromPlain(tt.key.Proto) == 0
					if output {
						hit = e.FromAnswer(ends, ports)|e.FromPlain(tt.key.Proto) == 0
					}
					if want := !output && tt.input || output && tt.output && tt.forward == service.NAT; hit != want {
						t.Errorf("to %s, %s: candidate %d is that of output %v: %v, want %v", vip, tt.what, found[0], output, hit, want)
					}
				}
			}
		}
	}
}

// TestFamiliesAreApart: a packet whose addresses share the last 32 bits with another family's connection does not find it, even where the
// index has it under the same hash.
func TestFamiliesAreApart(t *testing.T) {
	four, six := key(flow.TCP, "172.16.0.1:20001", "10.0.0.1:80"), key(flow.TCP, "[fd16::ac10:1]:20001", "[fd00::a00:1]:80")
	for _, keys := range [][2]*flow.Key{{four, six}, {six, four}} {
		s := newShard(t, 1)
		e := &s.Entries[s.open(keys[0], "10.9.0.11", 80)]
		back := flow.Key{Src: keys[1].Dst, Dst: keys[1].Src}
		e.server = bits.ReverseBytes32(keys[1].Dst.Uint32())
		if !s.sameInput(e, keys[0]) || s.sameInput(e, keys[1]) || s.sameOutput(e, &back) {
			t.Errorf("%v of another family is found", keys[0].Src.Netip())
		}
	}
}

func TestEntryTells(t *testing.T) {
	s := newShard(t, 2)
	for _, tt := range []struct{ client, virtual, server, want string }{
		{"172.16.0.1:20001", "10.0.0.1:80", "10.9.0.11", "172.16.0.1:20001 10.0.0.1:80 10.9.0.11:8080 "},
		{"[fd16::1]:20001", "[fd00::1]:80", "fd09::11", "fd16::1:20001 fd00::1:80 fd09::11:8080 "},
	} {
		row := s.Row(s.open(key(flow.TCP, tt.client, tt.virtual), tt.server, 8080))
		got := ""
		for _, side := range []func() (flow.Addr, uint16){row.Client, row.Virtual, row.Server} {
			a, port := side()
			got += fmt.Sprintf("%s:%d ", a.Netip(), port)
		}
		if got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
		if !row.Live() || row.Deadline() != 100 || row.Proto != flow.TCP {
			t.Errorf("live %v, deadline %d, protocol %d", row.Live(), row.Deadline(), row.Proto)
		}
	}
	if used, capacity := s.Wide(); used != 1 || capacity != 2 {
		t.Errorf("%d of %d have IPv6 addresses", used, capacity)
	}
}

// TestFullOfIPv6: when there is no room for further IPv6 addresses, IPv4 still fits; what a refused connection had is given back.
func TestFullOfIPv6(t *testing.T) {
	s, err := NewShard(memory.Heap, 3, 1, &flow.Seed{1, 2, 3, 4}, 0)
	if err != nil {
		t.Fatal(err)
	}
	a, b := key(flow.TCP, "[fd16::1]:1", "[fd00::1]:80"), key(flow.TCP, "[fd16::2]:1", "[fd00::1]:80")
	first := s.open(a, "fd09::11", 80)
	if first == 0 || s.open(b, "fd09::11", 80) != 0 {
		t.Error("one IPv6 connection fits, a second does not")
	}
	for n := range uint16(2) {
		if s.open(key(flow.TCP, fmt.Sprintf("172.16.0.1:%d", n), "10.0.0.1:80"), "10.9.0.11", 80) == 0 {
			t.Errorf("IPv4 connection %d does not fit", n)
		}
	}
	s.Remove(first)
	s.Reclaim()
	if s.open(key(flow.TCP, "172.16.0.1:9", "10.0.0.1:80"), "10.9.0.11", 80) == 0 || s.open(b, "fd09::11", 80) != 0 {
		t.Error("the shard holds three")
	}
	if used, _ := s.Wide(); used != 0 {
		t.Errorf("%d addresses of a connection that was refused", used)
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
		s, err := NewShard(memory.Heap, 20, 5, &flow.Seed{1, 2, 3, 4}, 0)
		if err != nil {
			t.Fatal(err)
		}
		due, now := map[flow.Key]uint32{}, uint32(0)
		t.Repeat(map[string]func(*rapid.T){
			"packet": func(t *rapid.T) {
				k := key(flow.TCP, "172.16.0.1:1", "10.0.0.1:80")
				k.Src, k.SrcPort = flow.V4(rapid.Uint32Range(0, 5).Draw(t, "client")), rapid.Uint16Range(0, 5).Draw(t, "port")
				if rapid.Bool().Draw(t, "IPv6") {
					k.Src.Hi = 1
				}
				timeout := rapid.Uint32Range(1, 600).Draw(t, "timeout")
				i := s.FindInput(k)
				if _, known := due[*k]; known != (i != 0) {
					t.Fatalf("found %d, known %v", i, known)
				}
				if i == 0 {
					if i = s.Insert(k, flow.V4(1), 80); i == 0 {
						used, capacity := s.Wide()
						if len(due) < 10 && (k.Src.Is4() || used < capacity) { // as many as one bucket of the index holds
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
					k.Src, k.SrcPort = s.Client(e)
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

// BenchmarkFind is a look-up of a known connection in a table that the cache holds.
func BenchmarkFind(b *testing.B) {
	for name, keys := range map[string][2]string{
		"IPv4": {"172.16.0.1:%d", "10.0.0.1:80"}, "IPv6": {"[fd16::1]:%d", "[fd00::1]:80"},
	} {
		b.Run(name, func(b *testing.B) {
			s := newShard(b, 1024)
			var all [512]*flow.Key
			for n := range all {
				all[n] = key(flow.TCP, fmt.Sprintf(keys[0], n), keys[1])
				s.open(all[n], "10.9.0.11", 80)
			}
			n := 0
			for b.Loop() {
				if s.FindInput(all[n%len(all)]) == 0 {
					b.Fatal("not found")
				}
				n++
			}
		})
	}
}
