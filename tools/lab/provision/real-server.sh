#!/bin/sh
# real-server.sh INTERFACE NUMBER: makes this namespace or machine real server NUMBER (rs1 is 10.9.0.11).
# Its way back is the director. The VIPs on lo are for direct routing; nobody hears of them by ARP.
set -eu
interface=$1
number=$2

sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 \
	net.ipv4.conf.all.rp_filter=0 "net.ipv4.conf.$interface.rp_filter=0" \
	"net.ipv6.conf.$interface.disable_ipv6=1"
ip link set lo up
ip link set "$interface" up
ip address replace "10.9.0.$((10 + number))/24" dev "$interface"
ip route replace default via 10.9.0.1
for vip in 1 2 3 4 5 6 7 8 9; do
	ip address replace "10.0.0.$vip/32" dev lo
done
