package rules

import (
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// ordinary reports whether the rule keeps quiet at the site because nothing is
// stated there, neither of the control nor a fact that makes the attack more
// likely than in any other system.
func (r *Rule) ordinary(s site, state stride.ControlState) bool {
	return state == stride.ControlUnknown && r.singled != nil && s.told == nil && !r.singled(s)
}

// measures returns what the rules leave to hygiene: each measure with the parts
// that it is for, in the order of the rules.
func measures(list []Rule, found [][]site) []string {
	var order []string
	parts := map[string]*nameList{}
	for i := range list {
		r := &list[i]
		if r.singled == nil || r.Measure == "" {
			continue
		}
		for _, s := range found[i] {
			if !s.quiet {
				continue
			}
			if parts[r.Measure] == nil {
				parts[r.Measure] = &nameList{}
				order = append(order, r.Measure)
			}
			for _, n := range s.nodes {
				parts[r.Measure].add(n.Name)
			}
		}
	}
	out := make([]string, 0, len(order))
	for _, measure := range order {
		if names := parts[measure].names; len(names) > 0 {
			out = append(out, measure+" ("+join(names, 3)+")")
		}
	}
	return out
}

// ofElement makes a fact of a node one of the sites that threaten it.
func ofElement(fact func(*node) bool) func(site) bool {
	return func(s site) bool { return slices.ContainsFunc(s.nodes, fact) }
}

// ofFlow makes a fact of an edge one of the sites of a rule on flows.
func ofFlow(fact func(*edge) bool) func(site) bool {
	return func(s site) bool { return s.edge != nil && fact(s.edge) }
}
