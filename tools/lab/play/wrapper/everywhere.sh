#!/bin/sh
# busybox: its applets are this machine's own programs.
exec "$@"
