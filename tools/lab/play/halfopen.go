package play

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// halfOpen are handshakes that real servers wait for the end of. Their kernels repeat the SYN+ACK in real time, which
// is not the play's; so they are made to forget it, and it is repeated here.
type halfOpen struct {
	clock *clock
	wires []*os.File
	mutex sync.Mutex
	flows map[handshake]*waiting
}

// handshake is who connects to whom, addresses as on the real server's wire.
type handshake struct{ client, server netip.AddrPort }

// waiting is a SYN+ACK that nobody has answered yet.
type waiting struct {
	frame []byte
	wire  *os.File // the real server's interface
	first time.Duration
	said  int // times that it was repeated
	rs    string
	alone bool // the kernel has forgotten it
}

// repeats of a SYN+ACK, counted from the first one: after 1 s, each time twice as long, net.ipv4.tcp_synack_retries times.
var repeats = []time.Duration{1 * time.Second, 3 * time.Second, 7 * time.Second, 15 * time.Second, 31 * time.Second}

// watchHalfOpen watches all real servers, if there are steps that can leave a handshake half-open. The clock must have started.
func (p *stage) watchHalfOpen() error {
	p.half.clock = &p.clock
	p.half.flows = map[handshake]*waiting{}
	raw := false
	for _, step := range p.scenario.Steps {
		raw = raw || step.Op == "raw"
	}
	if !raw {
		return nil
	}
	for _, rs := range p.lab.Servers() {
		wire, err := p.wire(rs)
		if err != nil {
			return err
		}
		p.half.wires = append(p.half.wires, wire)
		go p.half.watch(rs, wire)
	}
	return nil
}

// stop ends watching.
func (h *halfOpen) stop() {
	for _, wire := range h.wires {
		wire.Close()
	}
}

// wire is a real server's interface: whole frames, both ways.
func (p *stage) wire(rs string) (file *os.File, err error) {
	err = p.lab.Inside(rs, func() error {
		eth0, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		const all = unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8 // in network byte order
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		file = os.NewFile(uintptr(fd), "eth0 of "+rs)
		if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all & 0xffff, Ifindex: eth0.Index}); err != nil {
			return errors.Join(err, file.Close())
		}
		return nil
	})
	return file, err
}

// watch follows handshakes until the wire is closed.
func (h *halfOpen) watch(rs string, wire *os.File) {
	buffer := make([]byte, 2048)
	for {
		n, err := wire.Read(buffer)
		if err != nil {
			return
		}
		if from, to, flags, ok := segment(buffer[:n]); ok {
			h.see(from, to, flags, waiting{frame: buffer[:n], wire: wire, rs: rs})
		}
	}
}

// Flags of TCP.
const (
	fin = 1 << iota
	syn
	rst
	psh
	ack
)

// segment takes a frame apart, if it is one with a TCP segment over IPv4.
func segment(frame []byte) (from, to netip.AddrPort, flags byte, ok bool) {
	const ethernet, address, tcp = 14, 12, 6
	if len(frame) < ethernet+20 || binary.BigEndian.Uint16(frame[12:]) != unix.ETH_P_IP || frame[ethernet+9] != tcp {
		return
	}
	packet := frame[ethernet:]
	header := int(packet[0]&15) * 4
	if header < 20 || len(packet) < header+20 {
		return
	}
	port := func(at int) uint16 { return binary.BigEndian.Uint16(packet[header+at:]) }
	from = netip.AddrPortFrom(netip.AddrFrom4([4]byte(packet[address:])), port(0))
	to = netip.AddrPortFrom(netip.AddrFrom4([4]byte(packet[address+4:])), port(2))
	return from, to, packet[header+13], true
}

// see takes note of one segment; w is what to remember, its frame copied, if it is a SYN+ACK.
func (h *halfOpen) see(from, to netip.AddrPort, flags byte, w waiting) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	switch {
	case flags&(syn|ack|rst) == syn|ack:
		key := handshake{client: to, server: from}
		if h.flows[key] == nil {
			w.frame, w.first = slices.Clone(w.frame), h.clock.now()
			h.flows[key] = &w
		}
	case flags&(ack|rst) != 0: // the answer to it, or its end
		delete(h.flows, handshake{client: from, server: to})
		delete(h.flows, handshake{client: to, server: from})
	}
}

// next is when a SYN+ACK is to be repeated, if any is.
func (h *halfOpen) next() (due time.Duration, ok bool) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for key, w := range h.flows {
		if w.said == len(repeats) {
			delete(h.flows, key)
			continue
		}
		if at := w.first + repeats[w.said]; !ok || at < due {
			due, ok = at, true
		}
	}
	return due, ok
}

// repeat sends what is due.
func (h *halfOpen) repeat(now time.Duration) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, w := range h.flows {
		if w.said < len(repeats) && w.first+repeats[w.said] <= now {
			w.said++
			// A failure is a lost packet.
			_, _ = w.wire.Write(w.frame)
		}
	}
}

// fresh gives the real servers whose kernels still repeat a SYN+ACK themselves, and believes that they will forget it.
func (h *halfOpen) fresh() (servers []string) {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	for _, w := range h.flows {
		if !w.alone {
			w.alone = true
			servers = append(servers, w.rs)
		}
	}
	slices.Sort(servers)
	return slices.Compact(servers)
}
