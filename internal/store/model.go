package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var (
	_ analysis.SubmitStore = (*Store)(nil)
	_ analysis.SubmitTx    = (*Tx)(nil)
	_ analysis.ModelStore  = (*Store)(nil)
	_ analysis.ModelTx     = (*Tx)(nil)
)

type modelRow struct {
	ID           stride.ModelID              `db:"id"`
	ProjectID    stride.ProjectID            `db:"project_id"`
	Scope        string                      `db:"scope"`
	Number       int                         `db:"number"`
	State        stride.ModelState           `db:"state"`
	ContentHash  string                      `db:"content_hash"`
	Architecture jsonOf[stride.Architecture] `db:"architecture"`
	Notes        jsonOf[[]string]            `db:"notes"`
	AuthorID     stride.UserID               `db:"author_id"`
	AssigneeID   stride.UserID               `db:"assignee_id"`
	Revision     int64                       `db:"revision"`
	CreatedAt    int64                       `db:"created_at"`
	SubmittedAt  *int64                      `db:"submitted_at"`
	CompletedAt  *int64                      `db:"completed_at"`
	CompletedBy  stride.UserID               `db:"completed_by"`
	ExtendedBy   stride.DraftID              `db:"extended_by"`
}

func newModelRow(m stride.ThreatModel) modelRow {
	return modelRow{
		ID: m.ID, ProjectID: m.ProjectID, Scope: m.Scope, Number: m.Number, State: m.State, ContentHash: m.ContentHash,
		Architecture: jsonOf[stride.Architecture]{m.Architecture}, Notes: jsonOf[[]string]{m.Notes},
		AuthorID: m.AuthorID, AssigneeID: m.AssigneeID, Revision: m.Revision, CreatedAt: micros(m.CreatedAt),
		SubmittedAt: microsOrNull(m.SubmittedAt), CompletedAt: microsOrNull(m.CompletedAt), CompletedBy: m.CompletedBy, ExtendedBy: m.ExtendedBy,
	}
}

func (r modelRow) model() stride.ThreatModel {
	return stride.ThreatModel{
		ID: r.ID, ProjectID: r.ProjectID, Scope: r.Scope, Number: r.Number, State: r.State, ContentHash: r.ContentHash,
		Architecture: r.Architecture.V, Notes: r.Notes.V, AuthorID: r.AuthorID, AssigneeID: r.AssigneeID,
		Revision: r.Revision, CreatedAt: instant(r.CreatedAt), SubmittedAt: instantOrNil(r.SubmittedAt),
		CompletedAt: instantOrNil(r.CompletedAt), CompletedBy: r.CompletedBy, ExtendedBy: r.ExtendedBy,
	}
}

const selectModels = `
select id, project_id, scope, number, state, content_hash, architecture, notes, author_id, assignee_id, revision,
       created_at, submitted_at, completed_at, completed_by, extended_by
from threat_models`

// selectModelHeads leaves out what makes a model big.
const selectModelHeads = `
select id, project_id, scope, number, state, content_hash, '{}' as architecture, notes, author_id, assignee_id, revision,
       created_at, submitted_at, completed_at, completed_by, extended_by
from threat_models`

// Model returns NotFound for what does not exist or is out of reach; with
// sources and their content.
func (s *Store) Model(ctx context.Context, reach stride.Reach, id stride.ModelID) (stride.ThreatModel, error) {
	var f filter
	f.where("id = ?", id)
	f.within("project_id", reach)
	return s.model(ctx, f)
}

// Model returns the model with its sources; NotFound where there is none.
func (tx *Tx) Model(ctx context.Context, id stride.ModelID) (stride.ThreatModel, error) {
	var f filter
	f.where("id = ?", id)
	return tx.model(ctx, f)
}

func (s session) model(ctx context.Context, f filter) (stride.ThreatModel, error) {
	if f.err != nil {
		return stride.ThreatModel{}, f.err
	}
	var row modelRow
	if err := s.get(ctx, &row, selectModels+f.sql(), f.args...); err != nil {
		return stride.ThreatModel{}, missing(err, "threat model")
	}
	return s.withSources(ctx, row)
}

func (s session) withSources(ctx context.Context, row modelRow) (stride.ThreatModel, error) {
	m := row.model()
	var sources []sourceRow
	if err := s.list(ctx, &sources, selectSources, m.ID); err != nil {
		return m, fmt.Errorf("list sources: %w", err)
	}
	for _, src := range sources {
		m.Sources = append(m.Sources, src.source())
	}
	return m, nil
}

type sourceRow struct {
	ID      stride.SourceID `db:"id"`
	ModelID stride.ModelID  `db:"model_id"`
	Name    string          `db:"name"`
	Format  string          `db:"format"`
	Content []byte          `db:"content"`
}

func (r sourceRow) source() stride.Source {
	return stride.Source{ID: r.ID, Name: r.Name, Format: r.Format, Content: r.Content}
}

const selectSources = `select id, model_id, name, format, content from sources where model_id = ? order by ordinal`

const selectSourceHeads = `select id, model_id, name, format from sources`

// Models lists a project's versions by id, oldest first, without architecture
// and without the content of sources.
func (s *Store) Models(
	ctx context.Context, p stride.ProjectID, mf analysis.ModelFilter, page analysis.Page,
) (analysis.Listing[stride.ThreatModel], error) {
	var none analysis.Listing[stride.ThreatModel]
	var f filter
	f.where("project_id = ?", p)
	equals(&f, "scope", mf.Scope)
	equals(&f, "state", mf.State)
	by := order{name: "id", id: "id"}
	if err := f.after(by, page.After); err != nil {
		return none, err
	}
	size := pageSize(page)
	var rows []modelRow
	if err := s.list(ctx, &rows, selectModelHeads+f.sql()+by.sql(), append(f.args, size+1)...); err != nil {
		return none, fmt.Errorf("list threat models: %w", err)
	}
	out := listing(rows, size, modelRow.model, func(r modelRow) analysis.Cursor {
		return analysis.Cursor{Sort: by.name, ID: string(r.ID)}
	})
	return out, s.addSourceHeads(ctx, out.Items)
}

func (s session) addSourceHeads(ctx context.Context, models []stride.ThreatModel) error {
	if len(models) == 0 {
		return nil
	}
	at := make(map[stride.ModelID]*stride.ThreatModel, len(models))
	ids := make([]stride.ModelID, 0, len(models))
	for i := range models {
		at[models[i].ID] = &models[i]
		ids = append(ids, models[i].ID)
	}
	var f filter
	oneOf(&f, "model_id", ids)
	if f.err != nil {
		return f.err
	}
	var rows []sourceRow
	if err := s.list(ctx, &rows, selectSourceHeads+f.sql()+" order by model_id, ordinal", f.args...); err != nil {
		return fmt.Errorf("list sources: %w", err)
	}
	for _, r := range rows {
		at[r.ModelID].Sources = append(at[r.ModelID].Sources, r.source())
	}
	return nil
}

// LatestModel returns the version of the scope with the highest number, with
// its sources.
func (tx *Tx) LatestModel(ctx context.Context, p stride.ProjectID, scope string) (m stride.ThreatModel, ok bool, err error) {
	var row modelRow
	err = tx.get(ctx, &row, selectModels+" where project_id = ? and scope = ? order by number desc limit 1", p, scope)
	if errors.Is(err, sql.ErrNoRows) {
		return stride.ThreatModel{}, false, nil
	}
	if err != nil {
		return stride.ThreatModel{}, false, fmt.Errorf("find latest threat model: %w", err)
	}
	m, err = tx.withSources(ctx, row)
	return m, err == nil, err
}

const insertModel = `
insert into threat_models
    (id, project_id, scope, number, state, content_hash, architecture, notes, author_id, assignee_id, revision,
     created_at, submitted_at, completed_at, completed_by, extended_by)
values
    (:id, :project_id, :scope, :number, :state, :content_hash, :architecture, :notes, :author_id, :assignee_id, :revision,
     :created_at, :submitted_at, :completed_at, :completed_by, :extended_by)
on conflict do nothing`

const insertSource = `
insert into sources (id, model_id, ordinal, name, format, content) values (?, ?, ?, ?, ?, ?)`

// InsertModel stores a version with its sources; Conflict where the number is
// taken.
func (tx *Tx) InsertModel(ctx context.Context, m stride.ThreatModel) error {
	n, err := tx.execRow(ctx, insertModel, newModelRow(m))
	if err != nil {
		return fmt.Errorf("insert threat model: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Conflict, "the version exists already")
	}
	for i, src := range m.Sources {
		content := src.Content
		if content == nil {
			content = []byte{}
		}
		if _, err := tx.exec(ctx, insertSource, src.ID, m.ID, i, src.Name, src.Format, content); err != nil {
			return fmt.Errorf("insert source: %w", err)
		}
	}
	return nil
}

const updateModel = `
update threat_models
set state = :state, assignee_id = :assignee_id, submitted_at = :submitted_at, completed_at = :completed_at,
    completed_by = :completed_by, revision = revision + 1
where id = :id and revision = :revision`

// UpdateModel writes state, assignee and times, and adds 1 to the revision;
// Stale where the stored revision is not m.Revision.
func (tx *Tx) UpdateModel(ctx context.Context, m stride.ThreatModel) error {
	n, err := tx.execRow(ctx, updateModel, newModelRow(m))
	if err != nil {
		return fmt.Errorf("update threat model: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Stale, "the threat model has changed since it was read")
	}
	return nil
}

const extendModel = `
update threat_models set architecture = :architecture, extended_by = :extended_by, revision = :revision where id = :id`

// ExtendModel writes architecture, extended_by and revision.
func (tx *Tx) ExtendModel(ctx context.Context, m stride.ThreatModel) error {
	if _, err := tx.execRow(ctx, extendModel, newModelRow(m)); err != nil {
		return fmt.Errorf("extend threat model: %w", err)
	}
	return nil
}

// CompletedModels returns the completed versions of the scope, without sources.
func (tx *Tx) CompletedModels(ctx context.Context, p stride.ProjectID, scope string) ([]stride.ThreatModel, error) {
	var rows []modelRow
	query := selectModels + " where project_id = ? and scope = ? and state = ? order by number"
	if err := tx.list(ctx, &rows, query, p, scope, stride.ModelCompleted); err != nil {
		return nil, fmt.Errorf("list completed threat models: %w", err)
	}
	out := make([]stride.ThreatModel, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.model())
	}
	return out, nil
}

// newerVersions selects the numbers of the versions of the scope of m that were
// submitted or drafted after it.
const newerVersions = `
select n.number from threat_models n
where n.project_id = m.project_id and n.scope = m.scope and n.number > m.number
  and (n.submitted_at is not null or exists (
      select 1 from drafts d where d.model_id = n.id and (d.state in ('succeeded', 'partial') or d.outcome is not null)))`

const selectSignedOff = `
select m.id, m.project_id, m.scope, m.number, m.completed_at, coalesce((select max(v.number) from (` + newerVersions + `) v), 0) as newer
from threat_models m`

// SignedOff returns the completed versions of the projects, by project and scope.
func (s session) SignedOff(ctx context.Context, projects []stride.ProjectID) ([]stride.SignedOff, error) {
	var out []stride.SignedOff
	for ids := range slices.Chunk(projects, chunk) {
		var f filter
		f.where("m.state = 'completed'")
		oneOf(&f, "m.project_id", ids)
		if f.err != nil {
			return nil, f.err
		}
		var rows []struct {
			ID          stride.ModelID   `db:"id"`
			ProjectID   stride.ProjectID `db:"project_id"`
			Scope       string           `db:"scope"`
			Number      int              `db:"number"`
			CompletedAt *int64           `db:"completed_at"`
			Newer       int              `db:"newer"`
		}
		if err := s.list(ctx, &rows, selectSignedOff+f.sql()+" order by m.project_id, m.scope, m.number", f.args...); err != nil {
			return nil, fmt.Errorf("list signed-off models: %w", err)
		}
		for _, r := range rows {
			v := stride.SignedOff{ModelID: r.ID, ProjectID: r.ProjectID, Scope: r.Scope, Number: r.Number, Newer: r.Newer}
			if at := instantOrNil(r.CompletedAt); at != nil {
				v.CompletedAt = *at
			}
			out = append(out, v)
		}
	}
	return out, nil
}

const selectReviewers = `
select u.id, u.name, u.created_at,
       (select count(*) from threat_models m where m.assignee_id = u.id and m.state = 'in_review') as in_review,
       (select count(*) from memberships g
        where g.user_id = u.id and g.project_id = ? and g.role in ('reviewer', 'admin')) as own
from users u
where exists (
    select 1 from memberships g
    where g.user_id = u.id and g.project_id in ('', ?) and g.role in ('reviewer', 'admin'))
order by u.name`

// Reviewers returns who may review in the project, by name, with the number of
// models in review that are assigned to each.
func (tx *Tx) Reviewers(ctx context.Context, p stride.ProjectID) ([]analysis.Reviewer, error) {
	var rows []struct {
		ID        stride.UserID `db:"id"`
		Name      string        `db:"name"`
		CreatedAt int64         `db:"created_at"`
		InReview  int           `db:"in_review"`
		Own       int           `db:"own"`
	}
	if err := tx.list(ctx, &rows, selectReviewers, p, p); err != nil {
		return nil, fmt.Errorf("list reviewers: %w", err)
	}
	out := make([]analysis.Reviewer, 0, len(rows))
	for _, r := range rows {
		out = append(out, analysis.Reviewer{
			User: stride.User{ID: r.ID, Name: r.Name, CreatedAt: instant(r.CreatedAt)}, Load: r.InReview, Own: r.Own > 0,
		})
	}
	return out, nil
}

const selectNewerDrafted = `
select count(*)
from drafts d
join threat_models m on m.id = d.model_id
where m.project_id = ? and m.scope = ? and m.number > ? and (d.state in ('succeeded', 'partial') or d.state in ('queued', 'running') and d.outcome is not null)`

// NewerDrafted reports whether a version of the scope with a higher number has a
// succeeded or partial draft.
func (tx *Tx) NewerDrafted(ctx context.Context, p stride.ProjectID, scope string, number int) (bool, error) {
	var n int
	if err := tx.get(ctx, &n, selectNewerDrafted, p, scope, number); err != nil {
		return false, fmt.Errorf("count newer drafts: %w", err)
	}
	return n > 0, nil
}

const selectReviewTally = `
select (select count(*) from drafts d where d.model_id = ? and d.state = 'succeeded') as succeeded_drafts,
       (select count(*) from drafts d where d.model_id = ? and d.state in ('queued', 'running')) as open_drafts,
       (select count(*) from suggestions s
        where s.model_id = ? and s.state in ('pending', 'needs_info', 'awaiting_second')
          and s.severity in ('high', 'critical')) as urgent_open,
       (select count(*) from suggestions s
        where s.model_id = ? and s.state in ('pending', 'awaiting_second')
          and s.severity not in ('high', 'critical')) as other_open`

// ReviewTally counts what sign-off asks for.
func (tx *Tx) ReviewTally(ctx context.Context, id stride.ModelID) (analysis.ReviewTally, error) {
	var row struct {
		SucceededDrafts int `db:"succeeded_drafts"`
		OpenDrafts      int `db:"open_drafts"`
		UrgentOpen      int `db:"urgent_open"`
		OtherOpen       int `db:"other_open"`
	}
	if err := tx.get(ctx, &row, selectReviewTally, id, id, id, id); err != nil {
		return analysis.ReviewTally{}, fmt.Errorf("tally review: %w", err)
	}
	return analysis.ReviewTally(row), nil
}
