package analysis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestTransitionsWantTheirFacts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		n      Transition
		fields []string
	}{
		"no reason":        {Transition{To: stride.ThreatInProgress}, []string{"reason"}},
		"unknown state":    {Transition{To: "gone", Reason: "x"}, []string{"to"}},
		"risk without all": {Transition{To: stride.ThreatRiskAccepted, Reason: "x"}, []string{"owner", "expires_at"}},
		"risk in the past": {Transition{To: stride.ThreatRiskAccepted, Reason: "x", Owner: "o", ExpiresAt: &noon}, []string{"expires_at"}},
		"no party":         {Transition{To: stride.ThreatTransferred, Reason: "x"}, []string{"party"}},
	} {
		require.Equal(t, tc.fields, fieldsOf(t, tc.n.validate(noon)), name)
	}
	accept := Transition{To: stride.ThreatRiskAccepted, Reason: "x", Owner: "o", ExpiresAt: new(noon.Add(time.Hour))}
	require.NoError(t, accept.validate(noon))
	accept.ExpiresAt = new(noon.Add(400 * 24 * time.Hour))
	require.NoError(t, accept.validate(noon))
	accept.ExpiresAt = new(noon.Add(400*24*time.Hour + 1))
	require.Equal(t, []string{"expires_at"}, fieldsOf(t, accept.validate(noon)), "for more than 400 days")
}

func TestWhoMayMoveWhat(t *testing.T) {
	t.Parallel()
	as := func(user stride.UserID, r stride.Role) stride.Actor {
		return stride.Actor{User: user, Grants: []stride.Grant{{Role: r}}}
	}
	for name, tc := range map[string]struct {
		actor    stride.Actor
		from, to stride.ThreatState
		want     stride.Kind
	}{
		"author starts":               {as("a", stride.RoleAuthor), stride.ThreatOpen, stride.ThreatInProgress, ""},
		"author claims":               {as("a", stride.RoleAuthor), stride.ThreatInProgress, stride.ThreatMitigated, ""},
		"author verifies":             {as("a", stride.RoleAuthor), stride.ThreatMitigated, stride.ThreatResolved, stride.Forbidden},
		"author sends back":           {as("a", stride.RoleAuthor), stride.ThreatMitigated, stride.ThreatInProgress, stride.Forbidden},
		"author accepts the risk":     {as("a", stride.RoleAuthor), stride.ThreatOpen, stride.ThreatRiskAccepted, stride.Forbidden},
		"claimant verifies":           {as("claimant", stride.RoleReviewer), stride.ThreatMitigated, stride.ThreatResolved, stride.Forbidden},
		"another reviewer verifies":   {as("r", stride.RoleReviewer), stride.ThreatMitigated, stride.ThreatResolved, ""},
		"claimant sends back":         {as("claimant", stride.RoleReviewer), stride.ThreatMitigated, stride.ThreatInProgress, stride.Forbidden},
		"an admin is no exception":    {as("claimant", stride.RoleAdmin), stride.ThreatMitigated, stride.ThreatResolved, stride.Forbidden},
		"another admin verifies":      {as("r", stride.RoleAdmin), stride.ThreatMitigated, stride.ThreatResolved, ""},
		"another sends back":          {as("r", stride.RoleReviewer), stride.ThreatMitigated, stride.ThreatInProgress, ""},
		"author transfers":            {as("a", stride.RoleAuthor), stride.ThreatOpen, stride.ThreatTransferred, stride.Forbidden},
		"author finds it invalid":     {as("a", stride.RoleAuthor), stride.ThreatOpen, stride.ThreatInvalid, stride.Forbidden},
		"reviewer finds it invalid":   {as("r", stride.RoleReviewer), stride.ThreatInProgress, stride.ThreatInvalid, ""},
		"author reopens":              {as("a", stride.RoleAuthor), stride.ThreatInvalid, stride.ThreatOpen, stride.Forbidden},
		"nobody skips the claim":      {as("r", stride.RoleAdmin), stride.ThreatOpen, stride.ThreatResolved, stride.Conflict},
		"resolved is not worked upon": {as("r", stride.RoleAdmin), stride.ThreatResolved, stride.ThreatInProgress, stride.Conflict},
	} {
		err := Transition{To: tc.to}.allowed(tc.actor, stride.Threat{State: tc.from, MitigatedBy: "claimant"})
		require.Equal(t, tc.want, stride.KindOf(err), name)
	}
}

func TestReopeningCounts(t *testing.T) {
	t.Parallel()
	threat := stride.Threat{State: stride.ThreatResolved, ResolvedAt: &noon}
	Transition{To: stride.ThreatOpen, Reason: "came back"}.apply(&threat, stride.Actor{}, noon)
	require.Equal(t, 1, threat.ReopenCount)
	require.Nil(t, threat.ResolvedAt)
	Transition{To: stride.ThreatInProgress}.apply(&threat, stride.Actor{}, noon)
	Transition{To: stride.ThreatMitigated}.apply(&threat, stride.Actor{User: "dev"}, noon)
	Transition{To: stride.ThreatInProgress}.apply(&threat, stride.Actor{}, noon)
	require.Equal(t, 1, threat.ReopenCount, "a failed verification is no reopening")
	require.Equal(t, stride.UserID("dev"), threat.MitigatedBy)
}

func TestReferencesAreChecked(t *testing.T) {
	t.Parallel()
	err := checkReferences([]stride.Reference{
		{System: "", Key: "K-1"}, {System: "jira", Key: "", URL: "javascript:alert(1)"},
		{System: "jira", Key: "K-2", AcknowledgedAt: new(noon.Add(time.Minute))}, {System: "jira", Key: "K-2"},
	}, noon)
	require.Equal(t, []string{
		"references[0].system", "references[1].key", "references[1].url", "references[2].acknowledged_at", "references[3].key",
	}, fieldsOf(t, err))
	require.NoError(t, checkReferences([]stride.Reference{{System: "jira", Key: "K-1", URL: "https://jira.example/K-1", AcknowledgedAt: &noon}}, noon))
}
