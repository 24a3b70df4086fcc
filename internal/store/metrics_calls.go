package store

import (
	"context"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/metrics"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// callKeys are what the calls of a group have in common; others are not grouped.
var callKeys = map[metrics.GroupBy]string{
	metrics.ByModel:  "c.provider || '/' || c.model",
	metrics.ByPrompt: "c.task || '/' || c.prompt_version",
}

const selectCallUse = `
select c.project_id, %s as group_key, count(*) as calls, count(case when c.failure <> '' then 1 end) as failed,
    cast(sum(c.tokens_in) as bigint) as tokens_in, cast(sum(c.tokens_cached) as bigint) as tokens_cached,
    cast(sum(c.tokens_out) as bigint) as tokens_out, cast(sum(c.cost_micro_usd) as bigint) as cost_micro_usd,
    count(case when c.priced = 0 then 1 end) as unpriced, count(distinct c.draft_id) as drafts
from llm_calls c`

type callUseRow struct {
	ProjectID stride.ProjectID `db:"project_id"`
	Key       string           `db:"group_key"`
	Calls     int              `db:"calls"`
	Failed    int              `db:"failed"`
	TokensIn  int64            `db:"tokens_in"`
	Cached    int64            `db:"tokens_cached"`
	TokensOut int64            `db:"tokens_out"`
	Cost      int64            `db:"cost_micro_usd"`
	Unpriced  int              `db:"unpriced"`
	Drafts    int              `db:"drafts"`
}

// CallUse adds up the calls that started in the window, by project and, where by
// is the model or the prompt, by that. Sandboxes and projects that do not count
// are among them.
func (s *Store) CallUse(
	ctx context.Context, reach stride.Reach, project stride.ProjectID, w metrics.Window, by metrics.GroupBy,
) ([]metrics.CallUse, error) {
	key, ok := callKeys[by]
	if !ok {
		key = "''"
	}
	var f filter
	f.within("c.project_id", reach)
	equals(&f, "c.project_id", project)
	from, to := w.Bounds()
	f.where("c.started_at >= ? and c.started_at < ?", from, to)
	if f.err != nil {
		return nil, f.err
	}
	var rows []callUseRow
	query := fmt.Sprintf(selectCallUse, key) + f.sql() + " group by 1, 2"
	if err := s.list(ctx, &rows, query, f.args...); err != nil {
		return nil, fmt.Errorf("add up calls: %w", err)
	}
	out := make([]metrics.CallUse, 0, len(rows))
	for _, r := range rows {
		out = append(out, metrics.CallUse{
			ProjectID: r.ProjectID, Key: r.Key, Drafts: r.Drafts,
			LLMUsage: stride.LLMUsage{
				Calls: r.Calls, Failed: r.Failed, TokensIn: r.TokensIn, TokensCached: r.Cached, TokensOut: r.TokensOut,
				CostMicroUSD: r.Cost, Unpriced: r.Unpriced,
			},
		})
	}
	return out, nil
}
