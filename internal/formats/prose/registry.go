package prose

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// element is a part of the system while the document is being read.
type element struct {
	key      stride.Key
	name     string
	canon    string
	aliases  []string
	kind     stride.ElementKind
	tags     []stride.Tag
	home     stride.ZoneKind // where such a part stands by default
	zone     *zone
	controls stride.Controls
	data     []stride.DataClass
	evidence []stride.Evidence
	outside  bool // out of scope
	pos      int  // byte offset of the first mention
	last     int  // byte offset of the latest mention while resolving

	declared bool // the document lists it as a part
	strong   bool // its name alone proves it
	linked   bool // a flow begins or ends there
	acts     bool // a verb of communication has it as its subject
	placed   bool // a sentence says where it runs
	loose    bool // a common noun in a document that lists its parts elsewhere
	capital  bool // its name is written as a proper name
	managed  bool // a cloud provider runs it
	level    gazetteer.Level
	mentions int
}

func (e *element) build() stride.Element {
	tags := e.tags
	if e.managed {
		tags = append(slices.Clone(tags), "managed_service")
	}
	return stride.Element{ID: e.key, Name: e.name, Kind: e.kind, Tags: tags, Zone: e.zone.id(), Controls: e.controls,
		Data: e.data, Aliases: e.aliases, OutOfScope: e.outside, Evidence: e.evidence}
}

// is reports whether the part has the tag or one that narrows it.
func (e *element) is(tag stride.Tag) bool {
	return slices.ContainsFunc(e.tags, func(own stride.Tag) bool { return own.Is(tag) })
}

// registry holds the elements by name. Lookups go by canonical names, by last
// word and by phrase, so that no step compares all with all.
type registry struct {
	all     []*element
	byName  map[string]*element
	byStem  map[string]*element
	byWord  map[string][]*element // every word of the canonical name
	phrases map[string][]phrase   // declared names by their first word
}

type phrase struct {
	words []string
	elem  *element
}

func newRegistry() *registry {
	return &registry{byName: map[string]*element{}, byStem: map[string]*element{}, byWord: map[string][]*element{}, phrases: map[string][]phrase{}}
}

// canon reduces a name to what identifies it: lower case, singular words,
// without articles and the vendor's name, one word for each of its synonyms.
func canon(name string) string {
	words := nameWords(name)
	for len(words) > 1 && isVendor(words[0]) {
		words = words[1:]
	}
	for i, w := range words {
		words[i] = gazetteer.Singular(w)
	}
	return unify(strings.Join(words, " "))
}

func isVendor(w string) bool {
	switch w {
	case "amazon", "aws", "google", "microsoft", "apache", "hashicorp", "the", "a", "an":
		return true
	}
	return false
}

// nameWords splits a name as the tokenizer splits text.
func nameWords(name string) []string {
	var out []string
	for _, t := range tokenize(name, 0, len(name)) {
		if t.word {
			out = append(out, t.subs...)
		}
	}
	return out
}

func (r *registry) add(e *element) *element {
	e.canon = canon(e.name)
	r.all = append(r.all, e)
	r.alias(e, e.name)
	if key := stems(e.canon); key != "" && r.byStem[key] == nil {
		r.byStem[key] = e
	}
	for _, w := range strings.Fields(e.canon) {
		if len(r.byWord[w]) < 64 && !slices.Contains(r.byWord[w], e) {
			r.byWord[w] = append(r.byWord[w], e)
		}
	}
	return e
}

// alias makes the element answer to the name.
func (r *registry) alias(e *element, name string) {
	key := canon(name)
	if key == "" || r.byName[key] != nil {
		return
	}
	r.byName[key] = e
	if name != e.name && !slices.Contains(e.aliases, name) {
		e.aliases = append(e.aliases, name)
	}
}

// rename gives the element a shorter name; the one before becomes an alias.
func (r *registry) rename(e *element, name string) {
	if r.byName[canon(name)] != nil || slices.Contains(e.aliases, e.name) {
		return
	}
	e.aliases = append(e.aliases, e.name)
	e.name, e.canon = name, canon(name)
	r.byName[e.canon] = e
}

// singular prefers the singular of a name that the text uses in both numbers.
func (r *registry) singular(e *element, name string) {
	if name != e.name && strings.EqualFold(name+"s", e.name) || strings.EqualFold(strings.TrimSuffix(name, "y")+"ies", e.name) {
		e.name = name
	}
}

// phrase makes running text be searched for the name.
func (r *registry) phrase(e *element, name string) {
	words := nameWords(name)
	if len(words) == 0 || len(words) > maxPhrase {
		return
	}
	first := gazetteer.Singular(words[0])
	list := r.phrases[first]
	list = append(list, phrase{words, e})
	slices.SortStableFunc(list, func(a, b phrase) int { return len(b.words) - len(a.words) })
	r.phrases[first] = list
}

// declaredAt returns the element with the longest declared name that words
// begin with, and how many words it takes.
func (r *registry) declaredAt(words []string) (*element, int) {
	if len(words) == 0 {
		return nil, 0
	}
next:
	for _, p := range r.phrases[gazetteer.Singular(words[0])] {
		if len(p.words) > len(words) {
			continue
		}
		for i, w := range p.words {
			if words[i] != w && gazetteer.Singular(words[i]) != gazetteer.Singular(w) {
				continue next
			}
		}
		return p.elem, len(p.words)
	}
	return nil, 0
}

// kept returns the elements that are grounded well enough to be shown; flows is
// how many flows the text states. One act between everyday things is a story.
func (r *registry) kept(flows int, verse bool) []*element {
	var out []*element
	solid := 0
	covered := map[stride.Tag]bool{}
	for _, e := range r.all {
		for _, t := range e.tags {
			covered[t] = covered[t] || e.declared
		}
	}
	for _, e := range r.all {
		if e.grounded() || e.hardware(covered) {
			out = append(out, e)
			if e.declared || e.placed || e.solid(flows) && !(verse && flows == 0) {
				solid++
			}
		}
	}
	if solid == 0 {
		return nil
	}
	return out
}

// solid reports whether the part shows that the text describes a system.
func (e *element) solid(flows int) bool {
	if e.declared || e.level == gazetteer.Product || e.placed || e.level == gazetteer.Noun && e.acts && !everyday(e.canon) {
		return true
	}
	return e.kind != stride.ExternalEntity && (e.linked && (flows > 1 || !everyday(e.canon)) || e.strong && len(strings.Fields(e.name)) > 1)
}

// everyday lists nouns that stories and poems use too: alone in a text, they
// prove no system.
func everyday(name string) bool {
	switch name {
	case "stream", "car", "truck", "vehicle", "camera", "pump", "valve", "phone", "bank", "pipeline", "portal", "forum", "blog", "terminal", "device",
		"robot", "pod", "drone",
		"wallet", "ledger", "notebook", "shell", "script", "queue", "disk", "motor", "brake", "relay", "doorbell", "router", "sensor", "radar", "model",
		"plugin", "worker", "guest",
		"compiler", "builder", "container", "backup", "cache", "stage", "monitoring", "firewall", "registry", "parser", "crawler", "assistant",
		"radio link", "printer", "appliance":
		return true
	}
	return false
}

func (e *element) grounded() bool {
	switch {
	case e.loose && !e.declared:
		return e.level == gazetteer.Noun && e.linked && (e.kind == stride.ExternalEntity || e.mentions > 1 && strings.Contains(e.canon, " "))
	case e.placed && (e.level >= gazetteer.Noun || e.capital):
		return true
	case e.declared || e.strong || e.level == gazetteer.Noun && e.kind == stride.ExternalEntity:
		return true
	case e.level == gazetteer.Weak:
		return e.linked && (e.capital || e.mentions > 1 || e.acts && programHead(e.canon)) || e.capital && e.mentions > 1
	}
	return e.linked || e.mentions > 1 || e.acts && e.kind != stride.ExternalEntity && !everyday(e.canon)
}

// hardware reports whether e is a piece of hardware that the document speaks of
// more than once, or by its full name, of a kind that it lists no part of.
func (e *element) hardware(covered map[stride.Tag]bool) bool {
	if !e.loose || e.level != gazetteer.Noun || e.kind == stride.ExternalEntity || len(e.tags) == 0 || covered[e.tags[0]] {
		return false
	}
	switch e.tags[0] {
	case "sensor", "actuator", "controller":
		return e.mentions > 1
	case "wireless", "debug_port", "field_bus":
		return e.mentions > 1 || e.strong
	}
	return false
}

// programHead reports whether the last word is a noun for a program, so that a
// phrase that acts on other parts is one: "the wallet app".
func programHead(name string) bool {
	switch name[strings.LastIndexByte(name, ' ')+1:] {
	case "app", "service", "server", "gateway", "bot", "agent", "engine", "node", "collector":
		return strings.Contains(name, " ")
	}
	return false
}

// display is the name as people would write it on a diagram.
func display(raw string) string {
	name := strings.Join(strings.Fields(strings.Trim(raw, " \t*_`\"'“”.,;:")), " ")
	for _, article := range []string{"the ", "The ", "a ", "A ", "an ", "An ", "our ", "Our ", "and ", "And ", "Each ", "each "} {
		name = strings.TrimPrefix(name, article)
	}
	r, size := utf8.DecodeRuneInString(name)
	if head, _, many := strings.Cut(name, " "); unicode.IsLower(r) && head == strings.ToLower(head) && !strings.ContainsAny(head, "_./0123456789") &&
		(many || !strings.Contains(head, "-")) {
		name = string(unicode.ToUpper(r)) + name[size:]
	}
	return name
}
