package manage

// purge has every worker end, bit by bit between its turns, the connections and templates of servers that are gone
// (persistence.md P6.3).
func (l *Loop) purge() {
	for _, w := range l.d.Workers {
		go func() { // it may take many turns, and nothing waits for it
			if err := w.Purge(); err != nil {
				l.log.Warn("entries of removed servers were not all ended", "why", err)
			}
		}()
	}
}
