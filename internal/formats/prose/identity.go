package prose

import (
	"slices"
	"sort"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// A document that lists at least so many processes and stores is taken at its word: common
// nouns elsewhere in it speak of what it lists.
const listedEnough = 4

// related reports whether one list of tags narrows the other.
func related(a, b []stride.Tag) bool {
	for _, s := range a {
		for _, t := range b {
			if s.Is(t) || t.Is(s) {
				return true
			}
		}
	}
	return false
}

// sameThing finds the part that mention j only says more about: "X (a cache)",
// "X, a cache", "X is a cache". It returns nil where the mention is a thing of
// its own.
func (x *extractor) sameThing(s *sentence, j int) *element {
	if e := x.labelled(s, j); e != nil {
		return e
	}
	if e := x.attributed(s, &s.mentions[j]); e != nil {
		return e
	}
	if e := x.alternative(s, j); e != nil {
		return e
	}
	if j == 0 {
		return nil
	}
	p, m := s.mentions[j-1], s.mentions[j]
	if p.elem == nil || m.from <= p.to {
		return nil
	}
	between := s.tokens[p.to:m.from]
	for len(between) > 1 && mark(between[0].text) {
		between = between[1:] // the marks of bold type
	}
	if p.elem == x.topic && between[0].lower == "is" && len(between) > 1 && len(between) < 14 && indefinite(between[1].lower) && x.allDescribe(between[2:]) {
		return p.elem
	}
	if p.elem.kind != m.entry.Kind && (p.elem.kind == stride.DataStore || m.entry.Kind == stride.DataStore) {
		return nil
	}
	if e := x.definedAs(s, j, between); e != nil {
		return e
	}
	alike := related(p.elem.tags, m.entry.Tags)
	if alike && m.bare && p.elem.level == gazetteer.Product && p.elem.kind == m.entry.Kind && s.actsAs(j) {
		x.reg.alias(p.elem, display(x.phraseText(s, &m)))
		return p.elem
	}
	if first := between[0].text; first == "(" && len(between) == 1 {
		if alike && m.to < len(s.tokens) && closes(s.tokens[m.to].text) {
			if narrowerThan(m.entry.Tags, p.elem.tags) {
				p.elem.tags = m.entry.Tags
			}
			return p.elem
		}
		return nil
	}
	if p.elem.kind != m.entry.Kind {
		return nil
	}
	switch first := between[0].lower; {
	case hosting(first) && len(between) < 5 && m.entry.Level == gazetteer.Product && p.elem.level == gazetteer.Product:
		if alike && slices.Equal(p.elem.tags, m.entry.Tags) {
			return p.elem
		}
	case first == "," && len(between) == 2 && indefinite(between[1].lower):
		if both := m.bare && p.elem.level == gazetteer.Noun && m.entry.Level == gazetteer.Noun; alike && both {
			return p.elem
		}
		if alike && (p.elem.capital || p.elem.declared || m.entry.Level == gazetteer.Product && p.elem.level != gazetteer.Product) ||
			m.entry.Level == gazetteer.Weak && p.elem.level > gazetteer.Weak {
			return p.elem
		}
	case (first == "is" || first == "serves") && alike && len(between) < 7 && x.usedAs(between[1:]):
		return p.elem
	case (first == "is" || first == "are") && len(between) > 1 && len(between) < 7 && (indefinite(between[1].lower) || between[1].lower == "the"):
		if m.entry.Level != gazetteer.Product && (alike || m.entry.Level == gazetteer.Weak) && x.allDescribe(between[2:]) {
			return p.elem
		}
	}
	return nil
}

// attributed finds the listed part of which the phrase, behind a semicolon of its
// item, says what it is: "Shop (process), in the cloud; ASP.NET application".
func (x *extractor) attributed(s *sentence, m *mention) *element {
	if m.from == 0 || s.tokens[m.from-1].text != ";" || s.block.kind != bullet || !s.block.declared {
		return nil
	}
	e := x.reg.byName[canon(display(parseItem(x.text, s.block.start, s.block.end).name))]
	if e == nil || !e.declared || many(e.name) || e.kind != m.entry.Kind || !related(e.tags, m.entry.Tags) {
		return nil
	}
	return e
}

// mark reports whether the sign is one of Markdown's.
func mark(sign string) bool { return sign == "*" || sign == "_" || sign == "`" }

// labelled finds the listed part that an item is about, where mention j opens
// what the item says of it: "Orchestrator: LangGraph application in ...".
func (x *extractor) labelled(s *sentence, j int) *element {
	m := &s.mentions[j]
	if s.block.kind == heading || s.block.kind == row || m.to < len(s.tokens) && s.adjacent(x.text, m.to-1) && x.nounHere(s, m.to) && !versioned(&s.tokens[m.to]) {
		return nil
	}
	e, at := x.labelOf(s)
	if e == nil || !e.declared || s.tokens[m.from].start < at {
		return nil
	}
	if m.from-s.tokenAt(at) > 6 {
		return nil
	}
	if first := s.tokens[0].start >= at; first && j > 0 || !first && j > 1 {
		if s.mentions[j-1].elem != e || !x.enumerated(s, j-1) || !slices.Equal(e.tags, m.entry.Tags) {
			return nil
		}
	}
	for i := m.from - 1; i >= 0 && s.tokens[i].start >= at; i-- {
		if t := &s.tokens[i]; t.word && !indefinite(t.lower) && t.lower != "the" && (x.stop[t.lower] || x.verbOf(t.lower) != 0) {
			return nil
		}
	}
	return x.saidOf(s, j, e, at)
}

// saidOf returns e where mention j, behind its label at the offset, says what e is.
func (x *extractor) saidOf(s *sentence, j int, e *element, at int) *element {
	m := &s.mentions[j]
	alike := related(e.tags, m.entry.Tags)
	if isHuman(e.tags) && !isHuman(m.entry.Tags) || x.text[at] != x.text[s.start] && s.start >= at && e.kind != m.entry.Kind {
		return nil
	}
	if e.kind == stride.ExternalEntity && m.entry.Kind == stride.Process {
		if e.level == gazetteer.Weak && s.block.section.role != roleExternal && m.entry.Level == gazetteer.Noun &&
			slices.Contains(e.tags, "third_party") {
			e.kind, e.tags, e.home = m.entry.Kind, m.entry.Tags, m.entry.Zone // "Key Provider: web service that ..."
			return e
		}
		if alike {
			return e // the firm and its service
		}
	}
	if many(e.name) && m.entry.Level == gazetteer.Product && !many(m.entry.Alias) && !alike {
		return nil // the first of several
	}
	vendor := m.entry.Kind == stride.ExternalEntity && m.entry.Level == gazetteer.Product && e.kind == stride.Process
	if len(e.tags) == 0 && m.entry.Level >= gazetteer.Noun {
		e.kind, e.tags, e.home = m.entry.Kind, m.entry.Tags, m.entry.Zone // "Index: Pinecone": the name alone says nothing
		return e
	}
	if e.kind != m.entry.Kind && !vendor || !alike && !vendor && m.entry.Level != gazetteer.Weak && e.level > gazetteer.Noun {
		return nil
	}
	x.specify(e, m.entry, vendor)
	return e
}

// versioned reports whether the token says which version or kind of a product is
// meant: "PostgreSQL 15", "S3 compatible".
func versioned(t *token) bool { return t.lower == "compatible" || t.text[0] >= '0' && t.text[0] <= '9' }

// tokenAt returns the first token at or behind the offset.
func (s *sentence) tokenAt(at int) int {
	return sort.Search(len(s.tokens), func(i int) bool { return s.tokens[i].start >= at })
}

// alternative finds the listed part of which mention j is one of the options
// ("Store: SQLite, MySQL or PostgreSQL") or, where the part stands for clients at
// large, one of them ("Clients: curl, Helm and pip").
func (x *extractor) alternative(s *sentence, j int) *element {
	m := &s.mentions[j]
	e, at := x.labelOf(s)
	if e == nil || !e.declared || e.kind != m.entry.Kind || s.tokens[m.from].start < at {
		return nil
	}
	clients, or := isClient(e.tags) && many(e.name), false
	for i := range s.tokens {
		t := &s.tokens[i]
		switch {
		case t.start < at:
		case t.text == ";":
			return x.optionOf(e, m, s.tokens[m.from].start < t.start, clients, or)
		case t.word && (x.preps[t.lower] || x.verbOf(t.lower) != 0 && !nounToo(strings.TrimSuffix(t.lower, "s"))):
			if _, n := x.gaz.Longest(t.subs); n == 0 {
				return nil
			}
		case t.lower == "or":
			or = true
		}
	}
	return x.optionOf(e, m, true, clients, or)
}

// optionOf returns e where the enumeration that the mention stands in makes it an
// option or an example of e.
func (x *extractor) optionOf(e *element, m *mention, inside, clients, or bool) *element {
	if inside && (clients || or && m.entry.Level == gazetteer.Product && related(e.tags, m.entry.Tags)) {
		return e
	}
	return nil
}

// many reports whether the name is a plural.
func many(name string) bool {
	words := nameWords(name)
	return len(words) > 0 && gazetteer.Singular(words[len(words)-1]) != words[len(words)-1]
}

// specify takes over what the product or program behind a label tells of it.
func (x *extractor) specify(e *element, entry gazetteer.Entry, vendor bool) {
	if vendor {
		e.kind, e.tags, e.home = entry.Kind, entry.Tags, entry.Zone
		return
	}
	switch {
	case narrowerThan(entry.Tags, e.tags), e.level == gazetteer.Weak && entry.Level >= gazetteer.Noun:
		e.tags = entry.Tags
	case entry.Level == gazetteer.Product && !related(e.tags, entry.Tags):
		e.tags = append(slices.Clone(e.tags), entry.Tags...)
	}
	e.managed = e.managed || entry.Managed
}

// nounHere reports whether token i goes on with the noun phrase before it.
func (x *extractor) nounHere(s *sentence, i int) bool {
	t := &s.tokens[i]
	return t.word && !x.stop[t.lower] && x.verbOf(t.lower) == 0
}

// settleBefore resolves the common noun that mention j, a product, is the name
// of: "an MQTT broker (HiveMQ)", "the API gateway, an Apigee installation".
func (x *extractor) settleBefore(s *sentence, j int) {
	if j == 0 {
		return
	}
	p, m := &s.mentions[j-1], s.mentions[j]
	if p.elem != nil || p.idle() || !p.bare || p.entry.Level != gazetteer.Noun || m.from <= p.to {
		return
	}
	if p.entry.Kind == m.entry.Kind && p.entry.Kind != stride.ExternalEntity && x.isOne(s.tokens[p.to:m.from]) && !x.modifier(s, m.to) {
		p.elem = x.bareNoun(s, j-1)
		return
	}
	if m.entry.Level != gazetteer.Weak && (m.entry.Level != gazetteer.Product || !related(p.entry.Tags, m.entry.Tags)) {
		return
	}
	between := s.tokens[p.to:m.from]
	bracketed := between[0].text == "(" && len(between) == 1 && m.entry.Level == gazetteer.Product
	if bracketed || between[0].text == "," && len(between) == 2 && indefinite(between[1].lower) {
		p.elem = x.bareNoun(s, j-1)
	}
}

// hosting opens what says who runs a product: "GPT-4 hosted by OpenAI".
func hosting(w string) bool {
	switch w {
	case "hosted", "served", "run", "provided", "offered", "operated", "by", "from":
		return true
	}
	return false
}

// makers lists language models with the firm under whose name texts mean them.
var makers = []string{
	"openai|openai api|gpt 4|gpt 4o|gpt 3.5|chatgpt|openai gpt 4",
	"anthropic|anthropic api|claude",
	"gemini|gemini api|google vertex ai gemini",
	"amazon bedrock|aws bedrock|bedrock",
}

// sameMaker finds the model, or its maker, that the text named before.
func (x *extractor) sameMaker(entry gazetteer.Entry) *element {
	if len(entry.Tags) == 0 || entry.Tags[0] != "llm" {
		return nil
	}
	for _, family := range makers {
		names := strings.Split(family, "|")
		if !slices.Contains(names, entry.Alias) {
			continue
		}
		for _, name := range names {
			if e := x.reg.byName[canon(name)]; e != nil {
				return e
			}
		}
	}
	return nil
}

// usedAs sees "used as a", which says more about a part.
func (x *extractor) usedAs(tokens []token) bool {
	if len(tokens) > 0 && tokens[0].lower == "used" {
		tokens = tokens[1:]
	}
	return len(tokens) > 1 && tokens[0].lower == "as" && (indefinite(tokens[1].lower) || tokens[1].lower == "the") && x.allDescribe(tokens[2:])
}

func closes(mark string) bool { return mark == ")" || mark == "," || mark == ";" }

func indefinite(w string) bool { return w == "a" || w == "an" }

func (x *extractor) allDescribe(tokens []token) bool {
	for _, t := range tokens {
		if t.word && (x.preps[t.lower] || x.dets[t.lower] || t.lower == "not") {
			return false
		}
	}
	return true
}

// predicate reports whether mention j only classifies something that is no
// part: "HuskyX is a learning system".
func (x *extractor) predicate(s *sentence, j int) bool {
	m := s.mentions[j]
	for i := m.from - 1; i > 0 && i > m.from-6; i-- {
		switch w := s.tokens[i].lower; {
		case w == "is" || w == "are":
			return i+1 < m.from && indefinite(s.tokens[i+1].lower)
		case !s.tokens[i].word && w != ",", x.preps[w]:
			return false
		}
	}
	return false
}

// listed finds the only listed part of the kind whose name has all words of the
// phrase, or all but a last one that is the general word for it: "accounting
// database" for "Accounting PostgreSQL".
func (x *extractor) listed(key string, entry gazetteer.Entry) *element {
	words := strings.Fields(key)
	if len(words) < 2 {
		return nil
	}
	var hit *element
	for _, e := range x.reg.byWord[words[0]] {
		if !e.declared || e.kind != entry.Kind {
			continue
		}
		have := strings.Fields(e.canon)
		missing := 0
		for _, w := range words {
			if !slices.Contains(have, w) {
				missing++
			}
		}
		last, took := x.gaz.Longest(words[len(words)-1:])
		general := missing == 1 && !slices.Contains(have, words[len(words)-1]) && !(took == 1 && between(last.Alias)) && narrowerThan(e.tags, entry.Tags)
		if missing > 0 && !general {
			continue
		}
		if hit != nil {
			return nil
		}
		hit = e
	}
	return hit
}

// between lists heads of names of what stands between a part and another: an
// "LDAP connector" is no LDAP directory.
func between(head string) bool {
	switch head {
	case "connector", "adapter", "plugin", "add on", "driver", "integration", "bridge", "client":
		return true
	}
	return false
}

// narrowerThan reports whether the tags say at least what the others say.
func narrowerThan(tags, general []stride.Tag) bool {
	if len(general) == 0 || general[0] == "service" {
		return false
	}
	return slices.ContainsFunc(tags, func(t stride.Tag) bool { return t.Is(general[0]) })
}

// stems reduces a name of three words and more further, without "-er" and
// "-or": a text that says "controller plane" once means the control plane. It
// returns "" for shorter names.
func stems(canon string) string {
	words := strings.Fields(canon)
	if len(words) < 3 {
		return ""
	}
	for i, w := range words {
		words[i] = stem(w)
	}
	return strings.Join(words, " ")
}

func stem(w string) string {
	for _, end := range []string{"er", "or"} {
		if s := strings.TrimSuffix(w, end); s != w && len(s) > 4 {
			if s[len(s)-1] == s[len(s)-2] {
				return s[:len(s)-1]
			}
			return s
		}
	}
	return w
}

// onlyListed finds the one listed part that a common noun is the word for, in a
// document that lists its parts.
func (x *extractor) onlyListed(entry gazetteer.Entry) *element {
	if x.listing < listedEnough || entry.Level != gazetteer.Noun {
		return nil
	}
	var hit *element
	for _, e := range x.reg.all {
		if e.declared && e.kind == entry.Kind && narrowerThan(e.tags, entry.Tags) && sharesWord(e.canon, entry.Alias) {
			if hit != nil {
				return nil
			}
			hit = e
		}
	}
	return hit
}

func sharesWord(a, b string) bool {
	have := strings.Fields(a)
	return slices.ContainsFunc(strings.Fields(b), func(w string) bool { return slices.Contains(have, gazetteer.Singular(w)) })
}

// loose reports whether a phrase is a common noun that a document with a list
// of parts merely mentions. Products and proper names are parts all the same.
func (x *extractor) loose(s *sentence, m *mention) bool {
	if x.listing < listedEnough || m.entry.Level == gazetteer.Product || m.entry.Level == gazetteer.Name {
		return false
	}
	head := &s.tokens[m.to-1]
	identifier := strings.Contains(head.text, "_") || strings.Contains(head.text, "-") && m.to == m.from+1
	if identifier || x.itemSubject(s, m) {
		return false
	}
	if m.bare && s.block.kind == heading {
		return true
	}
	return !m.capital || m.entry.Level == gazetteer.Weak && !s.capital(m.to-1)
}

// itemSubject reports whether the phrase begins an item of a list of parts that
// is written as a sentence: "- An SSH client process runs on the host".
func (x *extractor) itemSubject(s *sentence, m *mention) bool {
	return s.block.kind == bullet && s.block.section.role.declares() && !s.block.declared && s.start == s.block.start &&
		(m.from == 0 || m.from == 1 && x.dets[s.tokens[0].lower])
}

// trimHead drops "endpoint" from the first mention of "API gateway endpoint",
// so that the later "API gateway" is no second part.
func (x *extractor) trimHead(s *sentence, m *mention) string {
	name := x.phraseText(s, m)
	if m.to-m.from < 3 || s.tokens[m.to-1].lower != "endpoint" {
		return name
	}
	words := nameWords(name)
	if e, took := x.gaz.Longest(words[:len(words)-1]); took == len(words)-1 && e.Level >= gazetteer.Noun {
		return strings.TrimSpace(x.text[s.tokens[m.from].start:s.tokens[m.to-2].end])
	}
	return name
}
