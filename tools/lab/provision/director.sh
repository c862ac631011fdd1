#!/bin/sh
# director.sh OUTSIDE INSIDE: hands two interfaces to cleatd. The kernel sees the same frames, so it gets
# no address there, forwards nothing and keeps silent.
set -eu

sysctl -qw net.ipv4.ip_forward=0 net.ipv4.conf.all.arp_ignore=8
for interface in "$@"; do
	sysctl -qw "net.ipv6.conf.$interface.disable_ipv6=1" "net.ipv4.conf.$interface.arp_ignore=8"
	ip address flush dev "$interface"
	ip link set "$interface" up
done
ip link set lo up
