package prose

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func itoa(n int) string { return strconv.Itoa(n) }

// quote makes evidence of the range [from,to), clipped to the bounds of a quote
// so that [focus,focusEnd) stays inside. Comments were blanked by the scanner,
// so the bytes are taken from the source itself.
func (x *extractor) quote(from, to, focus, focusEnd int) stride.Evidence {
	raw := x.raw
	if to-from > stride.MaxQuote {
		if focus-from > stride.MaxQuote/3 {
			from = wordStart(raw, max(from, focus-stride.MaxQuote/3), focus)
		}
		to = wordStop(raw, min(to, from+stride.MaxQuote), min(focusEnd, from+stride.MaxQuote))
	}
	if to-from < stride.MinQuote {
		from, to = widen(raw, from, to)
	}
	from, to = markup(raw, from, to)
	e := stride.Evidence{Kind: stride.Quoted, SourceID: x.src.ID, Start: from, End: to, Quote: raw[from:to]}
	if to-from < stride.MinQuote {
		return stride.Evidence{Kind: stride.Inferred, SourceID: x.src.ID}
	}
	return e
}

// markup takes in the sign of bold type or code that stands at one end of the range
// and whose other half lies within it.
func markup(raw string, from, to int) (int, int) {
	for _, sign := range []string{"**", "`"} {
		if strings.Count(raw[from:to], sign)%2 == 0 || to-from+len(sign) > stride.MaxQuote {
			continue
		}
		if strings.HasSuffix(raw[:from], sign) {
			from -= len(sign)
		} else if strings.HasPrefix(raw[to:], sign) {
			to += len(sign)
		}
	}
	return from, to
}

// telling is how long a declaration is, in bytes, that explains itself.
const telling = 40

// reason quotes why an item is a part: the item where it says something, else
// the line of the list that it stands in, else the item with the first sentence
// below it.
func (x *extractor) reason(it item, b *block) stride.Evidence {
	focus, focusEnd := it.nameAt, it.nameAt+len(it.name)
	if it.end-it.start >= telling {
		return x.quote(it.start, it.end, focus, focusEnd)
	}
	if b.end-b.start > it.end-it.start+len("- ") {
		return x.quote(b.start, b.end, focus, focusEnd)
	}
	if b.index+1 < len(x.blocks) {
		next := &x.blocks[b.index+1]
		below := next.kind == paragraph || next.kind == bullet && (b.kind == heading || next.indent > b.indent)
		end := next.end
		if loc := sentenceEnd.FindStringIndex(x.text[next.start:min(next.end, next.start+stride.MaxQuote)]); loc != nil {
			end = next.start + loc[0] + 1
		}
		if below && end-it.start <= stride.MaxQuote {
			return x.quote(it.start, end, focus, focusEnd)
		}
	}
	return x.quote(it.start, it.end, focus, focusEnd)
}

// wordStart moves i forward to the beginning of a word, at most to limit.
func wordStart(raw string, i, limit int) int {
	for j := i; j < limit; j++ {
		if raw[j] == ' ' || raw[j] == '\n' {
			return j + 1
		}
	}
	for i < limit && !utf8.RuneStart(raw[i]) {
		i++
	}
	return i
}

// wordStop moves i back to the end of a word, at least to limit.
func wordStop(raw string, i, limit int) int {
	if i == len(raw) || raw[i] == ' ' || raw[i] == '\n' {
		return i
	}
	for j := i; j > limit; j-- {
		if raw[j-1] == ' ' || raw[j-1] == '\n' {
			return j - 1
		}
	}
	for i > 0 && i < len(raw) && !utf8.RuneStart(raw[i]) {
		i--
	}
	return i
}

// widen grows a short range to its line, then to its neighbours, until it is
// long enough to be a quote or the text ends.
func widen(raw string, from, to int) (int, int) {
	floor := max(0, from-stride.MaxQuote)
	if i := strings.LastIndexByte(raw[floor:from], '\n'); i >= 0 && to-(floor+i+1) <= stride.MaxQuote {
		from = floor + i + 1
	} else if i < 0 && floor == 0 && to <= stride.MaxQuote {
		from = 0
	}
	for to-from < stride.MinQuote && (from > 0 || to < len(raw)) {
		if to < len(raw) {
			_, size := utf8.DecodeRuneInString(raw[to:])
			to += size
		} else {
			_, size := utf8.DecodeLastRuneInString(raw[:from])
			from -= size
		}
	}
	for to < len(raw) && to-from < 2*stride.MinQuote && raw[to] != ' ' && raw[to] != '\n' {
		_, size := utf8.DecodeRuneInString(raw[to:])
		to += size
	}
	return from, to
}

func addEvidence(list []stride.Evidence, e stride.Evidence) []stride.Evidence {
	if len(list) >= maxEvidence {
		return list
	}
	for _, have := range list {
		if have.Start == e.Start && have.End == e.End && have.Kind == e.Kind {
			return list
		}
	}
	return append(list, e)
}
