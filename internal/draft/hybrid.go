package draft

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/threatdraft/threatdraft/internal/llm"
	"github.com/threatdraft/threatdraft/internal/rules"
	"github.com/threatdraft/threatdraft/internal/stride"
	"github.com/threatdraft/threatdraft/prompts"
)

// hybrid adds to the rules' proposals what a model finds. The rules' proposals are
// the floor: a model may word one better, and nothing that it says removes one.
type hybrid struct {
	model  *Model
	in     Input
	out    *Output
	check  *checker
	zones  map[stride.Key]string
	emit   func(context.Context, Item) error
	report *LLMReport

	mu sync.Mutex
	// floor maps the ids of candidates, c1, c2, to indices of out.Threats.
	floor map[string]int
	added []stride.Proposal
	// by names the group in whose answer each of added stood.
	by []string
	// stopped is the first error of emit, which ends the run.
	stopped error
}

// hybridize asks the model about the draft in out and completes it. Failures of
// the model are reported in out.LLM; an error is one of emit or the end of ctx.
func (p *Pipeline) hybridize(ctx context.Context, in Input, out *Output, emit func(context.Context, Item) error) error {
	fixed, err := p.model.Prompts.Fixed()
	if err != nil {
		return fmt.Errorf("read the prompts: %w", err)
	}
	h := &hybrid{
		model: p.model, in: in, out: out, emit: emit, check: newChecker(&out.Architecture, in.Sources, fixed),
		zones: map[stride.Key]string{}, floor: map[string]int{}, report: &LLMReport{Groups: []GroupState{}, Dropped: []Drop{}},
	}
	out.LLM = h.report
	for _, b := range out.Architecture.TrustBoundaries {
		h.zones[b.ID] = b.Name
	}
	for i := range out.Threats {
		h.floor[fmt.Sprintf("c%d", i+1)] = i
	}
	var asking sync.WaitGroup
	completed := out.Architecture
	if in.Complete {
		asking.Go(func() { completed = h.complete(ctx, out.Architecture) })
	}
	for _, g := range groupsOf(&out.Architecture) {
		asking.Go(func() { h.askGroup(ctx, g) })
	}
	asking.Wait()
	h.grow(ctx, completed)
	h.askGaps(ctx)
	if h.stopped != nil {
		return h.stopped
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("draft: %w", err)
	}
	h.finish()
	return nil
}

// askGroup asks for the threats of a group, has the bad ones corrected, and asks
// about halves where the answer did not fit.
func (h *hybrid) askGroup(ctx context.Context, g group) {
	state := GroupState{Key: g.key(), Task: prompts.Threats, Elements: g.names()}
	if items, ok := h.in.Finished[state.Key]; ok {
		for _, p := range items {
			h.keep(ctx, state.Key, p, "")
		}
		state.Done = true
		h.ended(ctx, state)
		return
	}
	c, err := h.ask(ctx, prompts.Threats, h.aboutGroup(g), h.enums(g), func(c *collector, _ string, object []byte) { h.consider(ctx, c, state.Key, object) })
	if halves, ok := g.halves(&h.out.Architecture); ok && tooLong(err) {
		for _, half := range halves {
			h.askGroup(ctx, half)
		}
		return
	}
	if err == nil && len(c.bad) > 0 {
		h.repair(ctx, g, state.Key, c.bad)
	}
	h.askMitigations(ctx, g, state.Key)
	h.ended(ctx, state.with(err))
}

// tooLong reports whether question or answer did not fit.
func tooLong(err error) bool {
	var f *llm.Failure
	return errors.As(err, &f) && (f.Kind == llm.Truncated || f.Kind == llm.ContextTooLong)
}

// grow takes over the parts and flows that the model found, has the rules draft for
// them, and asks about them. What was drafted before them stays.
func (h *hybrid) grow(ctx context.Context, completed stride.Architecture) {
	before := map[stride.Key]bool{}
	for _, e := range h.out.Architecture.Elements {
		before[e.ID] = true
	}
	if len(completed.Elements)+len(completed.Flows) == len(h.out.Architecture.Elements)+len(h.out.Architecture.Flows) || h.stopped != nil {
		return
	}
	h.out.Architecture = completed
	h.check = newChecker(&h.out.Architecture, h.in.Sources, h.check.prompt)
	drafted := rules.Propose(&h.out.Architecture, rules.Options{Criticality: h.in.Criticality, All: h.in.All, MaxQuestions: h.in.MaxQuestions})
	h.out.Questions = drafted.Questions
	for _, p := range newVerifier(&h.out.Architecture, h.in.Sources).proposals(drafted.Proposals) {
		h.keep(ctx, "", p, "")
	}
	added := completed
	added.Elements = slices.DeleteFunc(slices.Clone(completed.Elements), func(e stride.Element) bool { return before[e.ID] })
	var asking sync.WaitGroup
	for _, g := range groupsOf(&added) {
		asking.Go(func() { h.askGroup(ctx, g) })
	}
	asking.Wait()
}

// with returns the state of a question that ended with err.
func (s GroupState) with(err error) GroupState {
	if s.Done = err == nil; !s.Done {
		s.Kind, s.Reason = failed(err)
	}
	return s
}

// ended records how a question ended and tells the caller of a finished group, so
// that a repeated run need not ask again.
func (h *hybrid) ended(ctx context.Context, s GroupState) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.report.Groups = append(h.report.Groups, s)
	if s.Done && h.in.Done != nil && h.stopped == nil {
		if err := h.in.Done(ctx, s); err != nil {
			h.stopped = fmt.Errorf("finish group %s: %w", s.Key, err)
		}
	}
}

// collector hears one answer and hands on its objects.
type collector struct {
	objectReader
	bad []badItem
}

// badItem is an item that the checker refused.
type badItem struct {
	object string
	title  string
	reason string
}

// Begin starts over: an attempt before has failed.
func (c *collector) Begin() {
	c.objectReader = objectReader{each: c.each}
	c.bad = nil
}

// Text reads the next piece of the answer.
func (c *collector) Text(piece string) error {
	c.feed(piece)
	return nil
}

// ask renders the prompt of a task, asks, and hands each object of the answer on.
// An answer without any object that is not whole either is malformed.
func (h *hybrid) ask(ctx context.Context, task string, q question, enums map[string][]string, each func(*collector, string, []byte)) (*collector, error) {
	c := &collector{}
	c.each = func(list string, object []byte) { each(c, list, object) }
	request, err := h.model.render(task, q, enums)
	if err != nil {
		return c, err
	}
	answer, err := h.model.Asker.Ask(ctx, request, c, h.in.Ledger)
	if err != nil {
		return c, err
	}
	h.mu.Lock()
	h.report.Provider, h.report.Model = answer.Provider, answer.Model
	h.mu.Unlock()
	if c.seen == 0 && !c.whole() {
		return c, &llm.Failure{Kind: llm.Malformed, Message: "the model's answer holds no JSON"}
	}
	return c, nil
}

// consider takes one object of an answer about threats.
func (h *hybrid) consider(ctx context.Context, c *collector, group string, object []byte) {
	var t modelThreat
	if err := decode(object, &t); err != nil {
		c.bad = append(c.bad, badItem{object: string(object), reason: "it is not the JSON that the schema asks for: " + err.Error()})
		return
	}
	p, discarded, reason := h.check.proposal(t)
	if reason != "" {
		c.bad = append(c.bad, badItem{object: string(object), title: t.Title, reason: reason})
		return
	}
	if discarded {
		h.mu.Lock()
		h.report.DiscardedQuotes++
		h.mu.Unlock()
	}
	h.keep(ctx, group, p, t.Improves)
}

// repair asks once more for the items that were refused, with the reasons. What is
// still bad is dropped with its reason.
func (h *hybrid) repair(ctx context.Context, g group, key string, bad []badItem) {
	const most = 12
	q := h.aboutGroup(g)
	for i, b := range bad[:min(len(bad), most)] {
		q.Refused = append(q.Refused, refusal{Index: i, Reason: b.reason, Item: oneLine(b.object)})
	}
	mended := map[int]bool{}
	c, err := h.ask(ctx, prompts.Repair, q, h.enums(g), func(c *collector, _ string, object []byte) {
		before := len(c.bad)
		h.consider(ctx, c, key, object)
		var t struct {
			Index int `json:"index"`
		}
		if decode(object, &t) == nil && len(c.bad) == before {
			mended[t.Index] = true
		}
	})
	for i, b := range bad {
		if !mended[i] {
			h.drop(prompts.Threats, b.title, b.reason)
		}
	}
	if err == nil {
		for _, b := range c.bad {
			h.drop(prompts.Repair, b.title, b.reason)
		}
	}
}

func (h *hybrid) drop(task, title, reason string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.report.Dropped = append(h.report.Dropped, Drop{Task: task, Title: cut(oneLine(title), maxTitle), Reason: reason})
}

// keep takes a verified proposal: as a better wording of a candidate, or as a new
// one where nothing says the same yet.
func (h *hybrid) keep(ctx context.Context, group string, p stride.Proposal, improves string) {
	h.mu.Lock()
	defer h.mu.Unlock()
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
	if i, ok := h.floor[improves]; ok && improvable(h.out.Threats[i], p) {
		h.enrich(ctx, group, i, p)
		return
	}
	for i := range h.out.Threats {
		if similar(h.out.Threats[i], p) {
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
	p.Origins = []stride.Origin{h.origin(p)}
	h.added, h.by = append(h.added, p), append(h.by, group)
	h.tell(ctx, group, p)
}

func (h *hybrid) origin(p stride.Proposal) stride.Origin {
	return stride.Origin{By: "model", Title: p.Title, Statement: p.Statement}
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
	t.Origins = []stride.Origin{{By: "rule", Title: t.Title, Statement: t.Statement}, h.origin(p)}
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

// tell hands an item on; its key stays when it is worded better.
func (h *hybrid) tell(ctx context.Context, group string, p stride.Proposal) {
	if h.emit == nil || h.stopped != nil {
		return
	}
	if err := h.emit(ctx, Item{Key: p.ID, Proposal: p, Group: group}); err != nil {
		h.stopped = fmt.Errorf("emit proposal %s: %w", p.ID, err)
	}
}

// Limits of a hybrid draft: what a reader takes in.
const (
	mostOfSmall = 45 // below smallSystem elements
	smallSystem = 15
	mostOfLarge = 70
)

// finish puts what was added behind what it equals in priority, within the limit of
// the draft.
func (h *hybrid) finish() {
	limit := mostOfLarge
	if len(h.out.Architecture.Elements) < smallSystem {
		limit = mostOfSmall
	}
	slices.SortStableFunc(h.added, func(a, b stride.Proposal) int {
		return cmp.Or(cmp.Compare(priority(b), priority(a)), cmp.Compare(a.ID, b.ID))
	})
	room := max(0, limit-len(h.out.Threats))
	if over := len(h.added) - room; over > 0 && !h.in.All {
		h.report.HeldBack, h.added = over, h.added[:room]
	}
	h.out.Threats = append(h.out.Threats, h.added...)
	slices.SortStableFunc(h.out.Threats, func(a, b stride.Proposal) int { return cmp.Compare(priority(b), priority(a)) })
	slices.SortFunc(h.report.Groups, func(a, b GroupState) int { return cmp.Or(cmp.Compare(a.Task, b.Task), cmp.Compare(a.Key, b.Key)) })
	slices.SortFunc(h.report.Dropped, func(a, b Drop) int {
		return cmp.Or(strings.Compare(a.Task, b.Task), strings.Compare(a.Title, b.Title), strings.Compare(a.Reason, b.Reason))
	})
}

// priority is likelihood times impact, and what the source vouches for; as the
// rules rank.
func priority(p stride.Proposal) int {
	return p.Likelihood*p.Impact + 2*(p.Confidence.Rank()-stride.ConfidenceLow.Rank())
}
