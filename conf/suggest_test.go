package conf

import "testing"

func TestDidYouMean(t *testing.T) {
	known := []string{"rr", "wrr", "lc", "wlc", "sh"}
	for word, want := range map[string]string{
		"wr": `did you mean "wrr"?`, "WLC": `did you mean "wlc"?`, "wcl": `did you mean "wlc"?`, "hs": `did you mean "sh"?`,
		"": "known are rr, wrr, lc, wlc, sh", "maglev": "known are rr, wrr, lc, wlc, sh",
	} {
		if got := didYouMean(word, known); got != want {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}

func TestEdits(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "axc", 2}, {"abc", "acb", 1}, {"abc", "abbc", 1}, {"shceduler", "scheduler", 1},
	} {
		if got := edits(tt.a, tt.b); got != tt.want {
			t.Errorf("%q, %q: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
