// Package sip finds the Call-ID of a SIP message, by which the persistence engine "sip" ties messages to servers (docs/spec/persistence.md P9).
package sip

// CallIDMax is the longest Call-ID that is taken, in bytes (P9.1).
const CallIDMax = 255

// CallID returns the value of the first Call-ID header of a message (RFC 3261 20.8), as its bytes stand there. Lines end in CR, LF or both.
// It reports false if there is none, or one that is longer than CallIDMax, not word[@word], or not followed by the line's end (P9.1, P9.2).
func CallID(message []byte) (id []byte, ok bool) {
	rest := nextLine(message) // the first line is a request or a status
	for len(rest) > 0 && !isEnd(rest[0]) {
		if value, found := header(rest); found {
			n := callID(value)
			return value[:n], 0 < n && n <= CallIDMax && n < len(value) && isEnd(value[n])
		}
		rest = nextLine(rest)
	}
	return nil, false
}

func isEnd(c byte) bool   { return c == '\r' || c == '\n' }
func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// nextLine returns what follows the line that b begins with.
func nextLine(b []byte) []byte {
	for i, c := range b {
		if isEnd(c) {
			return b[i+ending(b[i:]):]
		}
	}
	return nil
}

// ending is the length of the line's end that b begins with.
func ending(b []byte) int {
	if b[0] == '\r' && len(b) > 1 && b[1] == '\n' {
		return 2
	}
	return 1
}

// header returns what follows the name of a Call-ID header, its colon and the blanks behind that, and whether the line is one: a value may
// begin on the next line (RFC 3261 7.3.1).
func header(line []byte) (value []byte, found bool) {
	switch {
	case hasName(line, "call-id"):
		line = line[len("call-id"):]
	case hasName(line, "i"):
		line = line[1:]
	default:
		return nil, false
	}
	if line = skipBlanks(line); len(line) == 0 || line[0] != ':' {
		return nil, false
	}
	return skipBlanks(line[1:]), true
}

// hasName reports whether a line begins with a name, in whichever case.
func hasName(line []byte, name string) bool {
	if len(line) < len(name) {
		return false
	}
	for i := range len(name) {
		c := line[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != name[i] {
			return false
		}
	}
	return true
}

// skipBlanks passes over blanks, and over ends of lines that a blank follows.
func skipBlanks(b []byte) []byte {
	for len(b) > 0 {
		n := 1
		if isEnd(b[0]) {
			if n = ending(b); n == len(b) || !isBlank(b[n]) {
				break
			}
		} else if !isBlank(b[0]) {
			break
		}
		b = b[n:]
	}
	return b
}

// callID is the length of the word[@word] that b begins with, 0 if there is none.
func callID(b []byte) int {
	n := word(b)
	if n == 0 || n == len(b) || b[n] != '@' {
		return n
	}
	domain := word(b[n+1:])
	if domain == 0 {
		return 0
	}
	return n + 1 + domain
}

// word is the length of the word that b begins with.
func word(b []byte) int {
	for i, c := range b {
		if !inWord[c] {
			return i
		}
	}
	return len(b)
}

// inWord are the bytes of RFC 3261's word.
var inWord = func() (t [256]bool) {
	for c := range t {
		t[c] = '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
	}
	for _, c := range "-.!%*_+`'~()<>:\\\"/[]?{}" {
		t[c] = true
	}
	return t
}()
