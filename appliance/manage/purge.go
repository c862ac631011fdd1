package manage

import (
	"sync"

	"cleat/lcore"
)

// purge has every worker end, bit by bit between its turns, the connections of servers that are gone, and then, since a template may control
// connections of several workers, the templates (persistence.md P6.3).
func (l *Loop) purge() {
	go func() { // it may take many turns, and nothing waits for it
		l.onAll((*lcore.Worker).PurgeConnections)
		l.onAll((*lcore.Worker).PurgeTemplates)
	}()
}

// onAll has all workers end entries at the same time, and returns when they have.
func (l *Loop) onAll(purge func(*lcore.Worker) error) {
	var working sync.WaitGroup
	for _, w := range l.d.Workers {
		working.Go(func() {
			if err := purge(w); err != nil {
				l.log.Warn("entries of removed servers were not all ended", "why", err)
			}
		})
	}
	working.Wait()
}
