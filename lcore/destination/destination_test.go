package destination

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
)

const day = 24 * time.Hour

func dst(n int) flow.Addr { return flow.V4(10<<24 + uint32(n)) }

// fill inserts destinations until there are n.
func fill(t testing.TB, table *Table, n int, now time.Duration) {
	t.Helper()
	for i := table.Len(); i < n; i++ {
		if table.Insert(dst(i), now) == 0 {
			t.Fatalf("no room at %d", i)
		}
	}
}

// walk lets ageing go once round.
func walk(table *Table, now time.Duration) {
	for range Capacity/step + 1 {
		table.Use(flow.Addr{}, now, day)
	}
}

func TestEntrySize(t *testing.T) {
	if got := reflect.TypeFor[entry]().Size(); got != 40 {
		t.Errorf("%d bytes, which docs/tables.md does not say", got)
	}
}

func TestFull(t *testing.T) {
	table := New(1)
	fill(t, table, Capacity, 0)
	if i := table.Insert(dst(Capacity), 0); i != 0 || table.Len() != Capacity {
		t.Errorf("entry %d of %d, want none of %d", i, table.Len(), Capacity)
	}
	if table.Use(dst(0), 0, day) == 0 || table.Use(dst(Capacity-1), 0, day) == 0 || table.Use(dst(Capacity), 0, day) != 0 {
		t.Error("what went in is not what is found")
	}
}

// TestSurplus: B.5: every minute, if there are more than 16384: four thirds of what is too much, of those unused for 6 minutes.
func TestSurplus(t *testing.T) {
	for _, c := range []struct {
		name    string
		entries int
		at      time.Duration
		want    int
	}{
		{"before the minute", Plenty + 300, 6*time.Minute - 1, Plenty + 300},
		{"not idle yet", Plenty + 300, 5 * time.Minute, Plenty + 300},
		{"idle", Plenty + 300, 6 * time.Minute, Plenty - 100},
		{"not too many", Plenty, 6 * time.Minute, Plenty},
		{"at most 8192", Plenty + 8000, 6 * time.Minute, Plenty - 192},
		{"a run that looks at all", Plenty + 300, 30 * time.Minute, Plenty + 300},
	} {
		table := New(1)
		fill(t, table, c.entries, 0)
		if walk(table, c.at); table.Len() != c.want {
			t.Errorf("%s: %d entries, want %d", c.name, table.Len(), c.want)
		}
	}
}

// TestSurplusGoesOn: the next run removes entries that the one before did not come to.
func TestSurplusGoesOn(t *testing.T) {
	table := New(1)
	fill(t, table, Plenty+300, 0)
	walk(table, 6*time.Minute) // 400 of them
	for i := range 400 {
		if table.Use(dst(i), 6*time.Minute, day) != 0 {
			t.Fatalf("destination %d is still there, want the walk to begin there", i)
		}
	}
	for i := range 150 {
		if table.Insert(dst(Capacity+i), 6*time.Minute) == 0 {
			t.Fatal("no room")
		}
	}
	walk(table, 7*time.Minute) // 50 too many: 66
	if got, want := table.Len(), Plenty-100+150-66; got != want {
		t.Errorf("%d entries, want %d", got, want)
	}
	if table.Use(dst(Plenty), 7*time.Minute, day) == 0 {
		t.Error("the second walk did not go on from where the first one was")
	}
}

// TestExpiration: the run every 30 minutes forgets what was not used for the expiration; between, it is still found.
func TestExpiration(t *testing.T) {
	for _, c := range []struct {
		used, at time.Duration
		want     bool
	}{
		{0, day - 1, true},
		{0, day, false},
		{1, day, true},
		{1, day + 30*time.Minute - 1, true},
		{1, day + 30*time.Minute, false},
		{29 * time.Minute, day + 29*time.Minute, true},
	} {
		table := New(1)
		table.Insert(dst(1), c.used)
		if got := table.Use(dst(1), c.at, day) != 0; got != c.want {
			t.Errorf("used at %v, found at %v: %v, want %v", c.used, c.at, got, c.want)
		}
		table = New(1)
		table.Insert(dst(1), c.used)
		if walk(table, c.at); table.Len() == 1 != c.want {
			t.Errorf("used at %v, kept at %v: %v, want %v", c.used, c.at, table.Len() == 1, c.want)
		}
	}
}

// TestTwin holds a table to a map over random use.
func TestTwin(t *testing.T) {
	table := New(3) // for all runs: they find it as the one before has left it, and empty it
	rapid.Check(t, func(t *rapid.T) {
		twin := map[int][]uint32{}
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			n, server := rapid.IntRange(1, 6).Draw(t, "destination"), rapid.Uint32Range(1, 5).Draw(t, "server")
			i := table.Use(dst(n), 0, day)
			if set, known := twin[n]; known != (i != 0) || known && !slices.Equal(set, table.Servers(i)) {
				t.Fatalf("destination %d: entry %d, want %v", n, i, set)
			}
			switch set := twin[n]; rapid.SampledFrom([]string{"insert", "add", "drop", "remove"}).Draw(t, "action") {
			case "insert":
				if i == 0 {
					table.Insert(dst(n), 0)
					twin[n] = nil
				}
			case "add":
				if i != 0 && table.Add(i, server, 0) != (len(set) < 3) {
					t.Fatalf("Add to %v", set)
				} else if i != 0 && len(set) < 3 {
					twin[n] = slices.Insert(set, 0, server)
				}
			case "drop":
				if len(set) > 0 {
					place := int(server) % len(set)
					table.Drop(i, place, 0)
					twin[n] = slices.Delete(set, place, place+1)
				}
			case "remove":
				if i != 0 {
					table.remove(i)
					delete(twin, n)
				}
			}
		}
		if table.Len() != len(twin) {
			t.Fatalf("%d entries, want %d", table.Len(), len(twin))
		}
		for n := range maps.Keys(twin) {
			table.remove(table.Use(dst(n), 0, day))
		}
	})
}

func TestNothingIsAllocated(t *testing.T) {
	table := New(16)
	n, now := 0, time.Duration(0)
	if allocs := testing.AllocsPerRun(100_000, func() {
		n++
		now += time.Second
		if i := table.Insert(dst(n), now); i != 0 {
			table.Add(i, uint32(n), now)
			table.Drop(i, 0, now)
		}
		table.Use(dst(n/2), now, day)
	}); allocs != 0 {
		t.Errorf("%v allocations, want 0", allocs)
	}
}

func BenchmarkUse(b *testing.B) {
	table := New(1)
	fill(b, table, Capacity, 0)
	n := 0
	for b.Loop() {
		n++
		table.Use(dst(n%Capacity), 0, day)
	}
}

func BenchmarkAge(b *testing.B) {
	table := New(1)
	fill(b, table, Capacity, 0)
	now := time.Duration(0)
	for b.Loop() {
		now += full * period // a new walk each time
		table.age(now, math.MaxInt64)
	}
}
