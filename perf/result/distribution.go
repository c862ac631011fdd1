package result

import (
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Distribution is how often which time was measured: of gaps, of waking up.
type Distribution struct {
	Case string `json:"case"`
	// Name tells it from others of its case: "worker", "plain C beside it".
	Name string `json:"name"`
	// Histogram is of nanoseconds.
	Histogram Histogram `json:"histogram"`
}

// Histogram is one of HdrHistogram in its compressed format V2, base64: as it stands in .hlog files.
type Histogram string

// NewHistogram encodes h.
func NewHistogram(h *hdrhistogram.Histogram) (Histogram, error) {
	text, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	return Histogram(text), err
}

// Decode returns what NewHistogram was given.
func (h Histogram) Decode() (*hdrhistogram.Histogram, error) {
	decoded, err := hdrhistogram.Decode([]byte(h))
	if err != nil {
		return nil, fmt.Errorf("no histogram: %w", err)
	}
	return decoded, nil
}
