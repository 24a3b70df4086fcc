package draft

import (
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Fingerprints returns the fingerprint of p for each of its targets, so that one
// flow more adds one target and does not make a new suggestion. The attack is
// the rule, else CAPEC or CWE id, else the stemmed title.
func Fingerprints(project stride.ProjectID, p stride.Proposal) map[stride.Key]string {
	out := make(map[stride.Key]string, len(p.TargetIDs))
	for _, k := range p.TargetIDs {
		out[k] = stride.Fingerprint(project, k, p.Category, attackOf(p))
	}
	return out
}

func attackOf(p stride.Proposal) string {
	switch {
	case p.Rule != "":
		return p.Rule
	case len(p.CAPEC) > 0:
		return p.CAPEC[0]
	case len(p.CWE) > 0:
		return p.CWE[0]
	}
	return stemmed(p.Title)
}

// stemmed reduces a title to its words without endings, so that "Spoofed
// messages" and "spoofing a message" meet.
func stemmed(title string) string {
	var out []string
	for _, w := range strings.Split(stride.Slug(title), "-") {
		switch w {
		case "a", "an", "the", "of", "to", "in", "on", "by", "through", "":
			continue
		}
		out = append(out, stem(w))
	}
	return strings.Join(out, " ")
}

func stem(word string) string {
	for _, ending := range []string{"ations", "ation", "ings", "ing", "ed", "es", "s", "e"} {
		if strings.HasSuffix(word, ending) && len(word)-len(ending) >= 4 {
			return strings.TrimSuffix(word, ending)
		}
	}
	return word
}
