package analysis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestWhoMayMoveAMitigation(t *testing.T) {
	t.Parallel()
	as := func(user stride.UserID, r stride.Role) stride.Actor {
		return stride.Actor{User: user, Grants: []stride.Grant{{Role: r}}}
	}
	author, doer, reviewer := as("a", stride.RoleAuthor), as("doer", stride.RoleAdmin), as("r", stride.RoleReviewer)
	for name, tc := range map[string]struct {
		actor    stride.Actor
		from, to stride.MitigationStatus
		reason   string
		want     stride.Kind
	}{
		"author plans":              {author, stride.MitigationProposed, stride.MitigationPlanned, "", ""},
		"author works":              {author, stride.MitigationPlanned, stride.MitigationInProgress, "", ""},
		"author is done":            {author, stride.MitigationInProgress, stride.MitigationDone, "", ""},
		"author verifies":           {author, stride.MitigationDone, stride.MitigationVerified, "", stride.Forbidden},
		"the doer verifies":         {doer, stride.MitigationDone, stride.MitigationVerified, "", stride.Forbidden},
		"another verifies":          {reviewer, stride.MitigationDone, stride.MitigationVerified, "", ""},
		"author takes it back":      {author, stride.MitigationDone, stride.MitigationInProgress, "too early", ""},
		"taken back without reason": {author, stride.MitigationDone, stride.MitigationInProgress, " ", stride.Invalid},
		"author takes verified":     {author, stride.MitigationVerified, stride.MitigationInProgress, "broke", stride.Forbidden},
		"reviewer takes verified":   {reviewer, stride.MitigationVerified, stride.MitigationInProgress, "broke", ""},
		"nobody skips the work":     {reviewer, stride.MitigationPlanned, stride.MitigationDone, "", stride.Conflict},
		"done is not dropped":       {reviewer, stride.MitigationDone, stride.MitigationDropped, "x", stride.Conflict},
	} {
		err := MitigationMove{To: tc.to, Reason: tc.reason}.allowed(tc.actor, stride.Mitigation{Status: tc.from, DoneBy: "doer"})
		require.Equal(t, tc.want, stride.KindOf(err), name)
	}
}

func TestMitigationMovesWantTheirFacts(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"to"}, fieldsOf(t, MitigationMove{To: "gone"}.validate()))
	require.Equal(t, []string{"reason"}, fieldsOf(t, MitigationMove{To: stride.MitigationDropped, Reason: "\n"}.validate()))
	require.NoError(t, MitigationMove{To: stride.MitigationDropped, Reason: "switched off"}.validate())
}

func TestMitigationKeepsWhoDidWhat(t *testing.T) {
	t.Parallel()
	m := stride.Mitigation{Status: stride.MitigationInProgress}
	MitigationMove{To: stride.MitigationDone, Reason: "built"}.apply(&m, stride.Actor{User: "dev"}, noon)
	MitigationMove{To: stride.MitigationVerified}.apply(&m, stride.Actor{User: "rev"}, noon.Add(time.Hour))
	require.Equal(t, stride.UserID("dev"), m.DoneBy)
	require.Equal(t, noon, *m.DoneAt)
	require.Equal(t, stride.UserID("rev"), m.VerifiedBy)
	require.Equal(t, noon.Add(time.Hour), m.MovedAt)
	MitigationMove{To: stride.MitigationInProgress, Reason: "broke"}.apply(&m, stride.Actor{User: "rev"}, noon)
	require.Nil(t, m.DoneAt)
	require.Nil(t, m.VerifiedAt)
	require.Empty(t, m.DoneBy+m.VerifiedBy)
}

func TestMitigationFieldsTellWhatChanged(t *testing.T) {
	t.Parallel()
	due := noon
	m := stride.Mitigation{Text: "a", References: []string{"x"}, Owner: "o", DueAt: &due}
	same := MitigationFields{Text: new(" a "), References: &[]string{"x"}, Owner: new("o"), DueAt: new(new(noon.In(time.FixedZone("far", 3600))))}
	require.Empty(t, same.apply(&m), "the same moment in another zone is no change")
	var none *time.Time
	changes := MitigationFields{Text: new("b"), References: &[]string{}, Owner: new(""), DueAt: &none}.apply(&m)
	require.Len(t, changes, 4)
	require.Equal(t, stride.Mitigation{Text: "b", References: m.References}, m)
	require.Empty(t, m.References)
}
