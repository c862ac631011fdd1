package conn

import (
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/service"
)

// TestMoves: the tables say what the state machine says, or that it is not for them to say.
func TestMoves(t *testing.T) {
	for name, tt := range map[string]struct {
		moves *Moves
		next  func(State, Direction, Event) State
	}{"plain": {&PlainMoves, State.Next}, "secure": {&SecureMoves, State.NextSecure}} {
		for d := Input; d <= InputOnly; d++ {
			for flags := range 256 {
				event := EventOf(uint8(flags))
				for s := None; s < UDP; s++ {
					want := tt.next(s, d, event)
					if event == SYN && d != Output {
						want = Special
					}
					if got := tt.moves.Next(s, d, uint8(flags)); got != want {
						t.Errorf("%s: %v, direction %d, flags %#x: %v, want %v", name, s, d, flags, got, want)
					}
				}
				if got := tt.moves.Next(UDP, d, uint8(flags)); got != Special {
					t.Errorf("%s: of no TCP state: %v", name, got)
				}
			}
		}
	}
}

// TestSteady: what forwards steady connections need not look at more than it does: an ACK changes nothing, whoever sends it.
func TestSteady(t *testing.T) {
	steady := Entry{Proto: flow.TCP, State: Established, Proof: Proven, Forward: service.NAT}
	direct, tunnel, udp := steady, steady, steady
	direct.Forward, tunnel.Forward, udp.Proto, udp.State = service.Direct, service.Tunnel, flow.UDP, UDP
	for want, e := range map[uint64]*Entry{SteadyNAT: &steady, SteadyDirect: &direct, SteadyTunnel: &tunnel, SteadyUDP: &udp} {
		if e.Steadiness() != want {
			t.Errorf("%x, want %x", e.Steadiness(), want)
		}
	}
	for _, m := range []*Moves{&PlainMoves, &SecureMoves} {
		for d := Input; d <= InputOnly; d++ {
			if next := m.Next(Established, d, flagACK); next != Established {
				t.Errorf("direction %d: %v", d, next)
			}
		}
	}
	for what, change := range map[string]func(*Entry){
		"UDP":            func(e *Entry) { e.Proto = flow.UDP },
		"closing":        func(e *Entry) { e.State = FinWait },
		"unproven":       func(e *Entry) { e.Proof = Answered },
		"direct routing": func(e *Entry) { e.Forward = service.Direct },
		"FTP":            func(e *Entry) { e.Aside = 1 },
		"IPv6":           func(e *Entry) { e.wide = 1 },
	} {
		e := steady
		if change(&e); e.Steadiness() == SteadyNAT {
			t.Errorf("%s is taken for steady", what)
		}
	}
}
