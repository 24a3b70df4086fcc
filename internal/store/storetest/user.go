package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// testUserInReach looks a user up as all, as a fellow, as a stranger and as oneself.
func testUserInReach(t *testing.T, f *fixture) {
	ann, global, p, other := f.user(t, "ann"), f.user(t, "gil"), f.project(t, "Own"), f.project(t, "Other")
	require.NoError(t, f.InAccessTx(f.ctx, func(tx analysis.AccessTx) error {
		if err := tx.EnsureGrant(f.ctx, ann.ID, stride.Grant{Project: p.ID, Role: stride.RoleViewer}); err != nil {
			return err
		}
		return tx.EnsureGrant(f.ctx, global.ID, stride.Grant{Role: stride.RoleViewer})
	}))
	for name, reach := range map[string]stride.Reach{"all": {All: true}, "fellow": {Projects: []stride.ProjectID{other.ID, p.ID}}} {
		got, err := f.User(f.ctx, reach, "", ann.ID)
		require.NoError(t, err, name)
		require.Empty(t, cmp.Diff(ann, got), name)
	}
	for name, projects := range map[string][]stride.ProjectID{"stranger": {other.ID}, "nobody": nil} {
		_, err := f.User(f.ctx, stride.Reach{Projects: projects}, global.ID, ann.ID)
		requireKind(t, stride.NotFound, err)
		_, err = f.User(f.ctx, stride.Reach{Projects: projects}, "", global.ID)
		require.NoError(t, err, "%s: who has a role in all projects is no stranger", name)
	}
	_, err := f.User(f.ctx, stride.Reach{}, ann.ID, ann.ID)
	require.NoError(t, err, "oneself")
	_, err = f.User(f.ctx, stride.Reach{All: true}, "", newID[stride.UserID]())
	requireKind(t, stride.NotFound, err)
}
