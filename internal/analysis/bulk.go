package analysis

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// MostDecisions is how many decisions one request may hold.
const MostDecisions = 200

// BulkDecision is one of several decisions; Revision is the version of the suggestion
// that the reviewer has read.
type BulkDecision struct {
	ID       stride.SuggestionID
	Revision int64
	NewDecision
}

// BulkResult is what became of one; Err is nil where it was decided.
type BulkResult struct {
	ID         stride.SuggestionID
	Suggestion stride.Suggestion
	Err        error
}

// errDryRun ends the transaction of a dry run without a trace.
var errDryRun = errors.New("dry run")

// DecideAll decides up to 200 suggestions in one transaction, each by the rules of
// Decide, in the order given; what cannot be decided has its reason and stops
// nothing else. A dry run says what would become of each and changes nothing.
func (s *Reviews) DecideAll(ctx context.Context, call Call, all []BulkDecision, dryRun bool) ([]BulkResult, error) {
	if err := checkBulk(all); err != nil {
		return nil, err
	}
	seen, err := s.readAll(ctx, call.Actor, all)
	if err != nil {
		return nil, err
	}
	var out []BulkResult
	err = s.Store.InReviewTx(ctx, func(tx ReviewTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() ([]BulkResult, error) { return s.decideAll(ctx, tx, call, all, slices.Clone(seen)) })
		if err == nil && dryRun {
			return errDryRun
		}
		return err
	})
	if errors.Is(err, errDryRun) {
		return out, nil
	}
	return out, err
}

func checkBulk(all []BulkDecision) error {
	if len(all) == 0 || len(all) > MostDecisions {
		return stride.InvalidField("decisions", "must hold 1 to %d decisions", MostDecisions)
	}
	seen := make(map[stride.SuggestionID]bool, len(all))
	for i, d := range all {
		if d.ID == "" {
			return stride.InvalidField(fmt.Sprintf("decisions[%d].id", i), "is required")
		}
		if seen[d.ID] {
			return stride.InvalidField(fmt.Sprintf("decisions[%d].id", i), "stands twice")
		}
		if d.Revision < 1 {
			return stride.InvalidField(fmt.Sprintf("decisions[%d].version", i), "is required: the version that you have read")
		}
		seen[d.ID] = true
	}
	return nil
}

// readAll reads the suggestions and says which the actor cannot decide.
func (s *Reviews) readAll(ctx context.Context, actor stride.Actor, all []BulkDecision) ([]BulkResult, error) {
	out := make([]BulkResult, len(all))
	for i, d := range all {
		seen, err := s.Store.Suggestion(ctx, actor.Reach(stride.RoleViewer), d.ID)
		if err == nil {
			err = s.mayDecide(actor, seen, d.NewDecision)
		}
		if err != nil && !isRefusal(err) {
			return nil, err
		}
		out[i] = BulkResult{ID: d.ID, Suggestion: seen, Err: err}
	}
	return out, nil
}

// decideAll decides what was read without a refusal. Projects are locked in one
// order, so that two requests do not wait for each other.
func (s *Reviews) decideAll(ctx context.Context, tx ReviewTx, call Call, all []BulkDecision, out []BulkResult) ([]BulkResult, error) {
	var order []int
	for i := range out {
		if out[i].Err == nil {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(out[a].Suggestion.ProjectID, out[b].Suggestion.ProjectID) })
	for _, i := range order {
		one := call
		one.Match = Match{Given: true, Revision: all[i].Revision}
		sug, err := s.decideOne(ctx, tx, one, out[i].Suggestion, all[i].NewDecision)
		if err != nil && !isRefusal(err) {
			return nil, err
		}
		out[i].Suggestion, out[i].Err = sug, err
	}
	return out, nil
}

// isRefusal reports whether err is about the item alone.
func isRefusal(err error) bool {
	var e *stride.Error
	return errors.As(err, &e) && e.Kind != stride.Unavailable
}
