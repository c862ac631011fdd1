package play

import (
	"context"
	"errors"
	"fmt"
	"os"

	"cleat/tools/lab/topology"

	"golang.org/x/sys/unix"
)

// tunnels are what real servers take in: IPv4 in IPv4 and IPv6 in IPv6, which they decapsulate, and IPv4 in IPv6, which
// they drop, as the kernel does with tunl0 and ip6tnl0. What else comes encapsulated their kernels refuse.
var tunnels = []struct {
	family, protocol int
	outer            func(packet []byte) int // bytes before the inner packet
}{
	{unix.AF_INET, unix.IPPROTO_IPIP, func(packet []byte) int { return int(packet[0]&15) * 4 }},
	{unix.AF_INET6, unix.IPPROTO_IPV6, func([]byte) int { return 0 }}, // a raw socket of IPv6 has taken the header off
	{unix.AF_INET6, unix.IPPROTO_IPIP, func(packet []byte) int { return len(packet) }},
}

// decapsulate has a real server take packets out of tunnels, until ctx ends: its kernel hands what arrives in one to a raw
// socket, and gets the inner packet back from a TUN device, tun0.
func decapsulate(ctx context.Context, lab *topology.Lab, rs string) error {
	return lab.Inside(rs, func() error {
		tun, err := openTUN("tun0")
		if err != nil {
			return err
		}
		for _, t := range tunnels {
			fd, err := unix.Socket(t.family, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, t.protocol)
			if err != nil {
				return errors.Join(err, tun.Close())
			}
			arrived := os.NewFile(uintptr(fd), fmt.Sprintf("protocol %d of %s", t.protocol, rs))
			go func() { <-ctx.Done(); arrived.Close(); tun.Close() }()
			go func() {
				packet := make([]byte, 65536)
				for {
					n, err := arrived.Read(packet)
					if err != nil {
						return
					}
					if at := t.outer(packet[:n]); at < n {
						// What is no packet the kernel refuses, as it would have in its own tunnel.
						_, _ = tun.Write(packet[at:n])
					}
				}
			}()
		}
		return nil
	})
}

// openTUN makes a TUN device and sets it up.
func openTUN(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/tun: %w", err)
	}
	device, err := unix.NewIfreq(name)
	if err == nil {
		device.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, device)
	}
	if err == nil {
		err = up(device)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("TUN device %s: %w", name, err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), name), nil // not before it is a device: only then the runtime can wait for it
}

// up sets an interface up.
func up(device *unix.Ifreq) error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(socket)
	device.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, device)
}
