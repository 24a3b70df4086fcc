package analysis

import (
	"context"
	"fmt"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// QueueTx hands out suggestions to reviewers.
type QueueTx interface {
	// NextSuggestion locks and returns the first suggestion of the filter in its order
	// that is neither parked nor under a live claim, "" for none; with resume, what
	// the filter's user holds comes first. It passes over what another transaction
	// has locked.
	NextSuggestion(ctx context.Context, reach stride.Reach, f SuggestionFilter, resume bool) (stride.SuggestionID, error)
	// LockSuggestion locks the row until the end of the transaction.
	LockSuggestion(ctx context.Context, id stride.SuggestionID) error
	// ClaimSuggestion writes who holds the suggestion until when, "" and nil for
	// nobody, and adds 1 to the revision.
	ClaimSuggestion(ctx context.Context, id stride.SuggestionID, by stride.UserID, until *time.Time) error
}

// Claimed narrows a list by who holds a suggestion.
type Claimed string

const (
	ClaimedByMe     Claimed = "me"
	ClaimedByOthers Claimed = "others"
	ClaimedByNobody Claimed = "nobody"
)

// Valid reports whether c is a known value.
func (c Claimed) Valid() bool {
	return c == ClaimedByMe || c == ClaimedByOthers || c == ClaimedByNobody
}

// How long a claim holds: what a caller gets who says nothing, and the most.
const (
	ClaimFor     = 30 * time.Minute
	LongestClaim = 4 * time.Hour
)

// Next claims for a reviewer the first suggestion of the filter that waits for a
// decision and that nobody holds, and returns it; with resume, one that the reviewer
// holds already comes first. An empty state stands for pending. The suggestion is
// empty where nothing is left.
//
// Two callers at the same moment get two suggestions. The lease lasts for the
// duration; it is compared when it is read, so that nothing has to end it.
func (s *Reviews) Next(ctx context.Context, call Call, f SuggestionFilter, lease time.Duration, resume bool) (stride.Suggestion, error) {
	if err := checkLease(lease); err != nil {
		return stride.Suggestion{}, err
	}
	if len(f.State) == 0 {
		f.State = []stride.SuggestionState{stride.SuggestionPending}
	}
	for _, state := range f.State {
		if state.Decided() {
			return stride.Suggestion{}, stride.InvalidField("state", "%s is decided; next hands out what waits for a decision", state)
		}
	}
	f = s.from(call.Actor, f)
	reach := call.Actor.Reach(stride.RoleReviewer)
	var out stride.Suggestion
	err := s.Store.InReviewTx(ctx, func(tx ReviewTx) error {
		var err error
		out, err = effect(ctx, tx, call, f.At, func() (stride.Suggestion, error) {
			id, err := tx.NextSuggestion(ctx, reach, f, resume)
			if err != nil || id == "" {
				return stride.Suggestion{}, err
			}
			return s.claim(ctx, tx, call.Actor, id, f.At.Add(lease))
		})
		return err
	})
	if err != nil || out.ID == "" {
		return out, err
	}
	return s.Get(ctx, call.Actor, out.ID) // with the decisions on its kin
}

// Claim gives a reviewer the suggestion for the duration, or prolongs their claim.
// Conflict where somebody else holds it or it is decided.
func (s *Reviews) Claim(ctx context.Context, call Call, id stride.SuggestionID, lease time.Duration) (stride.Suggestion, error) {
	if err := checkLease(lease); err != nil {
		return stride.Suggestion{}, err
	}
	return s.onClaim(ctx, call, id, func(tx ReviewTx, sug stride.Suggestion) (stride.Suggestion, error) {
		now := s.Now()
		if sug.State.Decided() {
			return sug, &stride.Error{Kind: stride.Conflict, Message: fmt.Sprintf("the suggestion is %s already", sug.State), Current: sug}
		}
		if err := held(sug, call.Actor, now, false); err != nil {
			return sug, err
		}
		return s.claim(ctx, tx, call.Actor, id, now.Add(lease))
	})
}

// Release ends a claim: one's own, or, for an admin, anybody's. Nothing happens where
// nobody holds the suggestion.
func (s *Reviews) Release(ctx context.Context, call Call, id stride.SuggestionID) (stride.Suggestion, error) {
	return s.onClaim(ctx, call, id, func(tx ReviewTx, sug stride.Suggestion) (stride.Suggestion, error) {
		if sug.HeldBy(s.Now()) == "" {
			return sug, nil
		}
		if err := held(sug, call.Actor, s.Now(), call.Actor.RoleIn(sug.ProjectID).AtLeast(stride.RoleAdmin)); err != nil {
			return sug, err
		}
		if err := tx.ClaimSuggestion(ctx, id, "", nil); err != nil {
			return sug, err
		}
		return tx.SuggestionByID(ctx, id)
	})
}

// onClaim runs fn on the locked suggestion.
func (s *Reviews) onClaim(
	ctx context.Context, call Call, id stride.SuggestionID, fn func(ReviewTx, stride.Suggestion) (stride.Suggestion, error),
) (stride.Suggestion, error) {
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
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.Suggestion, error) {
			if err := tx.LockSuggestion(ctx, id); err != nil {
				return seen, err
			}
			sug, err := tx.SuggestionByID(ctx, id)
			if err != nil {
				return sug, err
			}
			sug, err = fn(tx, sug)
			sug.Earlier = seen.Earlier
			return sug, err
		})
		return err
	})
	return out, err
}

func (s *Reviews) claim(ctx context.Context, tx ReviewTx, actor stride.Actor, id stride.SuggestionID, until time.Time) (stride.Suggestion, error) {
	if err := tx.ClaimSuggestion(ctx, id, actor.User, &until); err != nil {
		return stride.Suggestion{}, err
	}
	return tx.SuggestionByID(ctx, id)
}

// held returns Conflict where somebody else holds the suggestion.
func held(sug stride.Suggestion, actor stride.Actor, now time.Time, force bool) error {
	by := sug.HeldBy(now)
	if by == "" || by == actor.User || force {
		return nil
	}
	return &stride.Error{
		Kind: stride.Conflict, Current: sug,
		Message: "somebody else works on the suggestion until " + sug.ClaimedUntil.UTC().Format(time.RFC3339) + "; an admin can force a decision or release it",
	}
}

func checkLease(lease time.Duration) error {
	if lease < time.Minute || lease > LongestClaim {
		return stride.InvalidField("minutes", "must be 1 to %d", int(LongestClaim/time.Minute))
	}
	return nil
}
