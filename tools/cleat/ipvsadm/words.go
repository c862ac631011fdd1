package ipvsadm

import "strings"

// value says whether a flag has one.
type value int

const (
	none     value = iota
	required       // the rest of the word, or the next word whatever it is
	optional       // likewise, but not a next word that begins with -
)

// words takes flags out of a command line in the manner of popt: short ones may be bundled, a value may follow in the same
// word, with or without "=", or in the next. What is no flag is kept for later, and all of it after "--".
type words struct {
	left     []string // not looked at yet
	last     string   // the word taken last: the one that messages name
	bundle   string   // short flags of last that are still to come
	plain    []string // words that are no flags
	flagless bool     // after "--"
}

// unknown is a word that popt cannot make a flag of.
func (w *words) unknown(why string) error {
	return &failure{code: exitRefused, text: w.last + ": " + why, goesOn: true}
}

func (w *words) take() string {
	w.last, w.left = w.left[0], w.left[1:]
	return w.last
}

// next returns the next flag and its value; given says whether there is one. A nil flag means that there are no more.
func (w *words) next() (f *flag, text string, given bool, err error) {
	for w.bundle == "" {
		if len(w.left) == 0 {
			return nil, "", false, nil
		}
		word := w.take()
		switch {
		case w.flagless || !strings.HasPrefix(word, "-") || word == "-":
			w.plain = append(w.plain, word)
		case word == "--":
			w.flagless = true
		case strings.HasPrefix(word, "--"):
			name, text, given := strings.Cut(word[2:], "=")
			if f = long(name); f == nil {
				return nil, "", false, w.unknown("unknown option")
			}
			return w.value(f, text, given)
		default:
			w.bundle = word[1:]
		}
	}
	f, w.bundle = short(w.bundle[0]), w.bundle[1:]
	if f == nil {
		return nil, "", false, w.unknown("unknown option")
	}
	equals := strings.HasPrefix(w.bundle, "=")
	if f.value == none && !equals {
		return f, "", false, nil
	}
	text, given = strings.TrimPrefix(w.bundle, "="), w.bundle != ""
	w.bundle = ""
	return w.value(f, text, given)
}

// value completes a flag by its value: text if it was given in the same word, else the next word.
func (w *words) value(f *flag, text string, given bool) (*flag, string, bool, error) {
	switch {
	case f.value == none && given:
		return nil, "", false, w.unknown("option does not take an argument")
	case f.value == none || given:
		return f, text, given, nil
	case len(w.left) > 0 && (f.value == required || !strings.HasPrefix(w.left[0], "-")):
		return f, w.take(), true, nil
	case f.value == required:
		return nil, "", false, w.unknown("missing argument")
	}
	return f, "", false, nil
}

func long(name string) *flag {
	for i := range flags {
		if flags[i].long == name {
			return &flags[i]
		}
	}
	return nil
}

func short(c byte) *flag {
	for i := range flags {
		if flags[i].short == c && c != 0 {
			return &flags[i]
		}
	}
	return nil
}
