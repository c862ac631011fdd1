package gen

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Sizes are lengths of frames in bytes, FCS included, that come one after the other, again and again.
type Sizes []int

// fcs is the length of the check sequence, which the port adds.
const fcs = 4

// Ethernet's least and greatest frame, and what a question needs over IPv6: headers of TCP and ShortLen bytes of data, or of UDP and Len.
const (
	minFrame  = 64
	minFrame6 = 84
	maxFrame  = 1518
)

func minSize(six bool) int {
	if six {
		return minFrame6
	}
	return minFrame
}

// imix is the simple Internet mix, 7 : 4 : 1.
const imix = "64x7 594x4 1518x1"

// genome are the letters of RFC 6985 section 5 for frames that are no longer than Ethernet's.
var genome = map[rune]int{'a': 64, 'b': 128, 'c': 256, 'd': 512, 'e': 1024, 'f': 1280, 'g': 1518}

// ParseSizes reads "64", "64x7 594x4 1518x1" (spaces or commas between), "imix", which is that mix, or letters of RFC 6985: "aabbg". Those of
// a mix are spread evenly over their round, each as far from its like as possible.
func ParseSizes(text string) (Sizes, error) {
	if text == "imix" {
		text = imix
	}
	var words []share
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == ',' }) {
		if letters, ok := ofGenome(word); ok {
			words = append(words, letters...)
			continue
		}
		one, err := parseShare(word)
		if err != nil {
			return nil, err
		}
		words = append(words, one)
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("%q: name at least one length, like 64", text)
	}
	return spread(words), nil
}

// share is how often a length comes in a round.
type share struct{ size, times int }

func parseShare(word string) (one share, err error) {
	size, times, found := strings.Cut(word, "x")
	one.times = 1
	if one.size, err = strconv.Atoi(size); err == nil && found {
		one.times, err = strconv.Atoi(times)
	}
	if err != nil || one.size < minFrame || one.size > maxFrame || one.times < 1 || one.times > 1000 {
		return one, fmt.Errorf("%q: must be a length of %d to %d, that times how often (594x4), letters a to g of RFC 6985, or imix", word, minFrame, maxFrame)
	}
	return one, nil
}

func ofGenome(word string) (all []share, ok bool) {
	for _, letter := range word {
		if genome[letter] == 0 {
			return nil, false
		}
		all = append(all, share{genome[letter], 1})
	}
	return all, true
}

// spread puts all shares into one round: next is always the one that is furthest behind.
func spread(words []share) (round Sizes) {
	total := 0
	for _, w := range words {
		total += w.times
	}
	given := make([]int, len(words))
	for n := range total {
		best, behind := 0, math.Inf(-1)
		for i, w := range words {
			if b := float64(w.times)*float64(n+1)/float64(total) - float64(given[i]); b > behind && given[i] < w.times {
				best, behind = i, b
			}
		}
		given[best]++
		round = append(round, words[best].size)
	}
	return round
}

// Least is the shortest of them.
func (s Sizes) Least() int {
	least := maxFrame
	for _, n := range s {
		least = min(least, n)
	}
	return least
}
