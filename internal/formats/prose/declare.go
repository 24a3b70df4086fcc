package prose

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// item is one declaration: "Name (attributes) [zone]: description".
type item struct {
	id         string // its number: "P1"
	name       string
	attributes string
	zone       string
	desc       string
	start, end int // of the whole item
	nameAt     int
}

// declareElements reads what the document lists as its parts: bullets and
// tables under headings with a role, and "Processes: A; B." in one line.
func (x *extractor) declareElements() {
	t := table{last: -1}
	for i := range x.blocks {
		b := &x.blocks[i]
		if b.kind != heading && hasArrow(b.textOf(x.text)[:min(b.end-b.start, 120)]) {
			continue // a flow
		}
		before := len(x.reg.all)
		r := b.section.role
		switch {
		case b.kind == heading && r.declares() && !b.section.inherited:
			x.declareHeading(b, r)
		case b.kind == bullet && b.lined && x.listsInline(b):
			x.declareInline(b)
		case b.kind == bullet && b.section.inherited && parseItem(x.text, b.start, b.end).desc == "":
			// a remark about a part, not one more part
		case b.kind == bullet && r.declares() && !b.section.inherited && x.declareGroup(b, r):
		case b.kind == bullet && r.declares():
			x.declareItem(x.itemOf(b), r, b)
		case b.kind == bullet && r == roleNone:
			x.declareTechnical(b)
			x.declareWithin(b)
		case b.kind == row && r.declares():
			x.declareRow(b, r)
		case b.kind == paragraph && r.declares() && x.declareLabel(b, r):
		case b.kind == paragraph:
			x.declareInline(b)
		}
		if r == roleNone && !b.declared && len(x.reg.all) == before && !b.section.asideParts() {
			x.describe(b, &t)
		}
		// Running text with labels is no list.
		passing := r == roleNone && b.kind == paragraph && !b.declared && !strings.HasPrefix(x.text[b.start:b.end], "*")
		if passing {
			before = len(x.reg.all)
		}
		if r != roleNone && !(b.kind == heading && b.level == plainTitle && x.listing > 0) || b.kind == paragraph {
			for _, e := range x.reg.all[before:] {
				labelled := r == roleActors && b.kind == paragraph // says who acts, not what there is
				if e.kind != stride.ExternalEntity && !(labelled && x.listing == listedEnough-1) {
					x.listing++
				}
			}
		}
		if b.kind == paragraph && !b.declared && (!b.section.aside() || r == roleAssets) {
			x.describeBold(b) // running text is no list
		}
	}
	x.completeLists()
}

// declareHeading reads a heading below "Actors" that itself names an actor.
func (x *extractor) declareHeading(b *block, r role) {
	title := x.text[b.start:b.end]
	if roleOf(title) != roleNone {
		return
	}
	name, brackets, _ := strings.Cut(strings.TrimSuffix(title, ")"), " (")
	if pair := x.severalParts(item{name: name, nameAt: b.start, start: b.start, end: b.end}); pair != nil {
		for _, one := range pair {
			x.declareItem(one, r, b)
		}
		b.declared = false
		return
	}
	if _, known := x.headed(name); !known && (r != roleActors && len(strings.Fields(name)) < 2 || b.level == plainTitle && !x.tellsBelow(b)) {
		return // "Networks" among components begins another matter
	}
	if x.partName(name) {
		x.declareItem(item{name: name, attributes: brackets, desc: x.definitionBelow(b), start: b.start, end: b.end, nameAt: b.start}, r, b)
		b.declared = false
	}
}

// itemOf splits an item of a list of parts; its name may end at a full stop:
// "Ledger. SQLite or MySQL".
func (x *extractor) itemOf(b *block) item {
	it := parseItem(x.text, b.start, b.end)
	text := x.text[b.start:b.end]
	m := labelStop.FindStringSubmatchIndex(text)
	if len(m) == 0 || b.start+m[3] >= it.nameAt+len(it.name) || len(strings.Fields(text[m[2]:m[3]])) > 4 || !startsUpper(text[m[2]:m[3]]) {
		return it
	}
	for _, w := range nameWords(text[m[2]:m[3]]) {
		if x.stop[w] || x.verbOf(w) != 0 && !nounToo(strings.TrimSuffix(w, "s")) && !x.trades[w] {
			return it
		}
	}
	return item{name: text[m[2]:m[3]], desc: strings.TrimSpace(text[m[1]-1:]), start: b.start, end: b.end, nameAt: b.start + m[2]}
}

// declareLabel reads "Init container. Runs before the application ..." and
// "gatewayd (proxy). A deployment ..." in a section that lists parts.
func (x *extractor) declareLabel(b *block, r role) bool {
	text := x.text[b.start:b.end]
	if x.declareColon(b, r) {
		return true
	}
	m := labelStop.FindStringSubmatchIndex(text)
	if len(m) == 0 || len(strings.Fields(text[m[2]:m[3]])) > 4 || x.looksLikeClause(text[m[2]:m[3]]) || x.abstract(nameWords(text[m[2]:m[3]])) {
		return false
	}
	it := parseItem(x.text, b.start, b.start+m[1]-1)
	it.name, it.end = text[m[2]:m[3]], b.end
	before := len(x.reg.all)
	x.declareItem(it, r, b)
	b.declared = false // its sentences are still to be read
	return len(x.reg.all) > before
}

// declareColon reads "Storage Backend: holds the orders" and "Clients (relying
// parties): hold a secret" in a section that lists parts.
func (x *extractor) declareColon(b *block, r role) bool {
	text := x.text[b.start:b.end]
	loc := labelColon.FindStringIndex(text)
	if loc == nil || metadata(text) {
		return false
	}
	it := parseItem(x.text, b.start, b.end)
	if it.desc == "" || len(strings.Fields(it.name)) > 5 || roleOf(it.name) != roleNone || x.looksLikeClause(it.name) || x.abstract(nameWords(it.name)) {
		return false
	}
	before := len(x.reg.all)
	x.declareItem(it, r, b)
	b.declared = false // its sentences are still to be read
	return len(x.reg.all) > before
}

// declareTechnical reads "- Lidar: scans the room" outside of such a list: only
// where the name is that of a technology.
func (x *extractor) declareTechnical(b *block) {
	if id := x.identifierSubject(b); id != "" {
		x.declareItem(item{name: id, start: b.start, end: b.end, nameAt: b.start}, roleComponents, b)
		b.declared = false // the rest of the item is still to be read
		return
	}
	it := parseItem(x.text, b.start, b.end)
	if it.desc == "" || len(strings.Fields(it.name)) > 4 || containsAny(nameWords(it.name), "in", "for", "on", "with", "and") {
		return // "Role concept in the archive" is no part
	}
	if ofData(lastWord(strings.ToLower(it.name))) {
		return // "Acme ID: a URI that names a workload"
	}
	if e, ok := x.headed(it.name); !ok || e.Level == gazetteer.Weak || !startsUpper(it.name) || x.looksLikeClause(it.name) {
		return
	}
	for sec := b.section; sec != nil; sec = sec.parent {
		if sec.role != roleNone {
			return
		}
	}
	x.declareItem(it, roleComponents, b)
}

// headed looks a name up by its last words: "Stream Replication" is no stream.
func (x *extractor) headed(name string) (gazetteer.Entry, bool) {
	words := nameWords(name)
	for i := range words {
		if _, n := x.gaz.Longest(words[i:]); n > 0 && i+n == len(words) {
			return x.gaz.Lookup(name)
		}
	}
	return gazetteer.Entry{}, false
}

// identifierSubject returns the name in "- joy_node is forwarding ...".
func (x *extractor) identifierSubject(b *block) string {
	text := x.text[b.start:b.end]
	words := strings.Fields(text[:min(len(text), 200)])
	if len(words) < 2 || !strings.Contains(strings.Trim(words[0], "_"), "_") || !isIdentifier(words[0]) {
		return ""
	}
	if name := strings.Trim(words[0], "`*:,"); stride.Slug(name) != "" && strings.Trim(name, "_-.0123456789abcdefghijklmnopqrstuvwxyz") == "" &&
		x.verbOf(words[1]) != 0 {
		return name
	}
	return ""
}

func containsAny(words []string, wanted ...string) bool {
	for _, w := range words {
		for _, a := range wanted {
			if w == a {
				return true
			}
		}
	}
	return false
}

// splitList cuts at semicolons, else at commas, outside of brackets; a first
// full stop outside of brackets ends the list.
func splitList(text string, from, to int) [][2]int {
	sep := byte(';')
	if !separated(text[from:to], ';') {
		sep = ','
	}
	var out [][2]int
	depth, start := 0, from
	for i := from; i < to; i++ {
		c := text[i]
		switch {
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth = max(0, depth-1)
		case depth == 0 && c == sep:
			out = append(out, [2]int{start, i})
			start = i + 1
		case depth == 0 && c == '.' && (i+1 == to || text[i+1] == ' ' || text[i+1] == '\n') && (i+1 == to || startsUpper(strings.TrimSpace(text[i+1:to]))):
			out = append(out, [2]int{start, i})
			if text[i-1] != ')' || !bracketed.MatchString(text[i+1:to]) {
				return out
			}
			start = i + 1 // "Web Server (hardened). Mail Server (in the DMZ)."
		}
	}
	return append(out, [2]int{start, to})
}

// bracketed matches a name with its attributes, and a blank before.
var bracketed = regexp.MustCompile(`^\s+[A-Z][\w/&' -]{1,50} \(`)

// separated reports whether the sign stands outside of brackets.
func separated(text string, sign rune) bool {
	depth := 0
	for _, c := range text {
		switch c {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case sign:
			if depth <= 0 {
				return true
			}
		}
	}
	return false
}

var (
	parenAttr   = regexp.MustCompile(`^\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)`)
	bracketZone = regexp.MustCompile(`^\s*\[([^\[\]]+)\]`)
	insideZone  = regexp.MustCompile(`(?i)\b(?:inside|in|within) (?:the )?(?:trust )?(?:zone|boundary|trust boundary)[: ]+"?([^;,")]+)"?`)
	itemBreak   = regexp.MustCompile(`:\s|:$|\s\(|\s\[`)
	// typedItem matches "Name. Type, in Zone." at the start of an item.
	typedItem = regexp.MustCompile(`^([\p{L}\d][\p{L}\d/&' -]{1,50}?)(?:\*\*)?\.(?:\*\*)?\s+` + typeWords + `(?:,? (?:in|inside|within) (?:the )?([^.;:]{2,50}))?(?:\.\s*|$)`)
	itemDash  = regexp.MustCompile(`\s[-–—]\s`)
)

// typeWords are the kinds that a model states of its parts.
const typeWords = `((?i:actor|process|server|data ?store|external entity|external service|external system|service|database|component|device))`

// statedKind returns the kind that the type of an item names outright, or "".
func (it item) statedKind() stride.ElementKind {
	first, _, _ := strings.Cut(strings.ToLower(it.attributes), ";")
	switch strings.TrimSuffix(strings.TrimSpace(first), "s") {
	case "actor", "external entity", "external entitie", "external service", "external system", "external interactor":
		return stride.ExternalEntity
	case "datastore", "data store", "database":
		return stride.DataStore
	case "process", "processe", "server", "service", "component":
		return stride.Process
	}
	return ""
}

// nameEnd finds where the name of an item ends, or nil. A dash ends it only
// where nothing else does soon: "Importer - Python [Zone]: reads files".
func nameEnd(body string) []int {
	loc, dash := itemBreak.FindStringIndex(body), itemDash.FindStringIndex(body)
	if len(dash) > 0 && (len(loc) == 0 || loc[0] > 60 || len(strings.Fields(body[dash[1]:max(dash[1], loc[0])])) > 3) {
		return dash
	}
	return loc
}

// parseItem splits one declaration. The name may be in bold or code.
func parseItem(text string, from, to int) item {
	for from < to && strings.ContainsRune(" \t\n*`", rune(text[from])) {
		from++
	}
	it := item{start: from, end: from + len(strings.TrimRight(text[from:to], " \t\r\n")), nameAt: from}
	body := text[from:it.end]
	rest := ""
	loc := nameEnd(body)
	if m := typedItem.FindStringSubmatch(body); len(m) > 0 && (len(loc) == 0 || len(m[1]) < loc[0]) {
		it.name, it.attributes, it.zone = strings.TrimRight(m[1], "*`_ "), m[2], strings.TrimSpace(m[3])
		it.desc = strings.TrimSpace(body[len(m[0]):])
		return it
	}
	if i := strings.Index(body, "**"); i > 0 && i <= 60 && from >= 2 && text[from-2:from] == "**" && !strings.ContainsAny(body[:i], ":([") {
		loc = []int{i, i + 2} // "**Name.** Text"
	}
	if loc != nil {
		it.name, rest = body[:loc[0]], body[loc[0]:]
	} else {
		it.name = body
	}
	it.name = strings.TrimRight(strings.Trim(strings.TrimSpace(it.name), "*`_\""), " .,;:*")
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, "**"), ".")
	if m := parenAttr.FindStringSubmatch(rest); m != nil {
		it.attributes, rest = m[1], rest[len(m[0]):]
		if z := insideZone.FindStringSubmatch(it.attributes); z != nil {
			it.zone = strings.TrimSpace(z[1])
		}
	}
	if m := bracketZone.FindStringSubmatch(rest); m != nil {
		it.zone, rest = strings.TrimSpace(m[1]), rest[len(m[0]):]
	}
	it.desc = strings.TrimSpace(strings.TrimLeft(rest, " :-–—*"))
	return it
}

// stated returns the type that the attributes name: their first words, where
// they are no clause.
func (it item) stated() string {
	first := it.attributes
	if i := strings.IndexAny(first, ";,"); i >= 0 {
		first = first[:i]
	}
	words := strings.Fields(first)
	if len(words) > 5 {
		return ""
	}
	for i, w := range words {
		if w == "for" || w == "of" || w == "per" || w == "by" || w == "with" || w == "from" {
			return strings.Join(words[:i], " ") // what it is, not whom it serves
		}
	}
	return first
}

func startsUpper(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsUpper(r)
}

// looksLikeClause reports whether the words are a statement, not a name.
func (x *extractor) looksLikeClause(name string) bool {
	words := strings.Fields(strings.ToLower(name))
	if len(words) > 7 {
		return true
	}
	for i, w := range words {
		switch w {
		case "or", "is", "are", "was", "has", "have", "can", "will", "must", "should", "may", "not", "which", "that", "to", "from", "into", "when", "if", "only",
			"it", "a", "an", "the", "include", "includes", "these", "this":
			return true
		}
		if i > 0 && i < len(words)-1 && x.verbOf(w) != 0 && !nounToo(strings.TrimSuffix(w, "s")) && strings.HasSuffix(w, "s") && !strings.HasSuffix(w, "ss") {
			if _, noun := x.gaz.Lookup(w); !noun {
				return true
			}
		}
	}
	return false
}

// itemID matches the number that a list gives to an item: "P1 Collector".
var itemID = regexp.MustCompile(`^([A-Z]{1,3}\d{1,3})[.:)]?\s+(\S.*)$`)

// numbered splits the number off the name of an item, unless it is part of a
// name that is known: "S3 bucket".
func (x *extractor) numbered(it item) item {
	m := itemID.FindStringSubmatch(it.name)
	if m == nil {
		return it
	}
	if e, n := x.gaz.Longest(nameWords(it.name)); n > 0 && strings.HasPrefix(e.Alias, strings.ToLower(m[1])) {
		return it
	}
	it.id, it.name, it.nameAt = m[1], m[2], it.nameAt+len(it.name)-len(m[2])
	return it
}

// declareItem makes the element that an item names.
func (x *extractor) declareItem(it item, r role, b *block) {
	if several := x.severalParts(it); several != nil {
		for _, one := range several {
			x.declareItem(one, r, b)
		}
		return
	}
	it = x.numbered(it)
	if i := strings.Index(it.name, " `"); i > 0 {
		it.name = it.name[:i] // the name of an instance
	}
	name := display(it.name)
	if len(name) < 2 || len(name) > 90 || strings.Count(name, "(") != strings.Count(name, ")") || stride.Slug(name) == "" || x.looksLikeClause(name) ||
		len(x.reg.all) >= 4*maxElements {
		return
	}
	entry, known := x.headOf(name)
	what, typed := x.gaz.Lookup(it.stated())
	if !known && (len(strings.Fields(name)) > 5 || !startsUpper(it.name) && b.kind == paragraph && !typed) {
		return
	}
	titled := b.level == plainTitle && !isHuman(entry.Tags)
	if words := strings.Fields(strings.ToLower(name)); entry.Level == gazetteer.Weak && !titled && x.quality[words[0]] && len(words) < 3 &&
		!x.beginsWithKind(it.desc) && !(typed && words[len(words)-1] == "endpoint") {
		return
	}
	b.declared = true
	ev := x.reason(it, b)
	if e := x.reg.byName[canon(name)]; e != nil {
		e.evidence = addEvidence(e.evidence, ev)
		return
	}
	e := &element{name: name, pos: it.nameAt, declared: true, capital: true, evidence: []stride.Evidence{ev}}
	if isTool(it.name) {
		e.name = it.name // as people type it
	}
	x.classify(e, entry, known, it, r)
	x.reg.add(e)
	x.reg.phrase(e, name)
	if itemNumber(it.id) {
		x.reg.alias(e, it.id)
		x.reg.phrase(e, it.id)
	}
	if typed && !known && what.Level == gazetteer.Noun && canon(what.Alias) == canon(it.stated()) {
		x.reg.alias(e, it.stated()) // "acmed (control plane)"
		x.reg.phrase(e, it.stated())
	}
	if id := strings.Trim(it.attributes, "`"); isIdentifier(id) && strings.ContainsAny(id, "-_") && !strings.Contains(id, " ") {
		if _, word := x.gaz.Lookup(id); !word || it.attributes != id {
			x.reg.alias(e, id) // "Control plane (acme-control)"
			x.reg.phrase(e, id)
		}
	}
	for _, variant := range strings.Split(name, " / ") {
		if variant != name {
			x.reg.alias(e, display(variant))
			x.reg.phrase(e, variant)
		}
	}
	if it.zone != "" {
		e.zone = x.zoneNamed(it.zone, ev)
	}
	if e.kind == stride.DataStore {
		e.data = x.dataIn(strings.ToLower(it.attributes + " " + it.desc))
	}
	if strings.Contains(strings.ToLower(it.attributes), "out of scope") {
		e.outside = true
	}
}

// firstWords returns the first n words of the text.
func firstWords(text string, n int) string {
	words := strings.Fields(text[:min(len(text), 200)])
	return strings.Join(words[:min(n, len(words))], " ")
}

// typedBy looks the attributes of an item up, the first that is more than a
// general noun: "(data store; PostgreSQL; encrypted)".
func (x *extractor) typedBy(it item) (gazetteer.Entry, bool) {
	for _, attribute := range append([]string{it.stated()}, strings.FieldsFunc(it.attributes, func(r rune) bool { return r == ';' || r == ',' })...) {
		if len(strings.Fields(attribute)) > 4 {
			continue
		}
		if e, ok := x.gaz.Lookup(attribute); ok && e.Level != gazetteer.Weak && e.Kind != stride.ExternalEntity {
			return e, true
		}
	}
	return gazetteer.Entry{}, false
}

// classify takes kind and tags from the list's title, the name and the type
// that the item states.
func (x *extractor) classify(e *element, entry gazetteer.Entry, known bool, it item, r role) {
	if kind, told := x.saidToBe(it); told && (!known || entry.Level == gazetteer.Weak && !isHuman(entry.Tags)) {
		entry, known = kind, true
	}
	if isTool(it.name) && !known {
		entry, known = x.gaz.Lookup("command line tool")
	}
	if typed, ok := x.typedBy(it); ok && (!known || entry.Level == gazetteer.Weak || len(entry.Tags) > 0 && typed.Tags[0].Is(entry.Tags[0])) {
		entry, known = typed, true
	}
	if known {
		e.tags, e.kind, e.home, e.level, e.managed = entry.Tags, entry.Kind, entry.Zone, entry.Level, entry.Managed
	}
	lower := strings.ToLower(it.attributes)
	switch stated := it.statedKind(); {
	case strings.Contains(lower, "external entity"):
		e.kind = stride.ExternalEntity
	case stated != "" && r == roleComponents:
		e.kind = stated
	case r == roleExternal:
		e.kind = stride.ExternalEntity
	case r == roleProcesses && !(known && entry.Level != gazetteer.Weak && entry.Kind == stride.ExternalEntity && entry.Zone == stride.ZoneThirdParty):
		e.kind = stride.Process
	case r == roleStores:
		e.kind = stride.DataStore
	case r == roleActors && (!known || entry.Level == gazetteer.Weak && e.kind == stride.Process && len(nameWords(e.name)) == 1):
		e.kind = stride.ExternalEntity
	case !known:
		e.kind = stride.Process
	}
	if known && e.kind != entry.Kind && (e.kind == stride.DataStore || entry.Kind == stride.DataStore) {
		// the list says what it is: "S3 archiver" is no bucket
		e.tags, e.home = nil, ""
		if typed, ok := x.gaz.Lookup(it.stated()); ok && typed.Kind == e.kind {
			e.tags, e.home = typed.Tags, typed.Zone
		} else if typed, ok := x.gaz.Lookup(firstWords(it.desc, 5)); ok && typed.Kind == e.kind && typed.Level != gazetteer.Weak {
			e.tags, e.home = typed.Tags, typed.Zone
		} else if e.kind == stride.DataStore {
			e.tags = []stride.Tag{"database"}
		}
	}
	if e.kind == stride.ExternalEntity && !known && r == roleActors && strings.Contains(lower, "human") {
		e.tags = []stride.Tag{"human"}
	}
	if !known && e.kind == stride.DataStore {
		e.tags = []stride.Tag{"file_storage"}
	}
	if strings.HasPrefix(e.name, "/") && e.kind == stride.ExternalEntity {
		e.kind, e.tags, e.home = stride.Process, []stride.Tag{"web_app"}, "" // a path: "/admin"
	}
	if isWorkflow(e.name) {
		e.kind, e.tags, e.home = stride.Process, []stride.Tag{"ci_cd"}, ""
	}
}
