// Package control is the control API: HTTP on a Unix socket, in the vocabulary of appliance/api.
//
//  1. listen makes the socket, so that nobody who may not use it can ever open it.
//  2. Server.route finds the endpoint of a request; what it cannot place becomes an api.Problem.
//  3. single, list and stream ask the Source and write its answer.
//
// It knows nothing of workers: everything that is answered comes from the Source.
package control

import (
	"context"
	"errors"
	"strings"
	"time"

	"cleat/appliance/api"
)

// Source is what the server asks. Its methods are called from many goroutines at once, and ctx ends when
// the client goes away, when the time for an answer is over, or when the server closes.
type Source interface {
	Status(ctx context.Context) (api.Status, error)
	Services(ctx context.Context) ([]api.Service, error)
	Workers(ctx context.Context) ([]api.Worker, error)
	Ports(ctx context.Context) ([]api.Port, error)
	Neighbors(ctx context.Context) ([]api.Neighbor, error)
	// Heavy lists limit client networks at most.
	Heavy(ctx context.Context, limit uint64) ([]api.HeavyClient, error)

	// Templates and Connections call yield for every row that the filter picks (Filter.Match; Limit is
	// the server's). When yield gives an error they stop and return it. yield blocks for as long
	// as the client is slow to read, so it must not be called by a worker or by the management goroutine.
	Templates(ctx context.Context, filter api.Filter, yield func(api.Template) error) error
	Connections(ctx context.Context, filter api.Filter, yield func(api.Connection) error) error

	// IPVS tells what concerns all services; Command changes them. An *api.Problem says why it cannot be done; nothing has changed then.
	IPVS(ctx context.Context) (api.IPVS, error)
	Command(ctx context.Context, c api.Command) error
	// Marks and Mark list and change the rules that mark packets, in the same way.
	Marks(ctx context.Context) (api.Marks, error)
	Mark(ctx context.Context, c api.MarkCommand) error
	Sysctls(ctx context.Context) ([]api.Sysctl, error)
	SetSysctl(ctx context.Context, name, value string) error

	// Config returns what the configuration file says, or what is in force (running).
	Config(ctx context.Context, running bool) (api.Config, error)
	// Reload reads the configuration file again; a *Refused says what is wrong with it. With replace, what commands have changed since the
	// start goes. The end of ctx ends the waiting, not the reload.
	Reload(ctx context.Context, replace bool) (api.Reloaded, error)

	// Advance sets the clock ahead and returns when all has happened that this makes due; ErrRealClock where it may not.
	Advance(ctx context.Context, by time.Duration) (api.Clock, error)
}

// ErrRealClock refuses to set the clock ahead.
var ErrRealClock = errors.New("this cleatd's clock is real and cannot be set ahead: it runs without --lab-clock")

// Refused is a reload that changed nothing because the file is wrong.
type Refused struct {
	Lines []string // one an error, file:line first
}

func (r *Refused) Error() string {
	return "reload refused:\n" + strings.Join(r.Lines, "\n")
}
