package eal

// #include "log.h"
import "C"

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// sink is where SetLog sends lines; nil: standard error.
var sink atomic.Pointer[func(line string)]

// SetLog has f called with every line that DPDK logs, without its newline, from one goroutine that
// is nobody's lcore. It may be called before Init and at any time after it. Without it, or with
// nil, lines go to standard error.
func SetLog(f func(line string)) {
	if f == nil {
		sink.Store(nil)
		return
	}
	sink.Store(&f)
}

func logLine(line string) {
	if f := sink.Load(); f != nil {
		(*f)(line)
		return
	}
	fmt.Fprintln(os.Stderr, line)
}

// logPipe carries DPDK's log from whatever thread wrote it to the goroutine that hands it on.
type logPipe struct {
	read, write *os.File
	done        chan struct{}
}

func openLog() (*logPipe, error) {
	var fd [2]int
	if err := unix.Pipe2(fd[:], unix.O_NONBLOCK|unix.O_CLOEXEC); err != nil {
		return nil, fmt.Errorf("eal: pipe for DPDK's log: %w", err)
	}
	l := &logPipe{os.NewFile(uintptr(fd[0]), "dpdk log"), os.NewFile(uintptr(fd[1]), "dpdk log"), make(chan struct{})}
	if rc := C.cleat_log_open(C.int(fd[1])); rc < 0 {
		l.read.Close()
		l.write.Close()
		return nil, fmt.Errorf("eal: rte_openlog_stream: %w", unix.Errno(-rc))
	}
	go l.hand()
	return l, nil
}

// hand passes lines on until the pipe is closed.
func (l *logPipe) hand() {
	defer close(l.done)
	for r := bufio.NewReader(l.read); ; {
		line, err := r.ReadString('\n')
		if line = strings.TrimSpace(line); line != "" { // some drivers end a message with two newlines
			logLine(line)
		}
		if n := C.cleat_log_lost(); n > 0 {
			logLine(fmt.Sprintf("EAL: %d messages lost: more was logged than could be read", n))
		}
		if err != nil {
			return
		}
	}
}

// close gives DPDK its own log back and waits until all that was logged has been handed on.
func (l *logPipe) close() {
	C.cleat_log_close()
	l.write.Close()
	<-l.done
	l.read.Close()
}
