package draft

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

var update = flag.Bool("update", false, "write the goldens anew")

func sourceOf(text string) []stride.Source {
	return []stride.Source{{ID: "source-1", Name: "design.md", Content: []byte(text)}}
}

func run(t testing.TB, in Input) Output {
	t.Helper()
	out, err := New().Run(context.Background(), in, nil)
	require.NoError(t, err)
	return out
}

func rendered(t testing.TB, write func(out Output, w *bytes.Buffer) error, out Output) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, write(out, &b))
	return b.String()
}

func asJSON(out Output, w *bytes.Buffer) error     { return JSON(w, out) }
func asMarkdown(out Output, w *bytes.Buffer) error { return Markdown(w, out) }

func TestGoldens(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"web", "iot", "ci"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(filepath.Join("testdata", name+".md"))
			require.NoError(t, err)
			out := run(t, Input{Sources: sourceOf(string(text))})
			requireVerified(t, out, sourceOf(string(text)))
			for file, got := range map[string]string{
				name + ".golden.json": rendered(t, asJSON, out),
				name + ".golden.md":   rendered(t, asMarkdown, out),
			} {
				path := filepath.Join("testdata", file)
				if *update {
					require.NoError(t, os.WriteFile(path, []byte(got), 0o600))
				}
				want, err := os.ReadFile(path)
				require.NoError(t, err)
				require.Empty(t, cmp.Diff(string(want), got))
			}
		})
	}
}

// requireVerified checks what every draft promises about each threat.
func requireVerified(t *testing.T, out Output, sources []stride.Source) {
	t.Helper()
	ids := map[string]bool{}
	for _, p := range out.Threats {
		require.False(t, ids[p.ID], "id used twice")
		ids[p.ID] = true
		require.NotEmpty(t, p.Evidence)
		for _, e := range p.Evidence {
			require.True(t, e.Holds(sources), "%+v", e)
			if e.Kind == stride.Quoted {
				require.True(t, len(e.Quote) >= stride.MinQuote && len(e.Quote) <= stride.MaxQuote)
			}
		}
		for i, k := range p.TargetIDs {
			require.Equal(t, out.Architecture.TargetName(k), p.Targets[i])
		}
		for _, id := range append(slices.Clone(p.CWE), p.CAPEC...) {
			require.NotContains(t, id, "unverified")
		}
	}
	for _, q := range out.Questions {
		for _, id := range q.ThreatIDs {
			require.True(t, ids[id], "question about a threat that is not there")
		}
	}
}

func TestRunIsDeterministic(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("testdata", "web.md"))
	require.NoError(t, err)
	first := rendered(t, asJSON, run(t, Input{Sources: sourceOf(string(text)), All: true}))
	for range 50 {
		require.Equal(t, first, rendered(t, asJSON, run(t, Input{Sources: sourceOf(string(text)), All: true})))
	}
}

// small is a design by hand: an app that calls an API that keeps a database.
func small() *stride.Architecture {
	a := &stride.Architecture{
		Elements: []stride.Element{
			{ID: "app", Name: "App", Kind: stride.ExternalEntity, Tags: []stride.Tag{"mobile_app"}},
			{ID: "api", Name: "API", Kind: stride.Process, Tags: []stride.Tag{"api"}},
			{ID: "db", Name: "DB", Kind: stride.DataStore, Tags: []stride.Tag{"mysql"}},
		},
		Flows: []stride.Flow{
			{ID: "call", Name: "App to API", SourceID: "app", TargetID: "api"},
			{ID: "query", Name: "API to DB", SourceID: "api", TargetID: "db"},
		},
	}
	a.Connect()
	return a
}

func byRule(out Output, rule string) (stride.Proposal, bool) {
	for _, p := range out.Threats {
		if p.Rule == rule {
			return p, true
		}
	}
	return stride.Proposal{}, false
}

func TestAnswersSettleThreats(t *testing.T) {
	t.Parallel()
	const rule = "web-missing-authentication"
	given := func(state stride.ControlState) Output {
		return run(t, Input{Architecture: small(), All: true, Answers: []stride.Answer{
			{Control: stride.Authentication, State: state, Targets: []stride.Key{"api"}, Text: "OAuth bearer tokens"},
		}})
	}
	before, ok := byRule(run(t, Input{Architecture: small(), All: true}), rule)
	require.True(t, ok)
	require.Equal(t, stride.ConfidenceLow, before.Confidence)

	absent, ok := byRule(given(stride.ControlAbsent), rule)
	require.True(t, ok)
	require.Equal(t, stride.ConfidenceHigh, absent.Confidence)
	require.Greater(t, absent.Likelihood, before.Likelihood)

	present := given(stride.ControlPresent)
	_, ok = byRule(present, rule)
	require.False(t, ok)
	require.True(t, slices.ContainsFunc(present.Mitigated, func(m stride.Mitigated) bool {
		return m.Rule == rule && m.Evidence[0].Kind == stride.HumanEvidence
	}))

	never := given(stride.ControlNotApplicable)
	_, ok = byRule(never, rule)
	require.False(t, ok)
	at := slices.IndexFunc(never.Coverage, func(c stride.Cell) bool { return c.TargetID == "api" && c.Category == stride.Spoofing })
	require.Contains(t, never.Coverage[at].Reason, "OAuth bearer tokens")
	require.Equal(t, stride.CellNotApplicable, never.Coverage[at].State)
}

func TestRunLeavesTheArchitectureAlone(t *testing.T) {
	t.Parallel()
	a := small()
	run(t, Input{Architecture: a, Answers: []stride.Answer{{Control: stride.Backup, State: stride.ControlPresent, Targets: []stride.Key{"db", "query"}}}})
	require.Empty(t, cmp.Diff(small(), a))
}

func TestRunEmitsInOrder(t *testing.T) {
	t.Parallel()
	var keys []string
	out, err := New().Run(context.Background(), Input{Architecture: small()}, func(_ context.Context, it Item) error {
		require.Equal(t, it.Key, it.Proposal.ID)
		keys = append(keys, it.Key)
		return nil
	})
	require.NoError(t, err)
	require.Len(t, keys, len(out.Threats))
	for i, p := range out.Threats {
		require.Equal(t, p.ID, keys[i])
	}
}

func TestRunStopsWhenEmitFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	calls := 0
	_, err := New().Run(context.Background(), Input{Architecture: small()}, func(context.Context, Item) error {
		calls++
		return broken
	})
	require.ErrorIs(t, err, broken)
	require.Equal(t, 1, calls)
}

func TestRunStopsWhenCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	calls := 0
	_, err := New().Run(ctx, Input{Architecture: small()}, func(context.Context, Item) error {
		calls++
		cancel()
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, calls)
	_, err = New().Run(ctx, Input{Architecture: small()}, nil)
	require.ErrorIs(t, err, context.Canceled)
}

func TestRunRefusesTextWithoutComponents(t *testing.T) {
	t.Parallel()
	_, err := New().Run(context.Background(), Input{Sources: sourceOf("Roses are red, violets are blue.")}, nil)
	require.Equal(t, stride.NoComponents, stride.KindOf(err))
	_, err = New().Run(context.Background(), Input{Sources: sourceOf(" ")}, nil)
	require.Equal(t, stride.Invalid, stride.KindOf(err))
}

func TestEvidenceIsDemoted(t *testing.T) {
	t.Parallel()
	const text = "The API talks to the database over TLS."
	v := newVerifier(small(), sourceOf(text))
	quote := func(start, end int, q string) stride.Evidence {
		return stride.Evidence{Kind: stride.Quoted, SourceID: "source-1", Start: start, End: end, Quote: q}
	}
	for _, tc := range []struct {
		name string
		in   stride.Evidence
		want stride.EvidenceKind
	}{
		{"holds", quote(0, 20, text[:20]), stride.Quoted},
		{"shifted by one", quote(1, 21, text[:20]), stride.Inferred},
		{"too short", quote(0, 3, "The"), stride.Inferred},
		{"beyond the end", quote(30, 90, "whatever it may be"), stride.Inferred},
		{"another source", stride.Evidence{Kind: stride.Quoted, SourceID: "x", Start: 0, End: 20, Quote: text[:20]}, stride.Inferred},
		{"term is there", stride.Evidence{Kind: stride.NotStated, Terms: []string{"tls"}}, stride.Inferred},
		{"term is not there", stride.Evidence{Kind: stride.NotStated, Terms: []string{"mTLS"}}, stride.NotStated},
		{"human", stride.Evidence{Kind: stride.HumanEvidence}, stride.HumanEvidence},
	} {
		require.Equal(t, tc.want, v.evidence([]stride.Evidence{tc.in})[0].Kind, tc.name)
	}
}

func TestVerifierDropsUnknownTargetsAndLabelsUnknownIDs(t *testing.T) {
	t.Parallel()
	v := newVerifier(small(), nil)
	got := v.proposals([]stride.Proposal{
		{ID: "a", TargetIDs: []stride.Key{"nowhere"}},
		{ID: "b", TargetIDs: []stride.Key{"nowhere", "db"}, Targets: []string{"Nowhere", "DB"}, CWE: []string{"CWE-89", "CWE-0"}},
	})
	require.Len(t, got, 1)
	require.Equal(t, []stride.Key{"db"}, got[0].TargetIDs)
	require.Equal(t, []string{"DB"}, got[0].Targets)
	require.Equal(t, []string{"CWE-89", "CWE-0 (unverified)"}, got[0].CWE)
}

func TestCoverageListsEveryWantedCell(t *testing.T) {
	t.Parallel()
	out := run(t, Input{Architecture: small()})
	require.Len(t, out.Coverage, 2+6+3+3+3)
	a := small()
	a.Elements[1].OutOfScope = true
	require.Len(t, run(t, Input{Architecture: a}).Coverage, 2+3+3+3)
}

func TestFingerprints(t *testing.T) {
	t.Parallel()
	p := stride.Proposal{Category: stride.Tampering, Title: "Spoofed messages", TargetIDs: []stride.Key{"a", "b"}, CAPEC: []string{"CAPEC-66"}}
	byCAPEC := Fingerprints("project", p)
	require.Len(t, byCAPEC, 2)
	require.NotEqual(t, byCAPEC["a"], byCAPEC["b"])
	require.NotEqual(t, byCAPEC["a"], Fingerprints("other", p)["a"])
	p.TargetIDs = append(p.TargetIDs, "c")
	require.Equal(t, byCAPEC["a"], Fingerprints("project", p)["a"], "a target more changes no fingerprint")

	p.CAPEC = nil
	byTitle := Fingerprints("project", p)["a"]
	p.Title = "The spoofed message"
	require.Equal(t, byTitle, Fingerprints("project", p)["a"])
	p.Rule = "some-rule"
	require.NotEqual(t, byTitle, Fingerprints("project", p)["a"])
}

func TestJSONHasNoNulls(t *testing.T) {
	t.Parallel()
	got := rendered(t, asJSON, run(t, Input{Architecture: &stride.Architecture{}}))
	require.NotContains(t, got, "null")
	require.True(t, strings.HasSuffix(got, "}\n"))
	require.NotContains(t, rendered(t, asJSON, run(t, Input{Architecture: small(), All: true})), "null")
}

func TestMarkdownEscapesHostileNames(t *testing.T) {
	t.Parallel()
	a := small()
	const hostile = "</td><script>alert(1)</script> | ![x](http://evil.example/p.png) `c` @team #1\n# Heading\n- item"
	a.Elements[1].Name = hostile
	a.Flows[0].Name = hostile
	a.TrustBoundaries = []stride.TrustBoundary{{ID: "z", Name: hostile, Kind: stride.ZoneDMZ}}
	got := rendered(t, asMarkdown, run(t, Input{Architecture: a, All: true}))
	for _, raw := range []string{"<script", "</td>", "![x]", "://evil", " `c`", "@team", "\n# Heading", "\n- item", " | !"} {
		require.NotContains(t, got, raw)
	}
	require.Contains(t, got, "&lt;script&gt;")
}

// TestCorpus drafts published designs, where they lie beside the repository, and
// checks that every quote holds.
func TestCorpus(t *testing.T) {
	t.Parallel()
	cases, err := filepath.Glob(filepath.Join("..", "..", "..", "shared", "corpus", "dev", "*.json"))
	require.NoError(t, err)
	if len(cases) == 0 {
		t.Skip("the corpus is not at hand")
	}
	for _, path := range cases {
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			var c struct {
				Description string `json:"description"`
			}
			require.NoError(t, json.Unmarshal(content, &c))
			out := run(t, Input{Sources: sourceOf(c.Description), All: true})
			require.NotEmpty(t, out.Threats)
			requireVerified(t, out, sourceOf(c.Description))
		})
	}
}
