package rules

import (
	"fmt"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// words turns an identifier of the vocabulary into words.
func words[T ~string](id T) string { return strings.ReplaceAll(string(id), "_", " ") }

// fill replaces the placeholders of a rule's text by names of the group; limit
// says how many names before "and N more".
func (g *group) fill(text string, limit int) string {
	if !strings.Contains(text, "{") {
		return text
	}
	for _, p := range []struct {
		mark string
		name func(int) string
	}{
		{"{target}", g.targetNames},
		{"{source}", func(n int) string { return join(g.ends(func(e *edge) *node { return e.from }), n) }},
		{"{dest}", func(n int) string { return join(g.ends(func(e *edge) *node { return e.to }), n) }},
		{"{callers}", func(n int) string { return or(join(g.callers(), n), "its callers") }},
		{"{stores}", func(n int) string { return or(join(g.storeNames(), n), "its data") }},
		{"{boundary}", func(n int) string { return or(join(g.boundaries(), n), "a trust boundary") }},
		{"{data}", func(int) string { return g.dataWords() }},
	} {
		if strings.Contains(text, p.mark) {
			text = strings.ReplaceAll(text, p.mark, p.name(limit))
		}
	}
	return text
}

// statement says: actor can action because condition, causing impact.
func (g *group) statement() string {
	r := g.rule
	condition := "the design has no " + r.Lack
	if g.state == stride.ControlUnknown {
		condition = "no " + r.Lack + " is stated"
	}
	if r.Fact != "" {
		condition = r.Fact + " and " + condition
	}
	return g.fill(fmt.Sprintf("%s can %s because %s, causing %s.", r.Actor, r.Action, condition, r.Effect), 3)
}

func (g *group) targetNames(limit int) string {
	if g.rule.flow != nil && (g.rule.at == atFlow || g.rule.at == atFlowAndReceiver) {
		var names nameList
		for _, s := range g.sites {
			names.add(flowName(s.edge))
		}
		return join(names.names, limit)
	}
	var names nameList
	for _, s := range g.sites {
		for _, n := range s.nodes {
			names.add(n.Name)
		}
	}
	return join(names.names, limit)
}

// flowName names a flow with its ends, because labels like "Request" say little.
func flowName(e *edge) string {
	if e.Name == "" || strings.Contains(e.Name, e.from.Name) && strings.Contains(e.Name, e.to.Name) {
		return fmt.Sprintf("the flow from %s to %s", e.from.Name, e.to.Name)
	}
	return `"` + e.Name + `" from ` + e.from.Name + " to " + e.to.Name
}

func (g *group) ends(end func(*edge) *node) []string {
	var names nameList
	for _, s := range g.sites {
		if s.edge != nil {
			names.add(end(s.edge).Name)
		}
	}
	return names.names
}

func (g *group) callers() []string {
	var names nameList
	for _, s := range g.sites {
		for _, n := range s.nodes {
			for _, e := range n.in {
				if !e.from.store() {
					names.add(e.from.Name)
				}
			}
		}
	}
	return names.names
}

func (g *group) storeNames() []string {
	var names nameList
	for _, s := range g.sites {
		for _, n := range s.nodes {
			for _, e := range n.out {
				if e.to.store() {
					names.add(e.to.Name)
				}
			}
			for _, e := range n.in {
				if e.from.store() {
					names.add(e.from.Name)
				}
			}
		}
	}
	return names.names
}

func (g *group) boundaries() []string {
	var names nameList
	for _, s := range g.sites {
		if s.edge == nil {
			continue
		}
		for _, id := range s.edge.Crosses {
			names.add("the " + s.edge.design.boundaries[id].Name + " boundary")
		}
	}
	return names.names
}

func (g *group) dataWords() string {
	var names nameList
	for _, c := range g.classes() {
		if c != stride.DataPublic {
			names.add(dataWords[c])
		}
	}
	return or(join(names.names, 3), "the data")
}

// dataWords says what is lost with a class.
var dataWords = map[stride.DataClass]string{
	stride.DataCredentials:  "credentials",
	stride.DataTokens:       "access tokens",
	stride.DataKeys:         "cryptographic keys",
	stride.DataPayment:      "payment data",
	stride.DataHealth:       "health data",
	stride.DataPersonal:     "personal data",
	stride.DataLocation:     "location data",
	stride.DataTelemetry:    "telemetry",
	stride.DataLogs:         "log data",
	stride.DataModels:       "model files",
	stride.DataTrainingData: "training data",
	stride.DataSourceCode:   "source code",
	stride.DataFirmware:     "firmware",
	stride.DataCommands:     "control commands",
	stride.DataBusiness:     "business data",
	stride.DataPublic:       "public data",
}

// join lists names as people do, and counts those beyond the limit.
func join(names []string, limit int) string {
	switch n := len(names); {
	case n == 0:
		return ""
	case n == 1:
		return names[0]
	case n <= limit:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	default:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:limit], ", "), n-limit)
	}
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

// nameList keeps the first mention of each name, in order.
type nameList struct {
	names []string
	seen  map[string]bool
}

func (l *nameList) add(name string) {
	if l.seen[name] {
		return
	}
	if l.seen == nil {
		l.seen = map[string]bool{}
	}
	l.seen[name] = true
	l.names = append(l.names, name)
}
