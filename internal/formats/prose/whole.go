package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// wholly returns all the parts that a statement of a habit reaches which names none
// of them: queries are made by whoever calls a database, logins happen where people
// sign in, "all data" lies in every store.
func (x *extractor) wholly(s *sentence, f finding, lower string) []*element {
	spared := x.excepted(s)
	if slices.ContainsFunc(s.mentions, func(m mention) bool {
		return m.elem != nil && !slices.Contains(spared, m.elem) && m.elem.grounded() && (!m.bare || m.entry.Level == gazetteer.Product)
	}) || sectionElement(x, s) != nil {
		return nil
	}
	var reached []*element
	switch {
	case f.name == stride.ParameterizedQueries:
		reached = x.queriers
	case f.name == stride.RateLimiting && aboutLogins(lower):
		reached = x.entrances()
	case f.name == stride.Authentication && f.state == stride.ControlAbsent && f.at < len("- ** ") && aboutLogins(firstWord(strings.TrimLeft(lower, "-*• "))):
		reached = x.entrances()
	case f.name == stride.EncryptionInTransit && f.state == stride.ControlAbsent && strings.Contains(lower, "http") && !x.unsaid(lower) && s.namesNoPart():
		reached = x.welcome()
	case f.name == stride.EncryptionAtRest && ofEveryStore(lower):
		reached = x.entryPoints(f.name)
	}
	if len(reached) == 0 || x.repeated(f, reachHabits) {
		return nil
	}
	return reached
}

// namesNoPart reports whether no part is named, though things may be that are none.
func (s *sentence) namesNoPart() bool {
	return !slices.ContainsFunc(s.mentions, func(m mention) bool { return m.elem != nil && m.elem.grounded() })
}

// callers returns the processes that call a database.
func (x *extractor) callers() []*element {
	var out []*element
	seen := map[*element]bool{}
	for _, f := range x.flows {
		for _, ends := range [][2]*element{{f.from, f.to}, {f.to, f.from}} {
			if e := ends[0]; ends[1].is("relational") && e.kind == stride.Process && !isClient(e.tags) && !seen[e] {
				seen[e] = true
				out = append(out, e)
			}
		}
	}
	return out
}

// aboutLogins reports whether the text speaks of attempts to sign in.
func aboutLogins(lower string) bool {
	for _, p := range []string{"login", "log-in", "sign-in", "sign in", "log in", "signin", "password guess",
		"guess password", "guesses", "brute", "lockout", "failed attempts", "wrong password"} {
		if strings.Contains(lower, p) {
			return true
		}
	}
	return false
}

// ofEveryStore reports whether the text begins with all data or all that keeps it.
func ofEveryStore(lower string) bool {
	words := strings.Fields(lower)
	const few = 4
	if len(words) < few || words[0] != "all" && words[0] != "every" {
		return false
	}
	for _, w := range words[1:few] {
		switch gazetteer.Singular(strings.Trim(w, ",")) {
		case "data", "store", "storage", "datum":
			return true
		case "is", "are":
			return false
		}
	}
	return false
}

// entrances returns where people sign in: the programs of which a sentence says so,
// else what people use, else what somebody from outside calls.
func (x *extractor) entrances() []*element {
	if x.doors == nil {
		x.doors = []*element{}
		x.eachMention(func(s *sentence, j int) {
			m := &s.mentions[j]
			if e := m.elem; e != nil && !m.idle() && e.grounded() &&
				fits(stride.RateLimiting, e) && e.level != gazetteer.Product && s.signsInAt(m.from) && !slices.Contains(x.doors, e) && len(x.doors) < someOf {
				x.doors = append(x.doors, e)
			}
		})
		if len(x.doors) > 0 {
			return x.doors
		}
		x.doors = append(x.doors, x.welcome()...)
	}
	return x.doors
}

// welcome returns what people use, else what somebody from outside calls.
func (x *extractor) welcome() []*element {
	if x.greeting == nil {
		x.greeting = append([]*element{}, x.outward...)
		if front := x.newAscription().front; front != nil {
			x.greeting = []*element{front}
		}
	}
	return x.greeting
}

// signsInAt reports whether "sign in to" leads to token i, but for an article.
func (s *sentence) signsInAt(i int) bool {
	said := ""
	for _, t := range s.tokens[max(0, i-5):i] {
		said += " " + t.lower
	}
	for _, verb := range []string{" log", " logs", " sign", " signs", " logged", " signed"} {
		for _, prep := range []string{" in to", " into", " in at", " in on", " on to"} {
			if at := strings.Index(said+" ", verb+prep+" "); at >= 0 {
				return true
			}
		}
	}
	return false
}

// groupFlows returns the flows from a part to all of a kind that the sentence joins
// by "between": "between the shop and the services" means every flow from the shop
// to what is called a service. It returns nothing where it names one part
// only, or two.
func (x *extractor) groupFlows(s *sentence) []*flow {
	at := slices.IndexFunc(s.tokens, func(t token) bool { return t.lower == "between" })
	if at < 0 {
		return nil
	}
	var one *element
	for _, m := range s.mentions {
		if m.from > at && m.elem != nil && m.from < at+4 {
			one = m.elem
		}
	}
	and := at
	for and < len(s.tokens) && s.tokens[and].lower != "and" {
		and++
	}
	i := and + 1
	for i < len(s.tokens) && (x.dets[s.tokens[i].lower] || s.tokens[i].lower == "all" || s.tokens[i].lower == "other" || s.tokens[i].lower == "both") {
		i++
	}
	if one == nil || i >= len(s.tokens) || !strings.HasSuffix(s.tokens[i].lower, "s") {
		return nil
	}
	head := gazetteer.Singular(s.tokens[i].lower)
	var out []*flow
	for _, f := range x.leaving[one] {
		if lastWord(f.to.canon) == head {
			out = append(out, f)
		}
	}
	return out
}

// flowsBySource lists the flows that leave each part.
func flowsBySource(flows []*flow) map[*element][]*flow {
	out := map[*element][]*flow{}
	for _, f := range flows {
		out[f.from] = append(out[f.from], f)
	}
	return out
}

// backedUp returns the stores of which the part holds copies, by the word before
// "backups" in its name, else the part itself: "Database backups".
func (x *extractor) backedUp(e *element) []*element {
	kind, found := strings.CutSuffix(e.canon, " backup")
	if !found {
		return []*element{e}
	}
	var out []*element
	for _, store := range x.reg.all {
		if store != e && store.kind == stride.DataStore && store.grounded() && !store.is("key_value_store") &&
			(store.is(stride.Tag(kind)) || slices.Contains(strings.Fields(store.canon), kind)) {
			out = append(out, store)
		}
	}
	if len(out) == 0 {
		return []*element{e}
	}
	return out
}
