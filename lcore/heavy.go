package lcore

import (
	"time"

	"cleat/lcore/flow"
	"cleat/lcore/heavy"
	"cleat/lcore/service"
	"cleat/lcore/template"
)

// heavies are the clients that are much of what a worker does of late (docs/heavy.md).
type heavies struct {
	// packets are those of services, by client network: what the steering prefix leaves of an address comes to one worker, whatever it is.
	packets heavy.Meter
	// connections are those that this worker was asked for as their owner, so it knows all of them whichever worker the client has. By client: what
	// is left of an address by the longer of the steering prefix and the service's netmask, so that hosts with templates of their own are told apart.
	connections heavy.Meter
	judged      time.Duration
}

const (
	// One of so many is looked at, which makes a look's 50 ns next to nothing for each.
	packetsALook, connectionsALook = 1024, 8
	// judgeHeavyEvery is how often clients are found heavy, and half of the past is forgotten.
	judgeHeavyEvery = 4 * time.Second
	// spreadRate is how many connections a second a heavy client opens at least: who opens fewer is no carrier's NAT, and to spread those would gain nothing.
	spreadRate = 100
)

func (h *heavies) init(p *Plan, now time.Duration) {
	h.packets.Init(packetsALook, p.Seed)
	h.connections.Init(connectionsALook, p.Seed)
	h.judged = now
}

// weigh looks at some packets of the turn that is over.
func (w *Worker) weigh() {
	m, n := &w.heavy.packets, w.in.N
	for i := m.First(); i < n; i = m.Next() {
		if client, ok := w.clientOf(i); ok {
			m.Count(client.And(w.Steering.Mask(client.Is4())))
		}
	}
	m.Pass(n)
	if w.now-w.heavy.judged >= judgeHeavyEvery {
		w.judgeHeavy()
	}
}

// clientOf is whose packet i is, if it is one of a service and was not handed over: then it is work of another worker's.
func (w *Worker) clientOf(i int) (client flow.Addr, ok bool) {
	in := &w.in
	switch {
	case in.verdict[i] == HandedOver:
		return client, false
	case in.conn[i] != 0:
		client, _ = w.conns.Client(&w.conns.Entries[in.conn[i]])
		return client, true
	}
	return in.key[i].Src, in.virtual[i] != nil
}

// asked takes note of a client's packet with key k that asks for a connection to service v.
func (w *Worker) asked(v *service.Virtual, k *flow.Key) {
	w.heavy.connections.Event(w.spreadClient(v, k.Src))
}

func (w *Worker) spreadClient(v *service.Virtual, client flow.Addr) flow.Addr {
	return client.And(v.Mask.Or(w.Steering.Mask(client.Is4())))
}

// judgeHeavy finds out who is heavy, for the next seconds.
func (w *Worker) judgeHeavy() {
	h := &w.heavy
	h.pass(w.now)
	w.counters.HeaviestShare = uint64(1e6 * h.packets.Share(h.packets.Heaviest()))
	w.counters.HeavyClients = uint64(h.connections.Judge(float64(w.tables.SpreadAbove)/100, spreadRate))
	h.packets.Fade()
	h.connections.Fade()
}

// pass lets the meters know that it is so late.
func (h *heavies) pass(now time.Duration) {
	h.packets.Span += now - h.judged
	h.connections.Span += now - h.judged
	h.judged = now
}

// templateKey is what the template for a client's packet with key k to service v is found by. That of a heavy client names the block of its port too,
// if the service spreads such clients; block 0 has the template that the client has had all along.
func (w *Worker) templateKey(v *service.Virtual, k *flow.Key) template.Key {
	key := template.KeyOf(v, k)
	if v.Spread > 1 && w.heavy.connections.Heavy(w.spreadClient(v, k.Src)) {
		key.Block = template.BlockOf(k.SrcPort, v.Spread)
	}
	return key
}

// Heavy returns copies of what the worker knows of its client networks' packets, and of the connections that clients asked it for.
func (w *Worker) Heavy() (packets, connections heavy.Meter, err error) {
	err = w.Do(func() bool {
		h := w.heavy
		h.pass(w.now)
		packets, connections = h.packets, h.connections
		return true
	})
	return packets, connections, err
}

// serversStep is how many templates a step of Servers looks up.
const serversStep = 128

// Servers puts the slots of the real servers that the templates of a client (as Heavy names it) name into slots, as many as have room, and returns how
// many. The same server may be there several times.
func (w *Worker) Servers(client flow.Addr, slots []uint32) (n int, err error) {
	at, block := 0, uint8(0)
	err = w.Do(func() bool {
		all := w.tables.Services.Virtuals()
		for range serversStep {
			if at >= len(all) || n == len(slots) {
				return true
			}
			v := all[at]
			if v.Persistent() && v.Addr.Is4() == client.Is4() {
				key := template.KeyOf(v, &flow.Key{Src: client, Dst: v.Addr, DstPort: v.Port, Proto: v.Proto})
				key.Block = block
				if t := w.tmpls.Find(&key, nil); t != 0 {
					slots[n] = w.tmpls.Entries[t].Slot
					n++
				}
			}
			if block++; block >= v.Spread {
				at, block = at+1, 0
			}
		}
		return false
	})
	return n, err
}
