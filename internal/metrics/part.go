package metrics

import (
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// part is one project's part of a group while its lives are gone through.
type part struct {
	tally    *tally
	facts    ProjectFacts
	states   [16]int
	decided  []DecidedFacts // by kind
	reasons  [16]int
	firstAge int // where the project's ages begin in tally.ages
}

func newPart(t *tally, l *Lives) *part {
	return &part{
		tally: t, facts: ProjectFacts{ID: l.Project.ID, Name: l.Project.Name}, decided: make([]DecidedFacts, len(l.Kinds)),
		firstAge: len(t.ages),
	}
}

func (p *part) addModels(models []ModelLife, g *Gatherer) {
	for _, m := range models {
		at, ok := m.completed(g.asOf)
		if !ok {
			continue
		}
		p.facts.ModelsEver++
		p.facts.ModelsInWindow += one(g.holds(at))
		if at >= g.window.FreshSince().UnixMicro() && !outdated(models, m, at, g.asOf) {
			p.facts.Fresh = true
		}
	}
}

// outdated reports whether a newer version of the scope was submitted between
// two moments.
func outdated(models []ModelLife, m ModelLife, since, asOf int64) bool {
	for _, other := range models {
		if other.Scope != m.Scope || other.Number <= m.Number {
			continue
		}
		for _, move := range other.Moves {
			if move.State == string(stride.ModelInReview) && move.At >= since && move.At <= asOf {
				return true
			}
		}
	}
	return false
}

// addDrafts counts the cells of each scope's newest version with a draft, by its
// newest one.
func (p *part) addDrafts(drafts []DraftLife, g *Gatherer) {
	newest := map[string]DraftLife{}
	for _, d := range drafts {
		last, ok := newest[d.Scope]
		if d.At <= g.asOf && (!ok || d.Number > last.Number || d.Number == last.Number && d.At >= last.At) {
			newest[d.Scope] = d
		}
	}
	for _, d := range newest {
		p.tally.wanted += d.Wanted
		p.tally.answered += d.Answered
	}
}

func (p *part) addSuggestion(s *SuggestionLife, g *Gatherer) {
	step := at(s.Steps, g.asOf)
	if step == nil {
		return
	}
	t, created := p.tally, s.Steps[0].At
	t.seen = true
	if g.holds(created) {
		t.published++
		t.unverified += one(s.Unverified)
	}
	if step.State == g.states.pending {
		t.pending++
		t.oldest = max(t.oldest, g.asOf-created)
		return
	}
	if !g.holds(step.At) {
		return
	}
	d := &p.decided[s.Kind]
	switch step.State {
	case g.states.accepted:
		d.Accepted++
		d.Edited += one(step.Edited)
	case g.states.rejected:
		d.Rejected++
		d.Duplicates += one(step.Reason == g.states.duplicate)
		p.reasons[step.Reason]++
	case g.states.merged:
		d.Merged++
	case g.states.superseded:
		d.Superseded++
		return
	default:
		return
	}
	t.took = append(t.took, step.At-created)
}

func (p *part) addThreat(threat *ThreatLife, fromModel bool, g *Gatherer) {
	now := at(threat.Steps, g.asOf)
	if now == nil {
		return
	}
	p.tally.seen = true
	accepted := threat.Steps[0].At
	var mitigated *Step
	closed, reopened := false, false
	for i := range threat.Steps {
		step := &threat.Steps[i]
		if step.At > g.asOf {
			break
		}
		if step.State == g.states.mitigated {
			mitigated = step
		}
		closed = closed || g.states.isClosed[step.State] || step.State == g.states.invalid
		reopened = reopened || i > 0 && step.State == g.states.open
	}
	p.states[now.State]++
	p.tally.everClosed += one(closed)
	p.tally.reopened += one(reopened)
	if threat.Reported != 0 && threat.Reported <= g.asOf {
		p.facts.ReportedEver++
		p.facts.Reported += one(g.holds(threat.Reported))
	}
	if now.State == g.states.resolved && g.holds(now.At) {
		p.facts.Resolution.Add(time.Duration(now.At-accepted) * time.Microsecond)
	}
	if mitigated != nil && (now.State == g.states.mitigated || now.State == g.states.resolved) && g.holds(mitigated.At) {
		p.facts.Mitigation.Add(time.Duration(mitigated.At-accepted) * time.Microsecond)
	}
	if g.states.isOpen[now.State] {
		p.tally.ages = append(p.tally.ages, g.asOf-accepted)
	}
	if now.State == g.states.invalid || !g.holds(accepted) {
		return
	}
	p.tally.humanAdded += one(threat.Human)
	p.tally.fromDrafts += one(!threat.Human)
	p.tally.fromModels += one(!threat.Human && fromModel)
}

// end adds the project's part to the group.
func (p *part) end(kinds []Kind) {
	p.facts.Threats = map[stride.ThreatState]int{}
	for code, n := range p.states {
		if n > 0 {
			p.facts.Threats[ThreatCodes().Value(uint8(code))] = n //nolint:gosec // 16 of them
		}
	}
	p.facts.OpenAge = quantiles(p.tally.ages[p.firstAge:])
	p.tally.projects = append(p.tally.projects, p.facts)
	for code, n := range p.reasons {
		if n > 0 {
			p.tally.reasons[ReasonCodes().Value(uint8(code))] += n //nolint:gosec // 16 of them
		}
	}
	for i, d := range p.decided {
		if d == (DecidedFacts{}) {
			continue
		}
		k := kinds[i]
		key := decidedKey{k.Category, k.Rule, k.Model, k.Prompt}
		sum := p.tally.decided[key]
		if sum == nil {
			sum = &DecidedFacts{Category: k.Category, Rule: k.Rule, Model: k.Model, Prompt: k.Prompt}
			p.tally.decided[key] = sum
		}
		sum.add(d)
	}
}
