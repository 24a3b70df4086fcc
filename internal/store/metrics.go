package store

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var _ analysis.MetricsStore = (*Store)(nil)

// livesAtOnce is how many projects are read with one query, and in memory
// together.
const livesAtOnce = 50

// EachLife calls fn with the lives of the projects within reach, or of one of
// them where project is not "", by id; sandboxes are left out. What fn is given
// holds at least what had happened when EachLife was called; whoever asks for a
// moment looks no further than that.
//
// A project's lives come from its summary, and from the rows of what its events
// since then are about: every change of what is counted appends an event in its
// transaction, and a project's events are numbered in the order in which they are
// committed. So a summary is never wrong, only short of something, and writing it
// need not hold up whoever changes something. The rows remain the truth.
func (s *Store) EachLife(ctx context.Context, reach stride.Reach, project stride.ProjectID, fn func(*metrics.Lives) error) error {
	heads, err := s.projectHeads(ctx, reach, project)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(heads, livesAtOnce) {
		if err := s.eachLife(ctx, some, fn); err != nil {
			return err
		}
	}
	return nil
}

// projectHead is a project with the number of its last event.
type projectHead struct {
	life metrics.ProjectLife
	seq  int64
}

const selectProjectHeads = `select id, name, tags, event_seq from projects`

func (s *Store) projectHeads(ctx context.Context, reach stride.Reach, project stride.ProjectID) ([]projectHead, error) {
	var f, lives filter
	f.where("sandbox_of is null")
	lives.where("subject in (?)", []stride.Subject{stride.SubjectProject, stride.SubjectScope})
	f.within("id", reach)
	lives.within("project_id", reach)
	equals(&f, "id", project)
	equals(&lives, "project_id", project)
	if f.err != nil {
		return nil, f.err
	}
	var rows []struct {
		ID   stride.ProjectID `db:"id"`
		Name string           `db:"name"`
		Tags jsonOf[[]string] `db:"tags"`
		Seq  int64            `db:"event_seq"`
	}
	if err := s.list(ctx, &rows, selectProjectHeads+f.sql()+" order by id", f.args...); err != nil {
		return nil, fmt.Errorf("list projects: %w", err)
	}
	var moves []struct {
		Subject   stride.Subject   `db:"subject"`
		ProjectID stride.ProjectID `db:"project_id"`
		State     string           `db:"state"`
		From      int64            `db:"from_at"`
	}
	const selectMoves = `select subject, project_id, state, from_at from state_intervals`
	if err := s.list(ctx, &moves, selectMoves+lives.sql()+" order by subject, project_id, ordinal", lives.args...); err != nil {
		return nil, fmt.Errorf("list lives of projects: %w", err)
	}
	out, at := make([]projectHead, 0, len(rows)), make(map[stride.ProjectID]int, len(rows))
	for i, r := range rows {
		at[r.ID] = i
		out = append(out, projectHead{life: metrics.ProjectLife{ID: r.ID, Name: r.Name, Tags: r.Tags.V}, seq: r.Seq})
	}
	for _, m := range moves {
		place, ok := at[m.ProjectID]
		if !ok {
			continue
		}
		life, move := &out[place].life, metrics.Move{At: m.From, State: m.State}
		if m.Subject == stride.SubjectProject {
			life.Life = append(life.Life, move)
		} else {
			life.Scope = append(life.Scope, move)
		}
	}
	return out, nil
}

type summaryRow struct {
	ProjectID stride.ProjectID `db:"project_id"`
	Through   int64            `db:"through_seq"`
	Body      []byte           `db:"body"`
}

const selectSummaries = `select project_id, through_seq, body from metric_summaries`

func (s *Store) eachLife(ctx context.Context, heads []projectHead, fn func(*metrics.Lives) error) error {
	ids := make([]stride.ProjectID, 0, len(heads))
	for _, h := range heads {
		ids = append(ids, h.life.ID)
	}
	var f filter
	f.where("project_id in (?)", ids)
	f.where("format = ?", packFormat)
	if f.err != nil {
		return f.err
	}
	var rows []summaryRow
	if err := s.list(ctx, &rows, selectSummaries+f.sql(), f.args...); err != nil {
		return fmt.Errorf("list summaries: %w", err)
	}
	summaries := make(map[stride.ProjectID]summaryRow, len(rows))
	for _, r := range rows {
		summaries[r.ProjectID] = r
	}
	since, err := s.changedSince(ctx, heads, summaries)
	if err != nil {
		return err
	}
	for _, h := range heads {
		summary, ok := summaries[h.life.ID]
		l, err := s.life(ctx, h, summary, ok, since[h.life.ID])
		if err != nil {
			return fmt.Errorf("read lives of project %s: %w", h.life.ID, err)
		}
		l.Project = h.life
		if err := fn(l); err != nil {
			return err
		}
	}
	return nil
}

// life unpacks a summary and reads what changed since, or reads it all where
// there is none that can be read.
func (s *Store) life(ctx context.Context, h projectHead, summary summaryRow, ok bool, since changes) (*metrics.Lives, error) {
	if ok {
		l, err := s.summarized(ctx, h.life.ID, summary, since)
		if !errors.Is(err, errPack) {
			return l, err
		}
		s.log.WarnContext(ctx, "metrics summary is broken and is written anew", "project_id", h.life.ID)
	}
	l := &metrics.Lives{}
	if err := newLivesReader(s.session, h.life.ID, l).all(ctx); err != nil {
		return nil, err
	}
	s.saveSummary(ctx, h.life.ID, h.seq, l)
	return l, nil
}

func (s *Store) summarized(ctx context.Context, p stride.ProjectID, summary summaryRow, since changes) (*metrics.Lives, error) {
	if since.through == 0 {
		return unpack(nil, summary.Body)
	}
	return s.amended(ctx, p, summary, since)
}

// upsertSummary leaves one that reaches further.
const upsertSummary = `
insert into metric_summaries (project_id, format, through_seq, ids, body) values (?, ?, ?, ?, ?)
on conflict (project_id) do update
set format = excluded.format, through_seq = excluded.through_seq, ids = excluded.ids, body = excluded.body
where metric_summaries.format <> excluded.format or metric_summaries.through_seq <= excluded.through_seq`

// saveSummary keeps what was read for the next reader. Where it cannot, he reads
// it again, and nobody's answer fails.
func (s *Store) saveSummary(ctx context.Context, p stride.ProjectID, through int64, l *metrics.Lives) {
	ids, body := pack(l)
	err := s.inTx(ctx, func(tx *Tx) error {
		_, err := tx.exec(ctx, upsertSummary, p, packFormat, through, ids, body)
		return err
	})
	if err != nil {
		s.log.WarnContext(ctx, "metrics summary was not kept", "project_id", p, "error", err)
	}
}
