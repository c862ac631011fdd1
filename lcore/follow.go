package lcore

import (
	"slices"

	"cleat/lcore/burst"
	"cleat/lcore/flow"
	"cleat/lcore/index"
	"cleat/lcore/memory"
)

// followers is how many packets may wait for answers, all flows together.
const followers = 512

// inquiries are a worker's questions to others, and the packets that wait for the answers: those of a flow that is asked about. When no more
// questions may be out, or no more packets may wait, a packet is dropped and counted (handover_full).
//
// With an answer the flow's followers are no more than packets that come first of all in the next turn: no other of that flow comes before them, and they
// may have to wait again.
type inquiries struct {
	limit, out int // questions
	seed       *flow.Seed
	index      *index.Index // of flows
	flows      []inquired   // by number, from 1
	free       []uint32     // numbers
	over       []uint32     // flows answered in this turn whose followers may go on in the next
	waiting    []follower   // in the order of coming
	ready      int          // of those, may go on

	parcels [burst.Size]parcel // being received
}

// inquired is a flow that is asked about.
type inquired struct {
	key      flow.Key // of its packets
	followed bool     // packets wait
	over     bool     // the answer has come
}

type follower struct {
	packet burst.Packet
	flow   uint32 // 0: may go on
}

func (q *inquiries) init(limit int, seed *flow.Seed) (err error) {
	flows := limit + burst.Size // in a turn, as many answers may come as questions can leave
	q.limit, q.seed = limit, seed
	q.flows = make([]inquired, flows+1)
	q.free, q.over = make([]uint32, 0, flows), make([]uint32, 0, burst.Size)
	q.waiting = make([]follower, 0, followers)
	for n := range flows {
		q.free = append(q.free, uint32(n)+1)
	}
	q.index, err = index.New(memory.Heap, "inquiries", flows)
	return err
}

// idle reports whether no flow is asked about.
func (q *inquiries) idle() bool { return len(q.free) == len(q.flows)-1 }

func (q *inquiries) hash(k *flow.Key) uint64 {
	return flow.Hash(k.Src, k.SrcPort, k.Proto, q.seed)
}

// find returns the number of the flow with key k, 0 if it is not asked about.
func (q *inquiries) find(k *flow.Key) uint32 {
	for s := q.index.Search(q.hash(k)); s.Next(); {
		if q.flows[s.Entry].key == *k {
			return s.Entry
		}
	}
	return 0
}

// open gives a flow that is asked about a number, or 0 if there is no room. One whose answer was of no use in this turn keeps its number, so that those
// who follow it stay before those who come now.
func (q *inquiries) open(k *flow.Key) uint32 {
	if len(q.over) != 0 {
		if n := q.find(k); n != 0 {
			q.flows[n].over = false
			q.over = slices.DeleteFunc(q.over, func(over uint32) bool { return over == n })
			return n
		}
	}
	last := len(q.free) - 1
	if last < 0 || !q.index.Insert(q.hash(k), q.free[last]) {
		return 0
	}
	n := q.free[last]
	q.free = q.free[:last]
	q.flows[n] = inquired{key: *k}
	return n
}

// close is for a flow about which the answer has come; 0 is none.
func (q *inquiries) close(n uint32) {
	switch f := &q.flows[n]; {
	case n == 0:
	case f.followed:
		f.over = true
		q.over = append(q.over, n)
	default:
		q.forget(n)
	}
}

func (q *inquiries) forget(n uint32) {
	q.index.Remove(q.hash(&q.flows[n].key), n)
	q.free = append(q.free, n)
}

// follow lets packet i wait if its flow is asked about, and reports whether that is so.
func (w *Worker) follow(i int) bool {
	in, q := &w.in, &w.inquiries
	if in.isPlain(i) || in.isShort(i) {
		w.readPlain(i)
	}
	n := q.find(&in.key[i])
	if n == 0 {
		return false
	}
	in.plain &^= 1 << i // whose connection is gone, then; what is plain is forwarded
	if len(q.waiting) == followers {
		in.verdict[i] = DropHandoverFull
		return true
	}
	q.flows[n].followed = true
	q.waiting = append(q.waiting, follower{in.packet[i], n})
	w.counters.Held++
	in.verdict[i] = Held
	return true
}

// resume lets packets go on whose answer came in the last turn, into the next burst.
func (w *Worker) resume() {
	in, q := &w.in, &w.inquiries
	if len(q.over) != 0 {
		for i := range q.waiting {
			if f := &q.waiting[i]; q.flows[f.flow].over {
				f.flow = 0
				q.ready++
			}
		}
		for _, n := range q.over {
			q.flows[n].over = false
			q.forget(n)
		}
		q.over = q.over[:0]
	}
	if q.ready == 0 {
		return
	}
	kept := q.waiting[:0]
	for i := range q.waiting {
		f := &q.waiting[i]
		if f.flow != 0 || in.N == burst.Size {
			kept = append(kept, *f)
			continue
		}
		in.packet[in.N] = f.packet
		in.enter(1, moved)
		q.ready--
		w.counters.Held--
	}
	q.waiting = kept
}
