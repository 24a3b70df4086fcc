package stride

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThreatMoves(t *testing.T) {
	t.Parallel()
	allowed := map[ThreatState][]ThreatState{
		ThreatOpen:         {ThreatInProgress, ThreatRiskAccepted, ThreatTransferred, ThreatInvalid},
		ThreatInProgress:   {ThreatMitigated, ThreatRiskAccepted, ThreatTransferred, ThreatInvalid},
		ThreatMitigated:    {ThreatResolved, ThreatInProgress},
		ThreatResolved:     {ThreatOpen},
		ThreatRiskAccepted: {ThreatOpen},
		ThreatTransferred:  {ThreatOpen},
		ThreatInvalid:      {ThreatOpen},
	}
	for _, from := range ThreatStates() {
		for _, to := range ThreatStates() {
			require.Equal(t, contains(allowed[from], to), from.CanMove(to), "%s -> %s", from, to)
		}
		require.False(t, from.Open() && from.Closed(), from)
	}
	require.False(t, ThreatInvalid.Open() || ThreatInvalid.Closed(), "invalid counts as neither")
	require.True(t, ThreatMitigated.Open(), "claimed is not verified")
}

func TestSuggestionMoves(t *testing.T) {
	t.Parallel()
	for _, s := range SuggestionStates() {
		require.False(t, s.CanMove(s), s)
		require.Equal(t, s == SuggestionPending || s == SuggestionNeedsInfo || s == SuggestionAwaitingSecond, s.CanMove(SuggestionAccepted), s)
	}
	require.False(t, SuggestionMerged.CanMove(SuggestionPending))
}

func TestModelMoves(t *testing.T) {
	t.Parallel()
	require.True(t, ModelDraft.CanMove(ModelInReview))
	require.True(t, ModelInReview.CanMove(ModelDraft))
	require.True(t, ModelInReview.CanMove(ModelCompleted))
	require.True(t, ModelCompleted.CanMove(ModelSuperseded))
	require.False(t, ModelDraft.CanMove(ModelCompleted))
	require.False(t, ModelSuperseded.CanMove(ModelDraft))
}

func contains[T comparable](list []T, v T) bool {
	for _, e := range list {
		if e == v {
			return true
		}
	}
	return false
}
