package director

import "fmt"

// Failure is a start that did not succeed, with the exit status that says what kind of thing was wrong.
type Failure struct {
	Status int
	Doing  string
	Err    error
}

// Exit statuses of cleatd.
const (
	ExitOther  = 1 // something else went wrong
	ExitUsage  = 2 // wrong options
	ExitConfig = 3 // the configuration is wrong; nothing was started
	ExitEAL    = 4 // DPDK did not start: hugepages, arguments, permissions
	ExitPort   = 5 // a port does not exist or refuses its configuration
	ExitSocket = 6 // the control socket or the metrics address cannot be listened on
)

func (f *Failure) Error() string { return fmt.Sprintf("%s: %v", f.Doing, f.Err) }

// Unwrap returns what went wrong.
func (f *Failure) Unwrap() error { return f.Err }

func fail(status int, err error, format string, args ...any) error {
	return &Failure{status, fmt.Sprintf(format, args...), err}
}
