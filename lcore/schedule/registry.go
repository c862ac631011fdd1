package schedule

import "cleat/lcore/service"

// All is every scheduler. Its order is that of service.Virtual.Scheduler.
var All = []Scheduler{rr{}, wrr{}, lc{}, wlc{}, sed{}, nq{}, lblc{}, lblcr{}, dh{}, sh{}, mh{}, fo{}, ovf{}, twos{}, none{}}

// Build fills in what is derived from v.Scheduler and v.Reals.
func Build(v *service.Virtual) {
	s := All[v.Scheduler]
	s.Build(v)
	_, v.Balanced = s.(Balancer)
	for i := range v.Reals {
		v.Balanced = v.Balanced || v.Reals[i].Upper != 0
	}
}

// ByName returns the index in All of the scheduler with IPVS' name for it.
func ByName(name string) (index uint8, ok bool) {
	for i, s := range All {
		if s.Name() == name {
			return uint8(i), true
		}
	}
	return 0, false
}

// Names returns the names of all schedulers, in the order of All.
func Names() []string {
	names := make([]string, len(All))
	for i, s := range All {
		names[i] = s.Name()
	}
	return names
}
