package prose

import (
	"regexp"
	"strings"
)

// understood is the part that a sentence is about before it names one: that of
// its item or label, or of the heading above a sentence that begins with a verb.
func (x *extractor) understood(s *sentence) *element {
	if it := parseItemSubject(x, s); it != nil {
		return it
	}
	if s.start > s.block.start {
		if e, end := x.label(s.block); e != nil && (s.start <= end || x.beginsWithVerb(x.text[s.start:s.end])) {
			return e
		}
	}
	if (s.block.kind == paragraph || s.block.kind == bullet) && x.beginsWithVerb(x.text[s.start:s.end]) {
		return sectionElement(x, s)
	}
	return nil
}

// parseItemSubject reads "- Web Server [Zone]: Serves pages": the item's name
// is the subject of what follows.
func parseItemSubject(x *extractor, s *sentence) *element {
	if s.block.kind != bullet || s.start == s.block.start {
		return nil
	}
	text := x.text[s.block.start:min(s.block.end, s.block.start+120)]
	loc := nameEnd(text)
	if loc == nil || x.ownSubject(s) {
		return nil
	}
	return x.reg.byName[canon(strings.Trim(text[:loc[0]], "*`_\" "))]
}

// ownSubject reports whether a sentence begins with what it is about: "This
// network is used to ...", "Only users with a token can ...".
func (x *extractor) ownSubject(s *sentence) bool {
	if len(s.tokens) < 2 || !s.tokens[0].word || !s.tokens[1].word {
		return false
	}
	switch s.tokens[0].lower {
	case "this", "these", "that", "those", "only", "all", "any", "every", "each", "no":
		return x.verbOf(s.tokens[1].lower) == 0
	}
	return false
}

// sectionElement is the part that the heading above the sentence names.
func sectionElement(x *extractor, s *sentence) *element {
	title := strings.TrimLeft(s.block.section.title, "0123456789.) ")
	title, _, _ = strings.Cut(title, " (")
	if title == "" {
		return nil
	}
	return x.reg.byName[canon(title)]
}

// labelOf returns the part that the label of the sentence's block names, and the
// offset behind the label, for the sentence that holds or follows the label.
func (x *extractor) labelOf(s *sentence) (*element, int) {
	e, end := x.label(s.block)
	if e == nil || s.start > end && !x.fragment(s) {
		return nil, 0
	}
	return e, max(end, s.start)
}

// fragment reports whether a later sentence of an item only says what the item's
// part is: "Windows application with SQL Server".
func (x *extractor) fragment(s *sentence) bool {
	if s.block.kind != bullet || len(s.tokens) == 0 || len(s.tokens) > 12 || s.block.section.role == roleFlows {
		return false
	}
	for i := range s.tokens {
		if t := &s.tokens[i]; t.word && x.verbOf(t.lower) != 0 && !nounToo(strings.TrimSuffix(t.lower, "s")) {
			if _, n := x.gaz.Longest(t.subs); n == 0 {
				return false
			}
		}
	}
	return true
}

// label returns the part that the label of a block names, and the offset behind
// the label.
func (x *extractor) label(b *block) (*element, int) {
	if !b.labelRead {
		b.labelRead = true
		b.labelKey, b.labelEnd = labelText(x.text[b.start:min(b.end, b.start+120)])
	}
	if b.labelKey == "" {
		return nil, 0
	}
	return x.reg.byName[b.labelKey], b.start + b.labelEnd
}

var (
	// kindLabel matches "External Interactor: Mail Relay. Sends ...".
	kindLabel = regexp.MustCompile(`^(?i:human user|actor|process|data ?store|external (?:interactor|entity|service|system)): ([\pL\d][\pL\d/&' -]{1,50}?)\.\s+\S`)
	// zonedLabel matches "Web App [Public Subnet] (web-app): Shows ...".
	zonedLabel = regexp.MustCompile(`^(?:\*\*)?([\pL\d][\pL\d/&' _-]{1,50}?)(?:\*\*)? \[[^\[\]\n]{2,60}\](?: \([^()\n]{2,60}\))?:\s+\S`)
)

// labelText returns the canonical name in the label that a text begins with, and
// where what it says of it begins; "" where it has no label.
func labelText(text string) (string, int) {
	end := -1
	if m := kindLabel.FindStringSubmatchIndex(text); len(m) > 0 {
		return canon(text[m[2]:m[3]]), m[1] - 1
	}
	if m := zonedLabel.FindStringSubmatchIndex(text); len(m) > 0 {
		return canon(strings.Trim(text[m[2]:m[3]], "*`_ ")), m[1] - 1
	}
	if m := typedItem.FindStringSubmatchIndex(text); len(m) > 0 {
		end = m[1]
		text = text[m[2]:m[3]]
	} else if m := labelStop.FindStringSubmatchIndex(text); len(m) > 0 {
		end = m[1] - 1
		text = text[m[2]:m[3]]
	} else if loc := labelColon.FindStringIndex(text); len(loc) > 0 {
		end = loc[1] - 1
		text, _, _ = strings.Cut(text[:end], ":")
		text, _, _ = strings.Cut(text, " (")
	}
	if end < 0 {
		return "", 0
	}
	return canon(strings.Trim(text, "*`_ ")), end
}

// itemPart returns the listed part that a row or a labelled item is about.
func (x *extractor) itemPart(s *sentence) []*element {
	if s.block.kind == bullet {
		if e, _ := x.label(s.block); e != nil {
			return []*element{e}
		}
	}
	return s.rowPart()
}

// rowPart returns the listed part that a row of a table is about, or nothing.
func (s *sentence) rowPart() []*element {
	if s.block.kind != row {
		return nil
	}
	for _, m := range s.mentions {
		if m.elem != nil {
			if m.elem.declared {
				return []*element{m.elem}
			}
			return nil
		}
	}
	return nil
}
