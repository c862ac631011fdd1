package heavy

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
)

var seed = flow.Seed{1, 2, 3, 4}

func client(n int) flow.Addr { return flow.V4(0xac100000 + uint32(n)) }

// TestSketchEqualsItsTwin: whatever comes, no client is underestimated, none is overestimated by more than a Size-th of everything or by more than
// its counter says, and who has more than a Size-th is among them. Halving costs one event of rounding each time.
func TestSketchEqualsItsTwin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &Sketch{seed: &seed}
		exact, sum, halved := map[flow.Addr]float64{}, 0.0, 0.0
		clients := rapid.SampledFrom([]int{1, Size, Size + 1, 10 * Size}).Draw(t, "clients")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		skew := rapid.SampledFrom([]float64{1, 3, 8}).Draw(t, "skew")
		for range rapid.IntRange(1, 6).Draw(t, "rounds") {
			for range rapid.IntRange(0, 4*Size).Draw(t, "events") {
				c, n := client(int(float64(clients)*math.Pow(random.Float64(), skew))), 1+random.Uint64N(9)
				s.Add(c, n)
				exact[c] += float64(n)
				sum += float64(n)
			}
			compare(t, s, exact, sum, 2*min(halved, 1))
			if rapid.Bool().Draw(t, "halve") {
				s.Halve()
				halved++
				for c := range exact {
					exact[c] /= 2
				}
				sum /= 2
			}
		}
	})
}

func compare(t *rapid.T, s *Sketch, exact map[flow.Addr]float64, sum, rounding float64) {
	found := map[flow.Addr]bool{}
	for i := range s.Counters() {
		c := &s.Counters()[i]
		if s.Find(c.Client) != c || found[c.Client] {
			t.Fatalf("%v has another counter", c.Client.Netip())
		}
		found[c.Client] = true
		n := exact[c.Client]
		if float64(c.Count) < n-rounding || float64(c.AtLeast()) > n+rounding || float64(c.Count) > n+sum/Size+rounding {
			t.Fatalf("%v: %d, of them at least %d; it had %v of %v", c.Client.Netip(), c.Count, c.AtLeast(), n, sum)
		}
	}
	for c, n := range exact {
		if n > sum/Size+rounding && s.Find(c) == nil {
			t.Fatalf("%v is not found, it had %v of %v", c.Netip(), n, sum)
		}
	}
	if s.Find(client(-1)) != nil || len(found) > Size {
		t.Fatalf("%d counters, and one of a client that never came", len(found))
	}
}

// feed gives a meter n events in bursts; client i of shares has that part of them, all others are one each.
func feed(m *Meter, random *rand.Rand, n int, shares ...float64) {
	at := func() flow.Addr {
		x := random.Float64()
		for i, share := range shares {
			if x -= share; x < 0 {
				return client(i)
			}
		}
		return client(1000 + random.IntN(1<<20))
	}
	for n > 0 {
		burst := min(n, 1+random.IntN(32))
		for i := m.First(); i < burst; i = m.Next() {
			m.Count(at())
		}
		m.Pass(burst)
		n -= burst
	}
}

// TestEstimate: a sample of one in every tells shares to within five standard deviations of what that many looks can tell, and a Size-th for the sketch.
func TestEstimate(t *testing.T) {
	const n = 1 << 20
	for _, every := range []int{1, 8, 256} {
		var m Meter
		m.Init(every, &seed)
		feed(&m, rand.New(rand.NewPCG(1, 2)), n, 0.4, 0.1, 0.02)
		if m.Total != n {
			t.Errorf("%d events, want %d", m.Total, n)
		}
		for i, want := range []float64{0.4, 0.1, 0.02} {
			got := m.Share(m.Find(client(i)).AtLeast())
			if margin := 5 * math.Sqrt(want*float64(every)/n); got > want+margin || got < want-margin-1.0/Size {
				t.Errorf("one in %d: client %d has %v, want %v ± %v", every, i, got, want, margin)
			}
		}
		if m.Heaviest() != m.Find(client(0)).AtLeast() {
			t.Errorf("the heaviest has %d", m.Heaviest())
		}
	}
}

// TestEvent: events one by one are looked at as those of a burst are.
func TestEvent(t *testing.T) {
	var one, burst Meter
	one.Init(8, &seed)
	burst.Init(8, &seed)
	for range 1000 {
		one.Event(client(0))
		for i := burst.First(); i < 1; i = burst.Next() {
			burst.Count(client(0))
		}
		burst.Pass(1)
	}
	if one != burst || one.Total != 1000 {
		t.Errorf("%d and %d events", one.Total, burst.Total)
	}
}

// TestDistances: they are from 1 to 2·every − 1, and every on average.
func TestDistances(t *testing.T) {
	const every, n = 8, 1 << 16
	var m Meter
	m.Init(every, &seed)
	sum, seen := 0, map[int]bool{}
	for range n {
		before := m.First()
		d := m.Next() - before
		sum += d
		seen[d] = true
	}
	if mean := float64(sum) / n; math.Abs(mean-every) > 0.1 || len(seen) != 2*every-1 || seen[0] || seen[2*every] {
		t.Errorf("mean %v, %d values", mean, len(seen))
	}
}

// TestJudge tells the story of a client that becomes heavy, and light again.
func TestJudge(t *testing.T) {
	var m Meter
	m.Init(1, &seed)
	random := rand.New(rand.NewPCG(1, 2))
	for i, s := range []struct {
		what   string
		events int
		share  float64
		took   time.Duration
		heavy  bool
	}{
		{what: "a quarter of few events a second", events: 1000, share: 0.25, took: 10 * time.Second},
		{what: "a quarter of many", events: 10000, share: 0.25, took: time.Second, heavy: true},
		{what: "less, but not half as much", events: 20000, share: 0.07, took: time.Second, heavy: true},
		{what: "a twentieth", events: 100000, share: 0.02, took: time.Second},
		{what: "more than a twentieth: that made nobody heavy", events: 100000, share: 0.08, took: time.Second},
	} {
		feed(&m, random, s.events, s.share)
		m.Span += s.took
		n := m.Judge(0.1, 100)
		if got := m.Heavy(client(0)); got != s.heavy || (n == 1) != s.heavy {
			t.Errorf("%d, %s: heavy %v, %d heavy; share %v", i, s.what, got, n, m.Share(m.Find(client(0)).AtLeast()))
		}
		if m.Heavy(client(1)) {
			t.Errorf("%s: a client that never came is heavy", s.what)
		}
		m.Fade()
	}
}

// TestRate: events over time, however often half of both was forgotten.
func TestRate(t *testing.T) {
	var m Meter
	m.Init(1, &seed)
	for range 5 {
		for range 1000 {
			m.Event(client(0))
		}
		m.Span += time.Second
		if got := m.Rate(m.Find(client(0)).Count); math.Abs(got-1000) > 1 {
			t.Errorf("%v a second, want 1000", got)
		}
		m.Fade()
	}
}

func TestNoAllocations(t *testing.T) {
	var m Meter
	m.Init(1, &seed)
	n := 0
	if allocs := testing.AllocsPerRun(10*Size, func() {
		n++
		m.Event(client(n))
	}); allocs != 0 {
		t.Errorf("%v allocations an event", allocs)
	}
}

// BenchmarkStrangers is the dearest case: nobody comes twice.
func BenchmarkStrangers(b *testing.B) {
	var m Meter
	m.Init(1, &seed)
	for n := 0; b.Loop(); n++ {
		m.Event(client(n))
	}
}

// BenchmarkEvent is the price of an event of which one in 256 is looked at.
func BenchmarkEvent(b *testing.B) {
	var m Meter
	m.Init(256, &seed)
	for n := 0; b.Loop(); n++ {
		m.Event(client(n))
	}
}
