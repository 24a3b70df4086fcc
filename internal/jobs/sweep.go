package jobs

import (
	"context"
	"math/rand/v2"
	"time"
)

// Every returns waits around d, a tenth more or less.
func Every(d time.Duration) func() time.Duration {
	return func() time.Duration { return d - d/10 + rand.N(d/5+1) }
}

// sweepTimeout bounds one sweep, and one purge.
const sweepTimeout = 30 * time.Second

// untilStopped does something at once, since a program that starts may be the
// next one after a crash, and then again and again.
func (j *Jobs) untilStopped(ctx context.Context, wait func() time.Duration, do func(context.Context)) {
	for {
		do(ctx)
		next := time.NewTimer(wait())
		select {
		case <-j.stop:
			next.Stop()
			return
		case <-next.C:
		}
	}
}

// sweep logs a failure; the next sweep is its retry.
func (j *Jobs) sweep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	n, err := j.runner.Sweep(ctx)
	if err != nil {
		j.log.WarnContext(ctx, "sweep failed", "error", err)
	}
	if n > 0 {
		j.log.InfoContext(ctx, "swept lapsed drafts", "drafts", n)
	}
}

// purge logs a failure; the next one is its retry.
func (j *Jobs) purge(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
	defer cancel()
	if n, err := j.keeper.Purge(ctx); err != nil {
		j.log.WarnContext(ctx, "purge failed", "error", err)
	} else if n > 0 {
		j.log.DebugContext(ctx, "purged old replies", "replies", n)
	}
}
