package ethdev_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"cleat/cgo/ethdev"
	"cleat/cgo/pktmbuf"
)

// turns is a table of so many entries whose queues take turns.
func turns(entries, queues int) []uint16 {
	table := make([]uint16, entries)
	for i := range table {
		table[i] = uint16(i % queues)
	}
	return table
}

// TestStretch: a device's table says what ours does, whichever of the two is longer, or is refused.
func TestStretch(t *testing.T) {
	for _, c := range []struct {
		size, queues int
		want         string // of the error
	}{
		{128, 3, ""}, {256, 3, ""}, {512, 5, ""}, {64, 2, ""}, {64, 4, ""}, {1, 1, ""},
		{64, 3, "table of 64 entries cannot say what one of 128 does"},
		{192, 2, "table of 192 entries cannot say"},
		{0, 1, "no indirection table"},
	} {
		table := turns(128, c.queues)
		long, err := ethdev.Stretch(table, c.size)
		if c.want != "" || err != nil {
			if err == nil || !strings.Contains(err.Error(), c.want) || c.want == "" {
				t.Errorf("%d entries, %d queues: %v, want %q", c.size, c.queues, err, c.want)
			}
			continue
		}
		for hash := range 5000 {
			if long[hash%c.size] != table[hash%128] {
				t.Fatalf("%d entries, %d queues: hash %d leads to queue %d, want %d", c.size, c.queues, hash, long[hash%c.size], table[hash%128])
			}
		}
	}
}

func TestRSS(t *testing.T) {
	pool := newPool(t, 2048)
	port := newPort(t, "net_null0", "", ethdev.Config{Queues: 2, RSS: ethdev.RSSIPv4, Pools: []*pktmbuf.Pool{pool}})
	const fields = ethdev.RSSIPv4 | ethdev.RSSIPv6TCP
	if err := port.SetRSS(fields, []byte{1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	got, key, err := ethdev.RSSOf(port)
	if err != nil || got != fields || !bytes.Equal(key, bytes.Repeat([]byte{1, 2, 3, 4}, 10)) {
		t.Errorf("fields %#x, key % x, %v", uint64(got), key, err)
	}
	if err := port.SetRSS(fields|ethdev.RSSL3SrcOnly, []byte{1}); err == nil || !strings.Contains(err.Error(), "the device cannot hash 0x8000000000000000") {
		t.Errorf("fields that it lacks: %v", err)
	}
	if err := port.SetIndirection(turns(128, 2)); err != nil {
		t.Fatal(err)
	}
	if got, err := ethdev.IndirectionOf(port); err != nil || !slices.Equal(got, turns(128, 2)) {
		t.Errorf("indirection %v, %v", got, err)
	}
}

// TestNoRSS: devices without say so.
func TestNoRSS(t *testing.T) {
	pool := newPool(t, 2048)
	port := newPort(t, "net_ring0", "", ethdev.Config{Queues: 2, Pools: []*pktmbuf.Pool{pool}})
	for what, c := range map[string]struct {
		err  error
		want string
	}{
		"hash":        {port.SetRSS(ethdev.RSSIPv4, []byte{1}), "the device cannot hash 0x4 of 0x4"},
		"indirection": {port.SetIndirection(turns(128, 2)), "no indirection table"},
		"rule":        {port.AddFlow(ethdev.FlowRSS{Fields: ethdev.RSSIPv4}), "rte_flow_create: Function not implemented"},
		"flush":       {port.FlushFlows(), "rte_flow_flush: Function not implemented"},
	} {
		if c.err == nil || !strings.HasSuffix(c.err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", what, c.err, c.want)
		}
	}
}

func TestPrefix6(t *testing.T) {
	seen := map[ethdev.RSS]bool{}
	for _, bits := range []int{32, 40, 48, 56, 64, 96, 128} {
		fields, ok := ethdev.RSSPrefix6(bits)
		if !ok || seen[fields] || (fields == 0) != (bits == 128) {
			t.Errorf("%d bits: %#x %v", bits, uint64(fields), ok)
		}
		seen[fields] = true
	}
	if _, ok := ethdev.RSSPrefix6(60); ok {
		t.Error("60 bits")
	}
}
