package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var (
	_ analysis.DraftStore = (*Store)(nil)
	_ analysis.DraftTx    = (*Tx)(nil)
)

type draftRow struct {
	ID              stride.DraftID                  `db:"id"`
	ModelID         stride.ModelID                  `db:"model_id"`
	ProjectID       stride.ProjectID                `db:"project_id"`
	AuthorID        stride.UserID                   `db:"author_id"`
	Drafter         string                          `db:"drafter"`
	AllProposals    int64                           `db:"all_proposals"`
	State           stride.DraftState               `db:"state"`
	Run             int                             `db:"run"`
	FirstRun        int                             `db:"first_run"`
	LeaseOwner      string                          `db:"lease_owner"`
	LeaseUntil      *int64                          `db:"lease_until"`
	CancelRequested int64                           `db:"cancel_requested"`
	JobID           int64                           `db:"job_id"`
	Progress        jsonOf[stride.Progress]         `db:"progress"`
	Failure         jsonOrNull[stride.DraftFailure] `db:"failure"`
	Outcome         jsonOrNull[stride.DraftOutcome] `db:"outcome"`
	CreatedAt       int64                           `db:"created_at"`
	QueuedAt        int64                           `db:"queued_at"`
	StartedAt       *int64                          `db:"started_at"`
	EndedAt         *int64                          `db:"ended_at"`
}

func newDraftRow(d stride.Draft) draftRow {
	return draftRow{
		ID: d.ID, ModelID: d.ModelID, ProjectID: d.ProjectID, AuthorID: d.AuthorID, Drafter: d.Drafter, AllProposals: flag(d.All), State: d.State,
		Run: d.Run, FirstRun: d.FirstRun, LeaseOwner: d.LeaseOwner, LeaseUntil: microsOrNull(d.LeaseUntil),
		CancelRequested: flag(d.CancelRequested), JobID: d.JobID, Progress: jsonOf[stride.Progress]{d.Progress},
		Failure: jsonOrNull[stride.DraftFailure]{d.Failure}, Outcome: jsonOrNull[stride.DraftOutcome]{d.Outcome},
		CreatedAt: micros(d.CreatedAt), QueuedAt: micros(d.CreatedAt), StartedAt: microsOrNull(d.StartedAt),
		EndedAt: microsOrNull(d.EndedAt),
	}
}

func (r draftRow) draft() stride.Draft {
	return stride.Draft{
		ID: r.ID, ModelID: r.ModelID, ProjectID: r.ProjectID, AuthorID: r.AuthorID, Drafter: r.Drafter, All: r.AllProposals != 0, State: r.State,
		Run: r.Run, FirstRun: r.FirstRun, LeaseOwner: r.LeaseOwner, LeaseUntil: instantOrNil(r.LeaseUntil),
		CancelRequested: r.CancelRequested != 0, JobID: r.JobID, Progress: r.Progress.V, Failure: r.Failure.V,
		Outcome: r.Outcome.V, CreatedAt: instant(r.CreatedAt), StartedAt: instantOrNil(r.StartedAt),
		EndedAt: instantOrNil(r.EndedAt),
	}
}

const selectDrafts = `
select d.id, d.model_id, d.project_id, d.author_id, d.drafter, d.all_proposals, d.state, d.run, d.first_run, d.lease_owner, d.lease_until,
       d.cancel_requested, d.job_id, d.progress, d.failure, d.outcome, d.created_at, d.queued_at, d.started_at, d.ended_at
from drafts d`

// Draft returns NotFound for what does not exist or is out of reach.
func (s *Store) Draft(ctx context.Context, reach stride.Reach, id stride.DraftID) (stride.Draft, error) {
	var f filter
	f.where("d.id = ?", id)
	f.within("d.project_id", reach)
	return s.draft(ctx, f)
}

// DraftByID returns NotFound where there is none.
func (tx *Tx) DraftByID(ctx context.Context, id stride.DraftID) (stride.Draft, error) {
	var f filter
	f.where("d.id = ?", id)
	return tx.draft(ctx, f)
}

func (s session) draft(ctx context.Context, f filter) (stride.Draft, error) {
	if f.err != nil {
		return stride.Draft{}, f.err
	}
	var row draftRow
	if err := s.get(ctx, &row, selectDrafts+f.sql(), f.args...); err != nil {
		return stride.Draft{}, missing(err, "draft")
	}
	return row.draft(), nil
}

// ModelDrafts lists a model's drafts by id, oldest first.
func (s *Store) ModelDrafts(ctx context.Context, id stride.ModelID, p analysis.Page) (analysis.Listing[stride.Draft], error) {
	var none analysis.Listing[stride.Draft]
	var f filter
	f.where("d.model_id = ?", id)
	by := order{name: "id", id: "d.id"}
	if err := f.after(by, p.After); err != nil {
		return none, err
	}
	size := pageSize(p)
	var rows []draftRow
	if err := s.list(ctx, &rows, selectDrafts+f.sql()+by.sql(), append(f.args, size+1)...); err != nil {
		return none, fmt.Errorf("list drafts: %w", err)
	}
	return listing(rows, size, draftRow.draft, func(r draftRow) analysis.Cursor {
		return analysis.Cursor{Sort: by.name, ID: string(r.ID)}
	}), nil
}

// newestPublished is the model's newest draft that published; one that is resumed
// has an outcome already.
const newestPublished = `
where d.model_id = ? and (d.state in ('succeeded', 'partial') or d.state in ('queued', 'running') and d.outcome is not null)
order by d.id desc limit 1`

// LatestOutcome returns the outcome of the model's newest succeeded or partial
// draft; nil where there is none.
func (s *Store) LatestOutcome(ctx context.Context, id stride.ModelID) (*stride.DraftOutcome, error) {
	var row draftRow
	err := s.get(ctx, &row, selectDrafts+newestPublished, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("find latest outcome: %w", err)
	}
	return row.Outcome.V, nil
}

const selectDraftEvents = `
select seq, type, body, at from draft_events where draft_id = ? and seq > ? order by seq limit ?`

// DraftEvents returns the events with a Seq above after, in order.
func (s *Store) DraftEvents(ctx context.Context, id stride.DraftID, after int64, limit int) ([]stride.DraftEvent, error) {
	var rows []struct {
		Seq  int64  `db:"seq"`
		Type string `db:"type"`
		Body string `db:"body"`
		At   int64  `db:"at"`
	}
	if err := s.list(ctx, &rows, selectDraftEvents, id, after, limit); err != nil {
		return nil, fmt.Errorf("list draft events: %w", err)
	}
	out := make([]stride.DraftEvent, 0, len(rows))
	for _, r := range rows {
		out = append(out, stride.DraftEvent{Seq: r.Seq, Type: r.Type, Body: []byte(r.Body), At: instant(r.At)})
	}
	return out, nil
}

const insertDraftEvent = `
insert into draft_events (draft_id, seq, type, body, at)
values (?, (select coalesce(max(seq), 0) + 1 from draft_events where draft_id = ?), ?, ?, ?)`

// AppendDraftEvent gives the event the draft's next Seq. It locks the draft's
// row: a reader that has seen a Seq has seen all below it. NotFound where there
// is no draft.
func (tx *Tx) AppendDraftEvent(ctx context.Context, id stride.DraftID, e stride.DraftEvent) error {
	if hasEscapedNUL(e.Body) {
		return stride.Errorf(stride.Invalid, "a text has a NUL character, which cannot be stored")
	}
	var locked stride.DraftID
	if err := tx.get(ctx, &locked, "select id from drafts where id = ?"+tx.dialect.lockRow, id); err != nil {
		return fmt.Errorf("lock draft: %w", missing(err, "draft"))
	}
	if _, err := tx.exec(ctx, insertDraftEvent, id, id, e.Type, string(e.Body), micros(e.At)); err != nil {
		return fmt.Errorf("insert draft event: %w", err)
	}
	return nil
}

const insertDraft = `
insert into drafts
    (id, model_id, project_id, author_id, drafter, all_proposals, state, run, first_run, lease_owner, lease_until, cancel_requested, job_id,
     progress, failure, outcome, created_at, queued_at, started_at, ended_at)
values
    (:id, :model_id, :project_id, :author_id, :drafter, :all_proposals, :state, :run, :first_run, :lease_owner, :lease_until,
     :cancel_requested, :job_id, :progress, :failure, :outcome, :created_at, :queued_at, :started_at, :ended_at)`

// InsertDraft stores a new draft.
func (tx *Tx) InsertDraft(ctx context.Context, d stride.Draft) error {
	if _, err := tx.execRow(ctx, insertDraft, newDraftRow(d)); err != nil {
		return fmt.Errorf("insert draft: %w", err)
	}
	return nil
}

// EnqueueDraft adds a job for the run to the queue, in this transaction, and
// returns the job's id.
func (tx *Tx) EnqueueDraft(ctx context.Context, args analysis.DraftJob) (int64, error) {
	inserted, err := tx.jobs.InsertTx(ctx, tx.sql, args, nil)
	if err != nil {
		return 0, fmt.Errorf("insert job: %w", translate(ctx, err))
	}
	return inserted.Job.ID, nil
}

const requestCancel = `update drafts set cancel_requested = 1 where id = ? and state = 'running'`

// RequestCancel marks a running draft; its worker sees it at the next beat.
// Conflict where the draft is not running.
func (tx *Tx) RequestCancel(ctx context.Context, id stride.DraftID) error {
	n, err := tx.exec(ctx, requestCancel, id)
	if err != nil {
		return fmt.Errorf("request cancel: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Conflict, "the draft is not running")
	}
	return nil
}

const endDraft = `
update drafts
set state = :state, failure = :failure, outcome = :outcome, progress = :progress, ended_at = :ended_at,
    lease_owner = '', lease_until = null
where id = :id and run = :run and state in ('queued', 'running')`

// EndDraft writes state, failure, outcome, progress and ended_at and drops the
// lease, guarded by id, run and by the draft not having ended; ok is false where
// the guard did not hold.
func (tx *Tx) EndDraft(ctx context.Context, d stride.Draft) (ok bool, err error) {
	n, err := tx.execRow(ctx, endDraft, newDraftRow(d))
	if err != nil {
		return false, fmt.Errorf("end draft: %w", err)
	}
	return n == 1, nil
}

const resumeDraft = `
update drafts
set run = ?, first_run = ?, job_id = ?, state = 'queued', queued_at = ?, failure = null, ended_at = null, cancel_requested = 0
where id = ? and run = ? and state in ('partial', 'failed')`

// ResumeDraft writes run, first_run and job, sets the state queued and clears
// failure, ended_at and a request to cancel, guarded by the draft being partial or
// failed and by the run being wasRun.
func (tx *Tx) ResumeDraft(ctx context.Context, d stride.Draft, wasRun int, at time.Time) (ok bool, err error) {
	n, err := tx.exec(ctx, resumeDraft, d.Run, d.FirstRun, d.JobID, micros(at), d.ID, wasRun)
	if err != nil {
		return false, fmt.Errorf("resume draft: %w", err)
	}
	return n == 1, nil
}

const countNewerDrafts = `
select count(*) from drafts d
join threat_models m on m.id = d.model_id
join threat_models own on own.id = ?
where m.project_id = own.project_id and m.scope = own.scope and d.id > ? and d.state in ('queued', 'running', 'succeeded', 'partial')`

// NewerDraft reports whether the version's scope has a draft made after d that has
// published or may yet.
func (tx *Tx) NewerDraft(ctx context.Context, d stride.Draft) (bool, error) {
	var n int
	if err := tx.get(ctx, &n, countNewerDrafts, d.ModelID, d.ID); err != nil {
		return false, fmt.Errorf("count newer drafts: %w", err)
	}
	return n > 0, nil
}
