package rules

import (
	"cmp"
	"maps"
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
	order := slices.Clone(d.nodes)
	slices.SortStableFunc(order, func(a, b *node) int { return cmp.Compare(b.prominence(), a.prominence()) })
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

// prominence counts the flows and quotes of n.
func (n *node) prominence() int { return len(n.in) + len(n.out) + len(n.Evidence) }

// heart returns the key of the element that the source says most of, the first of
// several.
func (d *design) heart() stride.Key {
	var best *node
	for _, n := range d.nodes {
		if best == nil || n.prominence() > best.prominence() {
			best = n
		}
	}
	if best == nil {
		return ""
	}
	return best.ID
}

// aroundTheCore leaves out what families of rules have to say of the periphery,
// beyond the first few and what the source denies or tells. Found is in the order
// of priority.
func (d *design) aroundTheCore(found []ranked) []ranked {
	main := d.main
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

// mostGuessed and mostGuessedOfMain bound the proposals of low confidence on one
// part and on one of the main parts: one part that was misread, or of which nothing
// is known but its kind, must not fill the draft.
const (
	mostGuessed       = 4
	mostGuessedOfMain = 8
)

// lessOfOnePart leaves out what is guessed of a part beyond the first few, counted
// by the part that a proposal names first. What threatens another part as well,
// which has had less, stays. Found is in the order of priority.
func (d *design) lessOfOnePart(found []ranked) []ranked {
	main := d.main
	receiver := make(map[stride.Key]stride.Key, len(d.edges))
	for _, e := range d.edges {
		receiver[e.ID] = e.to.ID
	}
	count := map[stride.Key]int{}
	full := func(target stride.Key) bool {
		part := cmp.Or(receiver[target], target)
		return count[part] >= mostGuessedOfMain || !main[part] && count[part] >= mostGuessed
	}
	out := make([]ranked, 0, len(found))
	for _, r := range found {
		if r.Confidence == stride.ConfidenceLow && len(r.TargetIDs) > 0 {
			if !slices.ContainsFunc(r.TargetIDs, func(k stride.Key) bool { return !full(k) }) {
				continue
			}
			count[cmp.Or(receiver[r.TargetIDs[0]], r.TargetIDs[0])]++
		}
		out = append(out, r)
	}
	return out
}

// withCore gives each main part of which kept has nothing to say the best that
// found has, in place of what kept has last where the limit is reached: a reader
// looks for the core of the system first. Both are in the order of priority.
func (d *design) withCore(kept, found []ranked, limit int) []ranked {
	named := map[stride.Key]bool{}
	name := func(r ranked) {
		for _, k := range r.TargetIDs {
			named[k] = true
		}
	}
	for _, r := range kept {
		name(r)
	}
	core := map[stride.Key]bool{}
	main := d.main
	for _, n := range d.nodes {
		core[n.ID] = main[n.ID] && len(n.in)+len(n.out) > 0 && !named[n.ID]
	}
	var missed []ranked
	for _, r := range found {
		if slices.ContainsFunc(r.TargetIDs, func(k stride.Key) bool { return core[k] && !named[k] }) {
			missed = append(missed, r)
			name(r)
		}
	}
	if len(missed) == 0 {
		return kept
	}
	kept = kept[:max(0, min(len(kept), limit-len(missed)))]
	return sorted(append(slices.Clone(kept), missed...))
}

// enough is how many proposals of a limit a draft should have where the rules have
// so much to say: three quarters of it.
func enough(limit int) int { return limit * 3 / 4 }

// mostOfMain bounds the proposals on one main part that come back by refilled.
const mostOfMain = mostGuessedOfMain + 2

// refilled gives back what the smaller bounds held back of the main parts and of
// those who run the system, in the order of held, as long as kept has less than wanted: they keep noise out of a full
// draft, and a thin one has room. It stands after kept, because it was held back.
func (d *design) refilled(kept, held []ranked, wanted int) []ranked {
	if len(kept) >= wanted {
		return kept
	}
	have := make(map[string]bool, len(kept))
	count := map[stride.Key]int{}
	for _, r := range kept {
		have[r.ID] = true
		count[first(r)]++
	}
	main := maps.Clone(d.main)
	for _, n := range d.nodes {
		main[n.ID] = main[n.ID] && !n.inPassing() || n.insider()
	}
	out := slices.Clone(kept)
	for _, r := range held {
		if len(out) >= wanted {
			break
		}
		if !have[r.ID] && count[first(r)] < mostOfMain && slices.ContainsFunc(r.TargetIDs, func(k stride.Key) bool { return main[k] }) {
			have[r.ID] = true
			count[first(r)]++
			out = append(out, r)
		}
	}
	return out
}

// first is the target that a proposal names first, "" where it has none.
func first(r ranked) stride.Key {
	if len(r.TargetIDs) == 0 {
		return ""
	}
	return r.TargetIDs[0]
}

// family is what the id of a rule begins with: "supply" of "supply-dependency".
func family(rule string) string {
	name, _, _ := strings.Cut(rule, "-")
	return name
}
