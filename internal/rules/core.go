package rules

import (
	"cmp"
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// besideTheCore is how many proposals on unknown controls a family of rules makes
// at most of a design whose main parts it does not touch: what a project's build
// is open to is worth a word beside its core, and no more.
const besideTheCore = 3

// mainParts returns the keys of the elements that the source says most of, by
// flows and quotes, a quarter of all and at least three, and of the flows between
// them.
func (d *design) mainParts() map[stride.Key]bool {
	said := func(n *node) int { return len(n.in) + len(n.out) + len(n.Evidence) }
	order := slices.Clone(d.nodes)
	slices.SortStableFunc(order, func(a, b *node) int { return cmp.Compare(said(b), said(a)) })
	out := map[stride.Key]bool{}
	for _, n := range order[:min(len(order), max(3, len(order)/4))] {
		out[n.ID] = true
	}
	for _, e := range d.edges {
		if out[e.from.ID] && out[e.to.ID] {
			out[e.ID] = true
		}
	}
	return out
}

// aroundTheCore leaves out what families of rules have to say of the periphery,
// beyond the first few and what the source denies or tells. Found is in the order
// of priority.
func (d *design) aroundTheCore(found []ranked) []ranked {
	main := d.mainParts()
	core := map[string]bool{}
	for _, r := range found {
		if slices.ContainsFunc(r.TargetIDs, func(k stride.Key) bool { return main[k] }) {
			core[family(r.Rule)] = true
		}
	}
	count := map[string]int{}
	out := make([]ranked, 0, len(found))
	for _, r := range found {
		if f := family(r.Rule); r.Confidence == stride.ConfidenceLow && !core[f] {
			if count[f]++; count[f] > besideTheCore {
				continue
			}
		}
		out = append(out, r)
	}
	return out
}

// family is what the id of a rule begins with: "supply" of "supply-dependency".
func family(rule string) string {
	name, _, _ := strings.Cut(rule, "-")
	return name
}
