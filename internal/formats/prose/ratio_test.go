package prose

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRatioParse holds that four times the text costs about four times the time.
//
//nolint:paralleltest // measures time
func TestRatioParse(t *testing.T) {
	text := megabyte(t)
	best := func(n int) time.Duration {
		src := source(text[:n])
		least := time.Hour
		for range 3 {
			begin := time.Now()
			_, _, err := Parse(src)
			require.NoError(t, err)
			least = min(least, time.Since(begin))
		}
		return least
	}
	small, large := best(250_000), best(1_000_000)
	ratio := float64(large) / float64(small)
	t.Logf("250 kB %s, 1 MB %s, ratio %.1f", small, large, ratio)
	require.Less(t, ratio, 8.0)
}
