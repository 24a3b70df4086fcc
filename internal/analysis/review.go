package analysis

import (
	"context"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// ReviewStore is what Reviews needs of storage.
type ReviewStore interface {
	// Suggestion returns NotFound for what does not exist or is out of reach;
	// with earlier decisions on the same fingerprints.
	Suggestion(ctx context.Context, reach stride.Reach, id stride.SuggestionID) (stride.Suggestion, error)
	// Suggestions lists in the filter's order, with earlier decisions.
	Suggestions(ctx context.Context, reach stride.Reach, f SuggestionFilter, p Page) (Listing[stride.Suggestion], error)
	DecisionReader
	// Facets counts what the filter finds, its choice of state, category, severity
	// and confidence aside.
	Facets(ctx context.Context, reach stride.Reach, f SuggestionFilter) ([]FacetCell, error)
	InReviewTx(ctx context.Context, fn func(ReviewTx) error) error
}

// ReviewTx is the transactional set of Reviews.
type ReviewTx interface {
	RecordTx
	DecideTx
	// SuggestionByID returns NotFound where there is none.
	SuggestionByID(ctx context.Context, id stride.SuggestionID) (stride.Suggestion, error)
	StandingTx
	// Model returns the model with its sources; NotFound where there is none.
	Model(ctx context.Context, id stride.ModelID) (stride.ThreatModel, error)
	QueueTx
	MergeTx
	UndoTx
	NewThreatTx
	NewMitigationTx
	// LinkThreat records that a threat was seen in a version; again is fine.
	LinkThreat(ctx context.Context, m stride.ModelID, t stride.ThreatID) error
}

// DecisionReader reads decisions.
type DecisionReader interface {
	// Decisions returns all of a suggestion, oldest first.
	Decisions(ctx context.Context, id stride.SuggestionID) ([]stride.Decision, error)
}

// SuggestionSort is an order of the queue.
type SuggestionSort string

const (
	SortPriority SuggestionSort = "priority" // highest first, then oldest
	SortOldest   SuggestionSort = "created_at"
	SortNewest   SuggestionSort = "-created_at"
)

// Valid reports whether s is a known order.
func (s SuggestionSort) Valid() bool {
	return s == SortPriority || s == SortOldest || s == SortNewest
}

// SuggestionFilter narrows the queue; zero values do not filter, several values
// of one field are alternatives.
type SuggestionFilter struct {
	Project    stride.ProjectID
	Model      stride.ModelID
	Draft      stride.DraftID
	Submitted  *bool
	State      []stride.SuggestionState
	Category   []stride.Category
	Severity   []stride.Severity
	Confidence []stride.Confidence
	// Target is the key of an element or flow.
	Target stride.Key
	Rule   string
	// Text is words, of which title or statement have each, or one that begins so.
	Text          string
	Claimed       Claimed
	Parked        *bool
	CreatedBefore *time.Time
	Sort          SuggestionSort // "" stands for priority
	// User and At are who asks, and when, which claims and parkings are seen from.
	User stride.UserID
	At   time.Time
}

// from is the filter as the actor sees it now.
func (s *Reviews) from(actor stride.Actor, f SuggestionFilter) SuggestionFilter {
	if f.Sort == "" {
		f.Sort = SortPriority
	}
	f.User, f.At = actor.User, s.Now()
	return f
}

// Reviews is the validation queue.
type Reviews struct {
	Kit
	Store ReviewStore
}

// List returns part of the queue.
func (s *Reviews) List(ctx context.Context, actor stride.Actor, f SuggestionFilter, p Page) (Listing[stride.Suggestion], error) {
	return s.Store.Suggestions(ctx, actor.Reach(stride.RoleViewer), s.from(actor, f), p)
}

// Get returns NotFound for what does not exist or is not the actor's.
func (s *Reviews) Get(ctx context.Context, actor stride.Actor, id stride.SuggestionID) (stride.Suggestion, error) {
	return s.Store.Suggestion(ctx, actor.Reach(stride.RoleViewer), id)
}

// Decisions returns the decisions on a suggestion, oldest first.
func (s *Reviews) Decisions(ctx context.Context, actor stride.Actor, id stride.SuggestionID) ([]stride.Decision, error) {
	if _, err := s.Get(ctx, actor, id); err != nil {
		return nil, err
	}
	return s.Store.Decisions(ctx, id)
}

// Decide settles a suggestion. Wants the role reviewer and If-Match:
// PreconditionRequired without it, Conflict where the suggestion no longer
// waits for a decision, Stale where it has changed since it was read, each with
// the suggestion as it stands. Two who decide at the same moment: one wins.
func (s *Reviews) Decide(ctx context.Context, call Call, id stride.SuggestionID, n NewDecision) (stride.Suggestion, error) {
	seen, err := s.Store.Suggestion(ctx, call.Actor.Reach(stride.RoleViewer), id)
	if err != nil {
		return seen, err
	}
	if err := s.mayDecide(call.Actor, seen, n); err != nil {
		return seen, err
	}
	var out stride.Suggestion
	err = s.Store.InReviewTx(ctx, func(tx ReviewTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.Suggestion, error) { return s.decideOne(ctx, tx, call, seen, n) })
		return err
	})
	return out, err
}

// mayDecide checks role and decision.
func (s *Reviews) mayDecide(actor stride.Actor, sug stride.Suggestion, n NewDecision) error {
	if err := requireRole(actor, sug.ProjectID, stride.RoleReviewer, "suggestion"); err != nil {
		return err
	}
	if n.Force && !actor.RoleIn(sug.ProjectID).AtLeast(stride.RoleAdmin) {
		return stride.Errorf(stride.Forbidden, "only an admin may force a decision on what somebody else holds")
	}
	return n.validate(s.Now())
}

// decideOne settles a suggestion, which was seen before the transaction, under the
// locks of its project and its row.
func (s *Reviews) decideOne(ctx context.Context, tx ReviewTx, call Call, seen stride.Suggestion, n NewDecision) (stride.Suggestion, error) {
	p, sug, err := lockSuggestion(ctx, tx, seen)
	if err != nil {
		return sug, err
	}
	at := s.frozen()
	conflict, err := at.conflict(ctx, tx, p, sug, n)
	if err != nil {
		return sug, err
	}
	if conflict == nil {
		conflict = held(sug, call.Actor, at.Now(), n.Force)
	}
	if err := call.Match.check(sug.Revision, conflict, sug); err != nil {
		return sug, err
	}
	return at.decide(ctx, tx, call.Actor, sug, n)
}

// lockSuggestion locks the project and the suggestion and reads both anew.
func lockSuggestion(ctx context.Context, tx ReviewTx, seen stride.Suggestion) (stride.Project, stride.Suggestion, error) {
	p, err := tx.LockProject(ctx, seen.ProjectID)
	if err != nil {
		return p, seen, err
	}
	if err := tx.LockSuggestion(ctx, seen.ID); err != nil {
		return p, seen, err
	}
	sug, err := tx.SuggestionByID(ctx, seen.ID)
	sug.Earlier = seen.Earlier
	return p, sug, err
}

// frozen is s at one moment; see Kit.frozen.
func (s *Reviews) frozen() *Reviews {
	at := *s
	at.Kit = s.Kit.frozen()
	return &at
}
