package ethdev

// What tests read back.
var (
	RSSOf         = Port.rss
	IndirectionOf = Port.indirection
	Stretch       = stretch
)
