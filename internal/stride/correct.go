package stride

import (
	"fmt"
	"slices"
	"strings"
)

// Caps of an Architecture.
const (
	MaxElements   = 5_000
	MaxFlows      = 20_000
	MaxBoundaries = 2_000
	maxName       = 500
	maxMany       = 50 // aliases, tags, or pieces of evidence of one thing
	maxText       = 4_000
)

// Normalize makes an architecture that a person wrote fit to be stored: ids are
// made where they are missing, nil slices become empty, crossings are computed,
// and what has no evidence is marked as a human's word. It returns Invalid,
// naming every field, where the architecture contradicts itself or quotes what
// the sources do not say.
func (a *Architecture) Normalize(sources []Source) error {
	a.nameIDs()
	c := checker{architecture: a, sources: sources, ids: make(map[Key]string), zones: make(map[Key]bool)}
	c.caps()
	c.boundaries()
	for i := range a.Elements {
		c.element(i)
	}
	for i := range a.Flows {
		c.flow(i)
	}
	for i, asset := range a.Assets {
		c.asset(i, asset)
	}
	for i, assumption := range a.Assumptions {
		c.assumption(i, assumption)
	}
	if c.bad != nil {
		return &Error{Kind: Invalid, Message: "the architecture is not valid", Fields: c.bad}
	}
	a.Connect()
	a.markHuman()
	return nil
}

// nameIDs makes an id of name and kind where there is none.
func (a *Architecture) nameIDs() {
	taken := make(map[Key]bool)
	for _, e := range a.Elements {
		taken[e.ID] = true
	}
	for _, f := range a.Flows {
		taken[f.ID] = true
	}
	free := func(base string) Key {
		id := Key(base)
		for n := 2; taken[id] || id == ""; n++ {
			id = Key(fmt.Sprintf("%s-%d", base, n))
		}
		taken[id] = true
		return id
	}
	for i := range a.Elements {
		if e := &a.Elements[i]; e.ID == "" {
			e.ID = free(Slug(e.Name + " " + string(e.Kind)))
		}
	}
	for i := range a.Flows {
		if f := &a.Flows[i]; f.ID == "" {
			f.ID = free(Slug(string(f.SourceID) + " to " + string(f.TargetID) + " " + f.Name))
		}
	}
	for i := range a.TrustBoundaries {
		if b := &a.TrustBoundaries[i]; b.ID == "" {
			b.ID = Key(Slug(b.Name))
		}
	}
	for i := range a.Assets {
		if as := &a.Assets[i]; as.ID == "" {
			as.ID = Key(Slug(as.Name))
		}
	}
}

// checker collects what is wrong with an architecture.
type checker struct {
	architecture *Architecture
	sources      []Source
	ids          map[Key]string
	zones        map[Key]bool
	bad          []Field
}

func (c *checker) add(field, format string, args ...any) {
	c.bad = append(c.bad, Field{field, fmt.Sprintf(format, args...)})
}

func (c *checker) caps() {
	a := c.architecture
	if len(a.Elements) == 0 {
		c.add("elements", "must have one at least")
	}
	for _, over := range []struct {
		field      string
		n, allowed int
	}{
		{"elements", len(a.Elements), MaxElements}, {"flows", len(a.Flows), MaxFlows},
		{"trust_boundaries", len(a.TrustBoundaries), MaxBoundaries}, {"assets", len(a.Assets), MaxElements},
		{"assumptions", len(a.Assumptions), MaxElements},
	} {
		if over.n > over.allowed {
			c.add(over.field, "must be at most %d, are %d", over.allowed, over.n)
		}
	}
}

func (c *checker) name(field, name string) {
	if !within(strings.TrimSpace(name), 1, maxName) || !PlainText(name) {
		c.add(field+".name", "must have 1 to %d characters, none of control or direction", maxName)
	}
}

func (c *checker) id(field string, id Key) {
	if len(id) > 2*maxName {
		c.add(field+".id", "must have at most %d bytes", 2*maxName)
	}
	if other, taken := c.ids[id]; taken {
		c.add(field+".id", "%q is the id of %s too", id, other)
		return
	}
	c.ids[id] = field
}

func (c *checker) boundaries() {
	for i, b := range c.architecture.TrustBoundaries {
		field := fmt.Sprintf("trust_boundaries[%d]", i)
		c.name(field, b.Name)
		if !b.Kind.Valid() {
			c.add(field+".kind", "%q is no kind of zone", b.Kind)
		}
		if c.zones[b.ID] {
			c.add(field+".id", "%q stands twice", b.ID)
		}
		c.zones[b.ID] = true
		c.evidence(field, b.Evidence)
	}
	byID := c.architecture.boundaries()
	for i, b := range c.architecture.TrustBoundaries {
		if b.ParentID != "" && !c.zones[b.ParentID] {
			c.add(fmt.Sprintf("trust_boundaries[%d].parent_id", i), "%q is no trust boundary", b.ParentID)
		} else if len(enclosing(byID, b.ID)) == MaxDepth {
			c.add(fmt.Sprintf("trust_boundaries[%d].parent_id", i), "leads in a circle, or nests deeper than %d", MaxDepth-1)
		}
	}
}

func (c *checker) element(i int) {
	e := c.architecture.Elements[i]
	field := fmt.Sprintf("elements[%d]", i)
	c.name(field, e.Name)
	c.id(field, e.ID)
	if !e.Kind.Valid() {
		c.add(field+".kind", "must be one of external_entity, process, data_store")
	}
	if e.Zone != "" && !c.zones[e.Zone] {
		c.add(field+".zone", "%q is no trust boundary", e.Zone)
	}
	c.aliases(field, e.Aliases)
	c.tags(field, e.Tags)
	c.data(field, e.Data)
	c.controls(field, e.Controls)
	c.evidence(field, e.Evidence)
}

func (c *checker) flow(i int) {
	f := c.architecture.Flows[i]
	field := fmt.Sprintf("flows[%d]", i)
	c.name(field, f.Name)
	c.id(field, f.ID)
	for j, zone := range f.Crosses {
		if !c.zones[zone] {
			c.add(fmt.Sprintf("%s.crosses[%d]", field, j), "%q is no trust boundary", zone)
		}
	}
	for _, end := range []struct {
		field string
		id    Key
	}{{"source_id", f.SourceID}, {"target_id", f.TargetID}} {
		if !strings.HasPrefix(c.ids[end.id], "elements[") {
			c.add(field+"."+end.field, "%q is no element", end.id)
		}
	}
	c.tags(field, f.Tags)
	c.data(field, f.Data)
	c.controls(field, f.Controls)
	c.evidence(field, f.Evidence)
}

func (c *checker) asset(i int, a Asset) {
	field := fmt.Sprintf("assets[%d]", i)
	c.name(field, a.Name)
	if !a.Class.Valid() {
		c.add(field+".class", "%q is no class of data", a.Class)
	}
	for j, id := range a.ElementIDs {
		if !strings.HasPrefix(c.ids[id], "elements[") {
			c.add(fmt.Sprintf("%s.element_ids[%d]", field, j), "%q is no element", id)
		}
	}
	c.evidence(field, a.Evidence)
}

func (c *checker) tags(field string, tags []Tag) {
	c.many(field+".tags", len(tags))
	for i, t := range tags {
		if !t.Known() {
			c.add(fmt.Sprintf("%s.tags[%d]", field, i), "%q is no known tag", t)
		}
	}
}

func (c *checker) data(field string, data []DataClass) {
	c.many(field+".data", len(data))
	for i, d := range data {
		if !d.Valid() {
			c.add(fmt.Sprintf("%s.data[%d]", field, i), "%q is no class of data", d)
		}
	}
}

func (c *checker) controls(field string, controls Controls) {
	names := make([]ControlName, 0, len(controls))
	for n := range controls {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		if !n.Valid() {
			c.add(field+".controls", "%q is no control", n)
		}
		if !controls[n].State.Valid() {
			c.add(fmt.Sprintf("%s.controls.%s.state", field, n), "must be one of present, absent, unknown, not_applicable")
		}
		c.evidence(field+".controls."+string(n), controls[n].Evidence)
	}
}

func (c *checker) many(field string, n int) {
	if n > maxMany {
		c.add(field, "must be at most %d, are %d", maxMany, n)
	}
}

func (c *checker) aliases(field string, aliases []string) {
	c.many(field+".aliases", len(aliases))
	for i, alias := range aliases {
		if !within(strings.TrimSpace(alias), 1, maxName) {
			c.add(fmt.Sprintf("%s.aliases[%d]", field, i), "must have 1 to %d characters", maxName)
		}
	}
}

func (c *checker) assumption(i int, a Assumption) {
	field := fmt.Sprintf("assumptions[%d]", i)
	if !within(strings.TrimSpace(a.Text), 1, maxText) {
		c.add(field+".text", "must have 1 to %d characters", maxText)
	}
	c.evidence(field, a.Evidence)
}

func (c *checker) evidence(field string, evidence []Evidence) {
	c.many(field+".evidence", len(evidence))
	for i, e := range evidence {
		if e.Quote != "" && (e.Kind == Inferred || e.Kind == NotStated) {
			c.add(fmt.Sprintf("%s.evidence[%d].quote", field, i), "must be empty where the kind is %s", e.Kind)
		}
		if !e.Holds(c.sources) {
			c.add(fmt.Sprintf("%s.evidence[%d]", field, i), "does not stand in its source at these offsets")
		}
	}
}

// markHuman gives human evidence to what has none.
func (a *Architecture) markHuman() {
	human := func(e []Evidence) []Evidence {
		if len(e) > 0 {
			return e
		}
		return []Evidence{{Kind: HumanEvidence}}
	}
	for i := range a.Elements {
		a.Elements[i].Evidence = human(a.Elements[i].Evidence)
	}
	for i := range a.Flows {
		a.Flows[i].Evidence = human(a.Flows[i].Evidence)
	}
	for i := range a.TrustBoundaries {
		a.TrustBoundaries[i].Evidence = human(a.TrustBoundaries[i].Evidence)
	}
}

// MoveEvidence points evidence to the copies of its sources.
func (a *Architecture) MoveEvidence(ids map[SourceID]SourceID) {
	moved := func(in []Evidence) []Evidence {
		out := slices.Clone(in)
		for i := range out {
			if to, ok := ids[out[i].SourceID]; ok {
				out[i].SourceID = to
			}
		}
		return orEmpty(out)
	}
	controls := func(in Controls) Controls {
		out := make(Controls, len(in))
		for n, c := range in {
			out[n] = Control{State: c.State, Evidence: moved(c.Evidence)}
		}
		return out
	}
	for i := range a.Elements {
		e := &a.Elements[i]
		e.Evidence, e.Controls = moved(e.Evidence), controls(e.Controls)
	}
	for i := range a.Flows {
		f := &a.Flows[i]
		f.Evidence, f.Controls = moved(f.Evidence), controls(f.Controls)
	}
	for i := range a.TrustBoundaries {
		a.TrustBoundaries[i].Evidence = moved(a.TrustBoundaries[i].Evidence)
	}
	for i := range a.Assets {
		a.Assets[i].Evidence = moved(a.Assets[i].Evidence)
	}
	for i := range a.Assumptions {
		a.Assumptions[i].Evidence = moved(a.Assumptions[i].Evidence)
	}
}

// KeepKeys gives elements that were in the version before, under the same name
// and kind or under an alias, the key that they had there; then flows between
// the same ends under the same name, or alone between them, theirs.
func (a *Architecture) KeepKeys(before Architecture) {
	taken := make(map[Key]bool, len(a.Elements)+len(a.Flows))
	for _, e := range a.Elements {
		taken[e.ID] = true
	}
	for _, f := range a.Flows {
		taken[f.ID] = true
	}
	a.keepElementKeys(namesOf(before.Elements), taken)
	a.keepFlowKeys(before.Flows, taken)
}

// names finds elements by id, and by kind and lower-case name or alias.
type names struct {
	ids     map[Key]bool
	name    map[string]Key
	aliases map[string]Key
}

func namesOf(elements []Element) names {
	n := names{ids: make(map[Key]bool), name: make(map[string]Key), aliases: make(map[string]Key)}
	first := func(m map[string]Key, key string, id Key) {
		if _, there := m[key]; !there {
			m[key] = id
		}
	}
	for _, e := range elements {
		n.ids[e.ID] = true
		first(n.name, nameKey(e.Kind, e.Name), e.ID)
		for _, alias := range e.Aliases {
			first(n.aliases, nameKey(e.Kind, alias), e.ID)
		}
	}
	return n
}

func nameKey(kind ElementKind, name string) string { return string(kind) + " " + strings.ToLower(name) }

// match returns the key that e had before: by id, by name, by what was its
// alias, or by what is its alias now.
func (n names) match(e Element) (Key, bool) {
	if n.ids[e.ID] {
		return e.ID, true
	}
	if id, ok := n.name[nameKey(e.Kind, e.Name)]; ok {
		return id, true
	}
	if id, ok := n.aliases[nameKey(e.Kind, e.Name)]; ok {
		return id, true
	}
	for _, alias := range e.Aliases {
		if id, ok := n.name[nameKey(e.Kind, alias)]; ok {
			return id, true
		}
	}
	return "", false
}

func (a *Architecture) keepElementKeys(before names, taken map[Key]bool) {
	renamed := make(map[Key]Key)
	for i := range a.Elements {
		e := &a.Elements[i]
		old, ok := before.match(*e)
		if !ok || old == e.ID || taken[old] {
			continue
		}
		taken[old] = true
		renamed[e.ID], e.ID = old, old
	}
	follow := func(id *Key) {
		if to, ok := renamed[*id]; ok {
			*id = to
		}
	}
	for i := range a.Flows {
		follow(&a.Flows[i].SourceID)
		follow(&a.Flows[i].TargetID)
	}
	for i := range a.Assets {
		for j := range a.Assets[i].ElementIDs {
			follow(&a.Assets[i].ElementIDs[j])
		}
	}
}

// ends are the two ends of a flow.
type ends struct{ source, target Key }

func (a *Architecture) keepFlowKeys(before []Flow, taken map[Key]bool) {
	was, is := make(map[ends][]Flow), make(map[ends]int)
	for _, f := range before {
		was[ends{f.SourceID, f.TargetID}] = append(was[ends{f.SourceID, f.TargetID}], f)
	}
	for _, f := range a.Flows {
		is[ends{f.SourceID, f.TargetID}]++
	}
	for i := range a.Flows {
		f := &a.Flows[i]
		between := ends{f.SourceID, f.TargetID}
		for _, old := range was[between] {
			alone := is[between] == 1 && len(was[between]) == 1
			if (alone || strings.EqualFold(old.Name, f.Name)) && !taken[old.ID] {
				taken[old.ID] = true
				f.ID = old.ID
				break
			}
		}
	}
}
