// Package prose reads architectures from ordinary text and Markdown, offline
// and by rule: a gazetteer of technologies, noun patterns, verb frames, headings
// and lists as containers, negation and modality.
//
// It is the floor under every draft, so it prefers missing a part to inventing
// one, quotes the text for everything it says, and gives the same bytes for the
// same bytes. It treats the text as data: sentences that address the reader or a
// machine are not obeyed. It reads one source; merging is the work of package
// formats.
//
// The seams are the literal tables: words.go (verbs), control.go (safeguards),
// data.go (data classes), zone.go (trust zones), role.go (headings), synonyms.go
// (words that mean the same), statement.go (who keeps the data that a sentence
// speaks of), acting.go (what only programs do) and package gazetteer (names).
package prose

import (
	"fmt"
	"sort"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// Bounds of what one document may yield.
const (
	maxElements = 1500
	maxFlows    = 6000
	maxEvidence = 12  // quotes of sentences that name the part
	maxHeard    = 40  // and of those that speak of it without
	maxShorts   = 100 // abbreviations that are looked for in the whole text
)

// extractor carries one document through the passes.
type extractor struct {
	src       stride.Source
	text      string // comments blanked
	raw       string // as given: quotes are cut from it
	gaz       *gazetteer.Gazetteer
	verbs     map[string]verbClass
	stop      map[string]bool
	quality   map[string]bool
	actions   map[string]bool // verbs that begin no name
	trades    map[string]bool
	dets      map[string]bool
	preps     map[string]bool
	blocks    []block
	sentences []sentence

	reg         *registry
	zones       []*zone
	flows       []*flow
	byEnds      map[[2]*element]*flow
	assets      []*asset
	assumptions []stride.Assumption
	notes       []string

	// general remembers which part a general noun ("the database") means.
	general map[stride.Tag]*element
	// began is the offset of the sentence in which a flow was read last, firstVerb
	// the token of its first such verb.
	began, firstVerb int

	wording    map[string]bool // the words of running text, once they are asked for
	verse      bool            // the text is written in verses
	listing    int             // how many processes and stores the document lists as such
	shorts     int
	foreign    bool                 // the text is not English
	topic      *element             // the product that the document is about
	owner      string               // canonical name of the firm whose system it is
	domains    map[string]bool      // words with a meaning of their own in some field, and whether the text is of it
	patron     string               // what the document calls the firm that ordered it
	keeping    map[string]*element  // which store keeps what a word means
	queriers   []*element           // what calls a database
	doors      []*element           // where people sign in, once that is asked
	greeting   []*element           // what people use first, once that is asked
	leaving    map[*element][]*flow // the flows from each part
	outward    []*element           // what somebody from outside calls, once all flows are read
	swept      map[finding]int      // statements about the whole system, at by their reach
	protos     map[string]bool
	phrases    map[string][]controlPhrase
	weaknesses map[string][]pattern
	denied     map[string]stride.ControlName
	safeguards map[string][]pattern
	classes    map[string][]dataPhrase
}

// Parse reads the source. The Architecture is empty where the text names no
// part of a system. Notes say what was seen and not understood. It returns no
// error today; the shape is that of every format.
func Parse(src stride.Source) (stride.Architecture, []string, error) {
	x := &extractor{domains: map[string]bool{}, src: src, raw: string(src.Content), gaz: gazetteer.New(), verbs: verbs(), stop: set(functionWords),
		quality: set(qualifiers), actions: set(actionWords),
		trades: set(tradeWords), dets: set(determiners), preps: set(prepositions),
		reg: newRegistry(), began: -1, byEnds: map[[2]*element]*flow{},
		general: map[stride.Tag]*element{}, protos: set(protocolWords),
		phrases: controlIndex(), weaknesses: weaknessIndex(), safeguards: patternIndex(safeguardTable), denied: deniedIndex(), classes: dataIndex()}
	if unreadable(src.Content) {
		var empty stride.Architecture
		empty.Connect()
		return empty, []string{"the text is data, a log or source code, not a description"}, nil
	}
	x.text = blankComments(src.Content)
	x.blocks = scan(src.Content)
	x.verse = inVerse(x.text)
	if x.readLanguage(); x.foreign {
		return x.architecture(), x.notes, nil
	}
	x.declareZones()
	x.declareElements()
	x.declareSubject()
	x.declareActing()
	x.declareTerms()
	x.declareNamed()
	x.declareFirms()
	x.declareSteady()
	x.readSentences()
	x.resolveMentions()
	x.joinTwins()
	x.joinNames()
	x.settleFields()
	x.declareFlows()
	x.frameFlows()
	x.readZones()
	x.attachControls()
	x.settlePlain()
	x.readData()
	x.readScope()
	x.ascribe()
	return x.architecture(), x.notes, nil
}

func (x *extractor) readSentences() {
	for i := range x.blocks {
		b := &x.blocks[i]
		for _, s := range sentences(x.text, b) {
			s.meta = s.imprint(x.text)
			s.mentions = x.findMentions(&s)
			x.markExamples(&s)
			x.sentences = append(x.sentences, s)
		}
	}
}

// architecture keeps what is grounded well enough and gives it keys.
func (x *extractor) architecture() stride.Architecture {
	kept := x.reg.kept(len(x.flows), x.verse)
	if len(kept) == 0 && len(x.reg.all) >= 4*maxElements {
		kept = x.reg.all // so many that what joins them was not reached
	}
	sort.SliceStable(kept, func(i, j int) bool { return kept[i].pos < kept[j].pos })
	if len(kept) > maxElements {
		kept = kept[:maxElements]
		x.notes = append(x.notes, fmt.Sprintf("the text names more parts than can be read; the first %d were kept", maxElements))
	}
	keys := map[stride.Key]int{}
	live := map[*element]bool{}
	for _, e := range kept {
		e.key = unique(keys, stride.Slug(e.name)+"-"+shortKind(e.kind))
		live[e] = true
	}
	x.defaultZones(kept)
	var out stride.Architecture
	out.TrustBoundaries = x.boundaries(kept, keys)
	for _, e := range kept {
		out.Elements = append(out.Elements, e.build())
	}
	for _, f := range x.flows {
		if live[f.from] && live[f.to] {
			out.Flows = append(out.Flows, f.build(keys))
		}
	}
	out.Assets = x.buildAssets(live, keys)
	if len(kept) > 0 {
		out.Assumptions = x.assumptions
	}
	out.Connect()
	return out
}

func shortKind(k stride.ElementKind) string {
	switch k {
	case stride.ExternalEntity:
		return "ee"
	case stride.DataStore:
		return "ds"
	}
	return "p"
}

// unique returns base, or base with the first free number, and takes it.
func unique(taken map[stride.Key]int, base string) stride.Key {
	key := stride.Key(base)
	for taken[key] > 0 {
		taken[stride.Key(base)]++
		key = stride.Key(base + "-" + itoa(taken[stride.Key(base)]))
	}
	taken[key] = 1
	return key
}
