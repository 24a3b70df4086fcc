package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// frame is the clause that is being read: who does what, and to whom.
type frame struct {
	subjects []*element
	classes  []verbClass
	passive  bool
	prep     string
	direct   []*element // objects without a preposition
	placed   bool       // a preposition named an object of this verb
	verbAt   int
	head     *element // the part before "that", until the relative clause shows what it is
	object   *element // the part before "that" that its clause acts on
	causes   bool     // the verb makes its object act: "lets customers pay"
	opening  bool     // the sentence begins with a subordinate clause
}

// frameFlows reads flows out of sentences: "X uploads Y to Z over P", "is read
// by", with several subjects and objects, and "it" for the subject before.
func (x *extractor) frameFlows() {
	var last *element
	for i := range x.sentences {
		s := &x.sentences[i]
		if s.block.declared && s.block.kind != paragraph && x.statesFlow(s) || s.block.kind == heading {
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

// sectionElement is the part that the heading above the sentence names.
func sectionElement(x *extractor, s *sentence) *element {
	if s.block.section.title == "" {
		return nil
	}
	return x.reg.byName[canon(s.block.section.title)]
}

// readFrames walks the tokens once and returns the sentence's subject.
func (x *extractor) readFrames(s *sentence, last *element) *element {
	var first *element
	f, outer := frame{}, []frame{}
	if it := parseItemSubject(x, s); it != nil {
		f.subjects, first = []*element{it}, it
	}
	next := 0
	for i := 0; i < len(s.tokens); i++ {
		if next < len(s.mentions) && s.mentions[next].from == i {
			m := s.mentions[next]
			next++
			i = m.to - 1
			if m.elem != nil {
				if first == nil {
					first = m.elem
				}
				x.frameMention(s, &f, m)
			}
			continue
		}
		t := &s.tokens[i]
		switch {
		case t.text == "(":
			outer = append(outer, f)
			f = frame{subjects: s.partBefore(i)}
		case t.text == ")" && len(outer) > 0:
			x.flushDirect(s, &f)
			f, outer = outer[len(outer)-1], outer[:len(outer)-1]
		case !t.word:
			x.framePunct(s, &f, t)
		case t.lower == "it" || t.lower == "they":
			if first == nil {
				first = last
			}
			if first != nil && len(f.classes) == 0 && len(f.subjects) == 0 {
				f.subjects = []*element{first}
			}
		case (t.lower == "which" || t.lower == "that" || t.lower == "who") && i > 0:
			x.flushDirect(s, &f)
			f.relative(s, i)
		case subordinates(t.lower):
			x.flushDirect(s, &f)
			f = frame{opening: i == 0}
		case x.preps[t.lower] || t.lower == "as":
			f.preposition(t.lower)
		default:
			x.frameVerb(s, &f, i)
		}
	}
	x.flushDirect(s, &f)
	return first
}

// parseItemSubject reads "- Web Server [Zone]: Serves pages": the item's name
// is the subject of what follows.
func parseItemSubject(x *extractor, s *sentence) *element {
	if s.block.kind != bullet || s.start == s.block.start {
		return nil
	}
	text := x.text[s.block.start:min(s.block.end, s.block.start+120)]
	loc := nameEnd(text)
	if loc == nil {
		return nil
	}
	return x.reg.byName[canon(strings.Trim(text[:loc[0]], "*`_\" "))]
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
		*f = frame{}
	case ":":
		x.flushDirect(s, f)
		f.classes, f.prep, f.passive, f.placed = nil, "", false, false
	}
}

// frameVerb opens a verb, or adds one ("reads and writes").
func (x *extractor) frameVerb(s *sentence, f *frame, i int) {
	w := s.tokens[i].lower
	class := x.verbOf(w)
	if text := s.tokens[i].text; class == 0 || text == strings.ToUpper(text) || !x.inVerbPlace(s, f, i) {
		return
	}
	passive := participle(w) && x.afterBe(s, i)
	if participle(w) && !passive && i+1 < len(s.tokens) && x.preps[s.tokens[i+1].lower] {
		// "the key stored in X": about the noun before it, if that is a part
		if passive = s.partBefore(i) != nil; !passive {
			return
		}
		x.flushDirect(s, f)
		*f = frame{subjects: s.partBefore(i)}
	}
	if prev := s.tokens[i-1].lower; prev == "and" || prev == "or" || prev == "/" {
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
	if acting := s.partBefore(i); f.causes && len(f.classes) > 0 && (acting != nil || s.tokens[i-1].lower == "to" && s.partBefore(i-1) != nil) {
		if acting == nil {
			acting = s.partBefore(i - 1)
		}
		f.subjects = acting
	}
	f.causes = class == plain && makesAct(s.tokens[i].lower)
	f.classes, f.passive, f.prep, f.placed, f.verbAt, f.head = []verbClass{class}, passive, "", false, i, nil
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
		return false
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
			f.object, f.head, f.subjects = f.head, nil, []*element{e}
		case f.prep != "": // "the admin of the shop": the head stays
		case joined:
			f.subjects = append(f.subjects, e)
		default:
			f.subjects = []*element{e}
		}
		return
	}
	for _, class := range f.classes {
		x.relate(s, f, class, e)
	}
}

// relate turns one object of one verb into a flow.
func (x *extractor) relate(s *sentence, f *frame, class verbClass, e *element) {
	if f.passive {
		x.relatePassive(s, f, class, e)
		return
	}
	switch f.prep {
	case "":
		if class != plain && !slices.Contains(f.direct, e) {
			f.direct = append(f.direct, e)
		}
		return
	case "as", "by", "for", "of", "inside", "within", "behind", "under", "about", "using", "between", "across":
		return
	case "from":
		if class != plain {
			f.placed = true
			for _, sub := range f.subjects {
				x.pull(s, e, sub, f)
			}
		}
		return
	case "in", "on", "at":
		if class == contact && len(f.direct) > 0 {
			return // "use the shop in a browser": where, not what
		}
	}
	f.placed = f.placed || class != receive || f.prep == "to"
	switch class {
	case transfer, put, contact:
		x.fan(s, f, e)
	case receive:
		if f.prep == "to" || f.prep == "via" || f.prep == "through" || f.prep == "in" || f.prep == "on" {
			for _, sub := range f.subjects {
				if f.prep == "to" && len(f.direct) > 0 {
					x.addFlow(s, sub, e, f)
				} else {
					x.pull(s, e, sub, f)
				}
			}
		}
	}
}

// pull records that the part "to" takes data from the part "from". A person
// who opens or downloads something from a process acts on it: the flow begins
// with the person, unless the verb says that the process delivers.
func (x *extractor) pull(s *sentence, from, to *element, f *frame) {
	verb := s.tokens[min(f.verbAt, len(s.tokens)-1)].lower
	delivered := strings.HasPrefix(verb, "receiv") || strings.HasPrefix(verb, "get") || strings.HasPrefix(verb, "obtain")
	if from.kind == stride.Process && isHuman(to.tags) && !delivered {
		from, to = to, from
	}
	x.addFlow(s, from, to, f)
}

func (x *extractor) fan(s *sentence, f *frame, e *element) {
	if f.prep == "over" || f.prep == "on" && e.kind == stride.Process {
		return
	}
	for _, sub := range f.subjects {
		x.addFlow(s, sub, e, f)
	}
}

func (x *extractor) relatePassive(s *sentence, f *frame, class verbClass, e *element) {
	for _, sub := range f.subjects {
		switch {
		case f.prep == "by" && (class == receive):
			x.pull(s, sub, e, f)
		case f.prep == "by" && (class == contact || (class == transfer || class == put) && sub.kind == stride.DataStore):
			x.addFlow(s, e, sub, f)
		case f.prep == "to" && class == contact, f.prep == "to" && class == transfer && sub.kind != stride.DataStore && sub.kind != stride.ExternalEntity:
			x.addFlow(s, sub, e, f)
		case f.prep == "from" && class == receive:
			x.addFlow(s, e, sub, f)
		}
	}
}

// flushDirect links direct objects once it is clear that no preposition names
// where the data goes.
func (x *extractor) flushDirect(s *sentence, f *frame) {
	if len(f.direct) > 0 && !f.placed && !f.passive {
		for _, class := range f.classes {
			for _, e := range f.direct {
				for _, sub := range f.subjects {
					switch class {
					case contact:
						x.addFlow(s, sub, e, f)
					case receive:
						x.pull(s, e, sub, f)
					case put:
						if e.kind == stride.DataStore && len(f.direct) == 1 {
							x.addFlow(s, sub, e, f)
						}
					}
				}
			}
		}
	}
	f.direct = nil
}

// addFlow records the flow, or more evidence for one between the same ends.
func (x *extractor) addFlow(s *sentence, from, to *element, f *frame) {
	if from == to || len(x.flows) >= maxFlows || x.negated(s, f.verbAt) {
		return
	}
	ends := [2]*element{from, to}
	at := s.tokens[min(f.verbAt, len(s.tokens)-1)].start
	ev := x.quote(s.start, s.end, at, at)
	fl := x.byEnds[ends]
	if fl == nil {
		fl = &flow{from: from, to: to, controls: stride.Controls{}}
		x.byEnds[ends] = fl
		x.flows = append(x.flows, fl)
		from.linked, to.linked = true, true
	}
	fl.evidence = addEvidence(fl.evidence, ev)
	lower := strings.ToLower(x.text[s.start:s.end])
	if fl.protocol == "" {
		fl.protocol = x.protocolIn(lower)
	}
	if secureProtocol(fl.protocol) && x.protocolIn(lower) == fl.protocol && !x.modal(s) {
		setControl(fl.controls, finding{name: stride.EncryptionInTransit, state: stride.ControlPresent}, ev)
	}
	for _, d := range x.dataIn(lower) {
		fl.data = addClass(fl.data, d)
	}
}

// negated reports whether the verb at token i is denied: "does not call".
func (x *extractor) negated(s *sentence, i int) bool {
	for j := max(0, i-3); j < i && j < len(s.tokens); j++ {
		switch s.tokens[j].lower {
		case "not", "never", "cannot", "n't", "don't", "doesn't", "no", "can't", "won't":
			return true
		}
	}
	return false
}

func (x *extractor) modal(s *sentence) bool { return modality(strings.ToLower(x.text[s.start:s.end])) }
