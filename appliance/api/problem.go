package api

import "strings"

// Error makes a Problem what the asking side returns: the title, then one indented line a detail.
func (p *Problem) Error() string {
	return strings.Join(append([]string{p.Title}, p.Detail...), "\n  ")
}

// StreamError is the last line of a stream that broke off after its first rows had been sent, when
// the status could no longer tell. No row has the key "error".
type StreamError struct {
	Error string `json:"error"`
}
