package judge

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cleat/tools/lab/play/record"
)

// ErrDiffer is the verdict that something differs and was not accepted.
var ErrDiffer = errors.New("not as the kernel did")

// Folders judges the results of a folder by the recordings of another, or one file by another. It writes every
// difference, and last a line with the verdict: ErrDiffer unless everything agrees.
func Folders(w io.Writer, kernel, here string, rules Rules) error {
	pairs, err := pairs(kernel, here)
	if err != nil {
		return err
	}
	var differ, skipped, accepted int
	for _, p := range pairs {
		findings, skip := p.compare()
		if skip {
			skipped++
			continue
		}
		differs := false
		for _, f := range findings {
			if rules.Accept(p.name, f) {
				accepted++
				continue
			}
			differs = true
			fmt.Fprintf(w, "%s: %v\n", p.name, f)
		}
		if differs {
			differ++
		}
	}
	tail := ""
	if accepted > 0 {
		tail += fmt.Sprintf(", %d differences accepted", accepted)
	}
	if skipped > 0 {
		tail += fmt.Sprintf(", %d skipped", skipped)
	}
	if differ > 0 {
		fmt.Fprintf(w, "DIFFER %d of %d scenarios%s\n", differ, len(pairs), tail)
		return ErrDiffer
	}
	fmt.Fprintf(w, "AGREE %d%s\n", len(pairs)-skipped, tail)
	return nil
}

// pair is a recording and a result of one scenario.
type pair struct{ name, kernel, here string }

func pairs(kernel, here string) ([]pair, error) {
	info, err := os.Stat(kernel)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []pair{{scenarioOf(kernel), kernel, here}}, nil
	}
	files, err := filepath.Glob(filepath.Join(kernel, "*.json")) // sorted
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no recordings (*.json) there", kernel)
	}
	var all []pair
	for _, file := range files {
		all = append(all, pair{scenarioOf(file), file, filepath.Join(here, filepath.Base(file))})
	}
	return all, nil
}

func scenarioOf(file string) string { return strings.TrimSuffix(filepath.Base(file), ".json") }

// compare gives the differences; skipped is a scenario that was not played on purpose.
func (p pair) compare() (findings []Finding, skipped bool) {
	here, err := record.ReadResult(p.here)
	if err == nil && here.Skipped != "" {
		return nil, true
	}
	kernel, err2 := record.ReadResult(p.kernel)
	if err := errors.Join(err, err2); err != nil {
		return []Finding{{What: "result", Text: fmt.Sprintf("no result: %v", err)}}, false
	}
	return Compare(kernel, here), false
}
