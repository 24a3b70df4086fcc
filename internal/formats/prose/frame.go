package prose

import (
	"github.com/threatdraft/threatdraft/internal/stride"
	"slices"
	"strings"
)

// frame is the clause that is being read: who does what, and to whom.
type frame struct {
	subjects []*element
	classes  []verbClass
	passive  bool
	prep     string
	governs  string     // the preposition of the object before
	latest   *element   // the object before
	reached  string     // the preposition that led to it
	direct   []*element // objects without a preposition
	placed   bool       // a preposition named an object of this verb
	verbAt   int
	head     *element // the part before "that", until the relative clause shows what it is
	back     *element // the part before "which", while its clause is about another
	object   *element // the part before "that" that its clause acts on
	causes   bool     // the verb makes its object act: "lets customers pay"
	opening  bool     // the sentence begins with a subordinate clause
	via      *element // the part through which what follows goes
	goal     *element // where something that is no part is sent, until its sender is named
}

// frameFlows reads flows out of sentences: "X uploads Y to Z over P", "is read
// by", with several subjects and objects, and "it" for the subject before.
func (x *extractor) frameFlows() {
	var last *element
	for i := range x.sentences {
		s := &x.sentences[i]
		if s.block.declared && s.block.kind != paragraph && x.statesFlow(s) || s.block.kind == heading || s.beyond() {
			last = nil
			continue
		}
		if i > 0 && x.sentences[i-1].block != s.block && s.block.kind == paragraph {
			last = sectionElement(x, s)
		}
		if first := x.readFrames(s, last); first != nil {
			last = first
		}
	}
}

// statesFlow reports whether the block was read as a stated flow.
func (x *extractor) statesFlow(s *sentence) bool {
	if s.block.end-s.block.start > 600 {
		return false
	}
	return s.block.section.role == roleFlows || strings.ContainsAny(s.block.textOf(x.text), "→⟶➔") || strings.Contains(s.block.textOf(x.text), "->")
}

// keeps reports whether the word makes a verb such as "has" or "keeps" speak of
// a connection.
func (f *frame) keeps(s *sentence, w string) bool {
	if len(f.classes) != 1 || f.passive || f.prep != "" || f.verbAt >= len(s.tokens) {
		return false
	}
	switch strings.TrimSuffix(s.tokens[f.verbAt].lower, "s") {
	case "keep", "have", "ha", "hold", "maintain", "open", "establishe", "establish", "build", "initiate", "make":
	default:
		return false
	}
	switch w {
	case "session", "sessions", "links", "tunnels", "connection", "connections", "link", "tunnel", "subscription", "socket", "websocket", "channel", "uplink":
		for _, e := range f.subjects {
			e.acts = true
		}
		return true
	}
	return false
}

// carrier reports whether the phrase is what something goes over rather than
// where it goes: a protocol, a bus or a radio behind "over", "with" or "by".
func (x *extractor) carrier(s *sentence, f *frame, m mention) bool {
	switch f.prep {
	case "over", "with", "by", "using", "via", "through":
	default:
		return false
	}
	if m.to == m.from+1 && x.protos[s.tokens[m.from].lower] {
		return true
	}
	return slices.ContainsFunc(m.elem.tags, func(t stride.Tag) bool { return t == "field_bus" || t == "wireless" })
}

// readFrames walks the tokens once and returns the sentence's subject.
func (x *extractor) readFrames(s *sentence, last *element) *element {
	var first *element
	f, outer := frame{}, []frame{}
	if it := x.understood(s); it != nil {
		f.subjects, first = []*element{it}, it
	}
	next := 0
	for i := 0; i < len(s.tokens); i++ {
		if next < len(s.mentions) && s.mentions[next].from == i {
			m := s.mentions[next]
			next++
			i = m.to - 1
			if f.keeps(s, s.tokens[m.to-1].lower) {
				f.classes = []verbClass{contact} // "keeps a session to X"
				continue
			}
			if m.elem != nil {
				if first == nil {
					first = m.elem
				}
				if len(f.classes) > 0 && x.turns(s, next-1) {
					x.flushDirect(s, &f)
					f = frame{} // "..., and the API writes": a clause of its own
				}
				x.frameMention(s, &f, m)
			}
			continue
		}
		switch t := &s.tokens[i]; {
		case t.text == "(":
			outer = append(outer, f)
			f = frame{subjects: s.partBefore(i)}
		case t.text == ")" && len(outer) > 0:
			x.flushDirect(s, &f)
			f, outer = outer[len(outer)-1], outer[:len(outer)-1]
		case t.text == "," && f.back != nil && x.resumes(s, i+1):
			x.flushDirect(s, &f)
			f = frame{subjects: []*element{f.back}} // "the desk, which clerks use, reads X"
		case !t.word:
			x.framePunct(s, &f, t)
		case t.lower == "it" || t.lower == "they":
			if first == nil {
				first = last
			}
			if first != nil && len(f.classes) == 0 && len(f.subjects) == 0 && !(i > 0 && s.tokens[i-1].lower == "before") {
				f.subjects = []*element{first}
			}
		default:
			x.frameWord(s, &f, i)
		}
	}
	x.flushDirect(s, &f)
	return first
}

// frameWord reads one word that is neither a part nor a pronoun.
func (x *extractor) frameWord(s *sentence, f *frame, i int) {
	t := &s.tokens[i]
	switch {
	case (t.lower == "which" || t.lower == "that" || t.lower == "who") && i > 0:
		x.flushDirect(s, f)
		f.relative(s, i)
	case t.lower == "and" && i > 0 && x.protos[s.tokens[i-1].lower]:
		f.prep = f.governs // "to A over HTTPS and B over MQTT"
	case t.lower == "then" && f.latest != nil && i+1 < len(s.tokens) && (s.tokens[i+1].lower == "to" || s.tokens[i+1].lower == "into"):
		x.flushDirect(s, f)
		f.subjects = []*element{f.latest} // "goes to A, then to B"
	case subordinates(t.lower), t.lower == "before" && i+1 < len(s.tokens) && pronoun(s.tokens[i+1].lower):
		x.flushDirect(s, f)
		*f = frame{opening: i == 0}
	case t.lower == "of" && len(f.classes) == 0 && i > 0 && partitive(s.tokens[i-1].lower):
	case x.preps[t.lower] || t.lower == "as":
		f.preposition(t.lower)
	case f.keeps(s, t.lower):
		f.classes = []verbClass{contact}
	case t.lower == "there" && f.prep == "from" && f.latest != nil:
		x.flushDirect(s, f)
		f.subjects, f.direct, f.prep, f.via = []*element{f.latest}, nil, "", nil // "to A and from there to B"
	default:
		x.frameVerb(s, f, i)
	}
}

// partitive lists the words before "of" that only count what follows: "some of our
// customers".
func partitive(w string) bool {
	switch w {
	case "some", "many", "most", "all", "one", "each", "any", "several", "few", "both", "none", "two", "three":
		return true
	}
	return false
}

// resumes reports whether a verb of the main clause stands at token i: "..., reads".
func (x *extractor) resumes(s *sentence, i int) bool {
	if i >= len(s.tokens) || !s.tokens[i].word {
		return false
	}
	w := s.tokens[i].lower
	return w == "is" || w == "are" || strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && x.verbOf(w) != 0
}

// turns reports whether mention j begins a clause of its own: behind "and" or a
// comma, before an active verb.
func (x *extractor) turns(s *sentence, j int) bool {
	i := s.mentions[j].from - 1
	for i > 0 && x.dets[s.tokens[i].lower] {
		i--
	}
	if i <= 0 || s.tokens[i].lower != "and" && s.tokens[i].text != "," && s.tokens[i].lower != "then" {
		return false
	}
	return x.opensClause(s, j) && !nounToo(strings.TrimSuffix(s.tokens[s.mentions[j].to].lower, "s"))
}

// partBefore returns the part whose name ends before token i, or nothing.
func (s *sentence) partBefore(i int) []*element {
	for _, m := range s.mentions {
		if m.elem != nil && m.to == i {
			return []*element{m.elem}
		}
	}
	return nil
}

// relative makes the part before "which" the subject of what follows. Where
// something else stands there, the clause is about that.
func (f *frame) relative(s *sentence, i int) {
	before := s.partBefore(i)
	if before == nil && !s.tokens[i-1].word {
		before = s.partBefore(i - 1)
	}
	*f = frame{subjects: before}
	if before != nil {
		f.head = before[0]
	}
}

// preposition opens what a preposition governs. In "keys for access to X" the
// second one belongs to the noun, not to the verb.
func (f *frame) preposition(w string) {
	if f.prep == "for" && w == "to" {
		return
	}
	f.prep = w
}

// subordinates reports whether a word opens a clause with a subject of its own.
func subordinates(w string) bool {
	switch w {
	case "when", "while", "if", "because", "so", "where", "once", "until", "since", "unless", "whereas", "whenever", "although", "though":
		return true
	}
	return false
}

func (x *extractor) framePunct(s *sentence, f *frame, t *token) {
	switch t.text {
	case ",":
		switch {
		case f.opening:
			x.flushDirect(s, f)
			*f = frame{}
		case len(f.classes) == 0 || f.prep == "for":
			f.prep = ""
		}
	case ";":
		x.flushDirect(s, f)
		*f = frame{subjects: x.itemPart(s)}
	case "|":
		x.flushDirect(s, f)
		*f = frame{subjects: s.rowPart()}
	case ":":
		x.flushDirect(s, f)
		f.classes, f.prep, f.passive, f.placed = nil, "", false, false
	}
}

// frameVerb opens a verb, or adds one ("reads and writes").
func (x *extractor) frameVerb(s *sentence, f *frame, i int) {
	w := s.tokens[i].lower
	class := x.verbOf(w)
	if (w == "sign" || w == "signs") && i+1 < len(s.tokens) && s.tokens[i+1].lower == "in" {
		class = contact // "sign in with the directory"
	}
	if text := s.tokens[i].text; class == 0 || text == strings.ToUpper(text) || !x.inVerbPlace(s, f, i) {
		return
	}
	passive := participle(w) && x.afterBe(s, i)
	if participle(w) && !passive && i > 0 && s.tokens[i-1].text == "," && len(f.classes) > 0 && f.classes[0] == plain {
		return // "holds codes, registered clients and keys"
	}
	if participle(w) && !passive && i+1 < len(s.tokens) && x.preps[s.tokens[i+1].lower] {
		// "the key stored in X": about the noun before it, if that is a part
		if i > 1 && s.tokens[i-1].text == ":" && len(f.subjects) > 0 { // "Web vault: served by the same container"
			x.openVerb(s, f, i, class, true)
			return
		}
		if passive = s.partBefore(i) != nil; !passive {
			return
		}
		x.flushDirect(s, f)
		*f = frame{subjects: s.partBefore(i)}
	}
	if prev := s.tokens[max(0, i-1)].lower; prev == "and" || prev == "or" || prev == "/" {
		if i == f.verbAt+2 && len(f.classes) > 0 && len(f.direct) == 0 && !f.placed {
			f.classes = append(f.classes, class)
			f.verbAt = i
			return
		}
	}
	x.openVerb(s, f, i, class, passive)
}

// openVerb ends the verb before and begins the one at token i.
func (x *extractor) openVerb(s *sentence, f *frame, i int, class verbClass, passive bool) {
	x.flushDirect(s, f)
	if acting := s.partBefore(i); i > 0 && f.causes && len(f.classes) > 0 && (acting != nil || s.tokens[i-1].lower == "to" && s.partBefore(i-1) != nil) {
		if acting == nil {
			acting = s.partBefore(i - 1)
		}
		f.subjects = acting
	}
	f.causes = class == plain && makesAct(s.tokens[i].lower)
	f.classes, f.passive, f.prep, f.placed, f.verbAt, f.head, f.via, f.goal = []verbClass{class}, passive, "", false, i, nil, nil, nil
	if class != plain {
		for _, e := range f.subjects {
			e.acts = true
		}
	}
	if f.object != nil && class != plain {
		f.direct = append(f.direct, f.object)
	}
	f.object = nil
}

// makesAct recognises verbs whose object does what follows.
func makesAct(w string) bool {
	for _, stem := range []string{"let", "allow", "enabl", "permit", "help"} {
		if strings.HasPrefix(w, stem) {
			return true
		}
	}
	return false
}

// participle reports whether the form may be a passive one.
func participle(w string) bool {
	switch w {
	case "sent", "read", "written", "kept", "put", "held", "built", "taken":
		return true
	}
	return strings.HasSuffix(w, "ed")
}

// inVerbPlace refuses nouns that look like verbs: after an article, an
// adjective or a preposition other than "to".
func (x *extractor) inVerbPlace(s *sentence, f *frame, i int) bool {
	if i == 0 {
		return len(f.subjects) > 0 && strings.HasSuffix(s.tokens[0].lower, "s")
	}
	prev := s.tokens[i-1].lower
	if x.dets[prev] && prev != "that" || x.quality[prev] {
		return false
	}
	if strings.HasSuffix(prev, "ly") && i > 1 && x.dets[s.tokens[i-2].lower] {
		return false // "the previously used X"
	}
	if w := s.tokens[i].lower; (w == "gets" || w == "get") && i+1 < len(s.tokens) && participle(s.tokens[i+1].lower) {
		return false
	}
	if x.preps[prev] && prev != "to" && !strings.HasSuffix(s.tokens[i].lower, "ing") {
		return false
	}
	if prev == "to" && f.prep == "to" && strings.HasSuffix(s.tokens[i].lower, "s") {
		return false
	}
	return len(f.subjects) > 0 || x.afterBe(s, i)
}

func (x *extractor) afterBe(s *sentence, i int) bool {
	for j := i - 1; j >= 0 && j >= i-3; j-- {
		switch w := s.tokens[j].lower; w {
		case "is", "are", "be", "been", "being", "was", "were", "gets", "get":
			return true
		case "not", "also", "then", "only", "never", "and":
		default:
			if !strings.HasSuffix(w, "ly") && !strings.HasSuffix(w, "ed") {
				return false
			}
		}
	}
	return false
}

func (x *extractor) frameMention(s *sentence, f *frame, m mention) {
	e := m.elem
	if len(f.classes) == 0 {
		joined := m.from > 0 && (s.tokens[m.from-1].lower == "and" || s.tokens[m.from-1].text == "," || s.tokens[m.from-1].lower == "or")
		if m.from > 1 && x.dets[s.tokens[m.from-1].lower] {
			joined = s.tokens[m.from-2].lower == "and" || s.tokens[m.from-2].text == ","
		}
		switch {
		case f.head != nil && f.prep == "": // "the app that customers use"
			f.object, f.back, f.head, f.subjects = f.head, f.head, nil, []*element{e}
		case f.prep == "from" && len(f.subjects) == 0 && e.kind != stride.DataStore: // "readings from the meters go to"
			f.subjects = []*element{e}
		case f.prep != "": // "the admin of the shop": the head stays
		case joined:
			f.subjects = append(f.subjects, e)
		default:
			f.subjects = []*element{e}
		}
		return
	}
	if x.carrier(s, f, m) {
		return // "over MQTT", "with DNP3": how, not where
	}
	f.governs = f.prep
	for _, class := range f.classes {
		x.relate(s, f, class, e)
	}
	f.latest, f.reached = e, f.prep
}
