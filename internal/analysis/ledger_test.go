package analysis

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/draft"
	"github.com/threatdraft/threatdraft/internal/llm"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// entries is a LedgerStore in memory: what was spent, by what it is asked for.
type entries struct {
	spent map[SpentMatch]int64
	// underWay is what calls under way may cost at each look; the last one stays.
	underWay []int64
	asked    []SpentMatch
	locked   int
	inserted []stride.LLMCall
	ended    []stride.LLMCall
	broken   error
}

func (e *entries) InLedgerTx(_ context.Context, fn func(LedgerTx) error) error { return fn(e) }

func (e *entries) LockLedger(context.Context) error {
	e.locked++
	return e.broken
}

func (e *entries) Spent(_ context.Context, m SpentMatch) (Spent, error) {
	e.asked = append(e.asked, m)
	s := Spent{Ended: e.spent[m]}
	if len(e.underWay) > 0 {
		s.UnderWay = e.underWay[0]
	}
	if len(e.underWay) > 1 {
		e.underWay = e.underWay[1:]
	}
	return s, nil
}

func (e *entries) InsertCall(_ context.Context, c stride.LLMCall) error {
	e.inserted = append(e.inserted, c)
	return nil
}

func (e *entries) EndCall(_ context.Context, c stride.LLMCall) error {
	e.ended = append(e.ended, c)
	return nil
}

func ledgerOver(e *entries, b Budget) *ledger {
	n := 0
	return &ledger{
		Kit: Kit{Now: func() time.Time { return noon }, NewID: func() string { n++; return fmt.Sprint("id ", n) }}, store: e, budget: b,
		draft: "d", project: "p", run: 3,
	}
}

func TestBudgetsSayWhatIsUsedUp(t *testing.T) {
	t.Parallel()
	month := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	ofDraft, ofProject, ofMonth := SpentMatch{Draft: "d"}, SpentMatch{Project: "p", Since: month}, SpentMatch{Since: month}
	all := Budget{Draft: 1_000_000, Project: 2_000_000, Month: 3_000_000}
	const cost = 250_000
	for name, tt := range map[string]struct {
		budget  Budget
		spent   map[SpentMatch]int64
		want    string
		entered bool
	}{
		"none": {Budget{}, map[SpentMatch]int64{ofDraft: 1 << 50, ofMonth: 1 << 50}, "", true},
		"to the last micro-dollar": {
			all, map[SpentMatch]int64{ofDraft: 750_000, ofProject: 1_750_000, ofMonth: 2_750_000}, "", true,
		},
		"the draft's": {
			all, map[SpentMatch]int64{ofDraft: 750_001},
			"the budget of 1.0000 USD for this draft is used up: 0.7500 USD are spent, and the next call may cost 0.2500 USD", false,
		},
		"the project's": {
			all, map[SpentMatch]int64{ofProject: 1_900_000},
			"the budget of 2.0000 USD for this project this month is used up: 1.9000 USD are spent, and the next call may cost 0.2500 USD", false,
		},
		"the month's": {
			all, map[SpentMatch]int64{ofMonth: 3_500_000},
			"the budget of 3.0000 USD for this month is used up: 3.5000 USD are spent, and the next call may cost 0.2500 USD", false,
		},
		"only the month's is set": {Budget{Month: 1_000_000}, map[SpentMatch]int64{ofDraft: 1 << 50, ofProject: 1 << 50}, "", true},
		"smaller than one call": {
			Budget{Draft: 100}, nil, "the budget of 0.0001 USD for this draft is used up: 0.0000 USD are spent, and the next call may cost 0.2500 USD", false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &entries{spent: tt.spent}
			_, err := ledgerOver(e, tt.budget).Enter(t.Context(), draft.Attempt{CostMicroUSD: cost, StartedAt: noon})
			require.Equal(t, tt.entered, len(e.inserted) == 1, "nothing is entered that is not allowed")
			if tt.want == "" {
				require.NoError(t, err)
				return
			}
			var f *llm.Failure
			require.ErrorAs(t, err, &f)
			require.Equal(t, llm.BudgetExceeded, f.Kind)
			require.False(t, f.Retryable())
			require.Equal(t, tt.want, f.Message)
			require.Equal(t, 1, e.locked)
		})
	}
}

// What calls under way may cost at most stands in no call's way for good: it waits for
// them, and no longer than its own context.
func TestACallWaitsForThoseUnderWay(t *testing.T) {
	t.Parallel()
	planned := draft.Attempt{CostMicroUSD: 50, StartedAt: noon}
	synctest.Test(t, func(t *testing.T) {
		e := &entries{underWay: []int64{100, 60, 40}}
		_, err := ledgerOver(e, Budget{Draft: 100}).Enter(t.Context(), planned)
		require.NoError(t, err)
		require.Len(t, e.inserted, 1)
		require.Equal(t, 3, e.locked)
	})
	synctest.Test(t, func(t *testing.T) {
		e := &entries{underWay: []int64{100}}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		_, err := ledgerOver(e, Budget{Draft: 100}).Enter(ctx, planned)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Empty(t, e.inserted)
	})
}

// A month is a calendar month in UTC, wherever the server's clock is set.
func TestBudgetMonthIsUTC(t *testing.T) {
	t.Parallel()
	east, west := time.FixedZone("east", 14*3600), time.FixedZone("west", -11*3600)
	for name, tt := range map[string]struct{ at, month time.Time }{
		"the last moment":        {time.Date(2026, 2, 28, 23, 59, 59, 999_999_999, time.UTC), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)},
		"the first moment":       {time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)},
		"already March, in east": {time.Date(2026, 3, 1, 13, 59, 0, 0, east), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC)},
		"still 2025, in west":    {time.Date(2025, 12, 31, 13, 0, 0, 0, west), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &entries{}
			_, err := ledgerOver(e, Budget{Project: 1, Month: 1}).Enter(t.Context(), draft.Attempt{StartedAt: tt.at})
			require.NoError(t, err)
			require.Equal(t, []SpentMatch{{Project: "p", Since: tt.month}, {Since: tt.month}}, e.asked)
		})
	}
}

func TestEntryHoldsTheAttempt(t *testing.T) {
	t.Parallel()
	e := &entries{}
	l := ledgerOver(e, Budget{})
	planned := draft.Attempt{
		Task: "threats", PromptVersion: "v1", PromptHash: "ff", Provider: "openai", Model: "parrot", Number: 2, Usage: llm.Usage{Prompt: 1, Completion: 2, Estimated: true},
		CostMicroUSD: 3, Priced: true, StartedAt: noon,
	}
	id, err := l.Enter(t.Context(), planned)
	require.NoError(t, err)
	want := stride.LLMCall{
		ID: stride.LLMCallID(id), DraftID: "d", ProjectID: "p", Run: 3, Task: "threats", PromptVersion: "v1", PromptHash: "ff", Provider: "openai", Model: "parrot",
		Attempt: 2, TokensIn: 1, TokensOut: 2, Estimated: true, CostMicroUSD: 3, Priced: true, StartedAt: noon,
	}
	require.Empty(t, cmp.Diff([]stride.LLMCall{want}, e.inserted))
	require.Zero(t, e.locked, "without a budget nobody waits")

	done := planned
	done.Usage, done.FirstToken, done.Total, done.Finish, done.Failure = llm.Usage{Prompt: 9, Cached: 8, Completion: 7}, 6, 5, llm.FinishLength, llm.Truncated
	require.NoError(t, l.Record(t.Context(), id, done))
	want.TokensIn, want.TokensCached, want.TokensOut, want.Estimated = 9, 8, 7, false
	want.FirstToken, want.Total, want.Finish, want.Failure, want.EndedAt = 6, 5, "length", "truncated", &noon
	require.Empty(t, cmp.Diff([]stride.LLMCall{want}, e.ended))
}

// A ledger that cannot be asked is no budget that is used up.
func TestBrokenLedgerIsNoBudget(t *testing.T) {
	t.Parallel()
	broken := errors.New("no database")
	e := &entries{broken: broken}
	_, err := ledgerOver(e, Budget{Draft: 1}).Enter(t.Context(), draft.Attempt{})
	require.ErrorIs(t, err, broken)
	var f *llm.Failure
	require.NotErrorAs(t, err, &f)
	require.Empty(t, e.inserted)
}
