#!/bin/sh
# switch.sh INTERFACE…: a bridge br0 of these, with no address of its own.
set -eu

sysctl -qw net.ipv6.conf.br0.disable_ipv6=1
for interface in "$@"; do
	sysctl -qw "net.ipv6.conf.$interface.disable_ipv6=1"
	ip link set "$interface" master br0 up
done
ip link set lo up
ip link set br0 up
