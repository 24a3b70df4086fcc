package rules

import (
	"cmp"
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// ranked is a proposal with what breaks ties.
type ranked struct {
	stride.Proposal
	specificity int
}

// specificity says how much the proposal rests on what is stated: 3 more where
// the source denies the control or tells the fact, and that of the topic.
func (g *group) specificity() int {
	if g.state == stride.ControlAbsent || len(g.told) > 0 {
		return g.rule.specificity + 3
	}
	return g.rule.specificity
}

// doubtful reports whether nothing but a kind of part speaks for the proposal in a
// source that names its gaps itself.
func (g *group) doubtful(d *design) bool {
	return g.rule.common && d.outspoken && g.state == stride.ControlUnknown && len(g.told) == 0 && g.said() == ""
}

// unfounded reports whether a reserved rule, away from its field, has nothing but a
// kind of part to rest on.
func (g *group) unfounded(d *design) bool {
	return g.rule.reserved && (g.rule.home == nil || !g.rule.home(d)) && g.state == stride.ControlUnknown && len(g.told) == 0 && g.said() == ""
}

// sorted puts found into the order of priority, in place.
func sorted(found []ranked) []ranked {
	slices.SortStableFunc(found, byPriority)
	return found
}

// priority is likelihood times impact, 1-16, and what the source vouches for: 4
// where it denies the control, 2 where it tells the fact. A stated gap of medium
// severity goes before a high guess, and no further.
func (r ranked) priority() int {
	return r.Likelihood*r.Impact + 2*(r.Confidence.Rank()-stride.ConfidenceLow.Rank())
}

// byPriority puts the highest priority first, then the most confident, then the
// most specific (stated absence, then attacks of a stated technology, then what
// fits many systems), then by id.
func byPriority(a, b ranked) int {
	return cmp.Or(
		cmp.Compare(b.priority(), a.priority()),
		cmp.Compare(b.Confidence.Rank(), a.Confidence.Rank()),
		cmp.Compare(b.specificity, a.specificity),
		cmp.Compare(a.ID, b.ID),
	)
}

// alwaysKept is how many proposals of the highest priority no ceiling holds back;
// it is below any ceiling less the places of the categories.
const alwaysKept = 6

// within keeps at most limit proposals in their order. A twelfth of the places is
// each category's own, so that what scores low by its nature, as repudiation
// does, is not held back as a whole. The rest goes to what the source denies, then
// to what names a mechanism, and last to what fits many systems: a reader misses
// the last the least.
func within(found []ranked, limit int) []ranked {
	if len(found) <= limit {
		return found
	}
	keep := make([]bool, len(found))
	left := limit
	own := map[stride.Category]int{}
	for i, r := range found {
		if i < alwaysKept || own[r.Category] < limit/12 {
			own[r.Category]++
			keep[i] = true
			left--
		}
	}
	order := make([]int, len(found))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(found[b].specificity, found[a].specificity) })
	for _, i := range order {
		if !keep[i] && left > 0 {
			keep[i] = true
			left--
		}
	}
	out := make([]ranked, 0, limit)
	for i, r := range found {
		if keep[i] {
			out = append(out, r)
		}
	}
	return out
}

// maxGuessed bounds the proposals that rest on silence by default, less those that
// rest on something stated: the more there is to read of what is known, the less
// is read of what may be.
const maxGuessed = 28

// leastGuessed is how many proposals that rest on silence stay in any case.
const leastGuessed = 10

// lessGuessed keeps all that rests on something stated, and of the rest as many of
// the highest priority as maxGuessed leaves room for.
func lessGuessed(found []ranked) []ranked {
	room := maxGuessed
	for _, r := range found {
		if r.Confidence != stride.ConfidenceLow {
			room--
		}
	}
	room = max(room, leastGuessed)
	stated := make([]ranked, 0, len(found))
	guessed := make([]ranked, 0, len(found))
	for _, r := range found {
		if r.Confidence == stride.ConfidenceLow {
			guessed = append(guessed, r)
		} else {
			stated = append(stated, r)
		}
	}
	return sorted(append(stated, within(guessed, room)...))
}

// ceiling is how many proposals a design of n elements yields by default:
// a reader who gets more of them stops reading.
func ceiling(n int) int { return min(12+n, 40) }
