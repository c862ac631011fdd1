package conn

// Moves is the TCP state machine as one table, for the fast way of the data path: by direction and flags, and by state.
type Moves [4 * 32][16]State

// Special is what Next says where more than the state has to be looked at: a segment that opens a connection may be the first of a new one.
const Special = states

// PlainMoves and SecureMoves are what State.Next and, while secure_tcp is on, State.NextSecure say.
var PlainMoves, SecureMoves = movesOf(State.Next), movesOf(State.NextSecure)

func movesOf(next func(State, Direction, Event) State) (m Moves) {
	for d := Input; d <= InputOnly; d++ {
		for flags := range uint8(32) {
			row := &m[uint8(d)<<5|flags]
			for s := range row {
				row[s] = Special
				if event := EventOf(flags); State(s) < UDP && (d == Output || event != SYN) {
					row[s] = next(State(s), d, event)
				}
			}
		}
	}
	return m
}

// Next returns the state after a segment with these flags.
func (m *Moves) Next(s State, d Direction, flags uint8) State {
	return m[uint8(d)&3<<5|flags&(flagFIN|flagSYN|flagRST|flagACK)][s&15]
}
