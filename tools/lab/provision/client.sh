#!/bin/sh
# client.sh OUTSIDE INSIDE [GATEWAY]: makes this namespace or machine the lab's client.
# OUTSIDE faces the director, INSIDE the real servers (direct answers, later). All of 172.16.0.0/12
# is local, so that one client plays as many as are wanted: curl --interface 172.16.0.1 http://10.0.0.1/
set -eu
outside=$1
inside=$2

sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
for interface in "$outside" "$inside"; do
	sysctl -qw "net.ipv4.conf.$interface.rp_filter=0" "net.ipv6.conf.$interface.disable_ipv6=1"
	ip link set "$interface" up
done
ip link set lo up
ip address replace 10.8.0.2/24 dev "$outside"
ip address replace 10.9.0.250/24 dev "$inside"
ip route replace local 172.16.0.0/12 dev lo
ip route replace 10.0.0.0/24 via 10.8.0.1
