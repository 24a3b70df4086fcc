package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// setApart takes the part from every mention that says that another one of its kind
// is meant ("a second bucket"): what is said of that one is not said of the first.
// It runs once the parts and flows are read, before statements are given away.
func (x *extractor) setApart() {
	first := map[*element]string{} // the word that sets apart the part's first mention
	x.eachMention(func(s *sentence, j int) {
		m := &s.mentions[j]
		if m.elem == nil {
			return
		}
		if !m.elem.grounded() {
			if e := x.shownBy(s, m); e != nil {
				m.elem = e
			}
		}
		by := x.setsApart(s, m)
		if known, seen := first[m.elem]; !seen {
			first[m.elem] = by
		} else if by != "" && by != known && !slices.Contains(strings.Fields(m.elem.canon), by) {
			m.elem, m.lent = nil, true
		}
	})
}

// shownBy returns the product whose page or console the mention names, or nil: "the
// RabbitMQ management page" is RabbitMQ.
func (x *extractor) shownBy(s *sentence, m *mention) *element {
	switch gazetteer.Singular(s.tokens[m.to-1].lower) {
	case "page", "console", "ui", "dashboard", "panel", "interface", "screen", "frontend":
	default:
		return nil
	}
	words := strings.Fields(canon(x.phraseText(s, m)))
	entry, n := x.product(words)
	if n == 0 || n == len(words) || entry.Kind == stride.ExternalEntity {
		return nil
	}
	if e := x.reg.byName[strings.Join(words[:n], " ")]; e != nil && e.grounded() {
		return e
	}
	return nil
}

// setsApart returns the word by which the mention speaks of one more thing of its
// kind, or "". It stands in the phrase or before it: "a second private bucket".
func (x *extractor) setsApart(s *sentence, m *mention) string {
	const near = 3
	if w := s.tokens[m.from].lower; onemore(w) {
		return w
	}
	for i := m.from - 1; i >= 0 && i >= m.from-near; i-- {
		w := s.tokens[i].lower
		if onemore(w) {
			return w
		}
		if !s.tokens[i].word || x.preps[w] || x.dets[w] || x.verbOf(w) != 0 {
			return ""
		}
	}
	return ""
}

// onemore lists words for a thing beside the one that the text knows.
func onemore(w string) bool {
	switch w {
	case "second", "third", "another", "separate", "additional":
		return true
	}
	return false
}

// namesAnother reports whether the sentence speaks of a thing that was set apart
// from the parts of the text.
func (s *sentence) namesAnother() bool {
	return slices.ContainsFunc(s.mentions, func(m mention) bool {
		if m.elem != nil || !m.lent {
			return false
		}
		for _, t := range s.tokens[max(0, m.from-3):m.to] {
			if onemore(t.lower) {
				return true
			}
		}
		return false
	})
}

// readHolders remembers for each word which store, else which queue, a sentence names
// behind it first: "writes grades to MySQL" makes MySQL the holder of grades.
func (x *extractor) readHolders() {
	x.keeping = map[string]*element{}
	for i := range x.sentences {
		s := &x.sentences[i]
		from := 0
		for _, m := range s.mentions {
			if m.elem == nil || !m.elem.grounded() {
				continue
			}
			if m.elem.kind == stride.DataStore || m.elem.is("queue") {
				for _, t := range s.tokens[from:max(from, m.from)] {
					w := gazetteer.Singular(t.lower)
					if t.word && len(w) > 3 && !colourless(w) && !x.stop[w] && x.verbOf(t.lower) == 0 && x.keeping[w] == nil {
						x.keeping[w] = m.elem
					}
				}
			}
			from = max(from, m.to)
		}
	}
}

// holder returns who keeps the data that the sentence begins with, or nil: for what
// is said of data and not of a part.
func (x *extractor) holder(s *sentence, f finding) *element {
	if f.name != stride.DataMinimization && !onlyStores(f.name) {
		return nil
	}
	const few = 4
	var found *element
	for i := range s.tokens[:min(len(s.tokens), few)] {
		t := &s.tokens[i]
		if auxiliary(t.lower) || !t.word {
			break
		}
		if e := x.keeping[gazetteer.Singular(t.lower)]; e != nil && fits(f.name, e) {
			found = e // the last word of the phrase is its head
		}
	}
	return found
}

// bootedBy returns the device of which the sentence begins with a part that every
// device has, the nearest one, or nil: "The bootloader allows downgrades".
func (x *extractor) bootedBy(s *sentence, f finding) *element {
	const few = 3
	if !slices.ContainsFunc(s.tokens[:min(len(s.tokens), few)], func(t token) bool {
		return t.lower == "bootloader" || t.lower == "bootrom" || t.lower == "firmware"
	}) {
		return nil
	}
	var best *element
	for _, e := range x.reg.all {
		if e.grounded() && e.kind == stride.Process && e.is("device") && fits(f.name, e) &&
			(best == nil || e == x.topic || best != x.topic && distance(e, s) < distance(best, s)) {
			best = e
		}
	}
	return best
}
