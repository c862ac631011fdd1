// Package spin is a loop in plain C that does nothing but read the clock: what it sees of gaps, the machine has made.
package spin

/*
#include <stdint.h>
#include <time.h>

#cgo noescape cleat_spin
#cgo nocallback cleat_spin

static uint64_t cleat_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// Spins for so many ns. Gaps of at least least ns between two looks at the clock go into gaps, as many as there is room for; all looks are counted.
static uint64_t cleat_spin(uint64_t ns, uint64_t least, uint64_t *gaps, uint64_t room, uint64_t *n)
{
	uint64_t looks = 0, begin = cleat_now(), last = begin, now = begin;

	for (*n = 0; now - begin < ns; last = now, looks++) {
		now = cleat_now();
		if (now - last >= least && *n < room)
			gaps[(*n)++] = now - last;
	}
	return looks;
}
*/
import "C"

import "time"

// Gaps spins for d on the calling thread and puts the gaps of at least that length between two looks at the clock into dst, in the order
// in which they came, as far as there is room. It returns how many those are, and how often it looked.
func Gaps(dst []time.Duration, d, least time.Duration) (n int, looks uint64) {
	var seen C.uint64_t
	if len(dst) == 0 {
		return 0, 0
	}
	looks = uint64(C.cleat_spin(C.uint64_t(d), C.uint64_t(least), (*C.uint64_t)(pointer(dst)), C.uint64_t(len(dst)), &seen))
	return int(seen), looks
}
