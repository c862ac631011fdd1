package conf

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestSpreadOf: what a service says counts, else what is said for all; where clients cannot be spread, neither.
func TestSpreadOf(t *testing.T) {
	at := func(port uint16, s Service) Service {
		s.TCP = netip.AddrPortFrom(netip.MustParseAddr("10.0.0.1"), port)
		return s
	}
	c := &Config{Persistence: Persistence{Spread: 4}}
	for _, tt := range []struct {
		what string
		s    Service
		want int
	}{
		{"not persistent", at(80, Service{Spread: 2}), 1},
		{"its own", at(80, Service{Persistent: time.Minute, Spread: 2}), 2},
		{"its own: off", at(80, Service{Persistent: time.Minute, Spread: 1}), 1},
		{"that of all", at(80, Service{Persistent: time.Minute}), 4},
		{"a mark", Service{Mark: 3, Persistent: time.Minute}, 4},
		{"an engine", at(5060, Service{Persistent: time.Minute, Engine: "sip", Spread: 2}), 1},
		{"FTP", at(21, Service{Persistent: time.Minute, Spread: 2}), 1},
	} {
		if got := c.SpreadOf(&tt.s); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.what, got, tt.want)
		}
	}
}

// TestSpreadThatIsRight: neither an error nor a warning.
func TestSpreadThatIsRight(t *testing.T) {
	base := readText(t, "testdata/base.toml")
	for _, tt := range []struct{ old, new string }{
		{"netmask = 24", "netmask = 24\nspread = 4"},
		{`flags = ["sh-port"]`, "flags = [\"flag-2\"]\npersistent = true\nspread = 64"}, // flag 2 of sh is sh-port
		{`flags = ["sh-port"]`, "persistent = true\nspread = 1"},
		{"[workers]", "persistence.spread = 64\npersistence.spread_above = 100\n[workers]"},
	} {
		if c, err := Parse("spread.toml", []byte(strings.Replace(base, tt.old, tt.new, 1))); err != nil || len(c.Warnings) > 0 {
			t.Errorf("%s: %v", tt.new, err)
		}
	}
}
