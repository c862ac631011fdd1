package burst

import (
	"bytes"
	"reflect"
	"testing"
)

// packet is one whose bytes are 0, 1, 2 …, behind headroom bytes in a buffer of their own.
func packet(headroom, n, room int) (*Packet, []byte) {
	buffer := make([]byte, headroom+n+room)
	data := buffer[headroom : headroom+n]
	for i := range data {
		data[i] = byte(i)
	}
	return &Packet{Data: data, Len: uint32(n), Headroom: uint16(headroom), Segments: 1}, buffer
}

func TestPrepend(t *testing.T) {
	p, buffer := packet(Headroom, 60, 40)
	for _, n := range []int{20, 0, Headroom - 20} {
		before, headroom := len(p.Data), int(p.Headroom)
		if !p.Prepend(n) {
			t.Fatalf("Prepend(%d) with headroom %d refused", n, p.Headroom)
		}
		if len(p.Data) != before+n || int(p.Len) != before+n || int(p.Headroom) != headroom-n {
			t.Fatalf("after Prepend(%d): %d bytes, Len %d, Headroom %d", n, len(p.Data), p.Len, p.Headroom)
		}
	}
	if &p.Data[0] != &buffer[0] || cap(p.Data) != len(buffer) {
		t.Error("Data is not the whole buffer")
	}
	if !bytes.Equal(p.Data[Headroom:Headroom+3], []byte{0, 1, 2}) {
		t.Error("the packet has changed")
	}
}

func TestPrependRefuses(t *testing.T) {
	for _, c := range []struct{ headroom, n, prepend int }{{0, 60, 1}, {19, 60, 20}, {Headroom, 60, Headroom + 1}, {Headroom, 0, 14}} {
		p, _ := packet(c.headroom, c.n, 0)
		before := *p
		if p.Prepend(c.prepend) || !reflect.DeepEqual(*p, before) {
			t.Errorf("%+v: not refused, or changed", c)
		}
	}
}

func TestTrim(t *testing.T) {
	p, _ := packet(Headroom, 60, 0)
	p.Len, p.Segments = 1000, 3
	p.Trim(46)
	if len(p.Data) != 46 || p.Len != 46 || p.Segments != 1 || p.Headroom != Headroom {
		t.Errorf("%d bytes, Len %d, %d segments, Headroom %d", len(p.Data), p.Len, p.Segments, p.Headroom)
	}
	if !p.Prepend(20) || len(p.Data) != 66 {
		t.Error("a trimmed packet cannot grow")
	}
}

func TestPacketSize(t *testing.T) {
	if size := reflect.TypeFor[Packet]().Size(); size != 56 { // as its documentation says
		t.Errorf("%d bytes, want 56", size)
	}
}
