#!/bin/sh
# vm.sh client|director|real-server [NUMBER]: provisions one virtual machine of the Vagrantfile, at every boot.
# Only what a machine needs and a namespace does not is here: packages, interface names, services.
set -eu
role=$1
number=${2:-}
scripts=$(dirname "$0")
project=$(cd "$scripts/../../.." && pwd)

install() {
	missing=
	for package in "$@"; do
		dpkg -s "$package" >/dev/null 2>&1 || missing="$missing $package"
	done
	[ -z "$missing" ] && return
	apt-get update -q
	# shellcheck disable=SC2086
	DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
}

# The network's own name for an interface tells nothing: the address that Vagrant gave it finds it.
# rename ADDRESS NAME
rename() {
	old=$(ip -o -4 address show | awk -v address="$1" 'index($4, address "/") == 1 { print $2 }')
	[ -z "$old" ] && { ip link show "$2" >/dev/null; return; }
	[ "$old" = "$2" ] && return
	ip link set "$old" down
	ip link set "$old" name "$2"
	ip link set "$2" up
}

# The distribution's Go is too old: the version that go.mod names.
install_go() {
	version=$(awk '$1 == "go" { print $2 }' "$project/go.mod")
	[ -x /usr/local/go/bin/go ] && return
	curl -fsSL "https://go.dev/dl/go$version.linux-$(dpkg --print-architecture).tar.gz" | tar -C /usr/local -xz
}

case $role in
client)
	install curl ethtool iproute2
	rename 10.8.0.2 cl0
	rename 10.9.0.250 cl1
	sh "$scripts/client.sh" cl0 cl1
	sh "$scripts/offloads.sh" cl0 cl1
	;;
director)
	install build-essential ca-certificates curl ethtool iproute2 libdpdk-dev make pkg-config
	rename 10.8.0.1 dir0
	rename 10.9.0.1 dir1
	sh "$scripts/director.sh" dir0 dir1
	sh "$scripts/offloads.sh" dir0 dir1
	install_go
	PATH=$PATH:/usr/local/go/bin make -C "$project" build
	systemctl is-active --quiet cleatd || systemd-run --unit=cleatd \
		--property='ExecReload=/bin/kill -HUP $MAINPID' \
		"$project/bin/cleatd" --config "$project/conf/examples/ppc.toml"
	;;
real-server)
	install ethtool iproute2 nginx-light
	rename "10.9.0.$((10 + number))" eth-rs
	sh "$scripts/real-server.sh" eth-rs "$number"
	sh "$scripts/offloads.sh" eth-rs
	sh "$scripts/nginx-conf.sh" "rs$number" /run 80 443 8080 >/etc/nginx/nginx.conf
	systemctl restart nginx
	;;
*)
	echo "vm.sh: $role is no role: client, director or real-server" >&2
	exit 2
	;;
esac
