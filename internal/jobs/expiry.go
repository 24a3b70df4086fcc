package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/threatdraft/threatdraft/internal/analysis"
)

const (
	// upkeepQueue is apart from the drafts, which may keep all workers busy for
	// minutes.
	upkeepQueue = "upkeep"
	// upkeepPoll is how often each process asks for upkeep.
	upkeepPoll = 2 * time.Second
	// expiryInterval is how often expired risks are looked for.
	expiryInterval = time.Minute
	// expiryTimeout bounds one look.
	expiryTimeout = 5 * time.Minute
)

// expiryPeriod has the replica that leads the queue insert a job at its start and
// every minute. There is one at a time: one that takes longer than a minute, or
// that nobody fetches, does not pile up. It is not tried again, since the next
// minute does that.
func expiryPeriod() *river.PeriodicJob {
	insert := func() (river.JobArgs, *river.InsertOpts) {
		return analysis.ExpiryJob{}, &river.InsertOpts{
			Queue: upkeepQueue, MaxAttempts: 1,
			UniqueOpts: river.UniqueOpts{ByQueue: true, ByState: []rivertype.JobState{
				rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
			}},
		}
	}
	return river.NewPeriodicJob(river.PeriodicInterval(expiryInterval), insert, &river.PeriodicJobOpts{ID: "expire_risks", RunOnStart: true})
}

// expiryWorker delivers the look for expired risks.
type expiryWorker struct {
	river.WorkerDefaults[analysis.ExpiryJob]

	expirer Expirer
	log     *slog.Logger
}

// Work implements river.Worker.
func (w *expiryWorker) Work(ctx context.Context, _ *river.Job[analysis.ExpiryJob]) error {
	n, err := w.expirer.ExpireRisks(ctx)
	if n > 0 {
		w.log.InfoContext(ctx, "reopened threats whose accepted risk expired", "threats", n)
	}
	return err
}

// Timeout implements river.Worker.
func (*expiryWorker) Timeout(*river.Job[analysis.ExpiryJob]) time.Duration { return expiryTimeout }
