package prose

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds that keep hostile text cheap.
const (
	maxSentence = 1500 // bytes; longer ones are cut at a space
	maxPhrase   = 8    // words of a declared name that is looked for in text
)

// token is a word or one punctuation mark, with absolute byte offsets.
type token struct {
	start, end int
	text       string
	lower      string
	subs       []string // lower-case parts of a word: "api-server" has two
	word       bool
}

// sentence is a clause-bearing unit: a sentence of a paragraph, an item of a
// list, a row of a table.
type sentence struct {
	start, end int
	block      *block
	tokens     []token
	mentions   []mention
	meta       bool // it says who wrote the document, for whom and when
	order      bool // it addresses the reader or a machine, not the system
}

func (s *sentence) capital(i int) bool {
	r, _ := utf8.DecodeRuneInString(s.tokens[i].text)
	return unicode.IsUpper(r)
}

// adjacent reports whether only white space stands between token i and i+1.
func (s *sentence) adjacent(text string, i int) bool {
	if i < 0 || i+1 >= len(s.tokens) {
		return false
	}
	return strings.TrimSpace(text[s.tokens[i].end:s.tokens[i+1].start]) == ""
}

var sentenceEnd = regexp.MustCompile(`[.!?]["')\]]*\s+`)

// sentences cuts the range into sentences of bounded length.
func sentences(text string, b *block) []sentence {
	var out []sentence
	add := func(from, to int) {
		for to-from > maxSentence {
			cut := strings.LastIndexAny(text[from:from+maxSentence], " \n\t")
			if cut < maxSentence/2 {
				cut = maxSentence
				for !utf8.RuneStart(text[from+cut]) {
					cut--
				}
			}
			out = append(out, newSentence(text, from, from+cut, b))
			from += cut
		}
		if strings.TrimSpace(text[from:to]) != "" {
			out = append(out, newSentence(text, from, to, b))
		}
	}
	from := b.start
	for _, loc := range sentenceEnd.FindAllStringIndex(text[b.start:b.end], -1) {
		dot, next := b.start+loc[0], b.start+loc[1]
		if abbreviation(text[from:dot]) || !startsSentence(text[next:b.end]) {
			continue
		}
		add(from, dot+1)
		from = next
	}
	add(from, b.end)
	return out
}

func newSentence(text string, from, to int, b *block) sentence {
	for from < to && (text[from] == ' ' || text[from] == '\n' || text[from] == '\t' || text[from] == '\r') {
		from++
	}
	to = from + len(strings.TrimRight(text[from:to], " \t\r\n"))
	s := sentence{start: from, end: to, block: b, tokens: tokenize(text, from, to)}
	if repetitive(s.tokens) {
		s.tokens = nil
	}
	s.order = addressed(text[from:to], s.tokens)
	return s
}

var orders = regexp.MustCompile(`(?i)\b(?:ignore|disregard|forget)\b[^.]{0,40}\b(?:instructions?|rules|prompts?|above)\b|\binstructions above\b|` +
	`\b(?:report|list|find|output|return) (?:no|zero|an empty|nothing)\b|\bdo not (?:report|list|mention) any\b|^\W*system prompt:|^\W*system:|` +
	`\byou (?:are (?:a|an|now)|must answer|must respond|must report)\b|\brespond only\b|\bnote to the (?:model|ai|llm|assistant)\b`)

// addressed reports whether a sentence tells its reader what to do. What it
// claims of safeguards is no fact about the system; the parts that it names are.
func addressed(text string, tokens []token) bool {
	for i := range tokens {
		switch tokens[i].lower {
		case "ignore", "disregard", "forget", "instructions", "report", "list", "find", "output", "return", "system", "you", "respond", "note":
			return orders.MatchString(text)
		}
	}
	return false
}

// repetitive reports whether the sentence is the same few words over and over.
func repetitive(tokens []token) bool {
	if len(tokens) < 20 {
		return false
	}
	seen := map[string]bool{}
	for _, t := range tokens {
		seen[t.lower] = true
	}
	return len(seen)*6 < len(tokens)
}

func abbreviation(before string) bool {
	last := before[strings.LastIndexAny(before, " (\n")+1:]
	switch strings.ToLower(last) {
	case "e.g", "i.e", "etc", "vs", "cf", "approx", "no", "fig", "mr", "dr", "st", "inc":
		return !strings.EqualFold(last, "etc") && !strings.EqualFold(last, "no")
	}
	return false
}

func startsSentence(rest string) bool {
	r, _ := utf8.DecodeRuneInString(rest)
	return unicode.IsUpper(r) || unicode.IsDigit(r) || strings.ContainsRune("\"'([*`_<-", r) || (r > 0x7f && !unicode.IsLower(r)) ||
		isIdentifier(rest) || lowerStart(rest)
}

// isIdentifier reports whether the text begins with a name such as joy_node.
func isIdentifier(text string) bool {
	word := text
	if i := strings.IndexAny(text, " \n"); i > 0 {
		word = text[:i]
	}
	return strings.ContainsAny(strings.Trim(word, "-_"), "_-")
}

func tokenize(text string, from, to int) []token {
	out := make([]token, 0, (to-from)/5+1) // a word has about five letters
	for i := from; i < to; {
		r, size := utf8.DecodeRuneInString(text[i:to])
		switch {
		case unicode.IsSpace(r):
			i += size
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			end := wordEnd(text, i, to)
			out = append(out, wordToken(text, i, end))
			i = end
		default:
			out = append(out, token{start: i, end: i + size, text: text[i : i+size], lower: text[i : i+size]})
			i += size
		}
	}
	return out
}

func wordEnd(text string, i, to int) int {
	end := i
	for end < to {
		r, size := utf8.DecodeRuneInString(text[end:to])
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			end += size
			continue
		}
		after, _ := utf8.DecodeRuneInString(text[end+size : to])
		if end+size < to && (unicode.IsLetter(after) || unicode.IsDigit(after)) {
			if strings.ContainsRune("-_.+@", r) || ((r == '\'' || r == '’') && after != 's') || (r == '/' && shortPair(text[i:end], text[end+1:to])) {
				end += size
				continue
			}
		}
		break
	}
	return end
}

// shortPair holds "CI/CD" and "HTTP/S" together.
func shortPair(before, after string) bool {
	n := 0
	for n < len(after) && unicode.IsUpper(rune(after[n])) {
		n++
	}
	return len(before) <= 4 && n > 0 && n <= 3 && (before == strings.ToUpper(before) || before == "z")
}

func wordToken(text string, from, to int) token {
	t := token{start: from, end: to, text: text[from:to], word: true}
	t.lower = strings.ToLower(t.text)
	if !strings.ContainsAny(t.text, "-_") {
		t.subs = splitCamel(t.text, t.lower)
		return t
	}
	t.subs = strings.FieldsFunc(t.lower, func(r rune) bool { return r == '-' || r == '_' })
	if len(t.subs) == 1 {
		t.subs = splitCamel(t.text, t.lower)
	}
	return t
}

// camelHeads are nouns that end names written in one word: OrderService.
var camelHeads = []string{"Service", "Server", "Queue", "Gateway", "Database", "API", "Worker", "Client", "Proxy", "Scheduler", "Agent", "Bucket", "Controller"}

// splitCamel splits a name written in one word; lower is the word in lower case.
func splitCamel(word, lower string) []string {
	const shortest = 5 // of such a name
	if len(word) <= shortest || word[1:] == lower[1:] {
		return []string{lower}
	}
	for _, head := range camelHeads {
		stem := strings.TrimSuffix(word, head)
		if stem == word || len(stem) < 3 {
			continue
		}
		if last := rune(stem[len(stem)-1]); unicode.IsLower(last) {
			return []string{strings.ToLower(stem), strings.ToLower(head)}
		}
	}
	return []string{lower}
}
