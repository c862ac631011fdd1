package lcoretest

import (
	"encoding/binary"
	"os"
	"slices"
	"testing"
	"time"

	"cleat/lcore/burst"
)

// Capture is a queue that writes every packet it passes on, in both directions, into a pcap file. Of a packet
// in several segments it writes the first.
type Capture struct {
	burst.Queue
	t    testing.TB
	file *os.File
}

// NewCapture wraps q. The file is closed when the test ends.
func NewCapture(t testing.TB, q burst.Queue, path string) *Capture {
	t.Helper()
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	c := &Capture{q, t, file}
	// Magic number, version 2.4, time zone, accuracy, greatest length, Ethernet.
	for _, word := range []uint32{0xa1b2c3d4, 4<<16 | 2, 0, 0, 65535, 1} {
		c.write(binary.LittleEndian.AppendUint32(nil, word))
	}
	return c
}

// Receive implements burst.Queue.
func (c *Capture) Receive(pkts []burst.Packet) int {
	n := c.Queue.Receive(pkts)
	for i := range pkts[:n] {
		c.frame(pkts[i].Data, pkts[i].Len)
	}
	return n
}

// Transmit implements burst.Queue. What the queue does not take is not in the file.
func (c *Capture) Transmit(pkts []burst.Packet) int {
	frames := make([][]byte, len(pkts)) // once taken, the packets are the port's
	for i := range pkts {
		frames[i] = slices.Clone(pkts[i].Data)
	}
	n := c.Queue.Transmit(pkts)
	for i, frame := range frames[:n] {
		c.frame(frame, pkts[i].Len)
	}
	return n
}

// frame writes one record: the time, how much of the frame there is, how long it was.
func (c *Capture) frame(frame []byte, length uint32) {
	now := time.Now()
	var record []byte
	for _, word := range []uint32{uint32(now.Unix()), uint32(now.Nanosecond() / 1000), uint32(len(frame)), length} {
		record = binary.LittleEndian.AppendUint32(record, word)
	}
	c.write(append(record, frame...))
}

func (c *Capture) write(b []byte) {
	if _, err := c.file.Write(b); err != nil {
		c.t.Error(err)
	}
}
