package conn

import (
	"cleat/lcore/flow"
	"cleat/lcore/wheel"
	"cleat/lcore/wire"
)

// SCTP states, in the order of IPVS, whose numbers begin at 0 with NONE, behind those of TCP and UDP (connections.md C5.2).
const (
	SCTPNone State = iota + UDP + 1
	SCTPInit1
	SCTPInit
	SCTPCookieSent
	SCTPCookieReplied
	SCTPCookieWait
	SCTPCookie
	SCTPCookieEchoed
	SCTPEstablished
	SCTPShutdownSent
	SCTPShutdownReceived
	SCTPShutdownAckSent
	SCTPRejected
	SCTPClosed
	states
)

const sctpStates = states - SCTPNone

var sctpNames = [sctpStates]string{
	"NONE", "INIT1", "INIT", "C-SENT", "C-REPLIED", "C-WAIT", "COOKIE", "C-ECHOED", "ESTABLISHED",
	"S-SENT", "S-RECEIVED", "S-ACK-SENT", "REJECTED", "CLOSED",
}

// SCTPEvent is what an SCTP packet means to the state.
type SCTPEvent uint8

// SCTP events. Data is all that the states do not tell apart.
const (
	Data SCTPEvent = iota
	Init
	InitAck
	CookieEcho
	CookieAck
	Shutdown
	ShutdownAck
	ShutdownComplete
	Error
	Abort
	sctpEvents
)

var chunkEvents = [...]SCTPEvent{
	wire.ChunkInit: Init, wire.ChunkInitAck: InitAck, wire.ChunkCookieEcho: CookieEcho, wire.ChunkCookieAck: CookieAck,
	wire.ChunkShutdown: Shutdown, wire.ChunkShutdownAck: ShutdownAck, wire.ChunkShutdownComplete: ShutdownComplete,
	wire.ChunkError: Error, wire.ChunkAbort: Abort,
}

// SCTPEventOf returns the event of a packet that begins with these two chunks: that of the first, but for an ABORT behind a cookie.
func SCTPEventOf(first, second uint8) SCTPEvent {
	switch {
	case (first == wire.ChunkCookieEcho || first == wire.ChunkCookieAck) && second == wire.ChunkAbort:
		return Abort
	case int(first) < len(chunkEvents):
		return chunkEvents[first]
	}
	return Data
}

// short names for the table below
const (
	xNO, xI1, xIN, xCS, xCR, xCW, xCO = SCTPNone, SCTPInit1, SCTPInit, SCTPCookieSent, SCTPCookieReplied, SCTPCookieWait, SCTPCookie
	xCE, xES, xSS, xSR, xSA, xRJ, xCL = SCTPCookieEchoed, SCTPEstablished, SCTPShutdownSent, SCTPShutdownReceived, SCTPShutdownAckSent, SCTPRejected, SCTPClosed
)

// sctpTransition is C5.2's tables: [direction][event][current state] → new state.
var sctpTransition = [3][sctpEvents][sctpStates]State{
	Input: {
		//               no  i1  in  cs  cr  cw  co  ce  es  ss  sr  sa  rj  cl
		Data:             {xES, xI1, xIN, xCS, xCR, xCW, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
		Init:             {xI1, xIN, xIN, xCS, xCR, xCW, xCO, xCE, xES, xSS, xSR, xSA, xIN, xIN},
		InitAck:          {xCW, xCW, xCW, xCS, xCR, xCO, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
		CookieEcho:       {xCR, xIN, xIN, xCR, xCR, xCW, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
		CookieAck:        {xES, xI1, xIN, xCS, xCR, xCW, xCO, xES, xES, xSS, xSR, xSA, xRJ, xCL},
		Shutdown:         {xSR, xI1, xIN, xCS, xCR, xCW, xCO, xCE, xSR, xSS, xSR, xSA, xRJ, xCL},
		ShutdownAck:      {xCL, xIN, xIN, xCS, xCR, xCW, xCO, xCE, xES, xCL, xSR, xCL, xRJ, xCL},
		ShutdownComplete: {xCL, xCL, xCL, xCS, xCR, xCW, xCO, xCE, xES, xSS, xSR, xCL, xRJ, xCL},
		Error:            {xCL, xI1, xIN, xCS, xCR, xCW, xCO, xCL, xES, xSS, xSR, xSA, xRJ, xCL},
		Abort:            {xCL, xCL, xCL, xCL, xCL, xRJ, xCL, xCL, xCL, xCL, xCL, xCL, xCL, xCL},
	},
	Output: {
		Data:             {xES, xI1, xIN, xCS, xCR, xCW, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
		Init:             {xCW, xCW, xCW, xCW, xCW, xCW, xCW, xCW, xES, xCW, xCW, xCW, xCW, xCW},
		InitAck:          {xCS, xCS, xCS, xCS, xCR, xCW, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
		CookieEcho:       {xCE, xCE, xCE, xCE, xCE, xCE, xCE, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
		CookieAck:        {xES, xES, xES, xES, xES, xES, xES, xES, xES, xSS, xSR, xSA, xRJ, xCL},
		Shutdown:         {xSS, xSS, xSS, xSS, xSS, xSS, xSS, xSS, xSS, xSS, xSR, xSA, xRJ, xCL},
		ShutdownAck:      {xSA, xSA, xSA, xSA, xSA, xCW, xCO, xCE, xES, xSA, xSA, xSA, xRJ, xCL},
		ShutdownComplete: {xCL, xI1, xIN, xCS, xCR, xCW, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
		Error:            {xCL, xCL, xCL, xCL, xCL, xCW, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
		Abort:            {xCL, xRJ, xCL, xCL, xCL, xCL, xCL, xCL, xCL, xCL, xCL, xCL, xCL, xCL},
	},
	InputOnly: {
		Data:             {xES, xI1, xIN, xCS, xCR, xES, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
		Init:             {xI1, xIN, xIN, xIN, xIN, xIN, xCO, xCE, xES, xSS, xSR, xSA, xIN, xIN},
		InitAck:          {xCE, xCE, xCE, xCE, xCE, xCE, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
		CookieEcho:       {xES, xES, xES, xES, xES, xES, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
		CookieAck:        {xES, xI1, xIN, xES, xES, xCW, xES, xES, xES, xSS, xSR, xSA, xRJ, xCL},
		Shutdown:         {xSR, xI1, xIN, xCS, xCR, xCW, xCO, xCE, xSR, xSS, xSR, xSA, xRJ, xCL},
		ShutdownAck:      {xCL, xIN, xIN, xCS, xCR, xCW, xCO, xCE, xCL, xCL, xSR, xCL, xRJ, xCL},
		ShutdownComplete: {xCL, xCL, xCL, xCL, xCL, xCW, xCO, xCE, xES, xSS, xCL, xCL, xRJ, xCL},
		Error:            {xCL, xI1, xIN, xCS, xCR, xCW, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
		Abort:            {xCL, xCL, xCL, xCL, xCL, xRJ, xCL, xCL, xCL, xCL, xCL, xCL, xCL, xCL},
	},
}

// firstStates are those of a connection that has seen no packet yet.
var firstStates = [256]State{flow.UDP: UDP, flow.SCTP: SCTPNone}

// FirstState returns the state of a connection of that protocol before its first packet.
func FirstState(proto uint8) State { return firstStates[proto] }

// NextSCTP returns the state after an SCTP event.
func (s State) NextSCTP(d Direction, e SCTPEvent) State { return sctpTransition[d][e][s-SCTPNone] }

// sctpTimeouts are the kernel's (C5.2).
func sctpTimeouts(t *Timeouts) {
	for s := SCTPNone; s < states; s++ {
		t[s] = 61 * wheel.Second
	}
	t[SCTPNone], t[SCTPInit1], t[SCTPRejected], t[SCTPEstablished] = 2*wheel.Second, 4*wheel.Second, 4*wheel.Second, 900*wheel.Second
}
