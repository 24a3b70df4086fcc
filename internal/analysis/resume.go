package analysis

import (
	"context"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Resume asks for what a draft lacks: the questions without an answer of one that
// ended partial, or all that a failed one had not finished. What it has published
// stays. Conflict where it ended otherwise or goes on still, where the model is
// signed off or its project archived, and where a newer draft has taken its place.
func (s *Drafts) Resume(ctx context.Context, call Call, id stride.DraftID) (stride.Draft, error) {
	d, err := s.Store.Draft(ctx, call.Actor.Reach(stride.RoleViewer), id)
	if err != nil {
		return d, err
	}
	if err := requireRole(call.Actor, d.ProjectID, stride.RoleAuthor, "draft"); err != nil {
		return d, err
	}
	var out stride.Draft
	err = s.Store.InDraftTx(ctx, func(tx DraftTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.Draft, error) { return s.resume(ctx, tx, call.Actor, d) })
		return err
	})
	return out, err
}

func (s *Drafts) resume(ctx context.Context, tx DraftTx, actor stride.Actor, d stride.Draft) (stride.Draft, error) {
	p, err := tx.LockProject(ctx, d.ProjectID)
	if err != nil {
		return d, err
	}
	s = s.frozen()
	if d, err = tx.DraftByID(ctx, d.ID); err != nil {
		return d, err
	}
	if err := s.resumable(ctx, tx, p, d); err != nil {
		return d, err
	}
	was, from := d.Run, d.State
	d.Run++
	d.FirstRun, d.State = d.Run, stride.DraftQueued
	d.Failure, d.EndedAt, d.CancelRequested = nil, nil, false
	if d.JobID, err = tx.EnqueueDraft(ctx, DraftJob{DraftID: d.ID, Run: d.Run}); err != nil {
		return d, fmt.Errorf("enqueue draft: %w", err)
	}
	ok, err := tx.ResumeDraft(ctx, d, was, s.Now())
	if err != nil {
		return d, fmt.Errorf("resume draft: %w", err)
	}
	if !ok {
		return d, stride.Errorf(stride.Conflict, "the draft has changed; read it again")
	}
	moved := move{From: string(from), To: string(d.State)}
	if err := s.record(ctx, tx, actor, d.ProjectID, stride.EventDraftResumed, stride.SubjectDraft, string(d.ID), moved); err != nil {
		return d, err
	}
	return d, s.tellState(ctx, tx, d)
}

// resumable returns the Conflict that stands in the way.
func (s *Drafts) resumable(ctx context.Context, tx DraftTx, p stride.Project, d stride.Draft) error {
	if d.State != stride.DraftPartial && d.State != stride.DraftFailed {
		return &stride.Error{Kind: stride.Conflict, Message: fmt.Sprintf("only a partial or failed draft can be resumed; it is %s", d.State), Current: d}
	}
	if err := archivedConflict(p); err != nil {
		return err
	}
	if d.Drafter == stride.DrafterHybrid && !s.Hybrid {
		return &stride.Error{Kind: stride.Conflict, Message: "no language model is configured on this server, so nothing can be added", Current: d}
	}
	m, err := tx.Model(ctx, d.ModelID)
	if err != nil {
		return err
	}
	if err := closedConflict(m); err != nil {
		return err
	}
	newer, err := tx.NewerDraft(ctx, d)
	if err != nil {
		return fmt.Errorf("look for a newer draft: %w", err)
	}
	if newer {
		return &stride.Error{Kind: stride.Conflict, Message: "a newer draft of the scope takes its place; resume that one, or draft again", Current: d}
	}
	return nil
}

// Calls lists a draft's calls to language models, oldest first, with their sums.
func (s *Drafts) Calls(ctx context.Context, actor stride.Actor, id stride.DraftID, p Page) (Listing[stride.LLMCall], stride.LLMUsage, error) {
	d, err := s.Get(ctx, actor, id)
	if err != nil {
		return Listing[stride.LLMCall]{}, stride.LLMUsage{}, err
	}
	return s.Store.DraftCalls(ctx, d.ID, p)
}

// withoutPublishing sets how a run ends that published nothing. A draft of which an
// earlier run has published stays partial: what is in the queue is there.
func withoutPublishing(d *stride.Draft, state stride.DraftState, failure *stride.DraftFailure) {
	if d.State, d.Failure = state, failure; d.Outcome == nil {
		return
	}
	d.State = stride.DraftPartial
	if failure == nil {
		d.Failure = &stride.DraftFailure{Kind: string(state), Detail: "the resumed run was " + string(state) + "; what was drafted before stands"}
	}
}
