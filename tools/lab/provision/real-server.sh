#!/bin/sh
# real-server.sh INTERFACE NUMBER: makes this namespace or machine real server NUMBER (rs1 is 10.9.0.11 and fd09::11).
# Its way back is the director, but answers from a VIP go to the client directly: those are DR's and TUN's. The VIPs
# are on lo; nobody hears of them by ARP.
set -eu
interface=$1
number=$((10 + $2))

sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 \
	net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 "net.ipv4.conf.$interface.rp_filter=0" \
	"net.ipv6.conf.$interface.accept_dad=0" "net.ipv6.conf.$interface.router_solicitations=0" \
	net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
{
	cat <<-EOF
		link set lo up
		link set $interface up
		address replace 10.9.0.$number/24 dev $interface
		address replace fd09::$number/64 dev $interface nodad
		route replace default via 10.9.0.1
		route replace default via fd09::1
		route replace default via 10.9.0.250 table 100
		route replace default via fd09::250 table 100
	EOF
	for vip in 1 2 3 4 5 6 7 8 9; do
		echo "address replace 10.0.0.$vip/32 dev lo"
		echo "address replace fd00::$vip/128 dev lo nodad"
	done
} | ip -batch -
for rule in '-4 rule add from 10.0.0.0/16' '-6 rule add from fd00::/16'; do
	# shellcheck disable=SC2086 # words of a command
	[ -n "$(ip ${rule%% *} rule list table 100)" ] || ip $rule lookup 100
done
