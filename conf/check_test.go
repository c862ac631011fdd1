package conf

import (
	"strings"
	"testing"
)

// TestSingleMistakes plays testdata/mistakes.txt.
func TestSingleMistakes(t *testing.T) {
	base := readText(t, "testdata/base.toml")
	if c, err := Parse("base.toml", []byte(base)); err != nil || len(c.Warnings) > 0 {
		t.Fatal(err, c)
	}
	var played strings.Builder
	for i, block := range strings.Split(readText(t, "testdata/mistakes.txt"), "\n\n") {
		if i > 0 {
			played.WriteString("\n")
		}
		if strings.HasPrefix(block, "#") {
			played.WriteString(block + "\n")
			continue
		}
		played.WriteString(playMistake(t, base, block))
	}
	golden(t, "mistakes.txt", played.String())
}

// playMistake changes base as block says and returns the block with the errors and warnings that there were.
func playMistake(t *testing.T, base, block string) string {
	t.Helper()
	var took, put, kept []string
	text := base
	edit := func() {
		from := strings.Join(took, "")
		if !strings.Contains(text, from) {
			t.Fatalf("not in base.toml:\n%s", from)
		}
		text = strings.Replace(text, from, strings.Join(put, ""), 1)
		took, put = nil, nil
	}
	for line := range strings.Lines(strings.TrimRight(block, "\n") + "\n") {
		row := strings.TrimPrefix(line[1:], " ")
		switch line[0] {
		case '-':
			if put != nil {
				edit()
			}
			took = append(took, row)
		case '+':
			put = append(put, row)
		default:
			continue
		}
		kept = append(kept, line)
	}
	edit()
	c, err := Parse("c", []byte(text))
	signs, told := "! ", ""
	if err != nil {
		told = err.Error()
	} else if told = c.Warnings.Error(); told != "" {
		signs = "? "
	} else {
		t.Errorf("neither an error nor a warning:\n%s", block)
	}
	for line := range strings.Lines(told) {
		kept = append(kept, signs+strings.TrimPrefix(strings.TrimRight(line, "\n"), "c:")+"\n")
	}
	return strings.Join(kept, "")
}
