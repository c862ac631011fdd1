package play

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"cleat/tools/lab/play/record"

	"golang.org/x/sys/unix"
)

// udp sends one datagram and waits for the answer. The socket stays for the next one of the same client to the same
// target.
func (p *stage) udp(ctx context.Context, step *record.Step, got *record.StepResult) {
	client, err := p.address(step.Client)
	if err != nil {
		got.Result = outcome(err)
		return
	}
	got.Client = client.String()
	key := got.Client + ">" + step.To
	socket := p.sockets[key]
	if socket == nil {
		conn, err := p.dial(ctx, net.UDPAddrFromAddrPort(client), "udp", step.To, udpPatience)
		if err != nil {
			got.Result = outcome(err)
			return
		}
		socket = conn.(*net.UDPConn)
		p.sockets[key] = socket
	}
	if line, err := exchange(socket, payload(step), patience(step, udpPatience)); err != nil {
		got.Result = outcome(err)
	} else {
		got.Result, got.At, got.Seen = identity(line)
	}
	if step.Then == "close" {
		socket.Close()
		delete(p.sockets, key)
	}
}

// payload of a datagram.
func payload(step *record.Step) []byte {
	switch {
	case step.Size > 0:
		return bytes.Repeat([]byte("x"), step.Size)
	case step.Data != "":
		return []byte(strings.ReplaceAll(strings.ReplaceAll(step.Data, "\r\n", "\n"), "\n", "\r\n"))
	}
	return []byte("hello")
}

// exchange sends a datagram and reads the answer.
func exchange(socket *net.UDPConn, data []byte, limit time.Duration) (string, error) {
	if _, err := socket.Write(data); err != nil {
		// The ICMP error about an earlier datagram; with that told the socket sends again.
		if _, err = socket.Write(data); err != nil {
			return "", err
		}
	}
	socket.SetReadDeadline(time.Now().Add(limit))
	answer := make([]byte, 2048)
	n, err := socket.Read(answer)
	return string(answer[:n]), err
}

// family is how UDP servers of IPv4 or IPv6 learn where they were reached, and answer from there.
type family struct {
	network       string
	level, option int
	// reached finds the address in a control message, and gives the one to answer with.
	reached func(unix.SocketControlMessage) (netip.Addr, []byte)
}

var families = []family{
	{"udp4", unix.IPPROTO_IP, unix.IP_PKTINFO, func(m unix.SocketControlMessage) (netip.Addr, []byte) {
		// struct in_pktinfo: interface 4 bytes, local address 4, destination address 4
		to := [4]byte(m.Data[8:12])
		return netip.AddrFrom4(to), unix.PktInfo4(&unix.Inet4Pktinfo{Spec_dst: to})
	}},
	{"udp6", unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO, func(m unix.SocketControlMessage) (netip.Addr, []byte) {
		// struct in6_pktinfo: destination address 16 bytes, interface 4
		to := [16]byte(m.Data[:16])
		return netip.AddrFrom16(to), unix.PktInfo6(&unix.Inet6Pktinfo{Addr: to})
	}},
}

func (f family) listen(ctx context.Context, port int) (*net.UDPConn, error) {
	config := net.ListenConfig{Control: onSocket(func(fd int) error { return unix.SetsockoptInt(fd, f.level, f.option, 1) })}
	socket, err := config.ListenPacket(ctx, f.network, fmt.Sprintf(":%d", port))
	if err != nil {
		return nil, err
	}
	return socket.(*net.UDPConn), nil
}

// answer tells every datagram's sender who it reached, from the address that it reached, until the socket is closed.
func (f family) answer(rs string, port int, socket *net.UDPConn) {
	data, control := make([]byte, 65536), make([]byte, 256)
	for {
		n, controlled, _, from, err := socket.ReadMsgUDPAddrPort(data, control)
		if err != nil {
			return
		}
		messages, err := unix.ParseSocketControlMessage(control[:controlled])
		if err != nil || len(messages) == 0 {
			continue // without knowing where it was sent there is nothing to answer from
		}
		to, source := f.reached(messages[0])
		line := fmt.Sprintf("%s %v %v len=%d\n", rs, netip.AddrPortFrom(to, uint16(port)), from, n)
		// A failure shows as the client's missing answer.
		_, _, _ = socket.WriteMsgUDPAddrPort([]byte(line), source, from)
	}
}
