package store_test

import (
	"context"
	"io/fs"
	"testing"
	"time"

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
