package ftp

import "cleat/lcore/flow"

// text is a line without its '\n', of which all before at was read. What does not read leaves at where it likes.
type text struct {
	b  []byte
	at int
}

// nextLine takes the next whole line off payload.
func nextLine(payload *[]byte) (line text, ok bool) {
	for i, c := range *payload {
		if c == '\n' {
			line.b, *payload = (*payload)[:i], (*payload)[i+1:]
			return line, true
		}
	}
	return line, false
}

// word reads upper-case w, in whichever case it stands.
func (t *text) word(w string) bool {
	if len(t.b)-t.at < len(w) {
		return false
	}
	for i := range len(w) {
		c := t.b[t.at+i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != w[i] {
			return false
		}
	}
	t.at += len(w)
	return true
}

func (t *text) byte(c byte) bool {
	if t.at == len(t.b) || t.b[t.at] != c {
		return false
	}
	t.at++
	return true
}

// end reads the CR of the line's end.
func (t *text) end() bool { return t.byte('\r') && t.at == len(t.b) }

// skip goes on as long as the bytes are such.
func (t *text) skip(such func(byte) bool) {
	for t.at < len(t.b) && such(t.b[t.at]) {
		t.at++
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// number reads a decimal number up to limit.
func (t *text) number(limit int) (uint16, bool) {
	begin, n := t.at, 0
	for t.at < len(t.b) && isDigit(t.b[t.at]) {
		if n = n*10 + int(t.b[t.at]-'0'); n > limit {
			return 0, false
		}
		t.at++
	}
	return uint16(n), t.at > begin
}

// numbers reads n numbers up to 255 with a separator between them.
func (t *text) numbers(n []byte, separator byte) bool {
	for i := range n {
		if i > 0 && !t.byte(separator) {
			return false
		}
		v, ok := t.number(255)
		if !ok {
			return false
		}
		n[i] = byte(v)
	}
	return true
}

// hostPort reads "10,0,0,1,31,144" (RFC 959).
func (t *text) hostPort() (a flow.Addr, port uint16, ok bool) {
	var n [6]byte
	if !t.numbers(n[:], ',') {
		return a, 0, false
	}
	return v4(n[:]), uint16(n[4])<<8 | uint16(n[5]), true
}

// extended reads "|1|10.0.0.1|8080|" or "|2|fd00::1|8080|" (RFC 2428).
func (t *text) extended() (a flow.Addr, port uint16, ok bool) {
	d, ok := t.delimiter()
	if !ok {
		return a, 0, false
	}
	switch {
	case t.byte('1'):
		var n [4]byte
		ok = t.byte(d) && t.numbers(n[:], '.')
		a = v4(n[:])
	case t.byte('2'):
		ok = t.byte(d)
		if ok {
			a, ok = t.ipv6()
		}
	default:
		ok = false
	}
	if !ok || !t.byte(d) {
		return a, 0, false
	}
	port, ok = t.number(65535)
	return a, port, ok && t.byte(d)
}

// ipv6 reads an IPv6 address as RFC 4291 2.2 writes it, without dots.
func (t *text) ipv6() (a flow.Addr, ok bool) {
	var groups [8]uint16
	n, gap := 0, -1 // gap: before which group "::" stands
	for n < len(groups) {
		if gap < 0 && t.at+1 < len(t.b) && t.b[t.at] == ':' && t.b[t.at+1] == ':' {
			gap = n
			t.at += 2
		} else if n > 0 && gap != n && !t.byte(':') {
			break
		}
		if groups[n], ok = t.hex(); !ok {
			if gap != n {
				return a, false
			}
			break
		}
		n++
	}
	if (gap < 0) != (n == len(groups)) {
		return a, false
	}
	for i, g := range groups[:n] {
		if gap >= 0 && i >= gap { // behind the gap, from the end
			i += len(groups) - n
		}
		shift := 48 - 16*(i%4)
		if i < 4 {
			a.Hi |= uint64(g) << shift
		} else {
			a.Lo |= uint64(g) << shift
		}
	}
	return a, true
}

// hex reads up to four hexadecimal digits.
func (t *text) hex() (n uint16, ok bool) {
	for digits := 0; t.at < len(t.b) && digits < 4; digits++ {
		c := t.b[t.at] | 0x20
		switch {
		case isDigit(t.b[t.at]):
			n = n<<4 | uint16(t.b[t.at]-'0')
		case 'a' <= c && c <= 'f':
			n = n<<4 | uint16(c-'a'+10)
		default:
			return n, ok
		}
		ok = true
		t.at++
	}
	return n, ok
}

// delimiter reads a byte that may separate: any but a digit.
func (t *text) delimiter() (byte, bool) {
	if t.at == len(t.b) || isDigit(t.b[t.at]) {
		return 0, false
	}
	t.at++
	return t.b[t.at-1], true
}

func v4(n []byte) flow.Addr {
	return flow.V4(uint32(n[0])<<24 | uint32(n[1])<<16 | uint32(n[2])<<8 | uint32(n[3]))
}
