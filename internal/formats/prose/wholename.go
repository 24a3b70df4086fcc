package prose

import (
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
)

// actsHere reports whether token i says what somebody does to the phrase behind it:
// "we weigh merchant scores", "Clones Git repositories", "..., decrypts SOPS files".
func (x *extractor) actsHere(s *sentence, i int) bool {
	w := s.tokens[i].lower
	if i > 0 && s.tokens[i-1].word {
		switch s.tokens[i-1].lower {
		case "we", "they", "you", "i", "who", "cannot", "can", "may", "must", "should", "will":
			return true
		case "that", "which":
			if x.relativeVerb(s, i) {
				return true
			}
		}
	}
	base := strings.TrimSuffix(w, "s")
	if base == w || s.articleBefore(i) || s.capital(i) && i > 0 && !s.initial(i) {
		return false
	}
	return x.actions[base] || x.actions[strings.TrimSuffix(base, "e")] || x.verbOf(w) != 0 && (i == 0 || s.tokens[i-1].text == ",") && !nounToo(base)
}

// articleBefore reports whether token i follows an article, so that a word in "s" is
// a noun: "the uploads bucket".
func (s *sentence) articleBefore(i int) bool {
	if i == 0 {
		return false
	}
	switch s.tokens[i-1].lower {
	case "the", "a", "an", "our", "its", "their":
		return true
	}
	return false
}

// measure reports whether a word is the unit of a number in a name.
func measure(w string) bool {
	switch w {
	case "MHz", "GHz", "kHz", "Mbit", "Gbit", "kV", "kW", "V":
		return true
	}
	return false
}

func digits(w string) bool { return w != "" && strings.Trim(w, "0123456789.,") == "" }

// runSetting reports whether the words at token i set what a container or a service
// account may do: "as a non-root user", "read-only root file system", "bound to
// cluster-admin".
func (s *sentence) runSetting(i int, e gazetteer.Entry) bool {
	t := &s.tokens[i]
	switch e.Alias {
	case "root user", "user":
		return len(t.subs) > 1 && t.subs[0] == "non" || i > 0 && s.tokens[i-1].lower == "non-root"
	case "file system", "filesystem":
		return i > 0 && s.tokens[i-1].lower == "root"
	case "cluster admin", "admin":
		return len(t.subs) > 1 && t.subs[0] == "cluster" && t.text == t.lower
	}
	return false
}

// relativeVerb reports whether token i, behind "that", is the verb of a clause about
// the plural before: "jobs that train churn models", against "the parts that customer
// services use".
func (x *extractor) relativeVerb(s *sentence, i int) bool {
	if i < 2 || s.capital(i) || strings.HasSuffix(s.tokens[i].lower, "s") || i+1 >= len(s.tokens) || !s.tokens[i+1].word || x.stop[s.tokens[i+1].lower] {
		return false
	}
	if head := &s.tokens[i-2]; !head.word || x.stop[head.lower] || !strings.HasSuffix(head.lower, "s") {
		return false
	}
	for j := i + 2; j < min(len(s.tokens), i+6) && s.tokens[j].word; j++ {
		w := s.tokens[j].lower
		if x.preps[w] || w == "and" {
			break
		}
		if x.verbOf(w) != 0 && !nounToo(strings.TrimSuffix(w, "s")) {
			return false // it has a verb of its own
		}
	}
	return true
}
