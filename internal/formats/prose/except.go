package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// past reports whether a sentence in lower case speaks of what was.
func past(lower string) bool {
	if strings.HasPrefix(lower, "previously") || strings.HasPrefix(lower, "formerly") {
		return true
	}
	return slices.ContainsFunc([]string{" until ", " used to be ", " previously ", " formerly ", " in the past", " before the migration", " only in production"},
		func(p string) bool { return strings.Contains(lower, p) })
}

// excepted returns the parts that the sentence takes out of what it says: those
// behind "except" ("All stores are encrypted except MySQL") and those of a last
// clause that only denies ("A is encrypted but B is not").
func (x *extractor) excepted(s *sentence) []*element {
	from, to := len(s.tokens), len(s.tokens)
	for i := range s.tokens {
		switch t := &s.tokens[i]; {
		case t.lower == "except" || t.lower == "excluding" || t.lower == "apart" && i+1 < len(s.tokens) && s.tokens[i+1].lower == "from":
			from = i
			for to = i + 1; to < len(s.tokens) && s.tokens[to].text != "," && s.tokens[to].text != ";"; to++ {
			}
		case (t.lower == "but" || t.lower == "while" || t.text == ";") && s.endsInDenial():
			from, to = i, len(s.tokens)
		}
	}
	var out []*element
	for _, m := range s.mentions {
		if m.elem != nil && m.from > from && m.from < to && !slices.Contains(out, m.elem) {
			out = append(out, m.elem)
		}
	}
	return out
}

// endsInDenial reports whether the sentence ends with "is not" or the like.
func (s *sentence) endsInDenial() bool {
	n := len(s.tokens)
	for n > 0 && !s.tokens[n-1].word {
		n--
	}
	if n < 2 || s.tokens[n-1].lower != "not" {
		return n > 0 && (s.tokens[n-1].lower == "isn't" || s.tokens[n-1].lower == "aren't" || s.tokens[n-1].lower == "doesn't")
	}
	switch s.tokens[n-2].lower {
	case "is", "are", "does", "do", "has", "have":
		return true
	}
	return false
}

// deny says of the spared parts, and of the flows between them, that they lack
// what the rest has.
func (x *extractor) deny(f finding, spared []*element, ev stride.Evidence) {
	absent := finding{name: f.name, state: stride.ControlAbsent, at: f.at}
	for _, e := range spared {
		if fits(f.name, e) && !ofConnections(f.name) {
			e.setControl(absent, ev)
		}
	}
	if !ofConnections(f.name) {
		return
	}
	for _, fl := range x.flows {
		if sparedFlow(fl, spared) {
			setControl(fl.controls, absent, ev)
		}
	}
}

// sparedFlow reports whether a flow runs between spared parts, or touches the
// only one.
func sparedFlow(fl *flow, spared []*element) bool {
	if len(spared) == 1 {
		return fl.to == spared[0] || fl.from == spared[0]
	}
	return slices.Contains(spared, fl.from) && slices.Contains(spared, fl.to)
}
