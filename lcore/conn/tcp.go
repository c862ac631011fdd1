package conn

import "cleat/lcore/wheel"

// State of a connection, numbered as in IPVS.
type State uint8

// TCP states, and UDP's single one (connections.md C4, C5.1).
const (
	None State = iota
	Established
	SynSent
	SynRecv
	FinWait
	TimeWait
	Close
	CloseWait
	LastAck
	Listen
	SynAck
	UDP // shown as such; IPVS numbers it 0 within its own protocol
)

var stateNames = [...]string{
	"NONE", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT",
	"CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "SYNACK", "UDP",
}

func (s State) String() string {
	if s >= SCTPNone {
		return sctpNames[s-SCTPNone]
	}
	return stateNames[s]
}

// active tells which states count as ActiveConn; the others are InActConn.
var active = [states]bool{Established: true, SynSent: true, SynRecv: true, SynAck: true, SCTPEstablished: true}

// Active reports whether a connection in this state counts as active.
func (s State) Active() bool { return active[s] }

// Event is what a TCP segment means to the state: the first of RST, SYN, FIN, ACK that is set.
type Event uint8

// TCP events.
const (
	SYN Event = iota
	FIN
	ACK
	RST
	Nothing // none of the four: the state becomes CLOSE
	events
)

// Direction is where a packet of a connection comes from.
type Direction uint8

// Directions, one column set of C4 each.
const (
	Input     Direction = iota // from the client
	Output                     // from the real server
	InputOnly                  // from the client, and the answers do not pass here (DR, TUN, local)
)

const (
	flagFIN = 0x01
	flagSYN = 0x02
	flagRST = 0x04
	flagACK = 0x10
)

// EventOf returns the event of a segment with these TCP flags.
func EventOf(flags uint8) Event { return eventOf[flags&(flagFIN|flagSYN|flagRST|flagACK)] }

var eventOf = func() (t [32]Event) {
	for f := range t {
		switch {
		case f&flagRST != 0:
			t[f] = RST
		case f&flagSYN != 0:
			t[f] = SYN
		case f&flagFIN != 0:
			t[f] = FIN
		case f&flagACK != 0:
			t[f] = ACK
		default:
			t[f] = Nothing
		}
	}
	return t
}()

// short names for the table below
const (
	no, es, ss, sr, fw, tw = None, Established, SynSent, SynRecv, FinWait, TimeWait
	cl, cw, la, li, sa     = Close, CloseWait, LastAck, Listen, SynAck
)

// transition is C4's table: [direction][event][current state] → new state.
var transition = [3][events][UDP]State{
	Input: {
		//    no  es  ss  sr  fw  tw  cl  cw  la  li  sa
		SYN: {sr, es, es, sr, sr, sr, sr, sr, sr, sr, sr},
		FIN: {cl, cw, ss, tw, tw, tw, cl, cw, la, li, tw},
		ACK: {es, es, ss, es, fw, tw, cl, cw, cl, li, es},
		RST: {cl, cl, cl, sr, cl, cl, cl, cl, la, li, sr},
	},
	Output: {
		SYN: {ss, es, ss, sr, ss, ss, ss, ss, ss, li, sr},
		FIN: {tw, fw, ss, tw, fw, tw, cl, tw, la, li, tw},
		ACK: {es, es, ss, es, fw, tw, cl, cw, la, es, es},
		RST: {cl, cl, ss, cl, cl, tw, cl, cl, cl, cl, cl},
	},
	InputOnly: {
		SYN: {sr, es, es, sr, sr, sr, sr, sr, sr, sr, sr},
		FIN: {cl, fw, ss, tw, fw, tw, cl, cw, la, li, tw},
		ACK: {es, es, ss, es, fw, tw, cl, cw, cl, li, es},
		RST: {cl, cl, cl, sr, cl, cl, cl, cl, la, li, cl},
	},
}

// Next returns the state after a TCP event.
func (s State) Next(d Direction, e Event) State {
	if e == Nothing {
		return Close
	}
	return transition[d][e][s]
}

// Timeouts are the times of each state, in ticks.
type Timeouts [states]uint32

// DefaultTimeouts are the kernel's (C4, C5).
func DefaultTimeouts() Timeouts {
	const s = wheel.Second
	t := Timeouts{
		None: 2 * s, Established: 900 * s, SynSent: 120 * s, SynRecv: 60 * s, FinWait: 120 * s, TimeWait: 120 * s,
		Close: 10 * s, CloseWait: 60 * s, LastAck: 30 * s, Listen: 120 * s, SynAck: 120 * s, UDP: 300 * s,
	}
	sctpTimeouts(&t)
	return t
}
