package payload

import (
	"testing"

	"pgregory.net/rapid"
)

// TestRoundTrip: what was put in comes out, at any length, and nothing outside is touched.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(ShortLen, 40).Draw(t, "length")
		q := Question{rapid.Uint32().Draw(t, "number"), rapid.Uint32().Draw(t, "client"), rapid.Uint16().Draw(t, "run"), rapid.Int64Range(0, 1<<62).Draw(t, "sent")}
		rs := rapid.Uint16().Draw(t, "server")
		data := make([]byte, n)
		Put(data, &q)
		if before := Answer(data, rs); before != Nobody {
			t.Fatalf("answered before, by %d", before)
		}
		if Number(data) != q.Number || Server(data) != rs || Stamped(data) != (n >= Len) {
			t.Fatalf("number %d, server %d, stamped %v", Number(data), Server(data), Stamped(data))
		}
		if n < Len {
			for _, b := range data[ShortLen:] {
				if b != 0 {
					t.Fatalf("% x: more than the short form", data)
				}
			}
			return
		}
		age := rapid.Int64Range(0, stampMask).Draw(t, "age")
		if got := Age(data, q.Sent+age); got != age {
			t.Fatalf("age %d, want %d", got, age)
		}
		if !Of(data, q.Run, q.Client) || Of(data, q.Run+1, q.Client) || Of(data, q.Run, q.Client+1) {
			t.Fatal("not told from other trials and clients")
		}
	})
}

func TestTooShort(t *testing.T) {
	data := []byte{1, 2, 3, 4, 5}
	if Answer(data, 7) != 7 || string(data) != "\x01\x02\x03\x04\x05" {
		t.Errorf("% x", data)
	}
}
