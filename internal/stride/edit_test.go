package stride

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

func proposal() Proposal {
	return Proposal{
		Category: Tampering, Title: "Forged order", TargetIDs: []Key{"api", "db"}, Targets: []string{"API", "Orders"},
		Risk: Risk{Likelihood: 2, Impact: 2}, Severity: SeverityMedium, Confidence: ConfidenceLow,
	}
}

func TestEditsChangeWhatTheyName(t *testing.T) {
	t.Parallel()
	before := proposal()
	after, err := Edits{Title: new(" Forged payment "), Impact: new(4), TargetIDs: &[]Key{"db"}}.Apply(before)
	require.NoError(t, err)
	require.Equal(t, "Forged payment", after.Title)
	require.Equal(t, SeverityHigh, after.Severity, "severity follows impact")
	require.Equal(t, []string{"Orders"}, after.Targets)
	require.Equal(t, []Key{"api", "db"}, before.TargetIDs, "the original stays")
	var fields []string
	for _, c := range Diff(before, after) {
		fields = append(fields, c.Field)
	}
	require.Empty(t, cmp.Diff([]string{"title", "target_ids", "impact", "severity"}, fields))
	require.Empty(t, Diff(before, before))
}

func TestEditsOutOfBounds(t *testing.T) {
	t.Parallel()
	for field, e := range map[string]Edits{
		"edits.category":            {Category: new(Category("greed"))},
		"edits.title":               {Title: new("  ")},
		"edits.statement":           {Statement: new(strings.Repeat("x", 4001))},
		"edits.likelihood":          {Likelihood: new(0)},
		"edits.impact":              {Impact: new(5)},
		"edits.confidence":          {Confidence: new(Confidence("sure"))},
		"edits.cwe[0]":              {CWE: &[]string{"79"}},
		"edits.capec[1]":            {CAPEC: &[]string{"CAPEC-66", "CAPEC-x"}},
		"edits.target_ids":          {TargetIDs: &[]Key{"moon"}},
		"edits.mitigations[0].text": {Mitigations: &[]ProposedMitigation{{}}},
	} {
		_, err := e.Apply(proposal())
		var known *Error
		require.ErrorAs(t, err, &known, field)
		require.Equal(t, field, known.Fields[0].Field)
	}
	_, err := Edits{TargetIDs: &[]Key{}}.Apply(proposal())
	require.Error(t, err, "a suggestion keeps one target at least")
}

func TestCreateWantsTheEssentials(t *testing.T) {
	t.Parallel()
	_, err := Edits{}.Create()
	var known *Error
	require.ErrorAs(t, err, &known)
	require.Len(t, known.Fields, 4)
	p, err := Edits{Category: new(Spoofing), Title: new("Stolen badge"), Likelihood: new(3), Impact: new(4)}.Create()
	require.NoError(t, err)
	require.Equal(t, SeverityCritical, p.Severity)
	require.NotNil(t, p.Evidence)
}
