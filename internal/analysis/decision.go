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
