package rules

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestRatioPropose holds that ten times the elements cost about ten times the
// time: a quadratic step would make it a hundred. The best of a few runs counts,
// since the machine may be busy.
//
//nolint:paralleltest // measures time
func TestRatioPropose(t *testing.T) {
	best := func(n int) time.Duration {
		a := generated(n)
		least := time.Hour
		for range 5 {
			begin := time.Now()
			Propose(a, Options{})
			least = min(least, time.Since(begin))
		}
		return least
	}
	small, large := best(500), best(5000)
	ratio := float64(large) / float64(small)
	t.Logf("500 elements %s, 5,000 elements %s, ratio %.1f", small, large, ratio)
	require.Less(t, ratio, 20.0)
}
