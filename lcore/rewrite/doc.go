// Package rewrite changes a parsed packet into the one that leaves: one forwarding method a file, as
// the table in forwarding.md F10 lists them.
//
//	client → real server       NATIn     destination, TTL          nat.go
//	real server → client       NATOut    source, TTL               nat.go
//	error about either         NATError… the same, and in the quote  icmp.go
//	FULLNAT, both ways         FullNAT   both, TTL                 fullnat.go, options.go
//	who the client is          TOA       a TCP option              toa.go
//	                           Insert    the PROXY header          insert.go, proxy.go
//	direct routing, routing    Forward   TTL                       forward.go
//	tunnel                     Tunnel    headers in front          tunnel.go
//	an FTP reply               Splice    a piece of the payload  splice.go
//	the same of IPv6           NATIn6 …                             nat6.go, icmp6.go
//	all of them                Link      Ethernet addresses        link.go
//
// The functions know nothing of connections: they take numbers. They take packets that were parsed
// (wire.ParseIPv4, and wire.ParseTCP or wire.ParseUDP where a transport header follows) and whose TTL is
// more than 1 (F1.3). Checksums are updated incrementally, so that a wrong one stays wrong, and a payload in
// further segments does not matter.
package rewrite
