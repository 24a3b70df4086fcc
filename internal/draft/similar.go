package draft

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// alike is from which share of common words on two statements say the same.
const alike = 0.55

// similar reports whether two proposals raise the same: one category, a common
// target, and mostly the same words but for the names of the targets.
func similar(p, q stride.Proposal) bool {
	if p.Category != q.Category || !shareTarget(p, q) {
		return false
	}
	names := nameWords(append(slices.Clone(p.Targets), q.Targets...)...)
	title := overlap(contentOf(p.Title, names), contentOf(q.Title, names))
	if title >= alike {
		return true
	}
	return title > 0 && overlap(contentOf(p.Title+" "+p.Statement, names), contentOf(q.Title+" "+q.Statement, names)) >= alike
}

// akin is from which share of common words a threat with a mechanism takes the
// place of a guess.
const akin = 0.3

// answersGuess reports whether p says by which mechanism what a candidate only
// guesses happens: one category and a common target, and some of the same words.
func answersGuess(guess, p stride.Proposal) bool {
	if guess.Category != p.Category || !shareTarget(guess, p) {
		return false
	}
	names := nameWords(append(slices.Clone(p.Targets), guess.Targets...)...)
	return overlap(contentOf(p.Title+" "+p.Statement, names), contentOf(guess.Title+" "+guess.Statement, names)) >= akin
}

func shareTarget(p, q stride.Proposal) bool {
	return slices.ContainsFunc(p.TargetIDs, func(k stride.Key) bool { return slices.Contains(q.TargetIDs, k) })
}

// contentOf returns the stems of the words that carry meaning, without those of names.
func contentOf(text string, names []string) map[string]bool {
	out := map[string]bool{}
	for _, w := range nameWords(text) {
		if len(w) > 3 && !slices.Contains(names, w) && !slices.Contains(common, w) {
			out[stem(w)] = true
		}
	}
	return out
}

// common are words of most threats, which tell none from another.
var common = strings.Fields("attacker because causing could from into with that their them they this which whose what when where through over " +
	"without against other someone somebody anybody anyone user users data system stated have been being then also than")

// overlap returns the common share of the smaller set, 0 where one is empty.
func overlap(a, b map[string]bool) float64 {
	n := 0
	for w := range a {
		if b[w] {
			n++
		}
	}
	least := min(len(a), len(b))
	if least == 0 {
		return 0
	}
	return float64(n) / float64(least)
}
