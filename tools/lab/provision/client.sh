#!/bin/sh
# client.sh OUTSIDE INSIDE: makes this namespace or machine the lab's client.
# OUTSIDE faces the director, INSIDE the real servers, which answer directly with DR and TUN. All of 172.16.0.0/12 and
# fd16::/16 is local, so that one client plays as many as are wanted: curl --interface 172.16.0.1 http://10.0.0.1/
set -eu
outside=$1
inside=$2

sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 \
	net.ipv4.ip_nonlocal_bind=1 net.ipv6.ip_nonlocal_bind=1
for interface in "$outside" "$inside"; do
	sysctl -qw "net.ipv4.conf.$interface.rp_filter=0" "net.ipv6.conf.$interface.accept_dad=0" \
		"net.ipv6.conf.$interface.router_solicitations=0"
done
ip -batch - <<EOF
link set lo up
link set $outside up
link set $inside up
address replace 10.8.0.2/24 dev $outside
address replace fd08::2/64 dev $outside nodad
address replace 10.9.0.250/24 dev $inside
address replace fd09::250/64 dev $inside nodad
route replace local 172.16.0.0/12 dev lo
route replace local fd16::/16 dev lo
route replace 10.0.0.0/16 via 10.8.0.1
route replace fd00::/15 via fd08::1
EOF
