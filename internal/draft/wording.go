package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// A design can dictate what a model writes, and a model can obey. What a reviewer
// reads as a threat is therefore held to what a threat is: English sentences in the
// third person, without links or markup, that give no order about the review and no
// verdict on it, and that are not the design's own sentences said again. Threats may
// speak of orders: "an attacker writes instructions into a ticket" is one.

// wording says what is wrong with title and statement, or "".
func (c *checker) wording(t modelThreat, keys []stride.Key) string {
	title, statement := oneLine(t.Title), oneLine(t.Statement)
	switch {
	case title == "" || len(title) > maxTitle:
		return fmt.Sprintf("title has %d bytes; 1 to %d are allowed", len(title), maxTitle)
	case len(statement) < leastStated || len(statement) > maxStatement:
		return fmt.Sprintf("statement has %d bytes; %d to %d are allowed", len(statement), leastStated, maxStatement)
	case !c.namesOne(title+" "+statement, keys):
		return "neither title nor statement names a target"
	case c.repeatsPrompt(statement) || c.repeatsPrompt(title):
		return "title and statement repeat the task instead of describing a threat"
	case !isEnglish(statement) || isForeign(title):
		return "title and statement are to be written in English"
	}
	for _, text := range []string{title, statement} {
		if reason := c.dictated(text); reason != "" {
			return reason
		}
	}
	return ""
}

// dictated says what in a text is no description: it addresses somebody, gives a
// verdict, holds what a page or a pipeline would carry out, or is a sentence of the
// design.
func (c *checker) dictated(text string) string {
	if addressed.MatchString(text) {
		return "the text addresses its reader; describe in the third person"
	}
	return c.steers(text)
}

// isName reports whether what a model calls a part or a flow can be a name.
func isName(text string) bool {
	for _, wrong := range []*regexp.Regexp{active, addressed, orders, verdicts} {
		if wrong.MatchString(text) {
			return false
		}
	}
	return true
}

// steers is dictated for texts that may say "you", which measures do.
func (c *checker) steers(text string) string {
	said := text
	if !c.designQuotes(text) {
		said = quoted.ReplaceAllString(text, "“”")
	}
	switch {
	case active.MatchString(text) || c.strange(text):
		return "the text holds a link, markup, code or letters of another script; describe in plain words"
	case orders.MatchString(said) || verdicts.MatchString(said):
		return "the text gives an order or a verdict about the review, which is the reviewer's"
	case c.repeatsDesign(text):
		return "the text repeats a sentence of the design; say what happens, in words of your own"
	}
	return ""
}

// quoted matches what a text puts between quotation marks: it is spoken of, not said.
var quoted = regexp.MustCompile(`“[^”]{1,200}”|"[^"]{1,200}"`)

// designQuotes reports whether the design itself has what the text quotes: then the
// design may have dictated it.
func (c *checker) designQuotes(text string) bool {
	return slices.ContainsFunc(quoted.FindAllString(text, -1), func(q string) bool {
		words := stride.Words(q)
		return words != "" && strings.Contains(c.design, words)
	})
}

// active matches what something else than a reader could act on: links, markup,
// code, the frames of prompts, text in Base64.
var active = regexp.MustCompile(`(?i)\b[a-z][a-z0-9+.-]{1,20}://|\b(?:javascript|vbscript|mailto):|\bdata:[a-z]+/|\bwww\.|` +
	`<[a-z/!?|<]|\]\s?[(:]|!\[|` + "```" + `|#{3,}|={3,}|\[/?inst\]|[{[]\s?"|\|\s?(?:sudo )?(?:ba|z|da)?sh\b|` +
	`\bP\.\s?S\.|[a-z0-9+/]{36,}={1,2}|[a-z0-9+/]{64,}`)

// addressed matches words that speak to whoever reads them.
var addressed = regexp.MustCompile(`(?i)\b(?:please|kindly|you|yours?|yourself)\b`)

// orders matches what tells a reviewer, a model or the pipeline what to do, where
// an order can stand: where a sentence or a clause begins, or behind its receiver.
var orders = regexp.MustCompile(`(?i)` + strings.Join([]string{
	begins + `(?:ignore|disregard|forget|accept|approve|report|mark|note|system|assistant|user)\b\s*` +
		`(?:all|any|no|the above|this|that|these|those|each|every|everything|it|them|as|:)`,
	begins + `(?:ignore|disregard|forget|accept|approve|reject|dismiss|discard|drop|merge|skip|close|confirm|suppress|delete|remove|` +
		`rate|score|list|find|output|return|mark|report|set|change)\b` +
		`[^.!?]{0,40}\b(?:suggestions?|threats?|findings?|proposals?|instructions?|prompts?|the above|everything|nothing)\b`,
	begins + `(?:repeat|reveal|print|output|copy|decode|obey|execute|treat)\s+(?:all|any|everything|this|that|these|the (?:above|text|prompt|following))\b`,
	begins + `(?:answer|respond|reply)\s+(?:only|in|with|by|as)\b|` + begins + `add (?:a|the|another) field\b|` + begins + `change the schema\b`,
	`\b(?:reviewers?|readers?|auditors?|assistants?|(?:the|this|an?) (?:ai|llm)|language models?) ` +
		`(?:must|should|shall|ha(?:s|ve) to|needs? to|(?:is|are) (?:asked|told|required) to) (?:not )?(?:accept|approve|reject|ignore|skip|dismiss|rate|report|list|mark)\b`,
	`\b(?:note|message|instructions?) (?:to|for) (?:the )?(?:ai|llm|model|assistant|reviewers?|readers?)\b\s*[:,-]|\bnew (?:task|instructions?)\s*:`,
	`\b(?:titles?|suggestions?|statements?)\b(?: of threats)? (?:must|should|shall)\b`,
}, "|"))

// begins is where an order can stand.
const begins = `(?:^\W*|[.!?:;*>–—(“"]\s*)(?:(?:just|simply|now|always|then|also|never|immediately|do not|don't)\s+)*`

// verdicts matches judgements of the review or of the whole system.
var verdicts = regexp.MustCompile(`(?i)` + strings.Join([]string{
	`\b(?:is|are) not a threat\b|\b(?:no|zero) threats?\b (?:exist|found|here|to report)`,
	`\b(?:should|must|shall|needs? to|ha(?:s|ve) to) be (?:accepted|approved|ignored|rejected|dismissed|merged)\b(?:[.!:;]|$| (?:unread|by the reviewer|without))`,
	`\b(?:threats?|suggestions?|findings?|proposals?|titles?)\b[^.!?]{0,50}\b(?:is|are) (?:all )?(?:an? )?(?:false positives?|duplicates?|already accepted|approved)\b`,
	`\bas an ai\b|\bi cannot\b|\b(?:this|the) (?:system|design) is (?:safe|secure)\b|\baccepted:`,
}, "|"))

// strange reports letters of a script that neither English nor a name of the design
// uses, and Latin letters in disguise.
func (c *checker) strange(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		latin := unicode.Is(unicode.Latin, r) && (r < '\uff21' || r > '\uff5a')
		return unicode.IsLetter(r) && !latin && !strings.ContainsRune("µμΩαβ", r) && !strings.ContainsRune(c.letters, r)
	})
}

// englishWords are function words that few other languages share.
var englishWords = []string{
	"the", "can", "could", "because", "with", "without", "from", "that", "which", "who", "their", "its", "this", "if", "not", "by", "and", "or",
	"to", "any", "when", "since", "causing", "of", "is", "are", "may", "for", "has", "have", "no", "on", "at", "it",
}

// isEnglish reports whether in each sentence at least one word in twelve is a
// function word of English. Statements of models had one in six at the least.
func isEnglish(text string) bool {
	for _, sentence := range sentenceEnd.Split(text, -1) {
		words := strings.Fields(stride.Words(sentence))
		ours := 0
		for _, w := range words {
			if slices.Contains(englishWords, w) {
				ours++
			}
		}
		if len(words) >= leastWords && (ours == 0 || ours*12 < len(words)) {
			return false
		}
	}
	return true
}

// foreignWords are function words of German, French, Spanish, Italian, Portuguese
// and Dutch that are no English words; they tell the language of a title, which may
// be too short for an English one.
var foreignWords = strings.Fields(
	"der das und nicht sie alle ohne bitte les des toutes tous sans et las los todas todos sin tutte tutti senza sem zonder het een",
)

// isForeign reports whether a title has two words of another language.
func isForeign(title string) bool {
	theirs := 0
	for _, w := range strings.Fields(stride.Words(title)) {
		if slices.Contains(foreignWords, w) {
			theirs++
		}
	}
	return theirs >= 2
}

// A sentence of the design counts as said again from so many words and bytes on.
const (
	leastWords = 5
	leastBytes = 25
)

// repeatsDesign reports whether a text holds a whole sentence of the design that it
// does not mark as a quotation.
func (c *checker) repeatsDesign(text string) bool {
	words := stride.Words(quoted.ReplaceAllString(text, "“”"))
	return slices.ContainsFunc(c.sentences, func(s string) bool { return strings.Contains(words, s) })
}

// readDesign keeps what dictated compares: the words of the design, its sentences
// and the letters of its names.
func (c *checker) readDesign(a *stride.Architecture, sources []stride.Source) {
	var design, letters strings.Builder
	names := stride.Words(strings.Join(named(a), ". "))
	for _, s := range sources {
		text := string(s.Content)
		design.WriteString(stride.Words(text) + " ")
		for _, sentence := range sentenceEnd.Split(text, -1) {
			if words := stride.Words(oneLine(sentence)); len(words) >= leastBytes && strings.Count(words, " ")+1 >= leastWords && !strings.Contains(names, words) {
				c.sentences = append(c.sentences, words)
			}
		}
	}
	letters.WriteString(names)
	c.design, c.letters = design.String(), letters.String()
}

// named lists every name of the parts and flows.
func named(a *stride.Architecture) []string {
	var out []string
	for _, e := range a.Elements {
		out = append(append(out, e.Name), e.Aliases...)
	}
	for _, f := range a.Flows {
		out = append(out, f.Name)
	}
	return out
}

var sentenceEnd = regexp.MustCompile(`[.!?]+(?:\s|$)|[\r\n]+|[。！？]`)
