package conn

import (
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/memory"
)

// TestProof: which packets prove that there is a client: one letter each, upper case of the client, lower case of the server, by what they bring a
// TCP connection to: s SYN_RECV, e ESTABLISHED, f FIN_WAIT; d is a datagram.
func TestProof(t *testing.T) {
	states := map[byte]State{'s': SynRecv, 'e': Established, 'f': FinWait, 'd': UDP}
	for _, tt := range []struct {
		name    string
		proto   uint8
		packets string
		want    Proof
	}{
		{"a SYN", flow.TCP, "S", Unproven},
		{"a SYN, and again", flow.TCP, "SsSs", Unproven},
		{"a handshake", flow.TCP, "SsE", Proven},
		{"which the server alone thinks is over", flow.TCP, "Sse", Unproven},
		{"and then the client too", flow.TCP, "SseE", Proven},
		{"the first packet does not suffice, also where it begins a connection", flow.TCP, "E", Unproven},
		{"but the second", flow.TCP, "EE", Proven},
		{"what ends is proven no more", flow.TCP, "SFF", Unproven},
		{"a datagram", flow.UDP, "D", Unproven},
		{"and its answer", flow.UDP, "Dd", Answered},
		{"and another one", flow.UDP, "Ddd", Proven},
		{"or another question", flow.UDP, "DD", Proven},
		{"after the answer", flow.UDP, "DdD", Proven},
	} {
		s, err := NewShard(memory.Heap, 4, 0, &flow.Seed{1, 2, 3, 4}, 0)
		if err != nil {
			t.Fatal(err)
		}
		i := s.Insert(&flow.Key{Src: flow.V4(1), Dst: flow.V4(2), Proto: tt.proto}, flow.V4(3), 80)
		e := &s.Entries[i]
		for _, p := range []byte(tt.packets) {
			output := p >= 'a'
			if !output {
				e.InPackets++
			}
			e.State = states[p|0x20]
			if e.Proof != Proven && s.Hear(i, output) != (e.Proof == Proven) {
				t.Errorf("%s: Hear does not say what it did", tt.name)
			}
		}
		if e.Proof != tt.want || (s.Unproven() == 0) != (tt.want == Proven) {
			t.Errorf("%s: proof %d with %d unproven, want proof %d", tt.name, e.Proof, s.Unproven(), tt.want)
		}
	}
}
