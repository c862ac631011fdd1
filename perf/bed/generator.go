package bed

import (
	"cleat/cgo/pktmbuf"
	"cleat/lcore/burst"

	"cleat/perf/traffic"
)

// Generator is a Source in this process: every packet is of another flow. Like a port it crosses into C once to receive and once to
// transmit, for the buffers.
type Generator struct {
	*pktmbuf.Pool
	writer  *traffic.Writer
	clients int
	given   uint64
}

// Generator makes one whose clients take turns, each with its next port.
func (b *Bed) Generator(w *traffic.Writer, clients int) (*Generator, error) {
	b.ports++
	pool, err := b.pool(0, w.Len())
	if err != nil {
		return nil, err
	}
	return &Generator{Pool: pool, writer: w, clients: clients}, nil
}

// Receive implements burst.Queue.
func (g *Generator) Receive(p []burst.Packet) int {
	if !g.Alloc(p) {
		return 0
	}
	for i := range p {
		p[i].Data = p[i].Data[:g.writer.Len()]
		p[i].Len = uint32(g.writer.Len())
		g.writer.Write(p[i].Data, traffic.Nth(g.given+uint64(i), g.clients))
	}
	g.given += uint64(len(p))
	return len(p)
}

// Transmit implements burst.Queue.
func (g *Generator) Transmit(p []burst.Packet) int {
	g.Free(p)
	return len(p)
}

// Given implements Source.
func (g *Generator) Given() uint64 { return g.given }

// Close implements Source.
func (g *Generator) Close() error {
	g.Pool.Close()
	return nil
}
