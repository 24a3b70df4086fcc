package metrics_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var noon = time.Date(2025, time.May, 1, 12, 0, 0, 0, time.UTC)

// after is a moment some microseconds after noon.
func after(micros int) *time.Time {
	t := noon.Add(time.Duration(micros) * time.Microsecond)
	return &t
}

func TestWindowValidate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		window metrics.Window
		field  string // "" where it is valid
	}{
		{"no bounds", metrics.Window{AsOf: noon}, ""},
		{"one bound each", metrics.Window{AsOf: noon, From: after(0), To: after(1)}, ""},
		{"from alone", metrics.Window{AsOf: noon, From: after(5)}, ""},
		{"to after as of", metrics.Window{AsOf: noon, To: after(5)}, ""},
		{"no moment", metrics.Window{}, "as_of"},
		{"empty", metrics.Window{AsOf: noon, From: after(1), To: after(1)}, "from"},
		{"backwards", metrics.Window{AsOf: noon, From: after(2), To: after(1)}, "from"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			err := test.window.Validate()
			if test.field == "" {
				require.NoError(t, err)
				return
			}
			var invalid *stride.Error
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, stride.Invalid, invalid.Kind)
			require.Equal(t, test.field, invalid.Fields[0].Field)
		})
	}
}

// Bounds finer than a microsecond would give an empty window that validates.
func TestWindowValidateCountsInMicroseconds(t *testing.T) {
	t.Parallel()
	to := noon.Add(time.Nanosecond)
	require.Error(t, metrics.Window{AsOf: noon, From: after(0), To: &to}.Validate())
}

func TestWindowHolds(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		window   metrics.Window
		at       int
		holds    bool
		happened bool
	}{
		{"from is within", metrics.Window{AsOf: *after(9), From: after(1), To: after(3)}, 1, true, true},
		{"before from", metrics.Window{AsOf: *after(9), From: after(1), To: after(3)}, 0, false, true},
		{"to is not within", metrics.Window{AsOf: *after(9), From: after(1), To: after(3)}, 3, false, true},
		{"just before to", metrics.Window{AsOf: *after(9), From: after(1), To: after(3)}, 2, true, true},
		{"the moment is within", metrics.Window{AsOf: *after(9)}, 9, true, true},
		{"after the moment nothing is", metrics.Window{AsOf: *after(9), To: after(20)}, 10, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.holds, test.window.Holds(*after(test.at)))
			require.Equal(t, test.happened, test.window.Happened(*after(test.at)))
		})
	}
}

func TestQuantilesOf(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name      string
		durations []time.Duration
		want      metrics.Quantiles
	}{
		{"none", nil, metrics.Quantiles{}},
		{"one", []time.Duration{7}, metrics.Quantiles{N: 1, P50: 7, P90: 7}},
		{"two: the lower is the median", []time.Duration{9, 1}, metrics.Quantiles{N: 2, P50: 1, P90: 9}},
		{"ten: the ninth, not the greatest", []time.Duration{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, metrics.Quantiles{N: 10, P50: 5, P90: 9}},
		{"eleven", []time.Duration{11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, metrics.Quantiles{N: 11, P50: 6, P90: 10}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, metrics.QuantilesOf(test.durations))
		})
	}
}

// Sums of centuries would overflow if they were kept in nanoseconds.
func TestSumHoldsManyYears(t *testing.T) {
	t.Parallel()
	const n, year = 400_000, 365 * 24 * time.Hour
	var sum metrics.Sum
	for range n {
		sum.Add(10 * year)
	}
	require.Equal(t, metrics.Sum{N: n, Millis: n * (10 * year).Milliseconds()}, sum)
	require.Positive(t, sum.Millis)
}

// The intervals are those of Newcombe, "Two-sided confidence intervals for the
// single proportion", Statistics in Medicine 17 (1998), table I, method 3.
func TestWilson(t *testing.T) {
	t.Parallel()
	tests := []struct {
		successes, n int
		lo, hi       float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0, 0.1611},
		{1, 29, 0.0061, 0.1718},
		{0, 0, 0, 1},
	}
	for _, test := range tests {
		lo, hi := metrics.Wilson(test.successes, test.n)
		require.InDelta(t, test.lo, lo, 0.00005, "%d of %d", test.successes, test.n)
		require.InDelta(t, test.hi, hi, 0.00005, "%d of %d", test.successes, test.n)
	}
}

func TestWilsonHoldsTheProportion(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 1_000_000).Draw(r, "n")
		k := rapid.IntRange(0, n).Draw(r, "successes")
		lo, hi := metrics.Wilson(k, n)
		p := float64(k) / float64(n)
		require.True(r, 0 <= lo && lo <= p+1e-12 && p-1e-12 <= hi && hi <= 1, "%v <= %v <= %v", lo, p, hi)
		mirrorLo, mirrorHi := metrics.Wilson(n-k, n)
		require.InDelta(r, 1-hi, mirrorLo, 1e-9)
		require.InDelta(r, 1-lo, mirrorHi, 1e-9)
	})
}
