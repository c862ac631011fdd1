// Package identity is a real server for tests: whatever it is asked, it answers who it is.
//
//	rs1 10.9.0.11:80 172.16.0.1:40001
//
// that is: its name, the address and port it was reached at, and the client as it sees it. Over HTTP the name is in
// the header X-Server too, and ?pad=N has N bytes of zeros follow. What brings data (a POST, a datagram) has the
// line end in len=N, its size.
package identity

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Server answers on any number of ports until Close.
type Server struct {
	name string
	http *http.Server
	udp  []*net.UDPConn
}

// New makes a server that answers nothing yet.
func New(name string) *Server {
	s := &Server{name: name}
	s.http = &http.Server{Handler: http.HandlerFunc(s.answer), ReadHeaderTimeout: 10 * time.Second}
	return s
}

// HTTP answers on a TCP port of every address, of IPv4 and IPv6.
func (s *Server) HTTP(port int) error {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{Port: port})
	if err != nil {
		return err
	}
	go s.http.Serve(l) // until Close, whose error it returns
	return nil
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request) {
	pad := 0
	if text := r.URL.Query().Get("pad"); text != "" {
		var err error
		if pad, err = strconv.Atoi(text); err != nil || pad < 0 {
			http.Error(w, "pad="+text+": a number of bytes", http.StatusBadRequest)
			return
		}
	}
	size := ""
	if r.Method == http.MethodPost {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			return // the client is gone
		}
		size = fmt.Sprintf(" len=%d", n)
	}
	w.Header().Set("X-Server", s.name)
	w.Header().Set("Content-Type", "text/plain")
	fmt.Fprintf(w, "%s %v %s%s\n", s.name, r.Context().Value(http.LocalAddrContextKey), r.RemoteAddr, size)
	block := make([]byte, 64<<10)
	for ; pad > 0; pad -= len(block) {
		_, _ = w.Write(block[:min(pad, len(block))]) // fails when the client is gone
	}
}

// UDP answers on a UDP port of every IPv4 address.
func (s *Server) UDP(port int) error {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{Port: port})
	if err != nil {
		return err
	}
	s.udp = append(s.udp, conn)
	if err := reportDestination(conn); err != nil {
		return err
	}
	go s.echo(conn, uint16(port))
	return nil
}

// echo answers every datagram from the address that it was sent to.
func (s *Server) echo(conn *net.UDPConn, port uint16) {
	data, control := make([]byte, 65536), make([]byte, 256)
	for {
		n, c, _, peer, err := conn.ReadMsgUDPAddrPort(data, control)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an ICMP error to an earlier answer
		}
		local, source := destination(control[:c])
		line := fmt.Sprintf("%s %v %v len=%d\n", s.name, netip.AddrPortFrom(local, port), peer, n)
		_, _, _ = conn.WriteMsgUDPAddrPort([]byte(line), source, peer) // a lost datagram is the client's to notice
	}
}

// reportDestination asks the kernel to tell each datagram's destination address.
func reportDestination(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var option error
	err = raw.Control(func(fd uintptr) {
		option = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1)
	})
	return errors.Join(err, option)
}

// destination reads a datagram's destination from its control messages, and gives the control message that makes
// an answer leave from there.
func destination(control []byte) (netip.Addr, []byte) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return netip.Addr{}, nil
	}
	for _, m := range messages {
		if m.Header.Level != unix.IPPROTO_IP || m.Header.Type != unix.IP_PKTINFO || len(m.Data) < unix.SizeofInet4Pktinfo {
			continue
		}
		// struct in_pktinfo: interface index, local address, destination in the header; 4 bytes each.
		local := [4]byte(m.Data[8:12])
		return netip.AddrFrom4(local), unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: local})
	}
	return netip.Addr{}, nil
}

// Close ends all listeners and connections.
func (s *Server) Close() error {
	errs := []error{s.http.Close()}
	for _, conn := range s.udp {
		errs = append(errs, conn.Close())
	}
	return errors.Join(errs...)
}
