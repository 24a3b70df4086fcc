package analysis

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestPickReviewer(t *testing.T) {
	t.Parallel()
	who := func(id string, load int) Reviewer {
		return Reviewer{User: stride.User{ID: stride.UserID(id), Name: "name of " + id}, Load: load}
	}
	for name, tc := range map[string]struct {
		reviewers []Reviewer
		asked     string
		want      stride.UserID
		fails     bool
	}{
		"nobody":                 {nil, "", "", false},
		"the least busy":         {[]Reviewer{who("a", 3), who("b", 1), who("c", 2)}, "", "b", false},
		"first of equals":        {[]Reviewer{who("a", 1), who("b", 1)}, "", "a", false},
		"not the author":         {[]Reviewer{who("author", 0), who("b", 9)}, "", "b", false},
		"the author if alone":    {[]Reviewer{who("author", 0)}, "", "author", false},
		"whoever is named":       {[]Reviewer{who("a", 0), who("b", 9)}, "name of b", "b", false},
		"named, but no reviewer": {[]Reviewer{who("a", 0)}, "name of x", "", true},
	} {
		got, err := pickReviewer(tc.reviewers, tc.asked, "author")
		require.Equal(t, tc.fails, err != nil, name)
		require.Equal(t, tc.want, got, name)
	}
}

func TestSignOffSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	m := stride.ThreatModel{}
	require.Len(t, ReviewTally{UrgentOpen: 1, OtherOpen: 1, OpenDrafts: 1}.missing(m), 5)
	m.Architecture.Elements = []stride.Element{{}}
	require.Empty(t, ReviewTally{SucceededDrafts: 1}.missing(m))
}

func TestCoverageOverlay(t *testing.T) {
	t.Parallel()
	a := stride.Architecture{Elements: []stride.Element{
		{ID: "api", Kind: stride.Process}, {ID: "old", Kind: stride.Process, OutOfScope: true},
	}}
	cells := wantedCells(a)
	require.Len(t, cells.list, 6, "what is out of scope wants no answer")
	overlayDrafted(cells, []stride.Cell{{TargetID: "api", Category: stride.Spoofing, State: stride.CellMitigated, Reason: "mTLS"}})
	sug := func(c stride.Category, state stride.SuggestionState) stride.Suggestion {
		return stride.Suggestion{State: state, Current: stride.Proposal{Category: c, TargetIDs: []stride.Key{"api"}, Title: "t"}}
	}
	answered := func(c stride.Category, control stride.ControlName) stride.Suggestion {
		s := sug(c, stride.SuggestionSuperseded)
		s.DecidedBy, s.Current.Control = "author", control
		return s
	}
	overlayDecided(cells, []stride.Suggestion{
		sug(stride.Tampering, stride.SuggestionPending), sug(stride.Tampering, stride.SuggestionRejected),
		sug(stride.Repudiation, stride.SuggestionRejected), sug(stride.DenialOfService, stride.SuggestionSuperseded),
		answered(stride.ElevationOfPrivilege, stride.Sandboxing), answered(stride.InformationDisclosure, stride.Backup),
	}, []stride.StoredAnswer{
		{Answer: stride.Answer{Control: stride.Sandboxing, State: stride.ControlPresent, Targets: []stride.Key{"api"}}},
		{Answer: stride.Answer{Control: stride.Backup, State: stride.ControlNotApplicable, Targets: []stride.Key{"api"}}},
	})
	got := map[stride.Category]stride.CellState{}
	for _, c := range cells.list {
		got[c.Category] = c.State
	}
	require.Equal(t, map[stride.Category]stride.CellState{
		stride.Spoofing: stride.CellMitigated, stride.Tampering: stride.CellThreat, stride.Repudiation: stride.CellNotApplicable,
		stride.InformationDisclosure: stride.CellNotApplicable, stride.ElevationOfPrivilege: stride.CellMitigated,
		stride.DenialOfService: stride.CellThreat, // a newer draft alone settles nothing
	}, got)
}
