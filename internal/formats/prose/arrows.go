package prose

import (
	"regexp"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
)

var (
	// namedArrow matches an arrow that carries its protocol: "--https-->".
	namedArrow = regexp.MustCompile(`\s*-{1,2}\s?([A-Za-z][\w/. ]{0,30}?)\s?-{1,2}>\s*`)
	// letterItem matches the letter of a flow: "(A) ".
	letterItem = regexp.MustCompile(`^\([A-Z]\)\s+`)
)

// declareBracketed reads "DF1 (A -> B): orders over HTTPS": a label, the ends in
// brackets, and what goes there.
func (x *extractor) declareBracketed(b *block, line string) bool {
	const label = 60
	open := strings.IndexByte(line, '(')
	if open < 0 || open > label {
		return false
	}
	depth, stop := 0, -1
	for i := open; i < len(line) && stop < 0; i++ {
		switch line[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				stop = i
			}
		}
	}
	if stop < 0 || !regexpArrow.MatchString(line[open:stop]) || strings.Contains(line[:open], ". ") {
		return false
	}
	rest := line[stop+1:]
	if rest != "" && !strings.ContainsAny(rest[:1], ":.,-; ") {
		return false
	}
	before := len(x.flows)
	m := arrowForm.FindStringSubmatch(line[open+1 : stop])
	if len(m) == 0 {
		return false
	}
	if from, to := regexpArrow.Split(line[open+1:stop], 2)[0], regexpArrow.Split(line[open+1:stop], 2)[1]; !regexpArrow.MatchString(to) {
		m[1], m[2] = from, to // brackets inside belong to a name
	}
	m[3] = rest
	x.declareArrows(b, line[open+1:stop], m)
	return len(x.flows) > before
}

// declareNamedArrows reads the statements of a block whose arrows carry their
// protocol: "A and B --https--> C --tcp--> D. E --http--> F."
func (x *extractor) declareNamedArrows(b *block) bool {
	const longest = 4000
	text := x.text[b.start:b.end]
	if len(text) > longest || !strings.Contains(text, "-->") || !namedArrow.MatchString(text) {
		return false
	}
	before := len(x.flows)
	for _, statement := range regexpStatement.Split(text, -1) {
		hops := namedArrow.FindAllStringSubmatchIndex(statement, someOf)
		if len(hops) == 0 {
			continue
		}
		from := x.flowEnds(statement[:hops[0][0]], b)
		for i, hop := range hops {
			end := len(statement)
			if i+1 < len(hops) {
				end = hops[i+1][0]
			}
			to := x.flowEnds(statement[hop[1]:end], b)
			for _, a := range from {
				for _, z := range to {
					x.stateFlow(b, a, z, "", statement[hop[2]:hop[3]])
				}
			}
			from = to
		}
	}
	return len(x.flows) > before
}

var regexpStatement = regexp.MustCompile(`[.;]\s+|[.;]$|\n`)

// withHead completes the names of an enumeration that share their last word: "the
// order, stock and billing controllers".
func (x *extractor) withHead(names []string) []string {
	if len(names) < 2 {
		return names
	}
	words := strings.Fields(names[len(names)-1])
	if len(words) < 2 {
		return names
	}
	plural := strings.Trim(words[len(words)-1], " .,;")
	head := gazetteer.Singular(strings.ToLower(plural))
	if strings.EqualFold(head, plural) {
		return names
	}
	out := make([]string, len(names))
	for i, name := range names {
		full := strings.TrimSuffix(strings.TrimSpace(name), plural) + " " + head
		if x.reg.byName[canon(full)] == nil && x.onlyEnding(canon(display(full))) == nil {
			return names
		}
		out[i] = display(strings.Join(strings.Fields(full), " "))
	}
	return out
}

// joinedName reports whether the sign "&" is part of the name: none of its sides is
// a part or a kind of part.
func (x *extractor) joinedName(name string) bool {
	left, right, found := strings.Cut(name, " & ")
	if !found || strings.ContainsAny(name, ",;") || strings.Contains(name, " and ") || !startsUpper(right) {
		return false
	}
	for _, side := range []string{left, right} {
		if _, known := x.headed(side); known || x.reg.byName[canon(side)] != nil {
			return false
		}
	}
	return true
}

// drawn reports whether the block is one of a list of arrows of which most ends, in
// small letters, are names: parts, kinds of parts, or words of the text around.
func (x *extractor) drawn(b *block) bool {
	const enough = 6
	if b.kind != bullet {
		return false
	}
	known, met, all := 0, 0, 0
	for _, step := range []int{-1, 1} {
		for i := b.index + max(step, 0); i >= 0 && i < len(x.blocks) && all < 60; i += step {
			line := x.blocks[i].textOf(x.text)
			if x.blocks[i].kind != bullet || x.blocks[i].section != b.section || !hasArrow(line) {
				break
			}
			line, _, _ = strings.Cut(line, ":")
			for _, end := range regexpArrow.Split(line, 4) {
				all++
				if _, ok := x.headed(strings.Trim(end, " .*`")); ok || x.reg.byName[canon(end)] != nil {
					known++
				} else if x.metElsewhere(nameWords(end)) {
					met++
				}
			}
		}
	}
	return all >= enough && known*2 >= all && (known+met)*3 >= all*2
}

// metElsewhere reports whether running text of the document has all of the words.
func (x *extractor) metElsewhere(words []string) bool {
	if x.wording == nil {
		x.wording = map[string]bool{}
		for i := range x.blocks {
			if line := x.blocks[i].textOf(x.text); !hasArrow(line[:min(len(line), 200)]) {
				for _, w := range nameWords(line) {
					x.wording[gazetteer.Singular(w)] = true
				}
			}
		}
	}
	for _, w := range words {
		if !x.wording[gazetteer.Singular(w)] {
			return false
		}
	}
	return len(words) > 0
}

// smallName reports whether the words, in small letters, may name a part at the end
// of an arrow.
func (x *extractor) smallName(name string) bool {
	words := nameWords(name)
	if len(words) == 0 || len(words) > 3 || len(name) < 3 || x.abstract(words) {
		return false
	}
	if last := words[len(words)-1]; last == "internet" || last == "network" || last == "zone" || last == "boundary" {
		return false // where something is
	}
	for i, w := range words {
		if x.stop[w] || i == 0 && x.verbOf(w) != 0 && !nounToo(strings.TrimSuffix(w, "s")) || strings.Trim(w, "0123456789") == "" {
			return false
		}
	}
	return true
}

// clauseEnd reports whether what stands at one end of a flow in words is a statement:
// it ends in a verb, "the cache answers", or begins with one, "delete the object".
func (x *extractor) clauseEnd(name string, b *block) bool {
	words := nameWords(name)
	if len(words) < 2 || x.flowEnd(name, b, false) != nil {
		return false
	}
	for i, w := range words[1:] {
		if i+2 < len(words) && strings.HasSuffix(w, "s") && x.verbs[strings.TrimSuffix(w, "s")] != 0 && x.preps[words[i+2]] && !nounToo(strings.TrimSuffix(w, "s")) {
			return true // "Acme interacts with the archive"
		}
	}
	isVerb := func(w string) bool {
		_, noun := x.gaz.Lookup(w)
		return !noun && x.verbOf(w) != 0 && !nounToo(strings.TrimSuffix(w, "s")) && !x.trades[w]
	}
	last := words[len(words)-1]
	if strings.HasSuffix(last, "s") && isVerb(last) && x.verbs[strings.TrimSuffix(last, "s")] != 0 {
		return true
	}
	if e, known := x.headed(name); known && strings.HasPrefix(e.Alias, words[0]) {
		return false // "read replica"
	}
	return x.verbs[words[0]] != 0 && isVerb(words[0])
}
