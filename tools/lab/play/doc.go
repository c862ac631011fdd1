// Package play replays scenarios of the kernel's IPVS against cleatd, in the lab's network of namespaces, and writes
// down what happened in the kernel recordings' own format, so that the two can be compared (package judge).
//
// The way of a play: stage builds the lab, starts real servers and cleatd, and has everybody know everybody's
// hardware address; the director's commands are run verbatim by sh, where ipvsadm and what else belongs to IPVS is
// cleat (shell); the steps follow one after the other; listings end it.
//
// Time is virtual: where a scenario waits, cleatd's clock is set ahead (clock). The kernels that play clients and real
// servers live in real time. Of what they would have done meanwhile, what matters is done for them: a SYN+ACK without an
// answer is repeated (halfOpen). A TIME_WAIT of theirs does not matter: they let the same port connect again.
package play
