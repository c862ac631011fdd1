// Package layers holds the project's rules about its own source as tests: what may import what, how long
// files and functions get, which words are not used, and which modules docs/dependencies.md has to explain.
// It reads the source; it needs neither DPDK nor a C compiler.
package layers
