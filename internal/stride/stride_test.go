package stride

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSeverityFollowsTheProduct(t *testing.T) {
	t.Parallel()
	want := map[int]Severity{
		1: SeverityLow, 2: SeverityLow, 3: SeverityLow, 4: SeverityMedium, 6: SeverityMedium,
		8: SeverityHigh, 9: SeverityHigh, 12: SeverityCritical, 16: SeverityCritical,
	}
	for likelihood := 1; likelihood <= 4; likelihood++ {
		for impact := 1; impact <= 4; impact++ {
			r := Risk{Likelihood: likelihood, Impact: impact}
			require.NoError(t, r.Validate())
			require.Equal(t, want[likelihood*impact], r.Severity(), "%+v", r)
		}
	}
}

func TestRiskOutOfRangeNamesEachField(t *testing.T) {
	t.Parallel()
	var e *Error
	require.ErrorAs(t, Risk{Likelihood: 0, Impact: 5}.Validate(), &e)
	require.Equal(t, Invalid, e.Kind)
	require.Len(t, e.Fields, 2)
	require.Equal(t, "likelihood", e.Fields[0].Field)
	require.Equal(t, "impact", e.Fields[1].Field)
}

func TestErrorsMatchByKind(t *testing.T) {
	t.Parallel()
	err := Errorf(NotFound, "no such project")
	require.ErrorIs(t, err, &Error{Kind: NotFound})
	require.NotErrorIs(t, err, &Error{Kind: Conflict})
	require.Equal(t, NotFound, KindOf(err))
	require.Empty(t, KindOf(nil))
}

func TestFingerprintSeparatesItsParts(t *testing.T) {
	t.Parallel()
	base := Fingerprint("p", "t", Spoofing, "rule")
	require.Len(t, base, 32)
	require.Equal(t, base, Fingerprint("p", "t", Spoofing, "rule"))
	for _, other := range []string{
		Fingerprint("pt", "", Spoofing, "rule"), Fingerprint("p", "tspoofing", "", "rule"),
		Fingerprint("p", "t", Tampering, "rule"), Fingerprint("p", "t", Spoofing, "other"), Fingerprint("", "t", Spoofing, "rule"),
	} {
		require.NotEqual(t, base, other)
	}
}

func TestSlug(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Web App": "web-app", "  Orders / DB (v2) ": "orders-db-v2", "Zahlungs-Dienst": "zahlungs-dienst",
		"Müller’s API": "müller-s-api", "注文 サービス": "注文-サービス", "--": "", "": "",
	} {
		require.Equal(t, want, Slug(in), in)
	}
}

func TestTagsFollowTheHierarchy(t *testing.T) {
	t.Parallel()
	e := Element{Tags: []Tag{"postgresql"}}
	require.True(t, e.HasTag("database"))
	require.True(t, e.HasTag("relational"))
	require.False(t, e.HasTag("queue"))
	for _, tag := range Tags() {
		for _, parent := range tagParents[tag] {
			require.True(t, parent.Known(), "parent %q of %q", parent, tag)
			require.False(t, parent.Is(tag), "%q and %q are a circle", tag, parent)
		}
	}
}

func TestEvidenceHoldsOnlyWhereTheBytesAre(t *testing.T) {
	t.Parallel()
	sources := []Source{{ID: "s1", Content: []byte("The API stores orders in Zürich.")}}
	quote := "stores orders in Zürich"
	good := Evidence{Kind: Quoted, SourceID: "s1", Start: 8, End: 8 + len(quote), Quote: quote}
	require.True(t, good.Holds(sources))
	for name, spoil := range map[string]func(*Evidence){
		"other source":   func(e *Evidence) { e.SourceID = "s2" },
		"shifted":        func(e *Evidence) { e.Start++ },
		"beyond the end": func(e *Evidence) { e.End = 1000 },
		"negative":       func(e *Evidence) { e.Start = -1 },
		"reversed":       func(e *Evidence) { e.Start, e.End = e.End, e.Start },
		"other case":     func(e *Evidence) { e.Quote = "Stores orders in Zürich" },
		"no kind":        func(e *Evidence) { e.Kind = "hearsay" },
	} {
		bad := good
		spoil(&bad)
		require.False(t, bad.Holds(sources), name)
	}
	require.True(t, Evidence{Kind: NotStated, Terms: []string{"tls"}}.Holds(nil))
}

func TestWantedCells(t *testing.T) {
	t.Parallel()
	require.Equal(t, []Category{Spoofing, Repudiation}, Element{Kind: ExternalEntity}.WantedCategories())
	require.Len(t, Element{Kind: Process}.WantedCategories(), 6)
	require.NotContains(t, Element{Kind: DataStore}.WantedCategories(), Repudiation)
	require.Contains(t, Element{Kind: DataStore, Tags: []Tag{"log_store"}}.WantedCategories(), Repudiation)
	require.Contains(t, Element{Kind: DataStore, Data: []DataClass{DataPayment}}.WantedCategories(), Repudiation)
}

func TestKnowAbsentTakesBackTheDoubt(t *testing.T) {
	t.Parallel()
	p := Proposal{
		Risk: Risk{Likelihood: 2, Impact: 4},
		Rationale: []Addend{
			{Of: "likelihood", Points: 3, Why: "reachable from outside"},
			{Of: "likelihood", Points: -1, Why: "the control is not stated", Factor: FactorUnknownControl},
		},
	}
	p.Severity = p.Risk.Severity()
	p.KnowAbsent()
	require.Equal(t, 3, p.Likelihood)
	require.Equal(t, SeverityCritical, p.Severity)
	require.Len(t, p.Rationale, 1)
	p.KnowAbsent()
	require.Equal(t, 3, p.Likelihood, "it is taken back once")
}
