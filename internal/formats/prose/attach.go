package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// attachControls gives each statement to the part or the flow it speaks of.
func (x *extractor) attachControls() {
	inSentence := map[int][]*flow{}
	for _, f := range x.flows {
		for _, ev := range f.evidence {
			inSentence[ev.Start] = append(inSentence[ev.Start], f)
		}
	}
	x.setApart()
	x.readHolders()
	x.outward, x.queriers, x.leaving, x.swept = x.exposed(), x.callers(), flowsBySource(x.flows), map[finding]int{}
	var last *element
	for i := range x.sentences {
		s := &x.sentences[i]
		listed := s.block.section.role == roleFlows && s.block.kind == bullet && s.block.declared
		if s.order || s.beyond() || s.ofBoundary() || listed || s.block.kind == heading || s.end > s.start && x.text[s.end-1] == ':' {
			continue
		}
		lower := strings.ToLower(x.text[s.start:s.end])
		if strings.HasSuffix(lower, "?") {
			continue // a question states nothing
		}
		flows := inSentence[s.start]
		if len(flows) == 0 && i > 0 && x.sentences[i-1].block == s.block && demonstrative(firstWord(lower)) {
			flows = inSentence[x.sentences[i-1].start] // "These secrets are transmitted over encrypted channels."
		}
		for _, f := range x.controlsIn(lower) {
			if !x.unclear(s, f) {
				x.attach(i, f, lower, flows, last)
			}
		}
		if !pronoun(firstWord(lower)) {
			last = x.leading(s, last)
		}
	}
}

// demonstrative reports whether a first word points at what the sentence before spoke of.
func demonstrative(w string) bool { return w == "these" || w == "those" || w == "this" }

// unclear reports whether the statement is made of an "it" of which nobody can say by
// rule what it is: "reads X that lies between A and B, where it is hosted without login".
func (x *extractor) unclear(s *sentence, f finding) bool {
	at := s.tokenAt(s.start + f.at)
	for i := at - 1; i > 0; i-- {
		if s.tokens[i].lower != "it" || s.tokens[i-1].lower != "where" {
			continue
		}
		var seen []*element
		for _, m := range s.mentions {
			if m.to < i && m.elem != nil && !slices.Contains(seen, m.elem) {
				seen = append(seen, m.elem)
			}
		}
		return len(seen) > 1
	}
	return false
}

// leading returns the part that the sentence is about: its subject, else the first
// that it names, unless it names that only in passing; else the one before.
func (x *extractor) leading(s *sentence, before *element) *element {
	if e, _ := x.subjectIn(s, s.start, s.end); e != nil {
		return e
	}
	if len(s.mentions) > 0 && s.mentions[0].elem != nil && !x.incidental(s, 0) {
		return s.mentions[0].elem
	}
	return before
}

// attach records one statement of sentence i. Last is the part that the
// sentences before it are about, or nil.
func (x *extractor) attach(i int, f finding, lower string, flows []*flow, last *element) {
	s := &x.sentences[i]
	at := s.start + min(f.at, s.end-s.start)
	ev := x.quote(s.start, s.end, at, at)
	if f.state == stride.ControlPresent && past(lower) {
		return
	}
	spared := x.excepted(s)
	if f.state == stride.ControlPresent {
		x.deny(f, spared, ev)
	}
	onFlows := ofConnections(f.name)
	if onFlows && (everything(lower) || f.state == stride.ControlAbsent && len(flows) == 0 && s.namesNothing() && sectionElement(x, s) == nil && x.unsaid(lower)) {
		if x.repeated(f, reachFlows) {
			return
		}
		flows = x.flows
	} else if group := x.groupFlows(s); onFlows && len(group) > 0 {
		flows = group
	} else {
		flows = ofFlows(flows, at)
	}
	if onFlows && f.state == stride.ControlPresent && endsHere(lower[:f.at]) {
		flows = slices.DeleteFunc(slices.Clone(flows), func(fl *flow) bool { return s.opensWith(fl.from) })
		if len(flows) == 0 {
			return // behind the part that ends it nothing is said
		}
	}
	if onFlows && len(flows) > 0 {
		for _, fl := range flows {
			if _, known := fl.controls[f.name]; known && f.state == stride.ControlAbsent && x.unsaid(lower) {
				continue // what is said of one flow outweighs what is said of all
			}
			if f.state != stride.ControlPresent || !sparedFlow(fl, spared) {
				setControl(fl.controls, f, ev)
			}
		}
		return
	}
	about := x.everyCall(s, f, lower)
	if len(about) == 0 {
		about = x.wholly(s, f, lower)
	}
	if f.state == stride.ControlPresent && pronoun(firstWord(lower)) && last != nil && fits(f.name, last) && !s.namesBefore(at) {
		about = []*element{last} // "It authenticates the request and calls the API"
	}
	if e := x.provedTo(s, f); e != nil {
		about = []*element{e}
	}
	if e := x.byPlace(s, f, at); e != nil && len(about) == 0 {
		about = []*element{e}
	}
	if len(about) == 0 {
		switch about = x.aboutWhom(s, at, f.name); {
		case len(about) > 0:
		case s.namesNothing():
			about = x.unnamed(i, f, x.clauseOf(s, f, lower), last)
			if len(about) == 0 && onFlows && f.state == stride.ControlPresent && ofTraffic(firstWord(lower)) {
				if about = x.nearest(i, f.name); last != nil && last.kind == stride.Process {
					about = []*element{last}
				}
			}
		case f.name == stride.EncryptionAtRest && f.state == stride.ControlPresent && !s.namesAnother(): // it names only the key store
			about = x.nearest(i, f.name)
		case f.state == stride.ControlAbsent: // of the parts that it names, none can have it
			about = x.impliedBy(i, f, last)
		}
	}
	if f.name == stride.AuditLogging && f.state == stride.ControlPresent && len(about) == 1 && s.opensWith(about[0]) &&
		related(about[0].tags, []stride.Tag{"log_store"}) {
		about = append(about, x.nearest(i, f.name)...) // whose log it is
	}
	x.give(f, about, spared, ev)
}

// provedTo returns the part against which somebody signs in, whose authentication is
// meant: "clients authenticate against the server with a key or not at all".
func (x *extractor) provedTo(s *sentence, f finding) *element {
	if f.name != stride.Authentication {
		return nil
	}
	for _, m := range s.mentions {
		i := m.from - 1
		for i > 0 && x.dets[s.tokens[i].lower] {
			i--
		}
		if i > 0 && s.tokens[i].lower == "against" && m.elem != nil && m.elem.kind == stride.Process && !isClient(m.elem.tags) {
			return m.elem
		}
	}
	return nil
}

// give records the statement as one of the parts but for the spared ones.
func (x *extractor) give(f finding, about, spared []*element, ev stride.Evidence) {
	if f.name == stride.Backup && len(about) == 1 {
		about = x.backedUp(about[0])
	}
	for _, e := range about {
		said := f
		if f.name == stride.PhysicalProtection && f.state == stride.ControlAbsent && e.is("debug_port") {
			said.name = stride.Authentication // an open port asks nobody who they are
		}
		if f.vague && f.state != stride.ControlUnknown && f.name == stride.EncryptionInTransit && e.kind == stride.DataStore && !e.is("queue") {
			said.name = stride.EncryptionAtRest
		}
		if f.state != stride.ControlPresent || !slices.Contains(spared, e) {
			e.setControl(said, ev)
		}
	}
}

// clauseOf returns the clause of the sentence, in lower case, that holds the
// statement.
func (x *extractor) clauseOf(s *sentence, f finding, lower string) string {
	from, to := x.clauseAt(s, s.start+min(f.at, s.end-s.start))
	return strings.TrimLeft(lower[min(from-s.start, len(lower)):min(to-s.start, len(lower))], " ,;")
}

// endsHere reports whether the words lead to what a part ends: "the balancer
// terminates TLS".
func endsHere(before string) bool {
	words := strings.Fields(before)
	return len(words) > 0 && (strings.HasPrefix(words[len(words)-1], "terminat") || strings.HasPrefix(words[len(words)-1], "offload"))
}

// ofConnections reports whether the safeguard is one of a flow first.
func ofConnections(name stride.ControlName) bool {
	return name == stride.EncryptionInTransit || name == stride.MutualAuthentication || name == stride.ReplayProtection
}

func (e *element) setControl(f finding, ev stride.Evidence) {
	if e.controls == nil {
		e.controls = stride.Controls{}
	}
	setControl(e.controls, f, ev)
}

// opensWith reports whether the sentence begins by naming the part.
func (s *sentence) opensWith(e *element) bool {
	return len(s.mentions) > 0 && s.mentions[0].elem == e && s.mentions[0].from < 2
}

func pronoun(w string) bool { return w == "it" || w == "they" }

// namesBefore reports whether the sentence names a part before the offset.
func (s *sentence) namesBefore(at int) bool {
	return slices.ContainsFunc(s.mentions, func(m mention) bool { return m.elem != nil && s.tokens[m.from].start < at })
}

// ofTraffic lists first words of statements about what goes over the wire.
func ofTraffic(w string) bool {
	switch w {
	case "requests", "messages", "traffic", "connections", "calls", "responses", "communication", "streams", "sessions":
		return true
	}
	return false
}

// nearest is nearestFitting as a list.
func (x *extractor) nearest(i int, name stride.ControlName) []*element {
	if e, _ := x.nearestFitting(i, name); e != nil {
		return []*element{e}
	}
	return nil
}

// namesNothing reports whether the sentence speaks of no part, or only of one
// that is not there.
func (s *sentence) namesNothing() bool {
	return !slices.ContainsFunc(s.mentions, func(m mention) bool { return !m.denied && (m.elem == nil || m.elem.grounded()) })
}

// unnamed finds whom sentence i means that names nobody: "It has no backup",
// "There is no rate limit", "Passwords are stored in plain text".
func (x *extractor) unnamed(i int, f finding, lower string, last *element) []*element {
	s, name := &x.sentences[i], f.name
	if e := sectionElement(x, s); e != nil {
		return []*element{e}
	}
	if e := x.sessionKeeper(s, name); e != nil && (last == nil || !x.inBlock(i, last)) {
		return []*element{e}
	}
	refers, general := refersBack(firstWord(lower)), existential(strings.ReplaceAll(firstWord(lower), "’", "'"))
	general = general || f.at == 0 && f.state == stride.ControlAbsent // "Backups are not taken"
	aboutData := name == stride.EncryptionAtRest && len(x.dataIn(lower)) > 0
	if !refers && !general && !aboutData {
		return x.impliedBy(i, f, last)
	}
	if last != nil && fits(name, last) && (refers || general && last.grounded() && x.inBlock(i, last)) {
		return []*element{last}
	}
	e, k := x.nearestFitting(i, name)
	if e != nil && general && x.topic != nil && fits(name, x.topic) && x.sentences[k].block != s.block {
		e = x.topic
	}
	if e != nil {
		return []*element{e}
	}
	if general && !x.repeated(f, reachExposed) {
		if entry := x.entryPoints(name); len(entry) > 0 {
			return entry
		}
	}
	if refers && last != nil {
		return []*element{last}
	}
	return nil
}

// inBlock reports whether one of the sentences before sentence i names the part in
// the same paragraph.
func (x *extractor) inBlock(i int, e *element) bool {
	const reach = 12
	for k := i - 1; k >= 0 && k >= i-reach && x.sentences[k].block == x.sentences[i].block; k-- {
		if slices.ContainsFunc(x.sentences[k].mentions, func(m mention) bool { return m.elem == e }) {
			return true
		}
	}
	return false
}

// impliedBy finds whom a sentence of its own subject is about that names no part:
// one that shares a word with it, or, for what is said to be missing, the topic.
func (x *extractor) impliedBy(i int, f finding, last *element) []*element {
	s := &x.sentences[i]
	if s.namesAnother() {
		return nil
	}
	e := x.holder(s, f)
	if e == nil {
		e = x.bootedBy(s, f)
	}
	if e == nil {
		e = x.akin(s, f)
	}
	if e == nil && f.state == stride.ControlAbsent {
		if e = x.firstSubject(i); e == nil || !fits(f.name, e) {
			e = last
		}
		if e == nil || !fits(f.name, e) {
			e, _ = x.nearestFitting(i, f.name)
		}
	}
	if e == nil {
		return nil
	}
	return []*element{e}
}

// unsaid reports whether the sentence begins like one about the system at large.
func (x *extractor) unsaid(lower string) bool {
	return existential(strings.ReplaceAll(firstWord(lower), "’", "'"))
}

// entryPoints returns whom a statement about the whole system is about: what
// somebody from outside calls, or every store where it is about what is kept.
func (x *extractor) entryPoints(name stride.ControlName) []*element {
	switch name {
	case stride.RateLimiting, stride.InputValidation, stride.Authentication, stride.AuditLogging, stride.MultiFactor, stride.Authorization,
		stride.SessionManagement, stride.CSRFProtection, stride.OutputEncoding, stride.DDoSProtection, stride.Monitoring:
		return x.outward
	case stride.EncryptionAtRest, stride.Backup:
		var stores []*element
		for _, e := range x.reg.all {
			if e.kind == stride.DataStore && e.grounded() {
				stores = append(stores, e)
			}
		}
		return stores
	}
	return nil
}

// nearestFitting looks for a part that can have the safeguard: the subject of
// the sentence before, else the latest one that this section names before
// sentence i, and the sentence that names it. It goes back a few sentences only.
func (x *extractor) nearestFitting(i int, name stride.ControlName) (*element, int) {
	const reach = 6
	for k := i - 1; k >= 0 && k >= i-reach && x.sentences[k].block.section == x.sentences[i].block.section; k-- {
		for _, m := range x.sentences[k].mentions {
			if m.elem != nil && fits(name, m.elem) {
				return m.elem, k
			}
		}
	}
	return nil, 0
}

// refersBack lists first words that speak of the part before.
func refersBack(w string) bool {
	switch w {
	case "it", "this", "they", "the", "access":
		return true
	}
	return false
}

// existential lists first words of statements about the system at large.
func existential(w string) bool {
	switch w {
	case "there", "there's", "no", "nobody", "nothing", "none", "we", "all", "every":
		return true
	}
	return false
}

// exposed returns the processes that somebody from outside calls.
func (x *extractor) exposed() []*element {
	var out []*element
	for _, f := range x.flows {
		if (f.from.kind == stride.ExternalEntity || isClient(f.from.tags)) && f.to.kind == stride.Process && !isClient(f.to.tags) &&
			!slices.Contains(out, f.to) {
			out = append(out, f.to)
		}
	}
	return out
}

// everyCall returns the exposed interfaces where the sentence speaks of every
// call to the system: "All API calls are rate limited". It returns nothing
// where the sentence names a part.
func (x *extractor) everyCall(s *sentence, f finding, lower string) []*element {
	switch f.name {
	case stride.RateLimiting, stride.Authentication, stride.Authorization, stride.InputValidation, stride.AuditLogging:
	default:
		return nil
	}
	said := slices.ContainsFunc([]string{"all api calls", "every api call", "all api requests", "all calls", "every call", "all requests", "every request",
		"all endpoints", "every endpoint", "all apis", "all external requests", "no request is", "no api call is"},
		func(p string) bool { return strings.Contains(lower, p) }) || strings.HasPrefix(lower, "api requests ") || strings.HasPrefix(lower, "api calls ")
	if !said || slices.ContainsFunc(s.mentions, func(m mention) bool { return !m.bare || !related(m.entry.Tags, []stride.Tag{"service"}) }) {
		return nil
	}
	if x.repeated(f, reachCalls) {
		return nil
	}
	var interfaces []*element
	for _, e := range x.outward {
		for _, t := range []stride.Tag{"api", "gateway", "graphql", "grpc_service", "load_balancer", "reverse_proxy"} {
			if slices.ContainsFunc(e.tags, func(own stride.Tag) bool { return own.Is(t) }) && !slices.Contains(interfaces, e) {
				interfaces = append(interfaces, e)
			}
		}
	}
	if len(interfaces) > 0 {
		return interfaces
	}
	return x.outward
}

// What a statement about the whole system reaches.
const (
	reachFlows = iota
	reachExposed
	reachCalls
	reachHabits
)

// repeated counts statements about the whole system. Once each of their parts
// holds as much evidence as it may, one more changes nothing; this keeps a text
// that repeats itself cheap.
func (x *extractor) repeated(f finding, reach int) bool {
	key := finding{name: f.name, state: f.state, at: reach}
	x.swept[key]++
	return x.swept[key] > maxEvidence
}

func firstWord(s string) string {
	if i := strings.IndexByte(s, ' '); i > 0 {
		return s[:i]
	}
	return s
}

func everything(lower string) bool {
	for _, p := range []string{"all traffic", "all communication", "all connections", "all network traffic", "every connection", "all data in transit",
		"all flows", "none of the data flows", "none of the dataflows", "none of the flows", "none of the connections", "no traffic is", "no connection is", "all api calls", "all requests", "communication between all", "all internal traffic"} {
		if strings.Contains(lower, p) {
			return true
		}
	}
	return false
}
