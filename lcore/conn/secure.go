package conn

// secure is transition while secure_tcp is on: C4.6's differences.
var secure = func() [3][events][UDP]State {
	t := transition
	in, out, only := &t[Input], &t[Output], &t[InputOnly]
	in[SYN][sa], in[FIN][sa], in[ACK][sa] = sa, sa, sa
	in[ACK][sr], in[RST][sa] = sr, cl
	out[SYN][sr], out[SYN][sa] = sa, sa
	for _, s := range []State{no, fw, tw, cl, cw, la, li, sa} {
		only[SYN][s] = sa
	}
	return t
}()

// NextSecure is Next while secure_tcp is on (C4.6).
func (s State) NextSecure(d Direction, e Event) State {
	if e == Nothing {
		return Close
	}
	return secure[d][e][s]
}

// Worth is what speaks for a connection when drop_entry looks for those that nobody uses (C10.3).
type Worth uint8

// Worths.
const (
	Kept    Worth = iota // it stays
	Packets              // the number of its packets decides, if it has been idle
	Half                 // nothing: its handshake is not over
)

var worth = [states]Worth{
	SynRecv: Half, SynAck: Half, SCTPInit1: Half, SCTPInit: Half,
	Established: Packets, SCTPEstablished: Packets, UDP: Packets,
}

// Worth returns what speaks for a connection in state s.
func (s State) Worth() Worth { return worth[s] }
