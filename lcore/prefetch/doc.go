// Package prefetch asks the processor to bring table entries near before they are read. Who has a burst of look-ups to do asks for
// all entries first: then the memory fetches them at the same time, and not one after the other. BenchmarkEntries has
// what that is worth.
//
// On processors other than amd64 and arm64 the calls do nothing, and on those nothing that can be seen.
package prefetch
