package fragment

import (
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
	"cleat/lcore/memory"
)

func newTable(t interface{ Fatal(...any) }, capacity int) *Table {
	table, err := New(memory.Heap, capacity, &flow.Seed{0x9e3779b97f4a7c15, 0xbf58476d1ce4e5b9, 0x94d049bb133111eb, 0xd6e8feb86659fd93})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func datagram(client uint32, id uint32) *Datagram {
	return &Datagram{Src: flow.V4(client), Dst: flow.V4(0x0a000001), ID: id, Proto: flow.UDP}
}

func TestRecordIsALine(t *testing.T) {
	if n := reflect.TypeFor[Record]().Size(); n != memory.Line {
		t.Errorf("%d bytes", n)
	}
}

func TestLife(t *testing.T) {
	table, d := newTable(t, 16), datagram(1, 7)
	if table.Find(d, 100) != 0 {
		t.Error("known before its first fragment")
	}
	n := table.First(d, 4000, 53, 100)
	if r := table.At(n); r.SrcPort != 4000 || r.DstPort != 53 || r.Datagram != *d {
		t.Errorf("%+v", r)
	}
	for _, other := range []*Datagram{datagram(2, 7), datagram(1, 8), {Src: d.Src, Dst: flow.V4(9), ID: 7, Proto: flow.UDP}, {Src: d.Src, Dst: d.Dst, ID: 7, Proto: flow.TCP}} {
		if table.Find(other, 100) != 0 {
			t.Errorf("%+v is taken for %+v", other, d)
		}
	}
	if table.Find(d, 100+Life-1) != n || table.Find(d, 100+Life+1) != 0 {
		t.Error("does not live for Life")
	}
	if table.First(d, 4001, 53, 200) != n || table.At(n).SrcPort != 4001 {
		t.Error("the same identification again is not the new datagram")
	}
}

func TestComplete(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}} {
		table, d := newTable(t, 16), datagram(1, 7)
		n := table.First(d, 1, 2, 100)
		for i, part := range order {
			if table.Find(d, 100) != n {
				t.Errorf("%v: not known before fragment %d", order, i)
			}
			table.Took(n, part*1480, []int{1480, 1480, 100}[part], part != 2, 100)
		}
		if table.Find(d, 100+Rest-1) != n || table.Find(d, 100+Rest+1) != 0 {
			t.Errorf("%v: not known for Rest after all have come", order)
		}
		table.Took(n, 0, 8, true, 100+Rest-2)
		if table.Find(d, 100+Rest+1) != 0 {
			t.Errorf("%v: a copy of a fragment gives it more time", order)
		}
	}
}

// TestClock: no tick is special, that of the wrap-around included.
func TestClock(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, d := newTable(t, 16), datagram(1, 7)
		now := rapid.OneOf(rapid.Uint32(), rapid.SampledFrom([]uint32{0, math.MaxUint32, math.MaxUint32 - Life + 1, math.MaxUint32 - Life})).Draw(t, "now")
		n := table.First(d, 1, 2, now)
		if table.Find(d, now) != n || table.Find(d, now+Life-1) != n || table.Find(d, now+Life+1) != 0 {
			t.Fatal("a record does not live from its first fragment on for Life")
		}
	})
}

// TestNeverGuesses: whatever comes and in whatever order, what is found is what was said, and a table that is not crowded forgets nothing.
func TestNeverGuesses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := newTable(t, 1024)
		said := map[Datagram]uint16{}
		now := uint32(1000)
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			d := datagram(rapid.Uint32Range(1, 3).Draw(t, "client"), rapid.Uint32Range(1, 10).Draw(t, "id"))
			if rapid.Bool().Draw(t, "first") {
				port := rapid.Uint16().Draw(t, "port")
				table.First(d, port, 53, now)
				said[*d] = port
			}
			n := table.Find(d, now)
			port, known := said[*d]
			if n != 0 && (!known || table.At(n).SrcPort != port) {
				t.Fatalf("%+v: found %+v, want port %d", d, table.At(n), port)
			}
			if n == 0 && known {
				t.Fatalf("%+v is forgotten", d)
			}
		}
	})
}

// TestCrowded: a full table knows the newest datagrams.
func TestCrowded(t *testing.T) {
	table := newTable(t, ways)
	for id := range uint32(10) {
		table.First(datagram(1, id), 1, 2, 100+id)
	}
	for id := range uint32(10) {
		if known := table.Find(datagram(1, id), 110) != 0; known != (id >= 6) {
			t.Errorf("datagram %d: known %v", id, known)
		}
	}
}
