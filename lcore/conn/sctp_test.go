package conn

import (
	"strings"
	"testing"

	"cleat/lcore/wheel"
	"cleat/lcore/wire"
)

// events under the specification's names.
var sctpEventNames = map[string]SCTPEvent{
	"DATA": Data, "INIT": Init, "INIT-ACK": InitAck, "COOKIE-ECHO": CookieEcho, "COOKIE-ACK": CookieAck, "SHUTDOWN": Shutdown,
	"SHUTDOWN-ACK": ShutdownAck, "SHUTDOWN-COMPLETE": ShutdownComplete, "ERROR": Error, "ABORT": Abort,
}

// sctpShort reads "NO NONE, I1 INIT1, …" of C5.2.
func sctpShort(t *testing.T) map[string]State {
	_, list, _ := strings.Cut(specification(t), "\nStates: ")
	list, _, found := strings.Cut(list, " (names as listed")
	if !found {
		t.Fatal("connections.md does not list SCTP's states")
	}
	short := map[string]State{}
	for i, word := range strings.Split(list, ", ") {
		abbreviation, name, _ := strings.Cut(word, " ")
		s := SCTPNone + State(i)
		if s >= states || s.String() != name {
			t.Fatalf("state %d is %q in the specification", i, name)
		}
		short[abbreviation] = s
	}
	return short
}

func TestSCTPTransitionsAreTheSpecification(t *testing.T) {
	short := sctpShort(t)
	for name, direction := range map[string]Direction{"INPUT": Input, "OUTPUT": Output, "INPUT-ONLY": InputOnly} {
		rows := table(t, "\n**SCTP "+name+"**", `event \ state`)
		if len(rows) != int(sctpEvents)+1 {
			t.Fatalf("%s: %d events", name, len(rows)-1)
		}
		for _, row := range rows[1:] {
			event, known := sctpEventNames[row[0]]
			if !known {
				t.Fatalf("no event %s", row[0])
			}
			for i, head := range rows[0][1:] {
				want, known := short[row[i+1]]
				if got := short[head].NextSCTP(direction, event); !known || got != want {
					t.Errorf("%s, %s, %s: %v, want %v", name, head, row[0], got, want)
				}
			}
		}
	}
}

// TestSCTPTimeouts: "NONE 2, INIT1 4, REJECTED 4, ESTABLISHED 900, all others 61 s", and ESTABLISHED alone is active (C5.2).
func TestSCTPTimeouts(t *testing.T) {
	want := map[State]uint32{SCTPNone: 2, SCTPInit1: 4, SCTPRejected: 4, SCTPEstablished: 900}
	timeouts := DefaultTimeouts()
	for s := SCTPNone; s < states; s++ {
		seconds, ok := want[s]
		if !ok {
			seconds = 61
		}
		if timeouts[s] != seconds*wheel.Second || s.Active() != (s == SCTPEstablished) {
			t.Errorf("%v: %d ticks, active %v", s, timeouts[s], s.Active())
		}
	}
}

func TestSCTPEventOf(t *testing.T) {
	for _, tt := range []struct {
		first, second uint8
		want          SCTPEvent
	}{
		{wire.ChunkData, 0xff, Data}, {wire.ChunkInit, 0xff, Init}, {wire.ChunkInitAck, 0xff, InitAck}, {wire.ChunkAbort, 0xff, Abort},
		{wire.ChunkShutdown, 0xff, Shutdown}, {wire.ChunkShutdownAck, 0xff, ShutdownAck}, {wire.ChunkShutdownComplete, 0xff, ShutdownComplete},
		{wire.ChunkError, 0xff, Error}, {wire.ChunkCookieEcho, wire.ChunkData, CookieEcho}, {wire.ChunkCookieAck, wire.ChunkData, CookieAck},
		{wire.ChunkCookieEcho, wire.ChunkAbort, Abort}, {wire.ChunkCookieAck, wire.ChunkAbort, Abort}, {wire.ChunkData, wire.ChunkAbort, Data},
		{3, 0xff, Data}, {4, 0xff, Data}, {12, 0xff, Data}, {13, 0xff, Data}, {0xc0, wire.ChunkInit, Data},
	} {
		if got := SCTPEventOf(tt.first, tt.second); got != tt.want {
			t.Errorf("chunks %d, %d: event %d, want %d", tt.first, tt.second, got, tt.want)
		}
	}
}
