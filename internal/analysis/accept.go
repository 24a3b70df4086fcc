package analysis

import (
	"context"
	"fmt"
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// NewThreatTx stores threats.
type NewThreatTx interface {
	// InsertThreat returns Conflict where the suggestion has a threat already.
	InsertThreat(ctx context.Context, t stride.Threat) error
}

// accept makes the threat of an accepted suggestion.
func (s *Reviews) accept(ctx context.Context, tx ReviewTx, actor stride.Actor, sug stride.Suggestion) (stride.Threat, error) {
	now := s.Now()
	t := stride.Threat{
		ID: stride.ThreatID(s.NewID()), ProjectID: sug.ProjectID, SuggestionID: sug.ID, Origin: stride.OriginSuggestion,
		Content: sug.Current, State: stride.ThreatOpen, AcceptedAt: now, AcceptedBy: actor.User, References: []stride.Reference{},
		FirstModel: sug.ModelID, LastModel: sug.ModelID, Revision: 1, UpdatedAt: now,
	}
	t.Content.TargetIDs = slices.Clone(sug.Current.TargetIDs)
	if err := s.Kit.insertThreat(ctx, tx, tx, actor, t); err != nil {
		return t, err
	}
	if err := tx.LinkThreat(ctx, sug.ModelID, t.ID); err != nil {
		return t, fmt.Errorf("link threat: %w", err)
	}
	_, err := s.proposeMitigations(ctx, tx, actor, t)
	return t, err
}

// insertThreat stores a threat with its first event and interval.
func (k Kit) insertThreat(ctx context.Context, tx RecordTx, nt NewThreatTx, actor stride.Actor, t stride.Threat) error {
	if err := nt.InsertThreat(ctx, t); err != nil {
		return fmt.Errorf("insert threat: %w", err)
	}
	payload := map[string]any{"origin": t.Origin, "suggestion_id": t.SuggestionID, "title": t.Content.Title}
	if err := k.record(ctx, tx, actor, t.ProjectID, stride.EventThreatCreated, stride.SubjectThreat, string(t.ID), payload); err != nil {
		return err
	}
	return k.enter(ctx, tx, t.ProjectID, stride.SubjectThreat, string(t.ID), string(t.State))
}
