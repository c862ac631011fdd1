package topology

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"cleat/tools/lab/identity"
)

// serve starts what answers in a real server.
func (l *Lab) serve(ctx context.Context, rs string) error {
	if l.options.Nginx {
		return l.serveNginx(ctx, rs)
	}
	server := identity.New(rs)
	l.onClose(server.Close)
	return l.Inside(rs, func() error {
		var errs []error
		for _, port := range HTTPPorts {
			errs = append(errs, server.HTTP(port))
		}
		for _, port := range UDPPorts {
			errs = append(errs, server.UDP(port))
		}
		return errors.Join(errs...)
	})
}

func (l *Lab) serveNginx(ctx context.Context, rs string) error {
	folder := l.path(rs)
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	args := []string{rs, folder}
	for _, port := range HTTPPorts {
		args = append(args, strconv.Itoa(port))
	}
	text, err := l.script(ctx, rs, "nginx-conf.sh", args...)
	if err != nil {
		return err
	}
	file := l.path(rs + ".nginx.conf")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		return err
	}
	p, err := l.start(rs, "nginx", "-c", file, "-p", folder, "-e", "stderr", "-g", "daemon off;")
	if err != nil {
		return err
	}
	return l.await(ctx, p, func() error {
		for _, port := range HTTPPorts {
			conn, err := l.Dial(ctx, rs, netip.Addr{}, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if err != nil {
				return err
			}
			conn.Close()
		}
		return nil
	})
}

// await asks ready again and again until it says nil, the process ends, or 20 s are over.
func (l *Lab) await(ctx context.Context, p *process, ready func() error) error {
	limit := time.After(20 * time.Second)
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before it was ready: %w", p.name, errors.Join(p.ended(), err))
		case <-limit:
			return fmt.Errorf("%s is not ready after 20 s: %w%s", p.name, err, p.tail())
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}
