package traffic

import (
	"encoding/binary"
	"math/rand/v2"
)

const (
	firstPort = 1024
	ports     = 60000 // of a client, from firstPort on
)

var firstClient = binary.BigEndian.Uint32(Clients.Addr().AsSlice())

// MaxClients is the number of addresses in Clients.
const MaxClients = 1 << 22

// Nth returns flow n of clients that take turns, 1 ≤ clients ≤ MaxClients: each comes back with its next port. After
// clients × 60,000 flows the first comes again.
func Nth(n uint64, clients int) Flow {
	c := uint64(clients)
	return Flow{firstClient + uint32(n%c), firstPort + uint16(n/c%ports)}
}

// Flows returns n flows of n clients, shuffled, the same in every run.
func Flows(n int) []Flow {
	all := make([]Flow, n)
	for i, k := range shuffled(n) {
		all[i] = Nth(uint64(k), n)
	}
	return all
}

// Frames returns one frame for each of n flows of n clients, by the writers in turns, shuffled, the same in every run.
func Frames(n int, w ...*Writer) [][]byte {
	all := make([][]byte, n)
	for i, k := range shuffled(n) {
		by := w[k%len(w)]
		all[i] = make([]byte, by.Len())
		by.Write(all[i], Nth(uint64(k), n))
	}
	return all
}

// Mix puts answers between requests, at random places, the same in every run. Requests keep their order.
func Mix(requests, answers [][]byte) [][]byte {
	r := source()
	mixed := make([][]byte, 0, len(requests)+len(answers))
	order := shuffled(len(answers))
	for len(requests)+len(order) > 0 {
		if r.IntN(len(requests)+len(order)) < len(requests) {
			mixed, requests = append(mixed, requests[0]), requests[1:]
		} else {
			mixed, order = append(mixed, answers[order[0]]), order[1:]
		}
	}
	return mixed
}

func shuffled(n int) []int { return source().Perm(n) }

func source() *rand.Rand { return rand.New(rand.NewPCG(2544, 9971)) }
