package mermaid

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func parse(t testing.TB, text string) (stride.Architecture, []string) {
	t.Helper()
	src := stride.Source{ID: "src", Content: []byte(text)}
	a, notes, err := Parse(src)
	require.NoError(t, err)
	requireSound(t, src, a)
	return a, notes
}

func requireSound(t testing.TB, src stride.Source, a stride.Architecture) {
	t.Helper()
	keys, ends := map[stride.Key]bool{}, map[stride.Key]bool{}
	take := func(k stride.Key, list []stride.Evidence) {
		require.False(t, keys[k], "key %s is taken twice", k)
		keys[k] = true
		require.NotEmpty(t, list)
		for _, e := range list {
			require.True(t, e.Holds([]stride.Source{src}), "%+v", e)
			require.LessOrEqual(t, len(e.Quote), stride.MaxQuote)
			if e.Kind == stride.Quoted {
				require.GreaterOrEqual(t, len(e.Quote), stride.MinQuote)
			}
		}
	}
	for _, z := range a.TrustBoundaries {
		take(z.ID, z.Evidence)
	}
	for _, e := range a.Elements {
		take(e.ID, e.Evidence)
		ends[e.ID] = true
	}
	for _, f := range a.Flows {
		take(f.ID, f.Evidence)
		require.True(t, ends[f.SourceID] && ends[f.TargetID])
	}
}

func TestNodes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		node string
		want stride.ElementKind
		name string
	}{
		"cylinder":        {`a[(Ledger)]`, stride.DataStore, "Ledger"},
		"rectangle":       {`a[Pricing]`, stride.Process, "Pricing"},
		"rounded":         {`a(Pricing)`, stride.Process, "Pricing"},
		"stadium, person": {`a([Customer])`, stride.ExternalEntity, "Customer"},
		"circle, person":  {`a((Administrator))`, stride.ExternalEntity, "Administrator"},
		"by name":         {`a[PostgreSQL]`, stride.DataStore, "PostgreSQL"},
		"quoted":          {`a["Pricing (v2) [beta]"]`, stride.Process, "Pricing (v2) [beta]"},
		"subroutine":      {`a[[Pricing]]`, stride.Process, "Pricing"},
		"hexagon":         {`a{{Pricing}}`, stride.Process, "Pricing"},
		"rhombus":         {`a{Pricing}`, stride.Process, "Pricing"},
		"flag":            {`a>Pricing]`, stride.Process, "Pricing"},
		"slanted":         {`a[/Pricing/]`, stride.Process, "Pricing"},
		"double circle":   {`a(((Pricing)))`, stride.Process, "Pricing"},
		"new notation":    {`a@{ shape: cyl, label: "Ledger" }`, stride.DataStore, "Ledger"},
		"class and break": {`a["Pricing<br/>engine"]:::hot`, stride.Process, "Pricing engine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, notes := parse(t, "flowchart LR\n  "+tc.node+"\n  a --> b\n")
			require.Empty(t, notes)
			require.Equal(t, tc.name, a.Elements[0].Name)
			require.Equal(t, tc.want, a.Elements[0].Kind)
			require.Len(t, a.Elements, 2)
		})
	}
}

func TestEdges(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		line string
		want []string
	}{
		"arrow":        {"a --> b", []string{"a-b:a to b"}},
		"no head":      {"a --- b", []string{"a-b:a to b"}},
		"dotted":       {"a -.-> b", []string{"a-b:a to b"}},
		"thick":        {"a ==> b", []string{"a-b:a to b"}},
		"long":         {"a -----> b", []string{"a-b:a to b"}},
		"circle":       {"a --o b", []string{"a-b:a to b"}},
		"both":         {"a <--> b", []string{"a-b:a to b", "b-a:b to a"}},
		"bar label":    {"a -->|HTTPS orders| b", []string{"a-b:HTTPS orders"}},
		"inline label": {"a -- orders --> b", []string{"a-b:orders"}},
		"dotted label": {"a -. orders .-> b", []string{"a-b:orders"}},
		"thick label":  {"a == orders ==> b", []string{"a-b:orders"}},
		"chain":        {"a --> b --> c", []string{"a-b:a to b", "b-c:b to c"}},
		"ampersand":    {"a & b --> c", []string{"a-c:a to c", "b-c:b to c"}},
		"semicolons":   {"a-->b; b-->c", []string{"a-b:a to b", "b-c:b to c"}},
		"edge id":      {"a e1@--> b", []string{"a-b:a to b"}},
		"with shapes":  {"a[A]-->|x|b(B)", []string{"A-B:x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, notes := parse(t, "graph TD\n"+tc.line+"\n")
			require.Empty(t, notes)
			got := []string{}
			for _, f := range a.Flows {
				got = append(got, a.TargetName(f.SourceID)+"-"+a.TargetName(f.TargetID)+":"+f.Name)
			}
			require.Empty(t, cmp.Diff(tc.want, got))
		})
	}
}

const nested = `flowchart TB
  %% a comment
  user([User]) -->|HTTPS| web
  subgraph cloud [Cloud]
    direction LR
    subgraph "Private subnet"
      db[(Orders DB)]
    end
    web[Web app] -->|SQL| db
  end
  classDef hot fill:#f00
  class web hot
  style db fill:#fff
  click web "https://example.invalid/x" "tip"
  linkStyle 0 stroke:#000
`

func TestSubgraphs(t *testing.T) {
	t.Parallel()
	a, notes := parse(t, nested)
	require.Empty(t, notes)
	require.Len(t, a.Elements, 3)
	require.Len(t, a.TrustBoundaries, 2)
	require.Equal(t, a.TrustBoundaries[0].ID, a.TrustBoundaries[1].ParentID)
	require.Equal(t, stride.ZoneCloud, a.TrustBoundaries[0].Kind)
	require.Equal(t, stride.ZoneNetwork, a.TrustBoundaries[1].Kind)
	require.Equal(t, stride.ControlPresent, a.Flows[0].Controls.State(stride.EncryptionInTransit))
	require.Equal(t, []stride.Key{a.TrustBoundaries[0].ID}, a.Flows[0].Crosses)
	require.Equal(t, []stride.Key{a.TrustBoundaries[1].ID}, a.Flows[1].Crosses)
}

func TestNotUnderstood(t *testing.T) {
	t.Parallel()
	_, notes := parse(t, "graph TD\na --> b\n??? what\nc -->\n")
	require.Len(t, notes, 2)
	require.Contains(t, notes[0], "line 3")
	require.Contains(t, notes[1], "line 4")
	for _, text := range []string{"sequenceDiagram\nA->>B: x", "", "hello"} {
		_, _, err := Parse(stride.Source{Content: []byte(text)})
		require.ErrorIs(t, err, &stride.Error{Kind: stride.Invalid})
		require.Contains(t, err.Error(), "line 1")
	}
}

func TestDetect(t *testing.T) {
	t.Parallel()
	require.Greater(t, Detect("", []byte(nested)), 90)
	require.Greater(t, Detect("x.mmd", []byte("a")), 80)
	require.Zero(t, Detect("x.md", []byte("The graph of requests grows.")))
}

func TestDeepNestingIsBounded(t *testing.T) {
	t.Parallel()
	a, _ := parse(t, "graph TD\n"+strings.Repeat("subgraph x\n", 5000)+"a --> b\n")
	require.LessOrEqual(t, len(a.TrustBoundaries), maxDepth)
}

func TestGolden(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.mmd")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			a, notes := parse(t, string(text))
			require.Empty(t, notes)
			got, err := json.MarshalIndent(a, "", "  ")
			require.NoError(t, err)
			golden := strings.TrimSuffix(file, ".mmd") + ".golden.json"
			if *update {
				require.NoError(t, os.WriteFile(golden, append(got, '\n'), 0o600))
			}
			want, err := os.ReadFile(golden)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(string(want), string(got)+"\n"))
		})
	}
}

func TestEdgesDrawnAgainAreOneFlow(t *testing.T) {
	t.Parallel()
	a, notes := parse(t, "graph TD\n"+strings.Repeat("shop[Shop] -->|HTTPS| ledger\n", 150_000))
	require.Empty(t, notes)
	require.Len(t, a.Flows, 1)
	require.Len(t, a.Flows[0].Evidence, maxEvidence)
	require.NotEqual(t, a.Flows[0].Evidence[0].Start, a.Flows[0].Evidence[1].Start)
}

func TestBounds(t *testing.T) {
	t.Parallel()
	var many, dense strings.Builder
	for i := range 2 * maxEdges {
		fmt.Fprintf(&many, "n%d --> m%d\n", i%1000, i%999)
	}
	var group []string
	for i := range 90 {
		group = append(group, fmt.Sprintf("n%d", i))
	}
	line := strings.Join(group, " & ") + " --> m" + strings.Join(group, " & m") + "\n"
	for range 100 {
		dense.WriteString(line)
	}
	for name, tc := range map[string]struct {
		text  string
		flows int
	}{
		"many edges":            {many.String(), maxEdges},
		"the same edges, often": {dense.String(), 90 * 90},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, notes := parse(t, "graph TD\n"+tc.text)
			require.Len(t, a.Flows, tc.flows)
			require.Len(t, notes, 1)
			require.Contains(t, notes[0], "left out")
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add(nested)
	f.Add("graph LR; a-->b & c[(x)] -- \"y\" --> d")
	f.Fuzz(func(t *testing.T, text string) {
		src := stride.Source{ID: "src", Content: []byte(strings.ToValidUTF8(text, "?"))}
		a, _, err := Parse(src)
		if err == nil {
			requireSound(t, src, a)
		}
	})
}
