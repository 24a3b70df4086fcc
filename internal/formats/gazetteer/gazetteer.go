// Package gazetteer knows the names that people give to the parts of systems:
// products, cloud services, common nouns such as "message queue", and roles.
//
// It stands apart from the parsers so that prose and diagrams tag the same name
// the same way. It looks names up; it never decides whether a text speaks of a
// part, which is the parsers' work. The seam is the literal table of table*.go:
// a new technology is one more alias in one row.
package gazetteer

import (
	"slices"
	"strings"
	"unicode"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Level says how much a bare occurrence of an alias proves.
type Level int

const (
	// Weak nouns ("service", "node") name a part only together with a modifier.
	Weak Level = iota
	// Name is a product that is also an ordinary word ("Vault"): capitals only.
	Name
	// Noun is a common noun that names a part by itself ("message queue").
	Noun
	// Product is a proper name in any spelling ("postgres").
	Product
)

// Entry is what is known about an alias.
type Entry struct {
	// Alias is the spelling that matched: lower case, single spaces.
	Alias string
	Tags  []stride.Tag
	Kind  stride.ElementKind
	// Zone is where such a part stands if nothing else is said, or "".
	Zone  stride.ZoneKind
	Level Level
	// Managed is set for what a cloud provider runs for its customers.
	Managed bool
}

// AllTags returns the tags, with managed_service where the entry is one.
func (e Entry) AllTags() []stride.Tag {
	if e.Managed {
		return append(slices.Clone(e.Tags), "managed_service")
	}
	return e.Tags
}

// Gazetteer is an index over the table. It is immutable and safe for
// concurrent use.
type Gazetteer struct {
	entries map[string]Entry
	// longest is the word count of the longest alias that begins with the word.
	longest map[string]int
}

// New builds the index.
func New() *Gazetteer {
	g := &Gazetteer{entries: map[string]Entry{}, longest: map[string]int{}}
	managed := managedAliases()
	for _, rows := range tables() {
		for _, r := range rows {
			g.add(r, managed)
		}
	}
	return g
}

// tables lists the rows; where two name the same alias, the first one counts.
func tables() [][]row {
	return [][]row{people, clients, services, cloud, stores, delivery, devices, learning, platforms, offices, plants, weak}
}

func (g *Gazetteer) add(r row, managed map[string]bool) {
	var tags []stride.Tag
	for _, t := range strings.Fields(r.tags) {
		tags = append(tags, stride.Tag(t))
	}
	for _, alias := range strings.Split(r.aliases, "|") {
		words := strings.Fields(alias)
		if len(words) == 0 {
			continue
		}
		if _, taken := g.entries[alias]; taken {
			continue
		}
		run := managed[alias] && (r.level == Product || alias == "s3 bucket" || alias == "lambda function")
		g.entries[alias] = Entry{Alias: alias, Tags: tags, Kind: r.kind, Zone: r.zone, Level: r.level, Managed: run}
		if len(words) > g.longest[words[0]] {
			g.longest[words[0]] = len(words)
		}
	}
}

// Longest returns the entry of the longest alias that words begin with, and how
// many words it takes; 0 where none does. Words are lower case; the last word
// may be a plural.
func (g *Gazetteer) Longest(words []string) (Entry, int) {
	if len(words) == 0 {
		return Entry{}, 0
	}
	limit := g.longest[words[0]]
	if one := Singular(words[0]); limit == 0 && one != words[0] && g.longest[one] > 0 {
		limit = 1
	}
	for n := min(limit, len(words)); n > 0; n-- {
		last := words[n-1]
		head := strings.Join(words[:n-1], " ")
		for _, w := range []string{last, Singular(last)} {
			key := w
			if head != "" {
				key = head + " " + w
			}
			if e, ok := g.entries[key]; ok {
				return e, n
			}
		}
	}
	return Entry{}, 0
}

// Lookup says what a whole name speaks of. The last noun decides the kind
// ("PostgreSQL client" is a client); the tags of what stands before it are kept
// where they say the same thing more exactly ("MySQL database").
func (g *Gazetteer) Lookup(name string) (Entry, bool) {
	words := Words(name)
	var found []Entry
	for i := 0; i < len(words); {
		e, n := g.Longest(words[i:])
		if n == 0 {
			i++
			continue
		}
		found = append(found, e)
		i += n
	}
	return Combine(found)
}

// Combine merges the entries of one noun phrase, in the order of the text.
func Combine(found []Entry) (Entry, bool) {
	if len(found) == 0 {
		return Entry{}, false
	}
	head := found[len(found)-1]
	for i := len(found) - 2; i >= 0; i-- {
		e := found[i]
		switch {
		case connecting(head.Alias), slices.Contains(e.Tags, "api") && usesAPI(head.Alias):
		case head.Level == Weak && e.Level != Weak && compatible(e, head):
			e.Alias, e.Managed = head.Alias, e.Managed || head.Managed
			head = e
		case narrows(e.Tags, head.Tags):
			e.Alias, e.Kind, e.Level = head.Alias, head.Kind, max(e.Level, head.Level)
			e.Managed = e.Managed || head.Managed
			head = e
		}
	}
	return head, true
}

// connecting lists the weak nouns for what is between a part and the one before
// it: a "Keycloak adapter" is no identity provider.
func connecting(alias string) bool {
	return alias == "plugin" || alias == "add on" || alias == "adapter" || alias == "connector"
}

// usesAPI lists the weak nouns for parts that work with an interface and offer none:
// an "API integration", a "Catalogue API controller".
func usesAPI(alias string) bool {
	switch alias {
	case "controller", "integration", "component", "provider", "scanner", "checker", "collector", "importer", "exporter", "poller",
		"consumer", "tool", "specification":
		return true
	}
	return false
}

// compatible reports whether a weak head may take the meaning of the noun
// before it: "Redis server" is Redis, "user table" is no human.
func compatible(e, head Entry) bool {
	if slices.Contains(e.Tags, "wireless") || slices.Contains(e.Tags, "field_bus") {
		return head.Alias != "gateway" && !serving(head.Alias) // a "Zigbee server" is no radio link
	}
	if slices.Contains(e.Tags, "command_line") && head.Alias == "controller" {
		return false // a "Helm controller" is nobody's terminal
	}
	if e.Kind == head.Kind {
		return true
	}
	return head.Kind == stride.Process && e.Kind == stride.DataStore && serving(head.Alias)
}

// serving lists the weak nouns that stand for what they serve.
func serving(alias string) bool {
	switch alias {
	case "server", "node", "cluster", "instance", "engine", "endpoint", "service", "origin", "system", "host":
		return true
	}
	return false
}

func narrows(narrow, wide []stride.Tag) bool {
	for _, n := range narrow {
		for _, w := range wide {
			if n.Is(w) {
				return true
			}
		}
	}
	return false
}

// Words splits a name into lower-case words of letters and digits. Full stops
// and signs inside of a word stay ("node.js", "c++").
func Words(name string) []string {
	return strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".+#'’", r)
	})
}

// Singular strips an English plural ending, by rule. Names that end in "s" are
// no plurals.
func Singular(w string) string {
	switch w {
	case "kubernetes", "nats", "postgres", "jenkins", "rails", "mesos", "atlas", "saas", "paas", "devops", "macos", "windows", "https", "analytics",
		"kerberos", "kudos", "chaos", "cors", "hdfs", "ntfs", "luks", "canvas", "alias", "gas":
		return w
	case "ecus", "tcus", "rtus", "mcus", "vcus", "cpus", "gpus", "menus":
		return w[:len(w)-1]
	}
	switch {
	case len(w) < 4 || strings.HasSuffix(w, "ss") || strings.HasSuffix(w, "us") || strings.HasSuffix(w, "is"):
		return w
	case strings.HasSuffix(w, "ies") && len(w) > 4:
		return w[:len(w)-3] + "y"
	case strings.HasSuffix(w, "xes"), strings.HasSuffix(w, "ches"), strings.HasSuffix(w, "shes"), strings.HasSuffix(w, "sses"):
		return w[:len(w)-2]
	case strings.HasSuffix(w, "s"):
		return w[:len(w)-1]
	}
	return w
}

// Tags returns every tag that some alias can produce.
func (g *Gazetteer) Tags() map[stride.Tag]bool {
	out := map[stride.Tag]bool{}
	for _, e := range g.entries {
		for _, t := range e.AllTags() {
			out[t] = true
		}
	}
	return out
}
