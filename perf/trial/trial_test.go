package trial

import (
	"testing"
	"time"
)

func TestOutcome(t *testing.T) {
	o := Outcome{Duration: 2 * time.Second, Sent: 1000, Received: 990, Lost: 10}
	if o.LossRatio() != 0.01 || o.Rate() != 500 {
		t.Errorf("loss %v at %v a second, want 0.01 at 500", o.LossRatio(), o.Rate())
	}
	if r := (&Outcome{}).LossRatio(); r != 0 {
		t.Errorf("loss %v where nothing was sent", r)
	}
}
