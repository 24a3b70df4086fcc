package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// ascription finds whom a sentence is about that names no part which answers:
// "Customers can sign in with a Google account", "Passwords are hashed". What it
// finds goes behind the quotes that name the part and makes no control.
type ascription struct {
	x       *extractor
	kept    map[*element]bool
	tagged  map[stride.Tag][]*element // kept processes and stores, a few of each
	serves  map[*element][]*element   // what a person or a client calls
	keepers map[string][]string
	next    map[*element]*element // the process that each part calls first
	faces   map[*element]bool     // what people or clients call
	front   *element              // what people use, or nil
	topic   *element              // what the section is about, or nil
	hint    *element              // what the section names first, or nil
	before  *element              // what the sentence before is about, or nil
	owner   *element              // the subject of the block's first sentence, or nil
	section *section
	block   *block
	crowd   bool // the sentence speaks of people whom the text tells apart
}

// someOf bounds the lists of parts that a sentence chooses from.
const someOf = 16

// ascribe makes every statement evidence of the part that it is about.
func (x *extractor) ascribe() {
	x.dropQuestions()
	a := x.newAscription()
	if len(a.kept) == 0 {
		return
	}
	for i := range x.sentences {
		s := &x.sentences[i]
		if s.block.section != a.section {
			a.section, a.topic, a.hint, a.before = s.block.section, nil, nil, nil
		}
		if s.block != a.block {
			a.block, a.before, a.owner = s.block, nil, nil
		}
		named := a.named(s)
		if len(named) > 0 {
			a.follow(s, named)
			continue
		}
		if !x.states(s) {
			continue
		}
		for _, e := range a.about(s) {
			e.hear(x.quote(s.start, s.end, s.start, s.start))
			a.before = e
		}
	}
}

// dropQuestions takes questions out of the evidence of parts that the text also
// states something of: who asks has not said.
func (x *extractor) dropQuestions() {
	asked := map[int]bool{}
	for i := range x.sentences {
		if s := &x.sentences[i]; s.end > s.start && x.text[s.end-1] == '?' {
			asked[s.start] = true
		}
	}
	if len(asked) == 0 {
		return
	}
	question := func(ev stride.Evidence) bool { return ev.Kind == stride.Quoted && asked[ev.Start] }
	stated := func(list []stride.Evidence) []stride.Evidence {
		if kept := slices.DeleteFunc(slices.Clone(list), question); len(kept) > 0 {
			return kept
		}
		return list
	}
	for _, e := range x.reg.all {
		e.evidence = stated(e.evidence)
	}
	for _, f := range x.flows {
		f.evidence = stated(f.evidence)
	}
}

// follow remembers what the sentence is about: what "it" means next, and what the
// section goes on about, which is no part that only watches others.
func (a *ascription) follow(s *sentence, named []*element) {
	a.before = named[0]
	if subject, _ := a.x.subjectIn(s, s.start, s.end); subject != nil && slices.Contains(named, subject) {
		a.before = subject
		if s.start <= s.block.start+len("** ") {
			a.owner = subject
		}
	}
	for _, e := range named {
		if !a.fitsTopic(e) {
			continue
		}
		if a.hint == nil && !e.is("identity_provider") {
			a.hint = e
		}
		if s.opensWith(e) {
			a.topic = e
		}
		return
	}
}

// fitsTopic reports whether a section that names e goes on about it.
func (a *ascription) fitsTopic(e *element) bool {
	if elsewhere := e.is("identity_provider") && e.level == gazetteer.Product && !e.declared; elsewhere && e != a.x.topic {
		return false
	}
	return a.answers(e) && e.kind == stride.Process && (e.declared || e.linked || e.mentions > 1) && !e.is("monitoring")
}

func (x *extractor) newAscription() *ascription {
	a := &ascription{x: x, kept: map[*element]bool{}, tagged: map[stride.Tag][]*element{}, serves: map[*element][]*element{}, keepers: keeperIndex(),
		next: map[*element]*element{}, faces: map[*element]bool{}}
	for _, e := range x.reg.kept(len(x.flows), x.verse) {
		a.kept[e] = true
		if !a.answers(e) {
			continue
		}
		for _, t := range e.tags {
			if len(a.tagged[t]) < someOf {
				a.tagged[t] = append(a.tagged[t], e)
			}
		}
	}
	for _, f := range x.flows {
		if a.next[f.from] == nil && f.to.kind == stride.Process && a.answers(f.to) && !f.to.is("monitoring") {
			a.next[f.from] = f.to
		}
		caller := f.from.kind == stride.ExternalEntity || isClient(f.from.tags)
		if caller && (f.from.kind == stride.Process || isHuman(f.from.tags) || isClient(f.from.tags)) {
			a.faces[f.to] = true
		}
		if caller && a.kept[f.to] && f.to.kind == stride.Process && len(a.serves[f.from]) < someOf {
			a.serves[f.from] = append(a.serves[f.from], f.to)
		}
	}
	a.front = a.frontDoor()
	return a
}

// inside reports whether e is a part of the system itself.
func (a *ascription) inside(e *element) bool {
	return e != nil && a.kept[e] && e.kind != stride.ExternalEntity && !e.outside
}

// answers reports whether e is asked by others, so that statements about the
// system's habits can be about it.
func (a *ascription) answers(e *element) bool { return a.inside(e) && !isClient(e.tags) }

// opens reports whether people may come in at e: not at what only serves other
// parts.
func (a *ascription) opens(e *element) bool {
	if !a.answers(e) || e.kind != stride.Process || physical(e.tags) || between(lastWord(e.canon)) {
		return false
	}
	for _, t := range []stride.Tag{"identity_provider", "monitoring", "ci_cd", "email_service", "sms_service", "payment_service", "dns", "vpn", "orchestrator"} {
		if slices.ContainsFunc(e.tags, func(own stride.Tag) bool { return own.Is(t) }) {
			return e == a.x.topic
		}
	}
	return true
}

// frontDoor finds the program that the text is about, else the process that most
// kinds of people or clients use, else the process that the text names most.
func (a *ascription) frontDoor() *element {
	if e := a.x.topic; e != nil && a.opens(e) {
		return e
	}
	if e := a.signedInAt(); e != nil {
		return a.behind(e)
	}
	callers := map[*element]int{}
	var best *element
	for _, f := range a.x.flows {
		if !a.opens(f.to) || len(a.serves[f.from]) == 0 {
			continue
		}
		callers[f.to]++
		if (isHuman(f.from.tags) || isClient(f.from.tags)) && !f.to.is("admin_interface") {
			callers[f.to] += 2
		}
		if best == nil || callers[f.to] > callers[best] {
			best = f.to
		}
	}
	if best != nil {
		return a.behind(best)
	}
	for _, e := range a.x.reg.all {
		if a.fitsTopic(e) && (best == nil || e.mentions > best.mentions) {
			best = e
		}
	}
	return best
}

// signedInAt returns the program that a section about users and their sign-in names
// most, the first of several, or nil.
func (a *ascription) signedInAt() *element {
	named := map[*element]int{}
	var best *element
	for i := range a.x.sentences {
		s := &a.x.sentences[i]
		if s.block.kind == heading || !aboutUsers(s.block.section.title) {
			continue
		}
		for _, m := range s.mentions {
			if m.elem == nil || m.idle() || !a.opens(m.elem) || !a.fitsTopic(m.elem) {
				continue
			}
			if named[m.elem]++; best == nil || named[m.elem] > named[best] {
				best = m.elem
			}
		}
	}
	return best
}

// aboutUsers reports whether a title announces who signs in and how.
func aboutUsers(title string) bool {
	t := strings.ToLower(title)
	return strings.Contains(t, "authentication") || strings.Contains(t, "sign-in") || strings.Contains(t, "login") || strings.Contains(t, "users and ")
}

// behind looks through what only hands requests on: the application behind the
// load balancer is what people use.
func (a *ascription) behind(e *element) *element {
	const hops = 3
	for range hops {
		if !e.is("load_balancer") && !e.is("cdn") && !e.is("waf") &&
			!e.is("reverse_proxy") && !e.is("dns") || slices.Contains(e.tags, "web_app") {
			return e
		}
		next := a.next[e]
		if next == nil {
			return e
		}
		e = next
	}
	return e
}

// named returns the parts that answer which the sentence itself names. A client
// answers for itself, but not for what a person does at it.
func (a *ascription) named(s *sentence) []*element {
	var out []*element
	_, person := a.person(s)
	for _, m := range s.mentions {
		switch {
		case m.elem == nil || m.idle() || !a.kept[m.elem]:
		case m.elem.kind == stride.ExternalEntity || isClient(m.elem.tags) && person:
		case !slices.Contains(out, m.elem):
			out = append(out, m.elem)
		}
	}
	return out
}

// hear adds the quote of a sentence that does not name e.
func (e *element) hear(ev stride.Evidence) {
	if ev.Kind != stride.Quoted || len(e.evidence) >= maxHeard {
		return
	}
	for _, have := range e.evidence {
		if have.Start <= ev.Start && ev.End <= have.End {
			return
		}
	}
	e.evidence = append(e.evidence, ev)
}

// about returns whom the sentence is about: its item or label, the part of its
// heading, what it calls "it", who is used by the person that it names, who keeps
// the data that it speaks of, else what the section spoke of last.
func (a *ascription) about(s *sentence) []*element {
	x := a.x
	if e, _ := x.label(s.block); e != nil && (s.block.kind == bullet || s.block.kind == paragraph) {
		if a.inside(e) {
			return []*element{e}
		}
		if a.kept[e] && !isHuman(e.tags) && !isClient(e.tags) {
			return nil // what an item says of somebody else's system
		}
	}
	if e := sectionElement(x, s); a.inside(e) {
		return []*element{e}
	}
	if who, acts := a.person(s); acts {
		return a.used(s, who)
	}
	if s.block.kind == row {
		return nil // of a part that is none
	}
	switch s.opener() {
	case "it", "they", "this", "these", "its", "their":
		if a.inside(a.before) {
			return []*element{a.before}
		}
		return a.firstOf(a.topic, x.topic, a.hint, a.front)
	}
	_, has := x.subjectIn(s, s.start, s.end)
	if !has && a.inside(a.owner) && s.start > s.block.start && s.block.kind == paragraph && !existential(s.opener()) {
		return []*element{a.owner} // "Login by e-mail and password."
	}
	if has && s.outsider() {
		return nil
	}
	if a.ofWhole(s) {
		return a.firstOf(x.topic, a.front)
	}
	if e := a.kin(s); e != nil {
		return []*element{e}
	}
	if keeper := a.keeper(s); keeper != nil {
		return []*element{keeper}
	}
	return a.firstOf(a.topic, a.before, x.topic, a.hint, a.front)
}

// outsider reports whether the sentence begins with somebody who is no part of the
// system: "An outside labelling company gets ...".
func (s *sentence) outsider() bool {
	for i := range s.tokens[:min(len(s.tokens), 5)] {
		switch s.tokens[i].lower {
		case "company", "companies", "firm", "firms", "contractor", "contractors", "agency", "agencies", "consultancy", "supplier", "suppliers",
			"freelancer", "freelancers":
			return true
		}
	}
	return false
}

// firstOf returns the first part that answers.
func (a *ascription) firstOf(list ...*element) []*element {
	for _, e := range list {
		if e != nil && a.answers(e) {
			return []*element{e}
		}
	}
	return nil
}

// person reports whether somebody does something in the sentence, and who, where
// the text knows that person as a part.
func (a *ascription) person(s *sentence) (*element, bool) {
	for j := range s.mentions {
		m := &s.mentions[j]
		if m.denied || m.elem != nil && !isHuman(m.elem.tags) || m.elem == nil && !isHuman(m.entry.Tags) {
			continue
		}
		if a.crowd = m.elem != nil && a.several(s, m); a.crowd {
			return nil, true
		}
		return m.elem, true
	}
	if e, _ := a.x.label(s.block); e != nil && isHuman(e.tags) {
		return e, true
	}
	a.crowd = false
	for i := range s.tokens[:min(len(s.tokens), 3)] {
		t := &s.tokens[i]
		if !t.word || i+1 >= len(s.tokens) || !personal(t.lower) {
			continue
		}
		if next := s.tokens[i+1].lower; a.x.verbOf(next) != 0 || next == "can" || next == "may" || next == "must" {
			return nil, true
		}
	}
	return nil, false
}

// several reports whether the phrase is the common word for more than one kind of
// people that the text tells apart.
func (a *ascription) several(s *sentence, m *mention) bool {
	if m.to-m.from > 1 {
		return false
	}
	n := 0
	for _, e := range a.x.reg.byWord[gazetteer.Singular(s.tokens[m.from].lower)] {
		if e.kind == stride.ExternalEntity && a.kept[e] && (e.canon != gazetteer.Singular(s.tokens[m.from].lower) || len(a.serves[e]) > 0) {
			n++
		}
	}
	return n > 1
}

// personal reports whether a word speaks of people that act: "editors", "anyone".
func personal(w string) bool {
	switch w {
	case "people", "members", "anyone", "everyone", "anybody", "everybody", "somebody", "someone", "nobody", "staff", "parents", "clerks", "guests", "clients":
		return true
	case "servers", "workers", "controllers", "sensors", "containers", "routers", "buffers", "headers", "numbers", "others", "brokers", "errors", "folders",
		"orders", "offers", "papers", "parameters", "registers", "connectors", "vectors", "providers", "meters", "filters", "letters", "clusters", "computers", "layers":
		return false
	}
	return len(w) > 5 && (strings.HasSuffix(w, "ers") || strings.HasSuffix(w, "ors") || strings.HasSuffix(w, "ists"))
}

// used returns the process that the person uses: of several the one that shares a
// word with the sentence, else the one that the section spoke of last. People who
// use nothing that is named use what the section is about, else the front door.
func (a *ascription) used(s *sentence, who *element) []*element {
	for _, m := range s.mentions {
		if m.elem == nil || !a.kept[m.elem] || !isClient(m.elem.tags) {
			continue
		}
		if e := a.server(m.elem); e != nil {
			return []*element{e} // what answers at the other end
		}
	}
	var open []*element
	if who != nil {
		for _, e := range a.serves[who] {
			if e = a.server(e); e != nil && !slices.Contains(open, e) {
				open = append(open, e)
			}
		}
	}
	for _, e := range open {
		if a.sharesTelling(s, e) || e == a.topic {
			return []*element{e}
		}
	}
	if len(open) > 0 {
		return open[:1]
	}
	if a.crowd {
		return a.firstOf(a.front, a.topic)
	}
	return a.entrance(a.before, a.topic)
}

// entrance returns the first part that people use, else the front door, else the
// first part at all.
func (a *ascription) entrance(list ...*element) []*element {
	for _, e := range list {
		if e != nil && (a.faces[e] || a.front == nil) && a.opens(e) {
			return []*element{e}
		}
	}
	return a.firstOf(append([]*element{a.front}, list...)...)
}

// server returns what answers behind a client that a person holds.
func (a *ascription) server(e *element) *element {
	if !isClient(e.tags) {
		if a.opens(e) {
			return a.behind(e)
		}
		return nil
	}
	for _, next := range a.serves[e] {
		if a.opens(next) {
			return a.behind(next)
		}
	}
	return nil
}

func (a *ascription) sharesTelling(s *sentence, e *element) bool {
	for i := range s.tokens {
		w := gazetteer.Singular(s.tokens[i].lower)
		if s.tokens[i].word && len(w) > 3 && !colourless(w) && slices.Contains(strings.Fields(e.canon), w) {
			return true
		}
	}
	return false
}

// ofWhole reports whether the sentence begins with a word for the whole: "The
// platform keeps ...".
func (a *ascription) ofWhole(s *sentence) bool {
	for i := 1; i < min(len(s.tokens), 4); i++ {
		switch s.tokens[i].lower {
		case "system", "platform", "solution", "application", "product", "site", "website", "software", "program", "project":
			return a.x.dets[s.tokens[i-1].lower]
		}
	}
	return false
}

// kin finds the nearest part that shares a telling word with what the sentence
// begins with.
func (a *ascription) kin(s *sentence) *element {
	var best *element
	for _, w := range a.x.subjectWords(s, s.end) {
		if len(a.keepers[w]) > 0 {
			continue
		}
		for _, e := range a.x.reg.byWord[w] {
			if a.answers(e) && (best == nil || distance(e, s) < distance(best, s)) {
				best = e
			}
		}
		if best != nil {
			return best
		}
	}
	return nil
}

// keeper finds who keeps or handles the data that the sentence begins with.
func (a *ascription) keeper(s *sentence) *element {
	const few = 6
	for i := range s.tokens[:min(len(s.tokens), few)] {
		for _, t := range a.keepers[gazetteer.Singular(s.tokens[i].lower)] {
			if t == "front" {
				if list := a.entrance(a.topic, a.hint); list != nil {
					return list[0]
				}
				continue
			}
			if e := a.nearest(stride.Tag(t)); e != nil {
				return e
			}
		}
	}
	return nil
}

// nearest returns the part with the tag: the one that the section or the text is
// about, else the one that the text says most of.
func (a *ascription) nearest(tag stride.Tag) *element {
	var best *element
	for _, e := range a.tagged[tag] {
		if e == a.x.topic {
			return e
		}
		if best == nil || len(e.evidence) > len(best.evidence) {
			best = e
		}
	}
	return best
}

func lastWord(name string) string { return name[strings.LastIndexByte(name, ' ')+1:] }
