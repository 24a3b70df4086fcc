package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var _ analysis.AuditStore = (*Store)(nil)

const selectEvents = `
select e.project_id, e.seq, e.kind, e.subject, e.subject_id, e.actor_id, e.at, e.payload, e.prev_hash, e.hash
from events e`

// Events lists the events of the reach by moment, then project and Seq. Within one
// project that is the order of Seq alone, which its primary key serves.
func (s *Store) Events(ctx context.Context, reach stride.Reach, ef analysis.EventFilter, p analysis.Page) (analysis.Listing[stride.Event], error) {
	var none analysis.Listing[stride.Event]
	f := filterEvents(reach, ef)
	name, columns, way, than := "events", []string{"e.at", "e.project_id", "e.seq"}, " desc", "<"
	if ef.Project != "" {
		name, columns = "events-of-project", columns[1:]
	}
	if ef.OldestFirst {
		name, way, than = name+"-oldest-first", "", ">"
	}
	if p.After != nil {
		place, err := eventPlace(*p.After, name)
		if err != nil {
			return none, err
		}
		marks := strings.TrimSuffix(strings.Repeat("?, ", len(columns)), ", ")
		f.where(fmt.Sprintf("(%s) %s (%s)", strings.Join(columns, ", "), than, marks), place[len(place)-len(columns):]...)
	}
	if f.err != nil {
		return none, f.err
	}
	size := pageSize(p)
	query := selectEvents + f.sql() + " order by " + strings.Join(columns, way+", ") + way + " limit ?"
	var rows []eventRow
	if err := s.list(ctx, &rows, query, append(f.args, size+1)...); err != nil {
		return none, fmt.Errorf("list events: %w", err)
	}
	return listing(rows, size, eventRow.event, func(r eventRow) analysis.Cursor {
		return analysis.Cursor{Sort: name, Key: r.At, ID: string(r.ProjectID) + "." + strconv.FormatInt(r.Seq, 10)}
	}), nil
}

func filterEvents(reach stride.Reach, ef analysis.EventFilter) filter {
	var f filter
	f.within("e.project_id", reach)
	equals(&f, "e.project_id", ef.Project)
	equals(&f, "e.actor_id", ef.Actor)
	oneOf(&f, "e.kind", ef.Kind)
	equals(&f, "e.subject", ef.Subject)
	equals(&f, "e.subject_id", ef.SubjectID)
	if ef.Since != nil {
		f.where("e.at >= ?", micros(*ef.Since))
	}
	if ef.Until != nil {
		f.where("e.at < ?", micros(*ef.Until))
	}
	return f
}

// eventPlace is the moment, project and Seq of the cursor.
func eventPlace(c analysis.Cursor, order string) ([]any, error) {
	project, number, _ := strings.Cut(c.ID, ".")
	seq, err := strconv.ParseInt(number, 10, 64)
	if err != nil || c.Sort != order {
		return nil, stride.InvalidField("cursor", "belongs to a list in another order")
	}
	return []any{c.Key, project, seq}, nil
}

const selectChains = `select p.id as project, p.name, p.event_seq as length from projects p`

// Chains returns how many events each project has, or the one, by project id.
func (s *Store) Chains(ctx context.Context, project stride.ProjectID) ([]analysis.ChainEnd, error) {
	var f filter
	equals(&f, "p.id", project)
	var rows []analysis.ChainEnd
	if err := s.list(ctx, &rows, selectChains+f.sql()+" order by p.id", f.args...); err != nil {
		return nil, fmt.Errorf("list chains: %w", err)
	}
	if project != "" && len(rows) == 0 {
		return nil, stride.Errorf(stride.NotFound, "no such project")
	}
	return rows, nil
}

// EventsAfter returns the project's events with a Seq above after, at most limit,
// oldest first.
func (s *Store) EventsAfter(ctx context.Context, project stride.ProjectID, after int64, limit int) ([]stride.Event, error) {
	var rows []eventRow
	query := selectEvents + " where e.project_id = ? and e.seq > ? order by e.seq limit ?"
	if err := s.list(ctx, &rows, query, project, after, limit); err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	out := make([]stride.Event, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.event())
	}
	return out, nil
}
