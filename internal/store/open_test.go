package store_test

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestOpenRefusesAddresses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, url string
		want      stride.Kind
	}{
		{"nothing", "", stride.Invalid},
		{"another database", "mysql://localhost/x", stride.Invalid},
		{"a bare path", "threatdraft.db", stride.Invalid},
		{"sqlite without a path", "sqlite:", stride.Invalid},
		{"sqlite in memory", "sqlite::memory:", stride.Invalid},
		{"sqlite in memory as a file", "sqlite:file::memory:?cache=shared", stride.Invalid},
		{"a broken address", "postgres://user:hunter2@[::1", stride.Invalid},
		{"a folder that is not there", "sqlite:" + filepath.Join(t.TempDir(), "none", "x.db"), stride.Unavailable},
		{"nobody listens", "postgres://user:hunter2@127.0.0.1:1/x?sslmode=disable", stride.Unavailable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), test.url, store.Options{})
			require.Nil(t, s)
			require.Equal(t, test.want, stride.KindOf(err), "%v", err)
			require.NotContains(t, err.Error(), "hunter2")
		})
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := store.Open(ctx, storetest.EmptySQLite(t), store.Options{})
	require.Error(t, err)
}

func TestSQLitePaths(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "100%.db", "what?.db", "#1.db", "ö&x=y.db", "file:x.db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), name)
			s := storetest.Open(t, "sqlite:"+path)
			require.NoError(t, s.Migrate(t.Context()))
			info, err := os.Stat(path)
			require.NoError(t, err)
			require.NotZero(t, info.Size())
			if runtime.GOOS != "windows" {
				require.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "nobody else reads it")
			}
		})
	}
}

func TestSQLiteIsSetUp(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t))
	for pragma, want := range map[string]string{"journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "10000"} {
		var got string
		require.NoError(t, s.WriterDB().QueryRowContext(t.Context(), "pragma "+pragma).Scan(&got))
		require.Equal(t, want, got, pragma)
	}
	require.Equal(t, 1, s.WriterDB().Stats().MaxOpenConnections)
}

// TestSQLiteOfTwoProcesses has two stores write to one file at once, as two
// processes would: each waits for the other instead of failing as busy.
func TestSQLiteOfTwoProcesses(t *testing.T) {
	t.Parallel()
	url := storetest.SQLite(t)
	stores := []*store.Store{storetest.Open(t, url), storetest.Open(t, url)}
	const each = 25
	done := make(chan error, len(stores))
	for i, s := range stores {
		go func() {
			for n := range each {
				if err := insertUser(s, strings.Repeat("x", 1+i*each+n)); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range stores {
		require.NoError(t, <-done)
	}
	var n int
	require.NoError(t, stores[0].WriterDB().QueryRow("select count(*) from users").Scan(&n))
	require.Equal(t, len(stores)*each, n)
}

func TestPing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		s, err := store.Open(t.Context(), url, store.Options{MaxConns: 2})
		require.NoError(t, err)
		require.NoError(t, s.Ping(t.Context()))
		require.NoError(t, s.Close())
		require.Equal(t, stride.Unavailable, stride.KindOf(s.Ping(t.Context())))
	})
}

// TestBusySQLite holds the write lock longer than a writer waits.
func TestBusySQLite(t *testing.T) {
	t.Parallel()
	url := storetest.SQLite(t)
	holder, s := storetest.Open(t, url), storetest.Open(t, url)
	_, err := s.WriterDB().ExecContext(t.Context(), "pragma busy_timeout = 1")
	require.NoError(t, err)
	tx, err := holder.WriterDB().BeginTx(t.Context(), nil)
	require.NoError(t, err)
	start := time.Now()
	require.Equal(t, stride.Unavailable, stride.KindOf(insertUser(s, "ann")))
	require.Less(t, time.Since(start), 5*time.Second)
	require.NoError(t, tx.Rollback())
	require.NoError(t, insertUser(s, "ann"))
}
