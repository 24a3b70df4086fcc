package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func checkpointTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"finished questions come back":    testFinished,
		"a model's words stay":            testModelsWordsStay,
		"a lost lease keeps nothing":      testCheckpointLost,
		"resume":                          testResume,
		"resume is guarded":               testResumeGuards,
		"one of many resumes wins":        testResumeRace,
		"a resumed draft is still there":  testResumedIsPublished,
		"newer draft":                     testNewerDraft,
		"suggestions of the draft":        testDraftSuggestions,
		"questions of the draft":          testDraftQuestions,
		"extended architecture":           testExtendModel,
		"reviewed suggestions":            testReviewed,
		"reviewed is how it stands now":   testReviewedNow,
		"first version with an extension": testInsertExtended,
	}
}

// holder is the lease of a draft that the fixture claimed.
func (f *fixture) holder(t *testing.T, d stride.Draft) analysis.Lease {
	t.Helper()
	now := f.now()
	require.True(t, f.claimRun(t, d, d.Run, "a", now))
	return analysis.Lease{Draft: d.ID, Run: d.Run, Owner: "a", Until: now.Add(time.Minute)}
}

func (f *fixture) saveItem(t *testing.T, l analysis.Lease, ordinal int, item analysis.Item) analysis.Beat {
	t.Helper()
	var b analysis.Beat
	f.inRunTx(t, func(tx analysis.RunTx) error {
		var err error
		b, err = tx.SaveItem(f.ctx, l, ordinal, item, stride.Progress{Stage: "ask", Done: ordinal, Total: 9})
		return err
	})
	return b
}

func (f *fixture) saveCheckpoint(t *testing.T, l analysis.Lease, c analysis.Checkpoint) analysis.Beat {
	t.Helper()
	var b analysis.Beat
	f.inRunTx(t, func(tx analysis.RunTx) error {
		var err error
		b, err = tx.SaveCheckpoint(f.ctx, l, c, stride.Progress{Stage: "ask", Done: 2, Total: 5})
		return err
	})
	return b
}

func (f *fixture) finished(t *testing.T, d stride.DraftID) map[string]analysis.Finished {
	t.Helper()
	in, err := f.DraftInput(f.ctx, d)
	require.NoError(t, err)
	return in.Finished
}

// newCheckpoint is a finished question with something in each field.
func newCheckpoint(key string) analysis.Checkpoint {
	return analysis.Checkpoint{
		Group: stride.LLMGroup{
			Key: key, Task: "threats", Elements: []string{"Wéb", "Orders"}, TargetIDs: []stride.Key{"web", "db"}, Done: true, Split: true, Provider: "openai", Model: "parrot",
		},
		Found: &stride.Addition{
			Elements: []stride.Element{{ID: "cache", Name: "Cache", Kind: stride.DataStore, Evidence: []stride.Evidence{{Kind: stride.Quoted, SourceID: "s", Start: 1, End: 20, Quote: "a cache of the orders"}}}},
			Flows:    []stride.Flow{{ID: "web-cache", SourceID: "web", TargetID: "cache"}},
		},
		NotApplicable:   []stride.Cell{{TargetID: "db", Category: stride.Repudiation, State: stride.CellNotApplicable, Reason: "it keeps nothing that anybody could deny"}},
		Dropped:         []stride.LLMDrop{{Task: "threats", Title: "Fake", Reason: "no such part"}},
		DiscardedQuotes: 3,
	}
}

func testFinished(t *testing.T, f *fixture) {
	r, other := f.run(t, "shop"), f.run(t, "other")
	lease := f.holder(t, r.draft)
	item := func(key, group string) analysis.Item {
		return analysis.Item{Key: key, Group: group, Proposal: f.newSuggestion(r, key).Proposal}
	}
	for i, it := range []analysis.Item{item("rule", ""), item("z", "g1"), item("b", "g2"), item("a", "g1"), item("c", "unfinished")} {
		require.Equal(t, analysis.Beat{Held: true}, f.saveItem(t, lease, i+1, it))
	}
	first, second, undone := newCheckpoint("g1"), analysis.Checkpoint{Group: stride.LLMGroup{Key: "g2", Task: "threats", Done: true}}, newCheckpoint("g3")
	undone.Group.Done, undone.Group.Kind, undone.Group.Reason = false, "timeout", "too slow"
	stale := first
	stale.DiscardedQuotes = 99
	require.Equal(t, analysis.Beat{Held: true}, f.saveCheckpoint(t, lease, stale))
	for _, c := range []analysis.Checkpoint{first, second, undone} {
		require.Equal(t, analysis.Beat{Held: true}, f.saveCheckpoint(t, lease, c))
	}
	elsewhere := f.holder(t, other.draft)
	f.saveItem(t, elsewhere, 1, item("d", "g1"))
	f.saveCheckpoint(t, elsewhere, newCheckpoint("g9"))

	want := map[string]analysis.Finished{
		"g1": {Checkpoint: first, Items: []stride.Proposal{item("z", "").Proposal, item("a", "").Proposal}},
		"g2": {Checkpoint: second, Items: []stride.Proposal{item("b", "").Proposal}},
	}
	require.Empty(t, cmp.Diff(want, f.finished(t, r.draft.ID), cmpopts.EquateEmpty()), "in the order in which they came")
	got, err := f.Draft(f.ctx, everything(), r.draft.ID)
	require.NoError(t, err)
	require.Equal(t, stride.Progress{Stage: "ask", Done: 2, Total: 5}, got.Progress)
	require.Equal(t, kept(lease.Until), *got.LeaseUntil, "keeping something is a sign of life")

	// an item of the unfinished question comes in the answer to another
	f.saveItem(t, lease, 6, item("c", "g2"))
	require.Len(t, f.finished(t, r.draft.ID)["g2"].Items, 2)
}

func testModelsWordsStay(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	lease := f.holder(t, r.draft)
	worded := func(title, group string) analysis.Item {
		it := analysis.Item{Key: "k", Group: group, Proposal: f.newSuggestion(r, "k").Proposal}
		it.Proposal.Title = title
		return it
	}
	titles := func() []string {
		out := []string{}
		for _, p := range f.finished(t, r.draft.ID)["g"].Items {
			out = append(out, p.Title)
		}
		return out
	}
	f.saveCheckpoint(t, lease, newCheckpoint("g"))
	f.saveItem(t, lease, 1, worded("the rule's", ""))
	require.Empty(t, titles())
	f.saveItem(t, lease, 2, worded("the model's", "g"))
	require.Equal(t, []string{"the model's"}, titles())
	require.Equal(t, analysis.Beat{Held: true}, f.saveItem(t, lease, 1, worded("the rule's", "")), "as a repeated run does")
	require.Equal(t, []string{"the model's"}, titles())
	f.saveItem(t, lease, 3, worded("the model's, again", "g"))
	require.Equal(t, []string{"the model's, again"}, titles())
	require.Equal(t, 1, f.countRows(t, "draft_items"))
}

func testCheckpointLost(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	lease := f.holder(t, r.draft)
	before, err := f.Draft(f.ctx, everything(), r.draft.ID)
	require.NoError(t, err)
	otherRun, otherOwner, otherDraft := lease, lease, lease
	otherRun.Run, otherOwner.Owner, otherDraft.Draft = 2, "A", newID[stride.DraftID]()
	for _, l := range []analysis.Lease{otherRun, otherOwner, otherDraft} {
		require.Equal(t, analysis.Beat{}, f.saveCheckpoint(t, l, newCheckpoint("g")))
		require.Equal(t, analysis.Beat{}, f.saveItem(t, l, 1, analysis.Item{Key: "k", Group: "g"}))
	}
	require.Zero(t, f.countRows(t, "draft_groups")+f.countRows(t, "draft_items"))
	after, err := f.Draft(f.ctx, everything(), r.draft.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(before, after))
	require.NoError(t, f.InDraftTx(f.ctx, func(tx analysis.DraftTx) error { return tx.RequestCancel(f.ctx, r.draft.ID) }))
	require.Equal(t, analysis.Beat{Held: true, Cancel: true}, f.saveCheckpoint(t, lease, newCheckpoint("g")))
	f.endDraft(t, after, stride.DraftPartial)
	require.Equal(t, analysis.Beat{}, f.saveCheckpoint(t, lease, newCheckpoint("h")), "it has ended")
	require.NotContains(t, f.finished(t, r.draft.ID), "h")
}

func (f *fixture) resume(t *testing.T, d stride.Draft, wasRun int) bool {
	t.Helper()
	var ok bool
	require.NoError(t, f.InDraftTx(f.ctx, func(tx analysis.DraftTx) error {
		var err error
		ok, err = tx.ResumeDraft(f.ctx, d, wasRun, f.now())
		return err
	}))
	return ok
}

func testResume(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	f.holder(t, r.draft)
	require.NoError(t, f.InDraftTx(f.ctx, func(tx analysis.DraftTx) error { return tx.RequestCancel(f.ctx, r.draft.ID) }))
	d, err := f.Draft(f.ctx, everything(), r.draft.ID)
	require.NoError(t, err)
	d.Failure = &stride.DraftFailure{Kind: "canceled", Detail: "as asked"}
	d.Outcome = &stride.DraftOutcome{Suggestions: 3}
	d = f.endDraft(t, d, stride.DraftPartial)
	next := d
	next.Run, next.FirstRun, next.JobID = 2, 2, 77
	// what a resume does not write
	next.Outcome, next.StartedAt, next.Progress, next.AuthorID = nil, nil, stride.Progress{Stage: "x"}, "somebody"
	require.True(t, f.resume(t, next, 1))
	want := d
	want.Run, want.FirstRun, want.JobID, want.State = 2, 2, 77, stride.DraftQueued
	want.Failure, want.EndedAt, want.CancelRequested = nil, nil, false
	got, err := f.Draft(f.ctx, everything(), d.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
	require.False(t, f.claimRun(t, d, 1, "a", f.now()), "the run before is stale")
	require.True(t, f.claimRun(t, d, 2, "a", f.now()))
}

func testResumeGuards(t *testing.T, f *fixture) {
	m := f.run(t, "shop").model
	for state, want := range map[stride.DraftState]bool{
		stride.DraftQueued: false, stride.DraftRunning: false, stride.DraftSucceeded: false, stride.DraftCanceled: false, stride.DraftPartial: true, stride.DraftFailed: true,
	} {
		d := f.draft(t, m)
		switch state {
		case stride.DraftQueued:
		case stride.DraftRunning:
			f.holder(t, d)
		default:
			d = f.endDraft(t, d, state)
		}
		before, err := f.Draft(f.ctx, everything(), d.ID)
		require.NoError(t, err)
		next := d
		next.Run = 2
		require.False(t, f.resume(t, next, 7), "%s: another run", state)
		require.Equal(t, want, f.resume(t, next, 1), state)
		require.False(t, f.resume(t, next, 1), "%s: again", state)
		after, err := f.Draft(f.ctx, everything(), d.ID)
		require.NoError(t, err)
		require.Equal(t, want, cmp.Diff(before, after) != "", state)
	}
}

func testResumeRace(t *testing.T, f *fixture) {
	d := f.run(t, "shop").draft
	d = f.endDraft(t, d, stride.DraftFailed)
	at := f.now()
	won := make([]bool, 6)
	for _, err := range race(len(won), func(i int) error {
		return f.InDraftTx(f.ctx, func(tx analysis.DraftTx) error {
			next := d
			next.Run, next.JobID = 2, int64(i+100)
			var err error
			won[i], err = tx.ResumeDraft(f.ctx, next, 1, at)
			return err
		})
	}) {
		require.NoError(t, err)
	}
	n := 0
	for _, w := range won {
		if w {
			n++
		}
	}
	require.Equal(t, 1, n)
}

// testResumedIsPublished holds that what a partial draft has published is not gone
// while another run of it asks for the rest.
func testResumedIsPublished(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	q := f.question(t, r, 1)
	d := r.draft
	d.Outcome = &stride.DraftOutcome{Suggestions: 3, Notes: []string{}}
	d = f.endDraft(t, d, stride.DraftPartial)
	there := func(when string) {
		t.Helper()
		outcome, err := f.LatestOutcome(f.ctx, r.model.ID)
		require.NoError(t, err)
		require.NotNil(t, outcome, when)
		require.Equal(t, 3, outcome.Suggestions, when)
		questions, err := f.Questions(f.ctx, r.model.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff([]stride.StoredQuestion{q}, questions), when)
	}
	there("partial")
	d.Run = 2
	require.True(t, f.resume(t, d, 1))
	there("queued again")
	require.True(t, f.claimRun(t, d, 2, "a", f.now()))
	there("running again")
}

func testNewerDraft(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	first := f.model(t, p, "main", 1)
	d := f.draft(t, first)
	newer := func(of stride.Draft) bool {
		var is bool
		require.NoError(t, f.InDraftTx(f.ctx, func(tx analysis.DraftTx) error {
			var err error
			is, err = tx.NewerDraft(f.ctx, of)
			return err
		}))
		return is
	}
	require.False(t, newer(d), "itself")
	f.draft(t, f.model(t, p, "beta", 1))
	f.draft(t, f.model(t, f.project(t, "other"), "main", 1))
	require.False(t, newer(d), "another scope, and another project")
	for _, state := range []stride.DraftState{stride.DraftFailed, stride.DraftCanceled} {
		f.endDraft(t, f.draft(t, first), state)
		require.False(t, newer(d), "%s publishes nothing", state)
	}
	second := f.model(t, p, "main", 2)
	later := f.draft(t, second)
	require.True(t, newer(d), "queued, of another version")
	require.False(t, newer(later), "those before are older")
	for _, state := range []stride.DraftState{stride.DraftPartial, stride.DraftSucceeded} {
		alone := f.model(t, p, fmt.Sprint("scope ", state), 1)
		old := f.draft(t, alone)
		f.endDraft(t, f.draft(t, alone), state)
		require.True(t, newer(old), state)
	}
	running := f.model(t, p, "running", 1)
	old := f.draft(t, running)
	f.holder(t, f.draft(t, running))
	require.True(t, newer(old), "running")
}

func testDraftSuggestions(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	again := r
	again.draft = f.draft(t, r.model)
	a, b := f.suggestion(t, r, "a"), f.suggestion(t, r, "b")
	f.decide(t, b, stride.DecisionReject, stride.SuggestionRejected, "rev")
	edited := f.newSuggestion(r, "c")
	edited.Current.ID = "another"
	f.insertSuggestion(t, edited)
	f.suggestion(t, again, "d")
	f.inRunTx(t, func(tx analysis.RunTx) error {
		got, err := tx.DraftSuggestions(f.ctx, r.draft.ID)
		require.Equal(t, map[string]stride.SuggestionID{"a": a.ID, "b": b.ID, "c": edited.ID}, got)
		none, noErr := tx.DraftSuggestions(f.ctx, newID[stride.DraftID]())
		require.NoError(t, noErr)
		require.NotNil(t, none)
		require.Empty(t, none)
		return err
	})
}

func testDraftQuestions(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	again := r
	again.draft = f.draft(t, r.model)
	second, first := f.question(t, r, 2), f.question(t, r, 1)
	f.question(t, again, 1)
	answered := f.answer(t, r, first, stride.ControlAbsent)
	first.Answer = &answered
	f.inRunTx(t, func(tx analysis.RunTx) error {
		got, err := tx.DraftQuestions(f.ctx, r.draft)
		require.Empty(t, cmp.Diff([]stride.StoredQuestion{first, second}, got))
		return err
	})
}

func testExtendModel(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	bystander := f.model(t, r.project, "beta", 1)
	m := r.model
	m.Architecture = m.Architecture.Clone()
	require.True(t, m.Architecture.Extend(*newCheckpoint("g").Found))
	m.ExtendedBy, m.Revision = r.draft.ID, 2
	m.State, m.Scope, m.Notes = stride.ModelCompleted, "other", nil // not its to write
	f.inRunTx(t, func(tx analysis.RunTx) error { return tx.ExtendModel(f.ctx, m) })
	want := r.model
	want.Architecture, want.ExtendedBy, want.Revision = m.Architecture, m.ExtendedBy, 2
	got, err := f.Model(f.ctx, everything(), m.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
	list, err := f.Models(f.ctx, r.project.ID, analysis.ModelFilter{}, analysis.Page{Limit: 9})
	require.NoError(t, err)
	require.Equal(t, r.draft.ID, list.Items[0].ExtendedBy)
	got, err = f.Model(f.ctx, everything(), bystander.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(bystander, got))
}

func testInsertExtended(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	m := f.newModel(r.project, r.model.Scope, 2)
	m.ExtendedBy = r.draft.ID
	f.insertModel(t, m)
	got, err := f.Model(f.ctx, everything(), m.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(m, got))
}
