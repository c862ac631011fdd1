// Package lcore is the data path of one core.
//
// A Worker takes a burst of up to 32 packets through the stages below, the whole burst through one stage before the next
// (Worker.Turn), in this order of files:
//
//  1. receive.go   its queue on every port, and what other workers handed over → packets
//  2. parse.go     packet → flow key; ARP, echo and malformed packets are judged here
//  3. find.go      plain packets, all at once → connections, if they are known
//  4. steer.go     another worker's client → hand over
//  5. gather.go    fragment → the flow that its first one names
//  6. track.go     flow key → connection, if one is known: its state and timer
//  7. classify.go  new flow → mark → virtual service
//  8. recall.go    client → template
//  9. schedule.go  in packet order: template or scheduler → real server; new template, new connection
//  10. rewrite.go  packet → packet addressed to the real server, or back to the client, or an answer
//  11. transmit.go packets → queues; all others → their other ends, and every verdict is counted
//
// What a stage finds out, it writes into a column of the worker (columns.go), one element a packet; stages read the columns to
// their left. A stage is only the loop over the burst; what is decided, a leaf package decides: wire, flow, address, service, conn,
// template, schedule, ftp, sip, nexthop, rewrite, answer. A packet that will not be forwarded gets a Verdict (verdict.go) and later stages pass over it.
//
// Nearly all packets are plain (wire/plain.go) and need not go through all this. Those of known connections go the fast way: find.go looks all of a burst up at once, and
// plain.go does in one go what track and rewrite do with others. Those that open a connection to a service about which nothing is special go the short way: what
// is to be known of the service is found once for all of them, and one function makes the connection (entrance.go). Whatever is special about a packet
// takes it off these ways, to the stages that tell what becomes of any; the fixtures and properties hold that it comes to the same.
//
// Where another worker decides on a new connection (owner.go), schedule has it ask (request.go) and lets the packets behind wait (follow.go).
//
// Between turns (between.go) a worker expires entries, publishes its counters, adopts new tables and does what
// management asks (command.go).
//
// One goroutine, locked to a thread, runs a worker and owns its shards: no locks, no allocation, no system call on the way.
// The package and all below it are plain Go; it knows nothing of DPDK, configuration or sockets.
package lcore
