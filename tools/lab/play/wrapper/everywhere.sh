#!/bin/sh
# busybox, or where there is none this machine's own programs in place of its applets.
PATH=${PATH#*:} # without the folder of this script
if command -v busybox >/dev/null; then
	exec busybox "$@"
fi
exec "$@"
