package place

import (
	"fmt"
	"slices"
)

// Most is how many workers there may be: DPDK's lcores but the main one, and steering's table has no more entries.
const Most = 127

// Wish is what the operator asks for.
type Wish struct {
	// Lcores are the workers' CPUs; none: to be chosen.
	Lcores []int
	// Count is how many to choose; 0: one a physical core on the ports' sockets, but one core.
	Count int
	// Sockets are the ports', with Nowhere among them.
	Sockets []int
}

// Plan is who runs where.
type Plan struct {
	// Workers are CPUs, by worker number; Sockets theirs.
	Workers, Sockets []int
	// Main is the CPU of DPDK's main lcore, which forwards nothing. A worker's only if Shared.
	Main int
	// Shared: all CPUs are workers', none is left for management.
	Shared bool
	// Warnings say what makes the plan slower than it looks.
	Warnings []string
}

// Place says which CPUs forward. What the configuration names is taken as it is; a choice prefers physical cores near the ports, leaves the first of
// those to management, and uses SMT siblings last.
func (t Topology) Place(w Wish) (Plan, error) {
	workers := w.Lcores
	for _, id := range workers {
		if t.at(id) == nil {
			return Plan{}, fmt.Errorf("workers.lcores: CPU %d is not there, or this process may not use it", id)
		}
	}
	near := t.near(w.Sockets)
	if len(workers) == 0 {
		order, cores := t.preference(near)
		n := w.Count
		if n == 0 {
			n = min(max(cores-1, 1), Most)
		}
		if n > len(order) {
			return Plan{}, fmt.Errorf("workers.count: %d workers on %d CPUs: one each at most", n, len(order))
		}
		workers = slices.Sorted(slices.Values(order[:n]))
	}
	p := Plan{Workers: workers}
	for _, id := range workers {
		p.Sockets = append(p.Sockets, t.at(id).Socket)
	}
	p.Main, p.Shared = t.main(workers)
	p.Warnings = t.warnings(&p, near)
	return p, nil
}

func (t Topology) at(id int) *CPU {
	i := slices.IndexFunc(t, func(c CPU) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return &t[i]
}

// near returns the sockets that ports are on; where no port is on any, that of the first CPU.
func (t Topology) near(sockets []int) []int {
	var near []int
	for _, s := range sockets {
		if s != Nowhere && slices.ContainsFunc(t, func(c CPU) bool { return c.Socket == s }) {
			near = append(near, s)
		}
	}
	if near == nil {
		near = []int{t[0].Socket}
	}
	return near
}

// preference returns all CPUs, the best for a worker first, and how many physical cores are near. The first near core comes last, management's: its
// siblings before itself.
func (t Topology) preference(near []int) (order []int, cores int) {
	reserved := -1
	var groups [2][2][]int // by distance, and by whether it is a core's further thread
	var last []int
	seen := map[int]bool{}
	for _, c := range t {
		far, sibling := 0, 0
		if !slices.Contains(near, c.Socket) {
			far = 1
		}
		if seen[c.Core] {
			sibling = 1
		} else if far == 0 {
			cores++
			if reserved < 0 {
				reserved = c.Core
			}
		}
		seen[c.Core] = true
		if c.Core == reserved {
			last = append(last, c.ID)
			continue
		}
		groups[sibling][far] = append(groups[sibling][far], c.ID)
	}
	slices.Reverse(last)
	return slices.Concat(groups[0][0], groups[0][1], groups[1][0], groups[1][1], last), cores
}

// main returns the CPU for what is no worker: on a physical core without workers, else on any that is no worker's, else the first worker's.
func (t Topology) main(workers []int) (cpu int, shared bool) {
	var busy []int // physical cores
	for _, id := range workers {
		busy = append(busy, t.at(id).Core)
	}
	for _, c := range t {
		if !slices.Contains(busy, c.Core) {
			return c.ID, false
		}
	}
	for _, c := range t {
		if !slices.Contains(workers, c.ID) {
			return c.ID, false
		}
	}
	return workers[0], true
}

func (t Topology) warnings(p *Plan, near []int) (all []string) {
	warn := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	on := map[int]int{} // physical core: CPU of the first worker on it
	for _, id := range p.Workers {
		c := t.at(id)
		if first, taken := on[c.Core]; taken {
			warn("CPUs %d and %d are one physical core: two workers there do little more than one", first, id)
		} else {
			on[c.Core] = id
		}
		if !slices.Contains(near, c.Socket) {
			warn("CPU %d is on NUMA socket %d and no port is: its packets cross between the sockets", id, c.Socket)
		}
	}
	if p.Shared {
		warn("all CPUs are workers': none is left for management, and packets wait whenever it works")
	} else if id, taken := on[t.at(p.Main).Core]; taken {
		warn("CPU %d, left for management, and CPU %d are one physical core: its worker is slower whenever management works", p.Main, id)
	}
	return all
}
