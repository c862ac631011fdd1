package topology

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// runDir holds for every lab N a file N.lock and a folder N. Who holds the lock on N.lock owns the lab; the
// kernel lets go of it when the owner dies, however that happens. The file's content is the owner's pid.
const runDir = "/run/cleat-lab"

// claim is the right to one lab number.
type claim struct {
	id   int
	lock *os.File
}

func lockPath(id int) string { return filepath.Join(runDir, strconv.Itoa(id)+".lock") }
func labDir(id int) string   { return filepath.Join(runDir, strconv.Itoa(id)) }

// errOwned is the answer for a lab whose owner lives.
var errOwned = errors.New("owned by a living process")

// take claims lab id, or fails with errOwned.
func take(id int) (*claim, error) {
	for {
		if err := os.MkdirAll(runDir, 0o755); err != nil {
			return nil, err
		}
		lock, err := os.OpenFile(lockPath(id), os.O_CREATE|os.O_RDWR, 0o644)
		if errors.Is(err, os.ErrNotExist) {
			continue // the last lab has just removed runDir
		}
		if err != nil {
			return nil, err
		}
		if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			lock.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return nil, errOwned
			}
			return nil, fmt.Errorf("lock %s: %w", lock.Name(), err)
		}
		if !isAt(lock, lockPath(id)) {
			lock.Close() // the former owner unlinked it between our open and our lock
			continue
		}
		if err := lock.Truncate(0); err != nil {
			lock.Close()
			return nil, err
		}
		if _, err := lock.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0); err != nil {
			lock.Close()
			return nil, err
		}
		return &claim{id, lock}, nil
	}
}

// takeFirst claims the lowest free number.
func takeFirst() (*claim, error) {
	for id := 1; ; id++ {
		c, err := take(id)
		if !errors.Is(err, errOwned) {
			return c, err
		}
	}
}

// release gives the number back. The folder must be gone by then.
func (c *claim) release() error {
	err := os.Remove(c.lock.Name())
	c.lock.Close()
	// Fails, as it should, while other labs are up.
	_ = os.Remove(runDir)
	return err
}

func isAt(f *os.File, path string) bool {
	mine, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(mine, there)
}

// claimed lists the numbers that have a lock file, dead owners included.
func claimed() ([]int, error) {
	names, err := filepath.Glob(filepath.Join(runDir, "*.lock"))
	if err != nil {
		return nil, err
	}
	var ids []int
	for _, name := range names {
		id, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(name), ".lock"))
		if err == nil {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// owner is the pid in a lock file.
func owner(id int) (int, error) {
	text, err := os.ReadFile(lockPath(id))
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(string(text))
}

// owned says whether the owner of lab id lives.
func owned(id int) bool {
	lock, err := os.Open(lockPath(id))
	if err != nil {
		return false
	}
	defer lock.Close()
	return errors.Is(unix.Flock(int(lock.Fd()), unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}
