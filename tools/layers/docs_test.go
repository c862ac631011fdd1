package layers

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// pages are the project's Markdown files, by path from the root: their text without blocks of code.
func pages(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && name != "." && strings.HasPrefix(d.Name(), ".") {
			return fs.SkipDir
		}
		if err == nil && path.Ext(name) == ".md" {
			found[name] = block.ReplaceAllString(read(t, name), "")
		}
		return err
	})
	if err != nil || len(found) == 0 {
		t.Fatalf("%d pages: %v", len(found), err)
	}
	return found
}

var (
	block   = regexp.MustCompile("(?m)^```(?s:.*?)^```$|^    .*$")
	span    = regexp.MustCompile("`[^`\n]*`")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	place   = regexp.MustCompile(`(?:^|[\s"'(=])/(?:work|tmp|home|root)/\S*`)
)

// TestLinks: every link within the project leads to a file, and to a heading where it names one.
func TestLinks(t *testing.T) {
	all := pages(t)
	for page, text := range all {
		for _, l := range link.FindAllStringSubmatch(span.ReplaceAllString(text, ""), -1) {
			if strings.Contains(l[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(l[1], "#")
			to := page
			if file != "" {
				to = path.Join(path.Dir(page), file)
			}
			if _, err := os.Stat(filepath.Join(root, to)); err != nil {
				t.Errorf("%s: link to %s: there is no such file", page, l[1])
			} else if anchor != "" && !anchors(all[to])[anchor] {
				t.Errorf("%s: link to %s: there is no such heading", page, l[1])
			}
		}
	}
}

// anchors of a page's headings as forges make them: "## The packet's way" is the-packets-way.
func anchors(text string) map[string]bool {
	found := map[string]bool{}
	for _, h := range heading.FindAllStringSubmatch(text, -1) {
		slug := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(h[1]), "")
		found[strings.ReplaceAll(slug, " ", "-")] = true
	}
	return found
}

// TestProse: the pages use the field's words and name no folder of anybody's machine. The specification quotes others.
func TestProse(t *testing.T) {
	ordinary := map[string]bool{"common": true, "context": true, "helper": true} // English, too; the FTP helper
	for page, text := range pages(t) {
		if strings.HasPrefix(page, "docs/spec/") {
			continue
		}
		if p := place.FindString(read(t, page)); p != "" {
			t.Errorf("%s: %s is a place of one machine", page, strings.TrimSpace(p))
		}
		for _, word := range words(span.ReplaceAllString(text, "")) {
			if instead[word] != "" && !ordinary[word] {
				t.Errorf("%s: %q is not used; say %s", page, word, instead[word])
			}
		}
	}
}
