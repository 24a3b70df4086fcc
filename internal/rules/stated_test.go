package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// denying returns one part of which the source denies the control in words.
func denying(t *testing.T, name stride.ControlName, state stride.ControlState, quote string) *stride.Architecture {
	t.Helper()
	a := sketch(t, "Kiosk:process")
	a.Elements[0].Controls = stride.Controls{name: {State: state, Evidence: []stride.Evidence{
		{Kind: stride.Quoted, SourceID: "s", Start: 0, End: len(quote), Quote: quote},
	}}}
	return a
}

// Every control that can be denied has a threat where it is, and none otherwise.
func TestStatedGaps(t *testing.T) {
	t.Parallel()
	const quote = "Access to its one instance is a matter of trust."
	seen := map[stride.ControlName]bool{}
	for _, r := range statedRules() {
		seen[r.Control] = true
		t.Run(r.ID, func(t *testing.T) {
			t.Parallel()
			list := []Rule{r}
			got := propose(list, denying(t, r.Control, stride.ControlAbsent, quote), Options{})
			require.Len(t, got.Proposals, 1)
			p := got.Proposals[0]
			require.Equal(t, stride.ConfidenceHigh, p.Confidence)
			require.Contains(t, p.Statement, "because the design says “Access to its one instance is a matter of trust”, causing ")
			require.NotContains(t, p.Statement+p.Title, "{")
			require.Equal(t, quote, p.Evidence[0].Quote)
			require.Empty(t, got.Questions)
			requireSum(t, p)
			for _, state := range []stride.ControlState{stride.ControlPresent, stride.ControlUnknown} {
				quiet := propose(list, denying(t, r.Control, state, quote), Options{})
				require.Empty(t, quiet.Proposals, state)
				require.Empty(t, quiet.Mitigated, state)
			}
		})
	}
	for _, name := range stride.ControlNames() {
		require.True(t, seen[name], "no threat follows where a design denies %s", name)
	}
}

// A gap of which another rule makes a threat is not drafted twice.
func TestStatedGapsAreTheFloor(t *testing.T) {
	t.Parallel()
	a := sketch(t, "Browser:browser > Site:web_app")
	said := stride.Control{State: stride.ControlAbsent, Evidence: []stride.Evidence{{Kind: stride.Quoted, Quote: "There is no output encoding."}}}
	a.Elements[1].Controls = stride.Controls{stride.OutputEncoding: said}
	got := Propose(a, Options{All: true})
	require.Len(t, proposalsOf(got, "web-cross-site-scripting"), 1)
	require.Empty(t, proposalsOf(got, "stated-output-encoding"))
}

// One sentence over several parts is one gap, two sentences are two.
func TestStatedGapsGoByTheSentence(t *testing.T) {
	t.Parallel()
	gap := func(quote string) stride.Controls {
		return stride.Controls{stride.Backup: {State: stride.ControlAbsent, Evidence: []stride.Evidence{{Kind: stride.Quoted, Quote: quote}}}}
	}
	a := sketch(t, "Red:process; Green:process; Blue:process")
	a.Elements[0].Controls, a.Elements[1].Controls = gap("Red and green have no backup."), gap("Red and green have no backup.")
	a.Elements[2].Controls = gap("Blue has no backup.")
	got := proposalsOf(Propose(a, Options{All: true}), "stated-backup")
	require.Len(t, got, 2)
	require.ElementsMatch(t, []int{2, 1}, []int{len(got[0].TargetIDs), len(got[1].TargetIDs)})
}

func TestExcerpts(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("The box is painted in many colours and ", 6)
	for quote, want := range map[string]string{
		"- **Files** are not\n  scanned.":                  "Files are not scanned",
		"| Box | no `login` |":                             "Box no login",
		long + "is heavy, and the box has no lock at all.": "… and the box has no lock at all",
		strings.Repeat("ö", 200):                           strings.Repeat("ö", 90) + " …",
	} {
		require.Equal(t, want, excerpt(quote))
	}
}
