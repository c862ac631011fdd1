package ethdev

// #include "flow.h"
import "C"

import (
	"errors"

	"cleat/cgo/eal"
)

// FlowRSS is a rule that has a device choose the receive queue of all packets of one family by a Toeplitz hash (rte_flow with action RSS).
type FlowRSS struct {
	V6     bool
	Fields RSS
	Key    []byte   // nil: that of SetRSS
	Queues []uint16 // the queue of each value of the hash modulo their number; nil: what SetIndirection says
}

// AddFlow has a started port go by a rule; the device is asked first whether it can, and says in the error why not.
func (p Port) AddFlow(f FlowRSS) error {
	var key *C.uint8_t
	if len(f.Key) > 0 {
		key = bytes(f.Key)
	}
	queues := make([]C.uint16_t, len(f.Queues), len(f.Queues)+1)
	for i, q := range f.Queues {
		queues[i] = C.uint16_t(q)
	}
	var v6 C.int
	if f.V6 {
		v6 = 1
	}
	return p.flow("rte_flow_create", func(why **C.char) C.int {
		return C.cleat_flow_rss(p.id(), v6, C.uint64_t(f.Fields), key, C.uint32_t(len(f.Key)), &queues[:1][0], C.uint32_t(len(queues)), why)
	})
}

// FlushFlows takes away all rules. A port without any need not be told.
func (p Port) FlushFlows() error {
	return p.flow("rte_flow_flush", func(why **C.char) C.int { return C.cleat_flow_flush(p.id(), why) })
}

// flow is try with what the driver says of the rule, rather than what was logged.
func (p Port) flow(call string, f func(why **C.char) C.int) error {
	var why *C.char
	err := eal.Try(call, func() int { return int(f(&why)) })
	var e *eal.Error
	if errors.As(err, &e) && why != nil {
		if e.Log = []string{C.GoString(why)}; e.Log[0] == e.Reason {
			e.Log = nil
		}
	}
	return p.named(err)
}
