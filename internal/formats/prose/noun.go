package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
)

// verbHere reports whether a word that could be a noun ("requests", "logs")
// stands where a verb is expected: after a plural, before a determiner.
func (x *extractor) verbHere(s *sentence, i int) bool {
	t := s.tokens[i]
	if x.verbOf(t.lower) == 0 || i+1 >= len(s.tokens) {
		return false
	}
	next := s.tokens[i+1]
	if x.dets[next.lower] || x.preps[next.lower] {
		return true
	}
	// "the app stores orders" against "the Bastion Logs Storage", "app logs are"
	return strings.HasSuffix(t.lower, "s") && !s.capital(i) && next.word && i > 0 && !strings.HasSuffix(s.tokens[i-1].lower, "s") &&
		!x.stop[next.lower] && x.nounAfter(s, i)
}

// nounAfter reports whether the word behind token i is no verb there: "stores
// orders", and "stores visits in", where "visits" can only be a noun.
func (x *extractor) nounAfter(s *sentence, i int) bool {
	after := s.tokens[i+1].lower
	return x.verbOf(after) == 0 || strings.HasSuffix(after, "s") && i+2 < len(s.tokens) && x.preps[s.tokens[i+2].lower]
}

// noName recognises single words that only hold a noun: constants ("NET_ADMIN"),
// headers ("Access-Control-Allow-Origin") and describing compounds
// ("multi-cluster", "large-volume", "self-host").
func noName(t *token, e gazetteer.Entry) bool {
	if len(t.subs) < 2 || strings.Contains(e.Alias, " ") {
		return false
	}
	if strings.Contains(t.lower, "-to-") {
		return true // "service-to-service traffic"
	}
	if strings.Contains(t.text, "_") && t.text == strings.ToUpper(t.text) || strings.Count(t.text, "-") > 2 && e.Level == gazetteer.Weak {
		return true
	}
	switch t.subs[0] {
	case "in", "on", "off", "multi", "self", "large", "small", "cross", "high", "low", "single", "super", "per", "non", "inter", "intra",
		"sub", "pre", "post", "full",
		"half", "long", "short", "real", "end", "one", "two", "three":
		return e.Level != gazetteer.Product && strings.Contains(t.text, "-")
	}
	return false
}

// usedAsVerb sees "the gateway logs requests" and "to store", "to process".
func (x *extractor) usedAsVerb(s *sentence, i int, e gazetteer.Entry) bool {
	if strings.Contains(e.Alias, " ") || e.Level == gazetteer.Product {
		return false
	}
	t := s.tokens[i]
	if x.verbOf(t.lower) == 0 || s.capital(i) && i > 0 && !s.initial(i) {
		return false
	}
	if (i == 0 || s.initial(i)) && s.capital(i) && strings.HasSuffix(t.lower, "s") && i+1 < len(s.tokens) && s.tokens[i+1].word {
		return true
	}
	if x.listedVerb(s, i) || x.servesAsVerb(s, i) || x.joinedVerb(s, i) || x.loginVerb(s, i) {
		return true
	}
	if i > 0 {
		switch s.tokens[i-1].lower {
		case "it", "they", "who", "to", "can", "could", "may", "might", "will", "would", "must", "should", "not", "which", "that", "then", "also":
			return true
		}
	}
	return i+1 < len(s.tokens) && x.dets[s.tokens[i+1].lower] && i > 0 && !x.dets[s.tokens[i-1].lower]
}

// servesAsVerb sees "the API stores orders": a subject before, an object after.
func (x *extractor) servesAsVerb(s *sentence, i int) bool {
	if i == 0 || i+1 >= len(s.tokens) || s.capital(i) || !strings.HasSuffix(s.tokens[i].lower, "s") {
		return false
	}
	before, after := s.tokens[i-1], s.tokens[i+1]
	return before.word && after.word && !x.stop[before.lower] && !x.quality[before.lower] && !strings.HasSuffix(before.lower, "s") &&
		!x.stop[after.lower] && x.nounAfter(s, i) && x.verbOf(before.lower) == 0
}

// listedVerb sees "reads live tasks, streams pod logs": one verb more of a subject
// that has one.
func (x *extractor) listedVerb(s *sentence, i int) bool {
	if i < 3 || i+1 >= len(s.tokens) || s.tokens[i-1].text != "," || !s.thirdPerson(i, 0) || !s.tokens[i+1].word || x.stop[s.tokens[i+1].lower] {
		return false
	}
	return slices.ContainsFunc(s.tokens[1:i-1], func(t token) bool {
		return t.word && strings.HasSuffix(t.lower, "s") && x.verbOf(t.lower) != 0 && !nounToo(strings.TrimSuffix(t.lower, "s"))
	})
}

// loginVerb sees "the app logs in with", against "writes logs in S3".
func (x *extractor) loginVerb(s *sentence, i int) bool {
	if i+1 >= len(s.tokens) || s.tokens[i].lower != "logs" && s.tokens[i].lower != "log" || i > 0 && x.verbOf(s.tokens[i-1].lower) != 0 {
		return false
	}
	switch s.tokens[i+1].lower {
	case "into", "onto":
		return true
	case "in", "on":
		return i+2 >= len(s.tokens) || !s.tokens[i+2].word || x.preps[s.tokens[i+2].lower] || s.tokens[i+2].lower == "and"
	}
	return false
}

// joinedVerb sees "checks the token and stores orders".
func (x *extractor) joinedVerb(s *sentence, i int) bool {
	if i < 3 || i+1 >= len(s.tokens) || s.tokens[i-1].lower != "and" || s.capital(i) || !strings.HasSuffix(s.tokens[i].lower, "s") {
		return false
	}
	after := s.tokens[i+1]
	if !after.word || x.stop[after.lower] && !x.dets[after.lower] {
		return false
	}
	for _, t := range s.tokens[1 : i-1] {
		if t.word && strings.HasSuffix(t.lower, "s") && x.verbOf(t.lower) != 0 {
			return true
		}
	}
	return false
}

// properProduct reports whether the capital of an ordinary word that is a product as
// well ("Box", "Teams") is that of the product: not that of a longer name ("the Box
// Office"), nor owed to the start of a sentence that does not say what it does.
func (x *extractor) properProduct(s *sentence, i int, e gazetteer.Entry) bool {
	if strings.Contains(e.Alias, " ") || len(s.tokens[i].subs) > 1 {
		return true
	}
	if i > 1 && s.adjacent(x.text, i-1) && !s.initial(i-1) && x.properBeside(s, i-1) {
		return false // "the Post Box"
	}
	if i+1 >= len(s.tokens) || !s.adjacent(x.text, i) || !s.tokens[i+1].word {
		return true
	}
	if x.properBeside(s, i+1) {
		return false
	}
	next := s.tokens[i+1].lower
	if i > 0 && !s.initial(i) || !everydayWord(e.Alias) {
		return true
	}
	verb := x.verbOf(next) != 0
	return verb && (strings.HasSuffix(next, "s") || !strings.HasSuffix(e.Alias, "s"))
}

// everydayWord lists the products whose names begin ordinary sentences too.
func everydayWord(alias string) bool {
	switch alias {
	case "slack", "segment", "notion", "box", "zoom", "teams", "square", "wise", "ideal", "visa", "swift", "express", "chef", "harness", "warrant", "notary",
		"clerk", "cadence", "notation", "packer", "replicate", "resend", "discourse", "greenhouse":
		return true
	}
	return false
}

// properBeside reports whether token i is a capitalised word that no table knows, so
// that it makes a longer name of the word beside it.
func (x *extractor) properBeside(s *sentence, i int) bool {
	t := &s.tokens[i]
	if !t.word || !s.capital(i) || len(t.subs) > 1 || t.text == strings.ToUpper(t.text) || x.stop[t.lower] || isVendor(t.lower) || x.verbOf(t.lower) != 0 {
		return false
	}
	_, known := x.gaz.Longest(t.subs)
	return known == 0
}

// endsInVerb reports whether the last word of an alias of tokens [i,end) is a verb
// here: "the Flask app stores orders".
func (x *extractor) endsInVerb(s *sentence, i, end int) bool {
	last := end - 1
	if last <= i || end >= len(s.tokens) || !s.adjacent(x.text, last) || !strings.HasSuffix(s.tokens[last].lower, "s") || s.capital(last) {
		return false
	}
	next := &s.tokens[end]
	return next.word && x.verbOf(s.tokens[last].lower) != 0 && !x.preps[next.lower] && (x.dets[next.lower] || !x.stop[next.lower] && x.nounAfter(s, last))
}
