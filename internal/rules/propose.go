package rules

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Options says how to draft.
type Options struct {
	// Criticality of the project: low, medium, high, critical, or "" where nobody
	// said.
	Criticality string
	// All returns what the ceiling would hold back.
	All bool
	// MaxQuestions is how many questions to ask at most; 0 means
	// stride.DefaultQuestions.
	MaxQuestions int
}

// Result is what the rules make of an Architecture.
type Result struct {
	// Proposals stand in the order of priority.
	Proposals []stride.Proposal
	Mitigated []stride.Mitigated
	// NotApplicable are cells that an Answer took out.
	NotApplicable []stride.Cell
	Questions     []stride.Question
	// HeldBack counts the proposals beyond the ceiling.
	HeldBack int
}

// ceiling is how many proposals a design of n elements yields by default:
// a reader who gets more of them stops reading.
func ceiling(n int) int { return min(12+n, 40) }

// Propose applies every rule to a. It expects a connected Architecture (see
// stride.Architecture.Connect), does not change it, and gives equal results for
// equal input. Evidence is copied from a, unverified.
func Propose(a *stride.Architecture, o Options) Result {
	return propose(List(), a, o)
}

func propose(list []Rule, a *stride.Architecture, o Options) Result {
	d := newDesign(a)
	out := Result{Proposals: []stride.Proposal{}, Mitigated: []stride.Mitigated{}, NotApplicable: []stride.Cell{}}
	asks := map[string]string{} // proposal id -> question
	for i := range list {
		r := &list[i]
		for _, g := range r.groups(d) {
			switch g.state {
			case stride.ControlPresent:
				out.Mitigated = append(out.Mitigated, g.mitigated())
			case stride.ControlNotApplicable:
				out.NotApplicable = append(out.NotApplicable, g.notApplicable()...)
			default:
				p := g.proposal(o)
				if g.state == stride.ControlUnknown {
					asks[p.ID] = g.fill(r.Ask, 3)
				}
				out.Proposals = append(out.Proposals, p)
			}
		}
	}
	slices.SortStableFunc(out.Proposals, byPriority)
	if limit := ceiling(len(a.Elements)); !o.All && len(out.Proposals) > limit {
		out.HeldBack = len(out.Proposals) - limit
		out.Proposals = slices.Clip(out.Proposals[:limit])
	}
	out.Questions = questions(out.Proposals, asks, o.MaxQuestions)
	return out
}

// byPriority puts the highest score first, then the most confident, then by id.
func byPriority(a, b stride.Proposal) int {
	return cmp.Or(
		cmp.Compare(b.Likelihood*b.Impact, a.Likelihood*a.Impact),
		cmp.Compare(b.Confidence.Rank(), a.Confidence.Rank()),
		cmp.Compare(a.ID, b.ID),
	)
}

// site is one place where a rule applies.
type site struct {
	edge  *edge
	nodes []*node // the threatened elements, none for a flow by itself
}

// group is a rule at all the sites that share the state of its control.
type group struct {
	rule     *Rule
	state    stride.ControlState
	sites    []site
	evidence []stride.Evidence // of the control
}

// groups finds the sites of the rule and sorts them by the state of the control:
// absent, unknown, present, not applicable; empty groups are left out.
func (r *Rule) groups(d *design) []*group {
	order := []stride.ControlState{stride.ControlAbsent, stride.ControlUnknown, stride.ControlPresent, stride.ControlNotApplicable}
	byState := map[stride.ControlState]*group{}
	for _, s := range r.sites(d) {
		state, evidence := r.controlAt(s)
		g := byState[state]
		if g == nil {
			g = &group{rule: r, state: state}
			byState[state] = g
		}
		g.sites = append(g.sites, s)
		if len(g.evidence) < maxEvidence {
			g.evidence = append(g.evidence, evidence...)
		}
	}
	var out []*group
	for _, state := range order {
		if g := byState[state]; g != nil {
			out = append(out, g)
		}
	}
	return out
}

func (r *Rule) sites(d *design) []site {
	var out []site
	if r.element != nil {
		for _, n := range d.nodes {
			if !n.OutOfScope && r.element(n) {
				out = append(out, site{nodes: []*node{n}})
			}
		}
		return out
	}
	for _, e := range d.edges {
		if e.OutOfScope || !r.flow(e) {
			continue
		}
		s := site{edge: e}
		switch r.at {
		case atReceiver, atFlowAndReceiver:
			s.nodes = []*node{e.to}
		case atSender:
			s.nodes = []*node{e.from}
		}
		if len(s.nodes) == 1 && s.nodes[0].OutOfScope {
			continue
		}
		out = append(out, s)
	}
	return out
}

// controlAt returns the state of the rule's control at the site and what says
// so. The flow speaks before its receiver, the receiver before the sender; of
// the other controls that answer the threat, only a present one counts.
func (r *Rule) controlAt(s site) (stride.ControlState, []stride.Evidence) {
	holders := s.holders()
	for _, name := range append([]stride.ControlName{r.Control}, r.Also...) {
		for _, h := range holders {
			state := h.State(name)
			if state == stride.ControlPresent || name == r.Control && state != stride.ControlUnknown {
				return state, h[name].Evidence
			}
		}
	}
	if s.edge != nil && r.Control == stride.EncryptionInTransit && s.edge.encrypted() {
		return stride.ControlPresent, s.edge.Evidence
	}
	return stride.ControlUnknown, nil
}

func (s site) holders() []stride.Controls {
	if s.edge == nil {
		return []stride.Controls{s.nodes[0].Controls}
	}
	return []stride.Controls{s.edge.Controls, s.edge.to.Controls, s.edge.from.Controls}
}

// targets returns the keys and names of what the group threatens: flows before
// elements, each once, in the design's order.
func (g *group) targets() (keys []stride.Key, names []string) {
	seen := map[stride.Key]bool{}
	add := func(k stride.Key, name string) {
		if !seen[k] {
			seen[k] = true
			keys, names = append(keys, k), append(names, name)
		}
	}
	for _, s := range g.sites {
		if s.edge != nil && (g.rule.at == atFlow || g.rule.at == atFlowAndReceiver) {
			add(s.edge.ID, or(s.edge.Name, s.edge.from.Name+" to "+s.edge.to.Name))
		}
	}
	for _, s := range g.sites {
		for _, n := range s.nodes {
			add(n.ID, n.Name)
		}
	}
	return keys, names
}

func (g *group) proposal(o Options) stride.Proposal {
	r := g.rule
	keys, names := g.targets()
	rated, rationale := g.score(o)
	p := stride.Proposal{
		ID:          proposalID(r, keys),
		Category:    r.Category,
		Title:       g.fill(r.Title, 2),
		Statement:   g.statement(),
		TargetIDs:   keys,
		Targets:     names,
		Severity:    rated.Severity(),
		Risk:        rated,
		Confidence:  g.confidence(),
		Rationale:   rationale,
		Evidence:    g.allEvidence(),
		CWE:         append([]string{}, r.CWE...),
		CAPEC:       append([]string{}, r.CAPEC...),
		Mitigations: g.mitigations(),
		Control:     r.Control,
		Rule:        r.ID,
	}
	if e := g.sites[0].edge; e != nil {
		p.FlowID = e.ID
	}
	return p
}

// proposalID identifies a proposal within its draft: 16 hexadecimal digits over
// the fingerprints of all targets.
func proposalID(r *Rule, keys []stride.Key) string {
	h := sha256.New()
	for _, k := range keys {
		h.Write([]byte(stride.Fingerprint("", k, r.Category, r.ID)))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// confidence is high where the source denies the control, and low where it is
// silent.
func (g *group) confidence() stride.Confidence {
	if g.state == stride.ControlUnknown {
		return stride.ConfidenceLow
	}
	for _, e := range g.evidence {
		if e.Kind == stride.Quoted || e.Kind == stride.HumanEvidence {
			return stride.ConfidenceHigh
		}
	}
	return stride.ConfidenceMedium
}

// maxEvidence bounds the quotes of one proposal, and maxTargetQuotes those that
// only name its targets; a reader wants the reason, not every mention.
const (
	maxEvidence     = 5
	maxTargetQuotes = 3
)

// allEvidence puts what is said of the control first, then where the targets are
// named, then what was looked for in vain.
func (g *group) allEvidence() []stride.Evidence {
	out := []stride.Evidence{}
	add := func(e stride.Evidence) {
		for _, have := range out {
			if have.SourceID == e.SourceID && have.Start == e.Start && have.End == e.End && have.Quote == e.Quote {
				return
			}
		}
		out = append(out, e)
	}
	for _, e := range g.evidence {
		add(e)
	}
	for _, s := range g.sites {
		if len(out) >= maxTargetQuotes {
			break
		}
		if e, ok := s.quote(); ok {
			add(e)
		}
	}
	if g.state == stride.ControlUnknown {
		out = append(out, stride.Evidence{Kind: stride.NotStated, Terms: append([]string{}, g.rule.Terms...)})
	}
	if len(out) == 0 {
		out = append(out, stride.Evidence{Kind: stride.Inferred})
	}
	return out
}

// quote returns the first quote that names the site.
func (s site) quote() (stride.Evidence, bool) {
	var sets [][]stride.Evidence
	if s.edge != nil {
		sets = append(sets, s.edge.Evidence)
	}
	for _, n := range s.nodes {
		sets = append(sets, n.Evidence)
	}
	for _, set := range sets {
		for _, e := range set {
			if e.Kind == stride.Quoted {
				return e, true
			}
		}
	}
	return stride.Evidence{}, false
}

func (g *group) mitigations() []stride.ProposedMitigation {
	out := []stride.ProposedMitigation{}
	add := func(m stride.ProposedMitigation) {
		m.Text = g.fill(m.Text, 3)
		m.References = append([]string{}, m.References...)
		out = append(out, m)
	}
	for _, m := range g.rule.Fixes {
		add(m)
	}
	for _, advice := range technologyAdvice {
		if advice.control == g.rule.Control && g.touches(advice.tag) {
			add(advice.fix)
		}
	}
	return out
}

func (g *group) touches(t stride.Tag) bool {
	for _, s := range g.sites {
		if s.edge != nil && (s.edge.to.is(t) || s.edge.from.is(t)) {
			return true
		}
		for _, n := range s.nodes {
			if n.is(t) {
				return true
			}
		}
	}
	return false
}

func (g *group) mitigated() stride.Mitigated {
	keys, names := g.targets()
	m := stride.Mitigated{
		Rule: g.rule.ID, Category: g.rule.Category, Title: g.fill(g.rule.Title, 2),
		TargetIDs: keys, Targets: names, Control: g.rule.Control, Evidence: []stride.Evidence{},
	}
	for _, e := range g.evidence {
		if len(m.Evidence) < maxEvidence && !slices.ContainsFunc(m.Evidence, func(have stride.Evidence) bool {
			return have.SourceID == e.SourceID && have.Start == e.Start && have.End == e.End
		}) {
			m.Evidence = append(m.Evidence, e)
		}
	}
	return m
}

// notApplicable says, for each target, why its cell wants no threat.
func (g *group) notApplicable() []stride.Cell {
	reason := words(g.rule.Control) + " does not apply here, by the author's answer"
	for _, e := range g.evidence {
		if e.Kind == stride.HumanEvidence && e.Quote != "" {
			reason += ": " + e.Quote
			break
		}
	}
	keys, _ := g.targets()
	out := make([]stride.Cell, 0, len(keys))
	for _, k := range keys {
		out = append(out, stride.Cell{TargetID: k, Category: g.rule.Category, State: stride.CellNotApplicable, Reason: reason})
	}
	return out
}
