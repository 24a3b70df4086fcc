package analysis

import (
	"context"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// MergeTx keeps merges flat.
type MergeTx interface {
	// MergedInto returns the suggestions that were merged into one.
	MergedInto(ctx context.Context, id stride.SuggestionID) ([]stride.SuggestionID, error)
	// PointMerged makes the suggestions ones that were merged into another.
	PointMerged(ctx context.Context, ids []stride.SuggestionID, into stride.SuggestionID) error
}

// mergeInto finds where a merge ends: chains are flattened, and what was merged
// into this one moves along and is returned.
func (s *Reviews) mergeInto(
	ctx context.Context, tx ReviewTx, sug stride.Suggestion, into stride.SuggestionID,
) (end stride.SuggestionID, moved []stride.SuggestionID, err error) {
	target, err := tx.SuggestionByID(ctx, into)
	if isKind(err, stride.NotFound) || (err == nil && target.ProjectID != sug.ProjectID) {
		return "", nil, stride.InvalidField("into", "is no suggestion of this project")
	}
	if err != nil {
		return "", nil, err
	}
	if target.State == stride.SuggestionMerged {
		if target, err = tx.SuggestionByID(ctx, target.MergedInto); err != nil {
			return "", nil, err
		}
	}
	if target.ID == sug.ID {
		return "", nil, stride.InvalidField("into", "leads back to this suggestion")
	}
	if target.State == stride.SuggestionRejected || target.State == stride.SuggestionSuperseded {
		return "", nil, stride.InvalidField("into", "is %s; merge into one that stands", target.State)
	}
	moved, err = tx.MergedInto(ctx, sug.ID)
	if err != nil {
		return "", nil, fmt.Errorf("find what was merged: %w", err)
	}
	if err := tx.PointMerged(ctx, moved, target.ID); err != nil {
		return "", nil, fmt.Errorf("flatten merges: %w", err)
	}
	return target.ID, moved, nil
}
