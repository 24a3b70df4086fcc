package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// subjectIn returns the part that is the subject of the sentence's clause between
// the offsets, and whether the clause has a subject at all: a noun phrase before
// its first finite verb. What stands behind a preposition is no subject. A subject
// without a part is something that is none: a role, a kind of data, a firm.
func (x *extractor) subjectIn(s *sentence, from, to int) (part *element, has bool) {
	i, last := s.tokenAt(from), s.tokenAt(to)
	if i+2 < last && s.tokens[i].lower == "by" && s.tokens[i+1].lower == "default" {
		i += 2
	}
	if i < last && (x.preps[s.tokens[i].lower] || x.subordinate(s.tokens[i].lower)) {
		for i < last && s.tokens[i].text != "," {
			i++
		}
	}
	for i < last && !s.tokens[i].word {
		i++
	}
	if i >= last || existential(strings.ReplaceAll(s.tokens[i].lower, "’", "'")) || x.leadsWithVerb(s, i) {
		return nil, false
	}
	begin, head := i, true
	for ; i < last; i++ {
		t := &s.tokens[i]
		if i > begin && x.predicates(s, i) {
			return part, true
		}
		if t.text == ";" || t.text == ":" {
			return nil, false
		}
		if x.preps[t.lower] || !t.word {
			head = false
		}
		if j := s.mentionFrom(i); head && j >= 0 && s.mentions[j].elem != nil {
			part = s.mentions[j].elem
			i = s.mentions[j].to - 1
		}
	}
	return nil, false
}

// subordinate lists words that begin a clause before the main one.
func (x *extractor) subordinate(w string) bool {
	switch w {
	case "when", "if", "where", "while", "once", "after", "before", "because", "until", "as", "although", "though", "since":
		return true
	}
	return false
}

// leadsWithVerb reports whether token i begins a predicate whose subject is left
// out: "Holds a key for both sides".
func (x *extractor) leadsWithVerb(s *sentence, i int) bool {
	w := s.tokens[i].lower
	if strings.HasSuffix(w, "ed") {
		return i+1 >= len(s.tokens) || !s.tokens[i+1].word || x.preps[s.tokens[i+1].lower]
	}
	return strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && x.verbOf(w) != 0 && (i+1 >= len(s.tokens) || !auxiliary(s.tokens[i+1].lower))
}

// predicates reports whether the token at i, behind a noun, is the finite verb of
// its clause.
func (x *extractor) predicates(s *sentence, i int) bool {
	w := s.tokens[i].lower
	if auxiliary(w) {
		return true
	}
	if x.verbOf(w) == 0 || x.preps[s.tokens[i-1].lower] || x.dets[s.tokens[i-1].lower] || s.capital(i) ||
		strings.HasSuffix(w, "ing") || strings.HasSuffix(w, "ed") {
		return false
	}
	return strings.HasSuffix(w, "s") && !strings.HasSuffix(s.tokens[i-1].lower, "s") || strings.HasSuffix(s.tokens[i-1].lower, "s") && !strings.HasSuffix(w, "s")
}

// auxiliary lists verb forms that are no nouns.
func auxiliary(w string) bool {
	switch w {
	case "is", "are", "was", "were", "has", "have", "had", "can", "may", "must", "will", "do", "does", "cannot",
		"isn't", "aren't", "doesn't", "don't", "can't", "won't",
		"isn’t", "aren’t", "doesn’t", "don’t", "can’t", "won’t", "needs", "need", "gets", "get", "should", "could", "might":
		return true
	}
	return false
}

// mentionFrom returns the index of the mention that begins with token i, or -1.
func (s *sentence) mentionFrom(i int) int {
	return slices.IndexFunc(s.mentions, func(m mention) bool { return m.from == i && !m.denied })
}

// blockPart returns the part that the sentence's block is about by its label or by
// the heading above it, unless that is what the whole document is about, or nil.
func (x *extractor) blockPart(s *sentence) *element {
	if e, _ := x.label(s.block); e != nil && (s.block.kind == bullet || s.block.kind == paragraph) {
		return e
	}
	if e := sectionElement(x, s); e != nil && e != x.topic && s.block.section.parent != nil {
		return e
	}
	return nil
}

// firstSubject returns the part that is the subject of the first sentence of the
// block of sentence i, or nil.
func (x *extractor) firstSubject(i int) *element {
	const reach = 12
	b := x.sentences[i].block
	k := i
	for k > 0 && k > i-reach && x.sentences[k-1].block == b {
		k--
	}
	if k == i || x.sentences[k].start > b.start+4 {
		return nil
	}
	e, _ := x.subjectIn(&x.sentences[k], x.sentences[k].start, x.sentences[k].end)
	return e
}

// byPlace returns the part that a statement at the offset is about where its place
// says so: in the brackets behind a name, or in a block with a label, unless its
// clause has another part as its subject or speaks of one in passing.
func (x *extractor) byPlace(s *sentence, f finding, at int) *element {
	if e := s.bracketed(at); e != nil {
		return e
	}
	owner := x.blockPart(s)
	if owner == nil || f.state == stride.ControlPresent && !fits(f.name, owner) || !owner.grounded() ||
		owner.kind == stride.ExternalEntity && !isClient(owner.tags) {
		return nil
	}
	from, to := x.clauseAt(s, at)
	if subject, _ := x.subjectIn(s, from, to); subject != nil && subject != owner {
		return nil
	}
	for j := range s.mentions {
		m := &s.mentions[j]
		start := s.tokens[m.from].start
		if m.elem == nil || m.elem == owner || m.idle() || start < from || start >= to {
			continue
		}
		if start < from+2 && start <= at {
			return nil // "API Gateway throttling at the default rate"
		}
		inside := start <= at && s.tokens[m.to-1].end > at
		if inside || onlyStores(f.name) && fits(f.name, m.elem) || start < at && (s.accompanies(at) || s.relative(m.to, at)) {
			return nil
		}
	}
	return owner
}

// relative reports whether a relative clause begins between the token and the
// offset.
func (s *sentence) relative(i, at int) bool {
	for ; i < len(s.tokens) && s.tokens[i].start <= at; i++ {
		switch s.tokens[i].lower {
		case "which", "that", "who", "whose", "where":
			return true
		}
	}
	return false
}

// bracketed returns the part behind whose name the brackets stand that hold the
// offset, or nil: "Receipt log (not signed)".
func (s *sentence) bracketed(at int) *element {
	open := -1
	for i := range s.tokens {
		if s.tokens[i].start > at {
			break
		}
		switch s.tokens[i].text {
		case "(":
			open = i
		case ")":
			open = -1
		}
	}
	if open < 0 {
		return nil
	}
	for _, m := range s.mentions {
		if m.to == open && m.elem != nil && !m.idle() && m.elem.grounded() && (m.elem.kind != stride.ExternalEntity || isClient(m.elem.tags)) {
			return m.elem
		}
		if m.from > open && m.elem != nil && s.tokens[m.from].start <= at {
			return nil // the brackets speak of another part
		}
	}
	return nil
}

// incidental reports whether mention j stands behind the verb of a clause with
// another subject, after a preposition that leads to somebody else: "reachable from
// the company VPN", "write access for the printer".
func (x *extractor) incidental(s *sentence, j int) bool {
	m := &s.mentions[j]
	i := m.from - 1
	for i >= 0 && (x.dets[s.tokens[i].lower] || s.tokens[i].word && !x.preps[s.tokens[i].lower] && x.quality[s.tokens[i].lower]) {
		i--
	}
	if i < 1 {
		return false
	}
	before := s.tokens[i-1].lower
	if participle(before) || before == "left" {
		return false // "sent to the shop", "excluded from the shop"
	}
	switch s.tokens[i].lower {
	case "from", "via", "through", "with":
	case "for":
		if i+1 < len(s.tokens) && (s.tokens[i+1].lower == "all" || s.tokens[i+1].lower == "every") {
			return false // "the same for all brokers"
		}
	case "to":
		if x.preps[before] || x.verbOf(before) != 0 && before != "access" {
			return false // "sign in to the shop"
		}
	default:
		return false
	}
	for k := i - 1; k > 0; k-- {
		if s.tokens[k].text == ";" {
			return false
		}
		if x.predicates(s, k) {
			return x.verbOf(s.tokens[k].lower) != receive || s.tokens[i].lower != "from"
		}
	}
	return false
}

// nextStatement returns the offset at which the sentence goes on to say something else of
// its subject, behind mention j: " and has a shared login",
// ", paired with the till", or its end.
func (x *extractor) nextStatement(s *sentence, j int) int {
	m := &s.mentions[j]
	if !x.incidental(s, j) {
		return s.end
	}
	for i := m.to; i+1 < len(s.tokens); i++ {
		t, after := &s.tokens[i], s.tokens[i+1].lower
		if t.lower == "and" && finite(after) || t.text == "," && participle(after) {
			return t.start
		}
		if s.tokens[i].word && i < m.to+2 || s.tokens[i].text == "," {
			continue
		}
		break
	}
	return s.end
}

// sessionKeeper returns the one part that signs users in, for what is said of
// tokens and sessions without a part.
func (x *extractor) sessionKeeper(s *sentence, name stride.ControlName) *element {
	if name != stride.SessionManagement || !slices.ContainsFunc(s.tokens, func(t token) bool {
		w := gazetteer.Singular(t.lower)
		return w == "session" || w == "token" || w == "cookie"
	}) {
		return nil
	}
	var hit *element
	for _, e := range x.reg.all {
		if e.is("identity_provider") && e.grounded() {
			if hit != nil {
				return nil
			}
			hit = e
		}
	}
	return hit
}
