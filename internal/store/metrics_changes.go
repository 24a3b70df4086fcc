package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// changes are what the events of a project after its summary are about.
type changes struct {
	// through is the number of the last one, 0 where there is none.
	through     int64
	suggestions subjects[stride.SuggestionID]
	threats     subjects[stride.ThreatID]
	versions    bool // threat models or drafts
}

const selectChanges = `select project_id, seq, subject, subject_id, payload from events where `

// changedSince reads the events after the summaries, of the projects that have
// had any.
func (s *Store) changedSince(
	ctx context.Context, heads []projectHead, summaries map[stride.ProjectID]summaryRow,
) (map[stride.ProjectID]changes, error) {
	var conditions []string
	var args []any
	for _, h := range heads {
		if summary, ok := summaries[h.life.ID]; ok && h.seq > summary.Through {
			conditions = append(conditions, "project_id = ? and seq > ?")
			args = append(args, h.life.ID, summary.Through)
		}
	}
	out := map[stride.ProjectID]changes{}
	if conditions == nil {
		return out, nil
	}
	var rows []struct {
		ProjectID stride.ProjectID `db:"project_id"`
		Seq       int64            `db:"seq"`
		Subject   stride.Subject   `db:"subject"`
		SubjectID string           `db:"subject_id"`
		// Of an event about a suggestion, its threat: taking an acceptance back
		// removes it, and no event about the threat tells so.
		Payload jsonOf[struct {
			ThreatID stride.ThreatID `json:"threat_id"`
		}] `db:"payload"`
	}
	if err := s.list(ctx, &rows, selectChanges+strings.Join(conditions, " or "), args...); err != nil {
		return nil, fmt.Errorf("list changes: %w", err)
	}
	for _, r := range rows {
		c := out[r.ProjectID]
		c.through = max(c.through, r.Seq)
		switch r.Subject {
		case stride.SubjectSuggestion:
			c.suggestions = append(c.suggestions, stride.SuggestionID(r.SubjectID))
			if threat := r.Payload.V.ThreatID; threat != "" {
				c.threats = append(c.threats, threat)
			}
		case stride.SubjectThreat:
			c.threats = append(c.threats, stride.ThreatID(r.SubjectID))
		case stride.SubjectModel, stride.SubjectDraft:
			c.versions = true
		}
		out[r.ProjectID] = c
	}
	for p, c := range out {
		slices.Sort(c.suggestions)
		slices.Sort(c.threats)
		c.suggestions, c.threats = slices.Compact(c.suggestions), slices.Compact(c.threats)
		out[p] = c
	}
	return out, nil
}

const selectSummary = `select project_id, through_seq, body, ids from metric_summaries where project_id = ? and format = ?`

// amended reads the summary again, with the ids by which what changed is found,
// and puts the rows of that in its place. Where that was much, it is kept.
func (s *Store) amended(ctx context.Context, p stride.ProjectID, summary summaryRow, since changes) (*metrics.Lives, error) {
	var row struct {
		summaryRow
		IDs []byte `db:"ids"`
	}
	if err := s.get(ctx, &row, selectSummary, p, packFormat); err != nil {
		return nil, fmt.Errorf("read summary: %w", err)
	}
	// Another reader may have written it anew; then it holds some of the changes,
	// which are put in their place again.
	l, err := unpack(row.IDs, row.Body)
	if err != nil {
		return nil, err
	}
	r := newLivesReader(s.session, p, l)
	if len(since.suggestions) > 0 {
		l.Suggestions = slices.DeleteFunc(l.Suggestions, func(x metrics.SuggestionLife) bool {
			_, changed := slices.BinarySearch(since.suggestions, x.ID)
			return changed
		})
		if err := r.suggestions(ctx, since.suggestions); err != nil {
			return nil, err
		}
	}
	// A threat is grouped by what drafted its suggestion.
	if len(since.threats) > 0 {
		l.Threats = slices.DeleteFunc(l.Threats, func(x metrics.ThreatLife) bool {
			_, changed := slices.BinarySearch(since.threats, x.ID)
			return changed
		})
		if err := r.threats(ctx, since.threats); err != nil {
			return nil, err
		}
	}
	if since.versions {
		if err := r.versions(ctx); err != nil {
			return nil, err
		}
	}
	if since.through-summary.Through > worthKeeping(l) {
		s.saveSummary(ctx, p, max(since.through, row.Through), l)
	}
	return l, nil
}

// worthKeeping is by how many events a summary may lag before it is written
// anew: the longer it is, the more.
func worthKeeping(l *metrics.Lives) int64 {
	return max(50, int64(len(l.Suggestions)+len(l.Threats))/50)
}
