package compare

import (
	"math"
	"slices"
)

// chance is the probability that two series as far apart as a and b, or further, are drawn from one and the same source: the two-sided
// Mann-Whitney U test, which asks for nothing but the order of the values. It is exact, equal values included; of more than
// manyValues it is the normal approximation.
func chance(a, b []float64) float64 {
	ranks, of := doubledRanks(a, b)
	apart := math.Abs(float64(of) - float64(len(a)*(len(ranks)+1))) // from the mean of all ways to choose a's ranks
	if len(ranks) > manyValues {
		return normal(ranks, len(a), apart)
	}
	// ways[k][s] is the number of ways to choose k of the ranks so far that add up to s.
	total := 0
	ways := make([][]float64, len(a)+1)
	for k := range ways {
		ways[k] = make([]float64, len(ranks)*(len(ranks)+1)+1)
	}
	ways[0][0] = 1
	for n, r := range ranks {
		total += r
		for k := min(n+1, len(a)); k > 0; k-- {
			for s := total; s >= r; s-- {
				ways[k][s] += ways[k-1][s-r]
			}
		}
	}
	var further, all float64
	for s, w := range ways[len(a)] {
		all += w
		if math.Abs(float64(s)-float64(len(a)*(len(ranks)+1))) >= apart {
			further += w
		}
	}
	return further / all
}

const manyValues = 100

// doubledRanks are twice the places of all values in order, from 2 on, so that those of equal values, which share the mean of their places, are
// whole; of is the sum of a's.
func doubledRanks(a, b []float64) (ranks []int, of int) {
	all := slices.Sorted(slices.Values(slices.Concat(a, b)))
	rank := func(x float64) int {
		first, _ := slices.BinarySearch(all, x)
		after, _ := slices.BinarySearch(all, math.Nextafter(x, math.Inf(1)))
		return first + 1 + after
	}
	for _, x := range all {
		ranks = append(ranks, rank(x))
	}
	for _, x := range a {
		of += rank(x)
	}
	return ranks, of
}

// normal approximates chance for many values; n are those of the first series.
func normal(ranks []int, n int, apart float64) float64 {
	var squares float64
	for _, r := range ranks {
		d := float64(r - (len(ranks) + 1))
		squares += d * d
	}
	all := float64(len(ranks))
	variance := float64(n) * (all - float64(n)) / (all * (all - 1)) * squares
	if variance == 0 { // all values are equal
		return 1
	}
	return math.Erfc(apart / math.Sqrt(2*variance))
}

// leastChance is the chance of two series of a and b values, no two of them equal, that do not overlap at all: 2 of all ways to choose.
func leastChance(a, b int) float64 {
	ways := 1.0
	for i := range min(a, b) {
		ways *= float64(a+b-i) / float64(i+1)
	}
	return min(1, 2/ways)
}
