package rewrite

import (
	"encoding/binary"

	"cleat/lcore/wire"
)

// Blank overwrites the options of a TCP segment that have one of these kinds (F8.5).
func Blank(t wire.TCP, kinds ...uint8) {
	before := sumOptions(t)
	for at := wire.TCPLen; ; {
		kind, size := t.Option(at)
		if size == 0 {
			break
		}
		for _, k := range kinds {
			for b := t[at : at+size]; k == kind && len(b) > 0; b = b[1:] {
				b[0] = wire.OptionNop
			}
		}
		at += size
	}
	t.UpdateChecksum(wire.Diff16(before, sumOptions(t)))
}

// LowerMSS makes room for n bytes in the segments that the receiver of a SYN will send (F8.5). Without an option they are small anyway.
func LowerMSS(t wire.TCP, n int) {
	const least = 88 // as the kernel's tcp_min_snd_mss with its greatest header
	before := sumOptions(t)
	for at := wire.TCPLen; ; {
		kind, size := t.Option(at)
		if size == 0 {
			break
		}
		if kind == wire.OptionMSS && size == 4 {
			mss := int(binary.BigEndian.Uint16(t[at+2:]))
			binary.BigEndian.PutUint16(t[at+2:], uint16(max(mss-n, min(mss, least))))
		}
		at += size
	}
	t.UpdateChecksum(wire.Diff16(before, sumOptions(t)))
}

// sumOptions is what the options, which begin at an even offset and end at one, add to the checksum.
func sumOptions(t wire.TCP) uint16 { return ^wire.Checksum(t.Options(), 0) }
