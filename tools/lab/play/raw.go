package play

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strings"
	"time"

	"cleat/tools/lab/play/record"

	"golang.org/x/sys/unix"
)

// unanswered is the time that packets have to arrive before the next step, where nothing tells that they have.
const unanswered = 20 * time.Millisecond

const (
	protocolICMP = 1
	protocolTCP  = 6
	protocolUDP  = 17
)

// icmp has a client send an ICMP error about a packet that the VIP is said to have sent to it.
func (p *stage) icmp(step *record.Step) string {
	return p.sendRaw(step, func(client, vip netip.AddrPort) []byte {
		protocol := byte(protocolTCP)
		if step.Protocol == "udp" {
			protocol = protocolUDP
		}
		// Type, code, checksum, 2 unused bytes, MTU; the header of a packet of 1020 bytes, and the ports of its payload.
		m := []byte{byte(step.Type), byte(step.Code), 0, 0, 0, 0, 0, 0}
		m = append(m, ipv4(vip.Addr(), client.Addr(), protocol, 1000)...)
		m = binary.BigEndian.AppendUint16(m, vip.Port())
		m = binary.BigEndian.AppendUint16(m, client.Port())
		m = append(m, 0, 0, 0, 0)
		if step.Type == 3 && step.Code == 4 {
			binary.BigEndian.PutUint16(m[6:], 1200)
		}
		binary.BigEndian.PutUint16(m[2:], checksum(m))
		return append(ipv4(client.Addr(), vip.Addr(), protocolICMP, len(m)), m...)
	})
}

// raw has a client send one TCP segment that its stack knows nothing of; Data has the flags' letters.
func (p *stage) raw(step *record.Step) string {
	flags := byte(0)
	for i, letter := range "FSRPA" {
		if strings.ContainsRune(step.Data, letter) {
			flags |= fin << i
		}
	}
	return p.sendRaw(step, func(client, vip netip.AddrPort) []byte {
		// Ports, sequence number 1000, no acknowledgement, 5 words of header, window 65535, checksum.
		s := make([]byte, 20)
		binary.BigEndian.PutUint16(s[0:], client.Port())
		binary.BigEndian.PutUint16(s[2:], vip.Port())
		binary.BigEndian.PutUint32(s[4:], 1000)
		s[12], s[13] = 5<<4, flags
		binary.BigEndian.PutUint16(s[14:], 65535)
		from, to := client.Addr().As4(), vip.Addr().As4()
		pseudo := append(append(from[:], to[:]...), 0, protocolTCP, 0, byte(len(s)))
		binary.BigEndian.PutUint16(s[16:], checksum(append(pseudo, s...)))
		return append(ipv4(client.Addr(), vip.Addr(), protocolTCP, len(s)), s...)
	})
}

// sendRaw sends the packet that packet makes of the step's addresses.
func (p *stage) sendRaw(step *record.Step, packet func(client, vip netip.AddrPort) []byte) string {
	client, err1 := netip.ParseAddrPort(step.Client)
	vip, err2 := netip.ParseAddrPort(step.To)
	if err1 != nil || err2 != nil || !client.Addr().Is4() || !vip.Addr().Is4() {
		return "bad address"
	}
	err := p.lab.Inside("cl", func() error {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_RAW)
		if err != nil {
			return err
		}
		return errors.Join(unix.Sendto(fd, packet(client, vip), 0, &unix.SockaddrInet4{Addr: vip.Addr().As4()}), unix.Close(fd))
	})
	if err != nil {
		return "error:" + err.Error()
	}
	time.Sleep(unanswered)
	return "sent"
}

// ipv4 is a header: TTL 64, DF.
func ipv4(from, to netip.Addr, protocol byte, payload int) []byte {
	h := make([]byte, 20)
	h[0] = 0x45
	binary.BigEndian.PutUint16(h[2:], uint16(len(h)+payload))
	h[6] = 0x40
	h[8], h[9] = 64, protocol
	f, t := from.As4(), to.As4()
	copy(h[12:], f[:])
	copy(h[16:], t[:])
	binary.BigEndian.PutUint16(h[10:], checksum(h))
	return h
}

// checksum of the Internet (RFC 1071) over b, whose length is even.
func checksum(b []byte) uint16 {
	sum := uint32(0)
	for i := 0; i < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
