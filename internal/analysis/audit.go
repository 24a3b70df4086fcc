package analysis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// EventFilter narrows the audit trail; zero values do not filter.
type EventFilter struct {
	Project   stride.ProjectID
	Actor     stride.UserID
	Kind      []stride.EventKind
	Subject   stride.Subject
	SubjectID string
	Since     *time.Time // inclusive
	Until     *time.Time // exclusive
	// OldestFirst turns the order, newest first, around.
	OldestFirst bool
}

// AuditStore is what Audit needs of storage.
type AuditStore interface {
	// Events lists the events of the reach by moment, then project and Seq.
	Events(ctx context.Context, reach stride.Reach, f EventFilter, p Page) (Listing[stride.Event], error)
	// Chains returns how many events each project has, or the one, by project id.
	// NotFound where the one does not exist.
	Chains(ctx context.Context, project stride.ProjectID) ([]ChainEnd, error)
	// EventsAfter returns the project's events with a Seq above after, at most
	// limit, oldest first.
	EventsAfter(ctx context.Context, project stride.ProjectID, after int64, limit int) ([]stride.Event, error)
}

// ChainEnd says how many events a project is said to have.
type ChainEnd struct {
	Project stride.ProjectID
	Name    string
	Length  int64
}

// ChainReport is what became of following one project's events. Events and Head
// reach up to what is right; Broken is nil where all is.
type ChainReport struct {
	Project stride.ProjectID
	Name    string // "" where the project is gone
	Events  int64
	Head    string
	Broken  *stride.Broken
}

// Audit reads the trail of who did what, and checks that nobody has changed it.
type Audit struct{ Store AuditStore }

// List returns the events of the actor's projects.
func (s *Audit) List(ctx context.Context, actor stride.Actor, f EventFilter, p Page) (Listing[stride.Event], error) {
	return s.Store.Events(ctx, actor.Reach(stride.RoleViewer), f, p)
}

// Verify follows the events of each project, or of the one, from the first to the
// last and gives what it finds to report, by project id. Known are chains as an
// earlier run found them: what they had must be there still, which also shows what
// was cut off at the end together with the count of it. Events that are appended
// meanwhile are left for the next run.
func (s *Audit) Verify(ctx context.Context, project stride.ProjectID, known []stride.Chain, report func(ChainReport) error) error {
	ends, err := s.Store.Chains(ctx, project)
	if err != nil {
		return err
	}
	before := make(map[stride.ProjectID]stride.Chain, len(known))
	for _, c := range known {
		if project == "" || c.Project == project {
			before[c.Project] = c
		}
	}
	for _, end := range ends {
		found, err := s.follow(ctx, end, before[end.Project])
		if err != nil {
			return err
		}
		delete(before, end.Project)
		if err := report(found); err != nil {
			return err
		}
	}
	for _, c := range known {
		if _, gone := before[c.Project]; !gone || c.Length == 0 {
			continue
		}
		if err := report(ChainReport{Project: c.Project, Broken: &stride.Broken{Seq: 1, Why: "is missing, with its project"}}); err != nil {
			return err
		}
	}
	return nil
}

// eventsAtOnce bounds what Verify holds in memory.
const eventsAtOnce = 1000

func (s *Audit) follow(ctx context.Context, end ChainEnd, known stride.Chain) (ChainReport, error) {
	chain := stride.Chain{Project: end.Project}
	broken := func(err error) (ChainReport, error) {
		out := ChainReport{Project: end.Project, Name: end.Name, Events: chain.Length, Head: chain.Head}
		if err != nil && !errors.As(err, &out.Broken) {
			return ChainReport{}, err
		}
		return out, nil
	}
	for chain.Length < end.Length {
		events, err := s.Store.EventsAfter(ctx, end.Project, chain.Length, int(min(eventsAtOnce, end.Length-chain.Length)))
		if err != nil {
			return broken(fmt.Errorf("read events of %s: %w", end.Project, err))
		}
		if len(events) == 0 {
			return broken(&stride.Broken{Seq: chain.Length + 1, Why: fmt.Sprintf("is missing: the project has had %d", end.Length)})
		}
		for _, e := range events {
			if err := followKnown(&chain, e, known); err != nil {
				return broken(err)
			}
		}
	}
	if chain.Length < known.Length {
		return broken(&stride.Broken{Seq: chain.Length + 1, Why: fmt.Sprintf("is missing: there were %d when the heads were recorded", known.Length)})
	}
	return broken(nil)
}

// followKnown follows e, which must be what was known where it was the last.
func followKnown(chain *stride.Chain, e stride.Event, known stride.Chain) error {
	if e.Seq == known.Length && !strings.EqualFold(e.Hash, known.Head) {
		return &stride.Broken{Seq: e.Seq, Why: "is not the one whose hash was recorded"}
	}
	return chain.Follow(e)
}
