package metrics

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestQuantilesAreThoseOfSortedValues(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		values := rapid.SliceOf(rapid.Int64Range(-9, 9)).Draw(r, "values")
		var durations []time.Duration
		for _, v := range values {
			durations = append(durations, time.Duration(v)*time.Microsecond)
		}
		require.Equal(r, QuantilesOf(durations), quantiles(slices.Clone(values)))
	})
}

func TestSeries(t *testing.T) {
	t.Parallel()
	moment := func(text string) time.Time {
		at, err := time.Parse(time.RFC3339Nano, text)
		require.NoError(t, err)
		return at
	}
	from, to := moment("2025-01-30T12:00:00Z"), moment("2025-03-02T00:00:00Z")
	asOf := moment("2025-02-10T06:00:00Z")
	tests := []struct {
		name string
		step SeriesStep
		w    Window
		want []string // where points begin, and the end
	}{
		{"months", Monthly, Window{AsOf: to, From: &from, To: &to}, []string{
			"2025-01-30T12:00:00Z", "2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z", "2025-03-02T00:00:00Z",
		}},
		{"weeks begin on Monday, and end with as_of", Weekly, Window{AsOf: asOf, From: &from, To: &to}, []string{
			"2025-01-30T12:00:00Z", "2025-02-03T00:00:00Z", "2025-02-10T00:00:00Z", "2025-02-10T06:00:00.000001Z",
		}},
		{"days", Daily, Window{AsOf: moment("2025-01-31T23:59:59.999999Z"), From: &from}, []string{
			"2025-01-30T12:00:00Z", "2025-01-31T00:00:00Z", "2025-02-01T00:00:00Z",
		}},
		{"nothing has happened yet", Daily, Window{AsOf: from.Add(-time.Microsecond), From: &from}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			windows, err := Series(test.w, test.step)
			require.NoError(t, err)
			var got []string
			for i, w := range windows {
				if i == 0 {
					got = append(got, w.From.Format(time.RFC3339Nano))
				}
				require.Equal(t, *w.To, w.AsOf.Add(time.Microsecond))
				require.Equal(t, got[i], w.From.Format(time.RFC3339Nano), "no gap")
				got = append(got, w.To.Format(time.RFC3339Nano))
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestSeriesIsBounded(t *testing.T) {
	t.Parallel()
	from := time.Date(2025, time.January, 1, 0, 0, 0, 0, time.UTC)
	windows, err := Series(Window{AsOf: from.AddDate(0, 0, MaxPoints).Add(-time.Microsecond), From: &from}, Daily)
	require.NoError(t, err)
	require.Len(t, windows, MaxPoints)
	_, err = Series(Window{AsOf: from.AddDate(0, 0, MaxPoints), From: &from}, Daily)
	require.ErrorIs(t, err, &stride.Error{Kind: stride.Invalid})
	_, err = Series(Window{AsOf: from}, Daily)
	require.ErrorIs(t, err, &stride.Error{Kind: stride.Invalid})
}
