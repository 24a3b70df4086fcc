package draft

import "github.com/threatdraft/threatdraft/internal/stride"

// coverage lists the cells that want an answer, elements before flows, each in
// STRIDE order. A threat outranks a mitigation, which outranks an answer.
func coverage(a *stride.Architecture, threats []stride.Proposal, done []stride.Mitigated, answered []stride.Cell) []stride.Cell {
	type place struct {
		target   stride.Key
		category stride.Category
	}
	filled := map[place]stride.Cell{}
	for _, c := range answered {
		filled[place{c.TargetID, c.Category}] = c
	}
	for _, m := range done {
		for _, k := range m.TargetIDs {
			filled[place{k, m.Category}] = stride.Cell{State: stride.CellMitigated, Reason: m.Title}
		}
	}
	titled := map[place]bool{}
	for _, p := range threats {
		for _, k := range p.TargetIDs {
			at := place{k, p.Category}
			if !titled[at] {
				titled[at] = true
				filled[at] = stride.Cell{State: stride.CellThreat, Reason: p.Title}
			}
		}
	}
	out := []stride.Cell{}
	add := func(k stride.Key, wanted []stride.Category) {
		for _, c := range wanted {
			cell := stride.Cell{TargetID: k, Category: c, State: stride.CellEmpty}
			if got, ok := filled[place{k, c}]; ok {
				cell.State, cell.Reason = got.State, got.Reason
			}
			out = append(out, cell)
		}
	}
	for _, e := range a.Elements {
		if !e.OutOfScope {
			add(e.ID, e.WantedCategories())
		}
	}
	for _, f := range a.Flows {
		if !f.OutOfScope {
			add(f.ID, f.WantedCategories())
		}
	}
	return out
}
