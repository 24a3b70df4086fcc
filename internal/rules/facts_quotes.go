package rules

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// nearby is how many words may stand between the name of an element and what a
// quote says of it. A sentence that names several parts rarely says it of one
// that stands further away.
const nearby = 14

// tells reports whether a quote that names n has one of the phrases close to the
// name and does not deny it. A phrase is lower case words, each of which stands
// for its inflections.
func (n *node) tells(phrases ...string) bool {
	for _, e := range n.Evidence {
		if e.Kind != stride.Quoted {
			continue
		}
		said := wordsIn(e.Quote)
		for _, phrase := range phrases {
			if at := said.find(strings.Fields(phrase)); at >= 0 && n.closeTo(said, at) {
				return true
			}
		}
	}
	return false
}

// find returns where the phrase begins, or -1 where it does not stand or is
// denied by one of the three words before it.
func (v vocabulary) find(phrase []string) int {
	for i := 0; i+len(phrase) <= len(v); i++ {
		same := true
		for j, stem := range phrase {
			same = same && strings.HasPrefix(v[i+j], stem)
		}
		if same && !slices.ContainsFunc(v[max(0, i-3):i], denies) {
			return i
		}
	}
	return -1
}

func denies(word string) bool {
	return slices.Contains([]string{"no", "not", "never", "without", "nor", "neither", "cannot"}, word)
}

// closeTo reports whether the name of n stands near the word at that place, and
// no other element's name nearer. A quote without its name speaks of n by pronoun.
func (n *node) closeTo(said vocabulary, at int) bool {
	own := n.distance(said, at)
	if own > nearby {
		return false
	}
	for _, other := range n.design.nodes {
		if other != n && !slices.Contains(other.words, said[at]) && other.distance(said, at) < own && len(other.quoted) > 0 && other.distance(said, at) != nearby {
			return false
		}
	}
	return true
}

// distance counts the words between a word of the name of n and the word at that
// place; nearby where the text does not have the name at all.
func (n *node) distance(said vocabulary, at int) int {
	best := -1
	for i, word := range said {
		if len(word) < 3 || !slices.Contains(n.words, word) {
			continue
		}
		gap := at - i
		if gap < 0 {
			gap = 2 - gap // what a sentence says of a part mostly follows its name
		}
		if best < 0 || gap < best {
			best = gap
		}
	}
	if best < 0 {
		return nearby
	}
	return best
}
