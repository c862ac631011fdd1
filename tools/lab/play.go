package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"cleat/tools/lab/play"
	"cleat/tools/lab/play/record"

	"github.com/spf13/cobra"
)

// repertoire is what the command play was asked for.
type repertoire struct {
	play.Options
	jobs int
}

func playCommand() *cobra.Command {
	var r repertoire
	cmd := &cobra.Command{
		Use:   "play SCENARIO.json…",
		Short: "Replay scenarios of the kernel's IPVS against cleatd",
		Long: "Replays scenarios (docs/lab.md) against cleatd, each in a lab of its own, several at a time, and writes what\n" +
			"happened to DIR/NAME.json. Without --out, one scenario's result goes to stdout.\n" +
			"Exit status 1 if a scenario could not be played; what it came to is the judge's business.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			p, err := findPlace()
			if err != nil {
				return err
			}
			r.Cleatd, r.Cleat = p.cleatd, p.cleat
			if r.Folder == "" && len(files) > 1 {
				return errors.New("the results of several scenarios need a folder: --out DIR")
			}
			return r.playAll(cmd.Context(), files)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&r.Folder, "out", "", "write results to this folder, `DIR`/NAME.json")
	flags.IntVar(&r.Workers, "workers", 1, "workers of cleatd, each on a CPU of its own")
	flags.StringVar(&r.Scope, "scope", "", "scheduling.scope: worker or service")
	flags.IntVar(&r.jobs, "jobs", runtime.NumCPU()+1, "scenarios at a time")
	return cmd
}

// playAll plays every file, a few at a time. Its error tells of all that could not be played.
func (r *repertoire) playAll(ctx context.Context, files []string) error {
	if r.Folder != "" {
		if err := os.MkdirAll(r.Folder, 0o755); err != nil {
			return err
		}
	}
	waiting := make(chan string)
	var (
		all   sync.WaitGroup
		mutex sync.Mutex
		errs  []error
	)
	for range max(r.jobs, 1) {
		all.Go(func() {
			for file := range waiting {
				if err := r.playFile(ctx, file); err != nil {
					mutex.Lock()
					errs = append(errs, fmt.Errorf("%s: %w", file, err))
					mutex.Unlock()
				}
			}
		})
	}
	for _, file := range files {
		if ctx.Err() != nil {
			break
		}
		waiting <- file
	}
	close(waiting)
	all.Wait()
	if ctx.Err() != nil {
		return errors.New("interrupted before all scenarios were played")
	}
	return errors.Join(errs...)
}

// playFile plays one and writes the result. A scenario that could not be played leaves none, not even an old one.
func (r *repertoire) playFile(ctx context.Context, file string) error {
	scenario, err := record.ReadScenario(file)
	if err != nil {
		return err
	}
	out := filepath.Join(r.Folder, filepath.Base(file))
	if r.Folder != "" {
		if same(out, file) {
			return errors.New("its result would take its place: say another --out")
		}
		if err := os.Remove(out); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	result, err := play.Play(ctx, r.Options, scenario)
	if err != nil {
		return err
	}
	text, err := result.JSON()
	if err != nil {
		return err
	}
	if r.Folder == "" {
		_, err = os.Stdout.Write(text)
		return err
	}
	return os.WriteFile(out, text, 0o644)
}

func same(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}
