package spin_test

import (
	"testing"
	"time"

	"cleat/cgo/spin"
)

func TestGaps(t *testing.T) {
	dst := make([]time.Duration, 100)
	begin := time.Now()
	n, looks := spin.Gaps(dst, 3*time.Millisecond, 0)
	if took := time.Since(begin); took < 3*time.Millisecond {
		t.Errorf("spun for %v, want at least 3ms", took)
	}
	if n != len(dst) || looks < uint64(n) {
		t.Errorf("%d gaps of any length in %d looks, want as many as there is room for", n, looks)
	}
	var sum time.Duration
	for _, gap := range dst {
		sum += gap
	}
	if sum <= 0 || sum > time.Since(begin) {
		t.Errorf("the first 100 gaps are %v together", sum)
	}
	if n, looks := spin.Gaps(dst, time.Millisecond, time.Hour); n != 0 || looks == 0 {
		t.Errorf("%d gaps of an hour in a millisecond, %d looks", n, looks)
	}
	if n, looks := spin.Gaps(nil, time.Hour, 0); n != 0 || looks != 0 {
		t.Errorf("without room: %d gaps, %d looks", n, looks)
	}
}
