package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// mention is a noun phrase that may speak of an element: tokens [from,to).
type mention struct {
	from, to int
	entry    gazetteer.Entry
	elem     *element
	bare     bool // one alias without a modifier
	capital  bool
	example  bool // "such as X": no part unless it takes part elsewhere
	lent     bool // "client certificate": no client is meant
	denied   bool // "no audit log": there is none; "API calls are": no part is meant
}

// findMentions scans the sentence once, longest names first.
func (x *extractor) findMentions(s *sentence) []mention {
	var out []mention
	for i := 0; i < len(s.tokens); {
		m, ok := x.mentionAt(s, i)
		if !ok {
			i++
			continue
		}
		floor := 0
		if len(out) > 0 {
			floor = out[len(out)-1].to
		}
		if m.elem == nil {
			x.modifiers(s, &m, floor)
			for len(out) > 0 && x.joins(s, out[len(out)-1], m) {
				prev := out[len(out)-1]
				m.entry, _ = gazetteer.Combine([]gazetteer.Entry{prev.entry, m.entry})
				m.from, m.bare, m.capital = prev.from, false, m.capital || prev.capital
				out = out[:len(out)-1]
			}
		}
		end := m.to
		x.extend(s, &m)
		titled := m.to > end && (borrowed(s.tokens[m.to-1].lower) || s.tokens[m.to-1].lower == "document") // "the Instance Identity Document"
		whole := x.listing >= listedEnough && m.elem == nil && s.builtAs(&m)                               // what the whole is, of which the parts are listed
		m.lent = whole || titled || s.predicate(&m, out) || s.listedField(&m) || x.lent(s, &m) || x.ownerAt(s, &m) || s.accountName(m) || s.installer(m)
		m.denied = s.deniedAt(m.from) || m.elem == nil && x.absent(s, &m) || m.bare && (s.onlyCalls(m) || s.notThere(m))
		out = append(out, m)
		i = m.to
	}
	return out
}

// extend takes in the capitalised words behind a common noun that is itself
// written as a name: "Fleet Controller Plane" is not cut to "Fleet Controller".
func (x *extractor) extend(s *sentence, m *mention) {
	if m.elem != nil || m.bare || m.entry.Level == gazetteer.Product || isHuman(m.entry.Tags) || s.block.kind == heading || !s.capital(m.to-1) {
		return
	}
	for i := m.to; i < len(s.tokens) && i < m.to+2 && s.adjacent(x.text, i-1); i++ {
		t := &s.tokens[i]
		if !t.word || !s.capital(i) || len(t.text) < 3 || t.text == strings.ToUpper(t.text) || x.stop[t.lower] || x.verbHere(s, i) {
			return
		}
		if e, _ := x.declaredFrom(s, i); e != nil {
			return
		}
		m.to = i + 1
	}
}

// joins reports whether two phrases side by side are one name: "machine" and
// "learning system".
func (x *extractor) joins(s *sentence, prev, m mention) bool {
	if prev.entry.Level == gazetteer.Weak && m.entry.Level != gazetteer.Weak {
		return false // "a consumer device"
	}
	return prev.elem == nil && prev.to == m.from && s.adjacent(x.text, prev.to-1) && !isHuman(prev.entry.Tags) &&
		!strings.HasSuffix(s.tokens[prev.to-1].lower, "s") && m.to-prev.from <= 6
}

func (x *extractor) mentionAt(s *sentence, i int) (mention, bool) {
	t := &s.tokens[i]
	if !t.word {
		return mention{}, false
	}
	if e, to := x.declaredFrom(s, i); e != nil && !x.continues(s, to) {
		if to < len(s.tokens) && s.adjacent(x.text, to-1) && (genericHead(s.tokens[to].text) || saysProgram(e, s.tokens[to].lower)) && !x.verbHere(s, to) {
			to++ // "Orders PostgreSQL database"
		}
		return mention{from: i, to: to, elem: e, capital: true}, true
	}
	entry, to := x.aliasAt(s, i)
	if to == 0 {
		return mention{}, false
	}
	if entry.Alias == "third party" && to < len(s.tokens) && s.adjacent(x.text, i) && s.tokens[to].word && !x.stop[s.tokens[to].lower] &&
		x.verbOf(s.tokens[to].lower) == 0 {
		if _, end := x.aliasAt(s, to); end == 0 {
			return mention{}, false // "a third-party object tracker"
		}
	}
	found := []gazetteer.Entry{entry}
	for to < len(s.tokens) && s.adjacent(x.text, to-1) && !pluralHuman(entry, s.tokens[to-1]) {
		if e, _ := x.declaredFrom(s, to); e != nil || x.verbHere(s, to) {
			break
		}
		next, end := x.aliasAt(s, to)
		if end == 0 {
			break
		}
		found = append(found, next)
		entry, to = next, end
	}
	entry, _ = gazetteer.Combine(found)
	identifier := strings.Contains(t.text, "_") || len(t.subs) > len(strings.Fields(entry.Alias)) && len(found) == 1
	m := mention{from: i, to: to, entry: entry, bare: len(found) == 1 && !identifier, capital: identifier || s.capital(i) && !s.initial(i)}
	return m, true
}

// saysProgram reports whether the word behind the name of a program only says that it
// is one: "the Case Desk tool".
func saysProgram(e *element, w string) bool {
	return (w == "tool" || w == "console" || programNoun(w)) && e.kind == stride.Process && e.level == gazetteer.Weak
}

// continues reports whether the name goes on behind a listed one: where
// "Customer" is listed, "Customer Client" is another part.
func (x *extractor) continues(s *sentence, i int) bool {
	if i >= len(s.tokens) || !s.adjacent(x.text, i-1) || !s.tokens[i].word || !s.capital(i) || x.verbHere(s, i) {
		return false
	}
	_, to := x.aliasAt(s, i)
	if to == 0 && i+1 < len(s.tokens) && s.adjacent(x.text, i) && s.tokens[i+1].word {
		_, to = x.aliasAt(s, i+1) // "Z-Wave JS server" where "Z-Wave" is listed
	}
	return to > 0
}

// initial reports whether a capital at token i is owed to its place: at the
// start of the text or behind a colon or bracket.
func (s *sentence) initial(i int) bool {
	return i == 0 && s.block.kind == paragraph || i > 0 && strings.ContainsAny(s.tokens[i-1].text, ":([-")
}

// quiet reports whether token i stands where a flow is labelled or an item is
// described by attributes: nothing new is named there.
func (s *sentence) quiet(i int) bool {
	if s.title(i) || s.block.kind == row && s.block.declared && s.cellWords(i) <= 3 {
		return true
	}
	flows := s.block.section.role == roleFlows && s.block.kind == bullet
	if !flows && !(s.block.declared && (s.block.kind == bullet || s.block.kind == paragraph)) {
		return false
	}
	quotes, depth := 0, 0
	for _, t := range s.tokens[:i] {
		switch t.text {
		case "\"", "“", "”":
			quotes++
		case "(":
			depth++
		case ")":
			depth--
		}
	}
	if flows {
		columns := slices.ContainsFunc(s.tokens, func(t token) bool { return t.text == "|" })
		return quotes%2 == 1 || depth > 0 || columns || s.labelled(i)
	}
	return depth > 0
}

// cellWords counts the words of the table's cell that holds token i: a few state
// a type or a product, more describe.
func (s *sentence) cellWords(i int) int {
	n := 0
	for j := i; j >= 0 && s.tokens[j].text != "|"; j-- {
		if s.tokens[j].word {
			n++
		}
	}
	for j := i + 1; j < len(s.tokens) && s.tokens[j].text != "|"; j++ {
		if s.tokens[j].word {
			n++
		}
	}
	return n
}

// title reports whether token i belongs to a heading or a label with a role:
// "Data stores: ..." names no store.
func (s *sentence) title(i int) bool {
	if s.block.kind == heading {
		return roleOf(s.words(len(s.tokens))) != roleNone
	}
	if s.block.kind != paragraph || s.start != s.block.start {
		return false
	}
	for j := 0; j < len(s.tokens) && j < 6; j++ {
		if s.tokens[j].text == ":" && (i < j || roleOf(s.words(j)) == roleZones) {
			return roleOf(s.words(j)) != roleNone
		}
	}
	return false
}

// words joins the first n tokens.
func (s *sentence) words(n int) string {
	var out []string
	for _, t := range s.tokens[:n] {
		out = append(out, t.text)
	}
	return strings.Join(out, " ")
}

// labelled reports whether a colon follows token i close to the start: "PSQL
// Request: A to B".
func (s *sentence) labelled(i int) bool {
	for j := i; j < len(s.tokens) && j < 8; j++ {
		if s.tokens[j].text == ":" {
			for _, t := range s.tokens[j:] {
				if t.lower == "to" {
					return !s.hasBefore("to", j)
				}
			}
		}
	}
	return false
}

func (s *sentence) hasBefore(word string, i int) bool {
	for _, t := range s.tokens[:i] {
		if t.lower == word {
			return true
		}
	}
	return false
}

// declaredFrom returns the listed part that is named at token i and the token
// after its name.
func (x *extractor) declaredFrom(s *sentence, i int) (*element, int) {
	if t := &s.tokens[i]; !t.word || len(x.reg.phrases[gazetteer.Singular(t.subs[0])]) == 0 {
		return nil, 0
	}
	words, ends := s.window(i)
	e, n := x.reg.declaredAt(words)
	if e == nil || ends[n] == 0 {
		return nil, 0
	}
	return e, ends[n]
}

func pluralHuman(e gazetteer.Entry, t token) bool {
	return isHuman(e.Tags) && strings.HasSuffix(t.lower, "s")
}

func isHuman(tags []stride.Tag) bool {
	return slices.ContainsFunc(tags, func(t stride.Tag) bool { return t.Is("human") })
}

// window returns the lower-case word parts from token i on; ends[n] is the
// token after the first n parts, or 0 where n parts end inside of a token.
func (s *sentence) window(i int) ([]string, map[int]int) {
	var words []string
	ends := map[int]int{}
	for j := i; j < len(s.tokens) && len(words) < maxPhrase; j++ {
		t := &s.tokens[j]
		if !t.word {
			if strings.ContainsAny(t.text, ",/&-+'’.()") {
				continue
			}
			break
		}
		words = append(words, t.subs...)
		ends[len(words)] = j + 1
	}
	return words, ends
}

// aliasAt returns the entry of the longest alias at token i and the token after
// it, or 0. An alias never ends in the middle of a word.
func (x *extractor) aliasAt(s *sentence, i int) (gazetteer.Entry, int) {
	var buf [6]string
	var stop [7]int
	n := 0
	for j := i; j < len(s.tokens) && n < len(buf); j++ {
		if !s.tokens[j].word || (j > i && !s.adjacent(x.text, j-1)) {
			break
		}
		for _, sub := range s.tokens[j].subs {
			if n < len(buf) {
				buf[n] = sub
				n++
			}
		}
		stop[n] = j + 1
	}
	for skip := 0; skip < len(s.tokens[i].subs) && skip < n; skip++ {
		words := buf[skip:n]
		for len(words) > 0 {
			e, took := x.gaz.Longest(words)
			if took == 0 {
				break
			}
			if end := stop[skip+took]; end > 0 && x.acceptable(s, i, e) && !x.endsInVerb(s, i, end) {
				return e, end
			}
			words = words[:took-1]
		}
	}
	return gazetteer.Entry{}, 0
}

// acceptable refuses ordinary words that only look like a product.
func (x *extractor) acceptable(s *sentence, i int, e gazetteer.Entry) bool {
	if e.Level == gazetteer.Name {
		return s.capital(i) && x.properProduct(s, i, e)
	}
	if isHuman(e.Tags) && (s.inPath(i) || strings.Contains(s.tokens[i].text, "_") || x.operation(&s.tokens[i])) {
		return false // the path "/admin", the role "db_owner", the call "list-users"
	}
	if len(s.tokens[i].subs) > 1 && s.tokens[i].subs[0] == "non" {
		return false // "non-Acme resources"
	}
	if e.Alias == "resident" && i > 0 && (strings.HasPrefix(s.tokens[i-1].lower, "stay") || strings.HasPrefix(s.tokens[i-1].lower, "remain")) {
		return false // in memory
	}
	if e.Alias == "dependency" && i > 0 && mapped(s.tokens[i-1].lower) {
		return false // what leans on what, and no library
	}
	if s.tokens[i].lower == "openapi" {
		return false // how interfaces are described
	}
	if s.tokens[i].subs[0] == "sse" && len(s.tokens[i].subs) > 1 {
		return false // "SSE-S3" and "SSE-KMS" are settings of a bucket
	}
	if t := &s.tokens[i]; len(t.subs) > 1 && strings.Contains(t.text, "_") && x.protos[t.subs[0]] {
		return false // the name of a scheme: "https_web"
	}
	if !x.inDomain(e.Alias) || e.Alias == "bank" && i > 0 && banked(s.tokens[i-1].lower) {
		return false
	}
	if e.Alias == "stream" && i > 0 && flowing(s.tokens[i-1].lower) || s.runSetting(i, e) {
		return false
	}
	if e.Alias == "ids" && s.tokens[i].text != "IDS" || noName(&s.tokens[i], e) {
		return false
	}
	if len(e.Alias) <= 3 && e.Level == gazetteer.Product {
		return s.tokens[i].text != s.tokens[i].lower || len(e.Alias) == 3
	}
	return !x.usedAsVerb(s, i, e)
}

// operation reports whether a hyphenated word is the name of a call: "list-users".
func (x *extractor) operation(t *token) bool {
	return len(t.subs) > 1 && t.text == t.lower && strings.Contains(t.text, "-") &&
		(x.verbs[t.subs[0]] != 0 || t.subs[0] == "list" || t.subs[0] == "find" || t.subs[0] == "count") && !nounToo(t.subs[0])
}

// inPath reports whether token i is the first name of a path: behind a slash that
// follows no word.
func (s *sentence) inPath(i int) bool {
	if i == 0 || s.tokens[i-1].text != "/" || s.tokens[i-1].end != s.tokens[i].start {
		return false
	}
	return i == 1 || !s.tokens[i-2].word || s.tokens[i-2].end != s.tokens[i-1].start
}

// modifiers extends the phrase to the left over the words that name it.
func (x *extractor) modifiers(s *sentence, m *mention, floor int) {
	lower := 0
	for m.from > floor && m.to-m.from < 6 && s.adjacent(x.text, m.from-1) {
		i := m.from - 1
		t := &s.tokens[i]
		named := s.capital(i) && i > 0 && !s.initial(i) && s.capital(i+1) && x.dets[s.tokens[i-1].lower] &&
			m.entry.Level < gazetteer.Product // "the Core Banking mainframe"
		named = named || t.lower == "core" && x.trades[s.tokens[m.from].lower] // "the core banking mainframe"
		if i > floor && measure(t.text) && digits(s.tokens[i-1].text) {
			m.from, m.bare = i-1, false // "900 MHz radio"
			break
		}
		if !t.word || len(t.text) < 2 || strings.Trim(t.text, "0123456789.,-x%") == "" || itemNumber(t.text) && i == 0 || x.stop[t.lower] ||
			x.quality[t.lower] && !named || strings.HasSuffix(t.lower, "ly") || t.lower == s.tokens[m.to-1].lower {
			break
		}
		proper := s.capital(i) || strings.ContainsAny(t.text, "_0123456789")
		if proper && i == 0 && s.block.kind == paragraph && !x.properStart(s, i) {
			break
		}
		if describes(t) || x.actsHere(s, i) || s.thirdPerson(i, floor) ||
			x.verbish(t.lower) && !(proper && i > 0 && !s.initial(i)) && !(strings.HasSuffix(t.lower, "s") && s.articleBefore(i)) {
			break
		}
		if !proper && (adjective(t.lower) || x.purposes(s, i, m)) {
			break
		}
		if !proper {
			product := m.entry.Level == gazetteer.Product && !slices.Contains(m.entry.Tags, "function") // of which there are many: "the intake Lambda"
			if lower++; lower > 3 || product || m.entry.Level == gazetteer.Name {
				break
			}
		}
		m.from, m.bare = i, false
		m.capital = m.capital || proper
	}
	if i := m.from - 2; i >= floor && !m.bare && s.capital(m.from) && s.capital(i) && s.tokens[i+1].lower == "of" && s.tokens[i].word {
		m.from = i // "Internet of Things device"
	}
}

// purposes reports whether token i is a verb that the tables do not know: behind "to"
// and before people or a plural, "to delight customers", and behind a plural that
// does it, "the bots address customer queries".
func (x *extractor) purposes(s *sentence, i int, m *mention) bool {
	if i == 0 || s.capital(i) || nounToo(s.tokens[i].lower) || strings.HasSuffix(s.tokens[i].lower, "s") && !strings.HasSuffix(s.tokens[i].lower, "ss") {
		return false
	}
	before := s.tokens[i-1].lower
	people := isHuman(m.entry.Tags) && m.to-m.from == 1
	last := s.tokens[m.to-1].lower
	switch {
	case before == "to":
		return people && gazetteer.Singular(last) != last || purposeVerb(s.tokens[i].lower)
	case people && i > 1 && s.tokens[i-1].word && gazetteer.Singular(before) != before && !x.stop[before]:
		_, known := x.gaz.Longest([]string{before})
		return known > 0
	}
	return false
}

// purposeVerb lists verbs that texts use of what a system is for.
func purposeVerb(w string) bool {
	switch w {
	case "boost", "confirm", "delight", "address", "engage", "serve", "assist", "empower", "improve", "enhance", "simplify", "streamline", "optimize", "optimise",
		"transform", "strengthen", "guard", "secure", "reduce", "increase", "explore", "operate", "onboard", "reach", "attract":
		return true
	}
	return false
}

// thirdPerson reports whether token i is a verb in the third person because of what
// stands before it: "It tails container logs", "Viewing: it reads tasks, streams pod
// logs". At the start of an item it is one where the word is a noun and a verb.
func (s *sentence) thirdPerson(i, floor int) bool {
	w := s.tokens[i].lower
	if len(w) < 4 || !strings.HasSuffix(w, "s") || strings.HasSuffix(w, "ss") || i+1 >= len(s.tokens) {
		return false
	}
	if i > 0 && s.tokens[i-1].text == "|" && s.tokens[i+1].word && s.capital(i) && s.cellWords(i) > 2 {
		return true // the cell "Checks API requests" says what a part does
	}
	if s.capital(i + 1) {
		return false
	}
	if i == 0 || i == floor && s.tokens[i-1].text == ":" {
		return nounToo(strings.TrimSuffix(w, "s"))
	}
	switch s.tokens[i-1].lower {
	case "it", "which", "that":
		return true
	case ",", "and":
		return nounToo(strings.TrimSuffix(w, "s"))
	}
	return false
}

// describes recognises compounds that describe: "Python-based", "2-enabled",
// "multi-cluster", "high-performance". Written in capitals they are names.
func describes(t *token) bool {
	i := strings.LastIndexByte(t.text, '-')
	if i <= 0 || len(t.subs) < 2 || t.text[i+1:] != strings.ToLower(t.text[i+1:]) {
		return false
	}
	switch t.subs[0] {
	case "multi", "high", "low", "real", "general", "cross", "non", "pre", "semi", "super", "self", "well", "large", "small", "special", "single",
		"short", "long", "in", "on", "full":
		return true
	}
	switch last := t.subs[len(t.subs)-1]; last {
	case "purpose", "performance", "time", "scale", "level", "capable", "aware", "specific", "ready", "grade", "class", "party", "facing", "friendly",
		"free", "like", "style", "compatible", "compliant", "native", "end", "wide":
		return true
	default:
		return strings.HasSuffix(last, "ed") || strings.HasSuffix(last, "ing") || strings.HasSuffix(last, "driven")
	}
}

// itemNumber recognises "A5" and "DF12" at the start of a line.
func itemNumber(w string) bool {
	digits := strings.TrimLeft(w, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	return len(w)-len(digits) <= 3 && digits != "" && strings.Trim(digits, "0123456789") == ""
}

// adjective recognises describing words by their ending.
func adjective(w string) bool {
	switch w {
	case "medical", "clinical", "legal", "hospital", "terminal", "portal", "physical", "industrial", "digital", "rental", "local", "cable", "table",
		"archive", "drive", "hive", "journal", "signal", "approval", "retrieval", "arrival", "educational":
		return w == "educational"
	}
	for _, end := range []string{"ive", "ous", "ful", "able", "ible", "al", "less", "ant", "vy"} {
		if strings.HasSuffix(w, end) && len(w) > len(end)+2 {
			return w != "tenant" && w != "merchant" && w != "restaurant" && w != "plant" && w != "assistant" && w != "participant"
		}
	}
	return false
}

// properStart reports whether the capital at the start of a sentence belongs to
// a name rather than to the sentence.
func (x *extractor) properStart(s *sentence, i int) bool {
	return !x.verbish(s.tokens[i].lower) && i+1 < len(s.tokens) && (s.capital(i+1) || i+2 < len(s.tokens))
}

func (x *extractor) verbish(w string) bool {
	if x.trades[w] {
		return false
	}
	if strings.HasSuffix(w, "ing") || strings.HasSuffix(w, "ed") || x.formedVerb(w) {
		return true
	}
	class := x.verbOf(w)
	return class != 0 && !nounToo(w)
}

// nounToo lists verb forms that are nouns before a noun: "order", "log store".
func nounToo(w string) bool {
	switch w {
	case "log", "cache", "request", "report", "control", "stream", "record", "access", "search", "update", "data", "archive",
		"backup", "export", "import", "message", "monitor", "process", "watch", "transfer", "query", "display", "issue", "project", "command", "login",
		"event", "design", "exchange", "ship", "show", "travel", "flow", "pay", "chat", "peer", "print", "plug", "land", "front", "dump", "grant":
		return true
	}
	return false
}
