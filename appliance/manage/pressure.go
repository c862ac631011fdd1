package manage

import (
	"time"

	"cleat/appliance/api"
)

// pressureEvery is how often the log may say of a table how full it is.
const pressureEvery = 10 * time.Second

// A table is told of when it comes to be as full as this, in percent, and again only when it is fuller or has been less full than low.
const (
	high    = 80
	highest = 95
	low     = 70
)

// pressure is how full a table was when the log last told: 0, high or highest.
type pressure int

// look returns how full a table is, as far as that is worth a word.
func (p pressure) look(u api.Usage) pressure {
	switch percent := 100 * u.Used / max(u.Capacity, 1); {
	case percent >= highest:
		return highest
	case percent >= high:
		return max(p, high)
	case percent < low:
		return 0
	}
	return p
}

// watchTables tells the log of tables that fill up, and of those that have room again.
func (l *Loop) watchTables() {
	for i, w := range l.workers() {
		l.watchTable(i, "connections", w.Connections)
		l.watchTable(i, "templates", w.Templates)
	}
}

func (l *Loop) watchTable(worker int, name string, u api.Usage) {
	was := l.pressures[tableOf{worker, name}]
	is := was.look(u)
	if is == was {
		return
	}
	l.pressures[tableOf{worker, name}] = is
	tell, what := l.log.Warn, "a table is nearly full: see docs/tables.md"
	if is < was {
		tell, what = l.log.Info, "a table has room again"
	}
	tell(what, "worker", worker, "table", name, "used", u.Used, "capacity", u.Capacity, "unproven", u.Unproven, "evicted", u.Evicted)
}

// tableOf names a worker's table.
type tableOf struct {
	worker int
	table  string
}
