package analysis

import (
	"context"
	"fmt"
	"time"

	"github.com/threatdraft/threatdraft/internal/draft"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// Budget bounds what calls to language models may cost, in micro-USD; 0 does not.
type Budget struct {
	// Draft is for one draft over all of its runs.
	Draft int64
	// Project and Month are for a calendar month (UTC): of one project, and of all.
	Project, Month int64
}

// LedgerStore is what the ledger needs of storage.
type LedgerStore interface {
	// EndCall completes an entry, by its id.
	EndCall(ctx context.Context, c stride.LLMCall) error
	InLedgerTx(ctx context.Context, fn func(LedgerTx) error) error
}

// LedgerTx is the transactional set of the ledger.
type LedgerTx interface {
	// LockLedger holds back other entries until the transaction ends.
	LockLedger(ctx context.Context) error
	// Spent adds up the cost of the calls that match.
	Spent(ctx context.Context, m SpentMatch) (Spent, error)
	InsertCall(ctx context.Context, c stride.LLMCall) error
}

// Spent is in micro-USD: of calls that have ended, and the most that those under way
// may cost.
type Spent struct{ Ended, UnderWay int64 }

// SpentMatch says whose calls to add up; its zero fields match all.
type SpentMatch struct {
	Draft   stride.DraftID
	Project stride.ProjectID
	Since   time.Time
}

// ledger accounts for the calls of one run.
type ledger struct {
	Kit
	store  LedgerStore
	budget Budget
	draft  stride.DraftID
	// project owns the draft.
	project stride.ProjectID
	run     int
}

var _ draft.Ledger = (*ledger)(nil)

// budgetPause is how long a call waits until it asks again whether the calls under
// way have left it room.
const budgetPause = 200 * time.Millisecond

// Enter writes the entry of a planned call where every budget allows it. Where only
// what calls under way may cost at most stands in the way, it waits for them: they
// mostly cost less.
func (l *ledger) Enter(ctx context.Context, planned draft.Attempt) (string, error) {
	c := l.call(planned)
	c.ID = stride.LLMCallID(l.NewID())
	for {
		wait := false
		err := l.store.InLedgerTx(ctx, func(tx LedgerTx) error {
			var err error
			if wait, err = l.mustWait(ctx, tx, c); err != nil || wait {
				return err
			}
			return tx.InsertCall(ctx, c)
		})
		if err != nil || !wait {
			return string(c.ID), err
		}
		pause := time.NewTimer(budgetPause)
		select {
		case <-ctx.Done():
			pause.Stop()
			return "", fmt.Errorf("wait for the budget: %w", ctx.Err())
		case <-pause.C:
		}
	}
}

// mustWait returns a failure of kind budget_exceeded where the call may take a budget
// over its bound whatever the calls under way turn out to cost, and true where it may
// only because of them.
func (l *ledger) mustWait(ctx context.Context, tx LedgerTx, c stride.LLMCall) (bool, error) {
	if l.budget == (Budget{}) {
		return false, nil
	}
	if err := tx.LockLedger(ctx); err != nil {
		return false, fmt.Errorf("lock the ledger: %w", err)
	}
	month := time.Date(c.StartedAt.UTC().Year(), c.StartedAt.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	wait := false
	for _, b := range []struct {
		limit int64
		match SpentMatch
		of    string
	}{
		{l.budget.Draft, SpentMatch{Draft: l.draft}, "this draft"},
		{l.budget.Project, SpentMatch{Project: l.project, Since: month}, "this project this month"},
		{l.budget.Month, SpentMatch{Since: month}, "this month"},
	} {
		if b.limit == 0 {
			continue
		}
		spent, err := tx.Spent(ctx, b.match)
		if err != nil {
			return false, fmt.Errorf("add up the ledger: %w", err)
		}
		if spent.Ended+c.CostMicroUSD > b.limit {
			return false, draft.OverBudget(fmt.Sprintf("the budget of %s USD for %s is used up: %s USD are spent, and the next call may cost %s USD",
				usd(b.limit), b.of, usd(spent.Ended), usd(c.CostMicroUSD)))
		}
		wait = wait || spent.Ended+spent.UnderWay+c.CostMicroUSD > b.limit
	}
	return wait, nil
}

// usd writes micro-USD with the places that tell small amounts apart.
func usd(micro int64) string { return fmt.Sprintf("%.4f", float64(micro)/1e6) }

// Record completes the entry.
func (l *ledger) Record(ctx context.Context, entry string, a draft.Attempt) error {
	c := l.call(a)
	c.ID = stride.LLMCallID(entry)
	ended := l.Now()
	c.EndedAt = &ended
	return l.store.EndCall(ctx, c)
}

func (l *ledger) call(a draft.Attempt) stride.LLMCall {
	return stride.LLMCall{
		DraftID: l.draft, ProjectID: l.project, Run: l.run, Task: a.Task, PromptVersion: a.PromptVersion, PromptHash: a.PromptHash,
		Provider: a.Provider, Model: a.Model, Attempt: a.Number, TokensIn: a.Usage.Prompt, TokensCached: a.Usage.Cached, TokensOut: a.Usage.Completion,
		Estimated: a.Usage.Estimated, CostMicroUSD: a.CostMicroUSD, Priced: a.Priced, FirstToken: a.FirstToken, Total: a.Total,
		Finish: string(a.Finish), Failure: a.Failure, StartedAt: a.StartedAt,
	}
}
