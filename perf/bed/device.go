package bed

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cleat/cgo/eal"
	"cleat/cgo/pktmbuf"
	"cleat/lcore/wire"
)

const (
	deviceRoom  = 2048  // bytes of a buffer of a device: frames of Ethernet's length
	deviceMbufs = 16383 // for each device
	// DeviceMemory is what a device's buffers need, in MiB.
	DeviceMemory = 64
)

// IsVirtual reports whether a device, as Device takes it, is a virtual one; else it is a PCI address, which Options.PCI has to name.
func IsVirtual(device string) bool { return strings.HasPrefix(device, "net_") }

// Device makes a port, with one queue, of a device as its user names it: "0000:03:00.0", or a virtual one's name and arguments,
// "net_memif0,role=client,socket=/run/lab.sock". It takes frames for all addresses.
func (b *Bed) Device(device string) (*Port, error) {
	b.ports++
	name, args, _ := strings.Cut(device, ",")
	p := &Port{name: name, real: !IsVirtual(device)}
	var err error
	if p.Pool, err = pktmbuf.NewPool(fmt.Sprintf("device_%d", b.ports), deviceMbufs, cacheSize, deviceRoom, eal.SocketAny); err != nil {
		return nil, err
	}
	if !p.real {
		if err := eal.AddVdev(name, args); err != nil {
			p.Pool.Close()
			return nil, err
		}
	}
	if err := p.open(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	p.Queue = p.dev.Queue(0, 0)
	return p, nil
}

// open starts the port and has it take everything; what a virtual device takes anyway it may refuse to be told.
func (p *Port) open() error {
	if err := p.start(); err != nil {
		return err
	}
	if err := p.dev.SetPromiscuous(true); err != nil && p.real {
		return err
	}
	return p.dev.TakeMulticast()
}

// MAC is the port's own address.
func (p *Port) MAC() (wire.MAC, error) {
	m, err := p.dev.MAC()
	if err != nil {
		return wire.MAC{}, err
	}
	return wire.MAC(m), nil
}

// Name is the port's.
func (p *Port) Name() string { return p.name }

// Missed is how many packets the port had no room or buffers for.
func (p *Port) Missed() (uint64, error) {
	s, err := p.dev.Stats()
	return s.RxMissed + s.RxNoMbuf, err
}

// AwaitLink waits until the port's link is up: with net_memif, until there is somebody at the other end.
func (p *Port) AwaitLink(ctx context.Context, limit time.Duration) error {
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		link, err := p.dev.Link()
		switch {
		case err != nil || link.Up:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Since(begin) > limit:
			return fmt.Errorf("port %s: its link was not up in %v: is there anything at its other end?", p.name, limit)
		}
	}
}
