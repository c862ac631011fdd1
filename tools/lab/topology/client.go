package topology

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// Client is who the n-th client is: 172.16.0.1 for 1, and so on up to 2^20−1.
func Client(n int) netip.Addr {
	return netip.AddrFrom4([4]byte{172, byte(16 + n>>16), byte(n >> 8), byte(n)})
}

// Client6 is the n-th client over IPv6: fd16:0:0:1::1 for 1, and so on, each in a /64 of its own, since a /64 belongs to one worker.
func Client6(n int) netip.Addr {
	return netip.AddrFrom16([16]byte{0: 0xfd, 1: 0x16, 6: byte(n >> 8), 7: byte(n), 15: 1})
}

// Ask sends one HTTP request over a new connection from a client address and gives the name of the real
// server that answered. It does in-process what curl --interface does, a hundred times faster.
func (l *Lab) Ask(ctx context.Context, client netip.Addr, url string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	transport := &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return l.Dial(ctx, "cl", client, network, address)
		},
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	answer, err := transport.RoundTrip(request)
	if err != nil {
		return "", fmt.Errorf("%v asks %s: %w", client, url, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return "", fmt.Errorf("%v asks %s: %w", client, url, err)
	}
	name := answer.Header.Get("X-Server")
	if name == "" || !strings.HasPrefix(string(text), name+" ") {
		return "", fmt.Errorf("%v asks %s: no real server's answer: %s %q", client, url, answer.Status, text)
	}
	return name, nil
}
