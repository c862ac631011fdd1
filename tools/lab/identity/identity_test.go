package identity

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// serve starts a server on ports that were free a moment ago.
func serve(t *testing.T) (tcp, udp int) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tcp = l.Addr().(*net.TCPAddr).Port
	l.Close()
	c, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	udp = c.LocalAddr().(*net.UDPAddr).Port
	c.Close()
	server := New("rs7")
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := server.HTTP(tcp); err != nil {
		t.Fatal(err)
	}
	if err := server.UDP(udp); err != nil {
		t.Fatal(err)
	}
	return tcp, udp
}

func TestHTTP(t *testing.T) {
	port, _ := serve(t)
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/", "", 200, `^rs7 127\.0\.0\.2:PORT 127\.0\.0\.1:\d+\n$`},
		{"GET", "/any?pad=3", "", 200, `^rs7 127\.0\.0\.2:PORT 127\.0\.0\.1:\d+\n\x00\x00\x00$`},
		{"POST", "/", "hello", 200, `^rs7 127\.0\.0\.2:PORT 127\.0\.0\.1:\d+ len=5\n$`},
		{"GET", "/?pad=-1", "", 400, `^pad=-1: a number of bytes\n$`},
	} {
		request, err := http.NewRequest(c.method, fmt.Sprintf("http://127.0.0.2:%d%s", port, c.path), strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Close = true
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		want := strings.ReplaceAll(c.want, "PORT", fmt.Sprint(port))
		if err != nil || answer.StatusCode != c.status || !regexp.MustCompile(want).Match(text) {
			t.Errorf("%s %s: %d %q, %v; want %d %s", c.method, c.path, answer.StatusCode, text, err, c.status, want)
		}
	}
}

// TestUDP: the answer comes from the address that was asked, which a connected socket insists on.
func TestUDP(t *testing.T) {
	_, port := serve(t)
	for _, address := range []string{"127.0.0.1", "127.0.0.3"} {
		conn, err := net.Dial("udp4", net.JoinHostPort(address, strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := conn.Write([]byte("who are you?")); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 200)
		n, err := conn.Read(answer)
		want := fmt.Sprintf("rs7 %s:%d %v len=12\n", address, port, conn.LocalAddr())
		if err != nil || string(answer[:n]) != want {
			t.Errorf("%q, %v; want %q", answer[:n], err, want)
		}
	}
}
