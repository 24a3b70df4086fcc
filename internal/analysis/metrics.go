package analysis

import (
	"context"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// MetricsStore is what Metrics needs of storage.
type MetricsStore interface {
	// MetricsFacts counts, over the eligible projects within reach, or over one.
	MetricsFacts(ctx context.Context, reach stride.Reach, project stride.ProjectID, w metrics.Window) (metrics.Facts, error)
}

// Metrics answers with the formulas of package metrics.
type Metrics struct {
	Kit
	Store MetricsStore
}

// Portfolio reports on all projects that the actor may see. A zero AsOf stands
// for now.
func (s *Metrics) Portfolio(ctx context.Context, actor stride.Actor, w metrics.Window) (metrics.Report, error) {
	return s.report(ctx, actor, "", w)
}

// Project reports on one project; NotFound where it is not the actor's.
func (s *Metrics) Project(ctx context.Context, actor stride.Actor, id stride.ProjectID, w metrics.Window) (metrics.Report, error) {
	if err := requireRole(actor, id, stride.RoleViewer, "project"); err != nil {
		return metrics.Report{}, err
	}
	return s.report(ctx, actor, id, w)
}

func (s *Metrics) report(ctx context.Context, actor stride.Actor, id stride.ProjectID, w metrics.Window) (metrics.Report, error) {
	if w.AsOf.IsZero() {
		w.AsOf = s.Now().UTC()
	}
	if err := w.Validate(); err != nil {
		return metrics.Report{}, err
	}
	facts, err := s.Store.MetricsFacts(ctx, actor.Reach(stride.RoleViewer), id, w)
	if err != nil {
		return metrics.Report{}, fmt.Errorf("gather metrics: %w", err)
	}
	return metrics.Compute(facts), nil
}
