package store_test

import (
	"context"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func benchSize(b *testing.B) int {
	b.Helper()
	if text := os.Getenv("THREATDRAFT_BENCH_SUGGESTIONS"); text != "" {
		n, err := strconv.Atoi(text)
		require.NoError(b, err)
		return n
	}
	return 1_000_000
}

// filled runs fn on a filled database of each kind. One that is named by
// THREATDRAFT_BENCH_SQLITE or THREATDRAFT_BENCH_POSTGRES is filled where it is
// empty, and kept.
func filled(b *testing.B, fn func(b *testing.B, s *store.Store)) {
	b.Helper()
	for _, kind := range []struct {
		name, given string
		fresh       func(testing.TB) string
	}{
		{"sqlite", "THREATDRAFT_BENCH_SQLITE", storetest.SQLite},
		{"postgres", "THREATDRAFT_BENCH_POSTGRES", storetest.Postgres},
	} {
		b.Run(kind.name, func(b *testing.B) {
			url := os.Getenv(kind.given)
			if url == "" {
				url = kind.fresh(b)
			}
			s := storetest.Open(b, url)
			require.NoError(b, s.Migrate(b.Context()))
			some, err := s.Projects(b.Context(), stride.Reach{All: true}, analysis.ProjectFilter{}, analysis.Page{Limit: 1})
			require.NoError(b, err)
			if len(some.Items) == 0 {
				start := time.Now()
				storetest.Fill(b, s, storetest.Bulk{Suggestions: benchSize(b), Projects: 200})
				b.Logf("filled in %s", time.Since(start).Round(time.Second))
			}
			fn(b, s)
		})
	}
}

// BenchmarkMetrics is GET /v1/metrics but for writing the answer. The first
// answer after a bulk load, which writes the summaries, is measured apart.
func BenchmarkMetrics(b *testing.B) {
	month := storetest.BulkEnd.AddDate(0, -1, 0)
	year := storetest.BulkEnd.AddDate(-1, 0, 0)
	queries := []struct {
		name string
		run  func(ctx context.Context, m *analysis.Metrics, a stride.Actor) error
	}{
		{"now", report(analysis.MetricsQuery{})},
		{"last-month", report(analysis.MetricsQuery{Window: metrics.Window{From: &month}})},
		{"as-of-a-year-ago", report(analysis.MetricsQuery{Window: metrics.Window{AsOf: year}})},
		{"by-rule", groups(metrics.ByRule)},
		{"by-project", groups(metrics.ByProject)},
		{"by-month", series(metrics.Window{From: &year}, metrics.Monthly)},
		{"by-day", series(metrics.Window{From: &year}, metrics.Daily)},
	}
	filled(b, func(b *testing.B, s *store.Store) {
		m := &analysis.Metrics{Kit: analysis.Kit{Now: func() time.Time { return storetest.BulkEnd }}, Store: s}
		everything := stride.Actor{Grants: []stride.Grant{{Role: stride.RoleAdmin}}}
		start := time.Now()
		require.NoError(b, queries[0].run(b.Context(), m, everything))
		b.Logf("first answer after %s", time.Since(start).Round(time.Millisecond))
		for _, q := range queries {
			b.Run(q.name, func(b *testing.B) {
				for b.Loop() {
					require.NoError(b, q.run(b.Context(), m, everything))
				}
			})
		}
	})
}

type metricsQuestion func(ctx context.Context, m *analysis.Metrics, a stride.Actor) error

func report(q analysis.MetricsQuery) metricsQuestion {
	return func(ctx context.Context, m *analysis.Metrics, a stride.Actor) error {
		_, err := m.Report(ctx, a, q)
		return err
	}
}

func groups(by metrics.GroupBy) metricsQuestion {
	return func(ctx context.Context, m *analysis.Metrics, a stride.Actor) error {
		_, err := m.Groups(ctx, a, analysis.MetricsQuery{By: by}, analysis.Page{Limit: analysis.MaxLimit})
		return err
	}
}

func series(w metrics.Window, step metrics.SeriesStep) metricsQuestion {
	return func(ctx context.Context, m *analysis.Metrics, a stride.Actor) error {
		_, err := m.Series(ctx, a, analysis.MetricsQuery{Window: w}, step)
		return err
	}
}

// BenchmarkQueue is the first page with three filters, and a page ten thousand
// pages on.
func BenchmarkQueue(b *testing.B) {
	pending := []stride.SuggestionState{stride.SuggestionPending}
	critical := analysis.SuggestionFilter{
		State: pending, Severity: []stride.Severity{stride.SeverityCritical}, Category: []stride.Category{stride.Spoofing},
	}
	filled(b, func(b *testing.B, s *store.Store) {
		projects, err := s.Projects(b.Context(), stride.Reach{All: true}, analysis.ProjectFilter{}, analysis.Page{Limit: 1})
		require.NoError(b, err)
		inOne := critical
		inOne.Project = projects.Items[0].ID
		open := critical
		open.State = append(open.State, stride.SuggestionNeedsInfo)
		for _, q := range []struct {
			name string
			f    analysis.SuggestionFilter
			far  bool
		}{
			{"first", critical, false}, {"first-oldest", oldest(critical), false},
			{"first-of-project", inOne, false}, {"first-oldest-of-project", oldest(inOne), false},
			{"first-of-two-states", open, false},
			{"pending", analysis.SuggestionFilter{State: pending}, false},
			{"pending-far", analysis.SuggestionFilter{State: pending}, true},
			{"pending-far-oldest", oldest(analysis.SuggestionFilter{State: pending}), true},
		} {
			b.Run(q.name, func(b *testing.B) {
				page := analysis.Page{Limit: 20}
				if q.far { // as if ten thousand pages had been turned
					page.After = farCursor(b, s, q.f)
				}
				for b.Loop() {
					_, err := s.Suggestions(b.Context(), stride.Reach{All: true}, q.f, page)
					require.NoError(b, err)
				}
			})
		}
	})
}

func oldest(f analysis.SuggestionFilter) analysis.SuggestionFilter {
	f.Sort = analysis.SortOldest
	return f
}

// farCursor is that of the row in the middle of the tie that is next to the last
// quarter of the list.
func farCursor(b *testing.B, s *store.Store, f analysis.SuggestionFilter) *analysis.Cursor {
	b.Helper()
	column, name := "priority", "priority"
	if f.Sort == analysis.SortOldest {
		column, name = "created_at", "created_at"
	}
	driver := map[string]string{"sqlite": "sqlite3", "postgres": "postgres"}[s.Dialect()]
	db := sqlx.NewDb(s.WriterDB(), driver)
	order := column + " desc, id"
	if f.Sort == analysis.SortOldest {
		order = column + ", id"
	}
	c := analysis.Cursor{Sort: name}
	query := "select " + column + ", id from suggestions where state = 'pending' order by " + order +
		" limit 1 offset (select count(*) * 3 / 4 from suggestions where state = 'pending')"
	require.NoError(b, db.QueryRowContext(b.Context(), query).Scan(&c.Key, &c.ID))
	return &c
}
