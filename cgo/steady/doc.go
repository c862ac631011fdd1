// Package steady lets a goroutine that polls keep its thread's CPU: Go's runtime stops it in Pause, which it calls once a turn, and nowhere else.
//
// Otherwise it would do so wherever it liked: every 10 ms, since the goroutine never yields, and about six times in a garbage collection. A goroutine
// that is locked to its thread then hands what it needs to run (the runtime calls it a P) to another thread, and gets one back when yet another
// thread has come by to hand it over. Those run on the CPUs that are left for management, one after the other, where each waits for its turn as
// the kernel sees fit: milliseconds, for a stop that itself takes a twentieth of one.
//
// So, in Run:
//
//  1. The goroutine is pinned (runtime.procPin): the runtime may ask it to yield, but it does not. The signals by which it asks are held back.
//  2. In Pause it looks whether the runtime waits for it, and if so goes into the state of a system call, in which the runtime needs nothing from
//     it: to stop the world, to have something done for every P, or to look at its stack.
//  3. It stays there, awake, until the world goes on, and then takes a P that is idle. eal.Thread sees to it that there is one.
//  4. When the world is to be stopped, it goes last: how long others take to stop is nothing to it.
//  5. C is called without telling the runtime (Call): a system call gives the P away, and packets need C twice a turn.
//
// What the runtime waits for, its scheduler keeps in variables (runtime.sched) to which it has no functions. Their places are those of Go 1.26
// (runtime_unsafe.go), and a test notices if they are wrong. With another Go everything works, and gaps are as long as the runtime makes them (plain.go).
package steady
