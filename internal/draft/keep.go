package draft

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// heard is a verified proposal as it came.
type heard struct {
	// place is that of its question among all, in the order of the text.
	place, group string
	p            stride.Proposal
	improves     string
}

// keep takes a verified proposal and tells of it at once.
func (h *hybrid) keep(ctx context.Context, one heard) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.heard = append(h.heard, one)
	h.take(ctx, one)
}

// settle takes all proposals anew in the order of their questions. They came as fast
// as the model wrote them; which of two that say the same stays must not depend on
// that, or equal answers would give unequal drafts.
func (h *hybrid) settle(ctx context.Context) {
	h.mu.Lock()
	defer h.mu.Unlock()
	slices.SortStableFunc(h.heard, func(a, b heard) int { return cmp.Compare(a.place, b.place) })
	h.out.Threats, h.added, h.by = slices.Clone(h.floorThreats), nil, nil
	for _, one := range h.heard {
		h.take(ctx, one)
	}
}

// take has a proposal word a candidate better, or stand for itself where nothing
// says the same yet.
func (h *hybrid) take(ctx context.Context, one heard) {
	group, p := one.group, one.p
	if h.stopped != nil {
		return
	}
	for i := range h.out.Threats {
		if p.ID != "" && h.out.Threats[i].ID == p.ID {
			if len(p.Origins) > 0 {
				h.out.Threats[i] = p // an earlier run had it worded
			}
			return
		}
	}
	if p.Rule != "" {
		h.added, h.by = append(h.added, p), append(h.by, group) // of a part that the model found
		h.tell(ctx, group, p)
		return
	}
	if i, ok := h.floor[one.improves]; ok && improvable(h.out.Threats[i], p) {
		h.enrich(ctx, group, i, p)
		return
	}
	for i := range h.out.Threats {
		if similar(h.out.Threats[i], p) || isGuess(h.out.Threats[i]) && answersGuess(h.out.Threats[i], p) {
			h.enrich(ctx, group, i, p)
			return
		}
	}
	for i := range h.added {
		if similar(h.added[i], p) {
			return // said before, by another group or an attempt that failed later
		}
	}
	p.ID = stride.Fingerprint("", p.TargetIDs[0], p.Category, attackOf(p))
	for slices.ContainsFunc(h.added, func(have stride.Proposal) bool { return have.ID == p.ID }) {
		if len(p.CWE) == 0 {
			return // the very title again
		}
		p.CWE = p.CWE[1:] // another attack under the same weakness
		p.ID = stride.Fingerprint("", p.TargetIDs[0], p.Category, attackOf(p))
	}
	h.added, h.by = append(h.added, p), append(h.by, group)
	h.tell(ctx, group, p)
}

// improvable reports whether p may reword the candidate: it is the same kind of
// attack on one of its targets, and says something of what the candidate says.
func improvable(have, p stride.Proposal) bool {
	if have.Category != p.Category || !shareTarget(have, p) || len(p.Statement) < len(have.Statement)/4 {
		return false
	}
	names := nameWords(append(slices.Clone(p.Targets), have.Targets...)...)
	return overlap(contentOf(p.Title+" "+p.Statement, names), contentOf(have.Title+" "+have.Statement, names)) > 0
}

// enrich gives the candidate the model's wording and evidence. What the rule
// stands for stays: its targets, its risk, its measures, and its own words beside.
func (h *hybrid) enrich(ctx context.Context, group string, i int, p stride.Proposal) {
	t := &h.out.Threats[i]
	if len(t.Origins) > 0 {
		return // worded already
	}
	t.Origins = append([]stride.Origin{{By: "rule", Title: t.Title, Statement: t.Statement}}, p.Origins...)
	t.Title, t.Statement = p.Title, p.Statement
	for _, e := range p.Evidence {
		if e.Kind == stride.Quoted && !slices.ContainsFunc(t.Evidence, func(have stride.Evidence) bool { return have.Start == e.Start && have.End == e.End }) {
			t.Evidence = append([]stride.Evidence{e}, t.Evidence...)
		}
	}
	if p.Confidence.Rank() > t.Confidence.Rank() {
		t.Confidence = p.Confidence
	}
	h.tell(ctx, group, *t)
}

// tell hands an item on where it is new or has changed; its key stays when it is
// worded better.
func (h *hybrid) tell(ctx context.Context, group string, p stride.Proposal) {
	state := fmt.Sprint(p.Title, len(p.Mitigations))
	if h.emit == nil || h.stopped != nil || h.told[p.ID] == state {
		return
	}
	h.told[p.ID] = state
	if err := h.emit(ctx, Item{Key: p.ID, Proposal: p, Group: group}); err != nil {
		h.stopped = fmt.Errorf("emit proposal %s: %w", p.ID, err)
	}
}

// Limits of a hybrid draft: what a reader takes in.
const (
	mostOfSmall = 45 // below smallSystem elements; one more for each beyond
	smallSystem = 15
	mostOfLarge = 70
)

// finish puts the draft together in the order of priority, within its limit. What a
// rule draws from the text always stays, and so does what a model has worded; guesses
// of rules compete for the rest of the room with what the model added.
func (h *hybrid) finish() {
	limit := mostOfSmall
	if over := len(h.out.Architecture.Elements) - smallSystem; over >= 0 {
		limit = min(mostOfSmall+over, mostOfLarge)
	}
	var fixed []stride.Proposal
	open := slices.Clone(h.added)
	for _, p := range h.out.Threats {
		if isGuess(p) {
			open = append(open, p)
		} else {
			fixed = append(fixed, p)
		}
	}
	slices.SortStableFunc(open, func(a, b stride.Proposal) int {
		return cmp.Or(cmp.Compare(priority(b), priority(a)), cmp.Compare(a.ID, b.ID))
	})
	room := max(0, limit-len(fixed))
	if over := len(open) - room; over > 0 && !h.in.All {
		h.report.HeldBack, open = over, open[:room]
		h.out.HeldBack += over
	}
	h.out.Threats = slices.Concat(fixed, open)
	slices.SortStableFunc(h.out.Threats, func(a, b stride.Proposal) int { return cmp.Compare(priority(b), priority(a)) })
	slices.SortFunc(h.report.Groups, func(a, b stride.LLMGroup) int { return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.Key, b.Key)) })
	slices.SortFunc(h.report.Dropped, func(a, b stride.LLMDrop) int {
		return cmp.Or(strings.Compare(a.Task, b.Task), strings.Compare(a.Title, b.Title), strings.Compare(a.Reason, b.Reason))
	})
}

// isGuess reports whether a rule proposed p although nothing in the text speaks for
// it, and no model has worded it.
func isGuess(p stride.Proposal) bool {
	return p.Rule != "" && p.Confidence == stride.ConfidenceLow && len(p.Origins) == 0
}

// priority is likelihood times impact, and what the source vouches for. That weighs
// more here than where rules rank alone: a guess of theirs stands behind what the
// model says by which mechanism. What a rule and a model both found goes first: a
// reader of the first page wants what is plain before what is remarkable.
func priority(p stride.Proposal) int {
	const vouched, agreed = 4, 10
	points := p.Likelihood*p.Impact + vouched*(p.Confidence.Rank()-stride.ConfidenceLow.Rank())
	if p.Rule != "" && len(p.Origins) > 0 {
		points += agreed
	}
	return points
}
