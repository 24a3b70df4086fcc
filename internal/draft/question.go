package draft

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
	"github.com/threatdraft/threatdraft/prompts"
)

// mostThreats is how many threats a question about one element asks for.
const mostThreats = 3

// aboutGroup is the question about a group: its parts and flows, whom they talk to,
// what the rules drafted for them, and what the text says of them.
func (h *hybrid) aboutGroup(g group) question {
	q := question{Excerpt: excerpt(h.in.Sources, g), Accepted: h.in.Accepted, Rejected: h.in.Rejected, Most: max(4, mostThreats*len(g.elements))}
	inside := map[stride.Key]bool{}
	for _, e := range g.elements {
		inside[e.ID] = true
		q.Elements = append(q.Elements, h.check.describe(e, h.zones))
	}
	var around []string
	near := func(k stride.Key) {
		if name := h.out.Architecture.TargetName(k); !inside[k] && !slices.Contains(around, name) {
			around = append(around, name)
		}
	}
	for _, f := range g.flows {
		inside[f.ID] = true
		q.Flows = append(q.Flows, h.check.describeFlow(f))
		near(f.SourceID)
		near(f.TargetID)
	}
	q.Neighbours = strings.Join(around, ", ")
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range h.candidatesOf(inside) {
		t := h.out.Threats[h.floor[id]]
		if isGuess(t) {
			q.Most++ // its wording comes on top
		}
		q.Candidates = append(q.Candidates, h.candidate(id, t))
	}
	return q
}

// candidate is a proposal in a line.
func (h *hybrid) candidate(id string, p stride.Proposal) candidate {
	return candidate{
		ID: id, Letter: letters[p.Category], Title: p.Title, Targets: strings.Join(h.shortIDs(p.TargetIDs), " "),
		Guess: p.Confidence == stride.ConfidenceLow,
	}
}

// candidatesOf returns the ids of the rules' proposals on one of the targets, in
// the order of priority.
func (h *hybrid) candidatesOf(targets map[stride.Key]bool) []string {
	var out []string
	for id, i := range h.floor {
		if slices.ContainsFunc(h.out.Threats[i].TargetIDs, func(k stride.Key) bool { return targets[k] }) {
			out = append(out, id)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return h.floor[a] - h.floor[b] })
	return out
}

func (h *hybrid) shortIDs(keys []stride.Key) []string {
	const most = 4
	out := make([]string, 0, len(keys))
	for _, k := range keys[:min(len(keys), most)] {
		out = append(out, h.check.long[k])
	}
	return out
}

// enums are the values that the schema allows in an answer about the group.
func (h *hybrid) enums(g group) map[string][]string {
	inside := map[stride.Key]bool{}
	var targets []string
	for _, e := range g.elements {
		inside[e.ID] = true
		targets = append(targets, h.check.long[e.ID])
	}
	for _, f := range g.flows {
		inside[f.ID] = true
		targets = append(targets, h.check.long[f.ID])
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return map[string][]string{"targets": targets, "candidates": append([]string{""}, h.candidatesOf(inside)...)}
}

// aboutAll begins the state of the one question of a task.
func aboutAll(task string) asked {
	return asked{Checkpoint: Checkpoint{Group: stride.LLMGroup{Key: task, Task: task, Elements: []string{}, TargetIDs: []stride.Key{}}}}
}

// groupFor returns the elements and flows with the keys as one group.
func (h *hybrid) groupFor(keys []stride.Key) group {
	var g group
	for _, k := range keys {
		if e, ok := h.out.Architecture.Element(k); ok {
			g.elements = append(g.elements, e)
		}
		if f, ok := h.out.Architecture.Flow(k); ok {
			g.flows = append(g.flows, f)
		}
	}
	return g
}

// takeReason fills a cell that does not apply, where the model says why.
func (h *hybrid) takeReason(state *asked, object []byte) {
	const least, most = 15, 240
	var cell struct {
		Target   string          `json:"target"`
		Category stride.Category `json:"category"`
		Reason   string          `json:"reason"`
	}
	if decode(object, &cell) != nil {
		return
	}
	key, known := h.check.short[cell.Target]
	reason := oneLine(cell.Reason)
	if !known || !cell.Category.Valid() || len(reason) < least || len(reason) > most || h.check.dictated(reason) != "" {
		state.drop(prompts.Gaps, reason, "not applicable: target, category or reason is not as asked")
		return
	}
	if slices.ContainsFunc(state.NotApplicable, func(c stride.Cell) bool { return c.TargetID == key && c.Category == cell.Category }) {
		return // said before, by an attempt that broke off
	}
	state.NotApplicable = append(state.NotApplicable, stride.Cell{
		TargetID: key, Category: cell.Category, State: stride.CellNotApplicable, Reason: "by the model: " + reason,
	})
}
