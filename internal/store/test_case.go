package store

import (
	"context"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var (
	_ analysis.TestCaseStore = (*Store)(nil)
	_ analysis.TestCaseTx    = (*Tx)(nil)
)

type testCaseRow struct {
	ID        stride.TestCaseID `db:"id"`
	ProjectID stride.ProjectID  `db:"project_id"`
	ThreatID  stride.ThreatID   `db:"threat_id"`
	Given     string            `db:"given_text"`
	When      string            `db:"when_text"`
	Then      string            `db:"then_text"`
	Origin    stride.Provenance `db:"origin"`
	Template  *string           `db:"template"`
	CreatedAt int64             `db:"created_at"`
	CreatedBy stride.UserID     `db:"created_by"`
	UpdatedAt int64             `db:"updated_at"`
	Revision  int64             `db:"revision"`
}

func newTestCaseRow(c stride.TestCase) testCaseRow {
	return testCaseRow{
		ID: c.ID, ProjectID: c.ProjectID, ThreatID: c.ThreatID, Given: c.Given, When: c.When, Then: c.Then, Origin: c.Origin,
		Template: textOrNull(c.Template), CreatedAt: micros(c.CreatedAt), CreatedBy: c.CreatedBy, UpdatedAt: micros(c.UpdatedAt),
		Revision: c.Revision,
	}
}

func (r testCaseRow) testCase() stride.TestCase {
	return stride.TestCase{
		ID: r.ID, ProjectID: r.ProjectID, ThreatID: r.ThreatID, Given: r.Given, When: r.When, Then: r.Then, Origin: r.Origin,
		Template: textOrEmpty[string](r.Template), CreatedAt: instant(r.CreatedAt), CreatedBy: r.CreatedBy,
		UpdatedAt: instant(r.UpdatedAt), Revision: r.Revision,
	}
}

const selectTestCases = `
select id, project_id, threat_id, given_text, when_text, then_text, origin, template, created_at, created_by, updated_at, revision
from test_cases`

// TestCase returns NotFound for what does not exist or is out of reach.
func (s *Store) TestCase(ctx context.Context, reach stride.Reach, id stride.TestCaseID) (stride.TestCase, error) {
	var f filter
	f.where("id = ?", id)
	f.within("project_id", reach)
	return s.testCase(ctx, f)
}

// TestCaseByID returns NotFound where there is none.
func (tx *Tx) TestCaseByID(ctx context.Context, id stride.TestCaseID) (stride.TestCase, error) {
	var f filter
	f.where("id = ?", id)
	return tx.testCase(ctx, f)
}

func (s session) testCase(ctx context.Context, f filter) (stride.TestCase, error) {
	if f.err != nil {
		return stride.TestCase{}, f.err
	}
	var row testCaseRow
	if err := s.get(ctx, &row, selectTestCases+f.sql(), f.args...); err != nil {
		return stride.TestCase{}, missing(err, "test case")
	}
	return row.testCase(), nil
}

// TestCasesOf returns all of a threat, oldest first.
func (s session) TestCasesOf(ctx context.Context, id stride.ThreatID) ([]stride.TestCase, error) {
	var rows []testCaseRow
	if err := s.list(ctx, &rows, selectTestCases+" where threat_id = ? order by id", id); err != nil {
		return nil, fmt.Errorf("list test cases: %w", err)
	}
	out := make([]stride.TestCase, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.testCase())
	}
	return out, nil
}

const insertTestCase = `
insert into test_cases
    (id, project_id, threat_id, given_text, when_text, then_text, origin, template, created_at, created_by, updated_at, revision)
values
    (:id, :project_id, :threat_id, :given_text, :when_text, :then_text, :origin, :template, :created_at, :created_by, :updated_at,
     :revision)
on conflict do nothing`

// InsertTestCase returns Conflict where the threat has one of the template.
func (tx *Tx) InsertTestCase(ctx context.Context, c stride.TestCase) error {
	n, err := tx.execRow(ctx, insertTestCase, newTestCaseRow(c))
	if err != nil {
		return fmt.Errorf("insert test case: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Conflict, "the threat has this test case already")
	}
	return nil
}

const updateTestCase = `
update test_cases
set given_text = :given_text, when_text = :when_text, then_text = :then_text, updated_at = :updated_at, revision = revision + 1
where id = :id and revision = :revision`

// UpdateTestCase writes the text and adds 1 to the revision, guarded by c.Revision;
// Stale where the guard fails.
func (tx *Tx) UpdateTestCase(ctx context.Context, c stride.TestCase) error {
	n, err := tx.execRow(ctx, updateTestCase, newTestCaseRow(c))
	if err != nil {
		return fmt.Errorf("update test case: %w", err)
	}
	return staleTestCase(n)
}

const deleteTestCase = `delete from test_cases where id = ? and revision = ?`

// DeleteTestCase is guarded by c.Revision; Stale where the guard fails.
func (tx *Tx) DeleteTestCase(ctx context.Context, c stride.TestCase) error {
	n, err := tx.exec(ctx, deleteTestCase, c.ID, c.Revision)
	if err != nil {
		return fmt.Errorf("delete test case: %w", err)
	}
	return staleTestCase(n)
}

func staleTestCase(changed int64) error {
	if changed == 0 {
		return stride.Errorf(stride.Stale, "the test case has changed since it was read")
	}
	return nil
}
