package gen

import (
	"math"

	"cleat/lcore/flow"

	"cleat/perf/payload"
)

// state is how far a flow is.
type state uint8

const (
	idle    state = iota // its next question opens it
	opening              // the first question is out
	open
	closing // the FIN is out
)

// connection is a flow: one client's with one of its ports, in a fixed place of an array. 48 bytes.
//
// Questions are numbered from 0: a TCP flow's SYN is 0, its FIN the last one; the ACKs between are none. A reflector answers data with as
// many data, so one number of bytes serves both directions.
type connection struct {
	sent   int64   // when the last question was asked, ns
	window replies // which of the last questions were answered
	client uint32
	lap    uint32 // how many flows have been here before
	asked  uint32 // questions so far
	bytes  uint32 // of data asked so far
	remote uint32 // the server's initial sequence number
	server uint16 // who answers; payload.Nobody: not known yet
	state  state
}

// replies tells which of the last 64 questions of a flow were answered.
type replies struct {
	next uint32 // highest number answered, plus 1
	bits uint64 // bit i: next-1-i was answered
}

// reply is what an answer is, by its question's number.
type reply int

const (
	fresh     reply = iota // the first one
	reordered              // the first one, but one to a later question came before (RFC 4737 3.3)
	duplicate
	stale // too old to tell
)

// take notes an answer.
func (r *replies) take(number uint32) reply {
	if ahead := int32(number - r.next); ahead >= 0 {
		r.bits = r.bits<<(uint(ahead)+1) | 1
		r.next = number + 1
		return fresh
	}
	age := r.next - 1 - number
	if age >= 64 {
		return stale
	}
	if r.bits&(1<<age) != 0 {
		return duplicate
	}
	r.bits |= 1 << age
	return reordered
}

// settle lets all questions so far count as answered: what comes now comes again.
func (r *replies) settle(asked uint32) { r.next, r.bits = asked, math.MaxUint64 }

// flows are all flows of a generator. Those of returning clients come first, each client's side by side; behind them as many again for new
// clients, if there are any.
type flows struct {
	*plan
	all   []connection
	first []uint32 // by returning client: its first flow; and behind the last one, the number of such flows
	laps  uint32   // rounds after which the new clients' addresses have all been used
	ports uint32
	// services are those over IPv4 and those over IPv6.
	services [2][]target
}

func newFlows(p *plan) *flows {
	f := &flows{plan: p, ports: p.portCount(), services: targets(p)}
	f.first = shares(p.Flows, p.Returning, p.Zipf)
	size := p.Flows
	if p.New > 0 {
		behind := p.clients.count - p.Returning
		passing := min(p.Flows, behind)
		size += passing
		f.laps = uint32(behind / passing)
	}
	f.all = make([]connection, size)
	for client := range p.Returning {
		for i := f.first[client]; i < f.first[client+1]; i++ {
			f.all[i].client = uint32(client)
		}
	}
	for i := p.Flows; i < size; i++ {
		f.all[i].client = f.passer(uint32(i), 0)
	}
	return f
}

// shares cuts n flows into one part for each client, as first flows: evenly, or by Zipf's law, at least one each.
func shares(n, clients int, zipf float64) []uint32 {
	total := 0.0
	for c := range clients {
		total += math.Pow(float64(c+1), -zipf)
	}
	first := make([]uint32, clients+1)
	sum, spare := 0.0, float64(n-clients)
	for c := range clients {
		sum += math.Pow(float64(c+1), -zipf)
		first[c+1] = uint32(c) + 1 + uint32(math.Round(spare*sum/total))
	}
	return first
}

// returning reports whether flow i is of a returning client.
func (f *flows) returning(i uint32) bool { return i < f.first[f.Returning] }

// passer is the new client that flow i belongs to in a lap.
func (f *flows) passer(i, lap uint32) uint32 {
	passing := uint32(len(f.all)) - f.first[f.Returning]
	return uint32(f.Returning) + i - f.first[f.Returning] + lap%f.laps*passing
}

// renew lets the next flow take the place of flow i: a returning client's from its next port, a new client's from the next client.
func (f *flows) renew(i uint32) *connection {
	c := &f.all[i]
	client := c.client
	if !f.returning(i) {
		client = f.passer(i, c.lap+1)
	}
	*c = connection{client: client, lap: c.lap + 1, server: payload.Nobody}
	return c
}

// port is the client's port of flow i.
func (f *flows) port(i uint32) uint16 {
	c := &f.all[i]
	if !f.returning(i) {
		return f.Ports[0] + uint16(c.lap/f.laps%f.ports)
	}
	lane, lanes := i-f.first[c.client], f.first[c.client+1]-f.first[c.client]
	return f.Ports[0] + uint16(lane+c.lap%(f.ports/lanes)*lanes)
}

// find returns the flow of a client's port, if it is there now.
func (f *flows) find(client uint32, port uint16) (i uint32, ok bool) {
	if int(client) < f.Returning {
		first := f.first[client]
		i = first + uint32(port-f.Ports[0])%(f.first[client+1]-first)
	} else if f.laps != 0 {
		returning := f.first[f.Returning]
		i = returning + (client-uint32(f.Returning))%(uint32(len(f.all))-returning)
	}
	return i, f.all[i].client == client && f.port(i) == port
}

// initial is the client's initial sequence number of flow i.
func (f *flows) initial(i uint32) uint32 {
	return uint32((uint64(i)<<32 | uint64(f.all[i].lap)) * 0x9e3779b97f4a7c15 >> 32)
}

// target is the service that flow i goes to.
func (f *flows) target(i uint32) *target {
	services := f.services[six]
	if f.clients.network(int(f.all[i].client)).first.Is4() {
		services = f.services[four]
	}
	return &services[int(i)%len(services)]
}

// Indices of what there is one of for each family.
const (
	four = 0
	six  = 1
)

// target is a service.
type target struct {
	number int
	addr   flow.Addr
	port   uint16
}

func targets(p *plan) (all [2][]target) {
	for n, t := range p.targets {
		family := six
		if t.Addr().Is4() {
			family = four
		}
		all[family] = append(all[family], target{n, flow.FromNetip(t.Addr()), t.Port()})
	}
	return all
}
