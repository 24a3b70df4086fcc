package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/threatdraft/threatdraft/internal/catalogue"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// modelThreat is a threat as a model writes it; see prompts/threats.
type modelThreat struct {
	Index      int             `json:"index"`
	Targets    []string        `json:"targets"`
	Category   stride.Category `json:"category"`
	Title      string          `json:"title"`
	Statement  string          `json:"statement"`
	Quote      string          `json:"quote"`
	Likelihood int             `json:"likelihood"`
	Impact     int             `json:"impact"`
	CWE        []string        `json:"cwe"`
	Improves   string          `json:"improves"`
}

// Lengths of what a model writes, in bytes.
const (
	maxTitle     = 160
	maxStatement = 700
	leastStated  = 40
)

// checker turns what a model wrote into proposals, or says why it cannot.
type checker struct {
	a      *stride.Architecture
	quotes *quoter
	// short maps the ids of the prompt to keys, and long the other way round.
	short map[string]stride.Key
	long  map[stride.Key]string
	names map[stride.Key][]string // words that name a target
	// prompt is the fixed text of the prompts on one line, which no answer repeats.
	prompt string
	// design, sentences and letters are what wording.go compares answers with.
	design, letters string
	sentences       []string
}

// newChecker gives each element and flow a short id for the prompt: e1, f1. Prompt
// is the text of the fixed parts.
func newChecker(a *stride.Architecture, sources []stride.Source, prompt string) *checker {
	c := &checker{
		a: a, prompt: oneLine(prompt), quotes: newQuoter(sources), short: map[string]stride.Key{}, long: map[stride.Key]string{}, names: map[stride.Key][]string{},
	}
	c.readDesign(a, sources)
	for i, e := range a.Elements {
		c.add(fmt.Sprintf("e%d", i+1), e.ID)
		c.names[e.ID] = nameWords(append([]string{e.Name}, e.Aliases...)...)
	}
	for i, f := range a.Flows {
		c.add(fmt.Sprintf("f%d", i+1), f.ID)
		c.names[f.ID] = slices.Concat(nameWords(f.Name), c.names[f.SourceID], c.names[f.TargetID])
	}
	return c
}

func (c *checker) add(id string, key stride.Key) { c.short[id], c.long[key] = key, id }

// nameWords returns the words of names that tell one part from another.
func nameWords(names ...string) []string {
	var out []string
	for _, name := range names {
		for _, w := range strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if len(w) > 1 && w != "the" && w != "of" && w != "and" && w != "to" {
				out = append(out, w)
			}
		}
	}
	return out
}

// proposal checks one item. The reason, where it is not empty, says what the model
// has to correct. A quote that no source has is not a reason: the item then rests
// on no quote, and quoted is false although one was given.
func (c *checker) proposal(t modelThreat) (p stride.Proposal, discarded bool, reason string) {
	keys := make([]stride.Key, 0, len(t.Targets))
	names := make([]string, 0, len(t.Targets))
	for _, id := range t.Targets {
		if key, ok := c.short[id]; ok && !slices.Contains(keys, key) {
			keys, names = append(keys, key), append(names, c.a.TargetName(key))
		}
	}
	switch {
	case len(t.Targets) == 0:
		return p, false, "targets is empty; name the part or flow by its id"
	case len(keys) == 0:
		return p, false, fmt.Sprintf("no part or flow has the id %q", t.Targets[0])
	case !t.Category.Valid():
		return p, false, fmt.Sprintf("%q is no STRIDE category", t.Category)
	case t.Likelihood < 1 || t.Likelihood > 4 || t.Impact < 1 || t.Impact > 4:
		return p, false, "likelihood and impact are whole numbers from 1 to 4"
	}
	if reason := c.wording(t, keys); reason != "" {
		return p, false, reason
	}
	t.Title, t.Statement = c.named(t.Title), c.named(t.Statement)
	p = stride.Proposal{
		Category: t.Category, Title: oneLine(t.Title), Statement: oneLine(t.Statement), TargetIDs: keys, Targets: names, FlowID: c.flowOf(keys),
		CWE: weaknesses(t.CWE), CAPEC: []string{}, Mitigations: []stride.ProposedMitigation{},
	}
	quote, found := c.quotes.find(t.Quote)
	discarded = !found && strings.TrimSpace(t.Quote) != ""
	p.Confidence, p.Evidence = stride.ConfidenceLow, []stride.Evidence{{Kind: stride.Inferred}}
	if found {
		p.Confidence, p.Evidence = stride.ConfidenceMedium, []stride.Evidence{quote}
	}
	p.Risk, p.Rationale = judged(t.Likelihood, t.Impact, found)
	p.Severity = p.Risk.Severity()
	return p, discarded, ""
}

var shortID = regexp.MustCompile(`\b[ef]\d{1,3}\b`)

// named writes names for the ids of the prompt, which mean nothing outside of it.
func (c *checker) named(text string) string {
	return shortID.ReplaceAllStringFunc(text, func(id string) string {
		if key, ok := c.short[id]; ok {
			return c.a.TargetName(key)
		}
		return id
	})
}

func (c *checker) namesOne(text string, keys []stride.Key) bool {
	said := nameWords(text)
	for _, k := range keys {
		if slices.ContainsFunc(c.names[k], func(w string) bool { return slices.Contains(said, w) }) {
			return true
		}
	}
	return false
}

// repeated is how many bytes in a row no answer shares with the prompt by chance.
const repeated = 60

func (c *checker) repeatsPrompt(text string) bool {
	for i := 0; i+repeated <= len(text); i += repeated / 2 {
		if strings.Contains(c.prompt, text[i:i+repeated]) {
			return true
		}
	}
	return false
}

// flowOf returns the only flow among the targets, or "".
func (c *checker) flowOf(keys []stride.Key) stride.Key {
	var flow stride.Key
	for _, k := range keys {
		if _, ok := c.a.Flow(k); ok {
			if flow != "" {
				return ""
			}
			flow = k
		}
	}
	return flow
}

var cweID = regexp.MustCompile(`^CWE-\d{1,4}$`)

// maxWeaknesses is how many CWE ids an item keeps.
const maxWeaknesses = 2

// weaknesses keeps the ids that look like ones, each once; what the catalogue lacks
// is labelled.
func weaknesses(ids []string) []string {
	out := []string{}
	for _, id := range ids {
		if id = strings.ToUpper(strings.TrimSpace(id)); cweID.MatchString(id) && !slices.Contains(out, id) && len(out) < maxWeaknesses {
			out = append(out, id)
		}
	}
	return known(out)
}

// judged scores an item as the model judged it; what rests on no quote may not be
// so, which lowers the likelihood by one and never gives critical.
func judged(likelihood, impact int, quoted bool) (stride.Risk, []stride.Addend) {
	why := []stride.Addend{
		{Of: "likelihood", Points: likelihood, Why: "as the model judged"},
		{Of: "impact", Points: impact, Why: "as the model judged"},
	}
	r := stride.Risk{Likelihood: likelihood, Impact: impact}
	for !quoted && r.Likelihood > 1 && (r.Likelihood == likelihood || r.Severity() == stride.SeverityCritical) {
		r.Likelihood--
		why = append(why, stride.Addend{Of: "likelihood", Points: -1, Why: "it rests on no quote, so it may not be so", Factor: stride.FactorUnknownControl})
	}
	return r, why
}

// oneLine joins the lines of a text and drops what is invisible.
func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) || unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, text)
	return strings.Join(strings.Fields(text), " ")
}

// references keeps what a mitigation cites where it looks like a requirement or a
// weakness, at most three; ids that the catalogue lacks are labelled.
func references(list []string) []string {
	const most, length = 3, 60
	out := []string{}
	for _, ref := range list {
		if ref = oneLine(ref); ref == "" || len(ref) > length || len(out) == most {
			continue
		}
		if _, ok := catalogue.Lookup(ref); !ok {
			ref += " (unverified)"
		}
		out = append(out, ref)
	}
	return out
}
