package analysis

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/threatdraft/threatdraft/internal/draft"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// publish turns what a run found into suggestions and ends the draft, in one
// transaction and only if the run is still this worker's. Nothing of a run that
// fails before is ever in the queue; nor is a draft of a version that was signed
// off, or of a project that was archived, while it ran.
func (r *Runner) publish(ctx context.Context, job DraftJob, in RunInput, out draft.Output) error {
	return r.Store.InRunTx(ctx, func(tx RunTx) error {
		project, err := tx.LockProject(ctx, in.Project.ID)
		if err != nil {
			return err
		}
		now, err := tx.DraftByID(ctx, job.DraftID)
		if err != nil {
			return err
		}
		switch {
		case now.Run != job.Run || now.LeaseOwner != r.Owner || now.State != stride.DraftRunning:
			return errLost
		case now.CancelRequested:
			return errCanceled
		}
		if err := archivedConflict(project); err != nil {
			return err
		}
		model, err := tx.Model(ctx, now.ModelID)
		if err != nil {
			return err
		}
		if err := closedConflict(model); err != nil {
			return err
		}
		p := publication{Runner: r.frozen(), tx: tx, draft: now, model: model, ids: make(map[string]stride.SuggestionID), missing: missingTargets(out.LLM)}
		if now.Outcome != nil { // an earlier run has published
			if p.ids, err = tx.DraftSuggestions(ctx, now.ID); err != nil {
				return fmt.Errorf("find what is published: %w", err)
			}
		}
		if err := p.extend(ctx, out); err != nil {
			return err
		}
		if err := p.supersedeOlder(ctx); err != nil {
			return err
		}
		if err := p.takeBack(ctx, out.Removed); err != nil {
			return err
		}
		if err := p.suggestions(ctx, out.Threats); err != nil {
			return err
		}
		if err := p.questions(ctx, out.Questions); err != nil {
			return err
		}
		if err := p.lateAnswers(ctx, in.ReadAt); err != nil {
			return err
		}
		return p.end(ctx, out)
	})
}

// publication is the state of one publishing transaction.
type publication struct {
	*Runner
	tx    RunTx
	draft stride.Draft
	model stride.ThreatModel
	// ids maps a proposal's id to the suggestion it became.
	ids   map[string]stride.SuggestionID
	known int
	// missing are the targets that a model was to draft for and did not.
	missing map[stride.Key]bool
}

func missingTargets(r *stride.LLMReport) map[stride.Key]bool {
	out := make(map[stride.Key]bool)
	for _, g := range r.Missing() {
		for _, k := range g.TargetIDs {
			out[k] = true
		}
	}
	return out
}

// extend adds what the model found to the version's Architecture, once.
func (p *publication) extend(ctx context.Context, out draft.Output) error {
	answered := out.LLM != nil && slices.ContainsFunc(out.LLM.Groups, func(g stride.LLMGroup) bool { return g.Task == draft.TaskExtract && g.Done })
	changed := p.model.Architecture.Extend(out.Found)
	if !changed && (!answered || p.model.ExtendedBy != "") {
		return nil
	}
	p.model.ExtendedBy = p.draft.ID
	p.model.Revision++
	if err := p.tx.ExtendModel(ctx, p.model); err != nil {
		return fmt.Errorf("extend the architecture: %w", err)
	}
	if !changed {
		return nil
	}
	payload := map[string]any{"draft_id": p.draft.ID, "elements": keysOf(out.Found.Elements, func(e stride.Element) stride.Key { return e.ID }),
		"flows": keysOf(out.Found.Flows, func(f stride.Flow) stride.Key { return f.ID })}
	return p.record(ctx, p.tx, stride.Actor{}, p.draft.ProjectID, stride.EventModelExtended, stride.SubjectModel, string(p.model.ID), payload)
}

func keysOf[T any](list []T, key func(T) stride.Key) []stride.Key {
	out := make([]stride.Key, 0, len(list))
	for _, v := range list {
		out = append(out, key(v))
	}
	return out
}

func (p *publication) suggestions(ctx context.Context, proposals []stride.Proposal) error {
	for _, proposal := range proposals {
		if id, published := p.ids[proposal.ID]; published {
			if err := p.redraft(ctx, id, proposal); err != nil {
				return fmt.Errorf("publish %q anew: %w", proposal.Title, err)
			}
			continue
		}
		if err := p.suggestion(ctx, proposal); err != nil {
			return fmt.Errorf("publish %q: %w", proposal.Title, err)
		}
	}
	return nil
}

// redraft gives a suggestion that an earlier run of the draft published what this one
// added to it, such as measures, unless somebody has touched it.
func (p *publication) redraft(ctx context.Context, id stride.SuggestionID, proposal stride.Proposal) error {
	sug, err := p.tx.SuggestionByID(ctx, id)
	if err != nil {
		return err
	}
	proposal = onTargets(proposal, sug.Fingerprints)
	if !untouched(sug) || same(sug.Proposal, proposal) {
		return nil
	}
	sug.Proposal, sug.Current = proposal, proposal
	if err := p.tx.RedraftSuggestion(ctx, sug); err != nil {
		return fmt.Errorf("redraft suggestion: %w", err)
	}
	payload := map[string]any{"draft_id": sug.DraftID, "title": proposal.Title}
	return p.record(ctx, p.tx, stride.Actor{}, sug.ProjectID, stride.EventSuggestionRedrafted, stride.SubjectSuggestion, string(sug.ID), payload)
}

// untouched reports whether nobody has decided, edited or answered anything about
// the suggestion.
func untouched(s stride.Suggestion) bool {
	return s.State == stride.SuggestionPending && same(s.Current, s.Proposal)
}

// same reports whether two proposals are stored as the same.
func same(a, b stride.Proposal) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// takeBack supersedes what an earlier run of the draft published and the model has
// taken back since, unless somebody has touched it.
func (p *publication) takeBack(ctx context.Context, removed []string) error {
	for _, key := range removed {
		id, published := p.ids[key]
		if !published {
			continue
		}
		sug, err := p.tx.SuggestionByID(ctx, id)
		if err != nil {
			return fmt.Errorf("load what is taken back: %w", err)
		}
		if !untouched(sug) {
			continue
		}
		if err := p.supersede(ctx, p.tx, p.tx, stride.Actor{}, sug, "the model took it back when it looked over the whole draft", ""); err != nil {
			return err
		}
	}
	return nil
}

// suggestion queues a proposal, without the targets on which the scope has an
// accepted threat, or this version a parked suggestion, already: those live on,
// and the threats are linked to this version.
func (p *publication) suggestion(ctx context.Context, proposal stride.Proposal) error {
	prints := draft.Fingerprints(p.draft.ProjectID, proposal)
	standing, err := p.tx.SameInScope(ctx, p.draft.ProjectID, p.model.Scope, sortedValues(prints))
	if err != nil {
		return fmt.Errorf("find the same: %w", err)
	}
	for _, old := range standing {
		if err := p.keep(ctx, old, prints); err != nil {
			return err
		}
	}
	if len(prints) == 0 {
		p.known++
		return nil
	}
	sug := stride.Suggestion{
		ID: stride.SuggestionID(p.NewID()), ProjectID: p.draft.ProjectID, ModelID: p.draft.ModelID, DraftID: p.draft.ID,
		State: stride.SuggestionPending, Proposal: onTargets(proposal, prints), Fingerprints: prints, Revision: 1, CreatedAt: p.Now(),
	}
	sug.Current = sug.Proposal
	p.ids[proposal.ID] = sug.ID
	if err := p.insert(ctx, sug); err != nil {
		return err
	}
	return nil
}

// keep takes the targets out of prints that an old suggestion has settled.
func (p *publication) keep(ctx context.Context, old stride.Suggestion, prints map[stride.Key]string) error {
	accepted := old.State == stride.SuggestionAccepted
	parked := old.ModelID == p.model.ID && old.State != stride.SuggestionPending
	if !accepted && !parked {
		return nil
	}
	for target, f := range old.Fingerprints {
		if prints[target] == f {
			delete(prints, target)
		}
	}
	if !accepted {
		return nil
	}
	if err := p.tx.LinkThreat(ctx, p.model.ID, old.ThreatID); err != nil {
		return fmt.Errorf("link threat: %w", err)
	}
	return nil
}

// supersedeOlder takes what earlier drafts left pending out of the queue, as far
// as this one has covered its targets: in this version, and in older ones that
// were never submitted. What is under review elsewhere stays there.
func (p *publication) supersedeOlder(ctx context.Context) error {
	pending, err := p.tx.PendingInScope(ctx, p.draft.ProjectID, p.model.Scope, p.model.Number, p.draft.ID)
	if err != nil {
		return fmt.Errorf("find what earlier drafts left: %w", err)
	}
	for _, old := range pending {
		if old.ModelID != p.model.ID && (old.Submitted || !p.covers(old.Current.TargetIDs)) {
			continue
		}
		if p.lacks(old.Current.TargetIDs) {
			continue
		}
		if err := p.supersede(ctx, p.tx, p.tx, stride.Actor{}, old, "a newer draft takes its place", ""); err != nil {
			return err
		}
	}
	return nil
}

// covers reports whether the version has all of the targets.
func (p *publication) covers(targets []stride.Key) bool {
	for _, id := range targets {
		if p.model.Architecture.TargetName(id) == "" {
			return false
		}
	}
	return true
}

// lacks reports whether the draft is still to be completed for one of the targets.
func (p *publication) lacks(targets []stride.Key) bool {
	return slices.ContainsFunc(targets, func(k stride.Key) bool { return p.missing[k] })
}

// onTargets is the proposal about the targets that have a fingerprint.
func onTargets(proposal stride.Proposal, prints map[stride.Key]string) stride.Proposal {
	ids, names := make([]stride.Key, 0, len(prints)), make([]string, 0, len(prints))
	for i, id := range proposal.TargetIDs {
		if _, kept := prints[id]; kept {
			ids, names = append(ids, id), append(names, proposal.Targets[i])
		}
	}
	proposal.TargetIDs, proposal.Targets = ids, names
	return proposal
}

// lateAnswers applies the answers that were given while the run was at work.
func (p *publication) lateAnswers(ctx context.Context, since time.Time) error {
	answers, err := p.tx.AnswersOf(ctx, p.model.ID)
	if err != nil {
		return fmt.Errorf("load answers: %w", err)
	}
	for _, a := range answers {
		if a.At.Before(since) {
			continue
		}
		if _, err := p.settle(ctx, p.tx, p.tx, stride.Actor{User: a.ActorID}, a); err != nil {
			return fmt.Errorf("apply answer %s: %w", a.ID, err)
		}
	}
	return nil
}

func (p *publication) insert(ctx context.Context, sug stride.Suggestion) error {
	if err := p.tx.InsertSuggestion(ctx, sug); err != nil {
		return fmt.Errorf("insert suggestion: %w", err)
	}
	payload := map[string]any{"draft_id": sug.DraftID, "title": sug.Proposal.Title}
	err := p.record(ctx, p.tx, stride.Actor{}, sug.ProjectID, stride.EventSuggestionCreated, stride.SubjectSuggestion, string(sug.ID), payload)
	if err != nil {
		return err
	}
	return p.enter(ctx, p.tx, sug.ProjectID, stride.SubjectSuggestion, string(sug.ID), string(sug.State))
}

// sortedValues lists the fingerprints.
func sortedValues(prints map[stride.Key]string) []string {
	out := make([]string, 0, len(prints))
	for _, f := range prints {
		out = append(out, f)
	}
	slices.Sort(out)
	return out
}

// questions stores the questions that the draft has not asked yet.
func (p *publication) questions(ctx context.Context, questions []stride.Question) error {
	var asked []stride.StoredQuestion
	if p.draft.Outcome != nil {
		var err error
		if asked, err = p.tx.DraftQuestions(ctx, p.draft); err != nil {
			return fmt.Errorf("find what is asked: %w", err)
		}
	}
	for _, q := range questions {
		if slices.ContainsFunc(asked, func(a stride.StoredQuestion) bool {
			return a.Control == q.Control && slices.Equal(a.Targets, q.TargetIDs)
		}) {
			continue
		}
		stored := stride.StoredQuestion{
			ID: stride.QuestionID(p.NewID()), ModelID: p.draft.ModelID, DraftID: p.draft.ID, Rank: len(asked) + 1,
			Text: q.Text, Control: q.Control, Targets: q.TargetIDs, Suggestions: []stride.SuggestionID{},
		}
		for _, id := range q.ThreatIDs {
			if sug, ok := p.ids[id]; ok {
				stored.Suggestions = append(stored.Suggestions, sug)
			}
		}
		if err := p.tx.InsertQuestion(ctx, stored); err != nil {
			return fmt.Errorf("insert question: %w", err)
		}
		asked = append(asked, stored)
	}
	return nil
}

func (p *publication) end(ctx context.Context, out draft.Output) error {
	d := p.draft
	d.State = stride.DraftSucceeded
	if len(out.LLM.Missing()) > 0 {
		d.State = stride.DraftPartial
	}
	d.Progress = stride.Progress{Stage: "done", Done: len(out.Threats), Total: len(out.Threats)}
	d.Outcome = &stride.DraftOutcome{
		Suggestions: len(p.ids), AlreadyAccepted: p.known, HeldBack: out.HeldBack,
		Mitigated: out.Mitigated, Coverage: out.Coverage, Notes: out.Notes, LLM: out.LLM,
	}
	ok, err := p.endDraft(ctx, p.tx, p.tx, p.tx, stride.Actor{}, &d, stride.DraftRunning)
	if err != nil {
		return err
	}
	if !ok {
		return errLost
	}
	return nil
}
