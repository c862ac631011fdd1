package eal_test

import (
	"strings"
	"testing"

	"cleat/cgo/eal"
)

func TestZone(t *testing.T) {
	for _, c := range []struct{ size, align int }{{1, 64}, {64, 64}, {1 << 20, 64}, {3<<20 + 17, 4096}, {100, 1 << 21}} {
		zone, err := eal.Zone("test", c.size, c.align, eal.SocketAny)
		if err != nil {
			t.Fatal(err)
		}
		if len(zone) != c.size || cap(zone) != c.size {
			t.Errorf("%+v: len %d, cap %d", c, len(zone), cap(zone))
		}
		if at := address(zone); at%uintptr(c.align) != 0 {
			t.Errorf("%+v: address %#x", c, at)
		}
		for i, b := range zone {
			if b != 0 {
				t.Fatalf("%+v: byte %d is %#x, want 0", c, i, b)
			}
			zone[i] = 0xa5 // what the next one must not show
		}
		if err := eal.FreeZone("test"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestZoneErrors(t *testing.T) {
	if _, err := eal.Zone("taken", 64, 64, eal.SocketAny); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := eal.FreeZone("taken"); err != nil {
			t.Error(err)
		}
	})
	for _, c := range []struct {
		name        string
		size, align int
		want        string
	}{
		{"", 64, 64, "its name must have"},
		{strings.Repeat("x", 32), 64, 64, "its name must have"},
		{"x", 0, 64, "size 0: must be more than 0"},
		{"x", 64, 32, "alignment 32: must be a power of two"},
		{"x", 64, 96, "alignment 96: must be a power of two"},
		{"taken", 64, 64, "File exists"},
		{"x", 1 << 42, 64, "Cannot allocate memory"},
	} {
		if _, err := eal.Zone(c.name, c.size, c.align, eal.SocketAny); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Zone(%q, %d, %d): %v, want %q", c.name, c.size, c.align, err, c.want)
		}
	}
	if err := eal.FreeZone("none"); err == nil {
		t.Error("FreeZone of what there is not succeeded")
	}
}
