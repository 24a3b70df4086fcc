package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// enoughNamed says how many names make an enumeration of parts.
const enoughNamed = 3

// completeLists declares the items of lists outside of sections with a role where
// most of the items are parts already: "- Keypad: talks to the lock" between parts.
func (x *extractor) completeLists() {
	for i := 0; i < len(x.blocks); {
		end := i + 1
		for end < len(x.blocks) && x.blocks[end].kind == bullet && x.blocks[end].section == x.blocks[i].section && x.blocks[end].indent == x.blocks[i].indent {
			end++
		}
		if b := &x.blocks[i]; b.kind == bullet && b.section.role == roleNone && !b.section.aside() && end-i >= enoughNamed {
			x.completeList(i, end)
		}
		i = end
	}
}

// completeList does so for the items of blocks [from,to).
func (x *extractor) completeList(from, to int) {
	var open []int
	parts, listed := 0, 0
	for i := from; i < to; i++ {
		b := &x.blocks[i]
		it := parseItem(x.text, b.start, b.end)
		switch {
		case it.desc == "" || len(strings.Fields(it.name)) > 4:
			listed++
		case x.reg.byName[canon(display(it.name))] != nil:
			parts++
			listed++
		default:
			open = append(open, i)
			listed++
		}
	}
	if parts < 2 || parts*2 < listed {
		return
	}
	for _, i := range open {
		b := &x.blocks[i]
		if it := parseItem(x.text, b.start, b.end); x.partName(it.name) {
			was := b.declared
			x.declareItem(it, roleComponents, b)
			b.declared = was
		}
	}
}

// declareGroup reads an item whose label only gathers the parts that it enumerates:
// "Cloud: REST API, MQTT broker, PostgreSQL database". What the label of a device
// enumerates is inside of it.
func (x *extractor) declareGroup(b *block, r role) bool {
	it := parseItem(x.text, b.start, b.end)
	if it.desc == "" || it.attributes != "" || it.zone != "" {
		return false
	}
	if e, known := x.headed(it.name); known && e.Level != gazetteer.Weak && !groups(e.Alias) {
		return false
	}
	list := it.desc
	if i := strings.IndexAny(list, ".;:("); i >= 0 {
		list = list[:i]
	}
	names := regexpJoin.Split(list, -1)
	parts := 0
	for parts < len(names) && x.namesPart(names[parts]) {
		parts++
	}
	if parts < enoughNamed || parts < len(names)-1 {
		return false
	}
	at := it.start
	for _, name := range names[:parts] {
		at += max(0, strings.Index(x.text[at:it.end], name))
		x.declareItem(item{name: name, start: it.start, end: it.end, nameAt: at}, r, b)
	}
	b.declared = false // what follows the list is still to be read
	return true
}

// groups lists what a label calls a side of the system rather than a part.
func groups(alias string) bool {
	switch alias {
	case "backend", "back end", "cloud backend", "frontend", "front end", "storage":
		return true
	}
	return false
}

// namesPart reports whether a whole entry of an enumeration is the name of a program
// or a store.
func (x *extractor) namesPart(name string) bool {
	if len(strings.Fields(name)) > 4 || x.looksLikeClause(name) {
		return false
	}
	e, known := x.headed(name)
	return known && e.Level != gazetteer.Weak && e.Kind != stride.ExternalEntity && !physical(e.Tags) && !slices.Contains(e.Tags, "field_bus")
}

// isTool reports whether a single word is the name of a program that people type:
// "storectl", "cluster-cli".
func isTool(name string) bool {
	return !strings.Contains(name, " ") && name == strings.ToLower(name) && len(name) > 4 && (strings.HasSuffix(name, "ctl") || strings.HasSuffix(name, "cli"))
}

// severalParts splits "Office Client, Admin Client (external entities)" and "Git
// Repository and Jenkins server" where each name is that of a part; nil where the
// item names one.
func (x *extractor) severalParts(it item) []item {
	if !strings.Contains(it.name, ", ") && !strings.Contains(it.name, " and ") || x.reg.byName[canon(display(it.name))] != nil {
		return nil
	}
	names := regexpJoin.Split(it.name, 6)
	if len(names) < 2 {
		return nil
	}
	out := make([]item, 0, len(names))
	at := it.nameAt
	for _, name := range names {
		e, known := x.gaz.Lookup(name)
		proper := startsUpper(name) || strings.Contains(name, "-") || known && e.Level >= gazetteer.Noun
		if tool := isTool(name) && len(out) > 0; !tool && (!known || !proper || e.Level == gazetteer.Weak && len(strings.Fields(name)) < 2) {
			return nil
		}
		one := it
		at += max(0, strings.Index(x.text[at:min(len(x.text), at+len(it.name)+8)], name))
		one.name, one.nameAt = name, at
		out = append(out, one)
	}
	return out
}

// saidToBe returns the kind that the text behind a name begins with: "a background
// worker that reads every chunk".
func (x *extractor) saidToBe(it item) (gazetteer.Entry, bool) {
	const reach = 160
	article, what, found := strings.Cut(strings.TrimLeft(it.desc[:min(len(it.desc), reach)], " *"), " ")
	if !found || !indefinite(strings.ToLower(article)) {
		return gazetteer.Entry{}, false
	}
	if i := strings.IndexAny(what, ".;:("); i > 0 {
		what = what[:i]
	}
	e, known := x.genus(what)
	return e, known && (e.Level != gazetteer.Weak || programNoun(e.Alias) || isHuman(e.Tags)) && !(e.Kind == stride.DataStore && e.Level == gazetteer.Weak)
}
