package prose

import (
	"regexp"
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var (
	// calledName matches "a small service called Lumen".
	calledName = regexp.MustCompile("\\b(?:an?|the|our) ((?:[a-z][\\w-]+ ){0,3}[a-z][\\w-]+),? (?:called|named|code-named|known as) (?:\\*\\*|`|\")?([A-Z][\\w-]{2,30})")
	// apposedName matches "Lumen, our order service, writes".
	apposedName = regexp.MustCompile(`(?:^|[.;]\s)([A-Z][\w-]{2,30}), (?:an?|our|the) ([a-z][^.,;()\n]{2,60}), [a-z]`)
	// definedName matches "Grist is a Go service that reads".
	definedName = regexp.MustCompile(`(?:^|[.;]\s)([A-Z][\w-]{2,30}) is an? ([^.;:\n]{3,120})`)
	// definedThing matches "The Sensor hub is an IoT device".
	definedThing = regexp.MustCompile(`(?:^|[.;]\s)(?:(?:The|Our|Each|Every) )?([A-Z][\w-]{1,30}(?: [\w-]{2,30}){1,2}) is an? ([^.;:\n]{3,120})`)
	// besideName matches "to the Collector, a Go service".
	besideName = regexp.MustCompile(`\b[Tt]he ([A-Z][\w-]{2,30}(?: [A-Z][\w-]{2,30})?), an? ([^.,;()\n]{2,60})`)
	// codedActor matches a name in code font as the subject of a verb.
	codedActor = regexp.MustCompile("(?:^|[^\\w/`])`([A-Za-z][\\w.-]{2,40})` ([a-z]{3,12}s) \\w")
)

// technical reports whether a verb is one that programs do rather than people and
// firms.
func technical(w string) bool {
	switch w {
	case "stores", "publishes", "consumes", "queries", "polls", "fetches", "persists", "writes", "exposes", "listens", "subscribes", "caches", "proxies", "routes",
		"serves", "pulls", "pushes", "streams", "indexes", "enqueues", "dequeues", "ingests", "replicates", "emits", "terminates", "parses", "renders", "queues":
		return true
	}
	return false
}

// declareActing reads the proper names that running text introduces: by what they
// are, in code font as who acts, or as who acts and is called like a program.
func (x *extractor) declareActing() {
	acts, called := map[string]int{}, map[string]int{}
	seen := map[string]token{}
	for i := range x.blocks {
		b := &x.blocks[i]
		if b.kind == heading || b.kind == row || b.section.aside() || b.end-b.start > maxSentence*4 {
			continue
		}
		text := x.text[b.start:b.end]
		x.introduceNear(b, calledName, []string{" called ", " named ", " code-named ", " known as "}, 2, 1)
		x.introduceNear(b, apposedName, []string{", our ", ", a ", ", an ", ", the "}, 1, 2)
		x.introduceNear(b, besideName, []string{", a ", ", an "}, 1, 2)
		x.introduceNear(b, definedName, []string{" is a ", " is an "}, 1, 2)
		if strings.IndexByte(text, '`') >= 0 {
			for _, m := range codedActor.FindAllStringSubmatchIndex(text, someOf) {
				if name, verb := text[m[2]:m[3]], text[m[4]:m[5]]; x.actsInCode(name, verb) {
					x.declareName(b, name, "", b.start+m[2])
				}
			}
		}
		if len(acts) < maxElements && len(called) < maxElements {
			countActs(text, acts, called, func(name string, at int) { seen[name] = token{start: b.start + at, end: i} })
		}
	}
	names := make([]string, 0, len(acts))
	for name := range acts {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return seen[a].start - seen[b].start })
	for _, name := range names {
		if acts[name]+called[name] > 1 && called[name] > 0 {
			x.declareName(&x.blocks[seen[name].end], name, "", seen[name].start)
		}
	}
}

// countActs counts how often each capitalised word is the subject of a technical
// verb, and how often it is what something calls; first is told of the first act.
func countActs(text string, acts, called map[string]int, first func(name string, at int)) {
	before, at := "", -1 // the word before, and where it begins
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && text[end] != ' ' && text[end] != '\n' {
			end++
		}
		word := strings.TrimRight(text[i:end], ".,;:)")
		switch {
		case at >= 0 && properWord(before) && technical(word):
			if acts[before]++; acts[before] == 1 {
				first(before, at)
			}
		case properWord(word) && reaches(before):
			called[word]++
		}
		if before, at = word, i; end > i && len(word) < end-i {
			before = "" // a sign ends the clause
		}
		i = end + 1
	}
}

// properWord reports whether a word is written as a proper name.
func properWord(w string) bool {
	return len(w) > 2 && w[0] >= 'A' && w[0] <= 'Z' && w[1] >= 'a' && w[1] <= 'z' && !strings.ContainsAny(w, "'’/(`*")
}

// reaches lists words before what a program calls.
func reaches(w string) bool {
	switch w {
	case "calls", "queries", "invokes", "polls", "to", "from", "through", "via", "by":
		return true
	}
	return false
}

// introduceNear looks for the pattern around each of the markers, from the start of
// the sentence on.
func (x *extractor) introduceNear(b *block, pattern *regexp.Regexp, markers []string, name, what int) {
	const reach, ahead = 60, 140
	text := x.text[b.start:b.end]
	for _, marker := range markers {
		for from, n := 0, 0; n < someOf; n++ {
			i := strings.Index(text[from:], marker)
			if i < 0 {
				break
			}
			i += from
			from = i + len(marker)
			start := max(0, i-reach)
			if k := strings.LastIndexAny(text[start:i], ".;"); k >= 0 {
				start += k
			} else if start > 0 && pattern != calledName && pattern != besideName {
				continue // the sentence begins further back
			}
			x.introduce(b, pattern, start, min(len(text), i+ahead), name, what)
			if pattern == definedName {
				x.introduceThing(b, start, min(len(text), i+ahead))
			}
		}
	}
}

// introduce declares the name that the pattern finds in text [from,to) of the block
// where it says what it is.
func (x *extractor) introduce(b *block, pattern *regexp.Regexp, from, to, name, what int) {
	text := x.text[b.start+from : b.start+to]
	m := pattern.FindStringSubmatchIndex(text)
	if m == nil {
		return
	}
	entry, typed := x.genus(text[m[2*what]:m[2*what+1]])
	if !typed || entry.Kind == stride.ExternalEntity || entry.Level == gazetteer.Weak && !programNoun(entry.Alias) ||
		physical(entry.Tags) && pattern != definedName {
		return
	}
	x.declareName(b, text[m[2*name]:m[2*name+1]], entry.Alias, b.start+from+m[2*name])
}

// programNoun lists the weak nouns that make a name one of a program.
func programNoun(alias string) bool {
	switch alias {
	case "service", "server", "application", "app", "daemon", "microservice", "worker", "agent", "engine", "component":
		return true
	}
	return false
}

// actsInCode reports whether a name in code font is that of a part: no constant,
// option or file but that of a workflow.
func (x *extractor) actsInCode(name, verb string) bool {
	if name == strings.ToUpper(name) || strings.Contains(name, ".") && !isWorkflow(name) {
		return false
	}
	class := x.verbOf(verb)
	return technical(verb) || class != 0 && class != plain || isWorkflow(name) && class != 0
}

// declareName makes a part of a name that no list, gazetteer or dictionary knows.
func (x *extractor) declareName(b *block, name, what string, at int) {
	lower := strings.ToLower(name)
	if _, known := x.gaz.Lookup(name); known && what == "" || x.stop[lower] || x.trades[lower] || x.quality[lower] || x.verbOf(lower) != 0 || person(lower) {
		return
	}
	if entry, known := x.gaz.Lookup(name); known && entry.Level != gazetteer.Weak && !x.onlyWord(name, entry) ||
		x.reg.byName[canon(name)] != nil || canon(name) == x.owner ||
		x.abstract(nameWords(name)) || x.isProtocol(lower) {
		return
	}
	end := min(len(x.text), at+stride.MaxQuote, b.end)
	if loc := sentenceEnd.FindStringIndex(x.text[at:end]); loc != nil {
		end = at + loc[0] + 1
	}
	was := b.declared
	before := len(x.reg.all)
	if what == "" {
		what = "service"
	}
	x.declareItem(item{name: name, attributes: what, start: at, end: end, nameAt: at}, roleComponents, b)
	b.declared = was
	for _, e := range x.reg.all[before:] {
		e.name = name // as its makers write it
		if entry, known := x.gaz.Lookup(name); known && x.onlyWord(name, entry) {
			e.kind, e.tags, e.home, e.level = stride.Process, nil, "", gazetteer.Weak
		}
		if entry, known := x.headed(name); !known || entry.Level == gazetteer.Weak {
			e.level = gazetteer.Weak // what it is built on is no name of it
		}
		if len(e.tags) == 0 {
			e.tags = []stride.Tag{"service"}
		}
	}
}

// person lists the names of the people in stories about protocols.
func person(w string) bool {
	switch w {
	case "alice", "bob", "carol", "dave", "eve", "mallory", "trent", "peggy", "victor", "oscar", "john", "jane", "anna", "maria", "tom", "mary", "peter", "paul":
		return true
	}
	return false
}

// introduceThing declares the name of several words that a sentence begins with and
// says what kind of part it is, where no table knows the noun in it: "The Sensor hub
// is an IoT device".
func (x *extractor) introduceThing(b *block, from, to int) {
	text := x.text[b.start+from : b.start+to]
	m := definedThing.FindStringSubmatchIndex(text)
	if m == nil {
		return
	}
	name := text[m[2]:m[3]]
	words := nameWords(name)
	entry, typed := x.genus(text[m[4]:m[5]])
	if _, known := x.headed(name); known || !typed || entry.Level == gazetteer.Weak || entry.Kind == stride.ExternalEntity || x.reg.byName[canon(name)] != nil ||
		x.looksLikeClause(name) || x.abstract(words) || x.quality[words[0]] || roleOf(name) != roleNone || canon(name) == x.owner || adjective(words[len(words)-1]) {
		return
	}
	for _, w := range words {
		if x.stop[w] || x.verbish(w) {
			return
		}
	}
	at, was := b.start+from+m[2], b.declared
	before := len(x.reg.all)
	x.declareItem(item{name: name, attributes: entry.Alias, start: at, end: x.sentenceStop(b, at), nameAt: at}, roleComponents, b)
	b.declared = was
	for _, e := range x.reg.all[before:] {
		e.kind, e.tags, e.home = entry.Kind, entry.Tags, entry.Zone // what it is said to be, not what the name holds
	}
}

// onlyWord reports whether the product that a name holds is an ordinary word in it: "Box
// Office".
func (x *extractor) onlyWord(name string, entry gazetteer.Entry) bool {
	_, known := x.headed(name)
	return !known && entry.Level == gazetteer.Name && everydayWord(entry.Alias)
}
