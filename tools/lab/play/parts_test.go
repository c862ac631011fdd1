package play

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"cleat/tools/lab/play/record"

	"golang.org/x/sys/unix"
)

func TestLines(t *testing.T) {
	for text, want := range map[string][]string{
		"": nil, "\n": {""}, "a\n": {"a"}, "a\n\nb\n": {"a", "", "b"}, "a\nb": {"a", `b\c`},
	} {
		if got := lines(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestOutcome(t *testing.T) {
	for want, err := range map[string]error{
		"refused": unix.ECONNREFUSED, "reset": unix.ECONNRESET, "unreachable": unix.ENETUNREACH,
		"timeout": os.ErrDeadlineExceeded, "error:what": errors.New("what"),
		"local:dial: address already in use": fmt.Errorf("dial: %w", unix.EADDRINUSE),
	} {
		if got := outcome(err); got != want {
			t.Errorf("%v: %s, want %s", err, got, want)
		}
	}
}

// TestAddress: who names no port gets the next one, in the order of the steps.
func TestAddress(t *testing.T) {
	p := &stage{port: 20000}
	for _, c := range [][2]string{
		{"172.16.0.1", "172.16.0.1:20001"}, {"172.16.0.1:4000", "172.16.0.1:4000"}, {"fd16::1", "[fd16::1]:20002"}, {"[fd16::1]", "[fd16::1]:20003"},
	} {
		if got, err := p.address(c[0]); err != nil || got.String() != c[1] {
			t.Errorf("%s: %v %v, want %s", c[0], got, err, c[1])
		}
	}
	if got, err := p.address("somebody"); err == nil {
		t.Errorf("somebody is %v", got)
	}
}

func TestPayload(t *testing.T) {
	for want, step := range map[string]record.Step{
		"hello": {}, "xxx": {Size: 3}, "a\r\nb\r\n": {Data: "a\nb\r\n"},
	} {
		if got := string(payload(&step)); got != want {
			t.Errorf("%+v: %q, want %q", step, got, want)
		}
	}
}

// frame is an Ethernet frame with a TCP segment.
func frame(from, to string, flags byte) []byte {
	f, t := netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
	b := append(make([]byte, 12), 8, 0)
	b = append(b, ipv4(f.Addr(), t.Addr(), protocolTCP, 20)...)
	b = append(b, byte(f.Port()>>8), byte(f.Port()), byte(t.Port()>>8), byte(t.Port()))
	return append(b, 0, 0, 0, 0, 0, 0, 0, 0, 5<<4, flags, 0, 0, 0, 0, 0, 0)
}

// TestHalfOpen: a SYN+ACK is repeated after 1, 3, 7, 15 and 31 s, unless it is answered.
func TestHalfOpen(t *testing.T) {
	const client, other, server = "172.16.0.1:4001", "172.16.0.2:4001", "10.9.0.13:80"
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	h := &halfOpen{clock: &clock{began: time.Now()}, flows: map[handshake]*waiting{}}
	see := func(rs, from, to string, flags byte) {
		whole := frame(from, to, flags)
		f, t, fl, ok := segment(whole)
		if ok {
			h.see(f, t, fl, waiting{frame: whole, wire: write, rs: rs})
		}
	}
	see("rs3", client, server, syn)
	see("rs3", server, client, syn|ack)
	see("rs1", server, other, syn|ack)
	see("rs1", other, server, ack)
	see("rs2", "10.9.0.12:80", other, syn|ack)
	see("rs2", other, "10.9.0.12:80", rst)
	if got := h.fresh(); !reflect.DeepEqual(got, []string{"rs3"}) {
		t.Errorf("half-open at %v", got)
	}
	if got := h.fresh(); got != nil {
		t.Errorf("still repeated by the kernels of %v", got)
	}
	var said []time.Duration
	for due, ok := h.next(); ok; due, ok = h.next() {
		h.repeat(due)
		said = append(said, due.Round(time.Second))
		see("rs3", server, client, syn|ack) // as the wire shows it, which does not count from there
		sent := make([]byte, 100)
		if n, err := read.Read(sent); err != nil || string(sent[:n]) != string(frame(server, client, syn|ack)) {
			t.Errorf("sent %x, %v", sent[:n], err)
		}
	}
	if !reflect.DeepEqual(said, repeats) {
		t.Errorf("repeated after %v", said)
	}
}

func TestSegment(t *testing.T) {
	whole := frame("172.16.0.1:4001", "10.0.0.1:80", syn|ack)
	from, to, flags, ok := segment(whole)
	if !ok || from.String() != "172.16.0.1:4001" || to.String() != "10.0.0.1:80" || flags != syn|ack {
		t.Errorf("%v %v %x %v", from, to, flags, ok)
	}
	for n := range whole {
		segment(whole[:n]) // must not panic
	}
	udp := append([]byte{}, whole...)
	udp[14+9] = protocolUDP
	if _, _, _, ok := segment(udp); ok {
		t.Error("a datagram is taken for a segment")
	}
}

// TestChecksum: the sum over what carries its own is 0.
func TestChecksum(t *testing.T) {
	h := ipv4(netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("172.16.0.1"), protocolTCP, 1000)
	if checksum(h) != 0 || checksum([]byte{0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7}) != 0x220d { // RFC 1071, section 3
		t.Errorf("%x, %x", checksum(h), checksum([]byte{0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7}))
	}
}

// TestWrappers runs the scripts that stand before programs, with programs that only say what they were asked.
func TestWrappers(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	const says = "#!/bin/sh\nprintf '%s' \"${0##*/}\"\nprintf ' %s' \"$@\"\necho\n"
	program := func(folder, name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for script, programs := range wrapped {
		text, err := wrapperScripts.ReadFile("wrapper/" + script + ".sh")
		if err != nil {
			t.Fatal(err)
		}
		for name := range strings.FieldsSeq(programs) {
			program(first, name, string(text))
		}
	}
	for _, name := range []string{"iptables", "ip6tables", "sysctl", "modprobe", "cleat", "busybox"} {
		program(second, name, says)
	}
	for line, want := range map[string]string{
		"iptables -t mangle -A PREROUTING":                "cleat iptables -t mangle -A PREROUTING\n",
		"ip6tables -A PREROUTING -t mangle -j MARK":       "cleat ip6tables -A PREROUTING -t mangle -j MARK\n",
		"iptables -A OUTPUT -j DROP":                      "iptables -A OUTPUT -j DROP\n",
		"sysctl -w net.ipv4.vs.drop_entry=1":              "cleat sysctl -w net.ipv4.vs.drop_entry=1\n",
		"sysctl -w net.ipv4.ip_forward=1":                 "sysctl -w net.ipv4.ip_forward=1\n",
		"sysctl -a | sort":                                "cleat sysctl -a\nsysctl -a\n",
		"modprobe ip_vs_rr":                               "",
		"modprobe -a ip_vs_ftp ip_vs_rr":                  "",
		"CLEAT=false modprobe ip_vs_ftp || echo refused":  "refused\n",
		"modprobe nf_conntrack":                           "modprobe nf_conntrack\n",
		"busybox ping -c 1 10.0.0.1":                      "busybox ping -c 1 10.0.0.1\n",
		"cat /proc/net/ip_vs_conn":                        "cleat proc ip_vs_conn\n",
		"grep -c cleat /proc/net/ip_vs /dev/null | wc -l": "2\n",
		"head -n 1 /proc/sys/net/ipv4/vs/am_droprate":     "cleat sysctl -n net.ipv4.vs.am_droprate\n",
		"echo 'a b' | cat -":                              "a b\n",
		"cat /proc/nothing; echo $?":                      "1\n",
	} {
		cmd := exec.Command("sh", "-c", line)
		cmd.Env = append(os.Environ(), "PATH="+first+":"+second+":"+os.Getenv("PATH"), "CLEAT="+filepath.Join(second, "cleat"), "TMPDIR="+t.TempDir())
		if got, err := cmd.Output(); string(got) != want || err != nil {
			t.Errorf("%s: %q, %v; want %q", line, got, err, want)
		}
	}
}
