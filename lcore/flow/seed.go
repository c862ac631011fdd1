package flow

import "math/rand/v2"

// NewSeed returns a fresh random Seed, from the runtime's ChaCha8 generator, which the operating system seeds.
func NewSeed() (s Seed) {
	for i := range s {
		s[i] = rand.Uint64()
	}
	return s
}
