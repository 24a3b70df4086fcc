package prose

import (
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
)

// markExamples tells the phrases that name examples or what is not used.
func (x *extractor) markExamples(s *sentence) {
	for j := range s.mentions {
		m := &s.mentions[j]
		m.example = m.elem == nil && m.entry.Level != gazetteer.Weak && x.exampled(s, m.from)
		m.example = m.example || s.order && m.elem == nil && m.entry.Level != gazetteer.Product && !m.capital
		m.example = m.example || m.elem == nil && s.platform(m)
		m.denied = m.denied || x.shunned(s, m.from)
		m.example = m.example || m.elem == nil && (s.notThereYet(m) || s.goneSince(m) || s.onlyMaybe(m))
	}
}

// platform reports whether the phrase only says in brackets what a part is built
// on: "a Linux computer (Yocto)".
func (s *sentence) platform(m *mention) bool {
	if m.entry.Level != gazetteer.Product || m.from == 0 || m.to >= len(s.tokens) || s.tokens[m.from-1].text != "(" || s.tokens[m.to].text != ")" {
		return false
	}
	return len(m.entry.Tags) > 0 && (m.entry.Tags[0] == "build_system" || m.entry.Tags[0] == "robot_middleware" || deviceSystem(m.entry.Alias))
}

// exampled reports whether the phrase at token i is only an example, or what
// the design does without: "such as A or B", "unlike A", "instead of A", "can
// integrate with A". Such a name makes no part; one that takes part elsewhere is
// still meant.
func (x *extractor) exampled(s *sentence, i int) bool {
	for steps := 0; i > 0 && steps < 24; steps++ {
		i--
		t := &s.tokens[i]
		switch {
		case x.examples(s, i):
			return true
		case x.instead(s, i):
			return true
		case t.text == "," || t.text == "(" || t.text == "/" || t.lower == "and" || t.lower == "or" || t.lower == "a" || t.lower == "an":
		case s.mentioned(i):
		case t.word && t.lower != "with" && !x.stop[t.lower] && x.verbOf(t.lower) == 0 && s.capital(i):
		default:
			return false
		}
	}
	return false
}

// examples reports whether an opener of examples ends at token i.
func (x *extractor) examples(s *sentence, i int) bool {
	t := s.tokens[i].lower
	before := ""
	if i > 0 {
		before = s.tokens[i-1].lower
	}
	switch t {
	case "as":
		return before == "such"
	case "e.g", "e.g.", "eg":
		return true
	case "g":
		return i > 1 && s.tokens[i-2].lower == "e"
	case ".":
		return before == "e.g" || before == "g"
	case "example", "instance":
		return before == "for"
	case "to":
		return before == "similar" || before == "comparable"
	case "from":
		return i == 1 && (before == "import" || before == "migrate")
	case "for":
		return runsOn(before)
	case "with":
		return before == "compatible" || s.couldIntegrate(i)
	case "like":
		return i > 0 && s.tokens[i-1].word && x.verbOf(before) == 0 && !x.stop[before]
	}
	return false
}

// runsOn lists programs that are made for a platform: "extension for Chrome".
func runsOn(w string) bool {
	switch w {
	case "extension", "extensions", "add-on", "plugin", "wheels", "installer", "installers", "builds":
		return true
	}
	return false
}

// couldIntegrate sees "can integrate with", "may be integrated with".
func (s *sentence) couldIntegrate(i int) bool {
	able := false
	for j := max(0, i-4); j < i; j++ {
		switch s.tokens[j].lower {
		case "can", "could", "may", "might", "easily", "optionally":
			able = true
		case "integrate", "integrated", "integrates":
			if able {
				return true
			}
		}
	}
	return false
}

// instead reports whether an opener of what is not used ends at token i.
func (x *extractor) instead(s *sentence, i int) bool {
	t := s.tokens[i].lower
	switch {
	case t == "unlike":
		return true
	case t == "of" && i > 0 && s.tokens[i-1].lower == "instead", t == "than" && i > 0 && s.tokens[i-1].lower == "rather":
		return true
	case t == "not":
		return i == 0 || s.tokens[i-1].text == "," || s.tokens[i-1].text == "(" || s.tokens[i-1].lower == "but"
	}
	return false
}

// shunned reports whether the phrase at token i names what is not used.
func (x *extractor) shunned(s *sentence, i int) bool {
	if i > 1 && indefinite(s.tokens[i-1].lower) {
		i--
	}
	return i > 0 && x.instead(s, i-1)
}

// mentioned reports whether token i belongs to a phrase that was found.
func (s *sentence) mentioned(i int) bool {
	for _, m := range s.mentions {
		if m.from <= i && i < m.to {
			return true
		}
	}
	return false
}

// notThereYet reports whether what stands before the phrase says that it is not
// in use: "we do not use A", "plan to add A", "previously the API used A".
func (s *sentence) notThereYet(m *mention) bool {
	const reach = 5
	before := ""
	for i := max(0, m.from-reach); i < m.from; i++ {
		before += s.tokens[i].lower + " "
	}
	for _, p := range []string{"not use ", "not using ", "not run ", "never use ", "n't use ", "n’t use ",
		"decided against ", "plan to add ", "plan to use ", "plans to add ", "plans to use ",
		"planning to ", "considered ", "considering ", "evaluating ", "migrated away from ", "moved away from ", "replaced "} {
		if strings.Contains(" "+before, " "+p) || strings.Contains(before, p) && strings.HasPrefix(p, "n") {
			return true
		}
	}
	first := s.tokens[0].lower
	return first == "previously" || first == "formerly"
}

// goneSince reports whether what follows the phrase says that it is not there: "A
// is not part of this system", "A was decommissioned in 2019".
func (s *sentence) goneSince(m *mention) bool {
	const reach = 4
	after := ""
	for i := m.to; i < min(len(s.tokens), m.to+reach); i++ {
		after += s.tokens[i].lower + " "
	}
	for _, p := range []string{"is not part of ", "are not part of ", "is not used ", "are not used ", "is no longer used ", "is not in use ",
		"was decommissioned ", "was removed ",
		"was retired ", "was shut down ", "was replaced ", "has been removed ", "has been retired ", "has been decommissioned ", "has been replaced ", "is planned "} {
		if strings.HasPrefix(after, strings.TrimSuffix(p, " ")) {
			return true
		}
	}
	return false
}
