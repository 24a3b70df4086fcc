package prose

import (
	"regexp"
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// outsideFirm matches a firm that a sentence has as its subject: "An outside
// labelling company gets".
var outsideFirm = regexp.MustCompile(`(?:^|[.;:]\s)(?:An?|The|Our) ((?:outside|external|third-party) (?:[a-z-]+ ){0,2}(?:company|firm|contractor|agency|laboratory|consultancy|bureau)) ([a-z]+)\b`)

// declareFirms makes external entities of the firms that running text introduces by
// what they are and do.
func (x *extractor) declareFirms() {
	for i := range x.blocks {
		b := &x.blocks[i]
		text := x.text[b.start:b.end]
		if b.kind == heading || b.kind == row || b.section.aside() || len(text) > maxSentence*4 ||
			!strings.Contains(text, "outside ") && !strings.Contains(text, "external ") && !strings.Contains(text, "third-party ") {
			continue
		}
		for _, m := range outsideFirm.FindAllStringSubmatchIndex(text, someOf) {
			verb := text[m[4]:m[5]]
			if x.verbOf(verb) == 0 && !auxiliary(verb) {
				continue
			}
			_, name, _ := strings.Cut(text[m[2]:m[3]], " ")
			if !strings.Contains(name, " ") {
				name = text[m[2]:m[3]] // "an outside company"
			}
			if x.reg.byName[canon(name)] != nil || len(x.reg.all) >= 4*maxElements {
				continue
			}
			at := b.start + m[2]
			stop := b.end
			if loc := sentenceEnd.FindStringIndex(text[m[3]:]); loc != nil {
				stop = b.start + m[3] + loc[0] + 1
			}
			e := x.reg.add(&element{name: display(name), kind: stride.ExternalEntity, tags: []stride.Tag{"third_party"}, home: stride.ZoneThirdParty,
				pos: at, strong: true, level: gazetteer.Noun, evidence: []stride.Evidence{x.quote(at, stop, at, b.start+m[3])}})
			x.reg.phrase(e, name)
		}
	}
}

// steady lists the nouns for programs that texts write in lower case behind "the".
func steady(w string) bool {
	switch w {
	case "agent", "controller", "scheduler", "daemon", "worker", "orchestrator", "collector", "executor", "coordinator", "dispatcher", "gateway", "broker",
		"supervisor", "crawler", "indexer", "importer", "exporter", "syncer", "operator":
		return true
	}
	return false
}

// declareSteady reads the programs that the text only calls by a common noun and
// that act in three or more of its sentences: "the agent reads ... the agent runs".
func (x *extractor) declareSteady() {
	const often = 3
	acts := map[string]*term{}
	compound := map[string]bool{} // a longer name ends in the noun
	for i := range x.blocks {
		b := &x.blocks[i]
		if b.kind == heading || b.kind == row || b.section.aside() || b.end-b.start > maxSentence*4 {
			continue
		}
		x.countSteady(b, acts, compound)
	}
	var names []string
	for name, t := range acts {
		if t.acts >= often && !compound[name] && len(x.reg.byWord[name]) == 0 && x.reg.byName[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		t := acts[name]
		was := t.block.declared
		it := item{name: strings.ToUpper(name[:1]) + name[1:], attributes: "service", start: t.at, end: x.sentenceStop(t.block, t.at), nameAt: t.at}
		x.declareItem(it, roleComponents, t.block)
		t.block.declared = was
	}
}

// sentenceStop returns where the sentence that holds the offset ends.
func (x *extractor) sentenceStop(b *block, at int) int {
	if loc := sentenceEnd.FindStringIndex(x.text[at:b.end]); loc != nil {
		return at + loc[0] + 1
	}
	return b.end
}

// namesMore reports whether the word before a noun belongs to a longer name.
func (x *extractor) namesMore(t *token) bool {
	return t.word && !x.stop[t.lower] && !x.quality[t.lower] && x.verbOf(t.lower) == 0
}

// countSteady counts in one block how often each such noun is the subject of a verb.
func (x *extractor) countSteady(b *block, acts map[string]*term, compound map[string]bool) {
	tokens := tokenize(x.text, b.start, b.end)
	for i := range tokens {
		t := &tokens[i]
		if !t.word {
			continue
		}
		w := gazetteer.Singular(t.subs[len(t.subs)-1])
		if !steady(w) {
			continue
		}
		article := i > 0 && (tokens[i-1].lower == "the" || indefinite(tokens[i-1].lower) || tokens[i-1].lower == "each")
		opens := i == 0 || tokens[i-1].text == "."
		if len(t.subs) > 1 || !article && !opens && x.namesMore(&tokens[i-1]) {
			compound[w] = true
			continue
		}
		if i+1 >= len(tokens) || !article && !opens {
			continue
		}
		next := tokens[i+1].lower
		verb := x.verbOf(next) != 0 && (strings.HasSuffix(next, "s") || t.lower != w)
		if !verb {
			continue
		}
		if acts[w] == nil {
			acts[w] = &term{block: b, at: t.start}
		}
		acts[w].acts++
	}
}
