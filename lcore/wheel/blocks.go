package wheel

import (
	"cleat/lcore/memory"
	"cleat/lcore/prefetch"
)

const (
	perBlock = 30 // about a burst
	places   = 32 // Timer.at is a block's number × places + the place in it
)

// block holds numbers of entries of one slot. 128 bytes, two cache lines.
type block struct {
	below uint32 // of a slot's block: the one to go on with when this one is empty, 0: none; of a free one: the next free one
	slot  uint16
	n     uint16 // numbers in it
	entry [perBlock]uint32
}

// blocks is where the slots' entries stand. Of a slot's blocks all but the top one are full: so it cannot run out of blocks.
type blocks struct {
	of    []block // block 0 is of no slot, and full
	free  uint32  // first free one
	fresh uint32  // blocks from here on were never used
}

func newBlocks(alloc memory.Alloc, name string, entries int) (blocks, error) {
	of, err := memory.Array[block](alloc, name, 1+min(entries, entries/perBlock+levels*slots))
	if err != nil {
		return blocks{}, err
	}
	of[0].n = perBlock
	return blocks{of: of, fresh: 1}, nil
}

// take returns an empty block for a slot, to stand on another one of it or on none.
func (b *blocks) take(slot uint16, below uint32) uint32 {
	n := b.free
	if n != 0 {
		b.free = b.of[n].below
	} else {
		n = b.fresh
		b.fresh++
	}
	b.of[n].below, b.of[n].slot = below, slot
	return n
}

// give takes the empty block n back, and returns the one below it.
func (b *blocks) give(n uint32) (below uint32) {
	below = b.of[n].below
	b.of[n].below, b.free = b.free, n
	return below
}

// push adds entry i to block n, which is not full, and returns where it stands.
func (b *blocks) push(n, i uint32) (at uint32) {
	to := &b.of[n]
	at = n*places + uint32(to.n)
	to.entry[to.n] = i
	to.n++
	return at
}

// peek writes the entries of block n and of those below it, in the order in which they are taken out, and returns how many.
func (b *blocks) peek(n uint32, into []uint32) (count int) {
	for ; n != 0 && count < len(into); n = b.of[n].below {
		from := &b.of[n]
		prefetch.Entries(b.of, []uint32{from.below})
		for k := int(from.n) - 1; k >= 0 && count < len(into); k-- {
			into[count] = from.entry[k]
			count++
		}
	}
	return count
}
