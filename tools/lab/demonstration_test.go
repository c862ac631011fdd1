package main

import (
	"strings"
	"testing"
)

// Every expectation holds for what it describes and breaks for what it does not.
func TestExpectations(t *testing.T) {
	// server lists the answers to clients 1, 2, 3 on :80, then on :443; "1 1" is rs1 twice.
	fill := func(servers ...string) answers {
		a := answers{}
		for i, names := range servers {
			port := 80
			if i >= 3 {
				port = 443
			}
			a[turn{client: 1 + i%3, port: port}] = strings.Fields(names)
		}
		return a
	}
	for _, c := range []struct {
		expectation expectation
		holds       answers
		breaks      answers
	}{
		{stays(), fill("3 3 3", "2 2 2", "1 1 1"), fill("3 3 3", "2 2 1", "1 1 1")},
		{moves(80), fill("3 2 1 3", "2 1 3 2", "1 3 2 1"), fill("3 2 1 3", "2 1 2 1", "1 3 2 1")},
		{moves(80), fill("3 2 1 3", "2 1 3 2", "1 3 2 1"), fill("3 3 3 3", "2 2 2 2", "1 1 1 1")},
		{spread(80), fill("3", "2", "1"), fill("3", "2", "3")},
		{spread(443), fill("3", "3", "3", "3", "2", "1"), fill("3", "2", "1", "3", "3", "3")},
		{portsApart(1), fill("3", "2", "1", "2", "2", "1"), fill("3", "2", "1", "3", "1", "2")},
		{portsTogether(), fill("3", "2", "1", "3", "2", "1"), fill("3", "2", "1", "3", "1", "2")},
	} {
		if why := c.expectation.broken(c.holds); why != "" {
			t.Errorf("%s: %v breaks it: %s", c.expectation.text, c.holds, why)
		}
		if c.expectation.broken(c.breaks) == "" {
			t.Errorf("%s: %v does not break it", c.expectation.text, c.breaks)
		}
	}
}

func TestServerName(t *testing.T) {
	for server, want := range map[string]string{"10.9.0.11:80": "rs1", "10.9.0.13:0": "rs3", "nonsense": "nonsense"} {
		if got := serverName(server); got != want {
			t.Errorf("%s is %s, want %s", server, got, want)
		}
	}
}
