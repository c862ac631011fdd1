package conn

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"cleat/lcore/wheel"
)

// specification is connections.md: the specification itself is what the code is held to.
func specification(t *testing.T) string {
	text, err := os.ReadFile("../../docs/spec/connections.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// table returns the rows of the first table of connections.md behind a mark whose first column has that title.
func table(t *testing.T, mark, title string) (rows [][]string) {
	_, section, found := strings.Cut(specification(t), mark)
	_, section, headed := strings.Cut(section, "\n| "+title+" |")
	if !found || !headed {
		t.Fatalf("connections.md has no table %q behind %q", title, mark)
	}
	lines := strings.Split("| "+title+" |"+section, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "|") {
			break
		}
		if i != 1 { // the rule below the head
			rows = append(rows, cells(line))
		}
	}
	return rows
}

func cells(line string) []string {
	fields := strings.Split(strings.Trim(line, "|"), "|")
	for i := range fields {
		fields[i] = strings.TrimSpace(fields[i])
	}
	return fields
}

var (
	directions = map[string]Direction{"IN": Input, "OUT": Output, "IN-ONLY": InputOnly}
	segments   = map[string]uint8{"syn": flagSYN, "fin": flagFIN, "ack": flagACK, "rst": flagRST}
	short      = map[string]State{
		"NO": None, "ES": Established, "SS": SynSent, "SR": SynRecv, "FW": FinWait, "TW": TimeWait,
		"CL": Close, "CW": CloseWait, "LA": LastAck, "LI": Listen, "SA": SynAck,
	}
)

func TestTransitionsAreTheSpecification(t *testing.T) {
	rows := table(t, "\n## C4 ", "current state")
	for _, row := range rows[1:] {
		name, abbreviation, _ := strings.Cut(row[0], " ")
		from, known := short[strings.Trim(abbreviation, "()")]
		if !known || from.String() != name {
			t.Fatalf("no state %s", row[0])
		}
		for i, head := range rows[0][1:] {
			direction, event, _ := strings.Cut(head, " ")
			want, known := short[row[i+1]]
			if !known {
				t.Fatalf("no state %q", row[i+1])
			}
			if got := from.Next(directions[direction], EventOf(segments[event])); got != want {
				t.Errorf("%s, %s: %v, want %v", name, head, got, want)
			}
		}
		for _, d := range directions {
			if got := from.Next(d, EventOf(0)); got != Close {
				t.Errorf("%s, no flag: %v, want CLOSE", name, got)
			}
		}
	}
	if len(rows) != 12 || len(rows[0]) != 13 {
		t.Errorf("the table has %d rows and %d columns, want 12 and 13", len(rows), len(rows[0]))
	}
}

func TestSecureTransitionsAreTheSpecification(t *testing.T) {
	type cell struct {
		direction, event string
		from             State
	}
	names := map[string]State{}
	for s := range UDP {
		names[s.String()] = s
	}
	differs := map[cell]State{}
	for _, row := range table(t, "C4", "direction event")[1:] {
		direction, event, _ := strings.Cut(row[0], " ")
		from, known := names[row[1]]
		to, knownTo := short[row[3]]
		if !known || !knownTo {
			t.Fatalf("no state: %v", row)
		}
		if normal := from.Next(directions[direction], EventOf(segments[event])); normal != short[row[2]] {
			t.Errorf("%v: normally %v", row, normal)
		}
		differs[cell{direction, event, from}] = to
	}
	for direction, d := range directions {
		for event, flags := range segments {
			for s := range UDP {
				want, different := differs[cell{direction, event, s}]
				if !different {
					want = s.Next(d, EventOf(flags))
				}
				if got := s.NextSecure(d, EventOf(flags)); got != want {
					t.Errorf("%v, %s %s: %v, want %v", s, direction, event, got, want)
				}
			}
		}
	}
	if len(differs) != 15 || Established.NextSecure(Input, Nothing) != Close {
		t.Errorf("%d differences, want 15; no flag leads to %v, want CLOSE", len(differs), Established.NextSecure(Input, Nothing))
	}
}

// TestWorth: C10.3.
func TestWorth(t *testing.T) {
	for s := range states {
		want := Kept
		switch s {
		case SynRecv, SynAck, SCTPInit1, SCTPInit:
			want = Half
		case Established, SCTPEstablished, UDP:
			want = Packets
		}
		if got := s.Worth(); got != want {
			t.Errorf("%v: %d, want %d", s, got, want)
		}
	}
}

func TestTimeoutsAreTheSpecification(t *testing.T) {
	timeouts := DefaultTimeouts()
	rows := table(t, "\n## C4 ", "state")[1:]
	for i, row := range rows {
		s := State(i)
		seconds, err := strconv.Atoi(strings.TrimSuffix(row[1], " s"))
		if err != nil {
			t.Fatal(err)
		}
		if s.String() != row[3] || timeouts[s] != uint32(seconds)*wheel.Second || s.Active() != (row[2] == "yes") {
			t.Errorf("%v: %d ticks, active %v; want %v", s, timeouts[s], s.Active(), row)
		}
	}
	if len(rows) != int(UDP) {
		t.Errorf("%d states, want %d", len(rows), UDP)
	}
	if UDP.String() != "UDP" || timeouts[UDP] != 300*wheel.Second || UDP.Active() { // C5.1
		t.Errorf("UDP: %d ticks, active %v", timeouts[UDP], UDP.Active())
	}
}

// TestEventOf: of several flags the first of RST, SYN, FIN, ACK counts, whatever else is set.
func TestEventOf(t *testing.T) {
	for flags := range 256 {
		f, want := uint8(flags), Nothing
		switch {
		case f&flagRST != 0:
			want = RST
		case f&flagSYN != 0:
			want = SYN
		case f&flagFIN != 0:
			want = FIN
		case f&flagACK != 0:
			want = ACK
		}
		if got := EventOf(f); got != want {
			t.Errorf("EventOf(%#x) = %d, want %d", f, got, want)
		}
	}
}
