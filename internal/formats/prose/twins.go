package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// joinTwins makes one part of a noun and the product that the text says it is, where
// both were met before: "the online feature store (Redis)". A product that several
// parts are made of, and a part made of several products, stay apart.
func (x *extractor) joinTwins() {
	const most = 200
	made, makes := map[*element][]*element{}, map[*element][]*element{}
	var nouns []*element
	for i := range x.sentences {
		s := &x.sentences[i]
		for j := 1; j < len(s.mentions) && len(nouns) < most; j++ {
			noun, product := s.equated(j)
			if noun == nil || slices.Contains(made[noun], product) {
				continue
			}
			if made[noun] == nil {
				nouns = append(nouns, noun)
			}
			made[noun], makes[product] = append(made[noun], product), append(makes[product], noun)
		}
	}
	into := map[*element]*element{}
	for _, noun := range nouns {
		if product := made[noun][0]; len(made[noun]) == 1 && len(makes[product]) == 1 {
			x.absorb(noun, product)
			into[product] = noun
		}
	}
	if len(into) == 0 {
		return
	}
	x.eachMention(func(s *sentence, j int) {
		if e := into[s.mentions[j].elem]; e != nil {
			s.mentions[j].elem = e
		}
	})
}

// equated returns the part and the product that mentions j-1 and j name as one:
// "store (Redis)", "Redis (the store)".
func (s *sentence) equated(j int) (noun, product *element) {
	p, m := &s.mentions[j-1], &s.mentions[j]
	if p.elem == nil || m.elem == nil || p.elem == m.elem || p.idle() || m.idle() || m.to >= len(s.tokens) || s.tokens[m.to].text != ")" || m.from <= p.to ||
		s.tokens[p.to].text != "(" || m.from-p.to > 2 || m.from-p.to == 2 && s.tokens[p.to+1].lower != "the" {
		return nil, nil
	}
	noun, product = p.elem, m.elem
	if noun.level == gazetteer.Product {
		noun, product = product, noun
	}
	fits := noun.level < gazetteer.Product && product.level == gazetteer.Product && noun.kind == product.kind && noun.kind == stride.DataStore &&
		!product.is("object_storage") // which has many buckets
	if !fits || product.declared || many(noun.name) {
		return nil, nil
	}
	return noun, product
}

// absorb makes e answer for twin, which is no part of its own any more.
func (x *extractor) absorb(e, twin *element) {
	for name, have := range x.reg.byName {
		if have == twin {
			x.reg.byName[name] = e
		}
	}
	for _, w := range strings.Fields(twin.canon) {
		x.reg.byWord[w] = slices.DeleteFunc(x.reg.byWord[w], func(have *element) bool { return have == twin })
	}
	x.reg.all = slices.DeleteFunc(x.reg.all, func(have *element) bool { return have == twin })
	e.aliases = append(e.aliases, twin.name)
	e.tags, e.managed = twin.tags, e.managed || twin.managed
	e.level, e.strong, e.capital = max(e.level, twin.level), e.strong || twin.strong, e.capital || twin.capital
	e.acts, e.mentions, e.last = e.acts || twin.acts, e.mentions+twin.mentions, max(e.last, twin.last)
	e.loose = e.loose && twin.loose
	for _, ev := range twin.evidence {
		e.evidence = addEvidence(e.evidence, ev)
	}
}

// definedAs returns the part before mention j where the text says of it what kind
// of program it is and its name does not: "the Case Desk tool is a web application",
// "Redis, our online store". It takes over what the kind tells.
func (x *extractor) definedAs(s *sentence, j int, between []token) *element {
	const reach = 7
	p, m := &s.mentions[j-1], &s.mentions[j]
	opens, ends := between[0].lower, len(between) > 1 && len(between) < reach
	article := ends && (indefinite(between[1].lower) || between[1].lower == "our" || between[1].lower == "the")
	if !article || opens != "," && opens != "is" || p.elem.kind != m.entry.Kind || p.from > 0 && x.preps[s.tokens[p.from-1].lower] && opens == "is" ||
		!x.allDescribe(between[2:]) || opens == "," && (!s.closesAt(m.to) || x.goesOn(s, m.to)) {
		return nil
	}
	switch {
	case p.elem.level == gazetteer.Product && m.entry.Level == gazetteer.Weak, p.elem.level == gazetteer.Product && related(p.elem.tags, m.entry.Tags):
		return p.elem
	case p.elem.level == gazetteer.Weak && m.entry.Level == gazetteer.Noun && p.elem.kind != stride.ExternalEntity && !physical(m.entry.Tags):
		x.specify(p.elem, m.entry, false)
		return p.elem
	}
	if x.isOne(between) && !x.modifier(s, m.to) {
		return x.takeKind(p.elem, m.entry)
	}
	return nil
}

// closesAt reports whether an apposition may end at token i.
func (s *sentence) closesAt(i int) bool {
	if i >= len(s.tokens) {
		return true
	}
	switch t := &s.tokens[i]; t.lower {
	case "that", "which", "for", "in", "on", "of", "and":
		return true
	default:
		return !t.word
	}
}

// goesOn reports whether the next item of an enumeration stands at token i.
func (x *extractor) goesOn(s *sentence, i int) bool {
	if i+1 >= len(s.tokens) {
		return false
	}
	if w := s.tokens[i].lower; w == "and" || w == "or" {
		return true
	}
	next := s.tokens[i+1].lower
	return s.tokens[i].text == "," && (x.dets[next] || next == "and" || next == "or")
}

// actsAs sees "X sits in front as API gateway": "as" before mention j, and nothing
// but words after the part before it.
func (s *sentence) actsAs(j int) bool {
	const reach = 6
	i := s.mentions[j].from - 1
	for i > 0 && (indefinite(s.tokens[i].lower) || s.tokens[i].lower == "the" || s.tokens[i].lower == "our") {
		i--
	}
	from := s.mentions[j-1].to
	if i <= from || i-from > reach || s.tokens[i].lower != "as" {
		return false
	}
	for _, t := range s.tokens[from:i] {
		if !t.word {
			return false
		}
	}
	return true
}
