package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var (
	_ analysis.ThreatStore = (*Store)(nil)
	_ analysis.ThreatTx    = (*Tx)(nil)
)

type threatRow struct {
	ID           stride.ThreatID         `db:"id"`
	ProjectID    stride.ProjectID        `db:"project_id"`
	SuggestionID *string                 `db:"suggestion_id"`
	Origin       stride.ThreatOrigin     `db:"origin"`
	Category     stride.Category         `db:"category"`
	Severity     stride.Severity         `db:"severity"`
	Content      jsonOf[stride.Proposal] `db:"content"`
	State        stride.ThreatState      `db:"state"`
	StateReason  string                  `db:"state_reason"`
	Owner        string                  `db:"owner"`
	Party        string                  `db:"party"`
	ExpiresAt    *int64                  `db:"expires_at"`
	AcceptedAt   int64                   `db:"accepted_at"`
	AcceptedBy   stride.UserID           `db:"accepted_by"`
	MitigatedBy  stride.UserID           `db:"mitigated_by"`
	ResolvedAt   *int64                  `db:"resolved_at"`
	ReopenCount  int                     `db:"reopen_count"`
	Revision     int64                   `db:"revision"`
	UpdatedAt    int64                   `db:"updated_at"`
	// From model_threats.
	FirstModel stride.ModelID `db:"first_model"`
	LastModel  stride.ModelID `db:"last_model"`
}

func newThreatRow(t stride.Threat) threatRow {
	return threatRow{
		ID: t.ID, ProjectID: t.ProjectID, SuggestionID: textOrNull(t.SuggestionID), Origin: t.Origin,
		Category: t.Content.Category, Severity: t.Content.Severity, Content: jsonOf[stride.Proposal]{t.Content},
		State: t.State, StateReason: t.StateReason, Owner: t.Owner, Party: t.Party, ExpiresAt: microsOrNull(t.ExpiresAt),
		AcceptedAt: micros(t.AcceptedAt), AcceptedBy: t.AcceptedBy, MitigatedBy: t.MitigatedBy,
		ResolvedAt: microsOrNull(t.ResolvedAt), ReopenCount: t.ReopenCount, Revision: t.Revision, UpdatedAt: micros(t.UpdatedAt),
	}
}

func (r threatRow) threat() stride.Threat {
	return stride.Threat{
		ID: r.ID, ProjectID: r.ProjectID, SuggestionID: textOrEmpty[stride.SuggestionID](r.SuggestionID), Origin: r.Origin,
		Content: r.Content.V, State: r.State, StateReason: r.StateReason, Owner: r.Owner, Party: r.Party,
		ExpiresAt: instantOrNil(r.ExpiresAt), AcceptedAt: instant(r.AcceptedAt), AcceptedBy: r.AcceptedBy,
		MitigatedBy: r.MitigatedBy, ResolvedAt: instantOrNil(r.ResolvedAt), ReopenCount: r.ReopenCount,
		References: []stride.Reference{}, FirstModel: r.FirstModel, LastModel: r.LastModel, Revision: r.Revision,
		UpdatedAt: instant(r.UpdatedAt),
	}
}

// The ids of models are UUIDv7: the least is the oldest.
const selectThreats = `
select t.id, t.project_id, t.suggestion_id, t.origin, t.category, t.severity, t.content, t.state, t.state_reason,
       t.owner, t.party, t.expires_at, t.accepted_at, t.accepted_by, t.mitigated_by, t.resolved_at, t.reopen_count,
       t.revision, t.updated_at,
       coalesce((select min(l.model_id) from model_threats l where l.threat_id = t.id), '') as first_model,
       coalesce((select max(l.model_id) from model_threats l where l.threat_id = t.id), '') as last_model
from threats t`

// Threat returns NotFound for what does not exist or is out of reach; with its
// references and mitigations.
func (s *Store) Threat(ctx context.Context, reach stride.Reach, id stride.ThreatID) (stride.Threat, error) {
	var f filter
	f.where("t.id = ?", id)
	f.within("t.project_id", reach)
	return s.threat(ctx, f)
}

// ThreatByID returns NotFound where there is none; with its references and
// mitigations.
func (tx *Tx) ThreatByID(ctx context.Context, id stride.ThreatID) (stride.Threat, error) {
	var f filter
	f.where("t.id = ?", id)
	return tx.threat(ctx, f)
}

func (s session) threat(ctx context.Context, f filter) (stride.Threat, error) {
	found, err := s.threats(ctx, f, "")
	if err != nil {
		return stride.Threat{}, err
	}
	if len(found) == 0 {
		return stride.Threat{}, stride.Errorf(stride.NotFound, "no such threat")
	}
	return found[0], nil
}

// threats reads those that match, with their references and mitigations.
func (s session) threats(ctx context.Context, f filter, suffix string, args ...any) ([]stride.Threat, error) {
	if f.err != nil {
		return nil, f.err
	}
	var rows []threatRow
	if err := s.list(ctx, &rows, selectThreats+f.sql()+suffix, append(f.args, args...)...); err != nil {
		return nil, fmt.Errorf("list threats: %w", err)
	}
	out := make([]stride.Threat, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.threat())
	}
	if err := s.addReferences(ctx, out); err != nil {
		return nil, err
	}
	return out, s.addMitigations(ctx, out)
}

const selectReferences = `select threat_id, system, key, url, acknowledged_at from threat_references`

func (s session) addReferences(ctx context.Context, threats []stride.Threat) error {
	at := make(map[stride.ThreatID]*stride.Threat, len(threats))
	for i := range threats {
		at[threats[i].ID] = &threats[i]
	}
	for ids := range slices.Chunk(slices.Collect(maps.Keys(at)), chunk) {
		var f filter
		oneOf(&f, "threat_id", ids)
		if f.err != nil {
			return f.err
		}
		var rows []struct {
			ThreatID       stride.ThreatID `db:"threat_id"`
			System         string          `db:"system"`
			Key            string          `db:"key"`
			URL            string          `db:"url"`
			AcknowledgedAt *int64          `db:"acknowledged_at"`
		}
		if err := s.list(ctx, &rows, selectReferences+f.sql()+" order by threat_id, ordinal", f.args...); err != nil {
			return fmt.Errorf("list references: %w", err)
		}
		for _, r := range rows {
			t := at[r.ThreatID]
			t.References = append(t.References, stride.Reference{
				System: r.System, Key: r.Key, URL: r.URL, AcknowledgedAt: instantOrNil(r.AcknowledgedAt),
			})
		}
	}
	return nil
}

// threatOrder is the order of a list of threats, by name. When a threat is due
// depends on its severity and on the SLA.
func threatOrder(tf analysis.ThreatFilter) (order, error) {
	switch tf.Sort {
	case analysis.ThreatsOldest, "":
		return order{name: "id", id: "t.id"}, nil
	case analysis.ThreatsByDueDate:
		var b strings.Builder
		b.WriteString("(t.accepted_at + case t.severity")
		for _, severity := range stride.Severities() {
			fmt.Fprintf(&b, " when '%s' then %d", severity, tf.SLA.Allowance(severity).Microseconds())
		}
		b.WriteString(" else 0 end)")
		return order{name: "due_at", key: b.String(), id: "t.id"}, nil
	}
	return order{}, stride.InvalidField("sort", "must be one of created_at, due_at")
}

// Threats lists in the filter's order, with references and mitigations. Invalid
// for an unknown order.
func (s *Store) Threats(
	ctx context.Context, reach stride.Reach, tf analysis.ThreatFilter, p analysis.Page,
) (analysis.Listing[stride.Threat], error) {
	var none analysis.Listing[stride.Threat]
	by, err := threatOrder(tf)
	if err != nil {
		return none, err
	}
	f := filterThreats(reach, tf)
	if err := f.after(by, p.After); err != nil {
		return none, err
	}
	size := pageSize(p)
	found, err := s.threats(ctx, f, by.sql(), size+1)
	if err != nil {
		return none, err
	}
	return listing(found, size, func(t stride.Threat) stride.Threat { return t }, func(t stride.Threat) analysis.Cursor {
		c := analysis.Cursor{Sort: by.name, ID: string(t.ID)}
		if by.key != "" {
			c.Key = micros(t.AcceptedAt) + tf.SLA.Allowance(t.Content.Severity).Microseconds()
		}
		return c
	}), nil
}

// isOpen stands as the partial index threats_open has it.
const isOpen = "t.state in ('open', 'in_progress', 'mitigated')"

func filterThreats(reach stride.Reach, tf analysis.ThreatFilter) filter {
	var f filter
	f.within("t.project_id", reach)
	equals(&f, "t.project_id", tf.Project)
	oneOf(&f, "t.state", tf.State)
	oneOf(&f, "t.category", tf.Category)
	oneOf(&f, "t.severity", tf.Severity)
	equals(&f, "t.owner", tf.Owner)
	if tf.Model != "" {
		f.where(seenIn, tf.Model)
	}
	if tf.Sort == analysis.ThreatsByDueDate {
		f.where(isOpen)
	}
	if tf.Overdue == nil {
		return f
	}
	late := make([]string, 0, len(stride.Severities()))
	var args []any
	for _, severity := range stride.Severities() {
		late = append(late, "t.severity = ? and t.accepted_at < ?")
		args = append(args, severity, micros(tf.Now)-tf.SLA.Allowance(severity).Microseconds())
	}
	condition := isOpen + " and (" + strings.Join(late, " or ") + ")"
	if !*tf.Overdue {
		condition = "not (" + condition + ")"
	}
	f.where(condition, args...)
	return f
}

const selectExpiredRisks = `
select t.id, t.project_id, t.expires_at from threats t where t.state = 'risk_accepted' and t.expires_at <= ?`

// ExpiredRisks returns threats that are risk_accepted and whose expires_at is not
// after the moment, by expires_at and id, behind after unless it is nil.
func (s *Store) ExpiredRisks(ctx context.Context, at time.Time, after *analysis.ExpiredRisk, limit int) ([]analysis.ExpiredRisk, error) {
	query, args := selectExpiredRisks, []any{micros(at)}
	if after != nil {
		query += " and (t.expires_at > ? or (t.expires_at = ? and t.id > ?))"
		args = append(args, micros(after.ExpiresAt), micros(after.ExpiresAt), after.ID)
	}
	var rows []struct {
		ID        stride.ThreatID  `db:"id"`
		ProjectID stride.ProjectID `db:"project_id"`
		ExpiresAt int64            `db:"expires_at"`
	}
	if err := s.list(ctx, &rows, query+" order by t.expires_at, t.id limit ?", append(args, limit)...); err != nil {
		return nil, fmt.Errorf("list expired risks: %w", err)
	}
	out := make([]analysis.ExpiredRisk, 0, len(rows))
	for _, r := range rows {
		out = append(out, analysis.ExpiredRisk{ID: r.ID, ProjectID: r.ProjectID, ExpiresAt: instant(r.ExpiresAt)})
	}
	return out, nil
}

const seenIn = `exists (select 1 from model_threats l where l.threat_id = t.id and l.model_id = ?)`

// ThreatsOf returns the threats that were seen in the version, by id.
func (s *Store) ThreatsOf(ctx context.Context, id stride.ModelID) ([]stride.Threat, error) {
	var f filter
	f.where(seenIn, id)
	return s.threats(ctx, f, " order by t.id")
}

const insertThreat = `
insert into threats
    (id, project_id, suggestion_id, origin, category, severity, content, state, state_reason, owner, party, expires_at,
     accepted_at, accepted_by, mitigated_by, resolved_at, reopen_count, revision, updated_at)
values
    (:id, :project_id, :suggestion_id, :origin, :category, :severity, :content, :state, :state_reason, :owner, :party,
     :expires_at, :accepted_at, :accepted_by, :mitigated_by, :resolved_at, :reopen_count, :revision, :updated_at)
on conflict do nothing`

// InsertThreat returns Conflict where the suggestion has a threat already. The
// versions that it was seen in are LinkThreat's, its references
// ReplaceReferences'.
func (tx *Tx) InsertThreat(ctx context.Context, t stride.Threat) error {
	n, err := tx.execRow(ctx, insertThreat, newThreatRow(t))
	if err != nil {
		return fmt.Errorf("insert threat: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Conflict, "the suggestion has a threat already")
	}
	return nil
}

const updateThreat = `
update threats
set category = :category, severity = :severity, content = :content, state = :state, state_reason = :state_reason,
    owner = :owner, party = :party, expires_at = :expires_at, mitigated_by = :mitigated_by, resolved_at = :resolved_at,
    reopen_count = :reopen_count, updated_at = :updated_at, revision = revision + 1
where id = :id and revision = :revision`

// UpdateThreat writes content, state and all that hangs on it, and adds 1 to the
// revision, guarded by t.Revision; Stale where the guard fails.
func (tx *Tx) UpdateThreat(ctx context.Context, t stride.Threat) error {
	n, err := tx.execRow(ctx, updateThreat, newThreatRow(t))
	if err != nil {
		return fmt.Errorf("update threat: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Stale, "the threat has changed since it was read")
	}
	return nil
}

const deleteReferences = `delete from threat_references where threat_id = ?`

const insertReference = `
insert into threat_references (threat_id, system, key, ordinal, url, acknowledged_at) values (?, ?, ?, ?, ?, ?)`

// ReplaceReferences writes the whole list, in its order.
func (tx *Tx) ReplaceReferences(ctx context.Context, id stride.ThreatID, refs []stride.Reference) error {
	if _, err := tx.exec(ctx, deleteReferences, id); err != nil {
		return fmt.Errorf("delete references: %w", err)
	}
	for i, r := range refs {
		_, err := tx.exec(ctx, insertReference, id, r.System, r.Key, i, r.URL, microsOrNull(r.AcknowledgedAt))
		if err != nil {
			return fmt.Errorf("insert reference: %w", err)
		}
	}
	return nil
}

const insertReport = `
insert into threat_reports (threat_id, project_id, at) values (?, ?, ?) on conflict (threat_id) do nothing`

// ReportThreat keeps the moment of the first acknowledgement; first is false
// where there was one before.
func (tx *Tx) ReportThreat(ctx context.Context, p stride.ProjectID, id stride.ThreatID, at time.Time) (first bool, err error) {
	n, err := tx.exec(ctx, insertReport, id, p, micros(at))
	if err != nil {
		return false, fmt.Errorf("insert report: %w", err)
	}
	return n == 1, nil
}

const insertLink = `insert into model_threats (model_id, threat_id) values (?, ?) on conflict do nothing`

// LinkThreat records that a threat was seen in a version; again is fine.
func (tx *Tx) LinkThreat(ctx context.Context, m stride.ModelID, t stride.ThreatID) error {
	if _, err := tx.exec(ctx, insertLink, m, t); err != nil {
		return fmt.Errorf("link threat: %w", err)
	}
	return nil
}
