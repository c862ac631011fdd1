package result

import "testing"

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
