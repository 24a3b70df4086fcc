package store

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var (
	_ analysis.MitigationStore = (*Store)(nil)
	_ analysis.MitigationTx    = (*Tx)(nil)
)

type mitigationRow struct {
	ID           stride.MitigationID     `db:"id"`
	ProjectID    stride.ProjectID        `db:"project_id"`
	Text         string                  `db:"text"`
	References   jsonOf[[]string]        `db:"refs"`
	Origin       stride.Provenance       `db:"origin"`
	Owner        string                  `db:"owner"`
	DueAt        *int64                  `db:"due_at"`
	Status       stride.MitigationStatus `db:"status"`
	StatusReason string                  `db:"status_reason"`
	MovedAt      int64                   `db:"moved_at"`
	DoneAt       *int64                  `db:"done_at"`
	DoneBy       stride.UserID           `db:"done_by"`
	VerifiedAt   *int64                  `db:"verified_at"`
	VerifiedBy   stride.UserID           `db:"verified_by"`
	CreatedAt    int64                   `db:"created_at"`
	CreatedBy    stride.UserID           `db:"created_by"`
	UpdatedAt    int64                   `db:"updated_at"`
	Revision     int64                   `db:"revision"`
}

func newMitigationRow(m stride.Mitigation) mitigationRow {
	return mitigationRow{
		ID: m.ID, ProjectID: m.ProjectID, Text: m.Text, References: jsonOf[[]string]{m.References}, Origin: m.Origin, Owner: m.Owner,
		DueAt: microsOrNull(m.DueAt), Status: m.Status, StatusReason: m.StatusReason, MovedAt: micros(m.MovedAt),
		DoneAt: microsOrNull(m.DoneAt), DoneBy: m.DoneBy, VerifiedAt: microsOrNull(m.VerifiedAt), VerifiedBy: m.VerifiedBy,
		CreatedAt: micros(m.CreatedAt), CreatedBy: m.CreatedBy, UpdatedAt: micros(m.UpdatedAt), Revision: m.Revision,
	}
}

func (r mitigationRow) mitigation() stride.Mitigation {
	return stride.Mitigation{
		ID: r.ID, ProjectID: r.ProjectID, Text: r.Text, References: r.References.V, Origin: r.Origin, Owner: r.Owner,
		DueAt: instantOrNil(r.DueAt), Status: r.Status, StatusReason: r.StatusReason, MovedAt: instant(r.MovedAt),
		DoneAt: instantOrNil(r.DoneAt), DoneBy: r.DoneBy, VerifiedAt: instantOrNil(r.VerifiedAt), VerifiedBy: r.VerifiedBy,
		CreatedAt: instant(r.CreatedAt), CreatedBy: r.CreatedBy, UpdatedAt: instant(r.UpdatedAt), Revision: r.Revision,
	}
}

const selectMitigations = `
select m.id, m.project_id, m.text, m.refs, m.origin, m.owner, m.due_at, m.status, m.status_reason, m.moved_at, m.done_at,
       m.done_by, m.verified_at, m.verified_by, m.created_at, m.created_by, m.updated_at, m.revision
from mitigations m`

// Mitigation returns NotFound for what does not exist or is out of reach; with the
// threats that it is for.
func (s *Store) Mitigation(ctx context.Context, reach stride.Reach, id stride.MitigationID) (stride.Mitigation, error) {
	var f filter
	f.where("m.id = ?", id)
	f.within("m.project_id", reach)
	return s.mitigation(ctx, f)
}

// MitigationByID returns NotFound where there is none; with its threats.
func (tx *Tx) MitigationByID(ctx context.Context, id stride.MitigationID) (stride.Mitigation, error) {
	var f filter
	f.where("m.id = ?", id)
	return tx.mitigation(ctx, f)
}

func (s session) mitigation(ctx context.Context, f filter) (stride.Mitigation, error) {
	found, err := s.mitigations(ctx, f, "")
	if err != nil {
		return stride.Mitigation{}, err
	}
	if len(found) == 0 {
		return stride.Mitigation{}, stride.Errorf(stride.NotFound, "no such mitigation")
	}
	return found[0], nil
}

// mitigations reads those that match, with their threats.
func (s session) mitigations(ctx context.Context, f filter, suffix string, args ...any) ([]stride.Mitigation, error) {
	if f.err != nil {
		return nil, f.err
	}
	var rows []mitigationRow
	if err := s.list(ctx, &rows, selectMitigations+f.sql()+suffix, append(f.args, args...)...); err != nil {
		return nil, fmt.Errorf("list mitigations: %w", err)
	}
	out := make([]stride.Mitigation, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.mitigation())
	}
	return out, s.addMitigatedThreats(ctx, out)
}

// linkRow is a link, with what the two sides show of each other.
type linkRow struct {
	ThreatID     stride.ThreatID         `db:"threat_id"`
	MitigationID stride.MitigationID     `db:"mitigation_id"`
	Likelihood   int                     `db:"likelihood"`
	Impact       int                     `db:"impact"`
	Content      jsonOf[stride.Proposal] `db:"content"`
	Text         string                  `db:"text"`
	References   jsonOf[[]string]        `db:"refs"`
	Status       stride.MitigationStatus `db:"status"`
	Owner        string                  `db:"owner"`
	DueAt        *int64                  `db:"due_at"`
}

func (r linkRow) effect() stride.Effect {
	return stride.Effect{Likelihood: r.Likelihood, Impact: r.Impact}
}

const selectMitigatedThreats = `
select l.threat_id, l.mitigation_id, l.likelihood, l.impact, t.content
from threat_mitigations l
join threats t on t.id = l.threat_id`

func (s session) addMitigatedThreats(ctx context.Context, mitigations []stride.Mitigation) error {
	at := make(map[stride.MitigationID]*stride.Mitigation, len(mitigations))
	for i := range mitigations {
		at[mitigations[i].ID] = &mitigations[i]
	}
	for ids := range slices.Chunk(slices.Collect(maps.Keys(at)), chunk) {
		var f filter
		oneOf(&f, "l.mitigation_id", ids)
		if f.err != nil {
			return f.err
		}
		var rows []linkRow
		if err := s.list(ctx, &rows, selectMitigatedThreats+f.sql()+" order by l.mitigation_id, l.threat_id", f.args...); err != nil {
			return fmt.Errorf("list mitigated threats: %w", err)
		}
		for _, r := range rows {
			m := at[r.MitigationID]
			m.Threats = append(m.Threats, stride.MitigatedThreat{ThreatID: r.ThreatID, Title: r.Content.V.Title, Effect: r.effect()})
		}
	}
	return nil
}

const selectThreatMitigations = `
select l.threat_id, l.mitigation_id, l.likelihood, l.impact, m.text, m.refs, m.status, m.owner, m.due_at
from threat_mitigations l
join mitigations m on m.id = l.mitigation_id`

// addMitigations adds what is linked to the threats, the oldest first.
func (s session) addMitigations(ctx context.Context, threats []stride.Threat) error {
	at := make(map[stride.ThreatID]*stride.Threat, len(threats))
	for i := range threats {
		at[threats[i].ID] = &threats[i]
	}
	for ids := range slices.Chunk(slices.Collect(maps.Keys(at)), chunk) {
		var f filter
		oneOf(&f, "l.threat_id", ids)
		if f.err != nil {
			return f.err
		}
		var rows []linkRow
		if err := s.list(ctx, &rows, selectThreatMitigations+f.sql()+" order by l.threat_id, l.mitigation_id", f.args...); err != nil {
			return fmt.Errorf("list mitigations of threats: %w", err)
		}
		for _, r := range rows {
			t := at[r.ThreatID]
			t.Mitigations = append(t.Mitigations, stride.ThreatMitigation{
				ID: r.MitigationID, Text: r.Text, References: r.References.V, Status: r.Status, Owner: r.Owner,
				DueAt: instantOrNil(r.DueAt), Effect: r.effect(),
			})
		}
	}
	return nil
}

// noDueDate sorts behind every due date.
const noDueDate = math.MaxInt64

// mitigationOrders are the orders of mitigations.
var mitigationOrders = map[analysis.MitigationSort]order{
	analysis.MitigationsNewest:    {name: "-created_at", id: "m.id", idDescending: true},
	analysis.MitigationsByDueDate: {name: "due_at", key: fmt.Sprintf("coalesce(m.due_at, %d)", int64(noDueDate)), id: "m.id"},
}

// Mitigations lists in the filter's order, with the threats. Invalid for an
// unknown order.
func (s *Store) Mitigations(
	ctx context.Context, reach stride.Reach, mf analysis.MitigationFilter, p analysis.Page,
) (analysis.Listing[stride.Mitigation], error) {
	var none analysis.Listing[stride.Mitigation]
	if mf.Sort == "" {
		mf.Sort = analysis.MitigationsNewest
	}
	by, ok := mitigationOrders[mf.Sort]
	if !ok {
		return none, stride.InvalidField("sort", "must be one of -created_at, due_at")
	}
	f := filterMitigations(reach, mf)
	if err := f.after(by, p.After); err != nil {
		return none, err
	}
	size := pageSize(p)
	found, err := s.mitigations(ctx, f, by.sql(), size+1)
	if err != nil {
		return none, err
	}
	return listing(found, size, func(m stride.Mitigation) stride.Mitigation { return m }, func(m stride.Mitigation) analysis.Cursor {
		c := analysis.Cursor{Sort: by.name, ID: string(m.ID)}
		if by.key != "" {
			c.Key = noDueDate
			if m.DueAt != nil {
				c.Key = micros(*m.DueAt)
			}
		}
		return c
	}), nil
}

func filterMitigations(reach stride.Reach, mf analysis.MitigationFilter) filter {
	var f filter
	f.within("m.project_id", reach)
	equals(&f, "m.project_id", mf.Project)
	oneOf(&f, "m.status", mf.Status)
	equals(&f, "m.owner", mf.Owner)
	if mf.Threat != "" {
		f.where("exists (select 1 from threat_mitigations l where l.mitigation_id = m.id and l.threat_id = ?)", mf.Threat)
	}
	if mf.DueBefore != nil {
		f.where("m.due_at < ?", micros(*mf.DueBefore))
	}
	const late = "m.status in ('proposed', 'planned', 'in_progress') and m.due_at is not null and m.due_at < ?"
	if mf.Overdue != nil && *mf.Overdue {
		f.where(late, micros(mf.Now))
	}
	if mf.Overdue != nil && !*mf.Overdue {
		f.where("not ("+late+")", micros(mf.Now))
	}
	return f
}

const insertMitigation = `
insert into mitigations
    (id, project_id, text, refs, origin, owner, due_at, status, status_reason, moved_at, done_at, done_by, verified_at,
     verified_by, created_at, created_by, updated_at, revision)
values
    (:id, :project_id, :text, :refs, :origin, :owner, :due_at, :status, :status_reason, :moved_at, :done_at, :done_by,
     :verified_at, :verified_by, :created_at, :created_by, :updated_at, :revision)`

// InsertMitigation stores all but the links.
func (tx *Tx) InsertMitigation(ctx context.Context, m stride.Mitigation) error {
	if _, err := tx.execRow(ctx, insertMitigation, newMitigationRow(m)); err != nil {
		return fmt.Errorf("insert mitigation: %w", err)
	}
	return nil
}

const updateMitigation = `
update mitigations
set text = :text, refs = :refs, owner = :owner, due_at = :due_at, status = :status, status_reason = :status_reason,
    moved_at = :moved_at, done_at = :done_at, done_by = :done_by, verified_at = :verified_at, verified_by = :verified_by,
    updated_at = :updated_at, revision = revision + 1
where id = :id and revision = :revision`

// UpdateMitigation writes content, status and all that hangs on it, and adds 1 to
// the revision, guarded by m.Revision; Stale where the guard fails.
func (tx *Tx) UpdateMitigation(ctx context.Context, m stride.Mitigation) error {
	n, err := tx.execRow(ctx, updateMitigation, newMitigationRow(m))
	if err != nil {
		return fmt.Errorf("update mitigation: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Stale, "the mitigation has changed since it was read")
	}
	return nil
}

const insertMitigationLink = `
insert into threat_mitigations (threat_id, mitigation_id, likelihood, impact) values (?, ?, ?, ?) on conflict do nothing`

// LinkMitigation returns Conflict where the threat has the mitigation already.
func (tx *Tx) LinkMitigation(ctx context.Context, t stride.ThreatID, m stride.MitigationID, e stride.Effect) error {
	n, err := tx.exec(ctx, insertMitigationLink, t, m, e.Likelihood, e.Impact)
	if err != nil {
		return fmt.Errorf("link mitigation: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Conflict, "the threat has the mitigation already")
	}
	return nil
}

const deleteMitigationLink = `delete from threat_mitigations where threat_id = ? and mitigation_id = ?`

// UnlinkMitigation returns NotFound where the threat has no such mitigation.
func (tx *Tx) UnlinkMitigation(ctx context.Context, t stride.ThreatID, m stride.MitigationID) error {
	n, err := tx.exec(ctx, deleteMitigationLink, t, m)
	if err != nil {
		return fmt.Errorf("unlink mitigation: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.NotFound, "the threat has no such mitigation")
	}
	return nil
}

// What was built on a new threat's mitigations: a test case, or a mitigation that
// somebody changed, moved or gave to another threat.
const countBuiltOn = `
select (select count(*) from test_cases c where c.threat_id = ?) +
       (select count(*) from threat_mitigations l
        join mitigations m on m.id = l.mitigation_id
        where l.threat_id = ? and (m.revision <> 1 or exists (
            select 1 from threat_mitigations o where o.mitigation_id = m.id and o.threat_id <> l.threat_id)))`

const deleteMitigationIntervals = `
delete from state_intervals
where subject = 'mitigation' and subject_id in (select mitigation_id from threat_mitigations where threat_id = ?)`

const deleteMitigations = `
delete from mitigations where id in (select mitigation_id from threat_mitigations where threat_id = ?)`

// TakeBackMitigations deletes what was proposed for a threat whose acceptance is
// undone, with the intervals; Conflict where somebody has built on it.
func (tx *Tx) TakeBackMitigations(ctx context.Context, id stride.ThreatID) error {
	var built int
	if err := tx.get(ctx, &built, countBuiltOn, id, id); err != nil {
		return fmt.Errorf("count what was built: %w", err)
	}
	if built > 0 {
		return stride.Errorf(stride.Conflict, "the threat's mitigations or test cases have been worked on since; move it to invalid instead")
	}
	for _, query := range []string{deleteMitigationIntervals, deleteMitigations} {
		if _, err := tx.exec(ctx, query, id); err != nil {
			return fmt.Errorf("take mitigations back: %w", err)
		}
	}
	return nil
}
