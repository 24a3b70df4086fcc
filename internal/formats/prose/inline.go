package prose

import (
	"regexp"
	"strings"
)

var (
	labelColon  = regexp.MustCompile(`^(?:\*\*)?[\pL\d][\pL\d/&\x27 _-]{1,50}(?:\*\*)?(?: \([^()\n]{2,60}\))?(?:\*\*)?:(?:\*\*)?\s+\S`)
	inlineLabel = regexp.MustCompile(`^([A-Z][A-Za-z -]{2,40}):\s+`)
	capsColon   = regexp.MustCompile(`(?:^|[.;]\s+)([A-Z][\w/&'-]*(?: (?:and|of|or|/|&|[\w/&'-]+)){0,5}): `)
)

// declareInline reads "External entities: User; Bank." and "Actors: Engineer:
// builds it. Operator: runs it."
func (x *extractor) declareInline(b *block) {
	m := inlineLabel.FindStringSubmatch(x.text[b.start:b.end])
	if m == nil || metadata(x.text[b.start:b.end]) {
		return
	}
	r := roleOf(m[1])
	if !r.declares() {
		return
	}
	from := b.start + len(m[0])
	if spans := capsColon.FindAllStringSubmatchIndex(x.text[from:b.end], -1); len(spans) > 0 {
		for i, sp := range spans {
			end := b.end
			if i+1 < len(spans) {
				end = from + spans[i+1][0] + 1
			}
			x.declareItem(parseItem(x.text, from+sp[2], end), r, b)
		}
		return
	}
	if r == roleActors && !strings.Contains(x.text[from:b.end], ";") {
		if x.declareRoles(b, from) {
			return
		}
	}
	for _, part := range splitList(x.text, from, b.end) {
		x.declareItem(parseItem(x.text, part[0], part[1]), r, b)
	}
}

// listsInline reports whether the block begins with a label that announces parts:
// "Processes: A, B" among lines of that form.
func (x *extractor) listsInline(b *block) bool {
	m := inlineLabel.FindStringSubmatch(x.text[b.start:b.end])
	return len(m) > 1 && roleOf(m[1]).declares()
}

var withinLabel = regexp.MustCompile(`[.;] (Services|Microservices|Components|Processes|Data stores|Actors|Nodes): `)

// declareWithin reads "Runs on EKS. Services: order intake, planner." in an item.
func (x *extractor) declareWithin(b *block) {
	if !strings.Contains(x.text[b.start:b.end], "s: ") {
		return
	}
	m := withinLabel.FindStringSubmatchIndex(x.text[b.start:b.end])
	if len(m) == 0 {
		return
	}
	was := b.declared
	for _, part := range splitList(x.text, b.start+m[1], b.end) {
		x.declareItem(parseItem(x.text, part[0], part[1]), roleOf(x.text[b.start+m[2]:b.start+m[3]]), b)
	}
	b.declared = was // its sentences are still to be read
}

var roleSubject = regexp.MustCompile(`(?:^|\. )(?:[Tt]he|An?) ([A-Z][\w-]*(?: [\w-]+)?) (?:is|are|can|may|[a-z]+s)\b`)

// declareRoles reads "Roles: the Producer creates it. The Consumer uses it."
func (x *extractor) declareRoles(b *block, from int) bool {
	found := roleSubject.FindAllStringSubmatchIndex(x.text[from:b.end], 50)
	for _, m := range found {
		start, end := from+m[2], from+m[3]
		stop := b.end
		if i := strings.Index(x.text[end:b.end], ". "); i >= 0 {
			stop = end + i
		}
		name := x.text[start:end]
		if words := strings.Fields(name); len(words) == 2 && x.verbOf(strings.ToLower(words[1])) != 0 {
			name = words[0]
		}
		x.declareItem(item{name: name, start: start, end: stop, nameAt: start}, roleActors, b)
	}
	b.declared = false
	return len(found) > 0
}
