package draft

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// quoter finds what a model says that it quotes. Models bend spaces, quotation
// marks and case; what is the same but for these is found and its offsets mended.
type quoter struct {
	sources []stride.Source
	folded  []folded
}

// folded is a text without what does not count, and where each of its bytes stands
// in the source.
type folded struct {
	text []byte
	at   []int // of each byte of text, and behind the last one the length of the source
}

func newQuoter(sources []stride.Source) *quoter {
	q := &quoter{sources: sources}
	for _, s := range sources {
		q.folded = append(q.folded, fold(s.Content))
	}
	return q
}

// find returns the evidence for a quote, and false where no source has it. A quote
// that is too long is cut at a word; one that is too short proves nothing.
func (q *quoter) find(quote string) (stride.Evidence, bool) {
	quote = strings.Trim(strings.TrimSpace(quote), "\"“”")
	quote = strings.TrimSuffix(strings.TrimSuffix(quote, "..."), "…")
	if len(quote) > stride.MaxQuote {
		quote = cut(quote, stride.MaxQuote)
	}
	if len(quote) < stride.MinQuote {
		return stride.Evidence{}, false
	}
	for i := range q.sources {
		if at := bytes.Index(q.sources[i].Content, []byte(quote)); at >= 0 {
			return q.evidence(i, at, at+len(quote)), true
		}
	}
	needle := fold([]byte(quote)).text
	if len(needle) < stride.MinQuote/2 {
		return stride.Evidence{}, false
	}
	for i, text := range q.folded {
		at := bytes.Index(text.text, needle)
		if at < 0 {
			continue
		}
		last := text.at[at+len(needle)-1]
		_, size := utf8.DecodeRune(q.sources[i].Content[last:])
		if from, to := text.at[at], last+size; to-from <= stride.MaxQuote && to-from >= stride.MinQuote {
			return q.evidence(i, from, to), true
		}
	}
	return stride.Evidence{}, false
}

func (q *quoter) evidence(source, from, to int) stride.Evidence {
	s := &q.sources[source]
	return stride.Evidence{Kind: stride.Quoted, SourceID: s.ID, Start: from, End: to, Quote: string(s.Content[from:to])}
}

// cut returns the words of the text that fit into n bytes.
func cut(text string, n int) string {
	if n >= len(text) {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	if i := strings.LastIndexByte(text[:n], ' '); i > 0 {
		n = i
	}
	return text[:n]
}

// fold drops spaces, quotation marks, dashes and the signs of Markdown, and makes
// letters small.
func fold(text []byte) folded {
	f := folded{text: make([]byte, 0, len(text)), at: make([]int, 0, len(text)+1)}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) && !strings.ContainsRune("\"'`´‘’“”«»*_-–—‐‑", r) {
			before := len(f.text)
			f.text = utf8.AppendRune(f.text, unicode.ToLower(r))
			for range len(f.text) - before {
				f.at = append(f.at, i)
			}
		}
		i += size
	}
	f.at = append(f.at, len(text))
	return f
}
