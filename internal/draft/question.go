package draft

import (
	"context"
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
		q.Candidates = append(q.Candidates, candidate{ID: id, Letter: letters[t.Category], Title: t.Title, Targets: strings.Join(h.shortIDs(t.TargetIDs), " ")})
	}
	return q
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

// maxCells bounds how many empty cells one question asks about.
const maxCells = 60

// askGaps asks about the cells that want an answer and have none. "Not applicable,
// because" fills the matrix.
func (h *hybrid) askGaps(ctx context.Context) {
	if ctx.Err() != nil || h.stopped != nil || len(h.report.Missing()) > 0 {
		return // what is missing is asked for first
	}
	if _, ok := h.restore(ctx, prompts.Gaps); ok {
		return
	}
	all := slices.Concat(h.out.Threats, h.added)
	cells := coverage(&h.out.Architecture, all, h.out.Mitigated, h.out.notApplicable)
	empty := map[stride.Key][]string{}
	var order []stride.Key
	count := 0
	for _, c := range cells {
		if c.State != stride.CellEmpty || count == maxCells {
			continue
		}
		if empty[c.TargetID] == nil {
			order = append(order, c.TargetID)
		}
		empty[c.TargetID] = append(empty[c.TargetID], words(c.Category))
		count++
	}
	if count == 0 {
		return
	}
	g := h.groupFor(order)
	q := h.aboutGroup(g)
	for _, k := range order {
		q.Cells = append(q.Cells, emptyCells{ID: h.check.long[k], Categories: strings.Join(empty[k], ", ")})
	}
	state := aboutAll(prompts.Gaps)
	_, err := h.ask(ctx, &state, prompts.Gaps, q, h.enums(g), func(c *collector, list string, object []byte) {
		if list == "not_applicable" {
			h.takeReason(&state, object)
			return
		}
		h.consider(ctx, c, &state, object)
	})
	h.askMitigations(ctx, g, &state)
	h.ended(ctx, state.endedBy(err))
}

// aboutAll begins the state of the one question of a task.
func aboutAll(task string) Checkpoint {
	return Checkpoint{Group: stride.LLMGroup{Key: task, Task: task, Elements: []string{}, TargetIDs: []stride.Key{}}}
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
func (h *hybrid) takeReason(state *Checkpoint, object []byte) {
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
	if !known || !cell.Category.Valid() || len(reason) < least || len(reason) > most || addresses.MatchString(reason) {
		state.drop(prompts.Gaps, reason, "not applicable: target, category or reason is not as asked")
		return
	}
	state.NotApplicable = append(state.NotApplicable, stride.Cell{
		TargetID: key, Category: cell.Category, State: stride.CellNotApplicable, Reason: "by the model: " + reason,
	})
}

// askMitigations asks what to do about the threats that the model added in its
// answer about the group.
func (h *hybrid) askMitigations(ctx context.Context, g group, state *Checkpoint) {
	key := state.Group.Key
	h.mu.Lock()
	var asked []int
	q := question{Excerpt: excerpt(h.in.Sources, g)}
	for i, p := range h.added {
		if h.by[i] == key && p.Rule == "" && len(p.Mitigations) == 0 {
			q.Threats = append(q.Threats, numbered{Index: len(asked), Statement: p.Statement, Targets: strings.Join(p.Targets, ", ")})
			asked = append(asked, i)
		}
	}
	h.mu.Unlock()
	if len(asked) == 0 || ctx.Err() != nil {
		return
	}
	_, err := h.ask(ctx, state, prompts.Mitigations, q, nil, func(_ *collector, _ string, object []byte) { h.takeMitigation(state, object, asked) })
	if err != nil { // a threat without measures is still one
		kind, reason := failed(err)
		state.drop(prompts.Mitigations, strings.Join(g.names(), ", "), string(kind)+": "+reason)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, i := range asked {
		if len(h.added[i].Mitigations) > 0 {
			h.tell(ctx, key, h.added[i])
		}
	}
}

// mostMeasures is how many measures a threat takes from a model.
const mostMeasures = 3

// takeMitigation gives a measure to the threat that it is for; asked holds the
// indices of those that the question numbered.
func (h *hybrid) takeMitigation(state *Checkpoint, object []byte, asked []int) {
	const least, most = 15, 400
	var m struct {
		Index      int      `json:"index"`
		Text       string   `json:"text"`
		References []string `json:"references"`
	}
	text := ""
	if decode(object, &m) == nil {
		text = oneLine(m.Text)
	}
	if m.Index < 0 || m.Index >= len(asked) || len(text) < least || len(text) > most || addresses.MatchString(text) {
		state.drop(prompts.Mitigations, text, "mitigation: index or text is not as asked")
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if list := &h.added[asked[m.Index]].Mitigations; len(*list) < mostMeasures {
		*list = append(*list, stride.ProposedMitigation{Text: text, References: references(m.References)})
	}
}
