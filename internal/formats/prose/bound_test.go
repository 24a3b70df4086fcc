package prose

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// More parts than can be read are cut with a note, never denied.
func TestTooManyParts(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1_600, 6_500} {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "# Order%d service\n\nIt calls the database. It does not use TLS.\n\n", i)
		}
		a, notes, err := Parse(stride.Source{ID: "s", Content: []byte(b.String())})
		require.NoError(t, err)
		require.Len(t, a.Elements, maxElements, n)
		require.Contains(t, strings.Join(notes, "\n"), "the first 1500 were kept")
	}
}

// TestHostileTextIsBounded would take minutes if any step were quadratic.
func TestHostileTextIsBounded(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"one long list":            "Processes: " + strings.Repeat("Order API; ", 50_000),
		"many items":               "Components:\n" + strings.Repeat("- Order API: x\n", 30_000),
		"many zones":               strings.Repeat("The Order API runs in the blue VPC. ", 10_000),
		"many sweeping statements": "Customers use the Shop API. " + strings.Repeat("There is no rate limit. All traffic uses TLS. All requests are logged. ", 8_000),
		"open brackets":            strings.Repeat("(", 300_000),
		"comment starts":           strings.Repeat("<!-- ", 100_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			_, _, err := Parse(source(text))
			require.NoError(t, err)
			require.Less(t, time.Since(start), 30*time.Second)
		})
	}
}
