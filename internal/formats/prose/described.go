package prose

import (
	"regexp"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// describe reads a part that the text introduces outside of a list with a role:
// "**Ingest worker**: consumes ...", "- Ingest worker - consumes ...", a row of
// a table of parts, a heading over "It consumes ...". The name alone proves
// nothing; what follows must say what the part does or is.
func (x *extractor) describe(b *block, t *table) {
	switch b.kind {
	case heading:
		x.describeHeading(b)
	case row:
		x.describeRow(b, t)
	default:
		if x.defineAgain(b) {
			return
		}
		it := x.introduced(b)
		if short, found := strings.CutPrefix(it.name, "The "); found && b.kind == bullet {
			it.name, it.nameAt = short, it.nameAt+len("The ")
		}
		if x.defineUsed(it, b) {
			return
		}
		if it.desc == "" && b.kind == bullet && x.typedName(it, b) || it.desc != "" && x.partName(it.name) &&
			(x.tellsPart(it) || b.kind == paragraph && it.attributes != "") {
			x.declareItem(it, roleComponents, b)
			x.aliasResource(it)
			b.declared = false // what follows the name is still to be read
		}
	}
}

// introduced splits "Name: text", "Name - text" and "Name. Text" at the start of
// an item; a paragraph must have its name in bold.
func (x *extractor) introduced(b *block) item {
	text := x.text[b.start:b.end]
	if b.kind == paragraph && !strings.HasPrefix(text, "**") {
		return x.labelledPart(b)
	}
	if m := labelStop.FindStringSubmatchIndex(text); len(m) > 0 && (b.kind == bullet || text[m[2]-1] == '*') {
		return item{name: text[m[2]:m[3]], desc: strings.TrimSpace(text[m[1]-1:]), start: b.start, end: b.end, nameAt: b.start + m[2]}
	}
	return parseItem(x.text, b.start, b.end)
}

// labelledPart splits "acme-agent. A daemon that ..." and "Local endpoint. The agent
// listens ...": a paragraph whose label is the name of a program.
func (x *extractor) labelledPart(b *block) item {
	text := x.text[b.start:b.end]
	m := labelStop.FindStringSubmatchIndex(text[:min(len(text), 160)])
	if len(m) == 0 {
		return item{}
	}
	name, rest := text[m[2]:m[3]], strings.TrimSpace(text[m[1]-1:])
	words := nameWords(name)
	if len(words) < 2 || len(words) > 4 || x.looksLikeClause(name) {
		return item{}
	}
	last := gazetteer.Singular(words[len(words)-1])
	program := steady(last) || programNoun(last) || last == "endpoint" || last == "proxy" || last == "api" || last == "console"
	resource := last == "crd" || last == "resource" && len(words) > 2 && words[len(words)-2] == "custom"
	if !program && !resource || strings.Contains(name, " ") && !startsUpper(name) || x.quality[words[0]] && last != "endpoint" {
		return item{}
	}
	it := item{name: name, desc: rest, attributes: "service", start: b.start, end: x.sentenceStop(b, b.start+m[3]), nameAt: b.start + m[2]}
	switch {
	case last == "endpoint":
		it.attributes = "api"
	case resource:
		it.attributes = "config store"
	}
	return it
}

// aliasResource makes a custom resource answer to its name alone.
func (x *extractor) aliasResource(it item) {
	name, _, _ := strings.Cut(it.name, " ")
	if e := x.reg.byName[canon(display(it.name))]; e != nil && it.attributes == "config store" && properWord(name) && x.reg.byName[canon(name)] == nil {
		x.reg.alias(e, name)
		x.reg.phrase(e, name)
	}
}

// typedName reports whether the item is a name and, in brackets, what kind of part
// it is: "Lumen (API server)".
func (x *extractor) typedName(it item, b *block) bool {
	if it.attributes == "" || !x.partName(it.name) || !strings.HasSuffix(x.text[b.start:b.end], ")") {
		return false
	}
	e, known := x.headed(it.stated())
	return known && e.Kind != stride.ExternalEntity && (e.Level != gazetteer.Weak || programNoun(e.Alias))
}

// boldSubject matches a name in bold, and what follows it: "The **recorder** writes".
var boldSubject = regexp.MustCompile(`(^|[.] |[Tt]he |[Aa]n? )\*\*([\pL\d][\pL\d/&' -]{2,40})\*\*(?: \([^()\n]{2,60}\))?(?: by [A-Z]\w+(?: [A-Z]\w+)?)?(, which| which|, that| that)? ([a-z][^.\n]{3,60})`)

// describeBold reads the names in bold of a paragraph that says what they do or
// are: "It starts the **Supervisor**, which manages the containers."
func (x *extractor) describeBold(b *block) {
	const most = 12
	if !strings.Contains(x.text[b.start:b.end], "**") {
		return
	}
	for _, m := range boldSubject.FindAllStringSubmatchIndex(x.text[b.start:b.end], most) {
		at, end := b.start+m[4], b.start+m[5]
		name, says := display(x.text[at:end]), x.text[b.start+m[8]:b.start+m[9]]
		if !x.partName(name) || x.reg.byName[canon(name)] != nil || x.entitles(name) {
			continue
		}
		isKind := false
		for _, be := range []string{"is ", "are "} {
			if rest, found := strings.CutPrefix(says, be); found {
				isKind = x.beginsWithKind(rest) || be == "are " && x.beginsWithKind("a "+rest)
			}
		}
		if !isKind && !x.beginsWithVerb(says) {
			continue
		}
		stop := b.end
		if loc := sentenceEnd.FindStringIndex(x.text[end:b.end]); loc != nil {
			stop = end + loc[0] + 1
		}
		x.declareItem(item{name: name, desc: says, start: at, end: stop, nameAt: at}, roleComponents, b)
	}
	b.declared = false // its sentences are still to be read
}

// entitles reports whether the document bears the name as its title.
func (x *extractor) entitles(name string) bool {
	title := x.blocks[0]
	return title.kind == heading && canon(display(title.textOf(x.text))) == canon(name)
}

// labelStop matches "Name. Text" and "Name (what it is). Text".
var labelStop = regexp.MustCompile(`^(?:\*\*)?([\p{L}\d][\p{L}\d/&' -]{1,50}?)(?:\*\*)?(?: \([^()]{2,60}\))?[.](?:\*\*)?\s+\S`)

// describeHeading reads a heading that names the part which the paragraph below
// is about: it begins with what the part does.
func (x *extractor) describeHeading(b *block) {
	title := strings.Trim(x.text[b.start:b.end], "*_:#` \t")
	title = title[len(chapter.FindString(title)):]
	if b.level == 1 || b.index == 0 || b.index+1 >= len(x.blocks) || !x.partName(title) {
		return
	}
	_, known := x.headed(title)
	if !known && len(strings.Fields(title)) < 2 || !x.actsBelow(b) && !x.listsDuties(b) {
		return
	}
	x.declareItem(item{name: title, start: b.start, end: b.end, nameAt: b.start}, roleComponents, b)
	b.declared = false
}

// actsBelow reports whether the paragraph below a heading begins with what the part
// that the heading names does.
func (x *extractor) actsBelow(b *block) bool {
	if b.index+1 >= len(x.blocks) {
		return false
	}
	below := &x.blocks[b.index+1]
	if below.kind != paragraph || below.end-below.start < telling {
		return false
	}
	text := x.text[below.start:below.end]
	for _, subject := range []string{"It ", "This component ", "This service ", "This part "} {
		text = strings.TrimPrefix(text, subject)
	}
	return x.beginsWithVerb(text)
}

// tellsBelow reports whether the paragraph below a heading begins with what the part
// does, or with what it is.
func (x *extractor) tellsBelow(b *block) bool {
	if x.actsBelow(b) {
		return true
	}
	below := &x.blocks[min(b.index+1, len(x.blocks)-1)]
	return below.kind == paragraph && x.beginsWithKind(x.text[below.start:below.end])
}

// definitionBelow returns the paragraph below a heading where it begins with what
// the part is, or "".
func (x *extractor) definitionBelow(b *block) string {
	if b.index+1 >= len(x.blocks) || x.blocks[b.index+1].kind != paragraph {
		return ""
	}
	below := &x.blocks[b.index+1]
	if text := below.textOf(x.text); x.beginsWithKind(text) {
		return text
	}
	return ""
}

// tellsPart reports whether the text behind a name says what a part does, or
// what kind of part it is.
func (x *extractor) tellsPart(it item) bool {
	if e, ok := x.headed(it.name); ok && e.Level != gazetteer.Weak {
		return true
	}
	return x.beginsWithVerb(it.desc) || x.beginsWithKind(it.desc) || dutiful(it.desc) && x.programName(it.name)
}

// beginsWithVerb sees "consumes events from ...": a verb in the third person.
func (x *extractor) beginsWithVerb(text string) bool {
	words := strings.Fields(strings.ToLower(text[:min(len(text), 120)]))
	for len(words) > 0 && (strings.HasSuffix(words[0], "ly") || words[0] == "then" || words[0] == "also" || words[0] == "which") {
		words = words[1:]
	}
	if len(words) < 2 {
		return false
	}
	w := strings.Trim(words[0], ",.;:")
	return strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && x.verbOf(w) != 0 && w != "is" && w != "was" && w != "has" && w != "does"
}

// beginsWithKind sees "a Go service that ...": an article and a noun for a part.
func (x *extractor) beginsWithKind(text string) bool {
	words := nameWords(text[:min(len(text), 120)])
	if len(words) < 2 || !indefinite(words[0]) && words[0] != "the" {
		return false
	}
	const reach = 9
	for i := 1; i < min(len(words), reach) && !x.preps[words[i]] && words[i] != "that" && words[i] != "which"; i++ {
		if e, n := x.gaz.Longest(words[i:]); n > 0 && (e.Level != gazetteer.Weak || e.Alias == "service" || e.Alias == "application" || e.Alias == "component") {
			return true
		}
	}
	return false
}

// partName reports whether words may be the name of a part: short, capitalised
// or an identifier, no title of a section, no abstract noun, no safeguard.
func (x *extractor) partName(name string) bool {
	name = strings.Trim(name, "*_` ")
	words := nameWords(name)
	if len(words) == 0 || len(words) > 5 || len(name) < 3 || !startsUpper(name) && !isIdentifier(name) && !strings.ContainsAny(name, "-_") && !isWorkflow(name) ||
		strings.ContainsAny(name, "?!:;,\"") || roleOf(name) != roleNone || x.looksLikeClause(name) ||
		containsAny(words, "in", "of", "with", "for", "and", "to", "on", "by", "how", "what", "why", "no") {
		return false
	}
	if x.isProtocol(words[len(words)-1]) || ofData(words[len(words)-1]) || len(x.dataIn(strings.ToLower(name))) > 0 {
		return false
	}
	if len(words) == 1 && x.verbs[words[0]] != 0 && !nounToo(words[0]) {
		return false // "**Notify.** The API sends ..."
	}
	if e, known := x.headed(name); known && (e.Level != gazetteer.Weak || len(words) > 1) {
		return true
	}
	return !x.abstract(words) && len(x.controlsIn(strings.ToLower(name))) == 0
}

// abstract recognises titles and qualities by their last word, and actions by
// their first.
func (x *extractor) abstract(words []string) bool {
	if first := words[0]; len(words) > 1 && strings.HasSuffix(first, "ing") && !x.trades[first] {
		return true
	}
	last := gazetteer.Singular(words[len(words)-1])
	if len(words) == 1 && (last == "author" || last == "owner" || last == "contact" || last == "team" || last == "people") {
		return true
	}
	switch last {
	case "goal", "overview", "summary", "scope", "note", "risk", "threat", "purpose", "status", "version", "date", "input", "output", "language",
		"metadata", "design", "diagram", "detail", "requirement", "feature", "limit", "issue", "question", "decision", "option", "example", "context",
		"model", "policy", "rule", "step", "phase", "day", "week", "budget", "cost", "link", "reference", "term", "use", "user story",
		"case", "check", "support", "suggestion", "fact", "problem", "result", "test", "plan", "roadmap", "backlog", "action", "todo", "change", "effort", "availability", "fail",
		"thing", "part", "introduction", "conclusion", "appendix", "stack", "setup", "layout", "flow", "key", "value", "default", "port", "time",
		"retention", "control", "level", "severity", "impact", "likelihood", "asset", "data", "license", "licence", "idea", "approach", "topology", "quickstart":
		return true
	}
	for _, end := range []string{"tion", "sion", "ity", "ment", "ness", "ance", "ence", "ing", "ism", "cy", "ship", "ture", "ysis", "view"} {
		if strings.HasSuffix(last, end) && len(last) > len(end)+1 && last != "station" && !x.trades[last] {
			return true
		}
	}
	return false
}
