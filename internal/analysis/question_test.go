package analysis

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestWiden(t *testing.T) {
	t.Parallel()
	a := stride.Architecture{
		Elements: []stride.Element{{ID: "api", Zone: "vpc"}, {ID: "db", Zone: "vpc"}, {ID: "user", Zone: "internet"}, {ID: "lost"}},
		Flows:    []stride.Flow{{ID: "call", SourceID: "user", TargetID: "api"}, {ID: "reply", SourceID: "api", TargetID: "user"}},
	}
	for name, tc := range map[string]struct {
		targets []stride.Key
		to      stride.ApplyTo
		want    []stride.Key
	}{
		"element":               {[]stride.Key{"api"}, stride.ApplyToElement, []stride.Key{"api"}},
		"zone":                  {[]stride.Key{"api"}, stride.ApplyToZone, []stride.Key{"api", "db", "call"}},
		"zone of a flow":        {[]stride.Key{"reply"}, stride.ApplyToZone, []stride.Key{"reply", "user"}},
		"no zone, so no others": {[]stride.Key{"lost"}, stride.ApplyToZone, []stride.Key{"lost"}},
		"model":                 {[]stride.Key{"api"}, stride.ApplyToModel, []stride.Key{"api", "db", "user", "lost", "call", "reply"}},
	} {
		require.ElementsMatch(t, tc.want, widen(a, tc.targets, tc.to), name)
	}
}

func TestAnswersAddUp(t *testing.T) {
	t.Parallel()
	answer := func(c stride.ControlName, s stride.ControlState, targets ...stride.Key) stride.StoredAnswer {
		return stride.StoredAnswer{Answer: stride.Answer{Control: c, State: s, Targets: targets}}
	}
	states := answeredStates([]stride.StoredAnswer{
		answer(stride.Backup, stride.ControlPresent, "a"),
		answer(stride.Backup, stride.ControlNotApplicable, "b"),
		answer(stride.Backup, stride.ControlAbsent, "c", "d"),
		answer(stride.Backup, stride.ControlPresent, "d"),
		answer(stride.RateLimiting, stride.ControlAbsent, "a"),
	}, stride.Backup)
	require.Equal(t, stride.ControlPresent, covers(states, []stride.Key{"a", "b", "d"}), "the last answer counts")
	require.Equal(t, stride.ControlAbsent, covers(states, []stride.Key{"a", "c"}))
	require.Equal(t, stride.ControlUnknown, covers(states, []stride.Key{"a", "x"}), "one target is open still")
	require.Equal(t, stride.ControlUnknown, covers(states, nil))
}
