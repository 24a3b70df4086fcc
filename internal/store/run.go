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
	_ analysis.RunStore = (*Store)(nil)
	_ analysis.RunTx    = (*Tx)(nil)
)

// DraftInput returns what the draft works on: the model with its sources, its
// project, and the answers given in the model's scope, oldest first.
func (s *Store) DraftInput(ctx context.Context, id stride.DraftID) (analysis.RunInput, error) {
	var in analysis.RunInput
	d, err := s.Draft(ctx, stride.Reach{All: true}, id)
	if err != nil {
		return in, err
	}
	in.All = d.All
	if in.Model, err = s.Model(ctx, stride.Reach{All: true}, d.ModelID); err != nil {
		return in, err
	}
	if in.Project, err = s.Project(ctx, stride.Reach{All: true}, d.ProjectID); err != nil {
		return in, err
	}
	var rows []answerRow
	if err := s.list(ctx, &rows, selectScopeAnswers, d.ProjectID, in.Model.Scope); err != nil {
		return in, fmt.Errorf("list answers of the scope: %w", err)
	}
	for _, r := range rows {
		in.Answers = append(in.Answers, r.stored().Answer)
	}
	return in, nil
}

const claimDraft = `
update drafts
set state = 'running', lease_owner = ?, lease_until = ?, started_at = coalesce(started_at, ?)
where id = ? and run = ?
  and (state = 'queued' or (state = 'running' and (lease_owner = ? or coalesce(lease_until, 0) <= ?)))`

// ClaimDraft makes the run this owner's, sets it running and started_at (once),
// guarded by id, run, and by it being queued, or running under a lease that is
// the owner's own or has ended.
func (tx *Tx) ClaimDraft(ctx context.Context, l analysis.Lease, now time.Time) (ok bool, err error) {
	n, err := tx.exec(ctx, claimDraft, l.Owner, micros(l.Until), micros(now), l.Draft, l.Run, l.Owner, micros(now))
	if err != nil {
		return false, fmt.Errorf("claim draft: %w", err)
	}
	return n == 1, nil
}

const beatDraft = `
update drafts set lease_until = ?
where id = ? and run = ? and lease_owner = ? and state = 'running'
returning cancel_requested`

// BeatDraft extends the lease to until, guarded by id, run, owner and by the
// draft running.
func (s *Store) BeatDraft(ctx context.Context, l analysis.Lease) (analysis.Beat, error) {
	var b analysis.Beat
	err := s.inTx(ctx, func(tx *Tx) error {
		var err error
		b, err = tx.beat(ctx, beatDraft, micros(l.Until), l.Draft, l.Run, l.Owner)
		return err
	})
	return b, err
}

// beat runs a guarded update that returns cancel_requested.
func (tx *Tx) beat(ctx context.Context, query string, args ...any) (analysis.Beat, error) {
	var canceled int64
	err := tx.get(ctx, &canceled, query, args...)
	if errors.Is(err, sql.ErrNoRows) {
		return analysis.Beat{}, nil
	}
	if err != nil {
		return analysis.Beat{}, fmt.Errorf("extend lease: %w", err)
	}
	return analysis.Beat{Held: true, Cancel: canceled != 0}, nil
}

const progressDraft = `
update drafts set lease_until = ?, progress = ?
where id = ? and run = ? and lease_owner = ? and state = 'running'
returning cancel_requested`

const upsertItem = `
insert into draft_items (draft_id, item_key, ordinal, proposal) values (?, ?, ?, ?)
on conflict (draft_id, item_key) do update set ordinal = excluded.ordinal, proposal = excluded.proposal`

// SaveItem keeps an item of the run (again is fine) with the progress, guarded
// as BeatDraft is.
func (tx *Tx) SaveItem(
	ctx context.Context, l analysis.Lease, ordinal int, item analysis.Item, p stride.Progress,
) (analysis.Beat, error) {
	b, err := tx.beat(ctx, progressDraft, micros(l.Until), jsonOf[stride.Progress]{p}, l.Draft, l.Run, l.Owner)
	if err != nil || !b.Held {
		return b, err
	}
	if _, err := tx.exec(ctx, upsertItem, l.Draft, item.Key, ordinal, jsonOf[stride.Proposal]{item.Proposal}); err != nil {
		return analysis.Beat{}, fmt.Errorf("upsert draft item: %w", err)
	}
	return b, nil
}

const requeueDraft = `
update drafts
set run = ?, job_id = ?, state = 'queued', queued_at = ?, lease_owner = '', lease_until = null
where id = ? and run = ? and state in ('queued', 'running')`

// RequeueDraft writes run, job and the state queued and drops the lease, guarded
// by the draft not having ended and by the run being wasRun.
func (tx *Tx) RequeueDraft(ctx context.Context, d stride.Draft, wasRun int, at time.Time) (ok bool, err error) {
	n, err := tx.exec(ctx, requeueDraft, d.Run, d.JobID, micros(at), d.ID, wasRun)
	if err != nil {
		return false, fmt.Errorf("requeue draft: %w", err)
	}
	return n == 1, nil
}

const releaseDraft = `
update drafts
set job_id = ?, state = 'queued', queued_at = ?, lease_owner = '', lease_until = null
where id = ? and run = ? and lease_owner = ? and state = 'running'`

// ReleaseDraft sets a running draft to queued with another job, guarded as
// BeatDraft is.
func (tx *Tx) ReleaseDraft(ctx context.Context, l analysis.Lease, job int64, at time.Time) (ok bool, err error) {
	n, err := tx.exec(ctx, releaseDraft, job, micros(at), l.Draft, l.Run, l.Owner)
	if err != nil {
		return false, fmt.Errorf("release draft: %w", err)
	}
	return n == 1, nil
}

// whereLapsed reads the queue's own table, whose state says whether a job can
// still start; %s is when it was fetched.
const whereLapsed = `
left join river_job j on j.id = d.job_id
where d.state in ('queued', 'running')
  and ((d.state = 'running' and coalesce(d.lease_until, 0) <= ?)
    or (d.state = 'queued' and (
         j.id is null
         or j.state in ('cancelled', 'completed', 'discarded')
         or (j.state = 'running' and %s < ?))))
order by d.queued_at, d.id
limit ?`

// LapsedDrafts returns drafts that nobody works on any more, oldest first:
// running with a lease that has ended; or queued with a job that will never
// start, because it is finished, gone, or was fetched before fetchedBefore and
// the draft is unclaimed still.
func (s *Store) LapsedDrafts(ctx context.Context, now, fetchedBefore time.Time, limit int) ([]stride.Draft, error) {
	var rows []draftRow
	query := selectDrafts + fmt.Sprintf(whereLapsed, s.dialect.fetchedAt)
	if err := s.list(ctx, &rows, query, micros(now), micros(fetchedBefore), limit); err != nil {
		return nil, fmt.Errorf("list lapsed drafts: %w", err)
	}
	out := make([]stride.Draft, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.draft())
	}
	return out, nil
}
