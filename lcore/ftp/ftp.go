// Package ftp reads the lines of FTP control connections that announce data connections, and writes them anew
// (docs/spec/connections.md C12). It knows payloads, no connections.
package ftp

import "cleat/lcore/flow"

// Mode is the way in which the client last asked for a data connection.
type Mode uint8

// Modes.
const (
	Unknown  Mode = iota
	Active        // PORT, EPRT: the server connects
	Passive       // PASV
	Extended      // EPSV
)

// Command is what a client's packet asks for.
type Command struct {
	Mode Mode // Unknown: nothing
	// Addr and Port are where the server shall connect to, for Active.
	Addr flow.Addr
	Port uint16
}

// ParseCommand reads what lies of a client's packet in hand. The last line that asks for something counts; one that is not whole does not (C12.1, C12.2).
func ParseCommand(payload []byte) (c Command) {
	for line, ok := nextLine(&payload); ok; line, ok = nextLine(&payload) {
		if next, ok := parseCommand(line); ok {
			c = next
		}
	}
	return c
}

func parseCommand(line text) (c Command, ok bool) {
	switch {
	case line.word("PASV"):
		c.Mode = Passive
	case line.word("EPSV"):
		c.Mode = Extended
		if line.byte(' ') && !line.byte('1') && !line.byte('2') { // EPSV ALL asks for nothing
			return c, false
		}
	case line.word("PORT "):
		c.Mode = Active
		c.Addr, c.Port, ok = line.hostPort()
		return c, ok && line.end()
	case line.word("EPRT "):
		c.Mode = Active
		c.Addr, c.Port, ok = line.extended()
		return c, ok && line.end()
	}
	return c, c.Mode != Unknown && line.end()
}

// Reply is a server's line that says where it listens.
type Reply struct {
	Addr flow.Addr // of Passive
	Port uint16
	// From and To are where address and port, for Extended the port alone, stand in the payload.
	From, To int
}

// ParseReply looks for the reply to what the client asked for, Passive or Extended, in what lies of a server's packet in hand.
func ParseReply(payload []byte, asked Mode) (r Reply, ok bool) {
	rest := payload
	for line, found := nextLine(&rest); found; line, found = nextLine(&rest) {
		begin := len(payload) - len(rest) - len(line.b) - 1 // the line, its '\n' included, is what is gone from rest last
		switch {
		case asked == Passive && line.word("227 "):
			line.skip(func(c byte) bool { return !isDigit(c) })
			r.From = line.at
			r.Addr, r.Port, ok = line.hostPort()
		case asked == Extended && line.word("229 "):
			line.skip(func(c byte) bool { return c != '(' })
			bracket := line.byte('(')
			d, given := line.delimiter()
			given = given && bracket && line.byte(d) && line.byte(d)
			r.From = line.at
			r.Port, ok = line.number(65535)
			ok = ok && given
		default:
			continue
		}
		r.From, r.To = begin+r.From, begin+line.at
		return r, ok && r.Port != 0
	}
	return Reply{}, false
}

// AppendHostPort appends an IPv4 address and port as PORT and the reply to PASV have them, 23 bytes at most: "10,0,0,1,31,144".
func AppendHostPort(b []byte, a flow.Addr, port uint16) []byte {
	v4 := a.Uint32()
	for _, n := range [...]byte{byte(v4 >> 24), byte(v4 >> 16), byte(v4 >> 8), byte(v4), byte(port >> 8)} {
		b = append(AppendNumber(b, uint16(n)), ',')
	}
	return AppendNumber(b, port&0xff)
}

// AppendNumber appends n in decimal.
func AppendNumber(b []byte, n uint16) []byte {
	if n >= 10 {
		b = AppendNumber(b, n/10)
	}
	return append(b, '0'+byte(n%10))
}
