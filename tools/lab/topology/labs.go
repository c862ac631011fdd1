package topology

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Info is a lab of any process on this machine.
type Info struct {
	ID    int
	Owner int // pid
}

// Labs lists the labs that are up.
func Labs() ([]Info, error) {
	ids, err := claimed()
	if err != nil {
		return nil, err
	}
	var labs []Info
	for _, id := range ids {
		if !owned(id) {
			continue // Clean's business
		}
		pid, err := owner(id)
		if err != nil {
			continue // it has just gone
		}
		labs = append(labs, Info{id, pid})
	}
	return labs, nil
}

// Clean removes what is left of labs whose owner is dead and says which those were.
func Clean() ([]int, error) {
	ids, err := claimed()
	if err != nil {
		return nil, err
	}
	var cleaned []int
	var errs []error
	for _, id := range ids {
		c, err := take(id)
		if errors.Is(err, errOwned) {
			continue
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, sweep(id), os.RemoveAll(labDir(id)), c.release())
		cleaned = append(cleaned, id)
	}
	return cleaned, errors.Join(errs...)
}

// Down asks a lab's owner to end it and waits until it is gone.
func (i Info) Down(patience time.Duration) error {
	if err := unix.Kill(i.Owner, unix.SIGTERM); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("end lab %d: %w", i.ID, err)
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if pid, err := owner(i.ID); err != nil || pid != i.Owner {
			return nil
		}
	}
	return fmt.Errorf("lab %d (pid %d) is still there after %v", i.ID, i.Owner, patience)
}

// Namespaces are the short names of the lab's namespaces: "cl", "dir", "rs1", "rs2", "sw".
func (i Info) Namespaces() ([]string, error) {
	names, err := namespaces(i.ID)
	for n, name := range names {
		names[n] = strings.TrimPrefix(name, prefix(i.ID))
	}
	return names, err
}

// Namespace is the full name of one of the lab's namespaces.
func (i Info) Namespace(ns string) string { return prefix(i.ID) + ns }
