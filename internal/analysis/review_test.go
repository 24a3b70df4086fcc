package analysis

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestDecisionsAreCheckedWhole(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		n      NewDecision
		fields []string
	}{
		"unknown":               {NewDecision{Kind: "shrug"}, []string{"decision"}},
		"reject without reason": {NewDecision{Kind: stride.DecisionReject}, []string{"reason"}},
		"other without text":    {NewDecision{Kind: stride.DecisionReject, Reason: stride.ReasonOther}, []string{"text"}},
		"merge into nothing":    {NewDecision{Kind: stride.DecisionMerge}, []string{"into"}},
		"ask nothing":           {NewDecision{Kind: stride.DecisionNeedsInfo, Text: " "}, []string{"text"}},
		"park for ever":         {NewDecision{Kind: stride.DecisionPark}, []string{"until"}},
		"park until yesterday":  {NewDecision{Kind: stride.DecisionPark, Until: new(now.AddDate(0, 0, -1))}, []string{"until"}},
		"park for two years":    {NewDecision{Kind: stride.DecisionPark, Until: new(now.AddDate(2, 0, 0))}, []string{"until"}},
		"accept until tomorrow": {NewDecision{Kind: stride.DecisionAccept, Until: new(now.AddDate(0, 0, 1))}, []string{"until"}},
		"accept with all that belongs elsewhere": {
			NewDecision{Kind: stride.DecisionAccept, Reason: stride.ReasonOther, Into: "x"}, []string{"reason", "into"},
		},
		"reject with edits": {
			NewDecision{Kind: stride.DecisionReject, Reason: stride.ReasonDuplicate, Edits: stride.Edits{Title: new("t")}}, []string{"edits"},
		},
	} {
		require.Equal(t, tc.fields, fieldsOf(t, tc.n.validate(now)), name)
	}
	require.NoError(t, NewDecision{Kind: stride.DecisionReject, Reason: stride.ReasonTooGeneric}.validate(now))
}

func TestDecidedIsDecided(t *testing.T) {
	t.Parallel()
	accept := NewDecision{Kind: stride.DecisionAccept}
	reopen := NewDecision{Kind: stride.DecisionReopen}
	for _, state := range stride.SuggestionStates() {
		open := state == stride.SuggestionPending || state == stride.SuggestionNeedsInfo || state == stride.SuggestionAwaitingSecond
		require.Equal(t, open, accept.conflict(stride.Suggestion{State: state}) == nil, state)
	}
	require.NoError(t, reopen.conflict(stride.Suggestion{State: stride.SuggestionRejected}))
	require.NoError(t, reopen.conflict(stride.Suggestion{State: stride.SuggestionSuperseded}))
	require.Error(t, reopen.conflict(stride.Suggestion{State: stride.SuggestionAccepted}), "its threat lives already")
}
