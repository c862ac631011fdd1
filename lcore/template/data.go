package template

// DataMax is how much a persistence engine can add to a key, in bytes (persistence.md P9.7).
const DataMax = 255

// data is what a persistence engine has added to a key: bytes[:n].
type data struct {
	n     uint8
	bytes [DataMax]byte
}

// Few templates are a persistence engine's: there is room for the data of one of so many, and of some more.
const (
	templatesPerData = 64
	dataAtLeast      = 16
)

// dataOf returns what a persistence engine has added to the key of an entry: slot 0, of all others, is empty.
func (s *Shard) dataOf(e *Entry) []byte {
	d := &s.data.Slots[e.data]
	return d.bytes[:d.n]
}

// takeAside takes slots for what of a key does not fit into the entry, 0 if it does, and reports whether there was room.
func (s *Shard) takeAside(k *Key, added []byte) (wide, data uint32, room bool) {
	if !k.Client.Is4() {
		if wide = s.wide.Take(); wide == 0 {
			return 0, 0, false
		}
		s.wide.Slots[wide] = addresses{k.Client, k.Virtual}
	}
	if len(added) != 0 {
		if data = s.data.Take(); data == 0 {
			s.wide.Give(wide)
			return 0, 0, false
		}
		d := &s.data.Slots[data]
		d.n = uint8(copy(d.bytes[:], added))
	}
	return wide, data, true
}
