package store

import (
	"context"

	"github.com/threatdraft/threatdraft/internal/stride"
)

type userRow struct {
	ID        stride.UserID `db:"id"`
	Name      string        `db:"name"`
	CreatedAt int64         `db:"created_at"`
}

func (r userRow) user() stride.User {
	return stride.User{ID: r.ID, Name: r.Name, CreatedAt: instant(r.CreatedAt)}
}

const selectUser = `select u.id, u.name, u.created_at from users u`

// User returns the user where it is the caller, or has a membership in the reach;
// NotFound otherwise.
func (s *Store) User(ctx context.Context, reach stride.Reach, caller, id stride.UserID) (stride.User, error) {
	var f filter
	f.where("u.id = ?", id)
	if !reach.All && caller != id {
		f.where("u.id in (select m.user_id from memberships m where m.project_id in (?))", append([]stride.ProjectID{""}, reach.Projects...))
	}
	if f.err != nil {
		return stride.User{}, f.err
	}
	var row userRow
	if err := s.get(ctx, &row, selectUser+f.sql(), f.args...); err != nil {
		return stride.User{}, missing(err, "user")
	}
	return row.user(), nil
}
