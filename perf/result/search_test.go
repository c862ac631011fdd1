package result

import (
	"testing"
	"time"
)

func TestGoalByName(t *testing.T) {
	s := Search{Goals: []Goal{{Name: "NDR", Lower: 1}, {Name: "PDR", Lower: 2}}}
	if g := s.Goal("PDR"); g != &s.Goals[1] {
		t.Errorf("PDR: %+v", g)
	}
	if g := s.Goal("MRR"); g != nil {
		t.Errorf("a goal that was not searched: %+v", g)
	}
}

func TestSoakPasses(t *testing.T) {
	clean := Trial{Sent: 10, Received: 10}
	for _, c := range []struct {
		what   string
		trials []Trial
		want   bool
	}{
		{"nothing was sent", nil, false},
		{"all came back", []Trial{clean, clean}, true},
		{"one lost", []Trial{clean, {Sent: 10, Received: 9, Lost: 1}}, false},
		{"another server", []Trial{{Sent: 10, Received: 10, Violations: 1}, clean}, false},
		{"too little offered", []Trial{{Sent: 5, Received: 5, Short: true}}, false},
	} {
		s := Soak{Trials: c.trials}
		if s.Passed() != c.want {
			t.Errorf("%s: passed is %v", c.what, s.Passed())
		}
	}
}

func TestSearchTable(t *testing.T) {
	r := &Report{Host: report.Host, Searches: []Search{{
		Case: "nat-64", Unit: PacketsPerSecond, Offered: 4400000, MRR: Series{2900000, 2950000, 2910000},
		Goals: []Goal{
			{Name: "NDR", Lower: 2000000, Upper: 2010000, Throughput: 2000000, Regular: true, Limit: LimitDevice},
			{Name: "PDR", LossRatio: 0.005, Lower: 4400000, Throughput: 4389000, Limit: LimitMax},
			{Name: "none", Upper: 999, Limit: LimitMin},
			{Name: "slow", Lower: 4000000, Upper: 4100000, Throughput: 1, Regular: true, Limit: LimitGenerator},
			{Name: "cut", Limit: LimitStopped},
		},
		Latency: []LatencyPoint{{Fraction: 0.9, Load: 1800000, Lost: 2, P50: 12345, P90: 20000, P99: 30049, P999: 99999, Max: 1234567, Tag: "90%"}},
		Trials:  []Trial{{Duration: time.Second}, {Duration: time.Minute}},
	}}, Soaks: []Soak{
		{Case: "nat-64", Unit: PacketsPerSecond, Load: 1800000, Trials: []Trial{{Duration: time.Minute, Received: 1}}, PollGap: 153 * time.Microsecond},
		{Case: "nat-64", Unit: PacketsPerSecond, Load: 1800000, Trials: []Trial{{Duration: time.Minute, Lost: 3, Violations: 4, Short: true}}},
	}}
	golden(t, "testdata/search.golden", r.SearchTable)
}
