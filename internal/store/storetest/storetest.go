// Package storetest is the suite that a database has to pass to be one of ours,
// and the helpers that give a test a database.
//
// Run holds every method that internal/analysis asks of storage to its comment,
// on a store that the caller opens; internal/store runs it on SQLite and on
// PostgreSQL. Postgres, SQLite and Each are for the tests of other packages
// too: they start a PostgreSQL server where its programs are installed, once
// per test binary, and give each test a database of its own. The package is for
// tests alone; nothing else may import it.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// Run holds the store to its contract. open gives a fresh, migrated database
// per call.
func Run(t *testing.T, open func(t *testing.T) *store.Store) {
	t.Helper()
	groups := []struct {
		name  string
		tests map[string]func(t *testing.T, f *fixture)
	}{
		{"access", accessTests()},
		{"project", projectTests()},
		{"transaction", transactionTests()},
		{"event", eventTests()},
		{"audit", auditTests()},
		{"comment", commentTests()},
		{"idempotency", idempotencyTests()},
		{"model", modelTests()},
		{"draft", draftTests()},
		{"checkpoint", checkpointTests()},
		{"call", callTests()},
		{"review", reviewTests()},
		{"queue", queueTests()},
		{"question", questionTests()},
		{"threat", threatTests()},
		{"mitigation", mitigationTests()},
	}
	for _, g := range groups {
		for name, test := range g.tests {
			t.Run(g.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				test(t, &fixture{Store: open(t), ctx: t.Context()})
			})
		}
	}
}

// fixture is a store with short ways to fill it.
type fixture struct {
	*store.Store
	ctx   context.Context
	ticks atomic.Int64
}

// everything is the reach of an admin.
func everything() stride.Reach { return stride.Reach{All: true} }

// only is the reach of somebody with a part in these projects.
func only(projects ...stride.ProjectID) stride.Reach { return stride.Reach{Projects: projects} }

// newID is a UUIDv7; later ones sort behind earlier ones.
func newID[T ~string]() T { return T(uuid.Must(uuid.NewV7()).String()) }

// now is a later moment at each call, in a zone that is not UTC and with
// nanoseconds that no database keeps.
func (f *fixture) now() time.Time {
	zone := time.FixedZone("far", 5*3600+45*60)
	return time.Date(2024, 2, 29, 23, 59, 59, 123456789, zone).Add(time.Duration(f.ticks.Add(1)) * time.Second)
}

// kept is a time as it comes back.
func kept(t time.Time) time.Time { return t.Truncate(time.Microsecond).UTC() }

func keptPtr(t time.Time) *time.Time {
	k := kept(t)
	return &k
}

// requireKind fails unless err is a stride.Error of the kind.
func requireKind(t *testing.T, kind stride.Kind, err error) {
	t.Helper()
	require.Error(t, err)
	require.Equal(t, kind, stride.KindOf(err), "%v", err)
}

var errUndo = errors.New("roll this back")

// user makes a user.
func (f *fixture) user(t *testing.T, name string) stride.User {
	t.Helper()
	var out stride.User
	err := f.InAccessTx(f.ctx, func(tx analysis.AccessTx) error {
		var err error
		out, err = tx.EnsureUser(f.ctx, stride.User{ID: newID[stride.UserID](), Name: name, CreatedAt: f.now()})
		return err
	})
	require.NoError(t, err)
	return out
}

// newProject is a project that is not stored yet, as it will come back.
func (f *fixture) newProject(name string) stride.Project {
	at := kept(f.now())
	return stride.Project{
		ID: newID[stride.ProjectID](), Name: name, Owner: "team " + name, InScope: stride.InScopeTrue,
		Criticality: stride.CriticalityHigh, Tags: []string{"pci", "päd"}, Revision: 1, CreatedAt: at, UpdatedAt: at,
	}
}

// project makes a project.
func (f *fixture) project(t *testing.T, name string) stride.Project {
	t.Helper()
	p := f.newProject(name)
	f.inProjectTx(t, func(tx analysis.ProjectTx) error { return tx.InsertProject(f.ctx, p) })
	return p
}

func (f *fixture) inProjectTx(t *testing.T, fn func(analysis.ProjectTx) error) {
	t.Helper()
	require.NoError(t, f.InProjectTx(f.ctx, fn))
}

// race runs fn n times at once and returns what each gave.
func race(n int, fn func(i int) error) []error {
	start := make(chan struct{})
	results := make(chan error, n)
	for i := range n {
		go func() {
			<-start
			results <- fn(i)
		}()
	}
	close(start)
	out := make([]error, 0, n)
	for range n {
		out = append(out, <-results)
	}
	return out
}

// winners counts the nils, and fails on errors of another kind.
func winners(t *testing.T, results []error, kind stride.Kind) int {
	t.Helper()
	n := 0
	for _, err := range results {
		if err == nil {
			n++
			continue
		}
		requireKind(t, kind, err)
	}
	return n
}

// pages reads a list to its end, calling between before each page but the first.
func pages[T any](t *testing.T, limit int, between func(), read func(analysis.Page) (analysis.Listing[T], error)) []T {
	t.Helper()
	var out []T
	page := analysis.Page{Limit: limit}
	for i := 0; ; i++ {
		require.Less(t, i, 1000, "the list does not end")
		if i > 0 && between != nil {
			between()
		}
		got, err := read(page)
		require.NoError(t, err)
		require.LessOrEqual(t, len(got.Items), limit)
		out = append(out, got.Items...)
		if got.Next == nil {
			return out
		}
		page.After = got.Next
	}
}

// named is a name that no other test has.
func named(prefix string, i int) string { return fmt.Sprintf("%s %03d", prefix, i) }
