package rules

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// TestRatioPropose holds that the time of 5,000 elements grows with their number: a
// quadratic step would make it a hundred times that of 500. The measure is at most
// 12 times on a quiet machine; the gate of 15 leaves room for a busy one, where ten
// small runs and a large one are timed side by side and the best of seven such
// pairs counts.
//
//nolint:paralleltest // measures time
func TestRatioPropose(t *testing.T) {
	elapsed := func(a *stride.Architecture, times int) time.Duration {
		begin := time.Now()
		for range times {
			Propose(a, Options{})
		}
		return time.Since(begin) / time.Duration(times)
	}
	few, many := generated(500), generated(5000)
	best := 100.0
	for range 7 {
		small, large := elapsed(few, 10), elapsed(many, 1)
		ratio := float64(large) / float64(small)
		t.Logf("500 elements %s, 5,000 elements %s, ratio %.1f", small, large, ratio)
		best = min(best, ratio)
	}
	require.Less(t, best, 15.0)
}
