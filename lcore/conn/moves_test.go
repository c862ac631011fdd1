package conn

import "testing"

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
