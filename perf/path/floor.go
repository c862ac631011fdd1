package path

import (
	"errors"
	"fmt"

	"cleat/perf/bed"
	"cleat/perf/traffic"
)

// Floor is a port to be measured without a worker.
type Floor struct {
	Name  string
	Flows int // 0: net_null
}

// Floors are those of the suite.
var Floors = []Floor{{"null", 0}, {"pcap-1k", 1000}, {"pcap-100k", 100000}, {"pcap-1M", million}}

// MeasureFloor takes readings of receiving and transmitting alone.
func MeasureFloor(b *bed.Bed, f *Floor, s Schedule) (readings []bed.Reading, err error) {
	source, err := f.source(b)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	done, err := b.Thread(func() {
		bed.Floor(source, s.Each) // warms up
		for range s.Repetitions {
			readings = append(readings, bed.Floor(source, s.Each))
		}
	})
	if err != nil {
		return nil, err
	}
	<-done
	for _, r := range readings {
		if r.Packets == 0 {
			return nil, fmt.Errorf("floor %s: the port gave no packets", f.Name)
		}
	}
	return readings, nil
}

func (f *Floor) source(b *bed.Bed) (bed.Source, error) {
	if f.Flows == 0 {
		return b.Null()
	}
	w, err := (&Case{Proto: "tcp"}).writers()
	if err != nil {
		return nil, err
	}
	return b.Pcap(traffic.Frames(f.Flows, w...))
}

// Memory is what the floor needs of DPDK, in MiB.
func (f *Floor) Memory() int { return bed.Memory(f.Flows, traffic.FrameLen) }
