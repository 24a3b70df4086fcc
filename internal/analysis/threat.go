package analysis

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// ThreatStore is what Threats needs of storage.
type ThreatStore interface {
	// Threat returns NotFound for what does not exist or is out of reach; with
	// its references and mitigations.
	Threat(ctx context.Context, reach stride.Reach, id stride.ThreatID) (stride.Threat, error)
	// Threats lists in the filter's order, with references and mitigations.
	Threats(ctx context.Context, reach stride.Reach, f ThreatFilter, p Page) (Listing[stride.Threat], error)
	// ExpiredRisks returns threats that are risk_accepted and whose expires_at is not
	// after the moment, by expires_at and id, behind after unless it is nil.
	ExpiredRisks(ctx context.Context, at time.Time, after *ExpiredRisk, limit int) ([]ExpiredRisk, error)
	// History returns the events about a threat, oldest first.
	History(ctx context.Context, p stride.ProjectID, id stride.ThreatID) ([]stride.Event, error)
	// Model returns NotFound for what does not exist or is out of reach.
	Model(ctx context.Context, reach stride.Reach, id stride.ModelID) (stride.ThreatModel, error)
	InThreatTx(ctx context.Context, fn func(ThreatTx) error) error
}

// ThreatTx is the transactional set of Threats.
type ThreatTx interface {
	RecordTx
	NewThreatTx
	LinkTx
	// ThreatByID returns NotFound where there is none; with its references and
	// mitigations.
	ThreatByID(ctx context.Context, id stride.ThreatID) (stride.Threat, error)
	// UpdateThreat writes content, state and all that hangs on it, and adds 1
	// to the revision, guarded by t.Revision; Stale where the guard fails.
	UpdateThreat(ctx context.Context, t stride.Threat) error
	// ReplaceReferences writes the whole list, in its order.
	ReplaceReferences(ctx context.Context, id stride.ThreatID, refs []stride.Reference) error
	// ReportThreat keeps the moment of the first acknowledgement; first is
	// false where there was one before.
	ReportThreat(ctx context.Context, p stride.ProjectID, id stride.ThreatID, at time.Time) (first bool, err error)
	LinkThreat(ctx context.Context, m stride.ModelID, t stride.ThreatID) error
}

// ThreatSort is an order of threats.
type ThreatSort string

const (
	// ThreatsOldest lists by id, the oldest first.
	ThreatsOldest ThreatSort = "created_at"
	// ThreatsByDueDate lists the open threats, which alone are due, the most urgent
	// first.
	ThreatsByDueDate ThreatSort = "due_at"
)

// Valid reports whether s is a known order.
func (s ThreatSort) Valid() bool { return s == ThreatsOldest || s == ThreatsByDueDate }

// ThreatFilter narrows a list of threats; zero values do not filter.
type ThreatFilter struct {
	Project  stride.ProjectID
	Model    stride.ModelID
	State    []stride.ThreatState
	Category []stride.Category
	Severity []stride.Severity
	Owner    string
	// Overdue is about open threats whose time by SLA has run out at Now.
	Overdue *bool
	Sort    ThreatSort // "" stands for oldest first
	// SLA and Now are List's to set.
	SLA stride.SLA
	Now time.Time
}

// Threats is the life of what was accepted.
type Threats struct {
	Kit
	Store ThreatStore
	// SLA says how many days a threat of each severity has.
	SLA stride.SLA
}

// aged is t with its ageing as of now.
func (s *Threats) aged(t stride.Threat) stride.Threat {
	t.Ageing = t.Age(s.SLA, s.Now())
	return t
}

// Get returns NotFound for what does not exist or is not the actor's.
func (s *Threats) Get(ctx context.Context, actor stride.Actor, id stride.ThreatID) (stride.Threat, error) {
	t, err := s.Store.Threat(ctx, actor.Reach(stride.RoleViewer), id)
	return s.aged(t), err
}

// List returns threats in the filter's order.
func (s *Threats) List(ctx context.Context, actor stride.Actor, f ThreatFilter, p Page) (Listing[stride.Threat], error) {
	if f.Sort == "" {
		f.Sort = ThreatsOldest
	}
	f.SLA, f.Now = s.SLA, s.Now()
	found, err := s.Store.Threats(ctx, actor.Reach(stride.RoleViewer), f, p)
	for i, t := range found.Items {
		found.Items[i] = s.aged(t)
	}
	return found, err
}

// History returns what happened to a threat, oldest first.
func (s *Threats) History(ctx context.Context, actor stride.Actor, id stride.ThreatID) ([]stride.Event, error) {
	t, err := s.Get(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	return s.Store.History(ctx, t.ProjectID, id)
}

// NewThreat is a threat that a person adds beside the drafts.
type NewThreat struct {
	// Model is the version that it was seen in, or "".
	Model stride.ModelID
	Owner string
	Edits stride.Edits
}

// Add stores a threat that no draft proposed. Category, title, likelihood and
// impact are required; targets must be elements or flows of the model.
func (s *Threats) Add(ctx context.Context, call Call, project stride.ProjectID, n NewThreat) (stride.Threat, error) {
	if err := requireRole(call.Actor, project, stride.RoleAuthor, "project"); err != nil {
		return stride.Threat{}, err
	}
	content, err := s.newContent(ctx, call.Actor, project, n)
	if err != nil {
		return stride.Threat{}, err
	}
	var out stride.Threat
	err = s.Store.InThreatTx(ctx, func(tx ThreatTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.Threat, error) {
			return s.add(ctx, tx, call.Actor, project, n, content)
		})
		return err
	})
	return out, err
}

func (s *Threats) newContent(ctx context.Context, actor stride.Actor, project stride.ProjectID, n NewThreat) (stride.Proposal, error) {
	content, err := n.Edits.Create()
	if err != nil {
		return content, err
	}
	if utf8.RuneCountInString(n.Owner) > 200 {
		return content, stride.InvalidField("owner", "must have at most 200 characters")
	}
	if n.Model == "" {
		if len(content.TargetIDs) > 0 {
			return content, stride.InvalidField("target_ids", "want a model_id that has them")
		}
		return content, nil
	}
	m, err := s.Store.Model(ctx, actor.Reach(stride.RoleViewer), n.Model)
	if isKind(err, stride.NotFound) || (err == nil && m.ProjectID != project) {
		return content, stride.InvalidField("model_id", "is no model of this project")
	}
	if err != nil {
		return content, err
	}
	for i, id := range content.TargetIDs {
		name := m.Architecture.TargetName(id)
		if name == "" {
			return content, stride.InvalidField(fmt.Sprintf("target_ids[%d]", i), "is no element or flow of the model")
		}
		content.Targets = append(content.Targets, name)
	}
	return content, nil
}

func (s *Threats) add(
	ctx context.Context, tx ThreatTx, actor stride.Actor, project stride.ProjectID, n NewThreat, content stride.Proposal,
) (stride.Threat, error) {
	p, err := tx.LockProject(ctx, project)
	if err != nil {
		return stride.Threat{}, err
	}
	if err := archivedConflict(p); err != nil {
		return stride.Threat{}, err
	}
	s = s.frozen()
	now := s.Now()
	t := stride.Threat{
		ID: stride.ThreatID(s.NewID()), ProjectID: project, Origin: stride.OriginHuman, Content: content, State: stride.ThreatOpen,
		Owner: n.Owner, AcceptedAt: now, AcceptedBy: actor.User, References: []stride.Reference{},
		FirstModel: n.Model, LastModel: n.Model, Revision: 1, UpdatedAt: now,
	}
	if err := s.Kit.insertThreat(ctx, tx, tx, actor, t); err != nil {
		return t, err
	}
	if t.Mitigations, err = s.proposeMitigations(ctx, tx, actor, t); err != nil {
		return t, err
	}
	t = s.aged(t)
	if n.Model == "" {
		return t, nil
	}
	return t, tx.LinkThreat(ctx, n.Model, t.ID)
}

// ThreatChange edits a threat's content or owner.
type ThreatChange struct {
	Owner *string
	Edits stride.Edits
}

// Update edits a threat. Wants If-Match; severity follows likelihood and impact.
// Mitigations are rows of their own and changed as such.
func (s *Threats) Update(ctx context.Context, call Call, id stride.ThreatID, n ThreatChange) (stride.Threat, error) {
	if n.Owner != nil && utf8.RuneCountInString(*n.Owner) > 200 {
		return stride.Threat{}, stride.InvalidField("owner", "must have at most 200 characters")
	}
	if n.Edits.Mitigations != nil {
		return stride.Threat{}, stride.InvalidField("mitigations", "are changed at /v1/threats/{id}/mitigations and /v1/mitigations/{id}")
	}
	return s.change(ctx, call, id, func(s *Threats, tx ThreatTx, t stride.Threat) (stride.Threat, error) {
		if err := call.Match.check(t.Revision, nil, t); err != nil {
			return t, err
		}
		edited, err := n.Edits.Apply(t.Content)
		if err != nil {
			return t, plainEdits(err)
		}
		changes := stride.Diff(t.Content, edited)
		t.Content = edited
		if n.Owner != nil && *n.Owner != t.Owner {
			changes = append(changes, stride.Change{Field: "owner", From: t.Owner, To: *n.Owner})
			t.Owner = *n.Owner
		}
		if len(changes) == 0 {
			return t, nil
		}
		if err := s.save(ctx, tx, &t); err != nil {
			return t, err
		}
		return t, s.record(ctx, tx, call.Actor, t.ProjectID, stride.EventThreatUpdated, stride.SubjectThreat, string(id),
			map[string]any{"changes": changes})
	})
}

// plainEdits names the fields as a change of a threat has them: not within edits.
func plainEdits(err error) error {
	var e *stride.Error
	if !errors.As(err, &e) {
		return err
	}
	plain := *e
	plain.Fields = slices.Clone(e.Fields)
	for i := range plain.Fields {
		plain.Fields[i].Field = strings.TrimPrefix(plain.Fields[i].Field, "edits.")
	}
	return &plain
}

// Transition moves a threat to another state.
type Transition struct {
	To     stride.ThreatState
	Reason string
	// Owner and ExpiresAt are wanted for risk_accepted, Party for transferred.
	Owner     string
	Party     string
	ExpiresAt *time.Time
}

// Move changes the state of a threat, with a reason. Authors work on threats
// and claim them mitigated; a reviewer other than the claimant verifies, and
// closes or reopens. Conflict where the state machine has no such move. If-Match
// is honoured where it is given.
func (s *Threats) Move(ctx context.Context, call Call, id stride.ThreatID, n Transition) (stride.Threat, error) {
	if err := n.validate(s.Now()); err != nil {
		return stride.Threat{}, err
	}
	return s.change(ctx, call, id, func(s *Threats, tx ThreatTx, t stride.Threat) (stride.Threat, error) {
		if err := n.allowed(call.Actor, t); err != nil {
			return t, err
		}
		if call.Match.Given {
			if err := call.Match.check(t.Revision, nil, t); err != nil {
				return t, err
			}
		}
		return s.moveTo(ctx, tx, call.Actor, t, n)
	})
}

// moveTo writes the new state with its event and interval.
func (s *Threats) moveTo(ctx context.Context, tx ThreatTx, actor stride.Actor, t stride.Threat, n Transition) (stride.Threat, error) {
	from := t.State
	n.apply(&t, actor, s.Now())
	if err := s.save(ctx, tx, &t); err != nil {
		return t, err
	}
	err := s.record(ctx, tx, actor, t.ProjectID, stride.EventThreatMoved, stride.SubjectThreat, string(t.ID),
		move{From: string(from), To: string(n.To), Reason: n.Reason})
	if err != nil {
		return t, err
	}
	return t, s.enter(ctx, tx, t.ProjectID, stride.SubjectThreat, string(t.ID), string(n.To))
}

func (n Transition) validate(now time.Time) error {
	var bad []stride.Field
	add := func(field, msg string) { bad = append(bad, stride.Field{Field: field, Message: msg}) }
	if !n.To.Valid() {
		add("to", "must be one of "+joinThreatStates(stride.ThreatStates()))
	}
	if strings.TrimSpace(n.Reason) == "" || utf8.RuneCountInString(n.Reason) > 4000 {
		add("reason", "must have 1 to 4000 characters")
	}
	switch n.To {
	case stride.ThreatRiskAccepted:
		if strings.TrimSpace(n.Owner) == "" {
			add("owner", "is required: who accepts the risk")
		}
		if n.ExpiresAt == nil || !n.ExpiresAt.After(now) || n.ExpiresAt.After(now.Add(stride.MaxRiskAcceptance)) {
			add("expires_at", "is required and lies in the future, at most 400 days away")
		}
	case stride.ThreatTransferred:
		if strings.TrimSpace(n.Party) == "" {
			add("party", "is required: who takes the risk")
		}
	}
	if bad == nil {
		return nil
	}
	return &stride.Error{Kind: stride.Invalid, Message: "the transition is not valid", Fields: bad}
}

func joinThreatStates(states []stride.ThreatState) string {
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// allowed checks the state machine, then who may move what.
func (n Transition) allowed(actor stride.Actor, t stride.Threat) error {
	if !t.State.CanMove(n.To) {
		return &stride.Error{
			Kind:    stride.Conflict,
			Message: fmt.Sprintf("a threat that is %s can only become %s", t.State, joinThreatStates(t.State.Moves())), Current: t,
		}
	}
	role := actor.RoleIn(t.ProjectID)
	working := n.To == stride.ThreatMitigated || (n.To == stride.ThreatInProgress && t.State == stride.ThreatOpen)
	if !working && !role.AtLeast(stride.RoleReviewer) {
		return stride.Errorf(stride.Forbidden, "moving a threat from %s to %s wants the role reviewer", t.State, n.To)
	}
	if t.State == stride.ThreatMitigated && t.MitigatedBy == actor.User {
		return stride.Errorf(stride.Forbidden, "you claimed that the threat is mitigated; another reviewer has to verify it or send it back")
	}
	return nil
}

func (n Transition) apply(t *stride.Threat, actor stride.Actor, now time.Time) {
	if t.State != stride.ThreatMitigated && t.State != stride.ThreatInProgress && n.To == stride.ThreatOpen {
		t.ReopenCount++
	}
	t.State, t.StateReason = n.To, n.Reason
	t.Party, t.ExpiresAt, t.ResolvedAt = n.Party, n.ExpiresAt, nil
	if n.Owner != "" {
		t.Owner = n.Owner
	}
	switch n.To {
	case stride.ThreatMitigated:
		t.MitigatedBy = actor.User
	case stride.ThreatResolved:
		t.ResolvedAt = &now
	}
}

// SetReferences replaces a threat's records in other systems. The first one
// that is acknowledged makes the threat a reported one, once and for all.
func (s *Threats) SetReferences(ctx context.Context, call Call, id stride.ThreatID, refs []stride.Reference) (stride.Threat, error) {
	if err := checkReferences(refs, s.Now()); err != nil {
		return stride.Threat{}, err
	}
	return s.change(ctx, call, id, func(s *Threats, tx ThreatTx, t stride.Threat) (stride.Threat, error) {
		if call.Match.Given {
			if err := call.Match.check(t.Revision, nil, t); err != nil {
				return t, err
			}
		}
		t.References = refs
		if err := tx.ReplaceReferences(ctx, id, refs); err != nil {
			return t, fmt.Errorf("replace references: %w", err)
		}
		if err := s.save(ctx, tx, &t); err != nil {
			return t, err
		}
		err := s.record(ctx, tx, call.Actor, t.ProjectID, stride.EventReferencesReplaced, stride.SubjectThreat, string(id),
			map[string]any{"references": refs})
		if err != nil {
			return t, err
		}
		return t, s.report(ctx, tx, call.Actor, t)
	})
}

// report records the first acknowledgement of the threat.
func (s *Threats) report(ctx context.Context, tx ThreatTx, actor stride.Actor, t stride.Threat) error {
	var first *stride.Reference
	for i, r := range t.References {
		if r.AcknowledgedAt != nil && (first == nil || r.AcknowledgedAt.Before(*first.AcknowledgedAt)) {
			first = &t.References[i]
		}
	}
	if first == nil {
		return nil
	}
	reported, err := tx.ReportThreat(ctx, t.ProjectID, t.ID, *first.AcknowledgedAt)
	if err != nil {
		return fmt.Errorf("report threat: %w", err)
	}
	if !reported {
		return nil
	}
	return s.record(ctx, tx, actor, t.ProjectID, stride.EventReferenceAcknowledged, stride.SubjectThreat, string(t.ID),
		map[string]any{"system": first.System, "key": first.Key, "at": first.AcknowledgedAt.UTC().Format(time.RFC3339Nano)})
}

func checkReferences(refs []stride.Reference, now time.Time) error {
	var bad []stride.Field
	if len(refs) > 50 {
		bad = append(bad, stride.Field{Field: "references", Message: "must be at most 50"})
	}
	seen := make(map[[2]string]bool)
	for i, r := range refs {
		at := func(field, msg string) {
			bad = append(bad, stride.Field{Field: fmt.Sprintf("references[%d].%s", i, field), Message: msg})
		}
		if r.System == "" || len(r.System) > 100 {
			at("system", "must have 1 to 100 bytes")
		}
		if r.Key == "" || len(r.Key) > 200 {
			at("key", "must have 1 to 200 bytes")
		}
		if u, err := url.Parse(r.URL); r.URL != "" && (err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || len(r.URL) > 2000) {
			at("url", "must be an http or https address of at most 2000 bytes")
		}
		if r.AcknowledgedAt != nil && r.AcknowledgedAt.After(now) {
			at("acknowledged_at", "must not lie in the future")
		}
		if seen[[2]string{r.System, r.Key}] {
			at("key", "stands twice for this system")
		}
		seen[[2]string{r.System, r.Key}] = true
	}
	if bad == nil {
		return nil
	}
	return &stride.Error{Kind: stride.Invalid, Message: "the references are not valid", Fields: bad}
}

// change is changeThreat for what answers with the threat, with its ageing.
func (s *Threats) change(ctx context.Context, call Call, id stride.ThreatID,
	fn func(*Threats, ThreatTx, stride.Threat) (stride.Threat, error),
) (stride.Threat, error) {
	return changeThreat(ctx, s, call, id, func(s *Threats, tx ThreatTx, t stride.Threat) (stride.Threat, error) {
		out, err := fn(s, tx, t)
		return s.aged(out), err
	})
}

// changeThreat runs fn on the threat under its project's lock, once per key.
func changeThreat[T any](ctx context.Context, s *Threats, call Call, id stride.ThreatID,
	fn func(*Threats, ThreatTx, stride.Threat) (T, error),
) (T, error) {
	var out T
	seen, err := s.Store.Threat(ctx, call.Actor.Reach(stride.RoleViewer), id)
	if err != nil {
		return out, err
	}
	if err := requireRole(call.Actor, seen.ProjectID, stride.RoleAuthor, "threat"); err != nil {
		return out, err
	}
	err = s.Store.InThreatTx(ctx, func(tx ThreatTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (T, error) {
			var zero T
			if _, err := tx.LockProject(ctx, seen.ProjectID); err != nil {
				return zero, err
			}
			t, err := tx.ThreatByID(ctx, id)
			if err != nil {
				return zero, err
			}
			s := s.frozen()
			return fn(s, tx, s.aged(t))
		})
		return err
	})
	return out, err
}

func (s *Threats) save(ctx context.Context, tx ThreatTx, t *stride.Threat) error {
	t.UpdatedAt = s.Now()
	if err := tx.UpdateThreat(ctx, *t); err != nil {
		return fmt.Errorf("update threat %s: %w", t.ID, err)
	}
	t.Revision++
	return nil
}

// frozen is s at one moment; see Kit.frozen.
func (s *Threats) frozen() *Threats {
	at := *s
	at.Kit = s.Kit.frozen()
	return &at
}
