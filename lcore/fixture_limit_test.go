package lcore

import (
	"net/netip"
	"time"

	"cleat/lcore/flow"
	"cleat/lcore/lcoretest"
)

// limitFixtures: what happens when something is full.
var limitFixtures = []fixture{
	{"connections_full", wishes{settings: kernel, size: 2, services: []wish{web(0)}}, []step{
		{
			"two clients, as many as fit, complete their handshakes", in(outside, fromClient(alice, vip80, "S"), fromClient(bob, vip80, "S"), fromClient(alice, vip80, "A"), fromClient(bob, vip80, "A")),
			counted{ForwardInput: 4},
			sent{
				"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok",
				"1: 172.16.0.2 > 10.9.0.12 tcp 20001>80 S seq 1 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok",
				"1: 172.16.0.2 > 10.9.0.12 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok",
			},
		},
		{"a third one is refused", in(outside, fromClient(carol, vip80, "S")), counted{DropConnectionsFull: 1}, nil},
		{
			"known ones go on", in(outside, fromClient(alice, vip80, "A")),
			counted{ForwardInput: 1},
			sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok"},
		},
		{"when one has ended there is room", func(r *rig) {
			in(outside, fromClient(bob, vip80, "R"))(r)
			r.turn()
			r.sent()
			r.pass(11 * time.Second) // CLOSE
			in(outside, fromClient(carol, vip80, "S"))(r)
		}, counted{ForwardInput: 2}, sent{"1: 172.16.0.3 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok"}},
	}},
	{"a full table: a handshake makes room for another one, a connection does not", wishes{settings: kernel, size: 2, services: []wish{web(0)}}, []step{
		{
			"alice is there, bob has only begun", in(outside, fromClient(alice, vip80, "S"), fromClient(bob, vip80, "S"), fromClient(alice, vip80, "A")),
			counted{ForwardInput: 3},
			sent{
				"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok",
				"1: 172.16.0.2 > 10.9.0.12 tcp 20001>80 S seq 1 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok",
			},
		},
		{
			"carol comes and stays, behind her in the burst nothing of bob's is left", in(outside, fromClient(carol, vip80, "S"), fromClient(bob, vip80, "A"), fromClient(carol, vip80, "A"), fromClient(alice, vip80, "A")),
			counted{ForwardInput: 3, AnswerReset: 1},
			sent{
				"0: 10.0.0.1 > 172.16.0.2 tcp 80>20001 R seq 0 ttl 64 csum ok",
				"1: 172.16.0.3 > 10.9.0.11 tcp 20001>80 S seq 1 ttl 63 csum ok",
				"1: 172.16.0.3 > 10.9.0.11 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok",
			},
		},
	}},
	{"P2.1: no connection under a new template", wishes{settings: kernel, size: 1, services: []wish{web(0), {proto: 6, vip: "10.0.0.1:81", persist: hour, servers: three}}}, []step{
		{
			"the table's one connection", in(outside, fromClient(alice, vip80, "S"), fromClient(alice, vip80, "A"), fromClient(alice, vip80, "R")),
			counted{ForwardInput: 3},
			sent{
				"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok",
				"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 R seq 1 ttl 63 csum ok",
			},
		},
		{"the template is made", in(outside, fromClient(bob, "10.0.0.1:81", "S")), counted{DropConnectionsFull: 1}, nil},
		{"and is used", func(r *rig) {
			r.pass(11 * time.Second)
			in(outside, fromClient(bob, "10.0.0.1:81", "S"))(r)
		}, counted{ForwardInput: 1}, sent{"1: 172.16.0.2 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok"}},
	}},
	{"transmit_full", with(kernel, web(0)), []step{
		{"the port takes one of three", func(r *rig) {
			r.workers[0].Queues[inside] = &lcoretest.Jam{Queue: r.ports[inside].Queue(0), Room: 1}
			in(outside, fromClient(alice, vip80, "S"), fromClient(alice, vip80, "A"), fromClient(alice, vip80, "A"))(r)
		}, counted{ForwardInput: 3, DropTransmitFull: 2}, sent{"1: 172.16.0.1 > 10.9.0.13 tcp 20001>80 S seq 1 ttl 63 csum ok"}},
	}},
	{"punt_full", with(kernel), []step{
		{"256 answers wait for management", in(outside, repeat(256, arpAnswer())...), counted{Punted: 256}, nil},
		{"no room for one more", in(outside, arpAnswer()), counted{DropPuntFull: 1}, nil},
		{"management has taken one", func(r *rig) {
			r.workers[0].Neighbors(make([]Neighbor, 1))
			in(outside, arpAnswer())(r)
		}, counted{Punted: 1}, nil},
	}},
	{"no_buffer", with(kernel), []step{
		{
			"management's frame", func(r *rig) { r.workers[0].Inject(&Frame{Port: inside, Len: 42, Data: injected()}) },
			counted{},
			sent{"1: arp who has 10.9.0.9 tell 10.9.0.1 at 02:00:00:00:09:01"},
		},
		{"without a buffer for it", func(r *rig) {
			r.workers[0].Pool = &lcoretest.Starve{Pool: r.pool, N: 1}
			r.workers[0].Inject(&Frame{Port: inside, Len: 42, Data: injected()})
		}, counted{DropNoBuffer: 1}, nil},
	}},
	{"neighbor: 256 packets wait", with(kernel), []step{
		{"for 86 neighbours", in(outside, toMany(86)...), counted{Held: holdCapacity, DropNeighbor: 86*3 - holdCapacity}, nil},
		{"in vain", wait(1100 * time.Millisecond), counted{DropNeighbor: holdCapacity}, nil},
	}},
}

func arpAnswer() []byte {
	return lcoretest.ARPReply(neighborMAC, ip("10.8.0.9"), outsideMAC, ip("10.8.0.1"))
}

func repeat(n int, frame []byte) (frames [][]byte) {
	for range n {
		frames = append(frames, frame)
	}
	return frames
}

func injected() (data [88]byte) {
	copy(data[:], lcoretest.ARPRequest(insideMAC, ip("10.9.0.1"), ip("10.9.0.9")))
	return data
}

// toMany are three datagrams to each of n unknown neighbours.
func toMany(n int) (frames [][]byte) {
	for i := range n {
		to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 9, 0, byte(100 + i)}), 9).String()
		frames = append(frames, repeat(3, datagram(alice, to))...)
	}
	return frames
}

// workerFixtures: several workers, and their end.
var workerFixtures = []fixture{
	{"handover_full", wishes{settings: kernel, workers: 2, services: []wish{web(0)}}, []step{
		{"the other worker does not come for them", func(r *rig) {
			owner := r.owner(alice)
			r.ports[outside].Inject(1-owner, repeat(handover+1, fromClient(alice, "10.0.0.1:81", "R"))...)
			for r.workers[1-owner].Turn() != 0 {
			}
		}, counted{HandedOver: handover, DropHandoverFull: 1, DropNoAnswer: handover}, nil},
	}},
	{"handed over", wishes{settings: kernel, workers: 2, services: []wish{{proto: flow.TCP, vip: vip80, servers: three[:1]}}}, []step{
		{"a client's packet that comes to the other worker", func(r *rig) {
			r.ports[outside].Inject(1-r.owner(alice), fromClient(alice, vip80, "S"))
		}, counted{HandedOver: 1, ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.11 tcp 20001>80 S seq 1 ttl 63 csum ok"}},
		{"the server's answer", func(r *rig) {
			r.ports[inside].Inject(1-r.owner(alice), fromServer(1, "10.9.0.11:80", alice, "SA"))
		}, counted{HandedOver: 1, ForwardOutput: 1}, sent{"0: 10.0.0.1 > 172.16.0.1 tcp 80>20001 SA seq 1 ack 0 ttl 63 csum ok"}},
		{"to its own", func(r *rig) {
			r.ports[outside].Inject(r.owner(alice), fromClient(alice, vip80, "A"))
		}, counted{ForwardInput: 1}, sent{"1: 172.16.0.1 > 10.9.0.11 tcp 20001>80 A seq 1 ack 0 ttl 63 csum ok"}},
	}},
	{"stopped", wishes{settings: kernel, workers: 2, services: []wish{web(0)}}, []step{
		{"with a packet that waits for a neighbour, and one on its way to the other worker", func(r *rig) {
			owner := r.owner(alice)
			r.ports[outside].Inject(owner, toUnknown(9))
			r.ports[outside].Inject(1-owner, fromClient(alice, vip80, "S"))
			r.workers[owner].Turn()
			r.workers[1-owner].Turn()
			for _, w := range r.workers {
				w.Drain()
			}
		}, counted{Held: 1, HandedOver: 1, DropStopped: 2}, nil},
	}},
}

// owner is the number of the worker that a client belongs to.
func (r *rig) owner(client string) int {
	return r.workers[0].Steering.Worker(addr(netip.MustParseAddrPort(client).Addr().String()))
}
