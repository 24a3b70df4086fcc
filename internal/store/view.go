package store

import (
	"context"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var _ analysis.ViewStore = (*Store)(nil)

type viewRow struct {
	ID        stride.ViewID `db:"id"`
	UserID    stride.UserID `db:"user_id"`
	Name      string        `db:"name"`
	NameKey   string        `db:"name_key"`
	Query     string        `db:"query"`
	CreatedAt int64         `db:"created_at"`
}

func (r viewRow) view() stride.SavedView {
	return stride.SavedView{ID: r.ID, UserID: r.UserID, Name: r.Name, Query: r.Query, CreatedAt: instant(r.CreatedAt)}
}

const selectViews = `select id, user_id, name, name_key, query, created_at from saved_views where user_id = ? order by name_key`

// Views returns a user's, by name.
func (s *Store) Views(ctx context.Context, user stride.UserID) ([]stride.SavedView, error) {
	var rows []viewRow
	if err := s.list(ctx, &rows, selectViews, user); err != nil {
		return nil, fmt.Errorf("list views: %w", err)
	}
	out := make([]stride.SavedView, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.view())
	}
	return out, nil
}

const upsertView = `
insert into saved_views (id, user_id, name, name_key, query, created_at)
values (?, ?, ?, ?, ?, ?)
on conflict (user_id, name_key) do update set name = excluded.name, query = excluded.query
returning id, user_id, name, name_key, query, created_at`

const countViews = `select count(*) from saved_views where user_id = ?`

const lockUser = `select id from users where id = ?`

// SaveView stores the view, or replaces the query of the user's view of the same
// name; Conflict beyond the most that a user can keep.
func (s *Store) SaveView(ctx context.Context, v stride.SavedView, most int) (stride.SavedView, error) {
	var row viewRow
	err := s.inTx(ctx, func(tx *Tx) error {
		var user stride.UserID
		if err := tx.get(ctx, &user, lockUser+tx.dialect.lockRow, v.UserID); err != nil {
			return fmt.Errorf("lock user: %w", missing(err, "user"))
		}
		err := tx.get(ctx, &row, upsertView, v.ID, v.UserID, v.Name, stride.ProjectKey(v.Name), v.Query, micros(v.CreatedAt))
		if err != nil {
			return fmt.Errorf("save view: %w", err)
		}
		var n int
		if err := tx.get(ctx, &n, countViews, v.UserID); err != nil {
			return fmt.Errorf("count views: %w", err)
		}
		if n > most {
			return stride.Errorf(stride.Conflict, "you keep %d views, which is the most; delete one", most)
		}
		return nil
	})
	return row.view(), err
}

const deleteView = `delete from saved_views where user_id = ? and name_key = ?`

// DeleteView returns NotFound where the user has no view of the name.
func (s *Store) DeleteView(ctx context.Context, user stride.UserID, name string) error {
	return s.inTx(ctx, func(tx *Tx) error {
		n, err := tx.exec(ctx, deleteView, user, stride.ProjectKey(name))
		if err != nil {
			return fmt.Errorf("delete view: %w", err)
		}
		if n == 0 {
			return stride.Errorf(stride.NotFound, "no such view")
		}
		return nil
	})
}
