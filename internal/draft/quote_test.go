package draft

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestQuotesAreFound(t *testing.T) {
	t.Parallel()
	const text = "The **Kiln API** stores “firings” in\n  PostgreSQL — Größe unbekannt. Nobody logs who looks."
	q := newQuoter([]stride.Source{{ID: "a", Content: []byte("Another source.")}, {ID: "b", Content: []byte(text)}})
	for name, c := range map[string]struct{ quote, want string }{
		"as written":       {"Nobody logs who looks.", "Nobody logs who looks."},
		"other spaces":     {"stores “firings” in PostgreSQL", "stores “firings” in\n  PostgreSQL"},
		"other quotes":     {`stores "firings" in PostgreSQL`, "stores “firings” in\n  PostgreSQL"},
		"other case":       {"the kiln api STORES", "The **Kiln API** stores"},
		"other dash":       {"PostgreSQL - größe", "PostgreSQL — Größe"},
		"in quotes itself": {`"Nobody logs who looks."`, "Nobody logs who looks."},
		"with an ellipsis": {"Nobody logs who...", "Nobody logs who"},
		"from elsewhere":   {"Nobody logs who writes.", ""},
		"too short":        {"Nobody", ""},
		"none":             {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, ok := q.find(c.quote)
			require.Equal(t, c.want != "", ok)
			require.Equal(t, c.want, e.Quote)
			if ok {
				require.Equal(t, stride.SourceID("b"), e.SourceID)
				require.Equal(t, e.Quote, text[e.Start:e.End])
			}
		})
	}
}

func TestLongQuotesAreCut(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("The Kiln API stores firings. ", 40)
	e, ok := newQuoter([]stride.Source{{ID: "a", Content: []byte(text)}}).find(text)
	require.True(t, ok)
	require.LessOrEqual(t, len(e.Quote), stride.MaxQuote)
	require.True(t, e.Holds([]stride.Source{{ID: "a", Content: []byte(text)}}))
}
