package storetest

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func transactionTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"an error leaves nothing":            testRollback,
		"a panic leaves nothing":             testPanic,
		"a canceled context leaves nothing":  testCanceled,
		"readers do not see what is not yet": testIsolation,
		"the lock makes others wait":         testLockWaits,
		"a deadlock is run again":            testDeadlock,
	}
}

func (f *fixture) count(t *testing.T) int {
	t.Helper()
	got, err := f.Projects(f.ctx, everything(), analysis.ProjectFilter{}, analysis.Page{Limit: 200})
	require.NoError(t, err)
	return len(got.Items)
}

func testRollback(t *testing.T, f *fixture) {
	err := f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error {
		require.NoError(t, tx.InsertProject(f.ctx, f.newProject("shop")))
		return errUndo
	})
	require.ErrorIs(t, err, errUndo)
	require.Zero(t, f.count(t))
	f.project(t, "shop")
}

func testPanic(t *testing.T, f *fixture) {
	require.Panics(t, func() {
		_ = f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error {
			require.NoError(t, tx.InsertProject(f.ctx, f.newProject("shop")))
			panic("in a use case")
		})
	})
	require.Zero(t, f.count(t))
	f.project(t, "shop")
}

func testCanceled(t *testing.T, f *fixture) {
	ctx, cancel := context.WithCancel(f.ctx)
	err := f.InProjectTx(ctx, func(tx analysis.ProjectTx) error {
		require.NoError(t, tx.InsertProject(ctx, f.newProject("shop")))
		cancel()
		return nil
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Zero(t, f.count(t))
	err = f.InProjectTx(ctx, func(analysis.ProjectTx) error { return nil })
	require.ErrorIs(t, err, context.Canceled)
	f.project(t, "shop")
}

func testIsolation(t *testing.T, f *fixture) {
	f.inProjectTx(t, func(tx analysis.ProjectTx) error {
		require.NoError(t, tx.InsertProject(f.ctx, f.newProject("shop")))
		require.Zero(t, f.count(t))
		return nil
	})
	require.Equal(t, 1, f.count(t))
}

// testLockWaits reads, waits for others to try, and writes: without the lock,
// updates would be lost.
func testLockWaits(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	const n = 10
	for _, err := range race(n, func(int) error {
		return f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error {
			locked, err := tx.LockProject(f.ctx, p.ID)
			if err != nil {
				return err
			}
			return tx.UpdateProject(f.ctx, locked)
		})
	}) {
		require.NoError(t, err)
	}
	got, err := f.Project(f.ctx, everything(), p.ID)
	require.NoError(t, err)
	require.Equal(t, p.Revision+n, got.Revision)
}

// testDeadlock has two transactions lock two projects crosswise. On a database
// with one writer they simply take turns.
func testDeadlock(t *testing.T, f *fixture) {
	a, b := f.project(t, "a"), f.project(t, "b")
	order := [][2]stride.ProjectID{{a.ID, b.ID}, {b.ID, a.ID}}
	var both sync.WaitGroup
	both.Add(2)
	met := [2]bool{}
	for _, err := range race(2, func(i int) error {
		return f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error {
			if _, err := tx.LockProject(f.ctx, order[i][0]); err != nil {
				return err
			}
			if f.Dialect() == "postgres" && !met[i] {
				met[i] = true
				both.Done()
				both.Wait()
			}
			_, err := tx.LockProject(f.ctx, order[i][1])
			return err
		})
	}) {
		require.NoError(t, err)
	}
}
