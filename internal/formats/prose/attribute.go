package prose

import (
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
)

// borrowed lists nouns that take the name of a part without being one: "client
// certificate", "app passcode", "API token". They belong to a part or travel
// between parts.
func borrowed(w string) bool {
	switch w {
	case "token", "certificate", "cert", "passcode", "password", "passphrase", "credential", "key", "keypair", "access", "rate", "protocol", "format",
		"version", "name", "header", "claim", "policy", "type", "identifier", "id", "number", "address", "code", "logic", "screen", "setting",
		"parameter", "permission", "account", "entry", "role", "scope", "field", "schema", "signature", "cookie", "alarm", "alert", "status",
		"secret", "manifest", "experience", "story", "interview", "licence", "license", "specification", "standard", "identity", "consent", "guide", "manual",
		"documentation", "setup", "profile", "attribute", "fingerprint", "definition", "usage", "behaviour", "behavior", "side", "count", "price":
		return true
	}
	return false
}

// lent reports whether the phrase only lends its name to the noun behind it. A
// product is there all the same.
func (x *extractor) lent(s *sentence, m *mention) bool {
	if m.elem != nil && m.elem == x.topic && m.to < len(s.tokens) && s.adjacent(x.text, m.to-1) && !s.capital(m.to) && x.nounHere(s, m.to) &&
		gazetteer.Singular(s.tokens[m.to].lower) != s.tokens[m.to].lower {
		m.elem = nil // "the Acme custom resources"
		return true
	}
	if m.to < len(s.tokens) && m.entry.Alias == "docker" && s.adjacent(x.text, m.to-1) && strings.HasPrefix(s.tokens[m.to].lower, "image") {
		return true // what is shipped, and no container that runs
	}
	if m.elem != nil || m.entry.Level == gazetteer.Product || m.entry.Level == gazetteer.Name || m.to >= len(s.tokens) ||
		!s.adjacent(x.text, m.to-1) {
		return false
	}
	next := &s.tokens[m.to]
	if plural := s.tokens[m.to-1].lower; gazetteer.Singular(plural) != plural && gazetteer.Singular(next.lower) == next.lower {
		return false // "customers type their names"
	}
	if next.word && isHuman(m.entry.Tags) && ofPeople(next.lower) {
		return true
	}
	return next.word && borrowed(gazetteer.Singular(next.lower)) && !x.verbHere(s, m.to)
}

// ofPeople lists words behind "user" or "customer" that make it say whose something is:
// "user-supplied prompt", "customer experience", "user query".
func ofPeople(w string) bool {
	switch w {
	case "supplied", "provided", "defined", "generated", "facing", "friendly", "uploaded", "selected", "imported", "controlled", "initiated", "specific",
		"query", "queries", "prompt", "prompts", "input", "inputs", "authentication", "authorization", "interaction", "interactions", "engagement", "engagements",
		"question", "questions", "journey", "feedback", "satisfaction", "preference", "preferences", "session", "sessions", "data", "request", "requests",
		"information", "content", "needs", "demand", "registration", "management", "group", "groups", "activity", "behavior", "behaviour", "traffic":
		return true
	}
	return false
}

// predicate reports whether the phrase says what the part before it is: "Acme Vault
// (AV) is a Kubernetes operator".
func (s *sentence) predicate(m *mention, before []mention) bool {
	const bracket = 4 // tokens of an abbreviation
	i := m.from - 2
	if m.elem != nil || m.entry.Level >= gazetteer.Product || len(before) == 0 || i < 1 || !indefinite(s.tokens[i+1].lower) || s.tokens[i].lower != "is" {
		return false
	}
	prev := before[len(before)-1]
	return prev.to <= i && i-prev.to <= bracket && prev.elem == nil && prev.entry.Level >= gazetteer.Name &&
		(prev.to == i || s.tokens[i-1].text == ")")
}

// listedField reports whether the phrase is a field in a list of data: "the amount,
// merchant and device identifier", "name, e-mail and phone".
func (s *sentence) listedField(m *mention) bool {
	if m.elem != nil || !m.bare || m.to != m.from+1 || m.from == 0 || m.entry.Level == gazetteer.Product {
		return false
	}
	t, before := &s.tokens[m.from], s.tokens[m.from-1].lower
	if t.text != t.lower || gazetteer.Singular(t.lower) != t.lower || before != "," && before != "and" && before != "or" {
		return false
	}
	if m.to < len(s.tokens) && s.tokens[m.to].word && s.tokens[m.to].lower != "and" && s.tokens[m.to].lower != "or" {
		return false
	}
	for i := m.from - 2; i >= 0 && i >= m.from-3; i-- {
		if dataField(s.tokens[i].lower) {
			return true
		}
	}
	return m.to+1 < len(s.tokens) && dataField(s.tokens[m.to+1].lower)
}

// dataField lists what records hold.
func dataField(w string) bool {
	switch w {
	case "name", "names", "email", "e-mail", "address", "addresses", "amount", "currency", "number", "id", "identifier", "date", "time", "timestamp", "department",
		"location", "price", "token", "title", "status", "type", "age", "gender", "language", "country", "city", "postcode", "birthday", "birth", "quantity", "score":
		return true
	}
	return false
}

// accountName reports whether the phrase is the name of an account: "Account
// postgres".
func (s *sentence) accountName(m mention) bool {
	i := m.from
	if m.elem != nil || m.to-i > 2 || m.to-i == 1 && i == 0 {
		return false
	}
	if m.to-i == 1 {
		i--
	}
	switch s.tokens[i].lower {
	case "account", "login", "username", "schema":
		t := &s.tokens[m.to-1]
		return t.text == t.lower && (i == 0 || s.tokens[i-1].lower != "the")
	}
	return false
}

// installer reports whether the phrase is only the tool by which the system is
// installed: "deployed through a Helm chart". It takes no part when the system runs.
func (s *sentence) installer(m mention) bool {
	switch m.entry.Alias {
	case "helm", "docker compose", "ansible", "terraform", "pulumi", "kubeadm", "aws cdk", "puppet", "chef", "saltstack":
	default:
		return false
	}
	i := m.from - 1
	for i >= 0 && (indefinite(s.tokens[i].lower) || s.tokens[i].lower == "the" || s.tokens[i].lower == "our") {
		i--
	}
	if i < 0 {
		return false
	}
	switch s.tokens[i].lower {
	case "with", "through", "via", "using", "by":
	default:
		return false
	}
	for k := i - 1; k >= 0; k-- {
		switch s.tokens[k].lower {
		case "deployed", "installed", "deploy", "install", "installs", "installation", "provisioned", "set":
			return true
		}
	}
	return false
}
