package stride

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTokenOnlyNarrows(t *testing.T) {
	t.Parallel()
	grants := []Grant{{Project: "", Role: RoleAuthor}, {Project: "a", Role: RoleAdmin}, {Project: "b", Role: RoleViewer}}
	for name, tc := range map[string]struct {
		token Token
		want  map[ProjectID]Role
	}{
		"as it is":           {Token{Role: RoleAdmin}, map[ProjectID]Role{"a": RoleAdmin, "b": RoleAuthor, "c": RoleAuthor}},
		"a lower role":       {Token{Role: RoleViewer}, map[ProjectID]Role{"a": RoleViewer, "b": RoleViewer, "c": RoleViewer}},
		"one project":        {Token{Role: RoleAdmin, Project: "a"}, map[ProjectID]Role{"a": RoleAdmin, "b": "", "c": ""}},
		"a project of all's": {Token{Role: RoleAdmin, Project: "c"}, map[ProjectID]Role{"a": "", "c": RoleAuthor}},
		"no role at all":     {Token{}, map[ProjectID]Role{"a": "", "b": ""}},
	} {
		a := Actor{Grants: tc.token.Narrow(grants)}
		for project, want := range tc.want {
			require.Equal(t, want, a.RoleIn(project), "%s: %s", name, project)
		}
	}
}

func TestReach(t *testing.T) {
	t.Parallel()
	some := Actor{Grants: []Grant{{Project: "a", Role: RoleAdmin}, {Project: "b", Role: RoleViewer}}}
	require.Equal(t, Reach{Projects: []ProjectID{"a", "b"}}, some.Reach(RoleViewer))
	require.Equal(t, Reach{Projects: []ProjectID{"a"}}, some.Reach(RoleReviewer))
	require.False(t, some.Reach(RoleReviewer).Holds("b"))
	require.Equal(t, Role(""), some.Global())
	all := Actor{Grants: []Grant{{Role: RoleViewer}, {Project: "a", Role: RoleAdmin}}}
	require.True(t, all.Reach(RoleViewer).All)
	require.Equal(t, []ProjectID{"a"}, all.Reach(RoleAdmin).Projects)
	require.False(t, Actor{}.Reach(RoleViewer).Holds("a"))
}

func TestTokenLives(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	require.True(t, Token{}.Live(now))
	require.False(t, Token{ExpiresAt: &now}.Live(now), "the end is exclusive")
	require.True(t, Token{ExpiresAt: new(now.Add(time.Second))}.Live(now))
	require.False(t, Token{RevokedAt: &now}.Live(now))
}
