#!/bin/sh
# net.ipv4.vs.* is cleat's; all other settings are the namespace's own. -a lists both.
real() (
	PATH=${PATH#*:} # without the folder of this script
	sysctl "$@"
)
case " $* " in
*net.ipv4.vs.* | *net/ipv4/vs/*) exec "$CLEAT" sysctl "$@" ;;
*' -a '* | *' --all '*)
	real "$@"
	exec "$CLEAT" sysctl "$@"
	;;
esac
real "$@"
