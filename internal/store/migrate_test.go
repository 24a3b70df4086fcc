package store_test

import (
	"context"
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
	"github.com/threatdraft/threatdraft/migrations"
)

func insertUser(s *store.Store, name string) error {
	ctx := context.Background()
	return s.InAccessTx(ctx, func(tx analysis.AccessTx) error {
		_, err := tx.EnsureUser(ctx, stride.User{ID: stride.UserID("id of " + name), Name: name, CreatedAt: time.Unix(1, 0)})
		return err
	})
}

// TestMigrateAtOnce has ten replicas come up on an empty database.
func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		const replicas = 10
		done := make(chan error, replicas)
		for range replicas {
			go func() {
				s, err := store.Open(context.Background(), url, store.Options{MaxConns: 2})
				if err != nil {
					done <- err
					return
				}
				if err := s.Migrate(context.Background()); err != nil {
					done <- err
					return
				}
				if err := s.CheckSchema(context.Background()); err != nil {
					done <- err
					return
				}
				done <- s.Close()
			}()
		}
		for range replicas {
			require.NoError(t, <-done)
		}
		require.NoError(t, insertUser(storetest.Open(t, url), "ann"))
	})
}

// TestMigrateOnOnePool has them share a pool smaller than they are many.
func TestMigrateOnOnePool(t *testing.T) {
	t.Parallel()
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		s, err := store.Open(t.Context(), url, store.Options{MaxConns: 2})
		require.NoError(t, err)
		done := make(chan error, 5)
		for range cap(done) {
			go func() { done <- s.Migrate(context.Background()) }()
		}
		for range cap(done) {
			require.NoError(t, <-done)
		}
		require.NoError(t, s.Close())
	})
}

func TestMigrationStatus(t *testing.T) {
	t.Parallel()
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		before, err := s.Status(t.Context())
		require.NoError(t, err)
		of := make(map[string]int)
		for _, step := range before {
			of[step.Of]++
			require.False(t, step.Applied, "%+v", step)
			require.NotEmpty(t, step.Name)
			require.NotZero(t, step.Version)
		}
		require.NotZero(t, of["threatdraft"])
		require.NotZero(t, of["river"])
		again, err := s.Status(t.Context())
		require.NoError(t, err)
		require.Equal(t, before, again, "asking changes nothing")
		err = s.CheckSchema(t.Context())
		require.Equal(t, stride.Unavailable, stride.KindOf(err))
		require.ErrorContains(t, err, "migrate up")

		require.NoError(t, s.Migrate(t.Context()))
		after, err := s.Status(t.Context())
		require.NoError(t, err)
		require.Len(t, after, len(before))
		for _, step := range after {
			require.True(t, step.Applied, "%+v", step)
		}
		require.NoError(t, s.CheckSchema(t.Context()))
		require.NoError(t, s.Migrate(t.Context()), "again is fine")
	})
}

// TestMigrateGivesUp has the lock held by somebody who does not let go.
func TestMigrateGivesUp(t *testing.T) {
	t.Parallel()
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, s.Migrate(ctx), context.Canceled)
		require.NoError(t, s.Migrate(t.Context()), "nothing is left locked")
	})
}

func TestMigrationsAreNumberedAlike(t *testing.T) {
	t.Parallel()
	names := func(folder string) []string {
		files, err := fs.Glob(migrations.FS, folder+"/*.sql")
		require.NoError(t, err)
		out := make([]string, len(files))
		for i, f := range files {
			out[i] = f[len(folder):]
		}
		return out
	}
	require.NotEmpty(t, names("sqlite"))
	require.Equal(t, names("sqlite"), names("postgres"))
}

// TestMigrationOfLLMDraftsGoesDownAndUp takes the schema back to before language
// models drafted, with rows from then in it, and forth again.
func TestMigrationOfLLMDraftsGoesDownAndUp(t *testing.T) {
	t.Parallel()
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		require.NoError(t, s.Migrate(t.Context()))
		folder, err := fs.Sub(migrations.FS, s.Dialect())
		require.NoError(t, err)
		dialect := goose.DialectSQLite3
		if s.Dialect() == "postgres" {
			dialect = goose.DialectPostgres
		}
		steps, err := goose.NewProvider(dialect, s.WriterDB(), folder, goose.WithDisableGlobalRegistry(true))
		require.NoError(t, err)
		newest := columns(t, s)
		_, err = steps.DownTo(t.Context(), 3)
		require.NoError(t, err)
		before := columns(t, s)
		for _, gone := range []string{
			"threat_models.extended_by", "drafts.first_run", "draft_items.group_key", "draft_groups.checkpoint", "llm_calls.cost_micro_usd",
			"suggestions.llm_model", "suggestions.llm_prompt",
		} {
			require.Contains(t, newest, gone)
			require.NotContains(t, before, gone)
		}
		require.Equal(t, stride.Unavailable, stride.KindOf(s.CheckSchema(t.Context())))
		for _, row := range []string{
			`insert into projects values ('p', 'p', 'p', '', 'true', 'high', '[]', null, 1, 0, 1, 1, null)`,
			`insert into threat_models values ('m', 'p', 'main', 1, 'draft', 'hash', '{}', '[]', 'a', '', 1, 1, null, null, '')`,
			`insert into drafts (id, model_id, project_id, author_id, drafter, state, run, lease_owner, cancel_requested, job_id, progress, created_at, queued_at)
			 values ('d', 'm', 'p', 'a', 'offline', 'queued', 3, '', 0, 1, '{}', 1, 1)`,
			`insert into draft_items values ('d', 'k', 1, '{}')`,
			`insert into suggestions values ('s', 'p', 'm', 'd', 'k', 'pending', 'tampering', 'low', 'low', 'r', 1, '{}', '{}', '', '', 1, 1, null, '')`,
		} {
			_, err := s.WriterDB().ExecContext(t.Context(), row)
			require.NoError(t, err, row)
		}
		require.NoError(t, s.Migrate(t.Context()))
		require.NoError(t, s.CheckSchema(t.Context()))
		require.Equal(t, newest, columns(t, s))
		everything := stride.Reach{All: true}
		d, err := s.Draft(t.Context(), everything, "d")
		require.NoError(t, err)
		require.Equal(t, 1, d.FirstRun, "its tries still count")
		in, err := s.DraftInput(t.Context(), "d")
		require.NoError(t, err)
		require.Empty(t, in.Finished)
		require.Empty(t, in.Model.ExtendedBy)
		_, err = s.Suggestion(t.Context(), everything, "s")
		require.NoError(t, err)
	})
}

// TestMigrationOfThreatsGoesDownAndUp takes the schema back to before mitigations
// were rows, and forth again with a threat from then in it.
func TestMigrationOfThreatsGoesDownAndUp(t *testing.T) {
	t.Parallel()
	storetest.EachEmpty(t, func(t *testing.T, url string) {
		s := storetest.Open(t, url)
		require.NoError(t, s.Migrate(t.Context()))
		folder, err := fs.Sub(migrations.FS, s.Dialect())
		require.NoError(t, err)
		dialect := goose.DialectSQLite3
		if s.Dialect() == "postgres" {
			dialect = goose.DialectPostgres
		}
		steps, err := goose.NewProvider(dialect, s.WriterDB(), folder, goose.WithDisableGlobalRegistry(true))
		require.NoError(t, err)
		newest := columns(t, s)
		_, err = steps.DownTo(t.Context(), 4)
		require.NoError(t, err)
		before := columns(t, s)
		for _, gone := range []string{"mitigations.refs", "threat_mitigations.likelihood", "test_cases.given_text"} {
			require.Contains(t, newest, gone)
			require.NotContains(t, before, gone)
		}
		for _, row := range []string{
			`insert into projects values ('p', 'p', 'p', '', 'true', 'high', '[]', null, 1, 0, 1, 1, null)`,
			`insert into threats (id, project_id, origin, category, severity, content, state, state_reason, owner, party, accepted_at, accepted_by,
			                      mitigated_by, reopen_count, revision, updated_at)
			 values ('t', 'p', 'human', 'tampering', 'low', '{"mitigations":[{"text":"x","references":[]}]}', 'open', '', '', '', 1, 'a', '', 0, 1, 1)`,
		} {
			_, err := s.WriterDB().ExecContext(t.Context(), row)
			require.NoError(t, err, row)
		}
		require.NoError(t, s.Migrate(t.Context()))
		require.Equal(t, newest, columns(t, s))
		threat, err := s.Threat(t.Context(), stride.Reach{All: true}, "t")
		require.NoError(t, err)
		require.Empty(t, threat.Mitigations, "nothing is filled in for what was there")
		require.Len(t, threat.Content.Mitigations, 1)
	})
}

// columns lists table.column, sorted.
func columns(t *testing.T, s *store.Store) []string {
	t.Helper()
	query := "select m.name || '.' || c.name from sqlite_master m join pragma_table_info(m.name) c where m.type = 'table'"
	if s.Dialect() == "postgres" {
		query = "select table_name || '.' || column_name from information_schema.columns where table_schema = 'public'"
	}
	rows, err := s.WriterDB().QueryContext(t.Context(), query)
	require.NoError(t, err)
	var out []string
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		out = append(out, name)
	}
	require.NoError(t, rows.Err())
	require.NoError(t, rows.Close())
	slices.Sort(out)
	return out
}
