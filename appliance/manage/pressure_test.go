package manage

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"cleat/appliance/api"
)

// TestWatchTable: the log tells of each step up once, however the fill wavers, and of the end of it.
func TestWatchTable(t *testing.T) {
	for _, tt := range []struct {
		name   string
		fills  []uint64 // in percent
		levels string   // of the lines, by their first letter
	}{
		{"half full", []uint64{50, 79, 50}, ""},
		{"it wavers about a bound", []uint64{79, 80, 79, 80, 94, 95, 94, 80, 95, 71, 95}, "WW"},
		{"at once", []uint64{0, 100, 100}, "W"},
		{"room again, and filled again", []uint64{96, 69, 75, 81}, "WIW"},
	} {
		var log bytes.Buffer
		l := &Loop{log: slog.New(slog.NewTextHandler(&log, nil)), pressures: map[tableOf]pressure{}}
		for _, fill := range tt.fills {
			l.watchTable(1, "connections", api.Usage{Used: fill * 1000, Capacity: 100_000, Unproven: 7})
		}
		var levels string
		for line := range strings.Lines(log.String()) {
			_, level, _ := strings.Cut(line, "level=")
			levels += level[:1]
			if !strings.Contains(line, "worker=1 table=connections used=") || !strings.Contains(line, "capacity=100000 unproven=7") {
				t.Errorf("%s: %s", tt.name, line)
			}
		}
		if levels != tt.levels {
			t.Errorf("%s: lines %q, want %q:\n%s", tt.name, levels, tt.levels, &log)
		}
	}
}
