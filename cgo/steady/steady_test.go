package steady_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"sync/atomic"
	"testing"
	"time"

	"cleat/cgo/steady"
)

// child says that this process is the test's second one.
const child = "CLEAT_TEST_STEADY"

// TestRuntimeGetsThrough has the runtime do all that it needs polling goroutines for: each goes through in the end, again and again, and they go on.
// If Pause did not see that it is waited for, the first one would wait forever and the whole process with it: so that is another process.
func TestRuntimeGetsThrough(t *testing.T) {
	if os.Getenv(child) != "" {
		getThrough(t)
		return
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestRuntimeGetsThrough$", "-test.v")
	cmd.Env = append(os.Environ(), child+"=1")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v after:\n%s", err, text)
	}
}

func getThrough(t *testing.T) {
	const pollers = 2
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + pollers + 1))
	var turns [pollers]atomic.Uint64
	var stop atomic.Bool
	done := make(chan struct{})
	for i := range turns {
		go func() {
			runtime.LockOSThread()
			steady.Run(func() {
				for !stop.Load() {
					turns[i].Add(1)
					steady.Pause(0)
				}
			})
			done <- struct{}{}
		}()
	}
	for round := range 20 {
		for _, c := range []struct {
			name string
			f    func()
		}{
			{"a garbage collection", runtime.GC},
			{"statistics of memory", func() { runtime.ReadMemStats(new(runtime.MemStats)) }},
			{"another number of Ps", func() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1 - 2*(round%2)) }},
			{"a profile of goroutines", func() { _ = pprof.Lookup("goroutine").WriteTo(new(bytes.Buffer), 2) }},
		} {
			t.Log(c.name)
			c.f()
			for i := range turns {
				for before := turns[i].Load(); turns[i].Load() == before; {
					runtime.Gosched()
				}
			}
		}
	}
	stop.Store(true)
	for range turns {
		<-done
	}
}

func TestPauseSleeps(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for _, d := range []time.Duration{time.Microsecond, 3 * time.Millisecond} {
		begin := time.Now()
		steady.Run(func() { steady.Pause(d) })
		if took := time.Since(begin); took < d {
			t.Errorf("Pause(%v) took %v", d, took)
		}
	}
}

// TestStackGrows: a goroutine that is pinned may still need more stack.
func TestStackGrows(t *testing.T) {
	got := make(chan int)
	go func() {
		runtime.LockOSThread()
		var sum int
		steady.Run(func() { sum = deep(5000) })
		got <- sum
	}()
	if sum := <-got; sum != 5000*5001/2 {
		t.Errorf("the sum to 5000 is %d", sum)
	}
}

func deep(n int) int {
	var room [64]int
	room[n%64] = n
	steady.Pause(0)
	if n == 0 {
		return 0
	}
	return room[n%64] + deep(n-1)
}
