package draft

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

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
	report *stride.LLMReport

	mu sync.Mutex
	// floor maps the ids of candidates, c1, c2, to indices of out.Threats, which
	// floorThreats are as the rules drafted them.
	floor        map[string]int
	floorThreats []stride.Proposal
	heard        []heard
	// told is what was told last of each item.
	told map[string]string
	// until is when the time for asking ends.
	until time.Time
	added []stride.Proposal
	// by names the group in whose answer each of added stood.
	by []string
	// done of the planned questions have ended.
	done, planned int
	// stopped is the first error of emit or of the ledger, which ends the run.
	stopped error
}

// hybridize asks the model about the draft in out and completes it. Failures of
// the model are reported in out.LLM; an error is one of emit, of Done, of the
// ledger, or the end of ctx.
func (p *Pipeline) hybridize(ctx context.Context, in Input, out *Output, emit func(context.Context, Item) error) error {
	fixed, err := p.model.Prompts.Fixed()
	if err != nil {
		return fmt.Errorf("read the prompts: %w", err)
	}
	h := &hybrid{
		model: p.model, in: in, out: out, emit: emit, check: newChecker(&out.Architecture, in.Sources, fixed),
		zones: map[stride.Key]string{}, floor: map[string]int{}, floorThreats: slices.Clone(out.Threats), told: map[string]string{},
		report: &stride.LLMReport{Groups: []stride.LLMGroup{}, Dropped: []stride.LLMDrop{}},
	}
	if in.AskFor > 0 {
		limit, cancel := context.WithTimeout(ctx, in.AskFor)
		h.until, _ = limit.Deadline()
		cancel()
	}
	out.LLM = h.report
	for _, b := range out.Architecture.TrustBoundaries {
		h.zones[b.ID] = b.Name
	}
	for i := range out.Threats {
		h.floor[fmt.Sprintf("c%d", i+1)] = i
	}
	h.planned = 2 // the gaps and the measures
	var asking sync.WaitGroup
	if _, found := in.Finished[prompts.Extract]; found || in.Complete {
		h.planned++
		before := out.Architecture.Clone()
		asking.Go(func() { out.Found = h.complete(ctx, before) })
	}
	h.askGroups(ctx, &asking, groupsOf(&out.Architecture), "1")
	asking.Wait()
	h.settle(ctx)
	h.grow(ctx)
	h.askGaps(ctx)
	h.askMeasures(ctx)
	if h.stopped != nil {
		return h.stopped
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("draft: %w", err)
	}
	h.finish()
	return nil
}

func (h *hybrid) askGroups(ctx context.Context, asking *sync.WaitGroup, groups []group, place string) {
	h.mu.Lock()
	h.planned += len(groups)
	h.mu.Unlock()
	for i, g := range groups {
		asking.Go(func() { h.askGroup(ctx, g, fmt.Sprintf("%s.%02d", place, i)) })
	}
}

// askGroup asks for the threats of a group, has the bad ones corrected, and asks
// about halves where the answer did not fit.
func (h *hybrid) askGroup(ctx context.Context, g group, place string) {
	if h.hasStopped() {
		return
	}
	state := asked{place: place}
	state.Group = stride.LLMGroup{Key: g.key(), Task: prompts.Threats, Elements: g.names(), TargetIDs: g.keys()}
	halves, divisible := g.halves(&h.out.Architecture)
	if before, ok := h.restore(ctx, state.Group.Key, place); ok {
		if before.Group.Split && divisible {
			h.askHalves(ctx, halves, place)
		}
		return
	}
	c, err := h.ask(ctx, &state, prompts.Threats, h.aboutGroup(g), h.enums(g), func(c *collector, _ string, object []byte) { h.consider(ctx, c, &state, object) })
	if divisible && tooLong(err) {
		state.Group.Split, state.Group.Done = true, true
		h.ended(ctx, state.Checkpoint)
		h.askHalves(ctx, halves, place)
		return
	}
	if err == nil && len(c.bad) > 0 {
		h.repair(ctx, g, &state, c.bad)
	}
	h.ended(ctx, state.endedBy(err))
}

func (h *hybrid) askHalves(ctx context.Context, halves []group, place string) {
	var asking sync.WaitGroup
	h.askGroups(ctx, &asking, halves, place)
	asking.Wait()
}

// tooLong reports whether question or answer did not fit.
func tooLong(err error) bool {
	var f *llm.Failure
	return errors.As(err, &f) && (f.Kind == llm.Truncated || f.Kind == llm.ContextTooLong)
}

// restore takes over what an earlier run of the draft kept of a question that it
// finished; ok is false where it has not.
func (h *hybrid) restore(ctx context.Context, key, place string) (c Checkpoint, ok bool) {
	f, ok := h.in.Finished[key]
	if !ok {
		return Checkpoint{}, false
	}
	for _, p := range f.Items {
		h.keep(ctx, heard{place: place, group: key, p: p})
	}
	h.ended(ctx, f.Checkpoint)
	return f.Checkpoint, true
}

// grow takes over the parts and flows that the model found, has the rules draft for
// them, and asks about them. What was drafted before them stays.
func (h *hybrid) grow(ctx context.Context) {
	before := h.out.Architecture.Clone()
	if h.stopped != nil || !h.out.Architecture.Extend(h.out.Found) {
		return
	}
	h.check = newChecker(&h.out.Architecture, h.in.Sources, h.check.prompt)
	drafted := rules.Propose(&h.out.Architecture, rules.Options{Criticality: h.in.Criticality, All: h.in.All, MaxQuestions: h.in.MaxQuestions})
	h.out.Questions = drafted.Questions
	for _, p := range newVerifier(&h.out.Architecture, h.in.Sources).proposals(drafted.Proposals) {
		h.keep(ctx, heard{place: "2", p: p})
	}
	added := h.out.Architecture.Clone()
	added.Elements = slices.DeleteFunc(added.Elements, func(e stride.Element) bool {
		_, old := before.Element(e.ID)
		return old
	})
	var asking sync.WaitGroup
	h.askGroups(ctx, &asking, groupsOf(&added), "3")
	asking.Wait()
	h.settle(ctx)
}

// asked is a question under way. Its place is that among all questions; see heard.
type asked struct {
	Checkpoint

	place string
}

// endedBy returns the state of a question that ended with err.
func (c Checkpoint) endedBy(err error) Checkpoint {
	if c.Group.Done = err == nil; !c.Group.Done {
		c.Group.Kind, c.Group.Reason = failed(err)
	}
	return c
}

// ended records how a question ended and tells the caller, so that a repeated run
// need not ask again.
func (h *hybrid) ended(ctx context.Context, c Checkpoint) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.done++
	h.report.Groups = append(h.report.Groups, c.Group)
	h.report.Dropped = append(h.report.Dropped, c.Dropped...)
	h.report.DiscardedQuotes += c.DiscardedQuotes
	h.out.notApplicable = append(h.out.notApplicable, c.NotApplicable...)
	if c.Group.Provider != "" {
		h.report.Provider, h.report.Model = c.Group.Provider, c.Group.Model
	}
	if h.in.Done == nil || h.stopped != nil || ctx.Err() != nil {
		return
	}
	if err := h.in.Done(ctx, c, h.done, h.planned); err != nil {
		h.stopped = fmt.Errorf("end of question %s: %w", c.Group.Key, err)
	}
}

// collector hears one answer and hands on its objects.
type collector struct {
	objectReader
	bad []badItem
	// model and prompt are as in stride.Origin.
	model, prompt string
}

// badItem is an item that the checker refused.
type badItem struct {
	object string
	title  string
	reason string
}

// Begin starts over: an attempt before has failed.
func (c *collector) Begin(by llm.Description) {
	c.model = by.Provider + "/" + by.Model
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
func (h *hybrid) ask(
	ctx context.Context, state *asked, task string, q question, enums map[string][]string, each func(*collector, string, []byte),
) (*collector, error) {
	c := &collector{}
	c.each = func(list string, object []byte) { each(c, list, object) }
	request, err := h.model.render(task, q, enums)
	if err != nil {
		h.stop(err)
		return c, err
	}
	c.prompt = request.Task + "/" + request.PromptVersion
	asking, cancel := h.limited(ctx)
	defer cancel()
	answer, err := h.model.Asker.Ask(asking, request, c, h.in.Ledger)
	var f *llm.Failure
	if err != nil && !errors.As(err, &f) && ctx.Err() == nil {
		h.stop(err) // the ledger's own: no more is asked than can be accounted for
	}
	if err != nil {
		return c, err
	}
	state.Group.Provider, state.Group.Model = answer.Provider, answer.Model
	if c.seen == 0 && !c.whole() {
		return c, &llm.Failure{Kind: llm.Malformed, Message: "the model's answer holds no JSON"}
	}
	return c, nil
}

// limited returns the context of a question: it ends when the time for asking does,
// so that what has been drafted by then can be published.
func (h *hybrid) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if h.in.AskFor <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, h.until)
}

func (h *hybrid) hasStopped() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.stopped != nil
}

func (h *hybrid) stop(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped == nil {
		h.stopped = err
	}
}

// consider takes one object of an answer about threats.
func (h *hybrid) consider(ctx context.Context, c *collector, state *asked, object []byte) {
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
		state.DiscardedQuotes++
	}
	p.Origins = []stride.Origin{{By: "model", Model: c.model, Prompt: c.prompt, Title: p.Title, Statement: p.Statement}}
	h.keep(ctx, heard{place: state.place, group: state.Group.Key, p: p, improves: t.Improves})
}

// repair asks once more for the items that were refused, with the reasons. What is
// still bad is dropped with its reason.
func (h *hybrid) repair(ctx context.Context, g group, state *asked, bad []badItem) {
	const most = 12
	q := h.aboutGroup(g)
	for i, b := range bad[:min(len(bad), most)] {
		q.Refused = append(q.Refused, refusal{Index: i, Reason: b.reason, Item: oneLine(b.object)})
	}
	mended := map[int]bool{}
	c, err := h.ask(ctx, state, prompts.Repair, q, h.enums(g), func(c *collector, _ string, object []byte) {
		before := len(c.bad)
		h.consider(ctx, c, state, object)
		if i, ok := indexOf(object); ok && len(c.bad) == before {
			mended[i] = true
		}
	})
	again := map[int]badItem{}
	if err == nil {
		for _, b := range c.bad {
			if i, ok := indexOf([]byte(b.object)); ok {
				again[i] = b
			}
		}
	}
	for i, b := range bad {
		if worse, ok := again[i]; ok && !mended[i] {
			state.drop(prompts.Repair, worse.title, worse.reason)
		} else if !mended[i] {
			state.drop(prompts.Threats, b.title, b.reason)
		}
	}
}

// indexOf returns which of the refused items an object corrects; false where it
// does not say so.
func indexOf(object []byte) (int, bool) {
	var t struct {
		Index *int `json:"index"`
	}
	if decode(object, &t) != nil || t.Index == nil {
		return 0, false
	}
	return *t.Index, true
}

// drop notes an item that is not kept.
func (c *Checkpoint) drop(task, title, reason string) {
	c.Dropped = append(c.Dropped, stride.LLMDrop{Task: task, Title: cut(oneLine(title), maxTitle), Reason: reason})
}
