package analysis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// MitigationStore is what Mitigations needs of storage.
type MitigationStore interface {
	// Mitigation returns NotFound for what does not exist or is out of reach; with
	// the threats that it is for.
	Mitigation(ctx context.Context, reach stride.Reach, id stride.MitigationID) (stride.Mitigation, error)
	// Mitigations lists in the filter's order, with the threats.
	Mitigations(ctx context.Context, reach stride.Reach, f MitigationFilter, p Page) (Listing[stride.Mitigation], error)
	InMitigationTx(ctx context.Context, fn func(MitigationTx) error) error
}

// MitigationTx is the transactional set of Mitigations.
type MitigationTx interface {
	RecordTx
	// MitigationByID returns NotFound where there is none; with its threats.
	MitigationByID(ctx context.Context, id stride.MitigationID) (stride.Mitigation, error)
	// UpdateMitigation writes content, status and all that hangs on it, and adds 1
	// to the revision, guarded by m.Revision; Stale where the guard fails.
	UpdateMitigation(ctx context.Context, m stride.Mitigation) error
}

// NewMitigationTx makes mitigations and links them to threats.
type NewMitigationTx interface {
	// InsertMitigation stores all but the links.
	InsertMitigation(ctx context.Context, m stride.Mitigation) error
	// LinkMitigation returns Conflict where the threat has the mitigation already.
	LinkMitigation(ctx context.Context, t stride.ThreatID, m stride.MitigationID, e stride.Effect) error
}

// ProposeTx is what making the mitigations of a new threat needs.
type ProposeTx interface {
	RecordTx
	NewMitigationTx
}

// LinkTx adds and removes a threat's mitigations.
type LinkTx interface {
	NewMitigationTx
	MitigationByID(ctx context.Context, id stride.MitigationID) (stride.Mitigation, error)
	// UnlinkMitigation returns NotFound where the threat has no such mitigation.
	UnlinkMitigation(ctx context.Context, t stride.ThreatID, m stride.MitigationID) error
}

// MitigationSort is an order of mitigations.
type MitigationSort string

const (
	// MitigationsNewest lists the newest first.
	MitigationsNewest MitigationSort = "-created_at"
	// MitigationsByDueDate lists what is due first, then what has no due date.
	MitigationsByDueDate MitigationSort = "due_at"
)

// Valid reports whether s is a known order.
func (s MitigationSort) Valid() bool { return s == MitigationsNewest || s == MitigationsByDueDate }

// MitigationFilter narrows a list of mitigations; zero values do not filter.
type MitigationFilter struct {
	Project   stride.ProjectID
	Threat    stride.ThreatID
	Status    []stride.MitigationStatus
	Owner     string
	DueBefore *time.Time
	// Overdue is about what is open and due before Now, which List sets.
	Overdue *bool
	Now     time.Time
	Sort    MitigationSort // "" stands for newest first
}

// Mitigations is what is to be done about threats.
type Mitigations struct {
	Kit
	Store MitigationStore
}

// timed is m as it stands against its due date now.
func (k Kit) timed(m stride.Mitigation) stride.Mitigation {
	m.Overdue = m.Late(k.Now())
	return m
}

// Get returns NotFound for what does not exist or is not the actor's.
func (s *Mitigations) Get(ctx context.Context, actor stride.Actor, id stride.MitigationID) (stride.Mitigation, error) {
	m, err := s.Store.Mitigation(ctx, actor.Reach(stride.RoleViewer), id)
	return s.timed(m), err
}

// List returns mitigations in the filter's order.
func (s *Mitigations) List(ctx context.Context, actor stride.Actor, f MitigationFilter, p Page) (Listing[stride.Mitigation], error) {
	if f.Sort == "" {
		f.Sort = MitigationsNewest
	}
	f.Now = s.Now()
	found, err := s.Store.Mitigations(ctx, actor.Reach(stride.RoleViewer), f, p)
	for i, m := range found.Items {
		found.Items[i] = s.timed(m)
	}
	return found, err
}

// MitigationFields are what a person may set of a mitigation; nil leaves as it is.
type MitigationFields struct {
	Text       *string
	References *[]string
	Owner      *string
	// DueAt points at nil to take the due date back.
	DueAt **time.Time
}

func (f MitigationFields) validate() error {
	var bad []stride.Field
	add := func(field, msg string) { bad = append(bad, stride.Field{Field: field, Message: msg}) }
	if f.Text != nil && (strings.TrimSpace(*f.Text) == "" || utf8.RuneCountInString(*f.Text) > 2000) {
		add("text", "must have 1 to 2000 characters")
	}
	if f.References != nil {
		if len(*f.References) > 50 {
			add("references", "must be at most 50")
		}
		for i, r := range *f.References {
			if strings.TrimSpace(r) == "" || utf8.RuneCountInString(r) > 200 || !stride.PlainText(r) {
				add(fmt.Sprintf("references[%d]", i), "must have 1 to 200 characters, none of control or direction")
			}
		}
	}
	if f.Owner != nil && (utf8.RuneCountInString(*f.Owner) > 200 || !stride.PlainText(*f.Owner)) {
		add("owner", "must have at most 200 characters, none of control or direction")
	}
	if bad == nil {
		return nil
	}
	return &stride.Error{Kind: stride.Invalid, Message: "the mitigation is not valid", Fields: bad}
}

// apply sets the given fields and returns what changed.
func (f MitigationFields) apply(m *stride.Mitigation) []stride.Change {
	var changes []stride.Change
	set := func(field string, from, to any) {
		changes = append(changes, stride.Change{Field: field, From: from, To: to})
	}
	if f.Text != nil && strings.TrimSpace(*f.Text) != m.Text {
		set("text", m.Text, strings.TrimSpace(*f.Text))
		m.Text = strings.TrimSpace(*f.Text)
	}
	if f.References != nil && !slices.Equal(*f.References, m.References) {
		set("references", m.References, *f.References)
		m.References = slices.Clone(*f.References)
	}
	if f.Owner != nil && *f.Owner != m.Owner {
		set("owner", m.Owner, *f.Owner)
		m.Owner = *f.Owner
	}
	if f.DueAt != nil && !sameMoment(*f.DueAt, m.DueAt) {
		set("due_at", m.DueAt, *f.DueAt)
		m.DueAt = *f.DueAt
	}
	return changes
}

func sameMoment(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// Update changes fields of a mitigation. Stale or PreconditionRequired by If-Match.
func (s *Mitigations) Update(ctx context.Context, call Call, id stride.MitigationID, f MitigationFields) (stride.Mitigation, error) {
	if err := f.validate(); err != nil {
		return stride.Mitigation{}, err
	}
	return s.change(ctx, call, id, func(s *Mitigations, tx MitigationTx, m stride.Mitigation) (stride.Mitigation, error) {
		if err := call.Match.check(m.Revision, nil, m); err != nil {
			return m, err
		}
		changes := f.apply(&m)
		if len(changes) == 0 {
			return m, nil
		}
		if err := s.save(ctx, tx, &m); err != nil {
			return m, err
		}
		return m, s.record(ctx, tx, call.Actor, m.ProjectID, stride.EventMitigationUpdated, stride.SubjectMitigation, string(id),
			map[string]any{"changes": changes})
	})
}

// MitigationMove changes the status of a mitigation.
type MitigationMove struct {
	To     stride.MitigationStatus
	Reason string
}

// Move changes the status of a mitigation. Authors plan, work and say that it is
// done; a reviewer other than who said so verifies it. Conflict where the status
// has no such move. If-Match is honoured where it is given.
func (s *Mitigations) Move(ctx context.Context, call Call, id stride.MitigationID, n MitigationMove) (stride.Mitigation, error) {
	if err := n.validate(); err != nil {
		return stride.Mitigation{}, err
	}
	return s.change(ctx, call, id, func(s *Mitigations, tx MitigationTx, m stride.Mitigation) (stride.Mitigation, error) {
		if err := n.allowed(call.Actor, m); err != nil {
			return m, err
		}
		if call.Match.Given {
			if err := call.Match.check(m.Revision, nil, m); err != nil {
				return m, err
			}
		}
		from := m.Status
		n.apply(&m, call.Actor, s.Now())
		if err := s.save(ctx, tx, &m); err != nil {
			return m, err
		}
		err := s.record(ctx, tx, call.Actor, m.ProjectID, stride.EventMitigationMoved, stride.SubjectMitigation, string(id),
			move{From: string(from), To: string(n.To), Reason: n.Reason})
		if err != nil {
			return m, err
		}
		return m, s.enter(ctx, tx, m.ProjectID, stride.SubjectMitigation, string(id), string(n.To))
	})
}

func (n MitigationMove) validate() error {
	var bad []stride.Field
	if !n.To.Valid() {
		bad = append(bad, stride.Field{Field: "to", Message: "must be one of " + joinStatuses(stride.MitigationStatuses())})
	}
	if utf8.RuneCountInString(n.Reason) > 4000 {
		bad = append(bad, stride.Field{Field: "reason", Message: "must have at most 4000 characters"})
	}
	if n.To == stride.MitigationDropped && strings.TrimSpace(n.Reason) == "" {
		bad = append(bad, stride.Field{Field: "reason", Message: "is required: why it is not done"})
	}
	if bad == nil {
		return nil
	}
	return &stride.Error{Kind: stride.Invalid, Message: "the transition is not valid", Fields: bad}
}

func joinStatuses(statuses []stride.MitigationStatus) string {
	names := make([]string, len(statuses))
	for i, s := range statuses {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// allowed checks the table of moves, then who may move what.
func (n MitigationMove) allowed(actor stride.Actor, m stride.Mitigation) error {
	if !m.Status.CanMove(n.To) {
		return &stride.Error{
			Kind:    stride.Conflict,
			Message: fmt.Sprintf("a mitigation that is %s can only become %s", m.Status, joinStatuses(m.Status.Moves())), Current: m,
		}
	}
	judges := n.To == stride.MitigationVerified || m.Status == stride.MitigationVerified
	if judges && !actor.RoleIn(m.ProjectID).AtLeast(stride.RoleReviewer) {
		return stride.Errorf(stride.Forbidden, "moving a mitigation from %s to %s wants the role reviewer", m.Status, n.To)
	}
	if n.To == stride.MitigationVerified && m.DoneBy == actor.User {
		return stride.Errorf(stride.Forbidden, "you said that it is done; another reviewer has to verify it")
	}
	if m.Status.Holds() && n.To == stride.MitigationInProgress && strings.TrimSpace(n.Reason) == "" {
		return stride.InvalidField("reason", "is required: why it does not hold")
	}
	return nil
}

func (n MitigationMove) apply(m *stride.Mitigation, actor stride.Actor, now time.Time) {
	m.Status, m.StatusReason, m.MovedAt = n.To, n.Reason, now
	switch n.To {
	case stride.MitigationDone:
		m.DoneAt, m.DoneBy = &now, actor.User
	case stride.MitigationVerified:
		m.VerifiedAt, m.VerifiedBy = &now, actor.User
	default:
		m.DoneAt, m.DoneBy, m.VerifiedAt, m.VerifiedBy = nil, "", nil, ""
	}
}

// change runs fn on the mitigation under its project's lock, once per key.
func (s *Mitigations) change(ctx context.Context, call Call, id stride.MitigationID,
	fn func(*Mitigations, MitigationTx, stride.Mitigation) (stride.Mitigation, error),
) (stride.Mitigation, error) {
	seen, err := s.Get(ctx, call.Actor, id)
	if err != nil {
		return seen, err
	}
	if err := requireRole(call.Actor, seen.ProjectID, stride.RoleAuthor, "mitigation"); err != nil {
		return seen, err
	}
	var out stride.Mitigation
	err = s.Store.InMitigationTx(ctx, func(tx MitigationTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.Mitigation, error) {
			if _, err := tx.LockProject(ctx, seen.ProjectID); err != nil {
				return seen, err
			}
			m, err := tx.MitigationByID(ctx, id)
			if err != nil {
				return m, err
			}
			at := s.frozen()
			m, err = fn(at, tx, at.timed(m))
			return at.timed(m), err
		})
		return err
	})
	return out, err
}

func (s *Mitigations) save(ctx context.Context, tx MitigationTx, m *stride.Mitigation) error {
	m.UpdatedAt = s.Now()
	if err := tx.UpdateMitigation(ctx, *m); err != nil {
		return fmt.Errorf("update mitigation %s: %w", m.ID, err)
	}
	m.Revision++
	return nil
}

// frozen is s at one moment; see Kit.frozen.
func (s *Mitigations) frozen() *Mitigations {
	at := *s
	at.Kit = s.Kit.frozen()
	return &at
}

// newMitigation is one that nobody has worked on yet.
func (k Kit) newMitigation(actor stride.Actor, p stride.ProjectID, text string, references []string, origin stride.Provenance) stride.Mitigation {
	now := k.Now()
	return stride.Mitigation{
		ID: stride.MitigationID(k.NewID()), ProjectID: p, Text: text, References: slices.Clone(references), Origin: origin,
		Status: stride.MitigationProposed, MovedAt: now, CreatedAt: now, CreatedBy: actor.User, UpdatedAt: now, Revision: 1,
	}
}

// insertMitigation stores m for the threat with its first event and interval.
func (k Kit) insertMitigation(ctx context.Context, tx ProposeTx, actor stride.Actor, t stride.ThreatID, m stride.Mitigation, e stride.Effect) error {
	if err := tx.InsertMitigation(ctx, m); err != nil {
		return fmt.Errorf("insert mitigation: %w", err)
	}
	if err := tx.LinkMitigation(ctx, t, m.ID, e); err != nil {
		return fmt.Errorf("link mitigation: %w", err)
	}
	payload := map[string]any{"threat_id": t, "text": m.Text, "origin": m.Origin, "likelihood": e.Likelihood, "impact": e.Impact}
	err := k.record(ctx, tx, actor, m.ProjectID, stride.EventMitigationCreated, stride.SubjectMitigation, string(m.ID), payload)
	if err != nil {
		return err
	}
	return k.enter(ctx, tx, m.ProjectID, stride.SubjectMitigation, string(m.ID), string(m.Status))
}

// proposeMitigations makes the mitigations that a new threat's content proposes.
func (k Kit) proposeMitigations(ctx context.Context, tx ProposeTx, actor stride.Actor, t stride.Threat) ([]stride.ThreatMitigation, error) {
	origin := stride.ByHuman
	if t.Origin == stride.OriginSuggestion {
		origin = stride.ByDraft
	}
	var out []stride.ThreatMitigation
	for _, p := range t.Content.Mitigations {
		m, e := k.newMitigation(actor, t.ProjectID, p.Text, p.References, origin), stride.DefaultEffect()
		if err := k.insertMitigation(ctx, tx, actor, t.ID, m, e); err != nil {
			return nil, err
		}
		out = append(out, stride.ThreatMitigation{ID: m.ID, Text: m.Text, References: m.References, Status: m.Status, Effect: e})
	}
	return out, nil
}

// NewMitigation is what a person adds to a threat: one of the project's that
// exists, by ID, or a new one.
type NewMitigation struct {
	ID     stride.MitigationID
	Fields MitigationFields
	// Effect is nil for the default one.
	Effect *stride.Effect
}

func (n NewMitigation) validate() error {
	var bad []stride.Field
	given := map[string]bool{
		"text": n.Fields.Text != nil, "references": n.Fields.References != nil, "owner": n.Fields.Owner != nil, "due_at": n.Fields.DueAt != nil,
	}
	for _, field := range []string{"text", "references", "owner", "due_at"} {
		if n.ID != "" && given[field] {
			bad = append(bad, stride.Field{Field: field, Message: "belongs to a new mitigation; change an existing one at /v1/mitigations/{id}"})
		}
	}
	if n.ID == "" && n.Fields.Text == nil {
		bad = append(bad, stride.Field{Field: "text", Message: "is required, or else mitigation_id"})
	}
	for _, err := range []error{n.Fields.validate(), n.effect().Validate()} {
		var e *stride.Error
		if errors.As(err, &e) {
			bad = append(bad, e.Fields...)
		}
	}
	if bad == nil {
		return nil
	}
	return &stride.Error{Kind: stride.Invalid, Message: "the mitigation is not valid", Fields: bad}
}

func (n NewMitigation) effect() stride.Effect {
	if n.Effect == nil {
		return stride.DefaultEffect()
	}
	return *n.Effect
}

// maxMitigations bounds what one threat can be linked to.
const maxMitigations = 100

// AddMitigation gives the threat a new mitigation, or one that the project has
// already. Conflict where the threat has it. If-Match is honoured where it is
// given, and is the threat's.
func (s *Threats) AddMitigation(ctx context.Context, call Call, id stride.ThreatID, n NewMitigation) (stride.Mitigation, error) {
	if err := n.validate(); err != nil {
		return stride.Mitigation{}, err
	}
	return changeThreat(ctx, s, call, id, func(s *Threats, tx ThreatTx, t stride.Threat) (stride.Mitigation, error) {
		if call.Match.Given {
			if err := call.Match.check(t.Revision, nil, t); err != nil {
				return stride.Mitigation{}, err
			}
		}
		if len(t.Mitigations) >= maxMitigations {
			return stride.Mitigation{}, &stride.Error{
				Kind: stride.Conflict, Message: fmt.Sprintf("a threat can have at most %d mitigations", maxMitigations), Current: t,
			}
		}
		m, err := s.mitigate(ctx, tx, call.Actor, t, n)
		if err != nil {
			return m, err
		}
		payload := map[string]any{"mitigation_id": m.ID, "text": m.Text, "likelihood": n.effect().Likelihood, "impact": n.effect().Impact}
		err = s.record(ctx, tx, call.Actor, t.ProjectID, stride.EventMitigationLinked, stride.SubjectThreat, string(id), payload)
		if err != nil {
			return m, err
		}
		if err := s.save(ctx, tx, &t); err != nil {
			return m, err
		}
		m, err = tx.MitigationByID(ctx, m.ID)
		return s.timed(m), err
	})
}

// mitigate makes the mitigation, or finds it, and links it.
func (s *Threats) mitigate(ctx context.Context, tx ThreatTx, actor stride.Actor, t stride.Threat, n NewMitigation) (stride.Mitigation, error) {
	if n.ID == "" {
		m := s.newMitigation(actor, t.ProjectID, "", []string{}, stride.ByHuman)
		n.Fields.apply(&m)
		return m, s.insertMitigation(ctx, tx, actor, t.ID, m, n.effect())
	}
	m, err := tx.MitigationByID(ctx, n.ID)
	if isKind(err, stride.NotFound) || (err == nil && m.ProjectID != t.ProjectID) {
		return m, stride.InvalidField("mitigation_id", "is no mitigation of this project")
	}
	if err != nil {
		return m, err
	}
	err = tx.LinkMitigation(ctx, t.ID, m.ID, n.effect())
	if isKind(err, stride.Conflict) {
		return m, &stride.Error{Kind: stride.Conflict, Message: "the threat has this mitigation already", Current: t}
	}
	if err != nil {
		return m, fmt.Errorf("link mitigation: %w", err)
	}
	return m, nil
}

// RemoveMitigation takes a mitigation off the threat; the mitigation itself stays.
// NotFound where the threat does not have it. If-Match is honoured where it is
// given.
func (s *Threats) RemoveMitigation(ctx context.Context, call Call, id stride.ThreatID, m stride.MitigationID) (stride.Threat, error) {
	return s.change(ctx, call, id, func(s *Threats, tx ThreatTx, t stride.Threat) (stride.Threat, error) {
		i := slices.IndexFunc(t.Mitigations, func(own stride.ThreatMitigation) bool { return own.ID == m })
		if i < 0 {
			return t, stride.Errorf(stride.NotFound, "the threat has no such mitigation")
		}
		if call.Match.Given {
			if err := call.Match.check(t.Revision, nil, t); err != nil {
				return t, err
			}
		}
		if err := tx.UnlinkMitigation(ctx, id, m); err != nil {
			return t, fmt.Errorf("unlink mitigation: %w", err)
		}
		payload := map[string]any{"mitigation_id": m, "text": t.Mitigations[i].Text}
		t.Mitigations = slices.Delete(slices.Clone(t.Mitigations), i, i+1)
		if err := s.save(ctx, tx, &t); err != nil {
			return t, err
		}
		return t, s.record(ctx, tx, call.Actor, t.ProjectID, stride.EventMitigationUnlinked, stride.SubjectThreat, string(id), payload)
	})
}
