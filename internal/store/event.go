package store

import (
	"context"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/stride"
)

const nextEventSeq = `update projects set event_seq = event_seq + 1 where id = ? returning event_seq`

const selectEventHash = `select hash from events where project_id = ? and seq = ?`

const insertEvent = `
insert into events (project_id, seq, kind, subject, subject_id, actor_id, at, payload, prev_hash, hash)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// AppendEvent gives the event the project's next Seq, which locks the project's
// row, and its place in the hash chain. NotFound where there is no project.
func (tx *Tx) AppendEvent(ctx context.Context, e stride.Event) error {
	if hasEscapedNUL([]byte(e.Payload)) {
		return stride.Errorf(stride.Invalid, "a text has a NUL character, which cannot be stored")
	}
	if err := tx.get(ctx, &e.Seq, nextEventSeq, e.ProjectID); err != nil {
		return fmt.Errorf("number event: %w", missing(err, "project"))
	}
	if e.Seq > 1 {
		if err := tx.get(ctx, &e.PrevHash, selectEventHash, e.ProjectID, e.Seq-1); err != nil {
			return fmt.Errorf("read event %d: %w", e.Seq-1, err)
		}
	}
	e.Hash = e.ChainHash()
	_, err := tx.exec(ctx, insertEvent, e.ProjectID, e.Seq, e.Kind, e.Subject, e.SubjectID, e.ActorID, micros(e.At),
		e.Payload, e.PrevHash, e.Hash)
	if err != nil {
		return fmt.Errorf("insert event: %w", err)
	}
	return nil
}

type eventRow struct {
	ProjectID stride.ProjectID `db:"project_id"`
	Seq       int64            `db:"seq"`
	Kind      stride.EventKind `db:"kind"`
	Subject   stride.Subject   `db:"subject"`
	SubjectID string           `db:"subject_id"`
	ActorID   stride.UserID    `db:"actor_id"`
	At        int64            `db:"at"`
	Payload   string           `db:"payload"`
	PrevHash  string           `db:"prev_hash"`
	Hash      string           `db:"hash"`
}

func (r eventRow) event() stride.Event {
	return stride.Event{
		ProjectID: r.ProjectID, Seq: r.Seq, Kind: r.Kind, Subject: r.Subject, SubjectID: r.SubjectID,
		ActorID: r.ActorID, At: instant(r.At), Payload: r.Payload, PrevHash: r.PrevHash, Hash: r.Hash,
	}
}

const selectHistory = `
select project_id, seq, kind, subject, subject_id, actor_id, at, payload, prev_hash, hash
from events where project_id = ? and subject = ? and subject_id = ? order by seq`

// History returns the events about a threat, oldest first.
func (s *Store) History(ctx context.Context, p stride.ProjectID, id stride.ThreatID) ([]stride.Event, error) {
	var rows []eventRow
	if err := s.list(ctx, &rows, selectHistory, p, stride.SubjectThreat, id); err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	out := make([]stride.Event, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.event())
	}
	return out, nil
}

const endInterval = `update state_intervals set to_at = ? where subject = ? and subject_id = ? and to_at is null`

const lastInterval = `select coalesce(max(ordinal), 0) from state_intervals where subject = ? and subject_id = ?`

const insertInterval = `
insert into state_intervals (subject, subject_id, project_id, ordinal, state, from_at, to_at)
values (?, ?, ?, ?, ?, ?, ?)`

// MoveInterval ends the subject's current interval at i.From, if there is one,
// and begins i. The caller holds the project's lock.
func (tx *Tx) MoveInterval(ctx context.Context, i stride.Interval) error {
	if _, err := tx.exec(ctx, endInterval, micros(i.From), i.Subject, i.SubjectID); err != nil {
		return fmt.Errorf("end interval: %w", err)
	}
	var ordinal int64
	if err := tx.get(ctx, &ordinal, lastInterval, i.Subject, i.SubjectID); err != nil {
		return fmt.Errorf("read last interval: %w", err)
	}
	_, err := tx.exec(ctx, insertInterval, i.Subject, i.SubjectID, i.ProjectID, ordinal+1, i.State, micros(i.From),
		microsOrNull(i.To))
	if err != nil {
		return fmt.Errorf("insert interval: %w", err)
	}
	return nil
}
