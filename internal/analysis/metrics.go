package analysis

import (
	"context"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// MetricsStore is what Metrics needs of storage.
type MetricsStore interface {
	// EachLife calls fn with the lives of the projects within reach, or of one.
	EachLife(ctx context.Context, reach stride.Reach, project stride.ProjectID, fn func(*metrics.Lives) error) error
	// CallUse adds up the calls to language models of a window, by project and by
	// what they are grouped by.
	CallUse(ctx context.Context, reach stride.Reach, project stride.ProjectID, w metrics.Window, by metrics.GroupBy) ([]metrics.CallUse, error)
}

// Metrics answers with the formulas of package metrics.
type Metrics struct {
	Kit
	Store MetricsStore
}

// MetricsQuery says which numbers. A zero AsOf stands for now.
type MetricsQuery struct {
	Window metrics.Window
	// Project is "" for all that the actor may see.
	Project stride.ProjectID
	By      metrics.GroupBy
}

// MaxSeriesReports bounds the reports in one answer: points times groups.
const MaxSeriesReports = 2000

// Report answers with one report; By is not looked at. NotFound where the project
// is not the actor's.
func (s *Metrics) Report(ctx context.Context, actor stride.Actor, q MetricsQuery) (metrics.Report, error) {
	q.By = metrics.ByNothing
	gathered, _, err := s.gather(ctx, actor, q, "")
	if err != nil {
		return metrics.Report{}, err
	}
	return metrics.Compute(gathered[0].Groups()[0].Facts), nil
}

// Groups answers with a page of groups, by key.
func (s *Metrics) Groups(ctx context.Context, actor stride.Actor, q MetricsQuery, p Page) (Listing[metrics.GroupReport], error) {
	gathered, _, err := s.gather(ctx, actor, q, "")
	if err != nil {
		return Listing[metrics.GroupReport]{}, err
	}
	return pageOfGroups(gathered[0].Groups(), q.By, p)
}

// groupOrder is the name of the order of groups in cursors.
const groupOrder = "group"

// A cursor's ID is not empty, a key may be.
const groupMark = "="

func pageOfGroups(groups []metrics.Group, by metrics.GroupBy, p Page) (Listing[metrics.GroupReport], error) {
	out := Listing[metrics.GroupReport]{Items: []metrics.GroupReport{}}
	if p.After != nil && p.After.Sort != groupOrder {
		return out, stride.InvalidField("cursor", "belongs to a list in another order")
	}
	for _, g := range groups {
		if p.After != nil && groupMark+g.Key <= p.After.ID {
			continue
		}
		if len(out.Items) == p.Limit {
			out.Next = &Cursor{Sort: groupOrder, ID: groupMark + out.Items[p.Limit-1].Key}
			break
		}
		out.Items = append(out.Items, metrics.ComputeGroup(g, by))
	}
	return out, nil
}

// Series answers with a point for each step of the window, each as of its end,
// with all groups where q.By says so. Invalid for a window without a beginning,
// for too many points and for too many groups.
func (s *Metrics) Series(ctx context.Context, actor stride.Actor, q MetricsQuery, step metrics.SeriesStep) ([]metrics.Point, error) {
	gathered, windows, err := s.gather(ctx, actor, q, step)
	if err != nil {
		return nil, err
	}
	out := make([]metrics.Point, 0, len(windows))
	reports := 0
	for i, g := range gathered {
		groups := g.Groups()
		if reports += len(groups); q.By != metrics.ByNothing && reports > MaxSeriesReports {
			return nil, stride.InvalidField("series", "has more than %d reports, its points times its groups; ask for longer steps, less time or fewer groups",
				MaxSeriesReports)
		}
		out = append(out, metrics.ComputePoint(windows[i], groups, q.By))
	}
	return out, nil
}

// gather counts for each window: one, or the points of a series.
func (s *Metrics) gather(
	ctx context.Context, actor stride.Actor, q MetricsQuery, step metrics.SeriesStep,
) ([]*metrics.Gatherer, []metrics.Window, error) {
	if q.Project != "" {
		if err := requireRole(actor, q.Project, stride.RoleViewer, "project"); err != nil {
			return nil, nil, err
		}
	}
	if q.Window.AsOf.IsZero() {
		q.Window.AsOf = s.Now().UTC()
	}
	if err := q.Window.Validate(); err != nil {
		return nil, nil, err
	}
	windows := []metrics.Window{q.Window}
	if step != "" {
		var err error
		if windows, err = metrics.Series(q.Window, step); err != nil {
			return nil, nil, err
		}
	}
	gathered := make([]*metrics.Gatherer, 0, len(windows))
	for _, w := range windows {
		gathered = append(gathered, metrics.NewGatherer(w, q.By))
	}
	return gathered, windows, s.fill(ctx, actor.Reach(stride.RoleViewer), q, gathered, windows)
}

func (s *Metrics) fill(
	ctx context.Context, reach stride.Reach, q MetricsQuery, gathered []*metrics.Gatherer, windows []metrics.Window,
) error {
	err := s.Store.EachLife(ctx, reach, q.Project, func(l *metrics.Lives) error {
		for _, g := range gathered {
			g.Add(l)
		}
		return ctx.Err()
	})
	if err != nil {
		return fmt.Errorf("gather metrics: %w", err)
	}
	if !q.By.HasCalls() {
		return nil
	}
	for i, g := range gathered {
		uses, err := s.Store.CallUse(ctx, reach, q.Project, windows[i], q.By)
		if err != nil {
			return fmt.Errorf("gather calls: %w", err)
		}
		g.AddCalls(uses)
	}
	return nil
}
