package judge

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

const (
	slack     = 2  // seconds that an entry's time may differ by
	lateSlack = 17 // and that of one whose timer the kernel fires late: its timer wheel rounds up so far
)

// unknown is an entry whose time is not one.
const unknown = -1

// key is an entry's words without its time, between blanks.
type key string

// loose is the entry whatever its state: words of letters only are left out.
func (k key) loose() string {
	words := strings.Fields(string(k))
	kept := words[:1]
	for _, w := range words[1:] {
		if strings.ContainsFunc(w, func(r rune) bool { return !unicode.IsLetter(r) }) {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

var protocols = []string{"TCP", "UDP", "SCTP", "IP", "ICMP", "AH", "ESP"}

// entries compares two listings of connections.
func (t *trial) entries(name string, want, got []string) (found []string) {
	kernel, here := rows(name, want), rows(name, got)
	for k, times := range kernel {
		if slices.Contains(times, 0) {
			t.late[k.loose()] = true
		}
	}
	all := slices.Sorted(maps.Keys(kernel))
	for k := range here {
		if kernel[k] == nil {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	for _, k := range all {
		if !t.agree(k, kernel[k], here[k]) {
			found = append(found, fmt.Sprintf("%s: kernel %s, here %s", k, times(kernel[k]), times(here[k])))
		}
	}
	return found
}

// agree compares the times of one entry, or of several that look the same.
func (t *trial) agree(k key, kernel, here []int) bool {
	if slices.Contains(kernel, unknown) || slices.Contains(here, unknown) {
		return slices.Equal(kernel, here)
	}
	allowed := slack
	if t.late[k.loose()] {
		allowed = lateSlack
		if len(here) == 0 && slices.Max(kernel) <= lateSlack {
			return true // fired late there, on time here
		}
	}
	if len(kernel) != len(here) {
		return false
	}
	slices.Sort(kernel)
	slices.Sort(here)
	for i := range kernel {
		if max(kernel[i]-here[i], here[i]-kernel[i]) > allowed {
			return false
		}
	}
	return true
}

// rows gives the seconds left of every entry. ipvsadm's columns are "pro expire state …", those of /proc/net/ip_vs_conn
// "Pro FromIP FPrt ToIP TPrt DestIP DPrt State Expires …", of ip_vs_conn_sync with Origin before Expires.
func rows(name string, text []string) map[key][]int {
	entries := map[key][]int{}
	for _, l := range text {
		words := strings.Fields(l)
		if len(words) == 0 || !slices.Contains(protocols, words[0]) {
			continue
		}
		at := 1
		if name != "Lnc" && name != "Lncp" {
			at = 8
			if len(words) > 8 && (words[8] == "LOCAL" || words[8] == "SYNC") {
				at = 9
			}
		}
		if len(words) <= at {
			continue
		}
		left := secondsLeft(words[at])
		k := key(strings.Join(slices.Delete(words, at, at+1), " "))
		entries[k] = append(entries[k], left)
	}
	return entries
}

var clockTime = regexp.MustCompile(`^(\d+):(\d\d)$`)

// secondsLeft reads 59 and 14:59.
func secondsLeft(word string) int {
	if m := clockTime.FindStringSubmatch(word); m != nil {
		minutes, err1 := strconv.Atoi(m[1])
		seconds, err2 := strconv.Atoi(m[2])
		if err1 == nil && err2 == nil {
			return minutes*60 + seconds
		}
	}
	if n, err := strconv.ParseUint(word, 10, 31); err == nil {
		return int(n)
	}
	return unknown
}

// times as they are shown.
func times(seconds []int) string {
	if len(seconds) == 0 {
		return "absent"
	}
	return strings.ReplaceAll(fmt.Sprint(seconds), strconv.Itoa(unknown), "no time")
}
