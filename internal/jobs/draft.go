package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/threatdraft/threatdraft/internal/analysis"
)

// draftWorker delivers draft jobs.
type draftWorker struct {
	river.WorkerDefaults[analysis.DraftJob]

	runner Runner
}

// Work implements river.Worker.
func (w *draftWorker) Work(ctx context.Context, job *river.Job[analysis.DraftJob]) error {
	return w.runner.Run(ctx, job.Args)
}

// Timeout implements river.Worker.
func (*draftWorker) Timeout(*river.Job[analysis.DraftJob]) time.Duration { return analysis.RunTimeout }

// errorLog tells of jobs that failed; River tries them again.
type errorLog struct{ log *slog.Logger }

// HandleError implements river.ErrorHandler.
func (e *errorLog) HandleError(ctx context.Context, job *rivertype.JobRow, err error) *river.ErrorHandlerResult {
	e.log.ErrorContext(ctx, "job failed", "job_id", job.ID, "kind", job.Kind, "attempt", job.Attempt, "error", err)
	return nil
}

// HandlePanic implements river.ErrorHandler.
func (e *errorLog) HandlePanic(ctx context.Context, job *rivertype.JobRow, value any, trace string) *river.ErrorHandlerResult {
	e.log.ErrorContext(ctx, "job panicked", "job_id", job.ID, "kind", job.Kind, "attempt", job.Attempt, "panic", value, "trace", trace)
	return nil
}
