package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// words turns an identifier of the vocabulary into words.
func words[T ~string](id T) string { return strings.ReplaceAll(string(id), "_", " ") }

// placeholders are what the texts of rules may hold: the names that stand for a
// mark, how many of them at most (0 where the caller says), and what stands there
// where the group has none.
var placeholders = []struct {
	mark      string
	names     func(*group) []string
	limit     int
	otherwise string
}{
	{"{source}", func(g *group) []string { return g.ends(func(e *edge) *node { return e.from }) }, 0, ""},
	{"{dest}", func(g *group) []string { return g.ends(func(e *edge) *node { return e.to }) }, 0, ""},
	{"{callers}", (*group).callers, 0, "its callers"},
	{"{users}", (*group).users, 0, "its users"},
	{"{stores}", (*group).storeNames, 0, "its data"},
	{"{boundary}", (*group).boundaries, 0, "a trust boundary"},
	{"{data}", (*group).dataNames, 3, "the data"},
	{"{values}", func(g *group) []string { return g.ofFlows((*edge).forgedValues) }, 0, "values"},
	{"{acts}", (*group).acts, 0, "actions"},
	{"{actors}", (*group).actors, 0, "users"},
	{"{gain}", func(g *group) []string { return g.ofNodes((*node).gain) }, 2, "use its operations"},
	{"{logged}", (*group).logged, 3, "what was logged"},
	{"{harm}", func(g *group) []string { return g.ofNodes((*node).harm) }, 0, "wrong behaviour"},
	{"{input}", func(g *group) []string { return g.ofNodes((*node).complexInput) }, 0, "content"},
	{"{retrieved}", (*group).retrieved, 0, "what it retrieves"},
	{"{setting}", (*group).settings, 0, "settings"},
	{"{protocol}", func(g *group) []string { return g.ofFlows((*edge).unprovenProtocol) }, 0, "its protocol"},
	{"{senders}", (*group).senders, 3, "several senders"},
	{"{reached}", (*group).reachedNames, 3, "the parts behind it"},
	{"{entered}", func(g *group) []string { return g.ofNodes((*node).entered) }, 1, "sign in"},
}

// fill replaces the placeholders of a rule's text by names of the group; limit
// says how many names before "and N more".
func (g *group) fill(text string, limit int) string {
	if !strings.Contains(text, "{") {
		return text
	}
	pairs := []string{"{target}", g.targetNames(limit), "{said}", g.said(), "{tale}", g.tale()}
	if g.manyTargets() {
		text = agreed(text, "{target}")
	}
	for _, p := range placeholders {
		if !strings.Contains(text, p.mark) {
			continue
		}
		if (p.mark == "{source}" || p.mark == "{dest}") && (len(g.names(p.mark, p.names)) > 1 || g.endIsPlural(p.mark)) {
			text = agreed(text, p.mark)
		}
		most := limit
		if p.limit > 0 {
			most = p.limit
		}
		pairs = append(pairs, p.mark, or(join(g.names(p.mark, p.names), most), p.otherwise))
	}
	// In one pass: a name of the design that looks like a placeholder stays one.
	return strings.NewReplacer(pairs...).Replace(text)
}

// names works out the names for a mark once: a group over a large design has
// thousands of sites, and each of its texts asks for them.
func (g *group) names(mark string, of func(*group) []string) []string {
	if names, ok := g.listed[mark]; ok {
		return names
	}
	if g.listed == nil {
		g.listed = map[string][]string{}
	}
	g.listed[mark] = of(g)
	return g.listed[mark]
}

// statement says: actor can action because condition, causing impact.
func (g *group) statement() string {
	r := g.rule
	lack, fact := r.Lack, r.Fact
	if g.several() {
		lack = strings.ReplaceAll(lack, "{target}", "any of them")
	}
	if rest, ok := strings.CutPrefix(fact, "it "); ok && g.manyTargets() {
		fact = "each of them " + rest
	}
	condition := "the design has no " + lack
	switch {
	case g.state == stride.ControlUnknown:
		condition = "no " + lack + " is stated"
		if g.saidOfControl() {
			condition = "of " + lack + " the design says no more than “{said}”"
		}
	case g.said() != "":
		condition = "the design says “{said}”"
	}
	switch tale := g.tale(); {
	case tale != "" && tale == g.said(): // the condition quotes it
	case tale != "" && g.said() != "" && g.state == stride.ControlAbsent:
		condition = "the design says “{tale}” and “{said}”"
	case tale != "":
		condition = "the design says “{tale}” and " + condition
	case fact != "":
		condition = fact + " and " + condition
	}
	text := fmt.Sprintf("%s can %s because %s, causing %s.", r.Actor, r.Action, condition, r.Effect)
	limit := 3
	if r.flow != nil {
		limit = 2 // both ends are named, often more than once
	}
	return sentence(g.fill(g.once(text), limit))
}

// sentence begins with a capital where our own words begin it; names of the
// design stay as they are written.
func sentence(text string) string {
	if strings.HasPrefix(text, "users ") || strings.HasPrefix(text, "its ") {
		return strings.ToUpper(text[:1]) + text[1:]
	}
	return text
}

// several reports whether the group threatens more than one element by themselves.
func (g *group) several() bool {
	if g.rule.flow != nil {
		return false
	}
	return slices.ContainsFunc(g.sites, func(s site) bool { return s.nodes[0] != g.sites[0].nodes[0] })
}

// manyTargets reports whether more than one name stands for {target}.
func (g *group) manyTargets() bool {
	if g.rule.flow != nil && (g.rule.at == atFlow || g.rule.at == atFlowAndReceiver) {
		return len(g.sites) > 1
	}
	if g.several() || g.rule.flow != nil && len(g.ofNodes(func(n *node) string { return n.Name })) > 1 {
		return true
	}
	return len(g.sites) > 0 && len(g.sites[0].nodes) > 0 && g.sites[0].nodes[0].plural()
}

// plural reports whether the name of n is that of several: "Data scientists", "Build
// servers". What is written with a capital is a name of its own.
func (n *node) plural() bool {
	at := strings.LastIndexByte(n.Name, ' ') + 1
	last := n.Name[at:]
	if len(last) < 5 || !strings.HasSuffix(last, "s") || at > 0 && last != strings.ToLower(last) || at == 0 && !n.person() {
		return false
	}
	for _, singular := range []string{"ss", "us", "is", "ics"} {
		if strings.HasSuffix(last, singular) {
			return false
		}
	}
	return true
}

// endIsPlural reports whether the name of the one end for which the mark stands is that
// of several.
func (g *group) endIsPlural(mark string) bool {
	e := g.sites[0].edge
	return e != nil && (mark == "{source}" && e.from.plural() || mark == "{dest}" && e.to.plural())
}

// once names several targets in full the first time only.
func (g *group) once(text string) string {
	const mark = "{target}"
	first := strings.Index(text, mark)
	if first < 0 || !g.several() {
		return text
	}
	rest := first + len(mark)
	return text[:rest] + strings.ReplaceAll(text[rest:], mark, "each of them")
}

func (g *group) targetNames(limit int) string {
	if g.rule.flow != nil && (g.rule.at == atFlow || g.rule.at == atFlowAndReceiver) {
		return joinFlows(g.names("flows", func(g *group) []string {
			return flowNames(g.sites)
		}))
	}
	return join(g.names("nodes", func(g *group) []string { return g.ofNodes(func(n *node) string { return n.Name }) }), limit)
}

// fewFlows is up to how many flows are compared by what they read like; more are
// only counted.
const fewFlows = 16

// flowNames returns the names of the flows, those that read alike once. Of many
// flows only the first have one, since the rest is counted.
func flowNames(sites []site) []string {
	out := make([]string, 0, len(sites))
	for i, s := range sites {
		switch {
		case len(sites) > fewFlows && i > 1:
			out = append(out, "")
		case !slices.Contains(out, flowName(s.edge)):
			out = append(out, flowName(s.edge))
		}
	}
	return out
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
	names := nameList{seen: make(map[string]bool, len(g.sites))}
	var seen []bool
	for _, s := range g.sites {
		if s.edge == nil {
			continue
		}
		n := end(s.edge)
		if seen == nil {
			seen = make([]bool, len(n.design.nodes))
		}
		if !seen[n.index] {
			seen[n.index] = true
			names.add(n.Name)
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
	out := nameList{seen: make(map[string]bool, len(g.sites))}
	for _, s := range g.sites {
		for _, n := range s.nodes {
			out.addUnlessEmpty(of(n))
		}
	}
	return out.names
}

// settings names what is set on the receivers.
func (g *group) settings() []string { return g.ofNodes((*node).settingOf) }

// senders names those who send commands to the receivers.
func (g *group) senders() []string {
	var out nameList
	for _, s := range g.sites {
		for _, n := range s.nodes {
			for _, name := range n.orderers() {
				out.add(name)
			}
		}
	}
	return out.names
}

// reachedNames names the parts that the elements talk to.
func (g *group) reachedNames() []string {
	var out nameList
	for _, s := range g.sites {
		for _, n := range s.nodes {
			for _, other := range n.reached() {
				out.add(other.Name)
			}
		}
	}
	return out.names
}

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
	if len(out.names) == 0 {
		for _, quote := range g.told {
			out.addUnlessEmpty(actIn(wordsIn(quote.Quote)))
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
		if s.edge.atHome() {
			names.add("the local network")
			continue
		}
		for _, id := range s.edge.Crosses {
			names.add("the " + s.edge.design.boundaries[id].Name + " boundary")
		}
	}
	return names.names
}

// dataNames names the classes of data that the group puts at risk.
func (g *group) dataNames() []string {
	var names nameList
	for _, c := range g.classes() {
		if c != stride.DataPublic && (g.rule.flow != nil || g.allKeep(c)) {
			names.add(dataWords[c])
		}
	}
	return names.names
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
