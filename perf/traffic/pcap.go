package traffic

import (
	"bufio"
	"os"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// WritePcap writes frames to a file that net_pcap, and any other program, can read.
func WritePcap(path string, frames [][]byte) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	b := bufio.NewWriterSize(f, 1<<20)
	w := pcapgo.NewWriter(b)
	if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		return err
	}
	for i, frame := range frames { // a microsecond apart; net_pcap does not look
		info := gopacket.CaptureInfo{Timestamp: time.UnixMicro(int64(i)).UTC(), CaptureLength: len(frame), Length: len(frame)}
		if err := w.WritePacket(info, frame); err != nil {
			return err
		}
	}
	return b.Flush()
}
