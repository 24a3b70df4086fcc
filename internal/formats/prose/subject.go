package prose

import (
	"regexp"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var (
	// defines matches "X is an open-source identity provider".
	defines = regexp.MustCompile("^(?:\\*\\*|`)?([\\pL][\\w-]{1,30}(?: [A-Z][\\w-]{1,20})?)(?:\\*\\*|`)? is (?:an?|the) ([^.;:\\n]{3,160})")
	// owns matches "X Bank offers its customers ...": the firm whose system it is.
	owns = regexp.MustCompile(`^((?:[\pL][\w&.'’-]* ){0,4}[A-Z][\w&.'’-]*) (?:offers|operates|runs|provides|sells|makes|builds|owns|manufactures|serves)\b`)
)

// opening is how many blocks of text may introduce the document's subject.
const opening = 4

// declareSubject finds the product that the document is about, from how its
// first paragraphs define it, and the firm that owns it. The product is one
// part, whatever the text calls it; the firm is none.
func (x *extractor) declareSubject() {
	seen := 0
	title := ""
	for i := range x.blocks {
		b := &x.blocks[i]
		text := b.textOf(x.text)
		if b.kind == heading && title == "" {
			title = canon(display(text))
		}
		if strings.HasPrefix(text, "Client: ") || strings.HasPrefix(text, "Customer: ") {
			x.patron = strings.ToLower(text[:strings.IndexByte(text, ':')])
		}
		if b.kind != paragraph || metadata(text) {
			continue
		}
		if seen++; seen > opening || x.topic != nil {
			return
		}
		if m := owns.FindStringSubmatch(text); m != nil && seen == 1 {
			x.owner = canon(m[1])
		}
		if m := defines.FindStringSubmatchIndex(text); m != nil {
			x.define(b, text[m[2]:m[3]], text[m[4]:m[5]], title, b.start+m[2])
		}
	}
}

// define makes the subject a part where its name is no known word and the text
// says what kind of program it is, or bears it as its title.
func (x *extractor) define(b *block, name, what, title string, at int) {
	key := canon(name)
	if _, known := x.gaz.Lookup(name); known || x.stop[strings.ToLower(name)] || !startsUpper(name) && key != title || key == "" {
		return
	}
	entry, typed := x.genus(what)
	if (!typed || entry.Level == gazetteer.Weak) && key != title || x.abstract(nameWords(name)) {
		return
	}
	if e := x.programOf(key, entry.Alias); e != nil {
		x.reg.alias(e, name)
		x.reg.phrase(e, name)
		x.topic = e
		return
	}
	if x.reg.byName[key] != nil {
		x.topic = x.reg.byName[key]
		return
	}
	ev := x.quote(b.start, b.end, at, at+len(name))
	shown := display(name)
	if strings.EqualFold(shown, name) {
		shown = name // as its makers write it
	}
	e := &element{name: shown, kind: stride.Process, tags: []stride.Tag{"service"}, pos: at, capital: true, level: gazetteer.Noun, evidence: []stride.Evidence{ev}}
	if typed && entry.Level != gazetteer.Weak && !physical(entry.Tags) {
		e.tags, e.home = entry.Tags, entry.Zone
		if entry.Kind == stride.DataStore && (related(entry.Tags, []stride.Tag{"database"}) || related(entry.Tags, []stride.Tag{"queue"})) {
			e.kind = stride.DataStore
		}
	}
	x.topic = x.reg.add(e)
	x.reg.phrase(e, name)
}

// genus looks up the noun of "an open-source identity provider for people".
func (x *extractor) genus(what string) (gazetteer.Entry, bool) {
	words := strings.Fields(strings.ToLower(what))
	for i, w := range words {
		if joinsQualities := w == "and" && i > 0 && (strings.HasSuffix(words[i-1], "ed") || adjective(words[i-1])); joinsQualities {
			continue // "an air-gapped and hardened laptop"
		}
		if x.preps[w] || w == "that" || w == "which" || w == "and" || w == "or" || w == "who" || strings.HasSuffix(w, ",") {
			words = words[:i+1]
			if !strings.HasSuffix(w, ",") {
				words = words[:i]
			}
			break
		}
	}
	return x.headed(strings.Join(words, " "))
}

// programOf finds the listed part that is the subject's program: "Acme Server", or
// what the text says that the subject is: "Acme proxy".
func (x *extractor) programOf(key, kind string) *element {
	for _, head := range []string{"server", "service", "daemon", "app", "platform", kind} {
		if e := x.reg.byName[canon(key+" "+head)]; e != nil && e.declared {
			return e
		}
	}
	return nil
}

// physical reports whether the tags speak of hardware.
func physical(tags []stride.Tag) bool {
	for _, t := range tags {
		if t.Is("device") || t == "debug_port" || t == "field_bus" || t == "wireless" {
			return true
		}
	}
	return false
}

// ownerAt reports whether the phrase names the firm whose system the text
// describes, by its name or by the noun in it: "the bank".
func (x *extractor) ownerAt(s *sentence, m *mention) bool {
	if m.elem == nil && m.bare && x.patron != "" && canon(x.phraseText(s, m)) == x.patron {
		return true
	}
	if x.owner == "" || m.elem != nil || m.entry.Kind != stride.ExternalEntity {
		return false
	}
	key := canon(x.phraseText(s, m))
	return key == x.owner || m.bare && m.from > 0 && s.tokens[m.from-1].lower == "the" && strings.HasSuffix(x.owner, " "+key)
}
