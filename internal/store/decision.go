package store

import (
	"context"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/stride"
)

type decisionRow struct {
	ID           stride.DecisionID         `db:"id"`
	SuggestionID stride.SuggestionID       `db:"suggestion_id"`
	Kind         stride.DecisionKind       `db:"kind"`
	Reason       stride.RejectReason       `db:"reason"`
	Text         string                    `db:"text"`
	Diff         jsonOf[[]stride.Change]   `db:"diff"`
	IntoID       stride.SuggestionID       `db:"into_id"`
	ActorID      stride.UserID             `db:"actor_id"`
	At           int64                     `db:"at"`
	UntilAt      *int64                    `db:"until_at"`
	BeforeIt     jsonOrNull[stride.Before] `db:"before_it"`
	Undone       int64                     `db:"undone"`
}

const insertDecision = `
insert into decisions (id, suggestion_id, kind, reason, text, diff, into_id, actor_id, at, until_at, before_it)
values (:id, :suggestion_id, :kind, :reason, :text, :diff, :into_id, :actor_id, :at, :until_at, :before_it)`

// InsertDecision appends a decision.
func (tx *Tx) InsertDecision(ctx context.Context, d stride.Decision) error {
	_, err := tx.execRow(ctx, insertDecision, decisionRow{
		ID: d.ID, SuggestionID: d.SuggestionID, Kind: d.Kind, Reason: d.Reason, Text: d.Text,
		Diff: jsonOf[[]stride.Change]{d.Diff}, IntoID: d.Into, ActorID: d.ActorID, At: micros(d.At),
		UntilAt: microsOrNull(d.Until), BeforeIt: jsonOrNull[stride.Before]{d.Before},
	})
	if err != nil {
		return fmt.Errorf("insert decision: %w", err)
	}
	return nil
}

const selectDecisions = `
select id, suggestion_id, kind, reason, text, diff, into_id, actor_id, at, until_at, before_it, undone
from decisions where suggestion_id = ? order by at, id`

// Decisions returns all of a suggestion, oldest first.
func (s session) Decisions(ctx context.Context, id stride.SuggestionID) ([]stride.Decision, error) {
	var rows []decisionRow
	if err := s.list(ctx, &rows, selectDecisions, id); err != nil {
		return nil, fmt.Errorf("list decisions: %w", err)
	}
	out := make([]stride.Decision, 0, len(rows))
	for _, r := range rows {
		out = append(out, stride.Decision{
			ID: r.ID, SuggestionID: r.SuggestionID, Kind: r.Kind, Reason: r.Reason, Text: r.Text, Diff: r.Diff.V,
			Into: r.IntoID, ActorID: r.ActorID, At: instant(r.At), Until: instantOrNil(r.UntilAt), Before: r.BeforeIt.V, Undone: r.Undone != 0,
		})
	}
	return out, nil
}

const markUndone = `update decisions set undone = 1 where id = ? and undone = 0`

// MarkUndone notes that a decision was taken back; Conflict where it was already.
func (tx *Tx) MarkUndone(ctx context.Context, id stride.DecisionID) error {
	n, err := tx.exec(ctx, markUndone, id)
	if err != nil {
		return fmt.Errorf("mark decision: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Conflict, "the decision was taken back already")
	}
	return nil
}

const selectMergedInto = `select id from suggestions where merged_into = ? order by id`

// MergedInto returns the suggestions that were merged into one.
func (tx *Tx) MergedInto(ctx context.Context, id stride.SuggestionID) ([]stride.SuggestionID, error) {
	var out []stride.SuggestionID
	if err := tx.list(ctx, &out, selectMergedInto, id); err != nil {
		return nil, fmt.Errorf("list merged: %w", err)
	}
	return out, nil
}

// PointMerged makes the suggestions ones that were merged into another.
func (tx *Tx) PointMerged(ctx context.Context, ids []stride.SuggestionID, into stride.SuggestionID) error {
	if len(ids) == 0 {
		return nil
	}
	var f filter
	f.where("id in (?)", ids)
	if f.err != nil {
		return f.err
	}
	if _, err := tx.exec(ctx, "update suggestions set merged_into = ?, revision = revision + 1"+f.sql(), append([]any{into}, f.args...)...); err != nil {
		return fmt.Errorf("point merged: %w", err)
	}
	return nil
}

// What an undone acceptance leaves behind: nothing that anybody counts. The rows
// that hold the threat are only its own, or the delete fails.
const (
	deleteThreat       = `delete from threats where id = ? and revision = 1 and state = 'open'`
	deleteThreatSeen   = `delete from model_threats where threat_id = ? and model_id = ?`
	deleteThreatSpans  = `delete from state_intervals where subject = 'threat' and subject_id = ?`
	countThreatRecords = `select count(*) from threat_references where threat_id = ?`
	countThreatSeen    = `select count(*) from model_threats where threat_id = ? and model_id <> ?`
)

// TakeBackThreat deletes a threat that nobody has touched since a suggestion of the
// model became it; Conflict where somebody has, or where another version has it.
func (tx *Tx) TakeBackThreat(ctx context.Context, id stride.ThreatID, m stride.ModelID) error {
	touched := stride.Errorf(stride.Conflict, "the threat has been worked on since; move it to invalid instead")
	var records, seen int
	if err := tx.get(ctx, &records, countThreatRecords, id); err != nil {
		return fmt.Errorf("count references: %w", err)
	}
	if err := tx.get(ctx, &seen, countThreatSeen, id, m); err != nil {
		return fmt.Errorf("count versions: %w", err)
	}
	if records+seen > 0 {
		return touched
	}
	if err := tx.TakeBackMitigations(ctx, id); err != nil {
		return err
	}
	if _, err := tx.exec(ctx, deleteThreatSeen, id, m); err != nil {
		return fmt.Errorf("unlink threat: %w", err)
	}
	n, err := tx.exec(ctx, deleteThreat, id)
	if err != nil {
		return fmt.Errorf("delete threat: %w", err)
	}
	if n == 0 {
		return touched
	}
	if _, err := tx.exec(ctx, deleteThreatSpans, id); err != nil {
		return fmt.Errorf("delete intervals: %w", err)
	}
	return nil
}

const deleteLastInterval = `
delete from state_intervals where subject = ? and subject_id = ? and to_at is null and ordinal > 1`

const reopenInterval = `
update state_intervals set to_at = null
where subject = ? and subject_id = ?
  and ordinal = (select max(ordinal) from state_intervals l where l.subject = ? and l.subject_id = ?)`

// UndoInterval takes the subject's current interval away and goes on with the one
// before, as if it had never ended.
func (tx *Tx) UndoInterval(ctx context.Context, subject stride.Subject, id string) error {
	if _, err := tx.exec(ctx, deleteLastInterval, subject, id); err != nil {
		return fmt.Errorf("delete interval: %w", err)
	}
	if _, err := tx.exec(ctx, reopenInterval, subject, id, subject, id); err != nil {
		return fmt.Errorf("reopen interval: %w", err)
	}
	return nil
}
