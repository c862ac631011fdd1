package lcore

import (
	"cmp"
	"sync/atomic"
	"time"

	"cleat/lcore/burst"
	"cleat/lcore/conn"
	"cleat/lcore/flow"
	"cleat/lcore/fragment"
	"cleat/lcore/local"
	"cleat/lcore/memory"
	"cleat/lcore/ring"
	"cleat/lcore/schedule"
	"cleat/lcore/template"
	"cleat/lcore/wheel"
)

// Turn takes one burst through the data path and returns its size.
func (w *Worker) Turn() int {
	w.receive()  // its queue on every port, and what other workers handed over → packets
	w.parse()    // packet → flow key
	w.find()     // plain packet → connection, if one is known; steady ones are on their way then
	w.steer()    // another worker's client → hand over
	w.gather()   // fragment → the flow that its first one names
	w.track()    // connection → brought up to date
	w.classify() // new flow → mark → virtual service
	w.recall()   // client → template
	w.schedule() // template or scheduler → real server; new template, new connection
	w.rewrite()  // packet → packet addressed to the real server, or back to the client
	w.transmit() // packets → queues; all others → mempool, punt ring, other workers
	return w.in.N
}

// Plan says what a worker is made of. Slices of several workers' Plans must agree.
type Plan struct {
	// Number is the worker's, from 0; Workers is how many there are.
	Number, Workers int
	// Queues are the worker's own, one on every port, by port number.
	Queues []burst.Queue
	// Pool gives buffers for packets that the worker makes, and takes back those that it drops.
	Pool burst.Pool
	// Alloc makes the tables.
	Alloc memory.Alloc
	// Connections, Templates: capacities of its shards. Services, Reals: capacities of all workers' state by service ID and real server slot.
	Connections, Templates, Services, Reals int
	// Connections6, Templates6: how many of those may have IPv6 addresses.
	Connections6, Templates6 int
	// FullNAT is how many connections may have that forwarding method.
	FullNAT int
	// Seed is the secret of the hashes; Steering picks workers; both are the same for all workers.
	Seed     *flow.Seed
	Steering *flow.Steering
	// Scope says who schedules. The same for all workers.
	Scope Scope
	// Handover is how many packets may wait between two workers, and how many questions one may have out (request.go); 0: 1024.
	Handover int
	// Clock is monotonic time; the worker reads it once a turn.
	Clock func() time.Duration
	// Idle says when to sleep.
	Idle Idle
	// Pause is called once a turn and sleeps; mostly it is told to sleep for no time. Nothing else on the worker's goroutine blocks, so that is where
	// whoever runs it may have it stand still. nil: time.Sleep.
	Pause func(sleep time.Duration)
}

// Idle lets a worker sleep when there is nothing to do. The zero Idle never sleeps.
type Idle struct {
	After int           // empty turns in a row before it sleeps, 0: never
	Sleep time.Duration // at most, each time
}

// Worker is the data path of one core. Turn and Run belong to its goroutine; management uses the methods in command.go.
type Worker struct {
	Plan

	in      columns
	out     []batch // by port
	dropped batch
	cuts    [burst.Size]burst.Packet // further fragments of the packet that is being cut

	tables *Tables // adopted; read by all stages
	conns  *conn.Shard
	tmpls  *template.Shard
	loads  []schedule.Load  // by real server slot; the last one is of connections that have none
	rotors []schedule.State // by service ID
	stats  stats

	incarnations []uint32        // by service ID: the service.Virtual.Incarnation that the rotor belongs to
	anchoring    []time.Duration // by service ID: until when new templates bind clients to their anchor
	allInUse     bool            // the last search for an unproven template without connections was in vain
	doomed       int             // entries that may have to make room, and have been asked for

	asking     schedule.Client // what the scheduler is asked with; here, since it would escape to the heap elsewhere
	tick       uint32          // now, in ticks of the wheels
	now        time.Duration   // now, as the clock said at the beginning of the turn
	sought     sought
	nobody     target  // one that is no connection's client, as this turn has seen
	touched    touched // of connections, in this turn
	removed    bool    // connections were, in this turn
	remembers  touched // of templates: those made in this turn
	entrances  [entrances]entrance
	order      order // of the sources in the next turn
	idle       int   // empty turns in a row
	answers    limit
	mtu        uint16 // of the way that AnswerFragmentNeeded is about
	ident      uint32 // of the last packet that the worker put an IP header of its own on
	holding    hold
	fragments  fragments
	heavy      heavies
	defence    defence
	transfers  transfers
	locals     *local.Table
	paths      []path // by real server slot
	counters   Counters
	pub        published
	pubAt      time.Duration
	publishing int // real servers whose counters are still to be published in this round

	peers     []peer     // by worker number
	arrivals  []arrivals // by port number; with several workers only
	others    others
	shared    shared // with several workers and ServiceScope only
	inquiries inquiries
	wanted    atomic.Pointer[Tables] // set by management
	adopted   atomic.Uint64          // generation that the worker uses
	mail      mailbox
	stopped   atomic.Bool // by management
	ended     atomic.Bool // Run has returned
}

// peer is another worker: the rings between it and this one, and its templates.
type peer struct {
	to, from    *ring.Ring[burst.Packet] // packets of the receiver's clients
	asked, asks *ring.Ring[parcel]       // questions and answers: to it, from it
	tmpls       *template.Shard          // of which others use Tell… only
}

// handover is Plan.Handover where that is 0.
const handover = 1024

// NewWorkers makes the workers of all plans and ties them together. They use tables from the start.
func NewWorkers(plans []Plan, tables *Tables) ([]*Worker, error) {
	workers := make([]*Worker, len(plans))
	var connections shared
	if len(plans) > 1 && plans[0].Scope == ServiceScope {
		connections = make(shared, plans[0].Reals+1)
	}
	for i := range plans {
		w, err := newWorker(&plans[i], connections, tables)
		if err != nil {
			return nil, err
		}
		workers[i] = w
	}
	for i, a := range workers {
		for j, b := range workers {
			if i != j {
				r, q := ring.New[burst.Packet](a.Handover), ring.New[parcel](a.Handover+b.Handover)
				a.peers[j].to, b.peers[i].from = r, r
				a.peers[j].asked, b.peers[i].asks = q, q
				a.peers[j].tmpls = b.tmpls
			}
		}
		a.others.of(workers, i)
	}
	return workers, nil
}

func newWorker(p *Plan, connections shared, tables *Tables) (*Worker, error) {
	w := &Worker{
		Plan: *p, tables: tables, shared: connections, ident: uint32(p.Number),
		out:          make([]batch, len(p.Queues)),
		loads:        make([]schedule.Load, p.Reals+1),
		rotors:       make([]schedule.State, p.Services),
		incarnations: make([]uint32, p.Services),
		anchoring:    make([]time.Duration, p.Services),
		peers:        make([]peer, p.Workers),
		paths:        make([]path, p.Reals),
	}
	w.Handover = cmp.Or(w.Handover, handover)
	if w.Pause == nil {
		w.Pause = time.Sleep
	}
	if p.Workers > 1 {
		w.arrivals = make([]arrivals, len(p.Queues))
	}
	w.now = w.Clock()
	w.pubAt = w.now
	w.heavy.init(p, w.now)
	w.tick = ticksOf(w.now)
	w.wanted.Store(tables)
	w.mail.init()
	w.stats.init(p.Services, w.loads)
	w.others.init(p.Services)
	var err error
	if w.conns, err = conn.NewShard(p.Alloc, p.Connections, p.Connections6, p.Seed, w.tick); err != nil {
		return nil, err
	}
	if err = w.transfers.init(p.Alloc, p.Connections); err != nil {
		return nil, err
	}
	if w.locals, err = local.New(p.Alloc, p.FullNAT, p.Seed); err != nil {
		return nil, err
	}
	if w.tmpls, err = template.NewShard(p.Alloc, p.Templates, p.Templates6, p.Seed, w.tick); err != nil {
		return nil, err
	}
	if err = w.inquiries.init(w.Handover, p.Seed); err != nil {
		return nil, err
	}
	if w.fragments.Table, err = fragment.New(p.Alloc, fragmentRecords, p.Seed); err != nil {
		return nil, err
	}
	for _, v := range tables.Services.Virtuals() {
		w.change(v)
	}
	w.adopted.Store(tables.Generation)
	return w, nil
}

// ticksOf cuts a clock reading to ticks, which wrap around.
func ticksOf(d time.Duration) uint32 { return uint32(uint64(d / wheel.Tick)) }

// Run turns until Stop is called, on the calling goroutine.
func (w *Worker) Run() {
	w.now = w.Clock() // the time since the worker was made is no poll gap
	for !w.stopped.Load() {
		w.between(w.Turn())
	}
	w.ended.Store(true)
}

// Stop makes Run return.
func (w *Worker) Stop() { w.stopped.Store(true) }

// Drain gives back the packets that the worker still has. To be called when Run has returned on all workers.
func (w *Worker) Drain() {
	for i := range w.holding.n {
		w.lose(&w.holding.waiting[i].packet)
	}
	for i := range w.inquiries.waiting {
		w.lose(&w.inquiries.waiting[i].packet)
	}
	w.inquiries.waiting = nil
	for i := range w.fragments.n {
		w.lose(&w.fragments.waiting[i].packet)
	}
	w.counters.Held, w.holding.n, w.fragments.n, w.fragments.ready = 0, 0, 0, 0
	for i := range w.peers {
		var p [1]burst.Packet
		for from := w.peers[i].from; from != nil && from.Pop(p[:]) != 0; {
			w.counters.Taken++
			w.lose(&p[0])
		}
		var q [1]parcel
		for asks := w.peers[i].asks; asks != nil && asks.Pop(q[:]) != 0; {
			w.counters.Taken++
			w.lose(&q[0].packet)
		}
	}
	w.flush()
	w.publish()
}

func (w *Worker) lose(p *burst.Packet) {
	w.counters.Verdicts[DropStopped]++
	w.free(p)
}
