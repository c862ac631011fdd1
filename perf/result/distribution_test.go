package result

import (
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func TestHistogram(t *testing.T) {
	h := hdrhistogram.New(1, 1e9, 3)
	for v := int64(1); v < 1e8; v *= 3 {
		if err := h.RecordValues(v, v%7+1); err != nil {
			t.Fatal(err)
		}
	}
	text, err := NewHistogram(h)
	if err != nil {
		t.Fatal(err)
	}
	again, err := text.Decode()
	if err != nil || !again.Equals(h) {
		t.Errorf("%v: %v came back as %v", err, h.Distribution(), again)
	}
	if _, err := Histogram("nonsense").Decode(); err == nil {
		t.Error("nonsense was decoded")
	}
}
