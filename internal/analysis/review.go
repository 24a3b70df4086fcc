package analysis

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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

// MergeTx keeps merges flat.
type MergeTx interface {
	// MergedInto returns the suggestions that were merged into one.
	MergedInto(ctx context.Context, id stride.SuggestionID) ([]stride.SuggestionID, error)
	// PointMerged makes the suggestions ones that were merged into another.
	PointMerged(ctx context.Context, ids []stride.SuggestionID, into stride.SuggestionID) error
}

// DecideTx writes what becomes of a suggestion.
type DecideTx interface {
	// UpdateSuggestion writes state, current content, fingerprints (the targets),
	// merged_into, ask and the decider, and adds 1 to the revision, guarded by
	// the state it is in and by s.Revision; Conflict where the guard fails.
	UpdateSuggestion(ctx context.Context, s stride.Suggestion, from stride.SuggestionState) error
	InsertDecision(ctx context.Context, d stride.Decision) error
}

// StandingTx finds what is there already.
type StandingTx interface {
	// SameInScope returns the suggestions of the project's scope that stand on one
	// of the fingerprints, by id: all that are neither rejected, merged nor
	// superseded.
	SameInScope(ctx context.Context, p stride.ProjectID, scope string, fingerprints []string) ([]stride.Suggestion, error)
}

// NewThreatTx stores threats.
type NewThreatTx interface {
	// InsertThreat returns Conflict where the suggestion has a threat already.
	InsertThreat(ctx context.Context, t stride.Threat) error
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

// NewDecision is what a reviewer decides.
type NewDecision struct {
	Kind   stride.DecisionKind
	Reason stride.RejectReason
	Text   string
	Edits  stride.Edits
	Into   stride.SuggestionID
	// Until ends a parking.
	Until *time.Time
	// Force decides although somebody else holds the suggestion; for admins.
	Force bool
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

// validate checks what can be told from the decision alone.
func (n NewDecision) validate(now time.Time) error {
	var bad []stride.Field
	add := func(field, msg string) { bad = append(bad, stride.Field{Field: field, Message: msg}) }
	switch n.Kind {
	case stride.DecisionAccept:
	case stride.DecisionReopen:
		if strings.TrimSpace(n.Text) == "" {
			add("text", "is required: why it is considered again")
		}
	case stride.DecisionReject:
		if !n.Reason.Valid() {
			add("reason", "must be one of "+joinReasons())
		} else if n.Reason == stride.ReasonOther && strings.TrimSpace(n.Text) == "" {
			add("text", "is required where the reason is other")
		}
	case stride.DecisionMerge:
		if n.Into == "" {
			add("into", "is required: the id of the suggestion to merge into")
		}
	case stride.DecisionNeedsInfo:
		if strings.TrimSpace(n.Text) == "" {
			add("text", "is required: the question to the author")
		}
	case stride.DecisionPark:
		if n.Until == nil || !n.Until.After(now) || n.Until.After(now.Add(longestParking)) {
			add("until", "is required: a moment in the future, at most a year away")
		}
	default:
		add("decision", "must be one of accept, reject, merge, needs_info, park, reopen")
	}
	if n.Kind != stride.DecisionPark && n.Until != nil {
		add("until", "belongs to a parking")
	}
	if n.Kind != stride.DecisionReject && n.Reason != "" {
		add("reason", "belongs to a rejection")
	}
	if n.Kind != stride.DecisionMerge && n.Into != "" {
		add("into", "belongs to a merge")
	}
	if n.Kind != stride.DecisionAccept && !n.Edits.Empty() {
		add("edits", "belong to an acceptance")
	}
	if utf8.RuneCountInString(n.Text) > 4000 {
		add("text", "must have at most 4000 characters")
	}
	if bad == nil {
		return nil
	}
	return &stride.Error{Kind: stride.Invalid, Message: "the decision is not valid", Fields: bad}
}

// longestParking is how long a suggestion can be put aside.
const longestParking = 366 * 24 * time.Hour

func joinReasons() string {
	var names []string
	for _, r := range stride.RejectReasons() {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// target is the state that the decision leads to.
func (n NewDecision) target() stride.SuggestionState {
	switch n.Kind {
	case stride.DecisionAccept:
		return stride.SuggestionAccepted
	case stride.DecisionReject:
		return stride.SuggestionRejected
	case stride.DecisionMerge:
		return stride.SuggestionMerged
	case stride.DecisionNeedsInfo:
		return stride.SuggestionNeedsInfo
	}
	return stride.SuggestionPending
}

// conflict says why the state does not allow the decision. Undoing an
// acceptance is not a reopening: its threat lives already.
func (n NewDecision) conflict(sug stride.Suggestion) error {
	if n.Kind == stride.DecisionPark && sug.State == stride.SuggestionPending {
		return nil
	}
	if sug.State.CanMove(n.target()) && (n.Kind != stride.DecisionReopen || sug.State != stride.SuggestionAccepted) {
		return nil
	}
	return &stride.Error{
		Kind: stride.Conflict, Message: fmt.Sprintf("the suggestion is %s already", sug.State), Current: sug,
	}
}

// conflict says why the decision is not possible: the suggestion's state, an
// archived project, or, for a reopening, a version that is signed off. The error
// is storage's.
func (s *Reviews) conflict(ctx context.Context, tx ReviewTx, p stride.Project, sug stride.Suggestion, n NewDecision) (conflict, err error) {
	if decided := n.conflict(sug); decided != nil {
		return decided, nil
	}
	if p.ArchivedAt != nil {
		return &stride.Error{Kind: stride.Conflict, Message: "the project is archived", Current: sug}, nil
	}
	if n.Kind != stride.DecisionReopen {
		return nil, nil
	}
	m, err := tx.Model(ctx, sug.ModelID)
	if err != nil {
		return nil, fmt.Errorf("load model: %w", err)
	}
	if !m.Open() {
		return &stride.Error{Kind: stride.Conflict, Message: fmt.Sprintf("the model is %s", m.State), Current: sug}, nil
	}
	return nil, nil
}

func (s *Reviews) decide(ctx context.Context, tx ReviewTx, actor stride.Actor, sug stride.Suggestion, n NewDecision) (stride.Suggestion, error) {
	from := sug.State
	now := s.Now()
	d := stride.Decision{
		ID: stride.DecisionID(s.NewID()), SuggestionID: sug.ID, Kind: n.Kind, Reason: n.Reason, Text: n.Text,
		ActorID: actor.User, At: now, Until: n.Until, Before: before(sug),
	}
	sug.State, sug.DecidedAt, sug.DecidedBy, sug.Ask, sug.ParkedUntil = n.target(), &now, actor.User, "", nil
	sug.ClaimedBy, sug.ClaimedUntil = "", nil
	switch n.Kind {
	case stride.DecisionAccept:
		if !n.Edits.Empty() {
			d.Before.Current, d.Before.Fingerprints = new(sug.Current), maps.Clone(sug.Fingerprints)
		}
		if err := s.edit(&sug, n.Edits); err != nil {
			return sug, err
		}
		if err := s.checkNew(ctx, tx, sug); err != nil {
			return sug, err
		}
		d.Diff = stride.Diff(sug.Proposal, sug.Current)
	case stride.DecisionMerge:
		into, moved, err := s.mergeInto(ctx, tx, sug, n.Into)
		if err != nil {
			return sug, err
		}
		sug.MergedInto, d.Into, d.Before.Moved = into, into, moved
	case stride.DecisionNeedsInfo:
		sug.Ask, sug.DecidedAt, sug.DecidedBy = n.Text, nil, ""
	case stride.DecisionReopen:
		sug.DecidedAt, sug.DecidedBy = nil, ""
	case stride.DecisionPark:
		sug.DecidedAt, sug.DecidedBy, sug.ParkedUntil = nil, "", n.Until
	}
	if err := s.Kit.writeDecision(ctx, tx, tx, actor, &sug, d, from); err != nil {
		return sug, err
	}
	if n.Kind != stride.DecisionAccept {
		return sug, nil
	}
	threat, err := s.accept(ctx, tx, actor, sug)
	sug.ThreatID = threat.ID
	return sug, err
}

// edit applies a reviewer's edits to the current content. A target that was
// taken out is not decided: its fingerprint goes.
func (s *Reviews) edit(sug *stride.Suggestion, e stride.Edits) error {
	edited, err := e.Apply(sug.Current)
	if err != nil {
		return err
	}
	sug.Current = edited
	maps.DeleteFunc(sug.Fingerprints, func(target stride.Key, _ string) bool {
		return !slices.Contains(edited.TargetIDs, target)
	})
	return nil
}

// checkNew returns Conflict where the scope has an accepted threat on one of the
// targets already: there is one threat per attack and target.
func (s *Reviews) checkNew(ctx context.Context, tx ReviewTx, sug stride.Suggestion) error {
	standing, err := tx.SameInScope(ctx, sug.ProjectID, sug.Scope, sortedValues(sug.Fingerprints))
	if err != nil {
		return fmt.Errorf("find the same: %w", err)
	}
	for _, other := range standing {
		if other.State == stride.SuggestionAccepted && other.ID != sug.ID {
			return &stride.Error{
				Kind:    stride.Conflict,
				Message: fmt.Sprintf("a threat of this attack on a target was accepted already, by suggestion %s; narrow target_ids, merge or reject it", other.ID),
				Current: sug,
			}
		}
	}
	return nil
}

// writeDecision stores the suggestion's new state with the decision, its event
// and its interval.
func (k Kit) writeDecision(
	ctx context.Context, tx RecordTx, dt DecideTx, actor stride.Actor,
	sug *stride.Suggestion, d stride.Decision, from stride.SuggestionState,
) error {
	if err := dt.UpdateSuggestion(ctx, *sug, from); err != nil {
		return fmt.Errorf("update suggestion %s: %w", sug.ID, err)
	}
	sug.Revision++
	if err := dt.InsertDecision(ctx, d); err != nil {
		return fmt.Errorf("insert decision: %w", err)
	}
	payload := map[string]any{
		"decision": d.Kind, "from": from, "to": sug.State, "reason": d.Reason, "text": d.Text, "edited": len(d.Diff) > 0,
	}
	if d.Into != "" {
		payload["into"] = d.Into
	}
	if d.Until != nil {
		payload["until"] = d.Until.UTC()
	}
	err := k.record(ctx, tx, actor, sug.ProjectID, stride.EventSuggestionDecided, stride.SubjectSuggestion, string(sug.ID), payload)
	if err != nil || sug.State == from {
		return err
	}
	return k.enter(ctx, tx, sug.ProjectID, stride.SubjectSuggestion, string(sug.ID), string(sug.State))
}

// reopen returns a suggestion to the queue.
func (k Kit) reopen(ctx context.Context, tx RecordTx, dt DecideTx, actor stride.Actor, sug *stride.Suggestion, why string) error {
	from := sug.State
	sug.State, sug.DecidedAt, sug.DecidedBy = stride.SuggestionPending, nil, ""
	return k.writeDecision(ctx, tx, dt, actor, sug, stride.Decision{
		ID: stride.DecisionID(k.NewID()), SuggestionID: sug.ID, Kind: stride.DecisionReopen, Text: why, ActorID: actor.User, At: k.Now(),
	}, from)
}

// supersede settles a suggestion without a reviewer; one can reopen it.
func (k Kit) supersede(ctx context.Context, tx RecordTx, dt DecideTx, actor stride.Actor, sug stride.Suggestion, why, text string) error {
	from := sug.State
	now := k.Now()
	sug.State, sug.DecidedAt, sug.DecidedBy, sug.Ask = stride.SuggestionSuperseded, &now, actor.User, ""
	if text != "" {
		why += ": " + text
	}
	return k.writeDecision(ctx, tx, dt, actor, &sug, stride.Decision{
		ID: stride.DecisionID(k.NewID()), SuggestionID: sug.ID, Kind: stride.DecisionSupersede, Text: why, ActorID: actor.User, At: now,
	}, from)
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

// frozen is s at one moment; see Kit.frozen.
func (s *Reviews) frozen() *Reviews {
	at := *s
	at.Kit = s.Kit.frozen()
	return &at
}
