package template

// A worker may hold connections under a template of another one's shard. What becomes of them it tells in one word a template, which has room
// for all that can be said: so nobody waits, and nothing is lost (persistence.md P12.4).
//
// The owner counts a connection (Entry.Controls) before the other worker hears of the template, and a template that has one stays: so the
// word is always that of the template that is meant.

// assured and proven are the bits of the word that say so; those below count the connections that have ended since the owner heard.
const (
	assured = 1 << 31
	proven  = 1 << 30
)

// TellEnded says that a connection under template i has ended. Any worker.
func (s *Shard) TellEnded(i uint32) { s.told[i].Add(1) }

// TellAssured says that a connection under template i was established (P8.4). Any worker.
func (s *Shard) TellAssured(i uint32) { s.tell(i, assured) }

// TellProven says that a connection under template i was proven. Any worker.
func (s *Shard) TellProven(i uint32) { s.tell(i, proven) }

func (s *Shard) tell(i, bit uint32) {
	if s.told[i].Load()&bit == 0 { // to look is cheap while nothing changes
		s.told[i].Or(bit)
	}
}

// Hear brings template i up to date with what other workers have told. To be called before Controls or State are looked at.
func (s *Shard) Hear(i uint32) {
	if s.Entries[i].Elsewhere == Nothing || s.told[i].Load() == 0 {
		return // where nobody may tell, the word need not come from memory
	}
	word := s.told[i].And(assured | proven)
	s.Entries[i].Controls -= word &^ (assured | proven)
	if word&assured != 0 {
		s.Entries[i].State = Assured
	}
	if word&proven != 0 {
		s.Prove(i)
	}
}
