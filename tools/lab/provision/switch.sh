#!/bin/sh
# switch.sh INTERFACE…: a bridge br0 of these, with no address of its own.
set -eu

sysctl -qw net.ipv6.conf.all.disable_ipv6=1
{
	echo link set lo up
	echo link set br0 up
	for interface in "$@"; do
		echo "link set $interface master br0 up"
	done
} | ip -batch -
