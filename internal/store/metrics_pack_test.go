package store

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// packed has each kind of thing, times that run backwards among them.
func packed() *metrics.Lives {
	s, t := metrics.SuggestionCodes(), metrics.ThreatCodes()
	return &metrics.Lives{
		Kinds: []metrics.Kind{
			{Category: stride.Spoofing, Severity: stride.SeverityHigh, Rule: "rule-a"},
			{Category: stride.Tampering, Severity: stride.SeverityLow, Model: "openai/a", Prompt: "threats/v1"},
		},
		Suggestions: []metrics.SuggestionLife{
			{ID: "s1", Kind: 1, Unverified: true, Steps: []metrics.Step{{At: 1 << 50, State: s.Of(stride.SuggestionPending)}}},
			{ID: "s2", Steps: []metrics.Step{
				{At: 7, State: s.Of(stride.SuggestionPending)},
				{At: 5, State: s.Of(stride.SuggestionRejected), Reason: metrics.ReasonCodes().Of(stride.ReasonDuplicate)},
				{At: 9, State: s.Of(stride.SuggestionAccepted), Edited: true},
			}},
		},
		Threats: []metrics.ThreatLife{
			{ID: "", Human: true, Reported: 12, Steps: []metrics.Step{{At: -3, State: t.Of(stride.ThreatOpen)}, {At: 9, State: t.Of(stride.ThreatInvalid)}}},
		},
		Models: []metrics.ModelLife{{Scope: "main", Number: 2, Moves: []metrics.Move{{At: 4, State: "draft"}, {At: 3, State: "completed"}}}},
		Drafts: []metrics.DraftLife{{Scope: "main", Number: 2, At: 8, Wanted: 20, Answered: 19}},
	}
}

func TestPackedLivesComeBack(t *testing.T) {
	t.Parallel()
	for _, want := range []*metrics.Lives{packed(), {}} {
		ids, body := pack(want)
		if ids == nil {
			ids = []byte{}
		}
		got, err := unpack(ids, body)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, got, cmpopts.EquateEmpty()))
	}
}

func TestUnpackRefusesWhatNoPackWrote(t *testing.T) {
	t.Parallel()
	ids, body := pack(packed())
	for n := range body {
		_, err := unpack(ids, body[:n])
		require.Error(t, err, "the first %d bytes", n)
	}
	_, err := unpack(ids, append(body, 0))
	require.Error(t, err)
	_, err = unpack(ids[:len(ids)-1], body)
	require.Error(t, err)
}

func FuzzUnpack(f *testing.F) {
	ids, body := pack(packed())
	f.Add(ids, body)
	f.Add([]byte{}, []byte{0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, ids, body []byte) {
		l, err := unpack(ids, body)
		if err != nil {
			return
		}
		againIDs, again := pack(l)
		if againIDs == nil {
			againIDs = []byte{}
		}
		if _, err := unpack(againIDs, again); err != nil {
			t.Fatalf("packed again: %v", err)
		}
	})
}
