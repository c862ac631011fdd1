#!/usr/bin/env bash
# Installs what is missing to build, run or test cleat on Debian 12, Debian 13 and Ubuntu 24.04, and checks the
# versions that matter. Changes nothing, asks no server and takes no time when everything is there.
#
#   tools/setup.sh build    what `make build` needs
#   tools/setup.sh run      that, and what the lab of `make run` needs
#   tools/setup.sh test     that, and what `make test` needs
#
# CLEAT_SETUP=skip: believe that everything is there (other distributions, images without apt).
set -euo pipefail
cd "$(dirname "$0")/.."

# mode | package | command that will do as well (-: only the package) | why
needs='
build | gcc             | gcc        | compiles the C side of the DPDK binding
build | libc6-dev       | -          | the C library headers for it
build | make            | make       | runs the Makefile
build | pkg-config      | pkg-config | tells the compiler where DPDK is
build | libdpdk-dev     | -          | DPDK: headers, libraries and all port drivers
run   | iproute2        | ip         | network namespaces and veth pairs of the lab
run   | ethtool         | ethtool    | turns checksum offload off on the lab'"'"'s veth pairs
run   | procps          | sysctl     | kernel settings of the lab'"'"'s namespaces
run   | nginx           | nginx      | the real servers of the lab
run   | curl            | curl       | the clients of the lab
run   | tcpdump         | tcpdump    | to watch packets in the lab
test  | busybox         | busybox    | pings VIPs in scenarios of the lab
test  | ruby            | ruby       | checks the syntax of the Vagrantfile
test  | valgrind        | valgrind   | counts instructions a packet: make instructions
test  | ipvsadm         | -          | what cleat ipvsadm is compared with; its service is not started
'
dpdk_min=22.11.7 # older ones have CVE-2024-11614 (vhost)
drivers='null ring pcap af_packet af_xdp tap memif'

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$@" >&2; exit 1; }

modes() {
	case $1 in
	build) echo build ;;
	run) echo 'build run' ;;
	test) echo 'build run test' ;;
	*) die "unknown mode \"$1\": say build, run or test" ;;
	esac
}

# installed prints the given packages that are installed, one a line.
installed() {
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' || true
}

# missing prints "package | why" for every need of the given modes that is not met.
missing() {
	local mode package command why have
	# shellcheck disable=SC2046 # package names hold no blanks
	have=$(installed $(awk -F'|' 'NF == 4 { print $2 }' <<<"$needs"))
	while IFS='|' read -r mode package command why; do
		read -r mode package command <<<"$mode $package $command"
		[[ -n $mode && " $wanted " == *" $mode "* ]] || continue
		grep -qx "$package" <<<"$have" && continue
		[[ $command != - ]] && command -v "$command" >/dev/null && continue
		echo "$package |$why"
	done <<<"$needs"
}

# as_root runs a command as root, saying so when that takes sudo.
as_root() {
	if [[ $(id -u) == 0 ]]; then
		"$@"
	elif command -v sudo >/dev/null; then
		say "sudo $*"
		sudo "$@"
	else
		die "this needs root, and there is no sudo. As root: apt-get update && apt-get install --no-install-recommends $to_install"
	fi
}

# hold_services keeps the services of new packages (nginx on port 80, ipvsadm) from being started while they are
# installed: by a policy of our own, unless the machine has one. release_services takes it away again.
policy=/usr/sbin/policy-rc.d
held=no
hold_services() {
	[[ -e $policy ]] && return
	held=yes
	trap release_services EXIT
	trap 'exit 130' INT TERM
	# shellcheck disable=SC2016 # $1 is for the policy to see
	printf '#!/bin/sh\n# made by cleat/tools/setup.sh for the time of one apt-get install\ncase $1 in nginx*|ipvsadm*) exit 101 ;; esac\nexit 0\n' |
		as_root tee "$policy" >/dev/null
	as_root chmod 755 "$policy"
}
release_services() {
	[[ $held == yes ]] || return 0
	held=no
	as_root rm -f "$policy"
}

install_packages() {
	local packages=("$@")
	to_install=$*
	command -v apt-get >/dev/null || die \
		"only Debian's and Ubuntu's packages are known here, and there is no apt-get." \
		"Install what corresponds to: ${packages[*]}" \
		"and run again with CLEAT_SETUP=skip in the environment."
	as_root apt-get -q -o DPkg::Lock::Timeout=300 update || say 'apt-get update had errors; trying with the lists that are there'
	hold_services
	as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 \
		apt-get -q -y -o DPkg::Lock::Timeout=300 install --no-install-recommends "${packages[@]}"
	release_services
	if [[ " ${packages[*]} " == *' nginx '* ]] && command -v systemctl >/dev/null; then
		as_root systemctl disable --quiet nginx.service
		say 'nginx is there for the lab; as a service it is neither started nor enabled (systemctl enable --now nginx does that)'
	fi
}

# at_least A B: is version A the same as B or newer?
at_least() { [[ $(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n1) == "$2" ]]; }

check_go() {
	local want have
	want=$(awk '$1 == "go" { print $2 }' go.mod)
	PATH=$PATH:/usr/local/go/bin
	have=$(go env GOVERSION 2>/dev/null) || have=
	have=${have#go}
	if [[ -z $have ]] || ! at_least "$have" "$want"; then
		die "Go $want or newer is needed, and there is ${have:+only Go }${have:-none in PATH or /usr/local/go/bin}." \
			"Get it from https://go.dev/dl/ and unpack it: rm -rf /usr/local/go && tar -C /usr/local -xzf go$want.linux-amd64.tar.gz"
	fi
	found="Go $have"
}

check_dpdk() {
	local have dir driver
	have=$(pkg-config --modversion libdpdk) || die 'pkg-config does not know libdpdk: is libdpdk-dev whole? (apt-get install --reinstall libdpdk-dev)'
	at_least "$have" "$dpdk_min" || die \
		"DPDK $dpdk_min or newer is needed (CVE-2024-11614), and there is $have." \
		'apt-get update && apt-get install libdpdk-dev brings the distribution'"'"'s newest.'
	dir=$(pkg-config --variable=libdir libdpdk)
	for driver in $drivers; do
		compgen -G "$dir/dpdk/pmds-*/librte_net_$driver.so" >/dev/null ||
			say "note: DPDK has no driver net_$driver in $dir/dpdk/pmds-*: ports of that kind will not start (apt-get install librte-meta-net)"
	done
	found+=", DPDK $have"
}

main() {
	local lines packages=()
	wanted=$(modes "${1:-build}")
	if [[ ${CLEAT_SETUP:-} == skip ]]; then
		say 'skipped (CLEAT_SETUP=skip)'
		return
	fi
	check_go
	lines=$(missing)
	if [[ -n $lines ]]; then
		say 'missing, to be installed:'
		while IFS='|' read -r package why; do
			say "  ${package% }:${why}"
			packages+=("${package% }")
		done <<<"$lines"
		install_packages "${packages[@]}"
	fi
	check_dpdk
	say "everything to ${1:-build} is there: $found"
}

main "$@"
