package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// What a family of rules has to say of a part at the edge of the design is cut
// short, counted, and there for whoever asks for all.
func TestPeripheryIsCutShort(t *testing.T) {
	t.Parallel()
	const core = "User:end_user > Site:web_app > API:api > DB:postgresql; API > Cache:cache; Site > Login:identity_provider; API > Login; " +
		"API > Files:object_storage; Partner:third_party > API"
	ofSupply := func(r Result) int {
		n := 0
		for _, p := range r.Proposals {
			if strings.HasPrefix(p.Rule, "supply-") && p.Confidence == stride.ConfidenceLow {
				n++
			}
		}
		return n
	}
	beside := sketch(t, core+"; Code:code_repository > CI:ci_cd > Registry:artifact_registry")
	require.Equal(t, besideTheCore, ofSupply(Propose(beside, Options{})))
	require.Greater(t, ofSupply(Propose(beside, Options{All: true})), besideTheCore)
	require.NotZero(t, Propose(beside, Options{}).HeldBack)

	itself := sketch(t, "Dev:developer > Code:code_repository > CI:ci_cd > Registry:artifact_registry")
	require.Greater(t, ofSupply(Propose(itself, Options{})), besideTheCore, "it is the core")
}

// TestOnePartDoesNotFillTheDraft: what is guessed of one part is cut short, of a
// main part later; what is told of it, and what threatens others as well, stays.
func TestOnePartDoesNotFillTheDraft(t *testing.T) {
	t.Parallel()
	d := newDesign(sketch(t, "User:end_user > Site:web_app > API:api > DB:mysql; Site > Files:object_storage; API > Files; Rover:robot; Lamp:iot_device"))
	about := func(confidence stride.Confidence, targets ...stride.Key) ranked {
		return ranked{Proposal: stride.Proposal{Confidence: confidence, TargetIDs: targets}}
	}
	times := func(n int, r ranked) []ranked {
		out := make([]ranked, n)
		for i := range out {
			out[i] = r
		}
		return out
	}
	low := stride.ConfidenceLow
	for _, tc := range []struct {
		name  string
		found []ranked
		want  int
	}{
		{"a part beside the core", times(9, about(low, "rover")), mostGuessed},
		{"a main part", times(12, about(low, "site")), mostGuessedOfMain},
		{"a flow counts for its receiver", times(9, about(low, "flow-4", "files")), mostGuessed + 4},
		{"two parts share nothing", append(times(9, about(low, "rover")), times(9, about(low, "lamp"))...), 2 * mostGuessed},
		{"the other part has room", append(times(4, about(low, "rover")), times(3, about(low, "rover", "lamp"))...), 7},
		{"both have had their share", append(append(times(4, about(low, "rover")), times(4, about(low, "lamp"))...), about(low, "rover", "lamp")), 8},
		{"what is told", times(9, about(stride.ConfidenceMedium, "rover")), 9},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Len(t, d.lessOfOnePart(tc.found), tc.want)
		})
	}
}

// TestOnePartIsCutShortByDefault: what is held back is counted and there for
// whoever asks for all.
func TestOnePartIsCutShortByDefault(t *testing.T) {
	t.Parallel()
	a := sketch(t, "User:end_user > Site:web_app > API:api > DB:postgresql; API > Cache:cache; Site > Login:identity_provider; API > Login; "+
		"API > Files:object_storage; Partner:third_party > API; Rover:robot(Rover has Linux, memory and a disk)")
	count := func(r Result) int {
		n := 0
		for _, p := range r.Proposals {
			if p.TargetIDs[0] == "rover" && p.Confidence == stride.ConfidenceLow {
				n++
			}
		}
		return n
	}
	require.LessOrEqual(t, count(Propose(a, Options{})), mostGuessed)
	require.Greater(t, count(Propose(a, Options{All: true})), mostGuessed)
}
