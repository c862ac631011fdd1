package play

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"cleat/tools/lab/play/record"
	"cleat/tools/lab/topology"
)

// servers are what answers in all real servers.
type servers struct {
	closers []io.Closer
	mutex   sync.Mutex
	visits  map[string]visit // by the line that a server greets with
}

// visit is a server's end of a connection.
type visit struct {
	conn *net.TCPConn
	done chan struct{} // closed when the server is done with it
}

// start opens the ports of one real server, until stop; ctx ends what waits in between.
func (s *servers) start(ctx context.Context, lab *topology.Lab, rs string, ports record.Ports) error {
	if s.visits == nil {
		s.visits = map[string]visit{}
	}
	return lab.Inside(rs, func() error {
		for _, port := range ports.TCP {
			config := net.ListenConfig{KeepAlive: -1}
			l, err := config.Listen(ctx, "tcp", fmt.Sprintf(":%d", port))
			if err != nil {
				return err
			}
			s.closers = append(s.closers, l)
			go s.accept(ctx, rs, l)
		}
		for _, port := range ports.UDP {
			for _, f := range families {
				socket, err := f.listen(ctx, port)
				if err != nil {
					return err
				}
				s.closers = append(s.closers, socket)
				go f.answer(rs, port, socket)
			}
		}
		return nil
	})
}

func (s *servers) stop() {
	for _, c := range s.closers {
		c.Close()
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, v := range s.visits {
		v.conn.SetLinger(0)
		v.conn.Close()
	}
}

func (s *servers) accept(ctx context.Context, rs string, l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return // stop
		}
		go s.serve(ctx, rs, c.(*net.TCPConn))
	}
}

// serve greets with a line that says who it is, then does what lines tell it, or says them again.
func (s *servers) serve(ctx context.Context, rs string, c *net.TCPConn) {
	greeting := fmt.Sprintf("%s %v %v", rs, unmapped(c.LocalAddr()), unmapped(c.RemoteAddr()))
	v := visit{c, make(chan struct{})}
	s.mutex.Lock()
	s.visits[greeting] = v
	s.mutex.Unlock()
	defer close(v.done)
	defer c.Close()
	c.SetLinger(1) // Close returns when the client has acknowledged it
	fmt.Fprintln(c, greeting)
	hold := false
	for lines := bufio.NewScanner(c); ; {
		if !lines.Scan() {
			if hold {
				<-ctx.Done()
			}
			return
		}
		switch line := strings.TrimRight(lines.Text(), "\r"); line {
		case "CLOSE":
			return
		case "RESET":
			c.SetLinger(0)
			return
		case "HOLD": // do not close when the client does
			hold = true
			fmt.Fprintln(c, rs, line)
		case "PASV":
			host := unmapped(c.LocalAddr()).Addr().String()
			fmt.Fprintf(c, "227 Entering Passive Mode (%s,%d,%d).\r\n", strings.ReplaceAll(host, ".", ","), 8080>>8, 8080&255)
		default:
			fmt.Fprintln(c, rs, line)
		}
	}
}

// unmapped is an address of a socket that takes both families, IPv4 written as such.
func unmapped(a net.Addr) netip.AddrPort {
	ap := a.(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// visit that a server has greeted with line.
func (s *servers) visit(line string) visit {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.visits[line]
}

// awaitEnd waits until the server is done, but not for long: it may never hear of the client's end.
func (v visit) awaitEnd() {
	select {
	case <-v.done:
	case <-time.After(delivery):
	}
}
