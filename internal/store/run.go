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
	in.All, in.Drafter = d.All, d.Drafter
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
	in.Finished, err = s.finished(ctx, id)
	return in, err
}

const selectGroups = `select group_key, checkpoint from draft_groups where draft_id = ?`

const selectGroupItems = `select group_key, proposal from draft_items where draft_id = ? and group_key <> '' order by ordinal, item_key`

// finished returns what earlier runs of the draft finished, with its items.
func (s *Store) finished(ctx context.Context, id stride.DraftID) (map[string]analysis.Finished, error) {
	var groups []struct {
		Key        string                      `db:"group_key"`
		Checkpoint jsonOf[analysis.Checkpoint] `db:"checkpoint"`
	}
	if err := s.list(ctx, &groups, selectGroups, id); err != nil {
		return nil, fmt.Errorf("list finished questions: %w", err)
	}
	var items []struct {
		Group    string                  `db:"group_key"`
		Proposal jsonOf[stride.Proposal] `db:"proposal"`
	}
	if err := s.list(ctx, &items, selectGroupItems, id); err != nil {
		return nil, fmt.Errorf("list items of finished questions: %w", err)
	}
	out := make(map[string]analysis.Finished, len(groups))
	for _, g := range groups {
		out[g.Key] = analysis.Finished{Checkpoint: g.Checkpoint.V}
	}
	for _, item := range items {
		if f, ok := out[item.Group]; ok {
			f.Items = append(f.Items, item.Proposal.V)
			out[item.Group] = f
		}
	}
	return out, nil
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

// upsertItem leaves an item that a model worded as it is where a repeated run comes
// with the rule's words again.
const upsertItem = `
insert into draft_items (draft_id, item_key, ordinal, proposal, group_key) values (?, ?, ?, ?, ?)
on conflict (draft_id, item_key) do update set ordinal = excluded.ordinal, proposal = excluded.proposal, group_key = excluded.group_key
where draft_items.group_key = '' or excluded.group_key <> ''`

// SaveItem keeps an item of the run (again is fine) with the progress, guarded
// as BeatDraft is.
func (tx *Tx) SaveItem(
	ctx context.Context, l analysis.Lease, ordinal int, item analysis.Item, p stride.Progress,
) (analysis.Beat, error) {
	b, err := tx.beat(ctx, progressDraft, micros(l.Until), jsonOf[stride.Progress]{p}, l.Draft, l.Run, l.Owner)
	if err != nil || !b.Held {
		return b, err
	}
	if _, err := tx.exec(ctx, upsertItem, l.Draft, item.Key, ordinal, jsonOf[stride.Proposal]{item.Proposal}, item.Group); err != nil {
		return analysis.Beat{}, fmt.Errorf("upsert draft item: %w", err)
	}
	return b, nil
}

const upsertGroup = `
insert into draft_groups (draft_id, group_key, checkpoint) values (?, ?, ?)
on conflict (draft_id, group_key) do update set checkpoint = excluded.checkpoint`

// SaveCheckpoint keeps the state of a question that is done (again is fine) with
// the progress, guarded as BeatDraft is. Of one that is not, the progress alone.
func (tx *Tx) SaveCheckpoint(ctx context.Context, l analysis.Lease, c analysis.Checkpoint, p stride.Progress) (analysis.Beat, error) {
	b, err := tx.beat(ctx, progressDraft, micros(l.Until), jsonOf[stride.Progress]{p}, l.Draft, l.Run, l.Owner)
	if err != nil || !b.Held || !c.Group.Done {
		return b, err
	}
	if _, err := tx.exec(ctx, upsertGroup, l.Draft, c.Group.Key, jsonOf[analysis.Checkpoint]{c}); err != nil {
		return analysis.Beat{}, fmt.Errorf("upsert checkpoint: %w", err)
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

const selectDraftSuggestions = `select item_key, id from suggestions where draft_id = ?`

// DraftSuggestions maps the ids of the proposals that the draft has published to
// their suggestions.
func (tx *Tx) DraftSuggestions(ctx context.Context, d stride.DraftID) (map[string]stride.SuggestionID, error) {
	var rows []struct {
		Key string              `db:"item_key"`
		ID  stride.SuggestionID `db:"id"`
	}
	if err := tx.list(ctx, &rows, selectDraftSuggestions, d); err != nil {
		return nil, fmt.Errorf("list the draft's suggestions: %w", err)
	}
	out := make(map[string]stride.SuggestionID, len(rows))
	for _, r := range rows {
		out[r.Key] = r.ID
	}
	return out, nil
}

// DraftQuestions returns the questions that the draft has published.
func (tx *Tx) DraftQuestions(ctx context.Context, d stride.Draft) ([]stride.StoredQuestion, error) {
	var f filter
	f.where("q.draft_id = ?", d.ID)
	return tx.questions(ctx, f, d.ModelID)
}

const selectReviewed = `
select s.current, d.kind, d.reason, d.text
from suggestions s
join decisions d on d.suggestion_id = s.id
where ((d.kind = 'accept' and s.state = 'accepted') or (d.kind = 'reject' and s.state = 'rejected' and d.reason <> 'duplicate'))
  and s.decided_at = d.at and d.undone = 0 and (? = '' or s.project_id = ?)
order by d.at desc, d.id desc
limit ?`

// lookedThrough is how many decisions Reviewed reads for one that it wants: the
// same title may come often.
const lookedThrough = 20

// Reviewed returns accepted and rejected suggestions of a project, or of all where
// p is "", newest decision first: each title once, as it was decided last, at most
// limit of either kind, without those rejected as duplicates.
func (s *Store) Reviewed(ctx context.Context, p stride.ProjectID, limit int) ([]analysis.Reviewed, error) {
	var rows []struct {
		Current jsonOf[stride.Proposal] `db:"current"`
		Kind    stride.DecisionKind     `db:"kind"`
		Reason  stride.RejectReason     `db:"reason"`
		Text    string                  `db:"text"`
	}
	if err := s.list(ctx, &rows, selectReviewed, p, p, limit*lookedThrough); err != nil {
		return nil, fmt.Errorf("list reviewed suggestions: %w", err)
	}
	var out []analysis.Reviewed
	seen, count := make(map[string]bool), make(map[stride.DecisionKind]int)
	for _, r := range rows {
		title := r.Current.V.Title
		if seen[title] || count[r.Kind] == limit {
			continue
		}
		seen[title] = true
		count[r.Kind]++
		out = append(out, analysis.Reviewed{Title: title, Accepted: r.Kind == stride.DecisionAccept, Reason: r.Reason, Text: r.Text})
	}
	return out, nil
}
