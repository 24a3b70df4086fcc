package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var (
	_ analysis.ProjectStore = (*Store)(nil)
	_ analysis.ProjectTx    = (*Tx)(nil)
)

type projectRow struct {
	ID          stride.ProjectID   `db:"id"`
	Name        string             `db:"name"`
	NameKey     string             `db:"name_key"`
	Owner       string             `db:"owner"`
	InScope     stride.InScope     `db:"in_scope"`
	Criticality stride.Criticality `db:"criticality"`
	Tags        jsonOf[[]string]   `db:"tags"`
	SandboxOf   *string            `db:"sandbox_of"`
	Revision    int64              `db:"revision"`
	CreatedAt   int64              `db:"created_at"`
	UpdatedAt   int64              `db:"updated_at"`
	ArchivedAt  *int64             `db:"archived_at"`
}

func newProjectRow(p stride.Project) projectRow {
	if p.Tags == nil {
		p.Tags = []string{} // the filter by tag reads the column as an array
	}
	return projectRow{
		ID: p.ID, Name: p.Name, NameKey: nameKey(p), Owner: p.Owner, InScope: p.InScope,
		Criticality: p.Criticality, Tags: jsonOf[[]string]{p.Tags}, SandboxOf: textOrNull(p.SandboxOf),
		Revision: p.Revision, CreatedAt: micros(p.CreatedAt), UpdatedAt: micros(p.UpdatedAt),
		ArchivedAt: microsOrNull(p.ArchivedAt),
	}
}

// nameKey is what a project's name is unique by. A sandbox is told apart by its
// user, behind two spaces, which stand in no key of a name: nobody can take a
// sandbox's name, and nobody submits to a sandbox by name.
func nameKey(p stride.Project) string {
	key := stride.ProjectKey(p.Name)
	if p.SandboxOf != "" {
		key += "  " + string(p.SandboxOf)
	}
	return key
}

func (r projectRow) project() stride.Project {
	return stride.Project{
		ID: r.ID, Name: r.Name, Owner: r.Owner, InScope: r.InScope, Criticality: r.Criticality, Tags: r.Tags.V,
		SandboxOf: textOrEmpty[stride.UserID](r.SandboxOf), Revision: r.Revision, CreatedAt: instant(r.CreatedAt),
		UpdatedAt: instant(r.UpdatedAt), ArchivedAt: instantOrNil(r.ArchivedAt),
	}
}

const selectProjects = `
select id, name, name_key, owner, in_scope, criticality, tags, sandbox_of, revision, created_at, updated_at, archived_at
from projects`

// Project returns NotFound for what does not exist or is out of reach.
func (s *Store) Project(ctx context.Context, reach stride.Reach, id stride.ProjectID) (stride.Project, error) {
	var f filter
	f.where("id = ?", id)
	f.within("id", reach)
	return s.project(ctx, f, "")
}

func (s session) project(ctx context.Context, f filter, suffix string) (stride.Project, error) {
	if f.err != nil {
		return stride.Project{}, f.err
	}
	var row projectRow
	if err := s.get(ctx, &row, selectProjects+f.sql()+suffix, f.args...); err != nil {
		return stride.Project{}, missing(err, "project")
	}
	return row.project(), nil
}

// Projects lists by id, oldest first.
func (s *Store) Projects(
	ctx context.Context, reach stride.Reach, pf analysis.ProjectFilter, p analysis.Page,
) (analysis.Listing[stride.Project], error) {
	var none analysis.Listing[stride.Project]
	var f filter
	f.within("id", reach)
	s.filterProjects(&f, pf)
	by := order{name: "id", id: "id"}
	if err := f.after(by, p.After); err != nil {
		return none, err
	}
	if f.err != nil {
		return none, f.err
	}
	size := pageSize(p)
	var rows []projectRow
	if err := s.list(ctx, &rows, selectProjects+f.sql()+by.sql(), append(f.args, size+1)...); err != nil {
		return none, fmt.Errorf("list projects: %w", err)
	}
	return listing(rows, size, projectRow.project, func(r projectRow) analysis.Cursor {
		return analysis.Cursor{Sort: by.name, ID: string(r.ID)}
	}), nil
}

func (s *Store) filterProjects(f *filter, pf analysis.ProjectFilter) {
	equals(f, "in_scope", pf.InScope)
	if pf.Archived != nil && *pf.Archived {
		f.where("archived_at is not null")
	}
	if pf.Archived != nil && !*pf.Archived {
		f.where("archived_at is null")
	}
	if pf.Tag != "" {
		f.where(fmt.Sprintf(s.dialect.anyOf, "tags"), pf.Tag)
	}
	if key := stride.ProjectKey(pf.Name); key != "" {
		f.contains("name_key", key)
	}
	if !pf.Sandboxes {
		f.where("sandbox_of is null")
	}
	if pf.Stale != nil {
		condition := "exists (select 1 from threat_models m where m.project_id = projects.id and m.state = 'completed'" +
			" and (m.completed_at < ? or exists (" + newerVersions + ")))"
		if !*pf.Stale {
			condition = "not " + condition
		}
		f.where(condition, micros(pf.Now.Add(-stride.StaleAfter)))
	}
}

// Project returns NotFound where there is none.
func (tx *Tx) Project(ctx context.Context, id stride.ProjectID) (stride.Project, error) {
	var f filter
	f.where("id = ?", id)
	return tx.project(ctx, f, "")
}

// LockProject locks the project's row until the end of the transaction.
func (tx *Tx) LockProject(ctx context.Context, id stride.ProjectID) (stride.Project, error) {
	var f filter
	f.where("id = ?", id)
	return tx.project(ctx, f, tx.dialect.lockRow)
}

// ProjectByName finds by stride.ProjectKey; ok is false where there is none.
func (tx *Tx) ProjectByName(ctx context.Context, name string) (p stride.Project, ok bool, err error) {
	return tx.oneProject(ctx, "name_key", stride.ProjectKey(name))
}

func (s session) oneProject(ctx context.Context, column, value string) (p stride.Project, ok bool, err error) {
	var row projectRow
	err = s.get(ctx, &row, selectProjects+" where "+column+" = ?", value)
	if errors.Is(err, sql.ErrNoRows) {
		return stride.Project{}, false, nil
	}
	if err != nil {
		return stride.Project{}, false, fmt.Errorf("find project by %s: %w", column, err)
	}
	return row.project(), true, nil
}

const insertProject = `
insert into projects
    (id, name, name_key, owner, in_scope, criticality, tags, sandbox_of, revision, event_seq,
     created_at, updated_at, archived_at)
values
    (:id, :name, :name_key, :owner, :in_scope, :criticality, :tags, :sandbox_of, :revision, 0,
     :created_at, :updated_at, :archived_at)
on conflict do nothing`

// InsertProject returns Conflict where the name is taken, or the user has a
// sandbox already.
func (tx *Tx) InsertProject(ctx context.Context, p stride.Project) error {
	n, err := tx.execRow(ctx, insertProject, newProjectRow(p))
	if err != nil {
		return fmt.Errorf("insert project: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Conflict, "the project exists already")
	}
	return nil
}

const updateProject = `
update projects
set name = :name, name_key = :name_key, owner = :owner, in_scope = :in_scope, criticality = :criticality,
    tags = :tags, updated_at = :updated_at, archived_at = :archived_at, revision = revision + 1
where id = :id and revision = :revision`

// UpdateProject writes all but id, sandbox_of and created_at, and adds 1 to the
// revision; Stale where the stored revision is not p.Revision, Conflict where
// the name is taken.
func (tx *Tx) UpdateProject(ctx context.Context, p stride.Project) error {
	n, err := tx.execRow(ctx, updateProject, newProjectRow(p))
	if err != nil {
		return fmt.Errorf("update project: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Stale, "the project has changed since it was read")
	}
	return nil
}

// SandboxOf returns the user's sandbox; ok is false where there is none yet.
func (tx *Tx) SandboxOf(ctx context.Context, user stride.UserID) (p stride.Project, ok bool, err error) {
	return tx.oneProject(ctx, "sandbox_of", string(user))
}
