package rewrite

import (
	"encoding/binary"

	"cleat/lcore/wire"
)

// FragmentHeaderLen is the length of IPv6's fragment header.
const FragmentHeaderLen = 8

const (
	protoFragment = 44

	// optionCopied is the flag of IPv4 options that every fragment repeats (RFC 791 3.1).
	optionCopied = 0x80
	optionEnd    = 0
	optionNop    = 1
)

// AddFragmentHeader makes of the IPv6 packet behind the first FragmentHeaderLen bytes of b one that begins at b[0] and is the only fragment of itself.
// It has no extension headers: one of our own making.
func AddFragmentHeader(b []byte, id uint32) {
	copy(b, b[FragmentHeaderLen:FragmentHeaderLen+wire.IPv6Len])
	ip, h := wire.IPv6(b), b[wire.IPv6Len:]
	h[0], h[1], h[2], h[3] = ip.Next(), 0, 0, 0
	binary.BigEndian.PutUint32(h[4:], id)
	ip.Set(ip.TrafficClass(), ip.PayloadLen()+FragmentHeaderLen, protoFragment, ip.HopLimit(), ip.Src(), ip.Dst())
}

// repeated is the length of what every fragment of a packet begins with.
func repeated(ip []byte) int {
	if ip[0]>>4 == 6 {
		return wire.IPv6Len + FragmentHeaderLen
	}
	return wire.IPv4(ip).HeaderLen()
}

// Fragments returns how many bytes of payload each fragment of a packet carries where mtu bytes fit, a multiple of 8, and how many fragments
// there are. The packet is IPv4, or IPv6 with a fragment header. size is 0 if nothing fits.
func Fragments(ip []byte, mtu int) (size, n int) {
	header := repeated(ip)
	if size = (mtu - header) &^ 7; size <= 0 {
		return 0, 0
	}
	return size, (len(ip) - header + size - 1) / size
}

// Fragment writes into dst the kth fragment, from 0, of a packet that lies whole in ip, and returns its length. Of fragments of 0 dst may be ip itself,
// after all the others have been written.
func Fragment(dst, ip []byte, k, size int) int {
	header := repeated(ip)
	from := header + k*size
	to := min(from+size, len(ip))
	n := header + copy(dst[header:], ip[from:to])
	last := to == len(ip)
	copy(dst, ip[:header])
	if ip[0]>>4 == 6 {
		setFragment6(dst, k*size, last, n)
	} else {
		setFragment4(dst, wire.IPv4(ip), k*size, last, n)
	}
	return n
}

// setFragment4 makes the header of whole that of a fragment, n bytes long, which begins offset bytes into whole's payload. What whole is a fragment of,
// it is too.
func setFragment4(dst []byte, whole wire.IPv4, offset int, last bool, n int) {
	ip := wire.IPv4(dst)
	at, more := whole.FragmentOffset()+offset, !last || whole.MoreFragments()
	ip.SetTotalLen(n)
	ip.SetFragment(at, more, false)
	if offset != 0 {
		forget(ip[wire.IPv4Len:ip.HeaderLen()])
	}
	ip.ComputeChecksum()
}

// forget makes no-operations of the options that only the first fragment has.
func forget(options []byte) {
	for len(options) > 0 && options[0] != optionEnd {
		n := 1
		if options[0] != optionNop {
			if len(options) < 2 || options[1] < 2 || int(options[1]) > len(options) {
				return // malformed: as it came
			}
			n = int(options[1])
		}
		if options[0]&optionCopied == 0 {
			for i := range options[:n] {
				options[i] = optionNop
			}
		}
		options = options[n:]
	}
}

func setFragment6(dst []byte, offset int, last bool, n int) {
	ip := wire.IPv6(dst)
	ip.Set(ip.TrafficClass(), n-wire.IPv6Len, protoFragment, ip.HopLimit(), ip.Src(), ip.Dst())
	field := uint16(offset)
	if !last {
		field |= 1
	}
	binary.BigEndian.PutUint16(dst[wire.IPv6Len+2:], field)
}
