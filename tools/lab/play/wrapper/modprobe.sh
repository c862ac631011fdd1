#!/bin/sh
# cleat is what the modules ip_vs* are; the FTP helper has to be asked for. All other modules are the machine's.
real=
for word in "$@"; do
	case $word in
	ip_vs_ftp) "$CLEAT" sysctl -w cleat.ftp=1 >/dev/null || exit ;;
	ip_vs* | -*) ;;
	*) real=yes ;;
	esac
done
[ -n "$real" ] || exit 0
PATH=${PATH#*:} # without the folder of this script
exec modprobe "$@"
