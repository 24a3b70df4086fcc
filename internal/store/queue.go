package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// filterSuggestions has the conditions of a filter; those of the words are the
// dialect's.
func (s session) filterSuggestions(reach stride.Reach, sf analysis.SuggestionFilter) filter {
	var f filter
	f.within("s.project_id", reach)
	equals(&f, "s.project_id", sf.Project)
	equals(&f, "s.model_id", sf.Model)
	equals(&f, "s.draft_id", sf.Draft)
	oneOf(&f, "s.state", sf.State)
	oneOf(&f, "s.category", sf.Category)
	oneOf(&f, "s.severity", sf.Severity)
	oneOf(&f, "s.confidence", sf.Confidence)
	if sf.Submitted != nil && *sf.Submitted {
		f.where("m.state <> 'draft'")
	}
	if sf.Submitted != nil && !*sf.Submitted {
		f.where("m.state = 'draft'")
	}
	equals(&f, "s.rule", sf.Rule)
	if sf.Target != "" {
		f.where("exists (select 1 from suggestion_targets g where g.suggestion_id = s.id and g.target_key = ?)", sf.Target)
	}
	if words := strings.Fields(stride.Words(sf.Text)); len(words) > 0 {
		f.where("s.id in ("+s.dialect.matchWords+")", s.dialect.wordQuery(words))
	} else if sf.Text != "" {
		f.where("1 = 0")
	}
	f.claimed(sf)
	if sf.Parked != nil && *sf.Parked {
		f.where("s.parked_until > ?", micros(sf.At))
	}
	if sf.Parked != nil && !*sf.Parked {
		f.where("(s.parked_until is null or s.parked_until <= ?)", micros(sf.At))
	}
	if sf.CreatedBefore != nil {
		f.where("s.created_at < ?", micros(*sf.CreatedBefore))
	}
	return f
}

// claimed keeps what is claimed by the filter's user, by others, or by nobody, at
// the filter's moment.
func (f *filter) claimed(sf analysis.SuggestionFilter) {
	switch sf.Claimed {
	case analysis.ClaimedByMe:
		f.where("s.claimed_by = ? and s.claimed_until > ?", sf.User, micros(sf.At))
	case analysis.ClaimedByOthers:
		f.where("s.claimed_by <> ? and s.claimed_until > ?", sf.User, micros(sf.At))
	case analysis.ClaimedByNobody:
		f.where("(s.claimed_until is null or s.claimed_until <= ?)", micros(sf.At))
	}
}

const selectNext = `
select s.id
from suggestions s
join threat_models m on m.id = s.model_id
join projects p on p.id = s.project_id`

// NextSuggestion locks and returns the first suggestion of the filter in its order
// that is not parked and not under a live claim at the filter's moment, "" for none.
// With resume, what the filter's user holds comes first. What another transaction
// has locked is passed over.
func (tx *Tx) NextSuggestion(ctx context.Context, reach stride.Reach, sf analysis.SuggestionFilter, resume bool) (stride.SuggestionID, error) {
	by, ok := suggestionOrders[sf.Sort]
	if !ok {
		return "", stride.InvalidField("sort", "must be one of priority, created_at, -created_at")
	}
	claims := []analysis.Claimed{analysis.ClaimedByNobody}
	if resume {
		claims = []analysis.Claimed{analysis.ClaimedByMe, analysis.ClaimedByNobody}
	}
	for _, claimed := range claims {
		sf.Claimed, sf.Parked = claimed, new(false)
		f := tx.filterSuggestions(reach, sf)
		f.where("p.archived_at is null")
		if f.err != nil {
			return "", f.err
		}
		var id stride.SuggestionID
		err := tx.get(ctx, &id, selectNext+f.sql()+by.sql()+tx.dialect.skipLocked, append(f.args, 1)...)
		if err == nil {
			return id, nil
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return "", fmt.Errorf("find next suggestion: %w", err)
		}
	}
	return "", nil
}

const claimSuggestion = `
update suggestions set claimed_by = ?, claimed_until = ?, revision = revision + 1 where id = ?`

// ClaimSuggestion writes who holds the suggestion until when; "" and nil for nobody.
func (tx *Tx) ClaimSuggestion(ctx context.Context, id stride.SuggestionID, by stride.UserID, until *time.Time) error {
	if _, err := tx.exec(ctx, claimSuggestion, by, microsOrNull(until), id); err != nil {
		return fmt.Errorf("claim suggestion: %w", err)
	}
	return nil
}

const lockSuggestion = `select id from suggestions where id = ?`

// LockSuggestion locks the row until the end of the transaction.
func (tx *Tx) LockSuggestion(ctx context.Context, id stride.SuggestionID) error {
	var found stride.SuggestionID
	if err := tx.get(ctx, &found, lockSuggestion+tx.dialect.lockRow, id); err != nil {
		return fmt.Errorf("lock suggestion: %w", missing(err, "suggestion"))
	}
	return nil
}

const countFacets = `
select s.state, s.category, s.severity, s.confidence, count(*) as n
from suggestions s
join threat_models m on m.id = s.model_id`

// Facets counts what the filter finds by state, category, severity and confidence,
// its own choice among these aside.
func (s *Store) Facets(ctx context.Context, reach stride.Reach, sf analysis.SuggestionFilter) ([]analysis.FacetCell, error) {
	sf.State, sf.Category, sf.Severity, sf.Confidence = nil, nil, nil, nil
	f := s.filterSuggestions(reach, sf)
	if f.err != nil {
		return nil, f.err
	}
	var rows []struct {
		State      stride.SuggestionState `db:"state"`
		Category   stride.Category        `db:"category"`
		Severity   stride.Severity        `db:"severity"`
		Confidence stride.Confidence      `db:"confidence"`
		N          int64                  `db:"n"`
	}
	query := countFacets + f.sql() + " group by s.state, s.category, s.severity, s.confidence"
	if err := s.list(ctx, &rows, query, f.args...); err != nil {
		return nil, fmt.Errorf("count facets: %w", err)
	}
	out := make([]analysis.FacetCell, 0, len(rows))
	for _, r := range rows {
		out = append(out, analysis.FacetCell{State: r.State, Category: r.Category, Severity: r.Severity, Confidence: r.Confidence, N: r.N})
	}
	return out, nil
}
