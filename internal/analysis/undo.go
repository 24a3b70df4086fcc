package analysis

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// UndoTx takes a decision back.
type UndoTx interface {
	DecisionReader
	// MarkUndone notes that a decision was taken back; Conflict where it was already.
	MarkUndone(ctx context.Context, id stride.DecisionID) error
	// TakeBackThreat deletes a threat that nobody has touched since a suggestion of
	// the model became it, with its intervals; Conflict where somebody has.
	TakeBackThreat(ctx context.Context, id stride.ThreatID, m stride.ModelID) error
	// UndoInterval takes the subject's current interval away and goes on with the one
	// before.
	UndoInterval(ctx context.Context, subject stride.Subject, id string) error
}

// UndoWithin is how long a decision can be taken back.
const UndoWithin = 15 * time.Minute

// before is what an undo of a decision restores.
func before(sug stride.Suggestion) *stride.Before {
	return &stride.Before{
		State: sug.State, Ask: sug.Ask, MergedInto: sug.MergedInto, ParkedUntil: sug.ParkedUntil, DecidedAt: sug.DecidedAt, DecidedBy: sug.DecidedBy,
	}
}

// Undo takes the last decision on a suggestion back: all is as before, but for the
// version and the history, which has one event more. One's own, or, for an admin,
// anybody's; within 15 minutes; unless something has been built on it: a threat that
// was worked on, a version that was signed off. The threat of an undone acceptance
// counts nowhere. Wants If-Match, as a decision does.
func (s *Reviews) Undo(ctx context.Context, call Call, id stride.SuggestionID) (stride.Suggestion, error) {
	seen, err := s.Store.Suggestion(ctx, call.Actor.Reach(stride.RoleViewer), id)
	if err != nil {
		return seen, err
	}
	if err := requireRole(call.Actor, seen.ProjectID, stride.RoleReviewer, "suggestion"); err != nil {
		return seen, err
	}
	var out stride.Suggestion
	err = s.Store.InReviewTx(ctx, func(tx ReviewTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.Suggestion, error) { return s.undoOne(ctx, tx, call, seen) })
		return err
	})
	return out, err
}

func (s *Reviews) undoOne(ctx context.Context, tx ReviewTx, call Call, seen stride.Suggestion) (stride.Suggestion, error) {
	p, sug, err := lockSuggestion(ctx, tx, seen)
	if err != nil {
		return sug, err
	}
	at := s.frozen()
	last, conflict, err := at.undoable(ctx, tx, p, sug)
	if err != nil {
		return sug, err
	}
	if err := call.Match.check(sug.Revision, conflict, sug); err != nil {
		return sug, err
	}
	if last.ActorID != call.Actor.User && !call.Actor.RoleIn(sug.ProjectID).AtLeast(stride.RoleAdmin) {
		return sug, stride.Errorf(stride.Forbidden, "the last decision is somebody else's; an admin may undo it, or reconsider it")
	}
	return at.undo(ctx, tx, call.Actor, sug, last)
}

// undoable returns the last decision, or why it cannot be taken back.
func (s *Reviews) undoable(ctx context.Context, tx ReviewTx, p stride.Project, sug stride.Suggestion) (last stride.Decision, conflict, err error) {
	all, err := tx.Decisions(ctx, sug.ID)
	if err != nil {
		return last, nil, fmt.Errorf("load decisions: %w", err)
	}
	m, err := tx.Model(ctx, sug.ModelID)
	if err != nil {
		return last, nil, fmt.Errorf("load model: %w", err)
	}
	if len(all) > 0 {
		last = all[len(all)-1]
	}
	var why string
	switch {
	case len(all) == 0:
		why = "nothing has been decided yet"
	case last.Kind == stride.DecisionUndo:
		why = "the last decision was taken back already"
	case last.Before == nil:
		why = "the last decision cannot be taken back; reconsider it"
	case last.At.Add(UndoWithin).Before(s.Now()):
		why = fmt.Sprintf("the last decision is more than %d minutes old; reconsider it", int(UndoWithin/time.Minute))
	case p.ArchivedAt != nil:
		why = "the project is archived"
	case m.CompletedAt != nil && !m.CompletedAt.Before(last.At):
		why = "the version was signed off since"
	default:
		return last, nil, nil
	}
	return last, &stride.Error{Kind: stride.Conflict, Message: why, Current: sug}, nil
}

func (s *Reviews) undo(ctx context.Context, tx ReviewTx, actor stride.Actor, sug stride.Suggestion, last stride.Decision) (stride.Suggestion, error) {
	from, threat, was := sug.State, sug.ThreatID, last.Before
	if last.Kind == stride.DecisionAccept {
		if err := tx.TakeBackThreat(ctx, threat, sug.ModelID); err != nil {
			return sug, err
		}
		sug.ThreatID = ""
	}
	if err := s.moveBack(ctx, tx, sug.ID, last); err != nil {
		return sug, err
	}
	sug.State, sug.Ask, sug.MergedInto, sug.ParkedUntil = was.State, was.Ask, was.MergedInto, was.ParkedUntil
	sug.DecidedAt, sug.DecidedBy = was.DecidedAt, was.DecidedBy
	if was.Current != nil {
		sug.Current, sug.Fingerprints = *was.Current, was.Fingerprints
	}
	if err := tx.UpdateSuggestion(ctx, sug, from); err != nil {
		return sug, fmt.Errorf("restore suggestion %s: %w", sug.ID, err)
	}
	sug.Revision++
	if err := tx.MarkUndone(ctx, last.ID); err != nil {
		return sug, err
	}
	err := tx.InsertDecision(ctx, stride.Decision{
		ID: stride.DecisionID(s.NewID()), SuggestionID: sug.ID, Kind: stride.DecisionUndo, ActorID: actor.User, At: s.Now(),
	})
	if err != nil {
		return sug, fmt.Errorf("insert decision: %w", err)
	}
	payload := map[string]any{"decision_id": last.ID, "decision": last.Kind, "from": from, "to": sug.State, "threat_id": threat}
	err = s.record(ctx, tx, actor, sug.ProjectID, stride.EventSuggestionUndone, stride.SubjectSuggestion, string(sug.ID), payload)
	if err != nil || from == sug.State {
		return sug, err
	}
	return sug, tx.UndoInterval(ctx, stride.SubjectSuggestion, string(sug.ID))
}

// moveBack undoes what a merge did to others: those that moved along and are still
// where it put them.
func (s *Reviews) moveBack(ctx context.Context, tx ReviewTx, id stride.SuggestionID, merge stride.Decision) error {
	if merge.Into == "" || len(merge.Before.Moved) == 0 {
		return nil
	}
	there, err := tx.MergedInto(ctx, merge.Into)
	if err != nil {
		return fmt.Errorf("find what was merged: %w", err)
	}
	back := slices.DeleteFunc(slices.Clone(merge.Before.Moved), func(m stride.SuggestionID) bool { return !slices.Contains(there, m) })
	return tx.PointMerged(ctx, back, id)
}
