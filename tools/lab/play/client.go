package play

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"cleat/tools/lab/play/record"

	"golang.org/x/sys/unix"
)

// patience of a client: for a connection and for an answer over one, and for the answer to a datagram. In real time.
const (
	tcpPatience = 800 * time.Millisecond
	udpPatience = 300 * time.Millisecond
)

// connection is one that a client has.
type connection struct {
	*net.TCPConn
	lines  *bufio.Reader
	server visit
	said   time.Time // when the client has last said something
}

// address is the client's: as the step says, or with the next port of 20001, 20002, …
func (p *stage) address(client string) (netip.AddrPort, error) {
	if whole, err := netip.ParseAddrPort(client); err == nil {
		return whole, nil
	}
	a, err := netip.ParseAddr(strings.Trim(client, "[]"))
	if err != nil {
		return netip.AddrPort{}, err
	}
	p.port++
	return netip.AddrPortFrom(a, uint16(p.port)), nil
}

// outcome is the word for what went wrong.
func outcome(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, unix.ECONNREFUSED):
		return "refused"
	case errors.Is(err, unix.ECONNRESET):
		return "reset"
	case errors.Is(err, unix.EHOSTUNREACH), errors.Is(err, unix.ENETUNREACH):
		return "unreachable"
	case errors.Is(err, unix.EADDRINUSE), errors.Is(err, unix.EADDRNOTAVAIL):
		return "local:" + err.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	}
	return "error:" + err.Error()
}

// patience of a step, in real time.
func patience(step *record.Step, usual time.Duration) time.Duration {
	if step.TimeoutMS > 0 {
		return time.Duration(step.TimeoutMS) * time.Millisecond
	}
	return usual
}

// dial connects from a client's address and port.
func (p *stage) dial(ctx context.Context, local net.Addr, network, to string, patience time.Duration) (conn net.Conn, err error) {
	dialer := net.Dialer{
		LocalAddr: local, Timeout: patience, FallbackDelay: -1, KeepAlive: -1,
		Control: onSocket(func(fd int) error { return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1) }),
	}
	err = p.lab.Inside("cl", func() (err error) {
		conn, err = dialer.DialContext(ctx, network, to)
		return err
	})
	return conn, err
}

// onSocket is a net.Dialer's or net.ListenConfig's Control that does f with the new socket.
func onSocket(f func(fd int) error) func(string, string, syscall.RawConn) error {
	return func(_, _ string, socket syscall.RawConn) (err error) {
		if outer := socket.Control(func(fd uintptr) { err = f(int(fd)) }); outer != nil {
			return outer
		}
		return err
	}
}

// tcp connects, reads who answers, and does what Then says.
func (p *stage) tcp(ctx context.Context, step *record.Step, got *record.StepResult) {
	client, err := p.address(step.Client)
	if err != nil {
		got.Result = outcome(err)
		return
	}
	got.Client = client.String()
	limit := patience(step, tcpPatience)
	conn, err := p.dial(ctx, net.TCPAddrFromAddrPort(client), "tcp", step.To, limit)
	if err != nil {
		got.Result = outcome(err)
		return
	}
	c := &connection{TCPConn: conn.(*net.TCPConn), lines: bufio.NewReader(conn)}
	line, err := c.readLine(limit)
	if err != nil {
		got.Result = "connected-then-" + outcome(err)
		c.Close()
		return
	}
	got.Result, got.At, got.Seen = identity(line)
	c.server = p.servers.visit(line)
	id := step.ID
	if id == "" {
		id = got.Client
	}
	p.kept[id] = c
	switch step.Then {
	case "keep":
	case "":
		p.closeConnection(id, "close")
	default:
		p.closeConnection(id, step.Then)
	}
}

// identity takes a server's line apart: who it is, where it was reached, whom it sees.
func identity(line string) (result, at, seen string) {
	words := append(strings.Fields(line), "", "", "")
	return words[0], words[1], words[2]
}

// readLine reads a line, without its end. It is acknowledged at once: a delayed ACK would arrive after the clock was set
// ahead, and give the connection's entry a new life.
func (c *connection) readLine(limit time.Duration) (string, error) {
	c.SetReadDeadline(time.Now().Add(limit))
	line, err := c.lines.ReadString('\n')
	if err != nil {
		return "", err
	}
	if socket, err := c.SyscallConn(); err == nil {
		// Fails only on a connection that is gone, where nothing is left to acknowledge.
		_ = socket.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) })
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// unacknowledged says whether the client waits for an acknowledgement.
func (c *connection) unacknowledged() (waits bool) {
	const closed = 7 // TCP_CLOSE: by a reset, too
	socket, err := c.SyscallConn()
	if err == nil {
		err = socket.Control(func(fd uintptr) {
			info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
			waits = err == nil && info.State != closed && info.Unacked > 0
		})
	}
	return waits && err == nil
}

// reset ends the connection with RST.
func (c *connection) reset() {
	c.SetLinger(0)
	c.Close()
}

const noConnection = "no-such-connection"

// send says a line over a kept connection and gives the answer.
func (p *stage) send(step *record.Step) string {
	c := p.kept[step.ID]
	if c == nil {
		return noConnection
	}
	data := step.Data
	if data == "" {
		data = "PING"
	}
	c.said = time.Now()
	c.SetWriteDeadline(c.said.Add(tcpPatience))
	fmt.Fprintf(c, "%s\n", data) // what goes wrong shows when the answer is read
	line, err := c.readLine(tcpPatience)
	if err != nil {
		return outcome(err)
	}
	return line
}

// closeConnection ends a kept connection and waits until the server has seen it.
func (p *stage) closeConnection(id, how string) string {
	c := p.kept[id]
	if c == nil {
		return noConnection
	}
	result := "ok"
	switch how {
	case "server":
		fmt.Fprint(c, "CLOSE\n")
		c.SetReadDeadline(time.Now().Add(tcpPatience))
		if _, err := c.lines.ReadByte(); err == nil || err.Error() != "EOF" {
			result = fmt.Sprint("server-close: ", err)
		}
	case "server-rst":
		fmt.Fprint(c, "RESET\n")
		c.SetReadDeadline(time.Now().Add(tcpPatience))
		c.lines.ReadByte()
	case "half":
		c.CloseWrite()
	}
	if how != "half" {
		delete(p.kept, id)
		if how == "rst" {
			c.reset()
		} else {
			c.closeDelivered()
		}
	}
	c.server.awaitEnd()
	return result
}

// closeDelivered closes and waits, for a moment, until the other end has acknowledged it.
func (c *connection) closeDelivered() {
	done := make(chan struct{})
	go func() {
		c.SetLinger(1)
		c.Close()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(delivery):
	}
}
