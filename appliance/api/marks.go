package api

// Marks are the rules that mark packets, as iptables has them in PREROUTING of its mangle table: in each family every rule that fits
// changes the mark, one after the other (services.md S3). GET /v1/marks.
type Marks struct {
	IPv4 []MarkRule `json:"ipv4"`
	IPv6 []MarkRule `json:"ipv6"`
}

// MarkRule is one rule. What is not given fits every packet of its family.
type MarkRule struct {
	Protocol    string   `json:"protocol,omitempty"`    // "tcp", "udp", "sctp"
	Source      string   `json:"source,omitempty"`      // prefix, "172.16.0.0/12"
	Destination string   `json:"destination,omitempty"` // prefix
	SourcePorts []string `json:"source_ports,omitempty"`
	Ports       []string `json:"ports,omitempty"`     // of the destination, "80" or "8000-8099"
	AnyPorts    []string `json:"any_ports,omitempty"` // of the source or of the destination
	// Mark and Mask: mark becomes mark AND NOT Mask XOR Mark (--set-xmark).
	Mark uint32 `json:"mark"`
	Mask uint32 `json:"mask"`
}

// MarkCommand changes the rules of one family: POST /v1/marks. The answer is an empty object, or a Problem whose Errno is ENOENT (no such rule) or
// E2BIG (a number past the end).
type MarkCommand struct {
	Do     string    `json:"do"` // "append", "insert", "delete", "check", "flush"
	IPv6   bool      `json:"ipv6,omitempty"`
	Number int       `json:"number,omitempty"` // insert: its place, from 1; delete: which one, or Rule says
	Rule   *MarkRule `json:"rule,omitempty"`   // append, insert, check, delete without a number: the first one equal to it
}
