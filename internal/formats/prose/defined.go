package prose

import (
	"regexp"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// selfDefinition matches the first sentence of a definition that repeats its term: the
// subject, a name in code in brackets, and the verb.
var selfDefinition = regexp.MustCompile(`^(?:(?:The|An?|Each|This) )?([\pL\d][\pL\d/'-]*(?: [\pL\d][\pL\d/'-]*){0,5}?)(?: \(([\pL\d_./-]{2,40})\))? ((?:is|are) (?:an? |the |also |responsible |used |invoked |embedded |in charge )?[a-z-]*|(?:[a-z]+ly )?[a-z]{2,}s)\b`)

// defineAgain reads "Recorder: The flight recorder (acme-rec) is a daemon that ...": a
// label whose text goes on with the labelled thing as the subject of what it does or
// is. The fuller of both names is that of the part.
func (x *extractor) defineAgain(b *block) bool {
	const reach = 200
	text := x.text[b.start:b.end]
	if b.kind != paragraph && b.kind != bullet || labelColon.FindStringIndex(text) == nil || metadata(text) {
		return false
	}
	it := parseItem(x.text, b.start, b.end)
	label := strings.Trim(it.name, "*_` ")
	if it.desc == "" || !x.partName(label) && !x.soleProgram(label) {
		return false
	}
	m := selfDefinition.FindStringSubmatch(it.desc[:min(len(it.desc), reach)])
	if len(m) == 0 || !x.repeats(label, m[1]) || !x.definesPart(m[3], it.desc[len(m[0])-len(m[3]):]) {
		return false
	}
	_, known := x.headed(label)
	if !known && m[2] == "" && !strings.HasPrefix(m[3], "is ") && !x.soleProgram(label) && !strings.Contains(label, " ") {
		return false // "Sources: A source submits ..." may be people
	}
	name, code := label, m[2]
	if e, ok := x.headed(label); ok && isHuman(e.Tags) && code == "" {
		name = gazetteer.Singular(name)
	}
	if len(nameWords(m[1])) > len(nameWords(label)) && !genericTail(m[1]) {
		name = m[1]
		if !startsUpper(name) {
			name = display(name)
		}
	}
	if code == "" && isIdentifier(strings.Trim(it.attributes, "`")) {
		code = strings.Trim(it.attributes, "`")
	}
	at := b.start + max(0, strings.Index(text, m[1]))
	if len(nameWords(code)) == 1 && containsAny(nameWords(name), nameWords(code)...) {
		code = "" // the product, of which it is a program: "The Plover client (plover)"
	}
	one := item{name: name, attributes: code, desc: it.desc, start: b.start, end: x.sentenceStop(b, b.start+strings.Index(text, ":")), nameAt: at}
	x.declareItem(one, roleComponents, b)
	b.declared = false // its sentences are still to be read
	e := x.reg.byName[canon(display(name))]
	if e == nil {
		return false
	}
	if isHuman(e.tags) && (strings.Contains(code, "-") || x.toldProgram(m[3]+it.desc[len(m[0]):])) {
		e.kind, e.tags, e.home = stride.Process, []stride.Tag{"service"}, "" // the operator that is a program
	}
	if name != label && !x.common(label) {
		x.reg.alias(e, label)
	}
	if code != "" && x.reg.byName[canon(code)] == nil {
		x.reg.alias(e, code)
		x.reg.phrase(e, code)
	}
	return true
}

// soleProgram reports whether a label is one noun for a program: "Agent".
func (x *extractor) soleProgram(label string) bool {
	w := gazetteer.Singular(strings.ToLower(label))
	return startsUpper(label) && (steady(w) || programNoun(w) || w == "client" || w == "relay" || w == "proxy")
}

// common reports whether several definitions of the document bear the label, so that
// it names none of them: "Client" of two products.
func (x *extractor) common(label string) bool {
	return !strings.Contains(label, " ") && strings.Count(x.text, "\n"+label+":")+strings.Count(x.text, "\n"+label+" (") > 1
}

// repeats reports whether the subject is what the label names: one has all words of
// the other and both end alike, but for a word that only says that it is a program.
func (x *extractor) repeats(label, subject string) bool {
	a, b := strings.Fields(canon(label)), strings.Fields(canon(subject))
	for _, w := range nameWords(subject) {
		if x.stop[w] {
			return false
		}
	}
	for len(b) > 1 && genericTail(b[len(b)-1]) && b[len(b)-1] != a[len(a)-1] {
		b = b[:len(b)-1]
	}
	if len(a) == 0 || len(b) == 0 || a[len(a)-1] != b[len(b)-1] {
		return false
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	return containsAll(b, a)
}

func containsAll(words, wanted []string) bool {
	for _, w := range wanted {
		if !containsAny(words, w) {
			return false
		}
	}
	return true
}

// genericTail reports whether the last word of the name only says that something is
// a part: "the activator component".
func genericTail(name string) bool {
	switch lastWord(strings.ToLower(name)) {
	case "component", "module", "process", "subsystem", "program":
		return true
	}
	return false
}

// definesPart reports whether the verb and what follows say what a part does or is.
func (x *extractor) definesPart(verb, rest string) bool {
	words := strings.Fields(verb)
	if len(words) > 1 && strings.HasSuffix(words[0], "ly") {
		words = words[1:]
	}
	if words[0] != "is" && words[0] != "are" {
		return x.verbOf(words[0]) != 0
	}
	for _, duty := range []string{" responsible for ", " used to ", " used by ", " invoked by ", " embedded in", " in charge of ", " also responsible "} {
		if strings.Contains(rest[:min(len(rest), 40)], duty) {
			return true
		}
	}
	_, what, _ := strings.Cut(rest, " ")
	return x.beginsWithKind(what) || x.toldProgram(what)
}

// toldProgram reports whether the text, from its start, calls something a program.
func (x *extractor) toldProgram(text string) bool {
	const reach = 8
	for i, w := range nameWords(text[:min(len(text), 100)]) {
		if i > reach || x.preps[w] || w == "that" || w == "which" {
			return false
		}
		if programNoun(w) || w == "tool" || w == "plugin" || w == "process" || w == "program" || w == "controller" || w == "sidecar" || w == "binary" || w == "runs" {
			return true
		}
	}
	return false
}

// ofData lists last words of names of what is sent and checked, and runs nowhere.
func ofData(last string) bool {
	switch last {
	case "id", "identifier", "token", "certificate", "document", "uri", "url", "handle", "cookie", "header", "parameter":
		return true
	}
	return false
}

// dutiful reports whether the text behind a name begins with the part's duty:
// "responsible for the keys", "used for signing".
func dutiful(text string) bool {
	for _, duty := range []string{"responsible for ", "Responsible for ", "used for ", "Used for ", "used to ", "Used to ", "in charge of ", "In charge of "} {
		if strings.HasPrefix(text, duty) {
			return true
		}
	}
	return false
}

// listsDuties reports whether the heading stands over a list of which every item
// says what the thing it names does: "Recorder", then "- Writes ...", "- Reads ...".
func (x *extractor) listsDuties(b *block) bool {
	const enough = 2
	n := 0
	for i := b.index + 1; i < len(x.blocks); i++ {
		item := &x.blocks[i]
		if item.kind != bullet {
			break
		}
		if text := item.textOf(x.text); item.indent == x.blocks[b.index+1].indent && (!startsUpper(text) || !x.beginsWithVerb(text)) {
			if !x.beginsWithAction(text) {
				return false
			}
		} else {
			n++
		}
	}
	return n >= enough
}

// beginsWithAction sees a first word in the third person that no table knows, before
// an object: "Displays inline hints".
func (x *extractor) beginsWithAction(text string) bool {
	words := strings.Fields(text[:min(len(text), 80)])
	if len(words) < 2 {
		return false
	}
	w := strings.ToLower(words[0])
	_, noun := x.gaz.Lookup(w)
	verb := !noun && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") && len(w) > 4
	return verb && words[1] == strings.ToLower(words[1]) && !strings.HasSuffix(words[0], ":")
}

// programName reports whether the last word of the name is a noun for a program.
func (x *extractor) programName(name string) bool {
	w := gazetteer.Singular(lastWord(strings.ToLower(name)))
	e, known := x.headed(name)
	return steady(w) || programNoun(w) || known && e.Level != gazetteer.Weak
}

// defineUsed reads "The Acme docking base: a floor-mounted platform ...": a name that is
// defined by an article and a noun that no table knows, and that other sentences use as
// that of a part: "the docking base sends", "connects to the docking base".
func (x *extractor) defineUsed(it item, b *block) bool {
	const enough, longest = 2, 5
	name := display(strings.Trim(it.name, "*_` "))
	words := nameWords(name)
	article, _, _ := strings.Cut(strings.ToLower(it.desc), " ")
	if len(words) < 2 || len(words) > longest || !indefinite(article) && !x.beginsWithVerb(it.desc) || !startsUpper(name) ||
		roleOf(name) != roleNone || x.looksLikeClause(name) || x.abstract(words) || ofData(words[len(words)-1]) || x.beginsWithKind(it.desc) {
		return false
	}
	tail := strings.Join(words[len(words)-2:], " ")
	if x.usedAsPart(tail, b) < enough {
		return false
	}
	one := item{name: name, desc: it.desc, zone: it.zone, start: it.start, end: it.end, nameAt: it.nameAt}
	if hardwareWords.MatchString(it.desc[:min(len(it.desc), 160)]) {
		one.attributes = "device"
	}
	x.declareItem(one, roleComponents, b)
	b.declared = false // what follows the name is still to be read
	e := x.reg.byName[canon(name)]
	if e == nil {
		return false
	}
	if len(words) > 2 && x.reg.byName[canon(tail)] == nil {
		x.reg.alias(e, tail)
		x.reg.phrase(e, tail)
	}
	return true
}

var hardwareWords = fieldWords(`mounted|motors?|motori[sz]ed|cables?|sensors?|hardware|laptop|computer|terminal|workstation|machine|` +
	`enclosure|battery|printed circuit|board`)

// usedAsPart counts the sentences outside of the block in which "the" name acts or is
// what something reaches.
func (x *extractor) usedAsPart(name string, b *block) int {
	const most = 8
	text := strings.ToLower(x.text)
	if len(text) != len(x.text) {
		return 0
	}
	n := 0
	for from, met := 0, 0; met < 4*most && n < most; met++ {
		i := strings.Index(text[from:], "the "+name)
		if i < 0 {
			break
		}
		at := from + i
		end := at + len("the ") + len(name)
		from = end
		if at >= b.start && at < b.end {
			continue
		}
		next, _, _ := strings.Cut(strings.TrimLeft(text[end:min(len(text), end+30)], " "), " ")
		before := strings.Fields(text[max(0, at-24):at])
		verb := strings.HasPrefix(text[end:], " ") && x.verbOf(strings.Trim(next, ",.;:")) != 0 && (strings.HasSuffix(next, "s") || next == "will")
		reached := len(before) > 1 && (reaches(before[len(before)-1]) || before[len(before)-1] == "with") && x.verbish(before[len(before)-2])
		if verb || reached {
			n++
		}
	}
	return n
}
