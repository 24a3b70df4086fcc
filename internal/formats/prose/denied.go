package prose

import (
	"regexp"
	"strings"
)

var (
	// dropped matches what follows a name that the design does without.
	dropped = regexp.MustCompile(`^\s*[:,]?\s*(?:(?:is|was|are|were|has been|have been|will be)\s+)?(?:not possible|no longer (?:used|there|in use|part)|rejected\b|ruled out|` +
		`decided against|discarded\b|considered but|being (?:removed|retired|phased out)|decommissioned|planned\b|on the roadmap|added later|introduced (?:later|next)|` +
		`not (?:used|in use|available|planned|deployed|installed|in place)(?:\s*(?:$|[.;,)])|\s+(?:yet|today|at all|at present|because|so|and)\b))`)
	// intended matches what leads to a name that is only planned.
	intended = regexp.MustCompile(`(?i)\b(?:plans?|planning|planned|intends?|hopes?|wants?|going) to (?:introduce|add|use|adopt|deploy|install|move to|migrate to|buy|build)\s+` +
		`(?:an? |the )?(?:new )?$`)
)

// absent reports whether the text around the phrase says that the part is not
// there, or not yet.
func (x *extractor) absent(s *sentence, m *mention) bool {
	from, to := s.tokens[m.from].start, s.tokens[m.to-1].end
	return s.refusal(m.to) && dropped.MatchString(x.text[to:min(s.end, to+60)]) || s.purpose(m.from) && intended.MatchString(x.text[max(s.start, from-60):from])
}

// refusal spares most phrases the search for what denies them.
func (s *sentence) refusal(i int) bool {
	for _, t := range s.tokens[i:min(len(s.tokens), i+5)] {
		switch t.lower {
		case "not", "no", "rejected", "ruled", "decided", "discarded", "considered", "being", "decommissioned", "planned", "roadmap", "added", "introduced":
			return true
		}
	}
	return false
}

// purpose spares most phrases the search for what plans them: a verb behind "to".
func (s *sentence) purpose(i int) bool {
	for _, t := range s.tokens[max(0, i-5):i] {
		if t.lower == "to" {
			return true
		}
	}
	return false
}

// deniedAt reports whether the phrase at token i is said not to be there: "no
// firewall", "without a backup".
func (s *sentence) deniedAt(i int) bool {
	if i > 1 && indefinite(s.tokens[i-1].lower) || i > 1 && s.tokens[i-1].lower == "any" {
		i--
	}
	if i > 2 && s.tokens[i-2].lower == "not" && bringsAbout(s.tokens[i-1].lower) {
		return true
	}
	return i > 0 && (s.tokens[i-1].lower == "no" || s.tokens[i-1].lower == "without")
}

// bringsAbout lists verbs by which a thing comes to be there: what is not generated
// is not there, what is not called is.
func bringsAbout(w string) bool {
	switch w {
	case "generate", "keep", "have", "produce", "maintain", "provide", "include", "contain", "create", "write", "offer", "leave":
		return true
	}
	return false
}

// onlyCalls reports whether the sentence begins with "API calls are" or "API
// requests from": the calls are meant, no part.
func (s *sentence) onlyCalls(m mention) bool {
	if m.from > 1 || m.from == 1 && s.tokens[0].lower != "all" || m.to+1 >= len(s.tokens) {
		return false
	}
	if w := s.tokens[m.to].lower; w != "calls" && w != "requests" {
		return false
	}
	switch s.tokens[m.to+1].lower {
	case "are", "aren't", "aren’t", "is", "must", "from", "have", "need":
		return true
	}
	return false
}

// notThere reports whether the sentence begins by saying that there is none:
// "Backups are not taken".
func (s *sentence) notThere(m mention) bool {
	if m.from > 0 || m.to+2 >= len(s.tokens) {
		return false
	}
	i := m.to
	switch s.tokens[i].lower {
	case "is", "are":
		if i++; s.tokens[i].lower != "not" && s.tokens[i].lower != "never" {
			return false
		}
	case "isn't", "aren't", "isn’t", "aren’t":
	default:
		return false
	}
	switch s.tokens[min(i+1, len(s.tokens)-1)].lower {
	case "taken", "kept", "made", "done", "written", "configured", "enabled", "available", "used", "implemented", "provided", "performed", "in":
		return true
	}
	return false
}

// onlyMaybe reports whether the clause of the phrase says that the part is a thought:
// "later maybe A", "perhaps we add A", "A, maybe".
func (s *sentence) onlyMaybe(m *mention) bool {
	for i := m.from - 1; i >= 0; i-- {
		t := &s.tokens[i]
		if !t.word && strings.ContainsAny(t.text, ",;:()—–") {
			break
		}
		if doubts(t.lower) {
			return true
		}
	}
	i := m.to
	for i < len(s.tokens) && (s.tokens[i].text == "," || s.tokens[i].lower == "later") {
		i++
	}
	return i < len(s.tokens) && doubts(s.tokens[i].lower) && (i+1 >= len(s.tokens) || !s.tokens[i+1].word || s.tokens[i+1].lower == "later")
}

// doubts lists the words that make a thought of what a clause names.
func doubts(w string) bool {
	switch w {
	case "maybe", "perhaps", "possibly", "someday", "tbd":
		return true
	}
	return false
}
