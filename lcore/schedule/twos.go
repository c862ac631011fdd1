package schedule

import (
	"math/bits"

	"cleat/lcore/service"
)

// twos draws two servers by their weights and takes the one with less to do (scheduling.md twos).
type twos struct{ stateless }

func (twos) Name() string { return "twos" }
func (twos) balances()    {}

func (twos) Pick(v *service.Virtual, s *State, loads []Load, _ *Client) int {
	total := int64(0)
	for i := range v.Reals {
		if rs := &v.Reals[i]; eligible(rs, loads) {
			total += int64(rs.Weight)
		}
	}
	if total == 0 {
		return None
	}
	one, two := draw(v, loads, s.upTo(total)), draw(v, loads, s.upTo(total))
	a, b := &v.Reals[one], &v.Reals[two]
	if signed(a, loads)*b.Weight > signed(b, loads)*a.Weight { // T.3, in 32 bits (G.5)
		return two
	}
	return one
}

// draw goes r along the eligible servers, whose weights add up to r at least (T.2).
func draw(v *service.Virtual, loads []Load, r int64) int {
	for i := range v.Reals {
		if rs := &v.Reals[i]; eligible(rs, loads) {
			if r -= int64(rs.Weight); r <= 0 {
				return i
			}
		}
	}
	return None
}

// upTo returns a random number from 0 to n, both included (T.1), by SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number
// generators, 2014): any seed will do.
func (s *State) upTo(n int64) int64 {
	s.Random += 0x9e3779b97f4a7c15
	z := s.Random
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	hi, _ := bits.Mul64(z^z>>31, uint64(n)+1)
	return int64(hi)
}
