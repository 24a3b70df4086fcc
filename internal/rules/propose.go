package rules

import (
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
	// Proposals stand in the order of priority, but that the first ones repeat no kind
	// (see led); after them those that came back because the draft had room, in theirs.
	Proposals []stride.Proposal
	Mitigated []stride.Mitigated
	// NotApplicable are cells that an Answer took out.
	NotApplicable []stride.Cell
	Questions     []stride.Question
	// HeldBack counts the proposals beyond the ceiling.
	HeldBack int
	// Notes are general advice that is no threat of this design.
	Notes []string
}

// Propose applies every rule to a. It expects a connected Architecture (see
// stride.Architecture.Connect), does not change it, and gives equal results for
// equal input. Evidence is copied from a, unverified.
func Propose(a *stride.Architecture, o Options) Result {
	return propose(List(), a, o)
}

func propose(list []Rule, a *stride.Architecture, o Options) Result {
	d := newDesign(a)
	sites := sitesOf(list, d)
	out := Result{Mitigated: []stride.Mitigated{}, NotApplicable: []stride.Cell{}, Notes: hygieneNotes(d, measures(list, sites)...)}
	asks := map[string]string{}         // proposal id -> question
	var found, doubtful, asked []ranked // what is proposed, what a thin draft has room for, what is only asked
	for _, g := range silence(list, d, sites) {
		switch g.state {
		case stride.ControlPresent:
			out.Mitigated = append(out.Mitigated, g.mitigated())
		case stride.ControlNotApplicable:
			out.NotApplicable = append(out.NotApplicable, g.notApplicable()...)
		default:
			p := g.proposal(o)
			if g.state == stride.ControlUnknown {
				asks[p.ID] = g.fill(g.rule.Ask, 3)
			}
			switch r := (ranked{p, g.specificity()}); {
			case g.unfounded(d) && !o.All, g.repeats && !o.All, g.asked && !o.All && (d.cares(g.rule.Control) || ofTransport(g.rule.Control)):
				asked = append(asked, r)
			case (g.asked || g.doubtful(d)) && !o.All:
				doubtful = append(doubtful, r)
			default:
				found = append(found, r)
			}
		}
	}
	kept := sorted(found)
	if !o.All {
		limit := ceiling(len(a.Elements))
		kept = d.lessOfOneKind(kept)
		distinct := kept
		kept = d.withCore(within(d.aroundTheCore(lessGuessed(d.lessOfOnePart(lessInPassing(kept, d)))), limit), kept, limit)
		kept = led(d.refilled(kept, slices.Concat(distinct, sorted(doubtful)), enough(limit)))
	}
	out.HeldBack = len(found) + len(doubtful) - len(kept) + len(asked)
	out.Proposals = make([]stride.Proposal, 0, len(kept))
	for _, r := range kept {
		out.Proposals = append(out.Proposals, r.Proposal)
	}
	out.Questions = questions(kept, sorted(append(asked, doubtful...)), asks, o.MaxQuestions)
	return out
}

// targets returns the keys and names of what the group threatens: flows before
// elements, each once, in the design's order. The slices are the caller's.
func (g *group) targets() (keys []stride.Key, names []string) {
	keys, names = make([]stride.Key, 0, len(g.sites)), make([]string, 0, len(g.sites))
	for _, s := range g.sites { // one site per flow
		if s.edge != nil && (g.rule.at == atFlow || g.rule.at == atFlowAndReceiver) {
			keys, names = append(keys, s.edge.ID), append(names, or(s.edge.Name, s.edge.from.Name+" to "+s.edge.to.Name))
		}
	}
	var seen []bool
	for _, s := range g.sites {
		for _, n := range s.nodes {
			if seen == nil {
				seen = make([]bool, len(n.design.nodes))
			}
			if !seen[n.index] {
				seen[n.index] = true
				keys, names = append(keys, n.ID), append(names, n.Name)
			}
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
		Title:       sentence(g.fill(r.Title, 2)),
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

// confidence is high where the source denies the control, medium where it tells
// the fact that the attack rests on, and low where it is silent.
func (g *group) confidence() stride.Confidence {
	if g.state == stride.ControlUnknown {
		if len(g.told) > 0 {
			return stride.ConfidenceMedium
		}
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

// allEvidence puts first what is said of the control and told of the fact, the
// fact before a control that is not denied, then where the targets are named, then
// what was looked for in vain.
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
	reasons := slices.Concat(g.told, g.evidence)
	if g.state == stride.ControlAbsent {
		reasons = slices.Concat(g.evidence, g.told)
	}
	for _, e := range reasons[:min(len(reasons), maxEvidence)] {
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
