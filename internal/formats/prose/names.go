package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// joinNames makes one part of those that the text calls by a fuller and by a shorter
// name, where the shorter one can mean no other part: same head, words of which one
// name has all, and no sentence that sets them side by side. "Ledger module" is the
// ledger, "MQ" the message queue, "archive controller" the only "archive job
// controller"; two buckets stay two.
func (x *extractor) joinNames() {
	const most = 400
	if len(x.reg.all) > most {
		return // a catalogue, in which near names are many things
	}
	into := map[*element]*element{}
	var where map[*element][]int
	for _, short := range slices.Clone(x.reg.all) {
		full := x.fuller(short)
		if full == nil || into[full] != nil {
			continue
		}
		if where == nil {
			where = x.mentionedIn()
		}
		if short.declared && full.declared || together(where[short], where[full]) {
			continue
		}
		x.merge(full, short)
		into[short] = full
		where[full] = append(where[full], where[short]...)
	}
	if len(into) == 0 {
		return
	}
	last := func(e *element) *element {
		for into[e] != nil {
			e = into[e]
		}
		return e
	}
	x.eachMention(func(s *sentence, j int) {
		if e := s.mentions[j].elem; e != nil {
			s.mentions[j].elem = last(e)
		}
	})
	for tag, e := range x.general {
		if e != nil {
			x.general[tag] = last(e)
		}
	}
	if x.topic != nil {
		x.topic = last(x.topic)
	}
}

// together reports whether one sentence names both: texts set apart so what differs.
func together(a, b []int) bool {
	for _, i := range a {
		if slices.Contains(b, i) {
			return true
		}
	}
	return false
}

// fuller finds the only part of which the name is a shorter form, or nil.
func (x *extractor) fuller(short *element) *element {
	if isHuman(short.tags) || short.outside {
		return nil
	}
	if full := x.spelledOut(short); full != nil {
		return full
	}
	words := strings.Fields(short.canon)
	if len(words) > 1 && genericTail(short.canon) {
		if e := x.reg.byName[strings.Join(words[:len(words)-1], " ")]; e != nil && e != short && alike(e, short) {
			return e // "the activator component"
		}
	}
	if len(words) < 2 {
		return nil
	}
	var hit *element
	for _, e := range x.reg.byWord[words[len(words)-1]] {
		have := strings.Fields(e.canon)
		if e == short || have[len(have)-1] != words[len(words)-1] || len(have) < len(words) || !containsAll(have, words) || isHuman(e.tags) {
			continue
		}
		if hit != nil {
			return nil
		}
		hit = e
	}
	if hit == nil || !alike(hit, short) || !x.compatible(strings.Fields(hit.canon), words) {
		return nil
	}
	return hit
}

// alike reports whether both may be one thing: of one kind, and of tags that do not
// exclude each other.
func alike(a, b *element) bool {
	if a.kind != b.kind || a.outside != b.outside {
		return false
	}
	return related(a.tags, b.tags) || plainTags(a.tags) || plainTags(b.tags)
}

// plainTags reports whether the tags say no more than that something runs.
func plainTags(tags []stride.Tag) bool {
	return len(tags) == 0 || len(tags) == 1 && tags[0] == "service"
}

// compatible reports whether what the fuller name has more only places or completes
// the shorter one: words inside of it, or the name of the product that the document
// is about. Words before it that set one of several apart do not.
func (x *extractor) compatible(full, short []string) bool {
	inside := full[0] == short[0] || slices.Equal(inOrder(full), inOrder(short))
	var more []string
	for _, w := range full {
		if !slices.Contains(short, w) {
			more = append(more, w)
		}
	}
	for _, w := range more {
		if setsApart(w) {
			return false
		}
	}
	if inside {
		return true
	}
	title := x.titleWords()
	return len(more) > 0 && len(title) > 0 && containsAll(title, more)
}

// setsApart lists words that tell one of several from the others.
func setsApart(w string) bool {
	switch w {
	case "admin", "backup", "standby", "secondary", "second", "primary", "replica", "internal", "external", "public", "private", "partner", "customer",
		"staging", "test", "production", "prod", "dev", "legacy", "old", "new", "local", "remote", "central", "edge", "management", "control", "source", "target",
		"read", "write", "mobile", "web", "client", "server", "log", "audit", "proxy", "root", "child", "worker", "master", "upstream", "downstream":
		return true
	}
	return false
}

func inOrder(words []string) []string {
	out := slices.Clone(words)
	slices.Sort(out)
	return out
}

// titleWords returns the words of the document's title, where it is a name.
func (x *extractor) titleWords() []string {
	const most = 4
	if len(x.blocks) == 0 || x.blocks[0].kind != heading {
		if x.topic != nil {
			return strings.Fields(x.topic.canon)
		}
		return nil
	}
	title, brackets, _ := strings.Cut(x.blocks[0].textOf(x.text), "(")
	words := strings.Fields(canon(title))
	if len(words) > most {
		words = words[:1]
	}
	return append(words, strings.Fields(canon(strings.Trim(brackets, ") ")))...)
}

// spelledOut finds the only part whose words begin with the letters of a short name:
// "Elastic Load Balancing" for "ELB".
func (x *extractor) spelledOut(short *element) *element {
	const least, longest = 2, 5
	name := strings.TrimSuffix(short.name, "s")
	if len(name) < least || len(name) > longest || strings.ToUpper(name) != name || strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" || short.declared {
		return nil
	}
	var hit *element
	for _, e := range x.reg.all {
		if e == short || e.kind != short.kind || initials(e.name) != name || !alike(e, short) {
			continue
		}
		if hit != nil {
			return nil
		}
		hit = e
	}
	return hit
}

// initials returns the first letters of a name's words, in capitals, without those
// of a vendor.
func initials(name string) string {
	words := nameWords(name)
	for len(words) > 1 && isVendor(words[0]) {
		words = words[1:]
	}
	if len(words) < 2 {
		return ""
	}
	var out strings.Builder
	for _, w := range words {
		out.WriteString(strings.ToUpper(w[:1]))
	}
	return out.String()
}

// merge makes e answer for twin, which is no part of its own any more.
func (x *extractor) merge(e, twin *element) {
	for name, have := range x.reg.byName {
		if have == twin {
			x.reg.byName[name] = e
		}
	}
	for _, w := range strings.Fields(twin.canon) {
		x.reg.byWord[w] = slices.DeleteFunc(x.reg.byWord[w], func(have *element) bool { return have == twin })
	}
	for first, list := range x.reg.phrases {
		for i := range list {
			if list[i].elem == twin {
				x.reg.phrases[first][i].elem = e
			}
		}
	}
	if key := stems(twin.canon); x.reg.byStem[key] == twin {
		x.reg.byStem[key] = e
	}
	x.reg.all = slices.DeleteFunc(x.reg.all, func(have *element) bool { return have == twin })
	if !slices.Contains(e.aliases, twin.name) && twin.name != e.name {
		e.aliases = append(e.aliases, twin.name)
	}
	for _, a := range twin.aliases {
		if !slices.Contains(e.aliases, a) && a != e.name {
			e.aliases = append(e.aliases, a)
		}
	}
	if plainTags(e.tags) && !plainTags(twin.tags) || narrowerThan(twin.tags, e.tags) {
		e.tags, e.home = twin.tags, twin.home
	}
	e.level, e.managed = max(e.level, twin.level), e.managed || twin.managed
	e.strong, e.capital, e.declared = e.strong || twin.strong, e.capital || twin.capital, e.declared || twin.declared
	e.acts, e.placed, e.mentions = e.acts || twin.acts, e.placed || twin.placed, e.mentions+twin.mentions
	e.pos, e.last, e.loose = min(e.pos, twin.pos), max(e.last, twin.last), e.loose && twin.loose
	for _, ev := range twin.evidence {
		e.evidence = addEvidence(e.evidence, ev)
	}
}

// calledShort finds the one listed part that the end of a flow names in short: its
// head without what stands behind "for" or "of" ("Key service" for "Key service for
// sealing"), or words of its name of which one is cut ("Auth Methods").
func (x *extractor) calledShort(key string) *element {
	words := strings.Fields(key)
	if len(words) == 0 {
		return nil
	}
	var hit *element
	for _, e := range x.reg.byWord[words[len(words)-1]] {
		have, _, _ := strings.Cut(e.canon, " for ")
		have, _, _ = strings.Cut(have, " of ")
		if !e.declared || !cutShort(strings.Fields(have), words) && !permuted(strings.Fields(have), words) {
			continue
		}
		if hit != nil {
			return nil
		}
		hit = e
	}
	return hit
}

// permuted reports whether three or more words are all in the name, in another order,
// the head being the same.
func permuted(name, words []string) bool {
	return len(words) > 2 && len(name) >= len(words) && name[len(name)-1] == words[len(words)-1] && containsAll(name, words)
}

// cutShort reports whether the words are the last ones of the name, of which each may
// be cut behind its fourth letter.
func cutShort(name, words []string) bool {
	const least = 4
	if len(words) > len(name) {
		return false
	}
	name = name[len(name)-len(words):]
	for i, w := range words {
		if name[i] != w && !(len(w) >= least && strings.HasPrefix(name[i], w) && i+1 < len(words)) {
			return false
		}
	}
	return true
}

// headOf looks up what a name says that something is, where it goes on with what it
// belongs to: "End User of the Client" is a user.
func (x *extractor) headOf(name string) (gazetteer.Entry, bool) {
	whole, named := x.gaz.Lookup(name)
	if named && whole.Level == gazetteer.Product {
		return whole, named
	}
	for _, link := range []string{" of ", " for ", " in "} {
		head, _, found := strings.Cut(name, link)
		if !found {
			continue
		}
		if e, known := x.headed(head); known && (e.Level >= gazetteer.Noun || isHuman(e.Tags)) && strings.Contains(head, " ") {
			return e, true
		}
	}
	return whole, named
}
