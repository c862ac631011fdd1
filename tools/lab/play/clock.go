package play

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"cleat/tools/lab/topology"

	"golang.org/x/sys/unix"
)

const (
	// delivery is how long a packet may take to its end, on a busy machine. Nothing waits so long for one that arrives.
	delivery = 100 * time.Millisecond
	// settling is what every wait begins with, in real time: packets under way arrive before the clock is set ahead.
	settling = 5 * time.Millisecond
	// retransmission is what it begins with where a client has said something that nobody has acknowledged: its kernel
	// repeats that after 0.2, 0.4, 0.8 s …
	retransmission = 2 * time.Second
	// timeWait is how long the kernel keeps a TCP port that was closed first, or without an answer.
	timeWait = 60 * time.Second
)

// clock is cleatd's, counted from the first step: real time and what it was set ahead.
type clock struct {
	director *topology.Director
	began    time.Time
	ahead    atomic.Int64 // ns
	endings  []ending     // oldest first
}

// ending is a connection that a client has closed.
type ending struct {
	client string
	at     time.Duration
}

// estimation is how often cleatd brings counters up to date, as the kernel does: whenever its clock shows a multiple of this.
const estimation = 2 * time.Second

// start begins to count, just after counters were brought up to date: what the first steps count is not listed at once.
func (c *clock) start(ctx context.Context) error {
	now, err := c.director.Advance(ctx, 0)
	if err != nil {
		return err
	}
	if _, err := c.director.Advance(ctx, estimation-now%estimation); err != nil {
		return err
	}
	c.began = time.Now()
	return nil
}

func (c *clock) now() time.Duration { return time.Since(c.began) + time.Duration(c.ahead.Load()) }

func (c *clock) advance(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	if _, err := c.director.Advance(ctx, d); err != nil {
		return err
	}
	c.ahead.Add(int64(d))
	return nil
}

// ended notes that a client has closed its connection.
func (c *clock) ended(client net.Addr) {
	c.endings = append(c.endings, ending{client.String(), c.now()})
}

// wait lets time pass. What the kernels of client and servers do by themselves meanwhile is done for them.
func (p *stage) wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	until := p.clock.now() + d
	if p.unacknowledged() {
		time.Sleep(min(d, retransmission))
	} else {
		time.Sleep(min(d, settling))
	}
	for _, rs := range p.half.fresh() {
		if err := p.destroy(ctx, rs, "syn-recv", "src 0.0.0.0/0"); err != nil {
			return err
		}
	}
	for {
		due, ok := p.half.next()
		if !ok || due > until {
			break
		}
		if err := p.clock.advance(ctx, due-p.clock.now()); err != nil {
			return err
		}
		p.half.repeat(due)
		time.Sleep(settling)
	}
	if err := p.clock.advance(ctx, until-p.clock.now()); err != nil {
		return err
	}
	return p.retire(ctx)
}

// unacknowledged says whether a client waits for an acknowledgement.
func (p *stage) unacknowledged() bool {
	for _, c := range p.kept {
		waits := false
		socket, err := c.SyscallConn()
		if err == nil {
			err = socket.Control(func(fd uintptr) {
				n, err := unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
				waits = err == nil && n > 0
			})
		}
		if err == nil && waits {
			return true
		}
	}
	return false
}

// retire has the kernels forget connections that were closed long ago.
func (p *stage) retire(ctx context.Context) error {
	old := 0
	for old < len(p.clock.endings) && p.clock.now()-p.clock.endings[old].at >= timeWait {
		old++
	}
	if old == 0 {
		return nil
	}
	var from, to []string
	for _, e := range p.clock.endings[:old] {
		from, to = append(from, "src "+e.client), append(to, "dst "+e.client)
	}
	p.clock.endings = p.clock.endings[old:]
	for ns, filter := range p.perNamespace(strings.Join(from, " or "), strings.Join(to, " or ")) {
		if err := p.destroy(ctx, ns, "all", filter); err != nil {
			return err
		}
	}
	return nil
}

// perNamespace gives the client one filter and every real server another.
func (p *stage) perNamespace(client, server string) map[string]string {
	filters := map[string]string{"cl": client}
	for _, rs := range p.lab.Servers() {
		filters[rs] = server
	}
	return filters
}

// destroy ends TCP sockets in a namespace without a packet: those in a state, and chosen by a filter of ss.
func (p *stage) destroy(ctx context.Context, ns, state, filter string) error {
	if _, err := p.lab.Output(ctx, ns, "ss", "-HtnK", "state", state, "( "+filter+" )"); err != nil {
		return fmt.Errorf("have %s forget old connections: %w", ns, err)
	}
	return nil
}
