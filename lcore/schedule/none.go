package schedule

import "cleat/lcore/service"

// none gives no server to anybody: clients that have a template, and connections that there are, go on.
type none struct{ stateless }

func (none) Name() string { return "none" }

func (none) Pick(*service.Virtual, *State, []Load, *Client) int { return None }
