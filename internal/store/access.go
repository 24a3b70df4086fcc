package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var (
	_ analysis.AccessStore = (*Store)(nil)
	_ analysis.AccessTx    = (*Tx)(nil)
)

type tokenRow struct {
	ID            stride.TokenID   `db:"id"`
	UserID        stride.UserID    `db:"user_id"`
	Hash          string           `db:"hash"`
	Role          stride.Role      `db:"role"`
	ProjectID     stride.ProjectID `db:"project_id"`
	CreatedAt     int64            `db:"created_at"`
	ExpiresAt     *int64           `db:"expires_at"`
	RevokedAt     *int64           `db:"revoked_at"`
	UserName      string           `db:"user_name"`
	UserCreatedAt int64            `db:"user_created_at"`
}

func (r tokenRow) token() stride.Token {
	return stride.Token{
		ID: r.ID, UserID: r.UserID, Hash: r.Hash, Role: r.Role, Project: r.ProjectID, CreatedAt: instant(r.CreatedAt),
		ExpiresAt: instantOrNil(r.ExpiresAt), RevokedAt: instantOrNil(r.RevokedAt),
	}
}

const selectTokenByHash = `
select t.id, t.user_id, t.hash, t.role, t.project_id, t.created_at, t.expires_at, t.revoked_at,
       u.name as user_name, u.created_at as user_created_at
from tokens t join users u on u.id = t.user_id
where t.hash = ?`

// TokenByHash returns the token, its user and the user's grants; NotFound where
// no token has the hash.
func (s *Store) TokenByHash(ctx context.Context, hash string) (stride.Token, stride.User, []stride.Grant, error) {
	var row tokenRow
	if err := s.get(ctx, &row, selectTokenByHash, hash); err != nil {
		return stride.Token{}, stride.User{}, nil, missing(err, "token")
	}
	grants, err := s.grants(ctx, row.UserID)
	if err != nil {
		return stride.Token{}, stride.User{}, nil, err
	}
	user := stride.User{ID: row.UserID, Name: row.UserName, CreatedAt: instant(row.UserCreatedAt)}
	return row.token(), user, grants, nil
}

const selectGrants = `select project_id, role from memberships where user_id = ? order by project_id`

func (s session) grants(ctx context.Context, user stride.UserID) ([]stride.Grant, error) {
	var rows []struct {
		ProjectID stride.ProjectID `db:"project_id"`
		Role      stride.Role      `db:"role"`
	}
	if err := s.list(ctx, &rows, selectGrants, user); err != nil {
		return nil, fmt.Errorf("list grants: %w", err)
	}
	out := make([]stride.Grant, 0, len(rows))
	for _, r := range rows {
		out = append(out, stride.Grant{Project: r.ProjectID, Role: r.Role})
	}
	return out, nil
}

const insertUser = `insert into users (id, name, created_at) values (?, ?, ?) on conflict (name) do nothing`

const selectUserByName = `select id, name, created_at from users where name = ?`

// EnsureUser returns the user with the name, creating u where there is none.
func (tx *Tx) EnsureUser(ctx context.Context, u stride.User) (stride.User, error) {
	if _, err := tx.exec(ctx, insertUser, u.ID, u.Name, micros(u.CreatedAt)); err != nil {
		return stride.User{}, fmt.Errorf("insert user: %w", err)
	}
	var row struct {
		ID        stride.UserID `db:"id"`
		Name      string        `db:"name"`
		CreatedAt int64         `db:"created_at"`
	}
	if err := tx.get(ctx, &row, selectUserByName, u.Name); err != nil {
		return stride.User{}, fmt.Errorf("read user: %w", err)
	}
	return stride.User{ID: row.ID, Name: row.Name, CreatedAt: instant(row.CreatedAt)}, nil
}

const upsertGrant = `
insert into memberships (user_id, project_id, role) values (?, ?, ?)
on conflict (user_id, project_id) do update set role = excluded.role where memberships.role in (?)`

// EnsureGrant gives the user at least the role.
func (tx *Tx) EnsureGrant(ctx context.Context, user stride.UserID, g stride.Grant) error {
	lower := []stride.Role{""}
	for _, r := range stride.Roles() {
		if !r.AtLeast(g.Role) {
			lower = append(lower, r)
		}
	}
	query, args, err := sqlx.In(upsertGrant, user, g.Project, g.Role, lower)
	if err != nil {
		return fmt.Errorf("bind grant: %w", err)
	}
	if _, err := tx.exec(ctx, query, args...); err != nil {
		return fmt.Errorf("upsert grant: %w", err)
	}
	return nil
}

// A conflict that analysis may live with is found without an error of the
// database: PostgreSQL would not go on with the transaction after one.
const insertToken = `
insert into tokens (id, user_id, hash, role, project_id, created_at, expires_at, revoked_at)
values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict (hash) do nothing`

// InsertToken returns Conflict where the hash exists.
func (tx *Tx) InsertToken(ctx context.Context, t stride.Token) error {
	n, err := tx.exec(ctx, insertToken, t.ID, t.UserID, t.Hash, t.Role, t.Project, micros(t.CreatedAt),
		microsOrNull(t.ExpiresAt), microsOrNull(t.RevokedAt))
	if err != nil {
		return fmt.Errorf("insert token: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Conflict, "the token exists already")
	}
	return nil
}

const revokeTokens = `
update tokens set revoked_at = ?
where user_id = ? and hash <> ? and revoked_at is null and (expires_at is null or expires_at > ?)`

// RevokeTokensOf revokes the user's live tokens, except the one with the hash.
func (tx *Tx) RevokeTokensOf(ctx context.Context, user stride.UserID, except string, at time.Time) error {
	if _, err := tx.exec(ctx, revokeTokens, micros(at), user, except, micros(at)); err != nil {
		return fmt.Errorf("revoke tokens: %w", err)
	}
	return nil
}

const countAdminTokens = `
select count(*)
from tokens t
join memberships g on g.user_id = t.user_id and g.project_id = '' and g.role = 'admin'
where t.role = 'admin' and t.project_id = '' and t.revoked_at is null and (t.expires_at is null or t.expires_at > ?)`

// CountAdminTokens counts the tokens of admins of all projects that may be used
// at the time.
func (tx *Tx) CountAdminTokens(ctx context.Context, at time.Time) (int, error) {
	var n int
	if err := tx.get(ctx, &n, countAdminTokens, micros(at)); err != nil {
		return 0, fmt.Errorf("count tokens: %w", err)
	}
	return n, nil
}

const reviveToken = `
update tokens set revoked_at = null where user_id = ? and hash = ? and role = ? and project_id = ''`

// ReviveToken ends the revocation of the user's token with the hash, role and no
// project; ok is false where the user has no such token.
func (tx *Tx) ReviveToken(ctx context.Context, user stride.UserID, hash string, role stride.Role) (ok bool, err error) {
	n, err := tx.exec(ctx, reviveToken, user, hash, role)
	if err != nil {
		return false, fmt.Errorf("revive token: %w", err)
	}
	return n == 1, nil
}
