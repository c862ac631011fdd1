// Package eal starts and stops DPDK's environment abstraction layer, and gives goroutines what the
// EAL gives its lcores: a pinned thread, an lcore id, memory of their NUMA socket.
//
// A process does, in this order:
//
//  1. SetLog: where DPDK's own log goes;
//  2. MemoryArgs: with hugepages or without;
//  3. Init: once per process;
//  4. Zone for tables, pktmbuf and ethdev for packets;
//  5. Thread for every worker (and steady.Run within, if it polls), then KeepOff to clear everybody else off their CPUs;
//  6. when all threads have returned and all ports are closed: Cleanup.
package eal
