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
