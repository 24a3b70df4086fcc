package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// maxTerms bounds the capitalised terms that are looked for in the whole text.
const maxTerms = 40

// term is what the text writes with capitals behind "the" in running text.
type term struct {
	block *block
	at    int
	seen  int
	acts  int    // how often it is the subject of a verb that moves or asks for data
	does  int    // and of any verb
	asked int    // how often something calls it
	head  string // the noun for a program behind it: "tool"
}

// declareTerms reads the capitalised terms that act in several sentences though no
// list names them: "the Orchestrator calls the model", "the Case Desk tool".
func (x *extractor) declareTerms() {
	terms := map[string]*term{}
	for i := range x.blocks {
		b := &x.blocks[i]
		if b.kind == heading || b.kind == row || b.section.aside() || b.end-b.start > maxSentence*4 {
			continue
		}
		x.termsOf(b, terms)
	}
	names := make([]string, 0, len(terms))
	for name := range terms {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return terms[a].at - terms[b].at })
	for _, name := range names[:min(len(names), maxTerms)] {
		if what := x.termKind(name, terms[name]); what != "" {
			x.declareName(terms[name].block, name, what, terms[name].at)
		}
	}
}

// termsOf collects the terms of one block.
func (x *extractor) termsOf(b *block, terms map[string]*term) {
	text := x.text[b.start:b.end]
	for from := 0; ; {
		i := strings.Index(text[from:], "he ")
		if i < 0 {
			return
		}
		at := from + i + len("he ")
		from = at
		if at < len("the ") || text[at-4] != 't' && text[at-4] != 'T' {
			continue
		}
		end, words := at, 0
		for end < len(text) && words < 3 && text[end] >= 'A' && text[end] <= 'Z' {
			stop := end + 1
			for stop < len(text) && (text[stop] >= 'a' && text[stop] <= 'z' || text[stop] >= 'A' && text[stop] <= 'Z' || text[stop] == '-') {
				stop++
			}
			end, words = stop, words+1
			if stop+1 >= len(text) || text[stop] != ' ' || text[stop+1] < 'A' || text[stop+1] > 'Z' {
				break
			}
			end++
		}
		if words == 0 || !properWord(text[at:end]) {
			continue
		}
		t := terms[text[at:end]]
		if t == nil {
			if len(terms) >= maxElements {
				continue
			}
			t = &term{block: b, at: b.start + at}
			terms[text[at:end]] = t
		}
		t.seen++
		if before := strings.Fields(text[max(0, at-24) : at-4]); len(before) > 1 && (reaches(before[len(before)-1]) || isUsed(before[len(before)-1])) {
			t.asked++
		}
		x.readTerm(t, text[end:])
	}
}

// readTerm notes what follows one occurrence of a term.
func (x *extractor) readTerm(t *term, rest string) {
	if !strings.HasPrefix(rest, " ") {
		return
	}
	next, _, _ := strings.Cut(rest[1:min(len(rest), 40)], " ")
	next = strings.Trim(next, ",.;:)")
	switch class := x.verbOf(next); {
	case programNoun(next) || next == "tool" || next == "console":
		t.head = next
	case class == plain && strings.HasSuffix(next, "s"):
		t.does++
	case class != 0 && strings.HasSuffix(next, "s") || technical(next):
		t.acts++
	}
}

// termKind returns the noun for what the term is, or "" where it is no part.
func (x *extractor) termKind(name string, t *term) string {
	const often = 3
	entry, known := x.headed(name)
	if known && (entry.Level != gazetteer.Weak || entry.Kind != stride.Process) || len(x.dataIn(strings.ToLower(name))) > 0 || roleOf(name) != roleNone {
		return ""
	}
	many := strings.Count(x.text, name)
	switch single := !strings.Contains(name, " "); {
	case known && t.seen >= often && t.acts+t.does > 0 && t.acts+t.asked > 0 && entry.Alias != "model" && entry.Alias != "process" && entry.Alias != "system":
		return entry.Alias
	case !single && t.head != "" && (many > 1 || t.asked > 0), t.acts > 1 && many > often, t.seen > 1 && t.acts > 0 && t.acts+t.asked > 1:
		if t.head != "" {
			return t.head
		}
		return "service"
	}
	return ""
}

// declareNamed reads enumerations of parts in running text: "the services are
// appointment, video and prescription", "tools: lookup_order, cancel_order".
func (x *extractor) declareNamed() {
	for i := range x.blocks {
		b := &x.blocks[i]
		if b.kind != heading && b.kind != row && !b.section.aside() && b.end-b.start <= maxSentence*4 {
			x.namedIn(b)
		}
	}
}

// namedIn reads those of one block.
func (x *extractor) namedIn(b *block) {
	const reach = 240
	text := x.text[b.start:b.end]
	for _, opener := range []string{"s are ", "s: "} {
		i := strings.Index(text, opener)
		if i < 0 {
			continue
		}
		word := text[strings.LastIndexAny(text[:i], " \n(")+1 : i]
		kind := strings.ToLower(word)
		if !collective(kind) {
			continue
		}
		from := i + len(opener)
		list := text[from:min(len(text), from+reach)]
		if stop := strings.IndexAny(list, ".;:(\n"); stop >= 0 {
			list = list[:stop]
		}
		x.enumerate(b, kind, list, b.start+from)
	}
}

// enumerate declares the names of the list, which are parts of the kind, where it has
// nothing else.
func (x *extractor) enumerate(b *block, kind, list string, at int) {
	names := regexpJoin.Split(list, -1)
	if len(names) < enoughNamed {
		return
	}
	for _, name := range names {
		words := strings.Fields(strings.ToLower(name))
		if len(words) == 0 || len(words) > 3 || x.looksLikeClause(name) || x.stop[words[0]] || x.quality[words[0]] || adjective(words[0]) ||
			x.verbish(words[0]) && !strings.Contains(name, "_") {
			return
		}
	}
	was := b.declared
	for _, name := range names {
		at += max(0, strings.Index(x.text[at:min(len(x.text), at+len(list))], name))
		full := name
		if _, known := x.headed(name); !known && !strings.ContainsAny(name, "_-") && name == strings.ToLower(name) {
			full += " " + kind
		}
		x.declareItem(item{name: full, attributes: kind, start: at, end: min(b.end, at+len(list)), nameAt: at}, roleComponents, b)
		if e := x.reg.byName[canon(display(full))]; e != nil && full != name {
			x.reg.alias(e, name)
		}
	}
	b.declared = was
}

// collective lists the nouns whose enumeration names parts, without their "s".
func collective(kind string) bool {
	switch kind {
	case "service", "microservice", "worker", "component", "tool", "daemon", "agent", "controller":
		return true
	}
	return false
}

// isUsed lists the verbs before what people work with.
func isUsed(w string) bool {
	switch w {
	case "use", "uses", "open", "opens", "call", "query":
		return true
	}
	return false
}
