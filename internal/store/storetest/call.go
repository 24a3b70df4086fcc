package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func callTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"comes back whole":                 testCallRoundTrip,
		"ends once":                        testEndCall,
		"pages and sums":                   testDraftCalls,
		"last call":                        testLastCall,
		"spent":                            testSpent,
		"calls of a dead run":              testCallsOfADeadRun,
		"a budget holds in a race":         testBudgetRace,
		"an entry that failed leaves none": testEntryUndone,
	}
}

// newCall is one under way that is not stored yet, as it will come back.
func (f *fixture) newCall(d stride.Draft) stride.LLMCall {
	return stride.LLMCall{
		ID: newID[stride.LLMCallID](), DraftID: d.ID, ProjectID: d.ProjectID, Run: 2, Task: "threats", PromptVersion: "v3", PromptHash: "00ff",
		Provider: "openai", Model: "parrot", Attempt: 4, TokensIn: 500, TokensCached: 60, TokensOut: 7000, Estimated: true, CostMicroUSD: 800, Priced: true,
		FirstToken: 9 * time.Microsecond, Total: 10 * time.Second, Finish: "stop", Failure: "timeout", StartedAt: kept(f.now()),
	}
}

func (f *fixture) inLedgerTx(t *testing.T, fn func(analysis.LedgerTx) error) {
	t.Helper()
	require.NoError(t, f.InLedgerTx(f.ctx, fn))
}

func (f *fixture) insertCall(t *testing.T, c stride.LLMCall) stride.LLMCall {
	t.Helper()
	f.inLedgerTx(t, func(tx analysis.LedgerTx) error { return tx.InsertCall(f.ctx, c) })
	return c
}

// calls are all of a draft.
func (f *fixture) calls(t *testing.T, d stride.DraftID) []stride.LLMCall {
	t.Helper()
	got, _, err := f.DraftCalls(f.ctx, d, analysis.Page{Limit: 100})
	require.NoError(t, err)
	return got.Items
}

func testCallRoundTrip(t *testing.T, f *fixture) {
	d := f.run(t, "shop").draft
	full, bare := f.newCall(d), stride.LLMCall{ID: newID[stride.LLMCallID](), DraftID: d.ID, ProjectID: d.ProjectID, StartedAt: kept(f.now())}
	full.EndedAt = keptPtr(f.now())
	f.insertCall(t, full)
	f.insertCall(t, bare)
	require.Empty(t, cmp.Diff([]stride.LLMCall{full, bare}, f.calls(t, d.ID)))
	foreign := f.newCall(d)
	foreign.DraftID = newID[stride.DraftID]()
	require.Error(t, f.InLedgerTx(f.ctx, func(tx analysis.LedgerTx) error { return tx.InsertCall(f.ctx, foreign) }), "of no draft")
}

func testEndCall(t *testing.T, f *fixture) {
	d := f.run(t, "shop").draft
	began, other := f.insertCall(t, f.newCall(d)), f.insertCall(t, f.newCall(d))
	require.Nil(t, f.calls(t, d.ID)[0].EndedAt, "it is under way")
	ended := stride.LLMCall{
		ID: began.ID, Provider: "fallback", Model: "jay", TokensIn: 1, TokensCached: 2, TokensOut: 3, CostMicroUSD: 4, FirstToken: 5 * time.Millisecond,
		Total: 6 * time.Hour, Finish: "length", Failure: "truncated", EndedAt: keptPtr(f.now()),
		// what an entry is about does not change
		DraftID: other.DraftID, ProjectID: "other", Run: 9, Task: "gaps", PromptVersion: "v9", PromptHash: "99", Attempt: 9, StartedAt: f.now(),
	}
	require.NoError(t, f.EndCall(f.ctx, ended))
	want := ended
	want.ProjectID, want.Run, want.Task, want.PromptVersion, want.PromptHash = began.ProjectID, began.Run, began.Task, began.PromptVersion, began.PromptHash
	want.Attempt, want.StartedAt = began.Attempt, began.StartedAt
	require.Empty(t, cmp.Diff([]stride.LLMCall{want, other}, f.calls(t, d.ID)))

	ended.Finish = "stop"
	requireKind(t, stride.Conflict, f.EndCall(f.ctx, ended))
	unknown := f.newCall(d)
	requireKind(t, stride.Conflict, f.EndCall(f.ctx, unknown))
	require.Empty(t, cmp.Diff([]stride.LLMCall{want, other}, f.calls(t, d.ID)), "nothing was written")
}

func testDraftCalls(t *testing.T, f *fixture) {
	r, other := f.run(t, "shop"), f.run(t, "other")
	var want []stride.LLMCallID
	for i := range 5 {
		c := f.newCall(r.draft)
		c.TokensIn, c.TokensCached, c.TokensOut, c.CostMicroUSD = 1, 10, 100, 1000
		if c.Failure = ""; i < 2 {
			c.Failure = "refused"
		}
		c.Priced = i != 3
		want = append(want, f.insertCall(t, c).ID)
		f.insertCall(t, f.newCall(other.draft))
	}
	sums := stride.LLMUsage{Calls: 5, Failed: 2, TokensIn: 5, TokensCached: 50, TokensOut: 500, CostMicroUSD: 5000, Unpriced: 1}
	var got []stride.LLMCallID
	for _, c := range pages(t, 2, nil, func(p analysis.Page) (analysis.Listing[stride.LLMCall], error) {
		list, usage, err := f.DraftCalls(f.ctx, r.draft.ID, p)
		require.Equal(t, sums, usage, "the sums are over all pages")
		return list, err
	}) {
		got = append(got, c.ID)
	}
	require.Equal(t, want, got)
	_, _, err := f.DraftCalls(f.ctx, r.draft.ID, analysis.Page{After: &analysis.Cursor{Sort: "other"}})
	requireKind(t, stride.Invalid, err)
	none, usage, err := f.DraftCalls(f.ctx, newID[stride.DraftID](), analysis.Page{Limit: 2})
	require.NoError(t, err)
	require.Empty(t, none.Items)
	require.Zero(t, usage)
}

func testLastCall(t *testing.T, f *fixture) {
	d := f.run(t, "shop").draft
	_, ok, err := f.LastCall(f.ctx, "openai", "parrot")
	require.NoError(t, err)
	require.False(t, ok)
	add := func(change func(*stride.LLMCall)) stride.LLMCall {
		c := f.newCall(d)
		c.EndedAt = keptPtr(f.now())
		change(&c)
		return f.insertCall(t, c)
	}
	add(func(c *stride.LLMCall) { c.EndedAt = nil })
	_, ok, err = f.LastCall(f.ctx, "openai", "parrot")
	require.NoError(t, err)
	require.False(t, ok, "one under way has not ended")
	add(func(*stride.LLMCall) {})
	newest := add(func(c *stride.LLMCall) { c.StartedAt = c.StartedAt.Add(time.Hour) })
	add(func(*stride.LLMCall) {}) // stored later, but begun before
	add(func(c *stride.LLMCall) { c.StartedAt, c.EndedAt = c.StartedAt.Add(2*time.Hour), nil })
	add(func(c *stride.LLMCall) { c.StartedAt, c.Model = c.StartedAt.Add(2*time.Hour), "jay" })
	add(func(c *stride.LLMCall) { c.StartedAt, c.Provider = c.StartedAt.Add(2*time.Hour), "OpenAI" })
	got, ok, err := f.LastCall(f.ctx, "openai", "parrot")
	require.NoError(t, err)
	require.True(t, ok)
	require.Empty(t, cmp.Diff(newest, got))
}

func testSpent(t *testing.T, f *fixture) {
	r, other := f.run(t, "shop"), f.run(t, "other")
	second := r
	second.draft = f.draft(t, r.model)
	since := f.now()
	for _, c := range []struct {
		draft stride.Draft
		cost  int64
		at    time.Time
		ended bool
	}{
		{r.draft, 1, since.Add(-time.Microsecond), true},
		{r.draft, 10, since, true},
		{r.draft, 100, since.Add(time.Hour), false}, // under way
		{second.draft, 1000, since.Add(-time.Hour), true},
		{other.draft, 10_000, since.Add(time.Hour), true},
	} {
		call := f.newCall(c.draft)
		call.CostMicroUSD, call.StartedAt = c.cost, c.at
		if c.ended {
			call.EndedAt = keptPtr(c.at)
		}
		f.insertCall(t, call)
	}
	for name, tt := range map[string]struct {
		match analysis.SpentMatch
		want  analysis.Spent
	}{
		"all":                {analysis.SpentMatch{}, analysis.Spent{Ended: 11_011, UnderWay: 100}},
		"draft":              {analysis.SpentMatch{Draft: r.draft.ID}, analysis.Spent{Ended: 11, UnderWay: 100}},
		"project":            {analysis.SpentMatch{Project: r.project.ID}, analysis.Spent{Ended: 1011, UnderWay: 100}},
		"project since":      {analysis.SpentMatch{Project: r.project.ID, Since: since}, analysis.Spent{Ended: 10, UnderWay: 100}},
		"since":              {analysis.SpentMatch{Since: since}, analysis.Spent{Ended: 10_010, UnderWay: 100}},
		"draft elsewhere":    {analysis.SpentMatch{Draft: r.draft.ID, Project: other.project.ID}, analysis.Spent{}},
		"unknown":            {analysis.SpentMatch{Draft: newID[stride.DraftID]()}, analysis.Spent{}},
		"since a later year": {analysis.SpentMatch{Since: since.AddDate(1, 0, 0)}, analysis.Spent{}},
	} {
		f.inLedgerTx(t, func(tx analysis.LedgerTx) error {
			got, err := tx.Spent(f.ctx, tt.match)
			require.Equal(t, tt.want, got, name)
			return err
		})
	}
}

// testCallsOfADeadRun ends what a run left under way with its prompt's share, and
// nothing else.
func testCallsOfADeadRun(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	other := f.draft(t, r.model)
	left := func(d stride.Draft, run int, ended bool) stride.LLMCallID {
		c := f.newCall(d)
		c.Run, c.TokensIn, c.TokensOut, c.CostMicroUSD, c.EndedAt = run, 300, 100, 4000, nil
		if ended {
			c.EndedAt = keptPtr(f.now())
		}
		f.insertCall(t, c)
		return c.ID
	}
	dead, done, living, foreign := left(r.draft, 1, false), left(r.draft, 1, true), left(r.draft, 2, false), left(other, 1, false)
	f.inRunTx(t, func(tx analysis.RunTx) error { return tx.CloseCalls(f.ctx, r.draft.ID, 2, f.now()) })
	got := map[stride.LLMCallID]stride.LLMCall{}
	for _, c := range append(f.calls(t, r.draft.ID), f.calls(t, other.ID)...) {
		got[c.ID] = c
	}
	require.NotNil(t, got[dead].EndedAt)
	require.Equal(t, []any{int64(3000), 300, 0, stride.LLMFailure("canceled"), true},
		[]any{got[dead].CostMicroUSD, got[dead].TokensIn, got[dead].TokensOut, got[dead].Failure, got[dead].Estimated})
	require.Equal(t, int64(4000), got[done].CostMicroUSD)
	require.Nil(t, got[living].EndedAt)
	require.Nil(t, got[foreign].EndedAt)
}

// testBudgetRace has many workers ask for the last of a budget: what was read
// under the lock stays true until the entry is written. The first rounds open the
// connections, without which nobody is at the same time as another.
func testBudgetRace(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	for range 6 {
		f.raceForBudget(t, f.draft(t, r.model))
	}
}

func (f *fixture) raceForBudget(t *testing.T, d stride.Draft) {
	t.Helper()
	const limit, cost, workers = 30, 10, 12
	calls := make([]stride.LLMCall, workers)
	for i := range calls {
		calls[i] = f.newCall(d)
		calls[i].CostMicroUSD = cost
	}
	results := race(workers, func(i int) error {
		return f.InLedgerTx(f.ctx, func(tx analysis.LedgerTx) error {
			if err := tx.LockLedger(f.ctx); err != nil {
				return err
			}
			spent, err := tx.Spent(f.ctx, analysis.SpentMatch{Draft: d.ID})
			if err != nil {
				return err
			}
			if spent.Ended+spent.UnderWay+cost > limit {
				return stride.Errorf(stride.Conflict, "used up")
			}
			return tx.InsertCall(f.ctx, calls[i])
		})
	})
	require.Equal(t, limit/cost, winners(t, results, stride.Conflict))
	require.Len(t, f.calls(t, d.ID), limit/cost)
}

func testEntryUndone(t *testing.T, f *fixture) {
	d := f.run(t, "shop").draft
	require.ErrorIs(t, f.InLedgerTx(f.ctx, func(tx analysis.LedgerTx) error {
		require.NoError(t, tx.LockLedger(f.ctx))
		require.NoError(t, tx.InsertCall(f.ctx, f.newCall(d)))
		return errUndo
	}), errUndo)
	require.Empty(t, f.calls(t, d.ID))
	f.inLedgerTx(t, func(tx analysis.LedgerTx) error { return tx.LockLedger(f.ctx) }) // it is free again
	gone, stop := context.WithCancel(f.ctx)
	stop()
	require.Error(t, f.InLedgerTx(gone, func(tx analysis.LedgerTx) error { return tx.LockLedger(gone) }))
}

// review writes a decision on a suggestion of a fresh title.
func (f *fixture) review(t *testing.T, r run, title string, kind stride.DecisionKind, reason stride.RejectReason) stride.Suggestion {
	t.Helper()
	s := f.suggestion(t, r, title)
	from := s.State
	s.State = map[stride.DecisionKind]stride.SuggestionState{
		stride.DecisionAccept: stride.SuggestionAccepted, stride.DecisionReject: stride.SuggestionRejected, stride.DecisionMerge: stride.SuggestionMerged,
	}[kind]
	s.DecidedAt, s.DecidedBy = keptPtr(f.now()), "rev"
	require.NoError(t, f.InReviewTx(f.ctx, func(tx analysis.ReviewTx) error {
		if err := tx.UpdateSuggestion(f.ctx, s, from); err != nil {
			return err
		}
		return tx.InsertDecision(f.ctx, stride.Decision{
			ID: newID[stride.DecisionID](), SuggestionID: s.ID, Kind: kind, Reason: reason, Text: "on " + title, ActorID: "rev", At: *s.DecidedAt,
		})
	}))
	s.Revision++
	return s
}

// reviewed returns what is found, those accepted first.
func (f *fixture) reviewed(t *testing.T, p stride.ProjectID, limit int) (accepted, rejected []string) {
	t.Helper()
	got, err := f.Reviewed(f.ctx, p, limit)
	require.NoError(t, err)
	for _, r := range got {
		if r.Accepted {
			accepted = append(accepted, r.Title)
		} else {
			rejected = append(rejected, r.Title)
		}
	}
	return accepted, rejected
}

func testReviewed(t *testing.T, f *fixture) {
	r, other := f.run(t, "shop"), f.run(t, "other")
	accepted, rejected := f.reviewed(t, r.project.ID, 3)
	require.Empty(t, slices.Concat(accepted, rejected))
	f.suggestion(t, r, "pending")
	again := r
	again.model = f.model(t, r.project, r.model.Scope, 2)
	again.draft = f.draft(t, again.model)
	f.review(t, r, "a1", stride.DecisionAccept, "")
	f.review(t, r, "a2", stride.DecisionAccept, "")
	f.review(t, again, "a1", stride.DecisionAccept, "") // the title again, newer
	f.review(t, r, "r1", stride.DecisionReject, stride.ReasonOutOfScope)
	f.review(t, r, "r2", stride.DecisionReject, stride.ReasonDuplicate)
	f.review(t, r, "m1", stride.DecisionMerge, "")
	for i := range 2 {
		f.review(t, other, fmt.Sprint("elsewhere ", i), stride.DecisionReject, stride.ReasonOther)
	}
	f.review(t, other, "a3", stride.DecisionAccept, "")

	accepted, rejected = f.reviewed(t, r.project.ID, 3)
	require.Equal(t, []string{"a1", "a2"}, accepted)
	require.Equal(t, []string{"r1"}, rejected)
	accepted, rejected = f.reviewed(t, r.project.ID, 1)
	require.Equal(t, []string{"a1"}, accepted)
	require.Equal(t, []string{"r1"}, rejected)
	accepted, rejected = f.reviewed(t, "", 2)
	require.Equal(t, []string{"a3", "a1"}, accepted)
	require.Equal(t, []string{"elsewhere 1", "elsewhere 0"}, rejected)
	got, err := f.Reviewed(f.ctx, r.project.ID, 3)
	require.NoError(t, err)
	require.Contains(t, got, analysis.Reviewed{Title: "r1", Reason: stride.ReasonOutOfScope, Text: "on r1"})
	require.Contains(t, got, analysis.Reviewed{Title: "a1", Accepted: true, Text: "on a1"})
}

// testReviewedNow holds that what counts is how a suggestion stands, in the words
// that it was accepted in.
func testReviewedNow(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	move := func(s stride.Suggestion, kind stride.DecisionKind, to stride.SuggestionState, reason stride.RejectReason) stride.Suggestion {
		from := s.State
		if s.State, s.DecidedAt, s.DecidedBy = to, nil, ""; to != stride.SuggestionPending {
			s.DecidedAt, s.DecidedBy = keptPtr(f.now()), "rev"
		}
		at := f.now()
		if s.DecidedAt != nil {
			at = *s.DecidedAt
		}
		require.NoError(t, f.InReviewTx(f.ctx, func(tx analysis.ReviewTx) error {
			if err := tx.UpdateSuggestion(f.ctx, s, from); err != nil {
				return err
			}
			return tx.InsertDecision(f.ctx, stride.Decision{ID: newID[stride.DecisionID](), SuggestionID: s.ID, Kind: kind, Reason: reason, ActorID: "rev", At: at})
		}))
		s.Revision++
		return s
	}
	undone := f.review(t, r, "undone", stride.DecisionAccept, "")
	move(undone, stride.DecisionReopen, stride.SuggestionPending, "")
	turned := f.review(t, r, "turned", stride.DecisionReject, stride.ReasonOther)
	turned = move(turned, stride.DecisionReopen, stride.SuggestionPending, "")
	turned.Current.Title = "turned and reworded"
	move(turned, stride.DecisionAccept, stride.SuggestionAccepted, "")
	twin := f.review(t, r, "twin", stride.DecisionReject, stride.ReasonOutOfScope)
	twin = move(twin, stride.DecisionReopen, stride.SuggestionPending, "")
	move(twin, stride.DecisionReject, stride.SuggestionRejected, stride.ReasonDuplicate)
	accepted, rejected := f.reviewed(t, r.project.ID, 9)
	require.Equal(t, []string{"turned and reworded"}, accepted)
	require.Empty(t, rejected)
}
