# cleat: one command for people and for CI. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.NOTPARALLEL: # two builds at once would only take turns on the same cores and the same bin/

export PATH := $(PATH):/usr/local/go/bin
# pkg-config libdpdk asks for -mrtm on x86 from DPDK 23.11 on, and cgo takes no flag that is not on its own list.
export CGO_CFLAGS_ALLOW ?= -mrtm

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unversioned)
# -buildvcs=false: the version comes from here, and go build's own stamp fails as root in a clone of another user's.
BUILD   := go build -trimpath -buildvcs=false -ldflags '-X main.version=$(VERSION)'
LINTER  := go tool -modfile=tools/lint/go.mod
SUDO    := $(if $(filter-out 0,$(shell id -u)),sudo --preserve-env=LAB_ONCE --preserve-env=CLEAT_LAB)
say      = @printf '\n==> %s\n' $(1)

# The lab's tests build network namespaces: they have a step of their own, as root.
PURE = $$(go list ./lcore/... ./conf/... ./tools/... | grep -Ev '/tools/lab(/|$$)')

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: run
run: NEEDS := run
run: build ## lab in network namespaces, real servers, demonstration of stickiness; Ctrl-C ends it (LAB_ONCE=1: ends by itself)
	$(call say,'bin/cleat-lab run')
	@$(SUDO) bin/cleat-lab run

.PHONY: test
test: NEEDS := test
test: build ## vet and all tests: leaves, worker, binding, race detector, lab
	$(call say,'go vet and syntax of the scripts and the Vagrantfile')
	@go vet ./...
	@find . -name '*.sh' -print0 | xargs -0 -n1 bash -n
	@ruby -c Vagrantfile
	$(call say,'data path and configuration and tools: without cgo')
	@CGO_ENABLED=0 go test $(PURE)
	$(call say,'every benchmark once')
	@CGO_ENABLED=0 go test -run '^$$' -bench . -benchtime 1x $(PURE) ./appliance/intent | grep -v 'no test files'
	@go test -run '^$$' -bench . -benchtime 1x ./cgo/...
	$(call say,'DPDK binding and perf lab')
	@go test ./cgo/... ./perf/...
	$(call say,'where goroutines meet: race detector')
	@go test -race ./appliance/... ./lcore ./lcore/ring/...
	$(call say,'lab: real packets in network namespaces (as root)')
	@if [ -n '$(SUDO)' ] && ! command -v sudo >/dev/null; then \
		echo 'skipped: the lab needs root, and there is no sudo'; exit; fi; \
	CGO_ENABLED=0 CLEAT_LAB=require go test -count=1 -p=1 $(if $(SUDO),-exec '$(SUDO)') ./tools/lab/...

CONFORM := tools/lab/play
.PHONY: conformance
conformance: NEEDS := test
conformance: build ## all recordings of the kernel's IPVS played, with one worker and with two, and judged (as root)
	$(call say,'with one worker')
	@$(SUDO) bin/cleat-lab play --out bin/conformance/one $(CONFORM)/testdata/scenarios/*.json
	$(call say,'with two workers that schedule together')
	@$(SUDO) bin/cleat-lab play --out bin/conformance/two --workers 2 --scope service $(CONFORM)/testdata/scenarios/*.json
	$(call say,'judged by what the kernel did')
	@differ=; for mode in one two; do echo "workers: $$mode"; \
		bin/cleat-lab judge --accept $(CONFORM)/accepted.txt $(CONFORM)/testdata/golden bin/conformance/$$mode || differ=yes; \
	done; [ -z "$$differ" ]

.PHONY: lint
lint: ready ## gofumpt, vet, staticcheck, layers
	$(call say,'gofumpt')
	@unformatted=$$($(LINTER) gofumpt -l .); if [ -n "$$unformatted" ]; then \
		printf 'not formatted; put right by: $(LINTER) gofumpt -w .\n%s\n' "$$unformatted"; exit 1; fi
	$(call say,'go vet')
	@go vet ./...
	$(call say,'staticcheck')
	@$(LINTER) staticcheck ./...
	$(call say,'layers')
	@go test ./tools/layers

.PHONY: bench
bench: ready bin/cleat-perf ## micro-benchmarks, then the quick suite of the perf lab (as root) into perf/report/; less than 5 minutes
	$(call say,'benchmarks of the data path')
	@CGO_ENABLED=0 go test -run '^$$' -bench . -benchmem -benchtime 50ms ./lcore/...
	$(call say,'bin/cleat-perf run perf/labs/quick.toml (as root)')
	@$(SUDO) bin/cleat-perf run perf/labs/quick.toml --out perf/report

.PHONY: instructions
instructions: NEEDS := test
instructions: ready bin/cleat-perf ## instructions a packet, compared with perf/instructions.json; UPDATE=1 keeps those counted now
	$(call say,'instructions of the data path as valgrind counts them')
	@CGO_ENABLED=0 go test -c -o bin/lcore.test ./lcore
	@bin/cleat-perf instructions --tests bin/lcore.test > bin/instructions.json
	@if [ -n '$(UPDATE)' ]; then cp bin/instructions.json perf/instructions.json; fi
	@bin/cleat-perf compare perf/instructions.json bin/instructions.json --across --threshold 10%

.PHONY: build
build: ready bin/cleatd bin/cleat bin/cleat-lab bin/cleat-perf ## cleatd, cleat, cleat-lab and cleat-perf in bin/

.PHONY: clean
clean: ## remove what build and bench made
	rm -rf bin perf/report

.PHONY: setup
setup: NEEDS := test
setup: ready ## install what is missing to build, run and test (apt; Debian 12, 13, Ubuntu 24.04)

# The target that was asked for says what the machine has to be ready for.
NEEDS := build
.PHONY: ready
ready:
	@tools/setup.sh $(NEEDS)

# Programs are phony: what has to be compiled again is go build's own business.
.PHONY: bin/cleatd bin/cleat bin/cleat-lab bin/cleat-perf
bin/cleatd:     SOURCE := ./appliance
bin/cleat:      SOURCE := ./tools/cleat
bin/cleat-lab:  SOURCE := ./tools/lab
bin/cleat-perf: SOURCE := ./perf

bin/cleat bin/cleat-lab: # static, no DPDK needed where they run
	@echo "$@: $(SOURCE), pure Go, version $(VERSION)"
	@CGO_ENABLED=0 $(BUILD) -o $@ $(SOURCE)

bin/cleatd bin/cleat-perf: # link libdpdk
	@echo "$@: $(SOURCE), with DPDK, version $(VERSION)"
	@CGO_ENABLED=1 $(BUILD) -o $@ $(SOURCE)
