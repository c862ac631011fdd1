//go:build go1.26 && !go1.27 && linux && (amd64 || arm64)

package steady

import (
	"go/importer"
	"go/token"
	"go/types"
	"runtime"
	"testing"
)

// TestPlaces compares what is known of the runtime's variables with the sources of the Go that builds this.
func TestPlaces(t *testing.T) {
	pkg, err := importer.ForCompiler(token.NewFileSet(), "source", nil).Import("runtime")
	if err != nil {
		t.Fatal(err)
	}
	place := func(name, field string) (at int64) {
		s := pkg.Scope().Lookup(name).Type().Underlying().(*types.Struct)
		fields := make([]*types.Var, s.NumFields())
		for i := range fields {
			fields[i] = s.Field(i)
		}
		for i, at := range types.SizesFor("gc", runtime.GOARCH).Offsetsof(fields) {
			if fields[i].Name() == field {
				return at
			}
		}
		t.Fatalf("runtime.%s has no %s", name, field)
		return 0
	}
	for _, c := range []struct {
		name string
		want int64
		got  int64
	}{
		{"schedt.lock.key", place("schedt", "lock") + place("mutex", "key"), schedLock},
		{"schedt.gcwaiting", place("schedt", "gcwaiting"), schedGCWaiting},
		{"schedt.stopwait", place("schedt", "stopwait"), schedStopWait},
		{"schedt.safePointWait", place("schedt", "safePointWait"), schedSafePointWait},
		{"g.preemptStop", place("g", "preemptStop"), gPreempt + 2},
	} {
		if c.got != c.want {
			t.Errorf("%s lies at %d, taken for %d", c.name, c.want, c.got)
		}
	}
}
