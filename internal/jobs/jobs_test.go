package jobs

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

// fakeRunner hands each call to a function; a nil sweep finds nothing.
type fakeRunner struct {
	run   func(ctx context.Context, job analysis.DraftJob) error
	sweep func(ctx context.Context) (int, error)
}

func (f fakeRunner) Run(ctx context.Context, job analysis.DraftJob) error { return f.run(ctx, job) }

func (f fakeRunner) Sweep(ctx context.Context) (int, error) {
	if f.sweep == nil {
		return 0, nil
	}
	return f.sweep(ctx)
}

// fakeKeeper counts how often it cleaned up.
type fakeKeeper struct{ purged atomic.Int32 }

func (k *fakeKeeper) Purge(context.Context) (int64, error) {
	k.purged.Add(1)
	return 0, nil
}

// fakeExpirer hands each call to a function; nil finds nothing.
type fakeExpirer func(ctx context.Context) (int, error)

func (f fakeExpirer) ExpireRisks(ctx context.Context) (int, error) {
	if f == nil {
		return 0, nil
	}
	return f(ctx)
}

const patience = 30 * time.Second

// queue is a store with a client that works it.
type queue struct {
	*Jobs

	store *store.Store
}

func newQueue(t *testing.T, url string, run func(context.Context, analysis.DraftJob) error) queue {
	t.Helper()
	return newQueueThatExpires(t, url, run, nil)
}

func newQueueThatExpires(t *testing.T, url string, run func(context.Context, analysis.DraftJob) error, expire fakeExpirer) queue {
	t.Helper()
	s := storetest.Open(t, url)
	j, err := New(Options{
		DB: s.WriterDB(), Dialect: s.Dialect(), Runner: fakeRunner{run: run}, Keeper: &fakeKeeper{}, Expirer: expire, Workers: 2,
		Sweeps: Every(time.Hour), Log: slog.New(slog.DiscardHandler), QueueLog: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	return queue{Jobs: j, store: s}
}

// insert puts a job into the queue as internal/store does.
func (q queue) insert(t *testing.T, job analysis.DraftJob) {
	t.Helper()
	d, err := driver(q.store.Dialect(), nil)
	require.NoError(t, err)
	client, err := river.NewClient(d, &river.Config{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	tx, err := q.store.WriterDB().BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = client.InsertTx(t.Context(), tx, job, nil)
	require.NoError(t, err)
	require.NoError(t, tx.Commit())
}

// states counts the drafts' jobs by state.
func (q queue) states(t *testing.T) map[string]int {
	t.Helper()
	rows, err := q.store.WriterDB().QueryContext(t.Context(), "select state, count(*) from river_job where kind = 'draft' group by state")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	out := make(map[string]int)
	for rows.Next() {
		var state string
		var n int
		require.NoError(t, rows.Scan(&state, &n))
		out[state] = n
	}
	require.NoError(t, rows.Err())
	return out
}

func receive[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		require.FailNow(t, "nothing came")
		panic("not reached")
	}
}

func TestJobsAreDeliveredOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		came := make(chan analysis.DraftJob, 100)
		q := newQueue(t, url, func(ctx context.Context, job analysis.DraftJob) error {
			deadline, ok := ctx.Deadline()
			if !ok || time.Until(deadline) < analysis.RunTimeout-time.Minute {
				return errors.New("the run has no deadline, or the wrong one")
			}
			came <- job
			return nil
		})
		want := make(map[analysis.DraftJob]int)
		for i := range 10 {
			job := analysis.DraftJob{DraftID: "d", Run: i}
			want[job] = 1
			q.insert(t, job)
		}
		require.NoError(t, q.Start(t.Context()))
		got := make(map[analysis.DraftJob]int)
		for range want {
			got[receive(t, came)]++
		}
		require.NoError(t, q.Stop(t.Context()))
		require.Equal(t, want, got)
		require.Equal(t, map[string]int{"completed": 10}, q.states(t))
	})
}

func TestFailedJobIsKeptForAnotherTry(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		for name, failing := range map[string]func(context.Context, analysis.DraftJob) error{
			"error": func(context.Context, analysis.DraftJob) error { return errors.New("the database went away") },
			"panic": func(context.Context, analysis.DraftJob) error { panic("a bug") },
		} {
			tried := make(chan struct{}, 100)
			q := newQueue(t, url, func(ctx context.Context, job analysis.DraftJob) error {
				tried <- struct{}{}
				return failing(ctx, job)
			})
			q.insert(t, analysis.DraftJob{DraftID: "d", Run: 1})
			require.NoError(t, q.Start(t.Context()), name)
			receive(t, tried)
			require.NoError(t, q.Stop(t.Context()), name)
			require.NotContains(t, q.states(t), "completed", name)
			require.NotContains(t, q.states(t), "discarded", name)
			_, err := q.store.WriterDB().ExecContext(t.Context(), "delete from river_job")
			require.NoError(t, err)
		}
	})
}

func TestStopLetsRunsEnd(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		began, finish, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		q := newQueue(t, url, func(ctx context.Context, _ analysis.DraftJob) error {
			close(began)
			<-finish
			ended <- ctx.Err()
			return nil
		})
		q.insert(t, analysis.DraftJob{DraftID: "d", Run: 1})
		// The end of the context that a program starts with is no reason to
		// cancel a run.
		ctx, cancel := context.WithCancel(t.Context())
		require.NoError(t, q.Start(ctx))
		receive(t, began)
		cancel()
		stopped := make(chan error, 1)
		go func() { stopped <- q.Stop(context.Background()) }()
		<-q.stop
		close(finish)
		require.NoError(t, receive(t, stopped))
		require.NoError(t, receive(t, ended))
		require.Equal(t, map[string]int{"completed": 1}, q.states(t))
	})
}

func TestStopReleasesRunsAfterTheGrace(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		began, ended := make(chan struct{}), make(chan error, 1)
		q := newQueue(t, url, func(ctx context.Context, _ analysis.DraftJob) error {
			close(began)
			<-ctx.Done()
			ended <- ctx.Err()
			return nil
		})
		q.insert(t, analysis.DraftJob{DraftID: "d", Run: 1})
		require.NoError(t, q.Start(t.Context()))
		receive(t, began)
		over, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, q.Stop(over))
		require.ErrorIs(t, receive(t, ended), context.Canceled)
		require.Equal(t, map[string]int{"completed": 1}, q.states(t))
	})
}

func TestSweepsGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		var at []time.Duration
		began := time.Now()
		j := &Jobs{
			runner: fakeRunner{sweep: func(ctx context.Context) (int, error) {
				_, bounded := ctx.Deadline()
				require.True(t, bounded)
				at = append(at, time.Since(began))
				if len(at) == 2 {
					return 0, sql.ErrConnDone
				}
				return 1, nil
			}},
			sweeps: func() time.Duration { return 5 * time.Second },
			log:    slog.New(slog.NewTextHandler(&log, nil)),
			stop:   make(chan struct{}),
		}
		j.swept.Go(func() { j.untilStopped(t.Context(), j.sweeps, j.sweep) })
		<-time.After(12 * time.Second)
		synctest.Wait()
		close(j.stop)
		j.swept.Wait()
		require.Equal(t, []time.Duration{0, 5 * time.Second, 10 * time.Second}, at)
		require.Equal(t, 1, strings.Count(log.String(), "sweep failed"))
		require.Equal(t, 2, strings.Count(log.String(), "swept lapsed drafts"))
	})
}

func TestRepliesArePurgedAtOnceAndEveryHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		k := &fakeKeeper{}
		j := &Jobs{keeper: k, log: slog.New(slog.DiscardHandler), stop: make(chan struct{})}
		j.swept.Go(func() { j.untilStopped(t.Context(), Every(purgeInterval), j.purge) })
		synctest.Wait()
		require.EqualValues(t, 1, k.purged.Load())
		<-time.After(2 * time.Hour)
		synctest.Wait()
		require.GreaterOrEqual(t, k.purged.Load(), int32(2))
		close(j.stop)
		j.swept.Wait()
	})
}

func TestEveryVaries(t *testing.T) {
	t.Parallel()
	wait := Every(10 * time.Second)
	seen := make(map[time.Duration]bool)
	for range 1000 {
		d := wait()
		require.GreaterOrEqual(t, d, 9*time.Second)
		require.LessOrEqual(t, d, 11*time.Second)
		seen[d] = true
	}
	require.Greater(t, len(seen), 100)
}

func TestNewWantsAKnownDatabase(t *testing.T) {
	t.Parallel()
	_, err := New(Options{Dialect: "oracle"})
	require.EqualError(t, err, `no queue for the database "oracle"`)
}

// TestExpiredRisksAreLookedForAtTheStart has two replicas start: the one that leads
// the queue looks, and what it finds wrong is not delivered again.
func TestExpiredRisksAreLookedForAtTheStart(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		looked := make(chan struct{}, 100)
		expire := func(ctx context.Context) (int, error) {
			if _, bounded := ctx.Deadline(); !bounded {
				return 0, errors.New("the look has no deadline")
			}
			looked <- struct{}{}
			return 2, errors.New("a threat is broken")
		}
		idle := func(context.Context, analysis.DraftJob) error { return nil }
		first, second := newQueueThatExpires(t, url, idle, expire), newQueueThatExpires(t, url, idle, expire)
		require.NoError(t, first.Start(t.Context()))
		require.NoError(t, second.Start(t.Context()))
		receive(t, looked)
		require.NoError(t, first.Stop(t.Context()))
		require.NoError(t, second.Stop(t.Context()))
		var waiting int
		require.NoError(t, first.store.WriterDB().QueryRowContext(t.Context(),
			"select count(*) from river_job where kind = 'expire_risks' and state in ('retryable', 'running')").Scan(&waiting))
		require.Zero(t, waiting, "the next minute is the retry")
	})
}

// TestExpiryGoesOnWhileDraftsKeepAllWorkersBusy holds that upkeep has a queue of its
// own.
func TestExpiryGoesOnWhileDraftsKeepAllWorkersBusy(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		busy, finish, looked := make(chan struct{}, 10), make(chan struct{}), make(chan struct{}, 10)
		q := newQueueThatExpires(t, url, func(context.Context, analysis.DraftJob) error {
			busy <- struct{}{}
			<-finish
			return nil
		}, func(context.Context) (int, error) {
			looked <- struct{}{}
			return 0, nil
		})
		for i := range 4 {
			q.insert(t, analysis.DraftJob{DraftID: "d", Run: i})
		}
		require.NoError(t, q.Start(t.Context()))
		receive(t, busy)
		receive(t, busy)
		receive(t, looked)
		close(finish)
		require.NoError(t, q.Stop(t.Context()))
	})
}
