package ftp

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"pgregory.net/rapid"

	"cleat/lcore/flow"
)

func addr(s string) flow.Addr { return flow.FromNetip(netip.MustParseAddr(s)) }

func TestParseCommand(t *testing.T) {
	active := Command{Active, addr("172.16.0.1"), 5001}
	for text, want := range map[string]Command{
		"PASV\r\n":                         {Mode: Passive},
		"pasv\r\n":                         {Mode: Passive},
		"EPSV\r\n":                         {Mode: Extended},
		"EPSV 1\r\n":                       {Mode: Extended},
		"ePSV 2\r\n":                       {Mode: Extended},
		"PORT 172,16,0,1,19,137\r\n":       active,
		"EPRT |1|172.16.0.1|5001|\r\n":     active,
		"EPRT !1!172.16.0.1!5001!\r\n":     active,
		"NOOP\r\nPASV\r\n":                 {Mode: Passive},
		"PASV\r\nRETR x\r\n":               {Mode: Passive},
		"PASV\r\nEPSV\r\n":                 {Mode: Extended},
		"PASV\r\nPORT 172,16,0,1,19,137\r": {Mode: Passive},

		"":                                        {},
		"PASV\n":                                  {},
		"PASV\r":                                  {},
		"PASV \r\n":                               {},
		"XPASV\r\n":                               {},
		"EPSV ALL\r\n":                            {},
		"EPSV 3\r\n":                              {},
		"EPSV 12\r\n":                             {},
		"PORT 172,16,0,1,19\r\n":                  {},
		"PORT 172,16,0,1,19,\r\n":                 {},
		"PORT 172,16,0,1,19,256\r\n":              {},
		"PORT 172,16,0,1,19,137,1\r\n":            {},
		"PORT 172.16.0.1,19,137\r\n":              {},
		"EPRT |2|fd16::1|5001|\r\n":               {Mode: Active, Addr: flow.Addr{Hi: 0xfd16 << 48, Lo: 1}, Port: 5001},
		"EPRT |2|172.16.0.1|5001|\r\n":            {},
		"EPRT |3|fd16::1|5001|\r\n":               {},
		"EPRT |1|172.16.0.1|65536|\r\n":           {},
		"EPRT |1|172.16.0.1|5001\r\n":             {},
		"EPRT 01017201600010500105\r\n":           {},
		"EPRT \r\n":                               {},
		"PORT 99999999999999999999,1,1,1,1,1\r\n": {},
	} {
		if got := ParseCommand([]byte(text)); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func TestParseReply(t *testing.T) {
	for _, tt := range []struct {
		text  string
		asked Mode
		want  string // address, port, and what stands there; "" if it is no reply
	}{
		{"227 Entering Passive Mode (10,9,0,13,31,144).\r\n", Passive, "10.9.0.13 8080 10,9,0,13,31,144"},
		{"227 Entering Passive Mode 10,9,0,13,31,144\r\n", Passive, "10.9.0.13 8080 10,9,0,13,31,144"},
		{"227 =10,9,0,13,31,144\n", Passive, "10.9.0.13 8080 10,9,0,13,31,144"},
		{"200 ok\r\n227 (10,9,0,13,31,144)\r\nmore", Passive, "10.9.0.13 8080 10,9,0,13,31,144"},
		{"229 Entering Extended Passive Mode (|||8080|)\r\n", Extended, ":: 8080 8080"},
		{"229 ok (!!!8080!)\r\n", Extended, ":: 8080 8080"},

		{"227 Entering Passive Mode (10,9,0,13,31,144).", Passive, ""},
		{"227 Entering Passive Mode (10,9,0,13,31,144).\r\n", Extended, ""},
		{"227 Entering Passive Mode (10,9,0,13,31,144).\r\n", Active, ""},
		{"227-Entering Passive Mode (10,9,0,13,31,144).\r\n", Passive, ""},
		{"227 Entering Passive Mode (10,9,0,13,31).\r\n", Passive, ""},
		{"227 Entering Passive Mode (10,9,0,13,0,0).\r\n", Passive, ""},
		{"227 \r\n", Passive, ""},
		{"229 (|||8080|)\r\n", Passive, ""},
		{"229 (||8080|)\r\n", Extended, ""},
		{"229 (|||65536|)\r\n", Extended, ""},
		{"229 |||8080|\r\n", Extended, ""},
		{"229 (\r\n", Extended, ""},
	} {
		got := ""
		if r, ok := ParseReply([]byte(tt.text), tt.asked); ok {
			got = fmt.Sprintf("%v %d %s", r.Addr.Netip(), r.Port, tt.text[r.From:r.To])
		}
		if got != tt.want {
			t.Errorf("%q: %q, want %q", tt.text, got, tt.want)
		}
	}
}

// What is written is what is read.
func TestAppendHostPort(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, port := flow.V4(rapid.Uint32().Draw(t, "address")), rapid.Uint16Range(1, 65535).Draw(t, "port")
		line := append(AppendHostPort([]byte("227 ("), a, port), ")\r\n"...)
		r, ok := ParseReply(line, Passive)
		if !ok || r.Addr != a || r.Port != port || r.From != 5 || r.To != len(line)-3 {
			t.Fatalf("%q: %+v, %v", line, r, ok)
		}
		line = append(AppendNumber([]byte("229 (|||"), port), "|)\r\n"...)
		if r, ok = ParseReply(line, Extended); !ok || r.Port != port || r.From != 8 || r.To != len(line)-4 {
			t.Fatalf("%q: %+v, %v", line, r, ok)
		}
	})
}

// FuzzParse: what a reply's places are replaced by is what is read from it then, and nothing panics.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"PASV\r\n", "EPRT |1|172.16.0.1|5001|\r\n", "PORT 1,2,3,4,5,6\r\n", "227 x (10,9,0,13,31,144).\r\n", "229 (|||8080|)\r\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ParseCommand(b)
		for _, asked := range []Mode{Passive, Extended} {
			r, ok := ParseReply(b, asked)
			if !ok {
				continue
			}
			text := AppendNumber(nil, 65535)
			if asked == Passive {
				text = AppendHostPort(nil, flow.V4(0xffffffff), 65535)
			}
			changed := bytes.Join([][]byte{b[:r.From], b[r.To:]}, text)
			again, ok := ParseReply(changed, asked)
			if !ok || again.Port != 65535 || again.From != r.From || again.To != r.From+len(text) {
				t.Errorf("%q, replaced: %q: %+v, %v", b, changed, again, ok)
			}
		}
	})
}

func TestAllocatesNothing(t *testing.T) {
	pasv, port, reply := []byte("PASV\r\n"), []byte("PORT 1,2,3,4,5,6\r\n"), []byte("227 x (10,9,0,13,31,144).\r\n")
	if n := testing.AllocsPerRun(10, func() {
		var room [23]byte
		ParseCommand(pasv)
		ParseCommand(port)
		ParseReply(reply, Passive)
		AppendHostPort(room[:0], flow.V4(1), 8080)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
