package sip

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCallID(t *testing.T) {
	const request = "INVITE sip:bob@example.net SIP/2.0\r\n"
	for message, want := range map[string]string{
		"OPTIONS sip:a@b SIP/2.0\nCall-ID: 12345678@example.net\n\n":      "12345678@example.net",
		request + "Via: x\r\nCall-ID: a84b4c76e66710@pc33\r\n\r\n":        "a84b4c76e66710@pc33",
		request + "i: f81d4fae\r\n":                                       "f81d4fae",
		request + "I\t:\t f81d4fae\r\n":                                   "f81d4fae",
		request + "CALL-id:x@[::1]\r":                                     "x@[::1]",
		request + "Call-ID:\r\n folded\r\n":                               "folded",
		request + "Via: x\r\n i: no header\r\nCall-ID: yes\r\n":           "yes",
		request + "Info: i\r\nCall-Id: yes\r\n":                           "yes",
		request + "Call-ID: one\r\nCall-ID: two\r\n":                      "one",
		request + "Call-ID: " + strings.Repeat("x", CallIDMax) + "\r\n":   strings.Repeat("x", CallIDMax),
		request + "Call-ID: " + strings.Repeat("x", CallIDMax+1) + "\r\n": "",
		request + "Call-ID: a@b":                                          "",
		request + "Call-ID: a@b \r\n":                                     "",
		request + "Call-ID: a@\r\n":                                       "",
		request + "Call-ID: @b\r\n":                                       "",
		request + "Call-ID: a@b@c\r\n":                                    "",
		request + "Call-ID: a b\r\n":                                      "",
		request + "Call-ID:\r\n":                                          "",
		request + "Call-ID\r\n":                                           "",
		request + "Call-ID":                                               "",
		request + "Call-IDs: a\r\n":                                       "",
		request + "Via: x\r\n\r\nCall-ID: in the body\r\n":                "",
		request + "\r\nCall-ID: a\r\n":                                    "",
		"Call-ID: in the first line\r\n":                                  "",
		request:                                                           "",
		"":                                                                "",
	} {
		id, ok := CallID([]byte(message))
		if ok != (want != "") || ok && string(id) != want {
			t.Errorf("%q: %q %v, want %q", message, id, ok, want)
		}
	}
}

// TestCallIDOfAnyMessage: whatever headers stand around it, the Call-ID is found, as it stands there.
func TestCallIDOfAnyMessage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		end := rapid.SampledFrom([]string{"\r\n", "\n", "\r"}).Draw(t, "end")
		words := rapid.StringMatching("[-.!%*_+`'~()<>:\\\\\"/\\[\\]?{}0-9a-zA-Z]{1,60}")
		want := words.Draw(t, "word")
		if rapid.Bool().Draw(t, "domain") {
			want += "@" + words.Draw(t, "domain")
		}
		lines := rapid.SliceOfN(rapid.StringMatching(`[A-HJ-Za-hj-z][A-Za-z]{0,10}: [ -~]{0,30}`), 0, 5)
		message := "OPTIONS sip:a@b SIP/2.0" + end
		for _, l := range lines.Draw(t, "before") {
			message += l + end
		}
		message += rapid.SampledFrom([]string{"Call-ID: ", "i:", "I :\t", "call-id:" + end + " "}).Draw(t, "name") + want + end
		message += strings.Join(lines.Draw(t, "behind"), end)
		if id, ok := CallID([]byte(message)); !ok || string(id) != want {
			t.Fatalf("%q: %q %v, want %q", message, id, ok, want)
		}
	})
}

func FuzzCallID(f *testing.F) {
	f.Add([]byte("OPTIONS sip:a@b SIP/2.0\nCall-ID: 12345678@example.net\n\n"))
	f.Add([]byte("\r\ni:\r\n x@y\r"))
	f.Fuzz(func(t *testing.T, b []byte) {
		id, ok := CallID(b)
		if ok && (len(id) == 0 || len(id) > CallIDMax || bytes.ContainsAny(id, " \t\r\n") || bytes.Count(id, []byte("@")) > 1 || !bytes.Contains(b, id)) {
			t.Errorf("%q: %q", b, id)
		}
	})
}

func TestAllocatesNothing(t *testing.T) {
	message := []byte("OPTIONS sip:a@b SIP/2.0\nCall-ID: 12345678@example.net\n\n")
	if n := testing.AllocsPerRun(10, func() { CallID(message) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
