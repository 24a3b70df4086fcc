package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// aboutWhom returns the parts that a statement at the offset is about, first of
// its own clause, then of the whole sentence: the subject where it can have the
// safeguard, else the nearest part that can, else the nearest at all. Storage is
// said to be encrypted, not who stores.
func (x *extractor) aboutWhom(s *sentence, at int, name stride.ControlName) []*element {
	from, to := x.clauseAt(s, at)
	subject, has := x.subjectIn(s, from, to)
	for _, within := range [][2]int{{from, to}, {s.start, s.end}} {
		var named []int
		for j := range s.mentions {
			if inside := s.tokens[s.mentions[j].from].start <= at && s.tokens[s.mentions[j].to-1].end > at; !inside && has && subject == nil && x.incidental(s, j) {
				continue // what is said is of something that is no part
			}
			if t := &s.tokens[s.mentions[j].from]; s.mentions[j].elem != nil && s.mentions[j].elem.grounded() && t.start >= within[0] && t.start < within[1] {
				named = append(named, j)
			}
		}
		if found := x.choose(s, named, at, name); len(found) > 0 {
			return found
		}
	}
	return nil
}

// clauseAt returns the bounds of the clause that holds the offset.
func (x *extractor) clauseAt(s *sentence, at int) (from, to int) {
	from, to = s.start, s.end
	for i := range s.tokens {
		t := &s.tokens[i]
		switch t.lower {
		case ";", "but", "while", "whereas", "although", "though":
			if t.start >= at {
				return from, t.start
			}
			from = t.start + len(t.text)
		}
	}
	return from, to
}

// choose picks among the mentions, by their indices, whom a statement at the
// offset is about.
func (x *extractor) choose(s *sentence, named []int, at int, name stride.ControlName) []*element {
	if name == stride.EncryptionAtRest {
		if e := s.storeNear(named, at); e != nil {
			return []*element{e}
		}
	}
	var before, after, human *element
	nearest := s.accompanies(at)
	for _, j := range named {
		m := &s.mentions[j]
		start, inside := s.tokens[m.from].start, s.tokens[m.from].start <= at && s.tokens[m.to-1].end > at
		if inside && name == stride.LeastPrivilege {
			continue // "runs as a sudo user" is about what runs
		}
		switch {
		case m.elem.kind == stride.ExternalEntity && !isClient(m.elem.tags):
			if human == nil && (start <= at || name == stride.MultiFactor || name == stride.UniqueCredentials) {
				human = m.elem
			}
		case inside: // the phrase is part of the name: "Key Vault", "audit log"
			if before == nil {
				before = m.elem
			}
		case !fits(name, m.elem) || name == stride.EncryptionAtRest && start > at && keeper(m.elem):
		case start < at:
			if before == nil || nearest || !x.isSubject(s, named, before) {
				before = m.elem
			}
		case after == nil:
			after = m.elem
		}
	}
	for _, e := range []*element{before, after, human} {
		if e != nil {
			return x.alike(s, named, e, name)
		}
	}
	for _, j := range named { // nothing fits: the nearest part that is no human
		if e := s.mentions[j].elem; e.kind == stride.Process && !onlyStores(name) {
			return []*element{e}
		}
	}
	return nil
}

// onlyStores reports whether the safeguard is one that stores alone have.
func onlyStores(name stride.ControlName) bool {
	return name == stride.EncryptionAtRest || name == stride.Backup
}

// accompanies reports whether the statement at the offset follows a preposition
// ("reads B without authentication"): then it is about what stands before it, not
// about the subject.
func (s *sentence) accompanies(at int) bool {
	const near = 3
	for i := len(s.tokens) - 1; i >= 0; i-- {
		if s.tokens[i].start > at {
			continue
		}
		for k := i; k >= max(0, i-near); k-- {
			switch s.tokens[k].lower {
			case "with", "without", "over", "via", "using", "behind", "through":
				return true
			}
		}
		return false
	}
	return false
}

// subject reports whether mention j opens its clause: no preposition leads to it.
func (x *extractor) subject(s *sentence, j int) bool {
	i := s.mentions[j].from - 1
	for i >= 0 && x.dets[s.tokens[i].lower] {
		i--
	}
	return i < 0 || !x.preps[s.tokens[i].lower]
}

// isSubject reports whether e is named as a subject by one of the mentions.
func (x *extractor) isSubject(s *sentence, named []int, e *element) bool {
	return slices.ContainsFunc(named, func(j int) bool { return s.mentions[j].elem == e && x.subject(s, j) })
}

// alike adds the parts that are enumerated with e: "the API and the worker share
// one role".
func (x *extractor) alike(s *sentence, named []int, e *element, name stride.ControlName) []*element {
	out := []*element{e}
	for k, j := range named {
		m := &s.mentions[j]
		if k == 0 || m.elem == e && s.mentions[named[k-1]].elem == e {
			continue
		}
		prev := &s.mentions[named[k-1]]
		if (prev.elem == e || m.elem == e) && x.enumerated(s, named[k-1]) && named[k-1]+1 == j {
			for _, other := range []*element{prev.elem, m.elem} {
				if fits(name, other) && !slices.Contains(out, other) {
					out = append(out, other)
				}
			}
		}
	}
	return out
}

// storeNear returns the last store before the offset, else the first after it.
func (s *sentence) storeNear(named []int, at int) *element {
	var store *element
	for _, j := range named {
		m := &s.mentions[j]
		if after := s.tokens[m.from].start > at; after && keeper(m.elem) {
			continue // "encrypted with a KMS key"
		}
		if m.elem.kind == stride.DataStore && (store == nil || s.tokens[m.from].start <= at) {
			store = m.elem
		}
	}
	return store
}

// keeper reports whether the part keeps keys.
func keeper(e *element) bool { return slices.Contains(e.tags, "secret_store") }

// akin finds the part whose name shares a telling word with the subject of a
// sentence that names none, or with the label of its item: "CAN messages are not
// authenticated" is about the CAN gateway. The nearest of those that fit.
func (x *extractor) akin(s *sentence, f finding) *element {
	words := x.subjectWords(s, f.at)
	var best *element
	for _, w := range words {
		for _, e := range x.reg.byWord[w] {
			if e.grounded() && fits(f.name, e) && (best == nil || distance(e, s) < distance(best, s)) {
				best = e
			}
		}
		if best != nil {
			return best
		}
	}
	return nil
}

func distance(e *element, s *sentence) int {
	if e.pos < s.start {
		return s.start - e.pos
	}
	return e.pos - s.start
}

// subjectWords returns the telling words of the first few before the statement
// and of the label of the sentence's item, singular and in lower case.
func (x *extractor) subjectWords(s *sentence, at int) []string {
	const few = 6
	var out []string
	add := func(w string) {
		if w = gazetteer.Singular(w); len(w) > 2 && !x.stop[w] && !colourless(w) && x.verbOf(w) == 0 {
			out = append(out, w)
		}
	}
	for i := range s.tokens {
		if t := &s.tokens[i]; i < few && t.word && t.start < s.start+max(at, 1) {
			add(t.lower)
		}
	}
	if s.block.kind == bullet || s.block.kind == row {
		label, _, found := strings.Cut(x.text[s.block.start:s.block.end], ":")
		if found && len(label) < 60 {
			for _, w := range nameWords(label) {
				add(w)
			}
		}
	}
	return out
}

// colourless lists words of names that tell no part from another.
func colourless(w string) bool {
	switch w {
	case "service", "server", "system", "data", "user", "app", "application", "database", "component", "client", "network", "message", "request", "file",
		"access", "control", "security", "key", "token", "password", "account", "internal", "external", "public", "private", "main", "log", "store", "device", "company", "firm", "office", "site",
		"all", "some", "each", "every", "part", "team", "time", "new", "old", "first", "call", "name", "list", "one", "two", "the", "and", "for":
		return true
	}
	return false
}

// fits reports whether a part of this kind can have the safeguard itself.
func fits(name stride.ControlName, e *element) bool {
	switch name {
	case stride.EncryptionAtRest, stride.Backup:
		return e.kind == stride.DataStore
	case stride.RateLimiting, stride.InputValidation, stride.CSRFProtection, stride.DDoSProtection:
		return e.kind == stride.Process && !isClient(e.tags)
	case stride.MalwareScanning:
		return e.kind == stride.Process || related(e.tags, []stride.Tag{"object_storage"}) || related(e.tags, []stride.Tag{"file_storage"}) ||
			related(e.tags, []stride.Tag{"artifact_registry"})
	case stride.SessionManagement:
		return e.kind == stride.Process
	case stride.OutputEncoding:
		return e.kind == stride.Process
	case stride.CodeReview:
		return related(e.tags, []stride.Tag{"code_repository"}) || related(e.tags, []stride.Tag{"ci_cd"}) || related(e.tags, []stride.Tag{"deployment_system"})
	case stride.CodeSigning, stride.SecureBoot:
		return e.kind == stride.Process || related(e.tags, []stride.Tag{"artifact_registry"}) || related(e.tags, []stride.Tag{"code_repository"})
	case stride.PhysicalProtection:
		return !related(e.tags, []stride.Tag{"api"}) && e.kind != stride.ExternalEntity || isClient(e.tags)
	case stride.MultiFactor, stride.UniqueCredentials, stride.LeastPrivilege:
		return true
	}
	return e.kind != stride.ExternalEntity || isClient(e.tags)
}
