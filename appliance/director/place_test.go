package director

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"cleat/conf"
)

// TestPlaceYields: where every CPU that the process may use is a worker's, there are workers all the same, and a warning says what that means.
func TestPlaceYields(t *testing.T) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		count  int
		warned bool
	}{{allowed.Count(), true}, {1, allowed.Count() == 1}} {
		var log bytes.Buffer
		d := &Director{log: slog.New(slog.NewTextHandler(&log, nil))}
		if err := d.place(&conf.Config{Workers: conf.Workers{Count: c.count}}); err != nil {
			t.Fatal(err)
		}
		warned := strings.Contains(log.String(), "level=WARN msg=\"all CPUs are workers'")
		if len(d.Place.Workers) != c.count || d.Place.Shared != c.warned || warned != c.warned {
			t.Errorf("%d workers: %+v\n%s", c.count, d.Place, &log)
		}
	}
	d := &Director{log: slog.New(slog.DiscardHandler)}
	if err := d.place(&conf.Config{Workers: conf.Workers{Count: allowed.Count() + 1}}); err == nil || err.(*Failure).Status != ExitEAL {
		t.Errorf("more workers than CPUs: %v", err)
	}
}
