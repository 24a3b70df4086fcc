package store

import (
	"context"
	"fmt"
	"time"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// A key that another transaction has claimed makes this one wait for its end;
// one that is too old is taken over.
const claimOnce = `
insert into idempotency (user_id, route, key, request_hash, status, headers, body, created_at)
values (?, ?, ?, ?, 0, '{}', '', ?)
on conflict (user_id, route, key) do update
set request_hash = excluded.request_hash, status = 0, headers = '{}', body = '', created_at = excluded.created_at
where idempotency.created_at < ?`

const selectOnce = `
select request_hash, status, headers, body from idempotency where user_id = ? and route = ? and key = ?`

// ClaimOnce records the key. Where it stands already, from keptSince on, it
// returns what was recorded; where it is older, it is claimed anew.
func (tx *Tx) ClaimOnce(ctx context.Context, c analysis.OnceClaim, keptSince time.Time) (*analysis.OnceRecord, error) {
	n, err := tx.exec(ctx, claimOnce, c.User, c.Route, c.Key, c.RequestHash, micros(c.At), micros(keptSince))
	if err != nil {
		return nil, fmt.Errorf("insert idempotency key: %w", err)
	}
	if n == 1 {
		return nil, nil
	}
	var row struct {
		RequestHash string                    `db:"request_hash"`
		Status      int                       `db:"status"`
		Headers     jsonOf[map[string]string] `db:"headers"`
		Body        string                    `db:"body"`
	}
	if err := tx.get(ctx, &row, selectOnce, c.User, c.Route, c.Key); err != nil {
		return nil, fmt.Errorf("read idempotency key: %w", err)
	}
	return &analysis.OnceRecord{
		RequestHash: row.RequestHash,
		Reply:       analysis.Reply{Status: row.Status, Headers: row.Headers.V, Body: []byte(row.Body)},
	}, nil
}

const saveReply = `
update idempotency set status = ?, headers = ?, body = ? where user_id = ? and route = ? and key = ?`

// SaveReply completes a claim of the same transaction.
func (tx *Tx) SaveReply(ctx context.Context, c analysis.OnceClaim, r analysis.Reply) error {
	n, err := tx.exec(ctx, saveReply, r.Status, jsonOf[map[string]string]{r.Headers}, string(r.Body), c.User, c.Route, c.Key)
	if err != nil {
		return fmt.Errorf("update idempotency key: %w", err)
	}
	if n != 1 {
		return stride.Errorf(stride.Conflict, "the idempotency key was not claimed")
	}
	return nil
}

var _ analysis.ReplyStore = (*Store)(nil)

const purgeReplies = `delete from idempotency where created_at < ?`

// PurgeReplies removes the replies recorded before the moment and returns how
// many there were.
func (s *Store) PurgeReplies(ctx context.Context, before time.Time) (int64, error) {
	var n int64
	err := s.inTx(ctx, func(tx *Tx) error {
		var err error
		n, err = tx.exec(ctx, purgeReplies, micros(before))
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("purge replies: %w", err)
	}
	return n, nil
}
