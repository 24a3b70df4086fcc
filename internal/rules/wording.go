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
	var pairs []string
	for _, p := range []struct {
		mark string
		name func(int) string
	}{
		{"{target}", g.targetNames},
		{"{source}", func(n int) string { return join(g.ends(func(e *edge) *node { return e.from }), n) }},
		{"{dest}", func(n int) string { return join(g.ends(func(e *edge) *node { return e.to }), n) }},
		{"{callers}", func(n int) string { return or(join(g.callers(), n), "its callers") }},
		{"{users}", func(n int) string { return or(join(g.users(), n), "its users") }},
		{"{stores}", func(n int) string { return or(join(g.storeNames(), n), "its data") }},
		{"{boundary}", func(n int) string { return or(join(g.boundaries(), n), "a trust boundary") }},
		{"{data}", func(int) string { return g.dataWords() }},
		{"{values}", func(n int) string { return or(join(g.ofFlows((*edge).forgedValues), n), "values") }},
		{"{acts}", func(n int) string { return or(join(g.acts(), n), "actions") }},
		{"{actors}", func(n int) string { return or(join(g.actors(), n), "users") }},
		{"{behind}", func(n int) string { return or(join(g.ofNodes((*node).firstBehind), n), "the parts behind it") }},
		{"{gain}", func(int) string { return or(join(g.ofNodes((*node).gain), 2), "use its operations") }},
		{"{input}", func(n int) string { return or(join(g.ofNodes((*node).complexInput), n), "content") }},
		{"{said}", func(int) string { return g.said() }},
		{"{retrieved}", func(n int) string { return or(join(g.retrieved(), n), "what it retrieves") }},
		{"{setting}", func(n int) string { return or(join(g.settings(), n), "settings") }},
	} {
		if strings.Contains(text, p.mark) {
			pairs = append(pairs, p.mark, p.name(limit))
		}
	}
	// In one pass: a name of the design that looks like a placeholder stays one.
	return strings.NewReplacer(pairs...).Replace(text)
}

// statement says: actor can action because condition, causing impact.
func (g *group) statement() string {
	r := g.rule
	condition := "the design has no " + r.Lack
	switch {
	case g.state == stride.ControlUnknown:
		condition = "no " + r.Lack + " is stated"
		if g.said() != "" {
			condition = "of " + r.Lack + " the design says no more than “{said}”"
		}
	case g.said() != "":
		condition = "the design says “{said}”"
	}
	if r.Fact != "" {
		condition = r.Fact + " and " + condition
	}
	text := fmt.Sprintf("%s can %s because %s, causing %s.", r.Actor, r.Action, condition, r.Effect)
	return sentence(g.fill(g.once(text), 3))
}

// sentence begins with a capital where our own words begin it; names of the
// design stay as they are written.
func sentence(text string) string {
	if strings.HasPrefix(text, "users of ") {
		return "U" + text[1:]
	}
	return text
}

// once names several targets in full the first time only.
func (g *group) once(text string) string {
	const mark = "{target}"
	first := strings.Index(text, mark)
	if _, names := g.targets(); first < 0 || len(names) < 2 || g.rule.flow != nil {
		return text
	}
	rest := first + len(mark)
	return text[:rest] + strings.ReplaceAll(text[rest:], mark, "each of them")
}

func (g *group) targetNames(limit int) string {
	if g.rule.flow != nil && (g.rule.at == atFlow || g.rule.at == atFlowAndReceiver) {
		var names nameList
		for _, s := range g.sites {
			names.add(flowName(s.edge))
		}
		return joinFlows(names.names)
	}
	var names nameList
	for _, s := range g.sites {
		for _, n := range s.nodes {
			names.add(n.Name)
		}
	}
	return join(names.names, limit)
}

// joinFlows names two flows, or one and how many more there are of its kind: the
// targets list them, and a title full of ends is not read.
func joinFlows(names []string) string {
	if len(names) <= 2 {
		return join(names, 2)
	}
	return fmt.Sprintf("%s and %d other flows", names[0], len(names)-1)
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
			for _, e := range n.out {
				if n.store() && !e.to.store() { // drawn as data that comes out of the store
					names.add(e.to.Name)
				}
			}
		}
	}
	return names.names
}

// users names the callers that are people or run in people's hands.
func (g *group) users() []string {
	var names nameList
	for _, s := range g.sites {
		for _, n := range s.nodes {
			for _, e := range n.in {
				if e.from.is("human", "client") {
					names.add(e.from.Name)
				}
			}
		}
	}
	return names.names
}

// servedStore reports whether n holds what a service serves, and not its own
// settings.
func (n *node) servedStore() bool {
	return n.store() && !n.OutOfScope && !n.is("config_store", "queue")
}

func (g *group) storeNames() []string {
	var names nameList
	for _, s := range g.sites {
		for _, n := range s.nodes {
			for _, e := range n.out {
				if e.to.servedStore() {
					names.add(e.to.Name)
				}
			}
			for _, e := range n.in {
				if e.from.servedStore() {
					names.add(e.from.Name)
				}
			}
		}
	}
	return names.names
}

// ofFlows returns what is said of each flow, each once.
func (g *group) ofFlows(of func(*edge) string) []string {
	var out nameList
	for _, s := range g.sites {
		if s.edge != nil {
			out.addUnlessEmpty(of(s.edge))
		}
	}
	return out.names
}

// ofNodes returns what is said of each element, each once.
func (g *group) ofNodes(of func(*node) string) []string {
	var out nameList
	for _, s := range g.sites {
		for _, n := range s.nodes {
			out.addUnlessEmpty(of(n))
		}
	}
	return out.names
}

// settings names what is set on the receivers.
func (g *group) settings() []string { return g.ofNodes((*node).settingOf) }

// retrieved names what the elements read that others wrote.
func (g *group) retrieved() []string {
	var out nameList
	for _, s := range g.sites {
		for _, n := range s.nodes {
			for _, name := range n.retrieved() {
				out.add(name)
			}
		}
	}
	return out.names
}

// acts names what people do by way of the elements.
func (g *group) acts() []string {
	var out nameList
	for _, s := range g.sites {
		for _, n := range s.nodes {
			for _, e := range n.in {
				if e.byPerson() {
					out.addUnlessEmpty(e.act())
				}
			}
		}
	}
	return out.names
}

// actors names the people who act by way of the elements, by their program
// where the source names no person behind it.
func (g *group) actors() []string {
	var out nameList
	for _, s := range g.sites {
		for _, n := range s.nodes {
			for _, e := range n.in {
				if e.byPerson() && e.act() != "" {
					out.addUnlessEmpty(e.from.whoActs())
				}
			}
		}
	}
	return out.names
}

func (n *node) whoActs() string {
	if n.is("human") {
		return n.Name
	}
	for _, e := range n.in {
		if e.from.is("human") {
			return e.from.Name
		}
	}
	return "users of " + n.Name
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
		if c != stride.DataPublic && (g.rule.flow != nil || g.allKeep(c)) {
			names.add(dataWords[c])
		}
	}
	return or(join(names.names, 3), "the data")
}

// allKeep reports whether each element of the group keeps the class: what one of
// them loses must not be said of the others.
func (g *group) allKeep(class stride.DataClass) bool {
	for _, s := range g.sites {
		for _, n := range s.nodes {
			if !n.keeps(class) {
				return false
			}
		}
	}
	return true
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
	case n <= limit+1: // "and 1 more" would be longer than most names
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

func (l *nameList) addUnlessEmpty(name string) {
	if name != "" {
		l.add(name)
	}
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
