package rules

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPassingMentionsStayFew: a part that is named once carries few threats, one
// that is described more; asked for all, nothing is held back.
func TestPassingMentionsStayFew(t *testing.T) {
	t.Parallel()
	count := func(text string, all bool) int {
		a := sketch(t, text)
		n := 0
		for _, p := range Propose(a, Options{All: all}).Proposals {
			if p.TargetIDs[0] == "jobs" && len(p.TargetIDs) == 1 {
				n++
			}
		}
		return n
	}
	const filler = "; App:mobile_app > API:api > DB:mysql"
	passing, described := "Jobs:queue(jobs wait in Jobs)", "Jobs:queue#health(jobs wait in Jobs)"
	require.Equal(t, maxInPassing, count(passing+filler, false))
	require.Greater(t, count(described+filler, false), maxInPassing)
	require.Greater(t, count(passing+filler, true), maxInPassing)
}

// TestHygieneTakesWhatNothingSinglesOut: a rule that would fit any store becomes a
// measure in the note, and a threat once a fact or a denial singles the store out.
func TestHygieneTakesWhatNothingSinglesOut(t *testing.T) {
	t.Parallel()
	plain := sketch(t, "Worker:worker > DB:mysql")
	got := Propose(plain, Options{All: true})
	require.Empty(t, proposalsOf(got, "store-theft-at-rest"))
	require.Contains(t, got.Notes[0], "encryption at rest (DB)")

	told := Propose(sketch(t, "Worker:worker > DB:mysql#health"), Options{All: true})
	require.Len(t, proposalsOf(told, "store-theft-at-rest"), 1)
	require.NotContains(t, told.Notes, "encryption at rest")

	denied := Propose(with(plain, "encryption_at_rest", "absent"), Options{All: true})
	require.Len(t, proposalsOf(denied, "store-theft-at-rest"), 1)
}
