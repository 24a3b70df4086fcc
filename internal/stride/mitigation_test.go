package stride

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMitigationMoves(t *testing.T) {
	t.Parallel()
	allowed := map[MitigationStatus][]MitigationStatus{
		MitigationProposed:   {MitigationPlanned, MitigationInProgress, MitigationDropped},
		MitigationPlanned:    {MitigationInProgress, MitigationDropped},
		MitigationInProgress: {MitigationDone, MitigationPlanned, MitigationDropped},
		MitigationDone:       {MitigationVerified, MitigationInProgress},
		MitigationVerified:   {MitigationInProgress},
		MitigationDropped:    {MitigationProposed},
	}
	for _, from := range MitigationStatuses() {
		for _, to := range MitigationStatuses() {
			require.Equal(t, contains(allowed[from], to), from.CanMove(to), "%s -> %s", from, to)
		}
		require.False(t, from.Open() && from.Holds(), from)
	}
	require.False(t, MitigationDropped.Open() || MitigationDropped.Holds())
	require.False(t, MitigationStatus("gone").Valid())
}

func TestResidual(t *testing.T) {
	t.Parallel()
	with := func(s MitigationStatus, likelihood, impact int) ThreatMitigation {
		return ThreatMitigation{Status: s, Effect: Effect{likelihood, impact}}
	}
	for name, tc := range map[string]struct {
		mitigations []ThreatMitigation
		want        Risk
	}{
		"nothing":               {nil, Risk{4, 3}},
		"not done":              {[]ThreatMitigation{with(MitigationProposed, 3, 3), with(MitigationInProgress, 1, 1)}, Risk{4, 3}},
		"done":                  {[]ThreatMitigation{with(MitigationDone, 1, 0)}, Risk{3, 3}},
		"verified":              {[]ThreatMitigation{with(MitigationVerified, 0, 2)}, Risk{4, 1}},
		"several":               {[]ThreatMitigation{with(MitigationVerified, 1, 0), with(MitigationDone, 1, 1), with(MitigationDropped, 3, 3)}, Risk{2, 2}},
		"never below 1":         {[]ThreatMitigation{with(MitigationDone, 3, 3), with(MitigationDone, 3, 3)}, Risk{1, 1}},
		"no effect, no change":  {[]ThreatMitigation{with(MitigationDone, 0, 0)}, Risk{4, 3}},
		"one alone does not do": {[]ThreatMitigation{with(MitigationPlanned, 3, 3), with(MitigationDone, 1, 0)}, Risk{3, 3}},
	} {
		require.Equal(t, tc.want, Risk{4, 3}.Residual(tc.mitigations), name)
	}
}

// TestResidualNeverRises holds that doing more never makes a risk worse, in
// whichever order.
func TestResidualNeverRises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		risk := Risk{rapid.IntRange(1, 4).Draw(t, "likelihood"), rapid.IntRange(1, 4).Draw(t, "impact")}
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) ThreatMitigation {
			return ThreatMitigation{
				Status: rapid.SampledFrom(MitigationStatuses()).Draw(t, "status"),
				Effect: Effect{rapid.IntRange(0, 3).Draw(t, "l"), rapid.IntRange(0, 3).Draw(t, "i")},
			}
		}), 0, 6).Draw(t, "mitigations")
		got := risk.Residual(list)
		require.NoError(t, got.Validate())
		require.LessOrEqual(t, got.Likelihood, risk.Likelihood)
		require.LessOrEqual(t, got.Impact, risk.Impact)
		for i := range list {
			more := append([]ThreatMitigation{}, list...)
			more[i].Status = MitigationDone
			after := risk.Residual(more)
			require.LessOrEqual(t, after.Severity().Rank(), got.Severity().Rank())
		}
		reversed := make([]ThreatMitigation, 0, len(list))
		for i := range list {
			reversed = append(reversed, list[len(list)-1-i])
		}
		require.Equal(t, got, risk.Residual(reversed))
	})
}

func TestEffectBounds(t *testing.T) {
	t.Parallel()
	require.NoError(t, DefaultEffect().Validate())
	require.NoError(t, Effect{3, 3}.Validate())
	var e *Error
	require.ErrorAs(t, Effect{-1, 4}.Validate(), &e)
	require.Len(t, e.Fields, 2)
}

func TestAgeing(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	threat := Threat{State: ThreatMitigated, AcceptedAt: noon, Content: Proposal{Severity: SeverityCritical}}
	due := noon.Add(7 * 24 * time.Hour)
	at := threat.Age(DefaultSLA(), due)
	require.Equal(t, Ageing{AgeDays: new(7), DueAt: &due}, at, "due is not overdue")
	require.True(t, threat.Age(DefaultSLA(), due.Add(1)).Overdue)
	require.Equal(t, 6, *threat.Age(DefaultSLA(), due.Add(-1)).AgeDays, "whole days")
	for _, s := range ThreatStates() {
		threat.State = s
		require.Equal(t, s.Open(), threat.Age(DefaultSLA(), due).DueAt != nil, s)
	}
}

func TestSignOffGrowsStale(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	v := SignedOff{Scope: "main", Number: 2, CompletedAt: noon}
	require.Empty(t, v.Stale(noon.Add(StaleAfter)))
	require.Contains(t, v.Stale(noon.Add(StaleAfter+1)), "signed off on 2026-03-02, more than 365 days ago")
	v.Newer = 3
	require.Equal(t, "version 3 of scope main is not signed off; version 2 is", v.Stale(noon))
}
