#!/bin/sh
# ready.sh INTERFACE…: waits until these carry frames, and their bridge, if they are in one, passes them on.
# The kernel takes up to a second to notice that the other end of a veth is up.
set -eu

# is WHAT FILE: FILE says WHAT, or does not exist
is() { [ ! -e "$2" ] || [ "$(cat "$2")" = "$1" ]; }

for interface in "$@"; do
	folder=/sys/class/net/$interface
	tries=0
	until is up "$folder/operstate" && is 3 "$folder/brport/state"; do # 3: forwarding
		tries=$((tries + 1))
		[ "$tries" -lt 200 ] || { echo "$interface: no link after 10 s" >&2; exit 1; }
		sleep 0.05
	done
done
