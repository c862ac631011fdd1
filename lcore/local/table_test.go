package local

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/memory"
)

var seed = flow.Seed{0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0xd6e8feb86659fd93}

func newTable(t rapid.TB, capacity int) *Table {
	table, err := New(memory.Heap, capacity, &seed)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// tuple is what makes a connection one of its own to a server.
type tuple struct {
	server, local flow.Addr
	port, lport   uint16
	proto         uint8
}

// TestTake: over random lives of connections no two have the same local address and port at one server; what is given back is free; every one that lives is found
// under its key and no other is.
func TestTake(t *testing.T) {
	addresses := []flow.Addr{flow.V4(1), flow.V4(2), flow.V4(3), {Hi: 5, Lo: 4}, flow.V4(5)}
	rapid.Check(t, func(t *rapid.T) {
		table := newTable(t, 40)
		first, step := rapid.IntRange(0, 5).Draw(t, "worker"), rapid.IntRange(1, 5).Draw(t, "workers")
		alive := map[tuple]uint32{}
		given := 0 // since the last Reclaim: a turn gives back as many as a burst has packets
		for range rapid.IntRange(1, 120).Draw(t, "steps") {
			if rapid.IntRange(0, 2).Draw(t, "end") == 0 {
				for k, n := range alive {
					table.Give(n)
					delete(alive, k)
					given++
					break
				}
				if given == burst.Size || rapid.Bool().Draw(t, "turn") {
					table.Reclaim()
					given = 0
				}
				continue
			}
			k := tuple{server: flow.V4(rapid.Uint32Range(7, 8).Draw(t, "server")), port: 80, proto: rapid.SampledFrom([]uint8{flow.TCP, flow.UDP}).Draw(t, "proto")}
			if rapid.IntRange(0, 3).Draw(t, "soon again") == 0 {
				table.port -= min(table.port, 3)
			}
			var ok bool
			k.local, k.lport, ok = table.Pick(addresses, first, step, k.proto, k.server, k.port)
			if ok != (first < len(addresses)) {
				t.Fatalf("Pick: %v", ok)
			}
			if !ok {
				continue
			}
			if alive[k] != 0 {
				t.Fatalf("%+v is taken", k)
			}
			if k.lport < 1024 || !mine(addresses, first, step, k.local) {
				t.Fatalf("%+v is not one of worker %d of %d", k, first, step)
			}
			n := table.Take(k.proto, k.server, k.port, k.local, k.lport)
			if (n == 0) != (len(alive) == 40) {
				t.Fatalf("%d live of 40: record %d", len(alive), n)
			}
			if n != 0 {
				alive[k] = n
			}
		}
		for k, n := range alive {
			key := flow.Key{Src: k.server, SrcPort: k.port, Dst: k.local, DstPort: k.lport, Proto: k.proto}
			if got := table.Find(&key); got != n {
				t.Fatalf("%+v is found as %d, want %d", k, got, n)
			}
			key.SrcPort++
			if got := table.Find(&key); got != 0 {
				t.Fatalf("another port of the server is found as %d", got)
			}
		}
		if table.Used != len(alive) {
			t.Fatalf("%d used, want %d", table.Used, len(alive))
		}
	})
}

func mine(addresses []flow.Addr, first, step int, a flow.Addr) bool {
	for i := first; i < len(addresses); i += step {
		if addresses[i] == a {
			return true
		}
	}
	return false
}

// TestExhausted: a worker's one address gives a server each of its ports once, then no more; another server, another protocol and another address
// have all theirs; a port given back is found again within the work that a pick may do, and that alone.
func TestExhausted(t *testing.T) {
	table := newTable(t, ports+10)
	one, server := []flow.Addr{flow.V4(1)}, flow.V4(9)
	seen := map[uint16]uint32{}
	for range ports {
		_, port, ok := table.Pick(one, 0, 1, flow.TCP, server, 80)
		if !ok || seen[port] != 0 {
			t.Fatalf("after %d: %v, port %d", len(seen), ok, port)
		}
		seen[port] = table.Take(flow.TCP, server, 80, one[0], port)
	}
	if _, _, ok := table.Pick(one, 0, 1, flow.TCP, server, 80); ok {
		t.Fatal("one more than there are")
	}
	for name, ok := range map[string]func() bool{
		"another server":   func() bool { _, _, ok := table.Pick(one, 0, 1, flow.TCP, flow.V4(8), 80); return ok },
		"another port":     func() bool { _, _, ok := table.Pick(one, 0, 1, flow.TCP, server, 81); return ok },
		"another protocol": func() bool { _, _, ok := table.Pick(one, 0, 1, flow.UDP, server, 80); return ok },
		"another address": func() bool {
			_, _, ok := table.Pick([]flow.Addr{one[0], flow.V4(2)}, 0, 1, flow.TCP, server, 80)
			return ok
		},
	} {
		if !ok() {
			t.Errorf("%s has none", name)
		}
	}
	table.Give(seen[5000])
	for tries := 1; ; tries++ {
		if _, port, ok := table.Pick(one, 0, 1, flow.TCP, server, 80); ok && port == 5000 {
			break
		} else if ok || tries > ports/portsTried+1 {
			t.Fatalf("after %d tries: %v, port %d", tries, ok, port)
		}
	}
}

// TestRotation: connections go round over the addresses, and one in twenty passes over one (F8.1).
func TestRotation(t *testing.T) {
	table := newTable(t, 1)
	addresses := make([]flow.Addr, 7)
	for i := range addresses {
		addresses[i] = flow.V4(uint32(i))
	}
	last, passed := -1, 0
	for range 10 * skip {
		a, _, _ := table.Pick(addresses, 0, 1, flow.TCP, flow.V4(9), 80)
		n := int(a.Uint32())
		switch {
		case last < 0 || n == (last+1)%7:
		case n == (last+2)%7:
			passed++
		default:
			t.Fatalf("from %d to %d", last, n)
		}
		last = n
	}
	if passed != 10 {
		t.Errorf("passed over %d in %d, want 10", passed, 10*skip)
	}
}

// TestBegin: what a server sees of connections that follow each other at one local port begins ever higher; a SYN that comes again changes nothing, one with another
// number does until the server has answered.
func TestBegin(t *testing.T) {
	table := newTable(t, 2)
	take := func() *Record { return &table.Slots[table.Take(flow.TCP, flow.V4(9), 80, flow.V4(1), 2000)] }
	r := take()
	table.Begin(r, 100, time.Hour)
	first := r.Shift.Seq(100)
	table.Begin(r, 100, time.Hour+time.Second)
	if got := r.Shift.Seq(100); got != first || r.First != 101 {
		t.Errorf("again: %d, want %d; first byte %d, want 101", got, first, r.First)
	}
	table.Begin(r, 7000, time.Hour+time.Second)
	later := r.Shift.Seq(7000)
	if grown := int32(later - first); grown != int32(time.Second/isnTick) {
		t.Errorf("a second later it begins %d higher, want %d", grown, time.Second/isnTick)
	}
	r.Answer(5)
	table.Begin(r, 9000, time.Hour+2*time.Second)
	if got := r.Shift.Seq(7000); got != later || r.ServerFirst != 6 {
		t.Errorf("answered: %d, want %d; the server's first byte %d, want 6", got, later, r.ServerFirst)
	}
	other := &table.Slots[table.Take(flow.TCP, flow.V4(9), 80, flow.V4(1), 2001)]
	table.Begin(other, 7000, time.Hour+time.Second)
	if other.Shift.Seq(7000) == later {
		t.Error("another port begins with the same number")
	}
}

func TestAllocatesNothing(t *testing.T) {
	table := newTable(t, 8)
	addresses := []flow.Addr{flow.V4(1), flow.V4(2)}
	if n := testing.AllocsPerRun(100, func() {
		a, port, _ := table.Pick(addresses, 0, 1, flow.TCP, flow.V4(9), 80)
		i := table.Take(flow.TCP, flow.V4(9), 80, a, port)
		table.Begin(&table.Slots[i], 1, time.Hour)
		table.Find(&flow.Key{Src: flow.V4(9), SrcPort: 80, Dst: a, DstPort: port, Proto: flow.TCP})
		table.Give(i)
		table.Reclaim()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
