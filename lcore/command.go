package lcore

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"cleat/lcore/burst"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/ring"
	"cleat/lcore/shard"
	"cleat/lcore/template"
	"cleat/lcore/wire"
)

// This file is management's side of a worker. Its methods may be called from any goroutine but the worker's own.

// Frame is a small frame that management sends.
type Frame struct {
	Port uint16
	Len  uint16
	Data [88]byte
}

// Neighbor is something a worker has to tell about a neighbour: its MAC address, as ARP or neighbour discovery said, or that it is
// asked for, if MAC is zero.
type Neighbor struct {
	Port  uint16
	Reply bool // the MAC address came in a reply, not in a question
	Addr  flow.Addr
	MAC   wire.MAC
}

const mailRing = 256

// mailbox is what passes between management and a worker. Full rings refuse.
type mailbox struct {
	send    sync.Mutex // of management's side: one producer at a time
	tasks   *ring.Ring[*task]
	current *task
	frames  *ring.Ring[Frame]
	news    *ring.Ring[Neighbor]
}

// task is something management wants done between turns, a bounded step at a time.
type task struct {
	step func() bool
	done atomic.Bool
}

func (m *mailbox) init() {
	m.tasks, m.frames, m.news = ring.New[*task](mailRing), ring.New[Frame](mailRing), ring.New[Neighbor](mailRing)
}

// work does one step of what management wants, and reports whether it wants anything.
func (m *mailbox) work() bool {
	if m.current == nil {
		var one [1]*task
		if m.tasks.Pop(one[:]) == 0 {
			return false
		}
		m.current = one[0]
	}
	if m.current.step() {
		m.current.done.Store(true)
		m.current = nil
	}
	return true
}

func (m *mailbox) question(port uint16, next flow.Addr) {
	m.news.Push(&Neighbor{Port: port, Addr: next}) // if it is lost, the next packet asks again
}

// hear tells management who sent packet i, ARP or neighbour discovery, and reports whether it could.
func (w *Worker) hear(i int) bool {
	p := &w.in.packet[i]
	eth := wire.Ethernet(p.Data)
	if eth.Type() == wire.TypeIPv6 {
		return w.hearNeighbor(i)
	}
	arp := wire.ARP(eth.Payload())
	return w.mail.news.Push(&Neighbor{
		Port: p.Port, Reply: arp.Op() == wire.ARPReply, Addr: flow.V4(arp.SenderIP()), MAC: arp.Sender(),
	})
}

// inject sends what management wants sent.
func (w *Worker) inject() {
	var f [1]Frame
	for range burst.Size {
		if w.mail.frames.Pop(f[:]) == 0 {
			return
		}
		w.counters.Injected++
		var p [1]burst.Packet
		if !w.Pool.Alloc(p[:]) {
			w.counters.Verdicts[DropNoBuffer]++
			continue
		}
		p[0].Data = append(p[0].Data[:0], f[0].Data[:f[0].Len]...)
		p[0].Len, p[0].Segments, p[0].Port = uint32(f[0].Len), 1, f[0].Port
		w.send(&p[0])
	}
}

// ErrStopped says that the worker does not run any more.
var ErrStopped = errors.New("the worker has stopped")

// Do has step called on the worker's goroutine between turns, once a turn until it returns true, and waits for that. A step must be
// short: it stands in the packets' way.
func (w *Worker) Do(step func() bool) error {
	t := &task{step: step}
	for !w.post(t) {
		if w.ended.Load() {
			return ErrStopped
		}
		time.Sleep(time.Millisecond)
	}
	for looks := 0; !t.done.Load(); looks++ {
		if w.ended.Load() && !t.done.Load() {
			return ErrStopped
		}
		if looks < eagerLooks {
			runtime.Gosched() // a worker that is awake takes microseconds; the shortest sleep is a thousand of them
		} else {
			time.Sleep(min(time.Duration(looks-eagerLooks)*20*time.Microsecond, time.Millisecond))
		}
	}
	return nil
}

// eagerLooks is how often Do looks for an answer before it sleeps: for some tens of microseconds.
const eagerLooks = 300

func (w *Worker) post(t *task) bool {
	w.mail.send.Lock()
	defer w.mail.send.Unlock()
	return w.mail.tasks.Push(&t)
}

// Inject has a frame sent, and reports whether there was room for it.
func (w *Worker) Inject(f *Frame) bool {
	w.mail.send.Lock()
	defer w.mail.send.Unlock()
	return w.mail.frames.Push(f)
}

// Neighbors takes up to len(dst) news of neighbours. One goroutine only.
func (w *Worker) Neighbors(dst []Neighbor) int { return w.mail.news.Pop(dst) }

// Adopt has the worker use new tables from one of its next turns on. One goroutine only.
func (w *Worker) Adopt(t *Tables) { w.wanted.Store(t) }

// Adopted is the generation of the tables that the worker uses.
func (w *Worker) Adopted() uint64 { return w.adopted.Load() }

// Counters returns the worker's counters, whole, at most a millisecond old while it runs.
func (w *Worker) Counters() Counters { return w.pub.read() }

// Real returns what the worker counted of the real server in a slot.
func (w *Worker) Real(slot uint32) (c RealCounters) {
	for i := range c.words() {
		c.words()[i] = w.stats.publicReals[slot][i].Load()
	}
	return c
}

// Virtual returns what the worker counted of the service with that ID.
func (w *Worker) Virtual(id uint32) (c VirtualCounters) {
	for i := range c.words() {
		c.words()[i] = w.stats.publicVirtuals[id][i].Load()
	}
	return c
}

// Capacities returns how many templates and connections the worker has room for.
func (w *Worker) Capacities() (templates, connections int) {
	return w.tmpls.Capacity(), w.conns.Capacity()
}

// Row is a copy of a table's entry (conn.Row, template.Row), with the ticks that it has left.
type Row[E any] struct {
	Entry E
	Left  uint32
}

// walkStep is how many entries a step of a walk looks at.
const walkStep = 512

// Connections copies connections, from entry from on (0 at first), to rows, and returns how many, and where to go on, 0 at the
// end. Entries made or ended meanwhile may be in it or not; no other is missing or comes twice.
func (w *Worker) Connections(from uint32, rows []Row[conn.Row]) (n int, next uint32, err error) {
	return walk(w, &w.conns.Table, w.row, from, rows)
}

// row copies connection i.
func (w *Worker) row(i uint32) conn.Row {
	r := w.conns.Row(i)
	if at := r.Local(); at != 0 {
		r.LocalAddr, r.LocalPort = w.locals.Slots[at].Local()
	}
	return r
}

// Templates is to templates what Connections is to connections.
func (w *Worker) Templates(from uint32, rows []Row[template.Row]) (n int, next uint32, err error) {
	return walk(w, &w.tmpls.Table, w.tmpls.Row, from, rows)
}

func walk[R any](
	w *Worker, s *shard.Table, row func(uint32) R, from uint32, rows []Row[R],
) (n int, next uint32, err error) {
	err = w.Do(func() bool {
		next = max(from, 1)
		for range walkStep {
			if next > s.Highest() {
				next = 0
				break
			}
			if t := s.Timer(next); t.Filed() {
				if n == len(rows) {
					break
				}
				rows[n] = Row[R]{row(next), uint32(max(int32(t.Deadline-w.tick), 0))}
				n++
			}
			next++
		}
		return true
	})
	return n, next, err
}

// PurgeConnections ends the connections of servers that are gone (persistence.md P6.3), a bounded number of entries between two turns.
func (w *Worker) PurgeConnections() error {
	return w.visit(w.conns.Highest, func(i uint32) {
		if e := &w.conns.Entries[i]; e.Live() && deserted(e, w.tables.Services.Real(e.Slot)) {
			w.endConnection(i)
		}
	})
}

// PurgeTemplates ends the templates of servers that are gone which control nothing. To be called when PurgeConnections has returned on all
// workers, since a template may control connections of any.
func (w *Worker) PurgeTemplates() error {
	return w.visit(w.tmpls.Highest, func(i uint32) {
		w.tmpls.Hear(i)
		if e := &w.tmpls.Entries[i]; e.Live() && e.Controls == 0 && w.gone(e.Slot) {
			w.endTemplate(i)
		}
	})
}

func (w *Worker) gone(slot uint32) bool { return !w.tables.Services.Real(slot).Available }

// visit calls f for every slot of a table up to the highest used one.
func (w *Worker) visit(highest func() uint32, f func(i uint32)) error {
	at := uint32(0)
	return w.Do(func() bool {
		for range walkStep {
			if at >= highest() {
				return true
			}
			at++
			f(at)
		}
		return false
	})
}
