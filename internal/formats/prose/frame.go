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
	f := frame{}
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
		case !t.word:
			x.framePunct(s, &f, t)
		case t.lower == "it" || t.lower == "they":
			if last != nil && len(f.classes) == 0 && len(f.subjects) == 0 {
				f.subjects = []*element{last}
				if first == nil {
					first = last
				}
			}
		case (t.lower == "which" || t.lower == "that" || t.lower == "who") && i > 0:
			f.relative(s, i)
		case x.preps[t.lower]:
			f.prep = t.lower
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
	if s.block.kind != bullet && s.block.kind != paragraph {
		return nil
	}
	text := x.text[s.block.start:min(s.block.end, s.block.start+120)]
	loc := nameEnd(text)
	if loc == nil || s.start == s.block.start {
		return nil
	}
	if s.block.kind == bullet {
		return x.reg.byName[canon(strings.Trim(text[:loc[0]], "*`_\" "))]
	}
	return nil
}

// relative makes the part before "which" the subject of what follows.
func (f *frame) relative(s *sentence, i int) {
	for _, m := range s.mentions {
		if m.elem != nil && (m.to == i || m.to == i-1 && !s.tokens[i-1].word) {
			f.subjects = []*element{m.elem}
			f.classes, f.prep, f.direct, f.passive, f.placed = nil, "", nil, false, false
		}
	}
}

func (x *extractor) framePunct(s *sentence, f *frame, t *token) {
	switch t.text {
	case ",":
		if len(f.classes) == 0 {
			f.prep = ""
		}
	case ";", "(":
		x.flushDirect(s, f)
		if t.text == ";" {
			*f = frame{}
		}
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
	prev := ""
	if i > 0 {
		prev = s.tokens[i-1].lower
	}
	be := x.afterBe(s, i)
	passive := be && (strings.HasSuffix(w, "ed") || w == "sent" || w == "read" || w == "written" || w == "kept" || w == "put" || w == "held" || w == "built" || w == "taken")
	if prev == "and" || prev == "or" || prev == "/" {
		if i == f.verbAt+2 && len(f.classes) > 0 && len(f.direct) == 0 && !f.placed {
			f.classes = append(f.classes, class)
			f.verbAt = i
			return
		}
	}
	x.flushDirect(s, f)
	f.classes, f.passive, f.prep, f.placed, f.verbAt = []verbClass{class}, passive, "", false, i
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
		case "is", "are", "be", "been", "being", "was", "were":
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
		case f.prep != "" && len(f.subjects) > 0: // "the admin of the shop": the head stays
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
	case "by", "for", "of", "inside", "within", "behind", "under", "about", "using", "between", "across":
		return
	case "from":
		if class == transfer || class == receive || class == contact {
			f.placed = true
			for _, sub := range f.subjects {
				x.addFlow(s, e, sub, f)
			}
		}
		return
	}
	f.placed = f.placed || class != receive || f.prep == "to"
	switch class {
	case transfer, contact:
		x.fan(s, f, e)
	case receive:
		if f.prep == "to" || f.prep == "via" || f.prep == "through" || f.prep == "in" || f.prep == "on" {
			for _, sub := range f.subjects {
				if f.prep == "to" && len(f.direct) > 0 {
					x.addFlow(s, sub, e, f)
				} else {
					x.addFlow(s, e, sub, f)
				}
			}
		}
	}
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
			x.addFlow(s, sub, e, f)
		case f.prep == "by" && (class == contact || class == transfer && sub.kind == stride.DataStore):
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
						x.addFlow(s, e, sub, f)
					case transfer:
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
