package schedule

import "cleat/lcore/service"

// stateless is the part of a scheduler that derives nothing from the list and remembers nothing.
type stateless struct{}

func (stateless) Build(*service.Virtual)           {}
func (stateless) Changed(*State, *service.Virtual) {}
