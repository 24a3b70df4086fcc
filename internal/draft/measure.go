package draft

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"sync"

	"github.com/threatdraft/threatdraft/internal/stride"
	"github.com/threatdraft/threatdraft/prompts"
)

// measured is how many threats one question about measures is about.
const measured = 24

// askMeasures asks what to do about the threats that the model added, some at a
// time. A threat without measures is still one.
func (h *hybrid) askMeasures(ctx context.Context) {
	asked := map[string]bool{}
	for _, f := range h.in.Finished {
		for _, id := range f.Measured {
			asked[id] = true
		}
		if f.Group.Task == prompts.Mitigations {
			h.ended(ctx, f.Checkpoint)
		}
	}
	var open []int
	for i, p := range h.added {
		if p.Rule == "" && len(p.Mitigations) == 0 && !asked[p.ID] {
			open = append(open, i)
		}
	}
	slices.SortFunc(open, func(a, b int) int {
		return cmp.Or(cmp.Compare(h.added[a].TargetIDs[0], h.added[b].TargetIDs[0]), cmp.Compare(h.added[a].ID, h.added[b].ID))
	})
	var asking sync.WaitGroup
	h.mu.Lock()
	h.planned += max(0, (len(open)-1)/measured)
	h.mu.Unlock()
	for batch := range slices.Chunk(open, measured) {
		asking.Go(func() { h.askBatch(ctx, batch) })
	}
	asking.Wait()
}

// askBatch asks about the added threats with the indices.
func (h *hybrid) askBatch(ctx context.Context, batch []int) {
	if ctx.Err() != nil || h.hasStopped() {
		return
	}
	state := aboutAll(prompts.Mitigations)
	var q question
	var about []stride.Key
	h.mu.Lock()
	for n, i := range batch {
		p := h.added[i]
		q.Threats = append(q.Threats, numbered{Index: n, Statement: p.Statement, Targets: strings.Join(p.Targets, ", ")})
		state.Measured = append(state.Measured, p.ID)
		for _, k := range p.TargetIDs {
			if !slices.Contains(about, k) {
				about = append(about, k)
			}
		}
	}
	h.mu.Unlock()
	sum := sha256.Sum256([]byte(strings.Join(state.Measured, "\x00")))
	state.Group.Key = prompts.Mitigations + "-" + hex.EncodeToString(sum[:8])
	g := h.groupFor(about)
	state.Group.Elements = g.names()
	q.Excerpt = excerpt(h.in.Sources, g)
	_, err := h.ask(ctx, &state, prompts.Mitigations, q, nil, func(_ *collector, _ string, object []byte) { h.takeMitigation(&state, object, batch) })
	h.mu.Lock()
	for _, i := range batch {
		if len(h.added[i].Mitigations) > 0 {
			h.tell(ctx, h.by[i], h.added[i])
		}
	}
	h.mu.Unlock()
	h.ended(ctx, state.endedBy(err))
}

// mostMeasures is how many measures a threat takes from a model.
const mostMeasures = 3

// takeMitigation gives a measure to the threat that it is for; asked holds the
// indices of those that the question numbered.
func (h *hybrid) takeMitigation(state *asked, object []byte, asked []int) {
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
	if m.Index < 0 || m.Index >= len(asked) || len(text) < least || len(text) > most || h.check.steers(text) != "" {
		state.drop(prompts.Mitigations, text, "mitigation: index or text is not as asked")
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	list := &h.added[asked[m.Index]].Mitigations
	said := slices.ContainsFunc(*list, func(have stride.ProposedMitigation) bool { return have.Text == text }) // by an attempt that broke off
	if !said && len(*list) < mostMeasures {
		*list = append(*list, stride.ProposedMitigation{Text: text, References: references(m.References)})
	}
}
