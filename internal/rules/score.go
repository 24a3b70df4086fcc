package rules

import (
	"fmt"
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// score works out likelihood and impact of a group. The addends of each add up
// to it, each names its reason, and what falls outside of 1-4 is taken back by an
// addend of its own. Source: DESIGN section 2.
func (g *group) score(o Options) (stride.Risk, []stride.Addend) {
	l := tally{of: "likelihood"}
	l.add(g.rule.Risk.Likelihood, likelihoodMeaning[g.rule.Risk.Likelihood])
	if g.rule.Reach && g.reachable() {
		l.add(1, "somebody outside can reach it")
	}
	if g.state == stride.ControlUnknown {
		l.doubt(fmt.Sprintf("%s is not stated, so it may be there", words(g.rule.Control)))
	}
	l.clamp()

	i := tally{of: "impact"}
	i.add(g.rule.Risk.Impact, impactMeaning[g.rule.Risk.Impact])
	if class, worst := g.worstData(); g.rule.Sensitive && worst > i.total {
		i.add(worst-i.total, fmt.Sprintf("%s data is involved", words(class)))
	}
	switch o.Criticality {
	case "critical", "high":
		i.add(1, "the project's criticality is "+o.Criticality)
	case "low":
		i.add(-1, "the project's criticality is low")
	}
	i.clamp()

	r := stride.Risk{Likelihood: l.total, Impact: i.total}
	for g.state == stride.ControlUnknown && r.Severity() == stride.SeverityCritical {
		l.doubt("an unknown control never gives critical")
		r.Likelihood = l.total
	}
	return r, append(l.addends, i.addends...)
}

type tally struct {
	of      string
	total   int
	addends []stride.Addend
}

func (t *tally) add(points int, why string) {
	t.total += points
	t.addends = append(t.addends, stride.Addend{Of: t.of, Points: points, Why: why})
}

// doubt takes a point that an answer may give back.
func (t *tally) doubt(why string) {
	t.total--
	t.addends = append(t.addends, stride.Addend{Of: t.of, Points: -1, Why: why, Factor: stride.FactorUnknownControl})
}

func (t *tally) clamp() {
	if t.total > 4 {
		t.add(4-t.total, "4 is the highest")
	}
	if t.total < 1 {
		t.add(1-t.total, "1 is the lowest")
	}
}

// likelihoodMeaning and impactMeaning are DESIGN's scales in words.
var likelihoodMeaning = map[int]string{
	1: "needs several unlikely steps or an insider with rights",
	2: "needs a skilled attacker inside",
	3: "open to a skilled attacker outside, or to anybody inside",
	4: "open to anybody outside with common tools",
}

var impactMeaning = map[int]string{
	1: "nuisance",
	2: "one user's or internal data, or a short outage",
	3: "many users' or confidential data, or a long outage",
	4: "credentials, keys, payment, health, safety, or control of the system",
}

func (g *group) reachable() bool {
	for _, s := range g.sites {
		if s.edge != nil && s.edge.open() {
			return true
		}
		for _, n := range s.nodes {
			if n.exposed() || n.outside {
				return true
			}
		}
	}
	return false
}

// worstData returns the class with the highest impact that the targets hold or
// carry, the first in the list's order among equals.
func (g *group) worstData() (stride.DataClass, int) {
	var worst stride.DataClass
	impact := 0
	for _, class := range g.classes() {
		if class.Impact() > impact {
			worst, impact = class, class.Impact()
		}
	}
	return worst, impact
}

// classes returns the data classes of the group's targets, each once, in order.
func (g *group) classes() []stride.DataClass {
	var out []stride.DataClass
	add := func(classes []stride.DataClass) {
		for _, c := range classes {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	for _, s := range g.sites {
		if s.edge != nil {
			add(s.edge.Data)
		}
		for _, n := range s.nodes {
			add(n.Data)
		}
	}
	return out
}
