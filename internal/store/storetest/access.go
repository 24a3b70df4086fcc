package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func accessTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"token comes back whole":         testTokenRoundTrip,
		"unknown token is not found":     testUnknownToken,
		"user in reach":                  testUserInReach,
		"hash is unique":                 testTokenConflict,
		"user names differ by case":      testUserCase,
		"user is made once in a race":    testUserRace,
		"grant never lowers a role":      testGrantNeverLowers,
		"revoking spares one and others": testRevokeTokens,
		"live tokens are counted":        testCountAdminTokens,
		"revive token":                   testReviveToken,
		"project in an access tx":        testAccessProject,
	}
}

func (f *fixture) token(t *testing.T, token stride.Token) stride.Token {
	t.Helper()
	require.NoError(t, f.InAccessTx(f.ctx, func(tx analysis.AccessTx) error { return tx.InsertToken(f.ctx, token) }))
	return token
}

func testTokenRoundTrip(t *testing.T, f *fixture) {
	user := f.user(t, "ann")
	p := f.project(t, "shop")
	err := f.InAccessTx(f.ctx, func(tx analysis.AccessTx) error {
		if err := tx.EnsureGrant(f.ctx, user.ID, stride.Grant{Project: p.ID, Role: stride.RoleReviewer}); err != nil {
			return err
		}
		return tx.EnsureGrant(f.ctx, user.ID, stride.Grant{Role: stride.RoleViewer})
	})
	require.NoError(t, err)
	want := f.token(t, stride.Token{
		ID: newID[stride.TokenID](), UserID: user.ID, Hash: "hash", Role: stride.RoleAuthor, Project: p.ID,
		CreatedAt: kept(f.now()), ExpiresAt: keptPtr(f.now()), RevokedAt: keptPtr(f.now()),
	})
	got, gotUser, grants, err := f.TokenByHash(f.ctx, "hash")
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
	require.Empty(t, cmp.Diff(user, gotUser))
	require.Empty(t, cmp.Diff([]stride.Grant{{Role: stride.RoleViewer}, {Project: p.ID, Role: stride.RoleReviewer}}, grants))
}

func testUnknownToken(t *testing.T, f *fixture) {
	user := f.user(t, "ann")
	f.token(t, stride.Token{ID: newID[stride.TokenID](), UserID: user.ID, Hash: "Hash", Role: stride.RoleAdmin, CreatedAt: f.now()})
	for _, hash := range []string{"", "hash", "Hash ", "%"} {
		_, _, _, err := f.TokenByHash(f.ctx, hash)
		requireKind(t, stride.NotFound, err)
	}
	got, _, grants, err := f.TokenByHash(f.ctx, "Hash")
	require.NoError(t, err)
	require.Nil(t, got.ExpiresAt)
	require.Nil(t, got.RevokedAt)
	require.Empty(t, got.Project)
	require.Empty(t, grants)
}

func testTokenConflict(t *testing.T, f *fixture) {
	user := f.user(t, "ann")
	token := stride.Token{ID: newID[stride.TokenID](), UserID: user.ID, Hash: "hash", Role: stride.RoleAdmin, CreatedAt: f.now()}
	f.token(t, token)
	err := f.InAccessTx(f.ctx, func(tx analysis.AccessTx) error {
		token.ID = newID[stride.TokenID]()
		requireKind(t, stride.Conflict, tx.InsertToken(f.ctx, token))
		// The transaction goes on after the conflict.
		_, err := tx.EnsureUser(f.ctx, stride.User{ID: newID[stride.UserID](), Name: "bob", CreatedAt: f.now()})
		return err
	})
	require.NoError(t, err)
	token.Hash = "Hash"
	f.token(t, token)
}

func testUserCase(t *testing.T, f *fixture) {
	ann, again, upper := f.user(t, "ann"), f.user(t, "ann"), f.user(t, "Ann")
	require.Empty(t, cmp.Diff(ann, again))
	require.NotEqual(t, ann.ID, upper.ID)
	require.NotEqual(t, f.user(t, "é").ID, f.user(t, "e\u0301").ID, "names compare byte by byte")
}

func testUserRace(t *testing.T, f *fixture) {
	ids := make([]stride.UserID, 8)
	at := f.now()
	for _, err := range race(len(ids), func(i int) error {
		return f.InAccessTx(f.ctx, func(tx analysis.AccessTx) error {
			u, err := tx.EnsureUser(f.ctx, stride.User{ID: newID[stride.UserID](), Name: "ann", CreatedAt: at})
			ids[i] = u.ID
			return err
		})
	}) {
		require.NoError(t, err)
	}
	for _, id := range ids {
		require.Equal(t, ids[0], id)
	}
}

func testGrantNeverLowers(t *testing.T, f *fixture) {
	user := f.user(t, "ann")
	f.token(t, stride.Token{ID: newID[stride.TokenID](), UserID: user.ID, Hash: "hash", Role: stride.RoleAdmin, CreatedAt: f.now()})
	steps := []struct{ give, want stride.Role }{
		{stride.RoleAuthor, stride.RoleAuthor},
		{stride.RoleViewer, stride.RoleAuthor},
		{stride.RoleAdmin, stride.RoleAdmin},
		{stride.RoleReviewer, stride.RoleAdmin},
	}
	for _, step := range steps {
		err := f.InAccessTx(f.ctx, func(tx analysis.AccessTx) error {
			return tx.EnsureGrant(f.ctx, user.ID, stride.Grant{Role: step.give})
		})
		require.NoError(t, err)
		_, _, grants, err := f.TokenByHash(f.ctx, "hash")
		require.NoError(t, err)
		require.Equal(t, []stride.Grant{{Role: step.want}}, grants, "after %s", step.give)
	}
}

func testRevokeTokens(t *testing.T, f *fixture) {
	ann, bob := f.user(t, "ann"), f.user(t, "bob")
	at := f.now()
	past := at.Add(-time.Hour)
	add := func(u stride.User, hash string, expires, revoked *time.Time) {
		f.token(t, stride.Token{
			ID: newID[stride.TokenID](), UserID: u.ID, Hash: hash, Role: stride.RoleAdmin, CreatedAt: past,
			ExpiresAt: expires, RevokedAt: revoked,
		})
	}
	add(ann, "old", nil, nil)
	add(ann, "spared", nil, nil)
	add(ann, "expired", &past, nil)
	add(ann, "revoked", nil, &past)
	add(bob, "other", nil, nil)
	err := f.InAccessTx(f.ctx, func(tx analysis.AccessTx) error { return tx.RevokeTokensOf(f.ctx, ann.ID, "spared", at) })
	require.NoError(t, err)
	want := map[string]*time.Time{"old": keptPtr(at), "spared": nil, "expired": nil, "revoked": keptPtr(past), "other": nil}
	for hash, revoked := range want {
		got, _, _, err := f.TokenByHash(f.ctx, hash)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(revoked, got.RevokedAt), hash)
	}
}

func testCountAdminTokens(t *testing.T, f *fixture) {
	user, author := f.user(t, "ann"), f.user(t, "bob")
	at := f.now()
	before, after := at.Add(-time.Microsecond), at.Add(time.Microsecond)
	require.NoError(t, f.InAccessTx(f.ctx, func(tx analysis.AccessTx) error {
		if err := tx.EnsureGrant(f.ctx, author.ID, stride.Grant{Role: stride.RoleAuthor}); err != nil {
			return err
		}
		return tx.EnsureGrant(f.ctx, user.ID, stride.Grant{Role: stride.RoleAdmin})
	}))
	project := f.project(t, "shop")
	cases := []struct {
		name             string
		of               stride.UserID
		role             stride.Role
		project          stride.ProjectID
		expires, revoked *time.Time
		counts           bool
	}{
		{"for ever", user.ID, stride.RoleAdmin, "", nil, nil, true},
		{"expires later", user.ID, stride.RoleAdmin, "", &after, nil, true},
		{"expires now", user.ID, stride.RoleAdmin, "", &at, nil, false},
		{"expired", user.ID, stride.RoleAdmin, "", &before, nil, false},
		{"revoked", user.ID, stride.RoleAdmin, "", nil, &before, false},
		{"narrowed to a role", user.ID, stride.RoleReviewer, "", nil, nil, false},
		{"narrowed to a project", user.ID, stride.RoleAdmin, project.ID, nil, nil, false},
		{"of somebody who is no admin", author.ID, stride.RoleAdmin, "", nil, nil, false},
	}
	want := 0
	for _, c := range cases {
		f.token(t, stride.Token{
			ID: newID[stride.TokenID](), UserID: c.of, Hash: c.name, Role: c.role, Project: c.project, CreatedAt: before,
			ExpiresAt: c.expires, RevokedAt: c.revoked,
		})
		if c.counts {
			want++
		}
		err := f.InAccessTx(f.ctx, func(tx analysis.AccessTx) error {
			n, err := tx.CountAdminTokens(f.ctx, at)
			require.Equal(t, want, n, c.name)
			return err
		})
		require.NoError(t, err)
	}
}

func testReviveToken(t *testing.T, f *fixture) {
	user, other := f.user(t, "ann"), f.user(t, "bob")
	at := f.now()
	f.token(t, stride.Token{
		ID: newID[stride.TokenID](), UserID: user.ID, Hash: "h", Role: stride.RoleAdmin, CreatedAt: at, RevokedAt: &at,
	})
	revive := func(of stride.UserID, hash string, role stride.Role) (ok bool) {
		require.NoError(t, f.InAccessTx(f.ctx, func(tx analysis.AccessTx) error {
			var err error
			ok, err = tx.ReviveToken(f.ctx, of, hash, role)
			return err
		}))
		return ok
	}
	require.False(t, revive(other.ID, "h", stride.RoleAdmin), "somebody else's")
	require.False(t, revive(user.ID, "H", stride.RoleAdmin), "another hash")
	require.False(t, revive(user.ID, "h", stride.RoleViewer), "another role")
	require.True(t, revive(user.ID, "h", stride.RoleAdmin))
	got, _, _, err := f.TokenByHash(f.ctx, "h")
	require.NoError(t, err)
	require.Nil(t, got.RevokedAt)
}

func testAccessProject(t *testing.T, f *fixture) {
	want := f.project(t, "shop")
	err := f.InAccessTx(f.ctx, func(tx analysis.AccessTx) error {
		got, err := tx.Project(f.ctx, want.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, got))
		_, err = tx.Project(f.ctx, newID[stride.ProjectID]())
		requireKind(t, stride.NotFound, err)
		return nil
	})
	require.NoError(t, err)
}
