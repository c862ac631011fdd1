#!/bin/sh
# The mangle table is cleat's; all others are the namespace's own.
name=${0##*/}
case " $* " in
*' -t mangle '* | *' --table mangle '* | *' --table=mangle '*) exec "$CLEAT" "$name" "$@" ;;
esac
PATH=${PATH#*:} # without the folder of this script
exec "$name" "$@"
