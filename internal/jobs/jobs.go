// Package jobs works the queue: it delivers draft jobs to analysis and keeps
// every replica looking for runs that their worker has lost.
//
// River stores, delivers and schedules; who may work on a draft and publish it
// is decided by the lease that analysis keeps on the draft, since River's own
// rescue is too coarse. So a job that comes twice or late does no harm, and
// this package decides nothing: it calls Runner. It inserts no jobs either;
// internal/store does, in the transaction that they belong to.
//
// The seam is Runner, which analysis.Runner is.
package jobs

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"

	"github.com/threatdraft/threatdraft/internal/analysis"
)

// Runner does the work.
type Runner interface {
	// Run does one run of a draft; an error has the job delivered again.
	Run(ctx context.Context, job analysis.DraftJob) error
	// Sweep returns lost runs to the queue and says how many it touched.
	Sweep(ctx context.Context) (int, error)
}

// Keeper cleans up; Purge says how many rows it removed.
type Keeper interface {
	Purge(ctx context.Context) (int64, error)
}

// Expirer reopens what was accepted for a time only; it says how many threats those
// were.
type Expirer interface {
	ExpireRisks(ctx context.Context) (int, error)
}

// Intervals of the queue.
const (
	// purgeInterval is how often each process cleans up.
	purgeInterval = time.Hour
	// pollInterval is how often a process asks for new jobs: neither driver
	// is told of them.
	pollInterval = 250 * time.Millisecond
	// rescueAfter is when River takes a job for stuck. By then its run has timed
	// out, and the sweep has long given the draft to another one.
	rescueAfter = analysis.RunTimeout + 10*time.Minute
	// releaseTime is how long runs have to stop after they were told to.
	releaseTime = 5 * time.Second
)

// Options of Jobs; all are required.
type Options struct {
	// DB is the pool that writes. On SQLite it has one connection, so that the
	// queue and the rest of the program wait for one another.
	DB *sql.DB
	// Dialect is "sqlite" or "postgres".
	Dialect string
	Runner  Runner
	// Workers is how many drafts run at once in this process.
	Workers int
	// Keeper removes what is kept for a time only.
	Keeper Keeper
	// Expirer is called every minute, and at the start, by one of the replicas.
	Expirer Expirer
	// Sweeps says how long to wait until the next sweep; it should vary, so that
	// replicas do not sweep in step.
	Sweeps func() time.Duration
	Log    *slog.Logger
	// QueueLog takes what River itself says, which is a lot at level info.
	QueueLog *slog.Logger
}

// Jobs works until it is stopped.
type Jobs struct {
	client *river.Client[*sql.Tx]
	runner Runner
	keeper Keeper
	sweeps func() time.Duration
	log    *slog.Logger
	// stop ends the sweeping, swept waits for its end.
	stop  chan struct{}
	swept sync.WaitGroup
}

// New makes a client of the queue; it touches no database.
func New(o Options) (*Jobs, error) {
	driver, err := driver(o.Dialect, o.DB)
	if err != nil {
		return nil, err
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &draftWorker{runner: o.Runner})
	river.AddWorker(workers, &expiryWorker{expirer: o.Expirer, log: o.Log})
	client, err := river.NewClient(driver, &river.Config{
		Logger:  o.QueueLog,
		Workers: workers,
		Queues: map[string]river.QueueConfig{
			river.QueueDefault: {MaxWorkers: o.Workers},
			upkeepQueue:        {MaxWorkers: 1, FetchPollInterval: upkeepPoll},
		},
		PeriodicJobs:         []*river.PeriodicJob{expiryPeriod()},
		FetchPollInterval:    pollInterval,
		FetchCooldown:        pollInterval / 5,
		JobTimeout:           analysis.RunTimeout,
		RescueStuckJobsAfter: rescueAfter,
		ErrorHandler:         &errorLog{log: o.Log},
	})
	if err != nil {
		return nil, fmt.Errorf("make queue client: %w", err)
	}
	return &Jobs{client: client, runner: o.Runner, keeper: o.Keeper, sweeps: o.Sweeps, log: o.Log, stop: make(chan struct{})}, nil
}

func driver(dialect string, db *sql.DB) (riverdriver.Driver[*sql.Tx], error) {
	switch dialect {
	case "sqlite":
		return riversqlite.New(db), nil
	case "postgres":
		return riverdatabasesql.New(db), nil
	}
	return nil, fmt.Errorf("no queue for the database %q", dialect)
}

// Start begins to work and to sweep; it returns once the queue answers. The end
// of ctx ends neither: Stop does.
func (j *Jobs) Start(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	if err := j.client.Start(ctx); err != nil {
		return fmt.Errorf("start queue: %w", err)
	}
	j.swept.Go(func() { j.untilStopped(ctx, j.sweeps, j.sweep) })
	j.swept.Go(func() { j.untilStopped(ctx, Every(purgeInterval), j.purge) })
	return nil
}

// Stop takes no more jobs and lets runs go on until ctx ends; those that are
// still at work then are released to the queue, for another process or for the
// next start. An error means that a run did not stop in time: its lease will
// lapse. To be called once.
func (j *Jobs) Stop(ctx context.Context) error {
	close(j.stop)
	err := j.client.Stop(ctx)
	if err == nil {
		j.swept.Wait()
		return nil
	}
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("stop queue: %w", err)
	}
	return j.release(context.WithoutCancel(ctx))
}

func (j *Jobs) release(ctx context.Context) error {
	// With a context that has ended this cancels the runs and does not wait, so
	// that the line below is true when it is read.
	ended, end := context.WithCancel(ctx)
	end()
	if err := j.client.StopAndCancel(ended); err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("cancel runs: %w", err)
	}
	j.log.InfoContext(ctx, "shutdown grace is over; runs are released")
	last, cancel := context.WithTimeout(ctx, releaseTime)
	defer cancel()
	if err := j.client.Stop(last); err != nil {
		return fmt.Errorf("wait for released runs: %w", err)
	}
	j.swept.Wait()
	return nil
}
