package store

import (
	"context"
	"fmt"
	"time"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var (
	_ analysis.LedgerTx      = (*Tx)(nil)
	_ analysis.ProviderStore = (*Store)(nil)
)

type callRow struct {
	ID            stride.LLMCallID  `db:"id"`
	DraftID       stride.DraftID    `db:"draft_id"`
	ProjectID     stride.ProjectID  `db:"project_id"`
	Run           int               `db:"run"`
	Task          string            `db:"task"`
	PromptVersion string            `db:"prompt_version"`
	PromptHash    string            `db:"prompt_hash"`
	Provider      string            `db:"provider"`
	Model         string            `db:"model"`
	Attempt       int               `db:"attempt"`
	TokensIn      int               `db:"tokens_in"`
	TokensCached  int               `db:"tokens_cached"`
	TokensOut     int               `db:"tokens_out"`
	Estimated     int64             `db:"estimated"`
	Cost          int64             `db:"cost_micro_usd"`
	Priced        int64             `db:"priced"`
	FirstToken    int64             `db:"first_token"`
	Total         int64             `db:"total"`
	Finish        string            `db:"finish"`
	Failure       stride.LLMFailure `db:"failure"`
	StartedAt     int64             `db:"started_at"`
	EndedAt       *int64            `db:"ended_at"`
}

func newCallRow(c stride.LLMCall) callRow {
	return callRow{
		ID: c.ID, DraftID: c.DraftID, ProjectID: c.ProjectID, Run: c.Run, Task: c.Task, PromptVersion: c.PromptVersion, PromptHash: c.PromptHash,
		Provider: c.Provider, Model: c.Model, Attempt: c.Attempt, TokensIn: c.TokensIn, TokensCached: c.TokensCached, TokensOut: c.TokensOut,
		Estimated: flag(c.Estimated), Cost: c.CostMicroUSD, Priced: flag(c.Priced), FirstToken: c.FirstToken.Microseconds(), Total: c.Total.Microseconds(),
		Finish: c.Finish, Failure: c.Failure, StartedAt: micros(c.StartedAt), EndedAt: microsOrNull(c.EndedAt),
	}
}

func (r callRow) call() stride.LLMCall {
	return stride.LLMCall{
		ID: r.ID, DraftID: r.DraftID, ProjectID: r.ProjectID, Run: r.Run, Task: r.Task, PromptVersion: r.PromptVersion, PromptHash: r.PromptHash,
		Provider: r.Provider, Model: r.Model, Attempt: r.Attempt, TokensIn: r.TokensIn, TokensCached: r.TokensCached, TokensOut: r.TokensOut,
		Estimated: r.Estimated != 0, CostMicroUSD: r.Cost, Priced: r.Priced != 0,
		FirstToken: time.Duration(r.FirstToken) * time.Microsecond, Total: time.Duration(r.Total) * time.Microsecond,
		Finish: r.Finish, Failure: r.Failure, StartedAt: instant(r.StartedAt), EndedAt: instantOrNil(r.EndedAt),
	}
}

const selectCalls = `
select c.id, c.draft_id, c.project_id, c.run, c.task, c.prompt_version, c.prompt_hash, c.provider, c.model, c.attempt, c.tokens_in, c.tokens_cached,
       c.tokens_out, c.estimated, c.cost_micro_usd, c.priced, c.first_token, c.total, c.finish, c.failure, c.started_at, c.ended_at
from llm_calls c`

const sumCalls = `
select count(*) as calls, coalesce(sum(case when failure <> '' then 1 else 0 end), 0) as failed, coalesce(sum(tokens_in), 0) as tokens_in,
       coalesce(sum(tokens_cached), 0) as tokens_cached, coalesce(sum(tokens_out), 0) as tokens_out,
       coalesce(sum(cost_micro_usd), 0) as cost_micro_usd, coalesce(sum(1 - priced), 0) as unpriced
from llm_calls where draft_id = ?`

// DraftCalls lists the calls of a draft to language models by id, oldest first, and
// their sums over all pages.
func (s *Store) DraftCalls(ctx context.Context, id stride.DraftID, p analysis.Page) (analysis.Listing[stride.LLMCall], stride.LLMUsage, error) {
	var none analysis.Listing[stride.LLMCall]
	var sums struct {
		Calls        int   `db:"calls"`
		Failed       int   `db:"failed"`
		TokensIn     int64 `db:"tokens_in"`
		TokensCached int64 `db:"tokens_cached"`
		TokensOut    int64 `db:"tokens_out"`
		Cost         int64 `db:"cost_micro_usd"`
		Unpriced     int   `db:"unpriced"`
	}
	if err := s.get(ctx, &sums, sumCalls, id); err != nil {
		return none, stride.LLMUsage{}, fmt.Errorf("add up calls: %w", err)
	}
	var f filter
	f.where("c.draft_id = ?", id)
	by := order{name: "id", id: "c.id"}
	if err := f.after(by, p.After); err != nil {
		return none, stride.LLMUsage{}, err
	}
	size := pageSize(p)
	var rows []callRow
	if err := s.list(ctx, &rows, selectCalls+f.sql()+by.sql(), append(f.args, size+1)...); err != nil {
		return none, stride.LLMUsage{}, fmt.Errorf("list calls: %w", err)
	}
	found := listing(rows, size, callRow.call, func(r callRow) analysis.Cursor { return analysis.Cursor{Sort: by.name, ID: string(r.ID)} })
	return found, stride.LLMUsage{
		Calls: sums.Calls, Failed: sums.Failed, TokensIn: sums.TokensIn, TokensCached: sums.TokensCached, TokensOut: sums.TokensOut,
		CostMicroUSD: sums.Cost, Unpriced: sums.Unpriced,
	}, nil
}

// InLedgerTx implements analysis.LedgerStore.
func (s *Store) InLedgerTx(ctx context.Context, fn func(analysis.LedgerTx) error) error {
	return s.inTx(ctx, func(tx *Tx) error { return fn(tx) })
}

// LockLedger holds back other entries until the transaction ends.
func (tx *Tx) LockLedger(ctx context.Context) error {
	if tx.dialect.lockLedger == "" {
		return nil
	}
	if _, err := tx.exec(ctx, tx.dialect.lockLedger); err != nil {
		return fmt.Errorf("lock the ledger: %w", err)
	}
	return nil
}

// Spent adds up the cost of the calls that match, in micro-USD: of those that have
// ended, and the most that those under way may cost.
func (tx *Tx) Spent(ctx context.Context, m analysis.SpentMatch) (analysis.Spent, error) {
	var f filter
	if m.Draft != "" {
		f.where("draft_id = ?", m.Draft)
	}
	if m.Project != "" {
		f.where("project_id = ?", m.Project)
	}
	if !m.Since.IsZero() {
		f.where("started_at >= ?", micros(m.Since))
	}
	var sum struct {
		Ended    int64 `db:"ended"`
		UnderWay int64 `db:"under_way"`
	}
	if err := tx.get(ctx, &sum, sumSpent+f.sql(), f.args...); err != nil {
		return analysis.Spent{}, fmt.Errorf("add up calls: %w", err)
	}
	return analysis.Spent(sum), nil
}

const sumSpent = `
select coalesce(sum(case when ended_at is null then 0 else cost_micro_usd end), 0) as ended,
       coalesce(sum(case when ended_at is null then cost_micro_usd else 0 end), 0) as under_way
from llm_calls`

const insertCall = `
insert into llm_calls
    (id, draft_id, project_id, run, task, prompt_version, prompt_hash, provider, model, attempt, tokens_in, tokens_cached, tokens_out, estimated,
     cost_micro_usd, priced, first_token, total, finish, failure, started_at, ended_at)
values
    (:id, :draft_id, :project_id, :run, :task, :prompt_version, :prompt_hash, :provider, :model, :attempt, :tokens_in, :tokens_cached, :tokens_out,
     :estimated, :cost_micro_usd, :priced, :first_token, :total, :finish, :failure, :started_at, :ended_at)`

// InsertCall writes an entry of the ledger.
func (tx *Tx) InsertCall(ctx context.Context, c stride.LLMCall) error {
	if _, err := tx.execRow(ctx, insertCall, newCallRow(c)); err != nil {
		return fmt.Errorf("insert call: %w", err)
	}
	return nil
}

const endCall = `
update llm_calls
set provider = :provider, model = :model, tokens_in = :tokens_in, tokens_cached = :tokens_cached, tokens_out = :tokens_out, estimated = :estimated,
    cost_micro_usd = :cost_micro_usd, priced = :priced, first_token = :first_token, total = :total, finish = :finish, failure = :failure,
    ended_at = :ended_at
where id = :id and ended_at is null`

// EndCall completes an entry, by its id. Conflict where it is not under way.
func (s *Store) EndCall(ctx context.Context, c stride.LLMCall) error {
	return s.inTx(ctx, func(tx *Tx) error {
		n, err := tx.execRow(ctx, endCall, newCallRow(c))
		if err != nil {
			return fmt.Errorf("end call: %w", err)
		}
		if n == 0 {
			return stride.Errorf(stride.Conflict, "the call is not under way")
		}
		return nil
	})
}

const whereLastCall = ` where c.provider = ? and c.model = ? and c.ended_at is not null order by c.started_at desc, c.id desc limit 1`

// LastCall returns the newest call to a provider's model that ended; ok is false
// where there was none.
func (s *Store) LastCall(ctx context.Context, provider, model string) (c stride.LLMCall, ok bool, err error) {
	var rows []callRow
	if err := s.list(ctx, &rows, selectCalls+whereLastCall, provider, model); err != nil {
		return c, false, fmt.Errorf("find last call: %w", err)
	}
	if len(rows) == 0 {
		return c, false, nil
	}
	return rows[0].call(), true, nil
}

const closeCalls = `
update llm_calls
set ended_at = ?, failure = 'canceled', tokens_out = 0, estimated = 1,
    cost_micro_usd = case when tokens_in + tokens_out > 0 then cost_micro_usd * tokens_in / (tokens_in + tokens_out) else 0 end
where draft_id = ? and run < ? and ended_at is null`

// CloseCalls ends the calls of the draft that runs before the given one left under
// way. Nobody knows what they cost; the prompt's share of the estimate is what they
// count with from now on.
func (tx *Tx) CloseCalls(ctx context.Context, d stride.DraftID, before int, at time.Time) error {
	if _, err := tx.exec(ctx, closeCalls, micros(at), d, before); err != nil {
		return fmt.Errorf("close calls: %w", err)
	}
	return nil
}
