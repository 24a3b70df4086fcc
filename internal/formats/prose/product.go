package prose

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// genericHead lists the last words that add nothing to the name of a product
// or of a thing that names itself: "Redis cluster", "API gateway endpoint".
func genericHead(w string) bool {
	switch w {
	case "database", "db", "cache", "cluster", "server", "table", "instance", "bucket", "broker", "service", "endpoint", "node", "system", "deployment":
		return true
	}
	return false
}

// facade lists what stands for a product that people look at.
func facade(w string) bool {
	switch w {
	case "dashboard", "ui", "console", "platform", "daemon", "installation", "tenant", "project":
		return true
	}
	return false
}

// instance lists heads that are dropped from a name once the product is named
// without them.
func instance(w string) bool {
	switch w {
	case "instance", "node", "endpoint", "system", "deployment", "daemon", "installation", "file":
		return true
	}
	return false
}

// product splits a canonical name that begins with that of a product; size is
// the number of words of the product's own name, or 0.
func (x *extractor) product(words []string) (entry gazetteer.Entry, size int) {
	for n := len(words); n > 0; n-- {
		if e, took := x.gaz.Longest(words[:n]); took == n && e.Level == gazetteer.Product {
			for n > 1 && (genericHead(words[n-1]) || facade(words[n-1])) {
				shorter, took := x.gaz.Longest(words[:n-1])
				if took < n-1 || shorter.Level != gazetteer.Product {
					break
				}
				e, n = shorter, n-1
			}
			return e, n
		}
	}
	return gazetteer.Entry{}, 0
}

// saysNothing reports whether the words behind a product's name only say what
// it is: "Redis cluster", "NATS messaging system", "Grafana dashboard".
func (x *extractor) saysNothing(entry gazetteer.Entry, rest []string) bool {
	if len(rest) == 0 {
		return true
	}
	if len(rest) == 1 && (genericHead(rest[0]) || entry.Kind == stride.Process && facade(rest[0])) {
		return true
	}
	if last := len(rest) - 1; rest[last] == "file" && slices.Contains(entry.Tags, "relational") {
		return x.saysNothing(entry, rest[:last]) // "SQLite database file"
	}
	general, took := x.gaz.Longest(rest)
	return took == len(rest) && len(rest) > 0 && general.Level != gazetteer.Product && general.Kind == entry.Kind &&
		(narrowerThan(entry.Tags, general.Tags) || slices.Equal(rest, []string{"control", "plane"}))
}

// productTwin finds the part that a name speaks of which is a product's, alone
// or with a general word: "TiKV" and "TiKV instance", "S3 bucket" for the only
// "S3 website bucket". "GitHub" and "GitHub Actions" are two products.
func (x *extractor) productTwin(key, shown string) *element {
	words := strings.Fields(key)
	entry, n := x.product(words)
	if n == 0 {
		return x.endpointOf(words, shown)
	}
	if !x.saysNothing(entry, words[n:]) {
		return nil
	}
	var hit, plain *element
	count := 0
	for _, e := range x.reg.byWord[words[0]] {
		have := strings.Fields(e.canon)
		other, m := x.product(have)
		if m != n || !slices.Equal(have[:m], words[:n]) || e.kind != entry.Kind {
			continue
		}
		switch {
		case x.saysNothing(other, have[m:]):
			plain = e
		case genericHead(have[len(have)-1]) && (len(words) == n || words[len(words)-1] == have[len(have)-1]):
			hit = e
			count++
		}
	}
	if plain == nil && count == 1 {
		plain = hit
	}
	if plain == nil {
		return nil
	}
	have := strings.Fields(plain.canon)
	switch {
	case len(words) == n && plain != hit && len(have) > n && instance(have[len(have)-1]):
		x.reg.rename(plain, shown)
	case len(words) > n+1 && len(have) == n && !plain.declared && titled(shown):
		x.reg.rename(plain, shown) // "Raft Consensus Algorithm" says more than "Raft"
	}
	x.reg.alias(plain, shown)
	return plain
}

// titled reports whether every word is written with a capital.
func titled(name string) bool {
	for _, w := range strings.Fields(name) {
		if !startsUpper(w) {
			return false
		}
	}
	return true
}

// endpointOf sees "API gateway endpoint" as the API gateway.
func (x *extractor) endpointOf(words []string, shown string) *element {
	if len(words) < 3 || words[len(words)-1] != "endpoint" {
		return nil
	}
	e := x.reg.byName[strings.Join(words[:len(words)-1], " ")]
	if e == nil || e.level < gazetteer.Noun {
		return nil
	}
	x.reg.alias(e, shown)
	return e
}
