package draft

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
	"github.com/threatdraft/threatdraft/prompts"
)

// maxCells bounds how many empty cells one question asks about.
const maxCells = 60

// askGaps has the model look over the whole: it takes out what it has said twice,
// and answers for the cells that want an answer and have none. "Not applicable,
// because" fills the matrix.
func (h *hybrid) askGaps(ctx context.Context) {
	if ctx.Err() != nil || h.stopped != nil || len(h.report.Missing()) > 0 {
		return // what is missing is asked for first
	}
	if before, ok := h.restore(ctx, prompts.Gaps, "4"); ok {
		h.remove(before.Removed)
		return
	}
	cells, order := h.emptyCells()
	added, drafted := h.drafted()
	if len(order) == 0 && len(added) == 0 {
		return
	}
	g := h.groupFor(order)
	q := h.aboutGroup(g)
	for _, k := range order {
		q.Cells = append(q.Cells, emptyCells{ID: h.check.long[k], Categories: strings.Join(cells[k], ", ")})
	}
	q.Drafted = drafted
	enums := h.enums(g)
	enums["added"], enums["drafted"] = []string{}, []string{""}
	for _, c := range drafted {
		enums["drafted"] = append(enums["drafted"], c.ID)
		if _, mine := added[c.ID]; mine {
			enums["added"] = append(enums["added"], c.ID)
		}
	}
	state := aboutAll(prompts.Gaps)
	state.place = "4"
	var drops []dropped
	_, err := h.ask(ctx, &state, prompts.Gaps, q, enums, func(c *collector, list string, object []byte) {
		var d dropped
		switch {
		case list == "not_applicable":
			h.takeReason(&state, object)
		case list != "drop":
			h.consider(ctx, c, &state, object)
		case decode(object, &d) == nil:
			drops = append(drops, d)
		}
	})
	if err == nil {
		h.drop(ctx, &state, drops, added, drafted)
	}
	h.ended(ctx, state.endedBy(err))
}

// emptyCells returns the categories without an answer by target, and the targets in
// the order of the Architecture.
func (h *hybrid) emptyCells() (empty map[stride.Key][]string, order []stride.Key) {
	all := slices.Concat(h.out.Threats, h.added)
	empty = map[stride.Key][]string{}
	count := 0
	for _, c := range coverage(&h.out.Architecture, all, h.out.Mitigated, h.out.notApplicable) {
		if c.State != stride.CellEmpty || count == maxCells {
			continue
		}
		if empty[c.TargetID] == nil {
			order = append(order, c.TargetID)
		}
		empty[c.TargetID] = append(empty[c.TargetID], words(c.Category))
		count++
	}
	return empty, order
}

// drafted lists every threat in a line, and maps the ids of those that the model
// added, m1, m2, to their own.
func (h *hybrid) drafted() (added map[string]string, all []candidate) {
	added = map[string]string{}
	for i, p := range h.out.Threats {
		all = append(all, h.candidate(fmt.Sprintf("c%d", i+1), p))
	}
	for i, p := range h.added {
		id := fmt.Sprintf("m%d", i+1)
		if p.Rule != "" {
			id = fmt.Sprintf("c%d", len(h.out.Threats)+i+1)
		} else {
			added[id] = p.ID
		}
		all = append(all, h.candidate(id, p))
	}
	return added, all
}

// dropped is a threat of the model's that it takes back.
type dropped struct {
	ID      string `json:"id"`
	Repeats string `json:"repeats"`
	Reason  string `json:"reason"`
}

// drop takes out what the model has taken back of its own, never what a rule
// drafted. Where it would drop most of it, it has not understood the question, and
// all stays.
func (h *hybrid) drop(ctx context.Context, state *asked, drops []dropped, added map[string]string, drafted []candidate) {
	titles := map[string]string{}
	for _, c := range drafted {
		titles[c.ID] = c.Title
	}
	gone, words := map[string]string{}, map[string]string{}
	for _, d := range drops {
		_, mine := added[d.ID]
		_, kept := titles[d.Repeats]
		if !mine || d.Repeats == d.ID || d.Repeats != "" && (!kept || gone[d.Repeats] != "") || d.Repeats == "" && oneLine(d.Reason) == "" {
			continue
		}
		words[d.ID] = d.Repeats
		gone[d.ID] = "the model takes it back: " + cut(oneLine(d.Reason), maxTitle)
		if d.Repeats != "" {
			gone[d.ID] = fmt.Sprintf("it repeats %q", titles[d.Repeats])
		}
	}
	if 2*len(gone) > len(added) {
		return
	}
	for _, c := range drafted {
		if why, ok := gone[c.ID]; ok {
			h.wordGuess(ctx, words[c.ID], added[c.ID])
			state.Removed = append(state.Removed, added[c.ID])
			state.drop(prompts.Gaps, c.Title, why)
		}
	}
	h.remove(state.Removed)
}

// wordGuess gives a guess of a rule the words of the model's threat that goes because
// it says the same: by which mechanism it happens.
func (h *hybrid) wordGuess(ctx context.Context, candidate, added string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i, ok := h.floor[candidate]
	j := slices.IndexFunc(h.added, func(p stride.Proposal) bool { return p.ID == added })
	if !ok || j < 0 || !isGuess(h.out.Threats[i]) || h.out.Threats[i].Category != h.added[j].Category {
		return
	}
	h.enrich(ctx, prompts.Gaps, i, h.added[j])
}

// remove takes proposals of the model out, by id.
func (h *hybrid) remove(ids []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.out.Removed = append(h.out.Removed, ids...)
	var added []stride.Proposal
	var by []string
	for i, p := range h.added {
		if p.Rule == "" && slices.Contains(ids, p.ID) {
			continue
		}
		added, by = append(added, p), append(by, h.by[i])
	}
	h.added, h.by = added, by
}
