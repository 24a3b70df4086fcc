package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// resolveMentions turns phrases into elements: first those that name
// themselves, then bare nouns, which mean an earlier part where one fits.
func (x *extractor) resolveMentions() {
	x.eachMention(func(s *sentence, j int) {
		if m := &s.mentions[j]; m.elem == nil && !m.bare && !m.idle() && s.mayName() && !s.quiet(m.from) {
			m.elem = x.named(s, j)
		}
	})
	x.eachMention(func(s *sentence, j int) {
		if m := &s.mentions[j]; m.elem == nil && m.bare && !m.idle() && m.entry.Level >= gazetteer.Name && m.entry.Level != gazetteer.Noun {
			m.elem = x.bareProduct(s, j)
		}
	})
	x.eachMention(func(s *sentence, j int) {
		m := &s.mentions[j]
		switch {
		case m.elem != nil:
		case m.lent:
		case m.idle():
			m.elem = x.reg.byName[canon(x.phraseText(s, m))]
		default:
			m.elem = x.bareNoun(s, j)
		}
		if m.elem == nil {
			return
		}
		start := s.tokens[m.from].start
		e := m.elem
		e.mentions++
		e.last = start
		if m.from < m.to && !e.declared && e.level == gazetteer.Noun {
			x.reg.singular(e, display(x.phraseText(s, m)))
		}
		if start < e.pos {
			e.pos = start
		}
		e.evidence = addEvidence(e.evidence, x.quote(s.start, x.nextStatement(s, j), start, s.tokens[m.to-1].end))
		x.abbreviation(s, m)
	})
}

// idle reports whether the phrase names nothing by itself: only a part that is
// there without it can be meant.
func (m *mention) idle() bool { return m.denied || m.example || m.lent }

func (s *sentence) mayName() bool {
	if s.meta {
		return false
	}
	for sec := s.block.section; sec != nil; sec = sec.parent {
		if sec.role == roleOutOfScope || sec.role == roleAside || sec.role == roleZones {
			return false
		}
	}
	return true
}

// beyond reports whether the sentence stands under what the system is not: a list
// of non-goals says nothing of its flows and safeguards.
func (s *sentence) beyond() bool {
	for sec := s.block.section; sec != nil; sec = sec.parent {
		if sec.role == roleOutOfScope {
			return true
		}
	}
	return false
}

func (x *extractor) eachMention(do func(s *sentence, j int)) {
	for i := range x.sentences {
		s := &x.sentences[i]
		for j := 0; j < len(s.mentions); j++ {
			do(s, j)
		}
	}
}

func (x *extractor) phraseText(s *sentence, m *mention) string {
	return x.text[s.tokens[m.from].start:s.tokens[m.to-1].end]
}

// named gets or makes the element of a phrase with a modifier.
func (x *extractor) named(s *sentence, j int) *element {
	m := &s.mentions[j]
	name := x.trimHead(s, m)
	if e := x.reg.byName[canon(name)]; e != nil {
		return e
	}
	if e := x.productTwin(canon(name), display(name)); e != nil {
		return e
	}
	if e := x.shorter(canon(name)); e != nil {
		x.reg.alias(e, display(name))
		return e
	}
	if e := x.reg.byStem[stems(canon(name))]; e != nil && e.kind == m.entry.Kind {
		return e
	}
	if e := x.listed(canon(name), m.entry); e != nil {
		return e
	}
	if e := x.introducedAs(s, m, canon(name)); e != nil {
		x.reg.alias(e, display(name))
		return e
	}
	x.settleBefore(s, j)
	if e := x.sameThing(s, j); e != nil {
		if m.entry.Level == gazetteer.Product && !s.runsOn(m, e) {
			x.reg.alias(e, display(name))
		}
		return e
	}
	if m.entry.Level == gazetteer.Weak && (m.entry.Alias == "model" || x.predicate(s, j)) {
		return nil
	}
	return x.create(s, m, display(name))
}

// runsOn reports whether the product is only what a part with a name of its own is
// built on, one of several: "the Orchestrator, an AWS Lambda function".
func (s *sentence) runsOn(m *mention, e *element) bool {
	return e.level == gazetteer.Weak && m.from > 0 && indefinite(s.tokens[m.from-1].lower)
}

// introducedAs finds the part that the text lists by the last word of the phrase
// with which it introduced it: "buys a Wi-Fi camera", and then "Camera: ...".
func (x *extractor) introducedAs(s *sentence, m *mention, name string) *element {
	head := lastWord(name)
	e := x.reg.byName[head]
	if e == nil || !e.declared || e.pos < s.start || e.kind != m.entry.Kind || !related(e.tags, m.entry.Tags) && !physical(e.tags) ||
		m.from == 0 || !indefinite(s.tokens[m.from-1].lower) || len(x.reg.byWord[head]) > 1 {
		return nil
	}
	if !related(e.tags, m.entry.Tags) {
		e.tags = append(slices.Clone(m.entry.Tags), e.tags...)
	}
	return e
}

// builtAs sees "is built as a modern web application".
func (s *sentence) builtAs(m *mention) bool {
	for i := m.from - 1; i > 0 && i > m.from-5; i-- {
		if s.tokens[i].lower == "as" {
			switch s.tokens[i-1].lower {
			case "built", "designed", "developed", "written", "implemented", "realised", "realized", "modelled", "made":
				return true
			}
		}
	}
	return false
}

// shorter finds the only element whose longer name ends with the given one.
func (x *extractor) shorter(name string) *element {
	words := strings.Fields(name)
	if len(words) < 2 {
		return nil
	}
	var hit *element
	for _, e := range x.reg.byWord[words[len(words)-1]] {
		if strings.HasSuffix(e.canon, " "+name) {
			if hit != nil {
				return nil
			}
			hit = e
		}
	}
	if hit != nil {
		return hit
	}
	for _, e := range x.reg.byWord[words[0]] {
		if e.declared && strings.HasPrefix(e.canon, name+" ") {
			if hit != nil {
				return nil
			}
			hit = e
		}
	}
	return hit
}

func (x *extractor) create(s *sentence, m *mention, name string) *element {
	if len(x.reg.all) >= 4*maxElements || len(name) > 80 || stride.Slug(name) == "" || x.zoneCalled(canon(name)) {
		return nil
	}
	start := s.tokens[m.from].start
	e := &element{name: name, kind: m.entry.Kind, tags: m.entry.Tags, home: m.entry.Zone, pos: start,
		level: m.entry.Level, managed: m.entry.Managed, capital: m.capital}
	e.loose = x.loose(s, m)
	e.strong = m.entry.Level == gazetteer.Product || (m.entry.Level == gazetteer.Noun && (!m.bare || strings.Contains(m.entry.Alias, " ")))
	return x.reg.add(e)
}

func (x *extractor) bareProduct(s *sentence, j int) *element {
	m := &s.mentions[j]
	name := x.phraseText(s, m)
	key := canon(name)
	if e := x.reg.byName[key]; e != nil {
		return e
	}
	if deviceSystem(m.entry.Alias) {
		return x.running(s, j)
	}
	if e := x.productTwin(key, display(name)); e != nil {
		return e
	}
	x.settleBefore(s, j)
	if e := x.sameThing(s, j); e != nil {
		if !s.runsOn(m, e) {
			x.reg.alias(e, display(name))
		}
		return e
	}
	if e := x.sameMaker(m.entry); e != nil {
		x.reg.alias(e, display(name))
		return e
	}
	words := strings.Fields(key)
	if len(words) > 0 {
		var hit *element
		count := 0
		for _, e := range x.reg.byWord[words[len(words)-1]] {
			if strings.HasSuffix(e.canon, " "+key) && e.kind == m.entry.Kind {
				hit = e
				count++
			}
		}
		if count == 1 {
			x.reg.alias(hit, display(name))
			return hit
		}
	}
	if !s.mayName() || s.quiet(m.from) {
		return nil
	}
	if e := x.productOf(key); e != nil {
		return e
	}
	if e := x.soldAs(key, m.entry); e != nil {
		x.reg.alias(e, display(name))
		return e
	}
	return x.create(s, m, display(name))
}

// productOf finds the listed part that was said to be the product: "Orders: RDS for
// PostgreSQL" is PostgreSQL.
func (x *extractor) productOf(key string) *element {
	var hit *element
	for _, e := range x.reg.all {
		if !e.declared || !slices.ContainsFunc(e.aliases, func(a string) bool { return strings.HasSuffix(canon(a), " "+key) }) {
			continue
		}
		if hit != nil {
			return nil
		}
		hit = e
	}
	return hit
}

// soldAs finds the one managed service under which the product is run: "RDS for
// PostgreSQL" is PostgreSQL.
func (x *extractor) soldAs(key string, entry gazetteer.Entry) *element {
	var hit *element
	for _, e := range x.reg.byWord[lastWord(key)] {
		sold, n := x.product(strings.Fields(e.canon))
		if n == 0 || !e.managed || e.kind != entry.Kind || !strings.HasSuffix(sold.Alias, " "+key) {
			continue
		}
		if hit != nil {
			return nil
		}
		hit = e
	}
	return hit
}

// bareNoun resolves "the database" to the latest part of that kind before it,
// else to the first after it, else makes a part of it.
func (x *extractor) bareNoun(s *sentence, j int) *element {
	m := &s.mentions[j]
	name := x.phraseText(s, m)
	key := canon(name)
	if e := x.reg.byName[key]; e != nil {
		return e
	}
	if deviceSystem(m.entry.Alias) {
		return x.onlyDevice(s, m)
	}
	words := strings.Fields(key)
	if len(words) == 0 {
		return nil
	}
	for _, head := range []string{" app", " receiver", " module", " server", " system"} {
		if e := x.reg.byName[key+head]; e != nil && e.kind == m.entry.Kind && (head == " app" || e.declared || part(head) && physical(e.tags)) {
			return e // "the client" for the client application
		}
	}
	if e := x.productTwin(key, display(name)); e != nil {
		return e
	}
	if e := x.latest(words[len(words)-1], key); e != nil {
		return e
	}
	if m.entry.Level == gazetteer.Noun && (!strings.Contains(m.entry.Alias, " ") || strings.HasSuffix(m.entry.Alias, "language model")) {
		if e := x.sameKind(m.entry); e != nil {
			return e
		}
	}
	if e := x.listed(key, m.entry); e != nil {
		return e
	}
	if e := x.sameThing(s, j); e != nil {
		return e
	}
	if e := x.onlyListed(m.entry); e != nil {
		return e
	}
	if m.entry.Level == gazetteer.Weak {
		return x.weakNoun(s, j)
	}
	if m.entry.Level != gazetteer.Noun || !s.mayName() || s.quiet(m.from) || x.zoneCalled(key) {
		return nil
	}
	if m.entry.Kind == stride.ExternalEntity && !strings.Contains(name, " ") {
		name = gazetteer.Singular(name)
	}
	return x.create(s, m, display(name))
}

// part reports whether the head only says that the word before it is a device.
func part(head string) bool { return head == " receiver" || head == " module" }

func (x *extractor) latest(word, key string) *element {
	var best *element
	for _, e := range x.reg.byWord[word] {
		if c := e.canon; c != key && strings.HasSuffix(c, " "+key) && (best == nil || e.last > best.last) {
			best = e
		}
	}
	return best
}

// sameKind finds the one product that the noun is the general word for.
func (x *extractor) sameKind(entry gazetteer.Entry) *element {
	if len(entry.Tags) == 0 || entry.Kind != stride.DataStore && entry.Tags[0] != "llm" {
		return nil
	}
	if e, known := x.general[entry.Tags[0]]; known {
		return e
	}
	x.general[entry.Tags[0]] = x.onlyKindOf(entry.Tags[0])
	return x.general[entry.Tags[0]]
}

func (x *extractor) onlyKindOf(tag stride.Tag) *element {
	var hit *element
	for _, e := range x.reg.all {
		for _, t := range e.tags {
			if t.Is(tag) && (e.declared || e.level == gazetteer.Product) {
				if hit != nil && hit != e {
					return nil
				}
				hit = e
			}
		}
	}
	return hit
}

// abbreviation learns "Placement Driver (PD)".
func (x *extractor) abbreviation(s *sentence, m *mention) {
	if m.to+2 >= len(s.tokens) || s.tokens[m.to].text != "(" || s.tokens[m.to+2].text != ")" {
		return
	}
	short := s.tokens[m.to+1].text
	if len(short) < 2 || len(short) > 6 || short != strings.ToUpper(short) || short == strings.ToLower(short) || x.reg.byName[canon(short)] != nil {
		return
	}
	if !abbreviates(short, x.phraseText(s, m)) || x.isProtocol(strings.ToLower(short)) || x.shorts >= maxShorts {
		return
	}
	x.shorts++
	x.reg.alias(m.elem, short)
	x.reg.phrase(m.elem, short)
	for i := range x.sentences {
		if t := &x.sentences[i]; t.start > s.end && strings.Contains(x.text[t.start:t.end], short) {
			x.relink(t, short, m.elem)
		}
	}
}

// abbreviates reports whether the letters begin words of the name in its order:
// "PD" for "Placement Driver", not "PHP" for "web site".
func abbreviates(short, name string) bool {
	letters := []rune(strings.ToLower(short))
	for _, w := range nameWords(name) {
		if len(letters) > 0 && strings.HasPrefix(w, string(letters[0])) {
			letters = letters[1:]
		}
	}
	return len(letters) == 0
}

// relink adds mentions of a name that was introduced after the first scan.
func (x *extractor) relink(s *sentence, short string, e *element) {
	for i := range s.tokens {
		if s.tokens[i].text != short {
			continue
		}
		at := len(s.mentions)
		taken := false
		for j, m := range s.mentions {
			if m.from <= i && i < m.to {
				taken = true
			}
			if m.from > i && at > j {
				at = j
			}
		}
		if !taken {
			s.mentions = append(s.mentions[:at], append([]mention{{from: i, to: i + 1, elem: e, capital: true}}, s.mentions[at:]...)...)
		}
	}
}
