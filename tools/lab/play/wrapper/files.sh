#!/bin/sh
# Reads /proc/net/ip_vs* and /proc/sys/net/ipv4/vs/*, which are cleat's, from copies made for this one time.
name=${0##*/}
copies=
for word in "$@"; do
	shift
	copy=
	case $word in
	/proc/net/ip_vs*)
		copy=$(mktemp) && "$CLEAT" proc "${word##*/}" >"$copy"
		;;
	/proc/sys/net/ipv4/vs/*)
		copy=$(mktemp) && "$CLEAT" sysctl -n "net.ipv4.vs.${word##*/}" >"$copy"
		;;
	esac
	copies="$copies $copy"
	set -- "$@" "${copy:-$word}"
done
(
	PATH=${PATH#*:} # without the folder of this script
	"$name" "$@"
)
status=$?
# shellcheck disable=SC2086 # mktemp's names have no blanks
[ -z "${copies# }" ] || rm -f $copies
exit $status
