package template

import (
	"bytes"
	"testing"

	"cleat/lcore/flow"
	"cleat/lcore/memory"
)

func newDataShard(t *testing.T, capacity int) *Shard {
	s, err := NewShard(memory.Heap, capacity, 0, &flow.Seed{1, 2, 3, 4}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestData: P9.3: of two templates with one key each is found by its own data, of any length, and not without it; data goes with its template.
func TestData(t *testing.T) {
	s := newDataShard(t, 1024)
	key := Key{Client: ip("172.16.5.1"), Virtual: ip("10.0.0.1"), Port: 5060, Proto: flow.UDP}
	texts := [][]byte{nil}
	for _, n := range []int{1, 7, 8, 9, DataMax - 1, DataMax} {
		texts = append(texts, bytes.Repeat([]byte("x"), n))
	}
	for n, text := range texts {
		if s.Find(&key, text) != 0 {
			t.Fatalf("%q is found before it is there", text)
		}
		i := s.Insert(&key, text, uint32(n), 0, 100)
		s.Touch(i, 0)
		row := s.Row(i)
		if s.Find(&key, text) != i || !bytes.Equal(row.Data(), text) {
			t.Errorf("%q: found %d, want %d; its row has %q", text, s.Find(&key, text), i, row.Data())
		}
	}
	s.Invalidate(s.Find(&key, texts[2]))
	s.Remove(s.Find(&key, texts[3]))
	s.Reclaim()
	for n, text := range texts {
		if found, want := s.Find(&key, text) != 0, n != 2 && n != 3; found != want {
			t.Errorf("%q: found %v, want %v", text, found, want)
		}
	}
}

// TestDataFull: without room for data a template is refused, and nothing is lost; others have room.
func TestDataFull(t *testing.T) {
	s := newDataShard(t, 1024)
	keyed := func(n int) *Key {
		return &Key{Client: flow.V4(uint32(n)), Virtual: ip("10.0.0.1"), Proto: flow.UDP}
	}
	for n := range s.data.Capacity() {
		i := s.Insert(keyed(n), []byte("x"), 1, 0, 100)
		s.Touch(i, 0)
	}
	if s.Insert(keyed(2000), []byte("x"), 1, 0, 100) != 0 || s.Insert(keyed(2000), nil, 1, 0, 100) == 0 {
		t.Error("data finds room in a full table, or what has none finds none")
	}
	s.Remove(s.Find(keyed(0), []byte("x")))
	s.Reclaim()
	if s.Insert(keyed(2001), []byte("x"), 1, 0, 100) == 0 {
		t.Error("no room when a template has gone")
	}
}
