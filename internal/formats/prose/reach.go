package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// span is the part of one sentence that speaks of a flow: byte offsets into the
// text, from its verb to where the sentence turns to something else.
type span struct{ from, to int }

func (r span) holds(at int) bool { return r.from <= at && at < r.to }

// reach returns what of the sentence speaks of the flow between the two parts.
// Parts in one enumeration share what follows the last of them: "calls A, B and
// C over HTTPS"; "talks to A over HTTPS and to B over MQTT" is two flows.
func (x *extractor) reach(s *sentence, f *frame, from, to *element) span {
	verb := min(f.verbAt, len(s.tokens)-1)
	out := span{s.tokens[verb].start, s.end}
	first, last := s.namedAfter(verb, from), s.namedAfter(verb, to)
	if first > last {
		first, last = last, first
	}
	if last < 0 {
		return out
	}
	if first < 0 {
		first = last
	}
	for j := first - 1; j >= 0 && s.mentions[j].from > verb; j-- {
		if s.mentions[j].elem != nil && !x.enumerated(s, j) {
			out.from = s.boundary(j)
			break
		}
	}
	for j := last; j+1 < len(s.mentions); j++ {
		next := s.mentions[j+1]
		if next.elem != nil && !x.protos[s.tokens[next.from].lower] && (!x.enumerated(s, j) || x.opensClause(s, j+1)) {
			out.to = s.boundary(j)
			break
		}
	}
	return out
}

// namedAfter returns the first mention of the part behind token i, or -1.
func (s *sentence) namedAfter(i int, e *element) int {
	return slices.IndexFunc(s.mentions, func(m mention) bool { return m.from >= i && m.elem == e })
}

// boundary is the offset where what is said of mention j ends: at the last "and"
// or comma before the next mention, else at that mention.
func (s *sentence) boundary(j int) int {
	next := s.mentions[j+1].from
	for i := next - 1; i >= s.mentions[j].to; i-- {
		switch s.tokens[i].lower {
		case "and", ",", ";", "then", "while", "but":
			return s.tokens[i].start
		}
	}
	return s.tokens[next].start
}

// opensClause reports whether mention j is the subject of a verb of its own.
func (x *extractor) opensClause(s *sentence, j int) bool {
	i := s.mentions[j].to
	return i < len(s.tokens) && s.tokens[i].word && x.verbOf(s.tokens[i].lower) != 0 && !participle(s.tokens[i].lower)
}

// protocolOf returns the protocol of a flow: the one that its own part of the
// sentence names, else, for the sentence's first verb, one named before.
func (x *extractor) protocolOf(s *sentence, f *frame, r span) string {
	if p := x.protocolIn(strings.ToLower(x.text[r.from:r.to])); p != "" || f.verbAt != x.firstVerb {
		return p
	}
	before := strings.ToLower(x.text[s.start:r.from])
	p := x.protocolIn(before)
	if p != "" && endsHere(before[:max(0, strings.LastIndex(before, p))]) {
		return "" // "terminates TLS and passes on": what follows goes without
	}
	return p
}

// opens notes the first verb of the sentence that makes a flow.
func (x *extractor) opens(s *sentence, f *frame) {
	if x.began != s.start {
		x.began, x.firstVerb = s.start, f.verbAt
	}
}

// dataOf returns the classes of data of a flow: what the sentence names from
// the flow's verb on, or from its beginning where this is its first verb.
func (x *extractor) dataOf(s *sentence, f *frame, r span) []stride.DataClass {
	from := s.start
	if f.verbAt != x.firstVerb {
		from = s.tokens[min(f.verbAt, len(s.tokens)-1)].start
	}
	to := r.to
	for i := range s.tokens {
		if t := &s.tokens[i]; t.start >= r.to && (t.lower == "them" || t.lower == "it") {
			to = s.end // "reads from A and stores them as B"
		}
	}
	return x.dataIn(strings.ToLower(x.text[from:max(from, to)]))
}

// ofFlows returns the flows of the sentence that a statement at the offset is
// about: those whose part of the sentence holds it, else all.
func ofFlows(flows []*flow, at int) []*flow {
	var out []*flow
	for _, fl := range flows {
		for _, r := range fl.reaches {
			if r.holds(at) {
				out = append(out, fl)
				break
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	return flows
}
