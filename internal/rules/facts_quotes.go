package rules

import (
	"maps"
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// nearby is how many words may stand between the name of an element and what a
// quote says of it. A sentence that names several parts rarely says it of one
// that stands further away.
const nearby = 14

// tellingQuote returns the first quote about n that has one of the phrases close to
// the name and does not deny it. A phrase is lower case words, each of which stands
// for its inflections.
func (n *node) tellingQuote(phrases []string) (stride.Evidence, bool) {
	if len(n.quotes) == 0 {
		return stride.Evidence{}, false
	}
	return n.quoteWith(splitPhrases(phrases))
}

// entries marks the quotes that stand under the name of another part: what the entry
// "Worker: takes orders from the shop, decrypts them" says is said of the worker. What
// is said of people holds of what they use.
func (d *design) entries() {
	named := make(map[string]*node, len(d.nodes))
	for _, n := range d.nodes {
		named[strings.ToLower(n.Name)] = n
	}
	for _, n := range d.nodes {
		n.foreign = make([]bool, len(n.quotes))
		for i, q := range n.quotes {
			head, _, listed := strings.Cut(q.Quote, ":")
			owner := named[strings.ToLower(strings.Trim(head, "-*` "))]
			n.foreign[i] = listed && owner != nil && owner != n && !owner.person() && !owner.is("human")
		}
	}
}

// namesOther reports whether the phrase is the name of another part of the system,
// which the sentence mentions and does not describe.
func (n *node) namesOther(phrase []string) bool {
	return slices.ContainsFunc(n.design.nodes, func(other *node) bool {
		return other != n && !other.person() && len(other.words) > 0 && len(other.words) <= len(phrase) && len(phrase) > 1 && other.words.find(phrase) == 0
	})
}

func splitPhrases(phrases []string) [][]string {
	split := make([][]string, len(phrases))
	for i, phrase := range phrases {
		split[i] = strings.Fields(phrase)
	}
	return split
}

// quoteWith is tellingQuote for phrases that are split into words.
func (n *node) quoteWith(phrases [][]string) (stride.Evidence, bool) {
	for i, said := range n.said {
		if n.foreign[i] {
			continue
		}
		for _, phrase := range phrases {
			if at := said.find(phrase); at >= 0 && n.closeTo(said, at) && !n.namesOther(phrase) {
				return n.quotes[i], true
			}
		}
	}
	return stride.Evidence{}, false
}

// telling makes the quote that has one of the phrases the reason of a rule.
func telling(phrases ...string) func(*node) (stride.Evidence, bool) {
	split := splitPhrases(phrases)
	return func(n *node) (stride.Evidence, bool) { return n.quoteWith(split) }
}

// tellingOfAll is telling for the heart of the design, of which any quote may speak.
func tellingOfAll(phrases ...string) func(*node) (stride.Evidence, bool) {
	split := splitPhrases(phrases)
	return func(n *node) (stride.Evidence, bool) {
		if n.ID != n.design.center {
			return stride.Evidence{}, false
		}
		if quote, ok := n.quoteWith(split); ok {
			return quote, true
		}
		for _, other := range n.design.nodes {
			for i, said := range other.said {
				if len(said) >= leastTelling && !other.foreign[i] && slices.ContainsFunc(split, func(p []string) bool { return said.find(p) >= 0 }) {
					return other.quotes[i], true
				}
			}
		}
		return stride.Evidence{}, false
	}
}

// leastTelling is how many words a quote has that tells a fact; headings and names
// tell none.
const leastTelling = 5

// mentioning makes the first quote about the element that has a word with one of
// the stems the reason of a rule; see told for what such a quote is worth.
func mentioning(stems ...string) func(*node) (stride.Evidence, bool) {
	return func(n *node) (stride.Evidence, bool) {
		for i, said := range n.said {
			if len(said) >= leastTelling && said.holds(stems...) {
				return n.quotes[i], true
			}
		}
		return stride.Evidence{}, false
	}
}

// drawn reports whether the source states the flow as such, in a drawing or a list of
// flows. What is read out of running text may be a remark.
func (e *edge) drawn() bool {
	const longest = 160 // bytes
	return !slices.ContainsFunc(e.Evidence, func(q stride.Evidence) bool { return q.Kind == stride.Quoted }) ||
		slices.ContainsFunc(e.Evidence, func(q stride.Evidence) bool {
			if q.Kind != stride.Quoted || len(q.Quote) > longest {
				return false
			}
			return slices.ContainsFunc([]string{"->", "→", "|", " to ", " sends ", "↔"}, func(sign string) bool { return strings.Contains(q.Quote, sign) })
		})
}

// quotesOf returns the quotes that name the element, and after them those by which
// the source speaks of its controls, in the order of the controls' names.
func quotesOf(e *stride.Element) []stride.Evidence {
	var out []stride.Evidence
	add := func(evidence []stride.Evidence) {
		for _, q := range evidence {
			if q.Kind == stride.Quoted && !slices.ContainsFunc(out, func(have stride.Evidence) bool { return have.Quote == q.Quote }) {
				out = append(out, q)
			}
		}
	}
	add(e.Evidence)
	for _, name := range slices.Sorted(maps.Keys(e.Controls)) {
		add(e.Controls[name].Evidence)
	}
	return out
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
		if other == n || len(other.quoted) == 0 || slices.Contains(other.words, said[at]) {
			continue
		}
		theirs := other.distance(said, at)
		if theirs != nearby && (theirs < own || theirs == own && other.nameBefore(said, at) > n.nameBefore(said, at)) {
			return false
		}
	}
	return true
}

// nameBefore counts the words of the name of n among the few before that place: of
// two names with a word in common, the one that stands there in full is meant.
func (n *node) nameBefore(said vocabulary, at int) int {
	name := wordsIn(n.Name)
	count := 0
	for _, word := range said[max(0, at-len(name)-1):at] {
		if slices.Contains(name, word) {
			count++
		}
	}
	return count
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
