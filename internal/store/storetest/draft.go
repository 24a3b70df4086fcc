package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func draftTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"comes back whole":              testDraftRoundTrip,
		"job and draft go together":     testDraftJob,
		"pages of a model":              testDraftPages,
		"events are numbered":           testDraftEvents,
		"events have no gap in a race":  testDraftEventRace,
		"claim":                         testClaim,
		"one of many claims wins":       testClaimRace,
		"beat":                          testBeat,
		"item is kept once":             testSaveItem,
		"end is guarded":                testEndDraft,
		"one of many ends wins":         testEndRace,
		"cancel wants a running draft":  testRequestCancel,
		"requeue is guarded":            testRequeue,
		"release is guarded":            testRelease,
		"lapsed drafts":                 testLapsed,
		"input has the scope's answers": testDraftInput,
	}
}

func testDraftRoundTrip(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	other := f.project(t, "other")
	got, err := f.Draft(f.ctx, only(r.project.ID), r.draft.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(r.draft, got))
	require.NotZero(t, got.JobID)
	for _, reach := range []stride.Reach{only(other.ID), only()} {
		_, err = f.Draft(f.ctx, reach, r.draft.ID)
		requireKind(t, stride.NotFound, err)
	}
	want := r.draft
	want.ID, want.All, want.CancelRequested, want.LeaseOwner, want.Run = newID[stride.DraftID](), true, true, "worker 1", 3
	want.LeaseUntil, want.StartedAt, want.EndedAt = keptPtr(f.now()), keptPtr(f.now()), keptPtr(f.now())
	want.Progress = stride.Progress{Stage: "propose", Done: 3, Total: 9}
	want.Failure = &stride.DraftFailure{Kind: "timeout", Detail: "too löng"}
	want.Outcome = &stride.DraftOutcome{Suggestions: 1, HeldBack: 2, Notes: []string{"ö"}}
	err = f.InDraftTx(f.ctx, func(tx analysis.DraftTx) error {
		require.NoError(t, tx.InsertDraft(f.ctx, want))
		got, err := tx.DraftByID(f.ctx, want.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, got))
		_, err = tx.DraftByID(f.ctx, newID[stride.DraftID]())
		requireKind(t, stride.NotFound, err)
		return nil
	})
	require.NoError(t, err)
}

func testDraftJob(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	require.Equal(t, 1, f.countRows(t, "river_job"))
	err := f.InDraftTx(f.ctx, func(tx analysis.DraftTx) error {
		_, err := tx.EnqueueDraft(f.ctx, analysis.DraftJob{DraftID: r.draft.ID, Run: 2})
		require.NoError(t, err)
		return errUndo
	})
	require.ErrorIs(t, err, errUndo)
	require.Equal(t, 1, f.countRows(t, "river_job"), "a job of a transaction that failed never runs")
	var kind, state, args string
	row := f.WriterDB().QueryRowContext(f.ctx, "select kind, state, args from river_job")
	require.NoError(t, row.Scan(&kind, &state, &args))
	require.Equal(t, "draft", kind)
	require.Equal(t, "available", state)
	require.Contains(t, args, string(r.draft.ID))
}

func testDraftPages(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	want := []stride.DraftID{r.draft.ID}
	for range 4 {
		want = append(want, f.draft(t, r.model).ID)
	}
	f.run(t, "other")
	var got []stride.DraftID
	for _, d := range pages(t, 2, nil, func(p analysis.Page) (analysis.Listing[stride.Draft], error) {
		return f.ModelDrafts(f.ctx, r.model.ID, p)
	}) {
		got = append(got, d.ID)
	}
	require.Equal(t, want, got)
	_, err := f.ModelDrafts(f.ctx, r.model.ID, analysis.Page{After: &analysis.Cursor{Sort: "other"}})
	requireKind(t, stride.Invalid, err)
}

func testDraftEvents(t *testing.T, f *fixture) {
	r, other := f.run(t, "shop"), f.run(t, "other")
	var want []stride.DraftEvent
	for i, body := range []string{`{"a":1}`, `"ö\n"`, `null`} {
		e := stride.DraftEvent{Seq: int64(i + 1), Type: "item", Body: []byte(body), At: kept(f.now())}
		want = append(want, e)
		e.Seq = 0
		f.inRunTx(t, func(tx analysis.RunTx) error {
			require.NoError(t, tx.AppendDraftEvent(f.ctx, other.draft.ID, e))
			return tx.AppendDraftEvent(f.ctx, r.draft.ID, e)
		})
	}
	for after := range int64(4) {
		got, err := f.DraftEvents(f.ctx, r.draft.ID, after, 10)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want[after:], got))
	}
	got, err := f.DraftEvents(f.ctx, r.draft.ID, 0, 2)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want[:2], got))
	err = f.InRunTx(f.ctx, func(tx analysis.RunTx) error {
		requireKind(t, stride.Invalid, tx.AppendDraftEvent(f.ctx, r.draft.ID, stride.DraftEvent{Body: []byte(`"\u0000"`)}))
		return tx.AppendDraftEvent(f.ctx, newID[stride.DraftID](), stride.DraftEvent{Type: "state", Body: []byte("{}")})
	})
	requireKind(t, stride.NotFound, err)
}

func testDraftEventRace(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	const n = 12
	at := f.now()
	for _, err := range race(n, func(int) error {
		return f.InRunTx(f.ctx, func(tx analysis.RunTx) error {
			return tx.AppendDraftEvent(f.ctx, r.draft.ID, stride.DraftEvent{Type: "item", Body: []byte("{}"), At: at})
		})
	}) {
		require.NoError(t, err)
	}
	got, err := f.DraftEvents(f.ctx, r.draft.ID, 0, 100)
	require.NoError(t, err)
	require.Len(t, got, n)
	for i, e := range got {
		require.EqualValues(t, i+1, e.Seq)
	}
}

// claim claims a run until a moment after now.
func (f *fixture) claimRun(t *testing.T, d stride.Draft, run int, owner string, now time.Time) bool {
	t.Helper()
	var ok bool
	f.inRunTx(t, func(tx analysis.RunTx) error {
		var err error
		ok, err = tx.ClaimDraft(f.ctx, analysis.Lease{Draft: d.ID, Run: run, Owner: owner, Until: now.Add(15 * time.Second)}, now)
		return err
	})
	return ok
}

func testClaim(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	start := f.now()
	require.False(t, f.claimRun(t, r.draft, 2, "a", start), "another run")
	require.True(t, f.claimRun(t, r.draft, 1, "a", start))
	want := r.draft
	want.State, want.LeaseOwner, want.LeaseUntil = stride.DraftRunning, "a", keptPtr(start.Add(15*time.Second))
	want.StartedAt = keptPtr(start)
	got, err := f.Draft(f.ctx, everything(), r.draft.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))

	require.False(t, f.claimRun(t, r.draft, 1, "A", start.Add(time.Second)), "another's live lease")
	require.True(t, f.claimRun(t, r.draft, 1, "a", start.Add(2*time.Second)), "its own lease")
	require.False(t, f.claimRun(t, r.draft, 1, "b", start.Add(16*time.Second)), "extended by the last claim")
	require.True(t, f.claimRun(t, r.draft, 1, "b", start.Add(17*time.Second)), "the lease has ended")
	got, err = f.Draft(f.ctx, everything(), r.draft.ID)
	require.NoError(t, err)
	require.Equal(t, kept(start), *got.StartedAt, "started once")

	f.endDraft(t, got, stride.DraftFailed)
	require.False(t, f.claimRun(t, r.draft, 1, "b", start.Add(time.Hour)), "it has ended")
}

func testClaimRace(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	now := f.now()
	won := make([]bool, 8)
	for _, err := range race(len(won), func(i int) error {
		return f.InRunTx(f.ctx, func(tx analysis.RunTx) error {
			var err error
			won[i], err = tx.ClaimDraft(f.ctx,
				analysis.Lease{Draft: r.draft.ID, Run: 1, Owner: named("worker", i), Until: now.Add(time.Minute)}, now)
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

func testBeat(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	now := f.now()
	lease := analysis.Lease{Draft: r.draft.ID, Run: 1, Owner: "a", Until: now.Add(time.Minute)}
	beat := func(l analysis.Lease) analysis.Beat {
		b, err := f.BeatDraft(f.ctx, l)
		require.NoError(t, err)
		return b
	}
	require.Equal(t, analysis.Beat{}, beat(lease), "queued")
	require.True(t, f.claimRun(t, r.draft, 1, "a", now))
	require.Equal(t, analysis.Beat{Held: true}, beat(lease))
	got, err := f.Draft(f.ctx, everything(), r.draft.ID)
	require.NoError(t, err)
	require.Equal(t, kept(lease.Until), *got.LeaseUntil)
	otherRun, otherOwner, otherDraft := lease, lease, lease
	otherRun.Run, otherOwner.Owner, otherDraft.Draft = 2, "A", newID[stride.DraftID]()
	for _, l := range []analysis.Lease{otherRun, otherOwner, otherDraft} {
		require.Equal(t, analysis.Beat{}, beat(l))
	}
	require.NoError(t, f.InDraftTx(f.ctx, func(tx analysis.DraftTx) error { return tx.RequestCancel(f.ctx, r.draft.ID) }))
	require.Equal(t, analysis.Beat{Held: true, Cancel: true}, beat(lease))
	f.endDraft(t, got, stride.DraftCanceled)
	require.Equal(t, analysis.Beat{}, beat(lease), "ended")
}

func testSaveItem(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	now := f.now()
	lease := analysis.Lease{Draft: r.draft.ID, Run: 1, Owner: "a", Until: now.Add(time.Minute)}
	save := func(l analysis.Lease, ordinal int, key string) analysis.Beat {
		var b analysis.Beat
		f.inRunTx(t, func(tx analysis.RunTx) error {
			var err error
			item := analysis.Item{Key: key, Proposal: f.newSuggestion(r, key).Proposal}
			b, err = tx.SaveItem(f.ctx, l, ordinal, item, stride.Progress{Stage: "propose", Done: ordinal})
			return err
		})
		return b
	}
	require.Equal(t, analysis.Beat{}, save(lease, 1, "x"), "not claimed")
	require.Zero(t, f.countRows(t, "draft_items"))
	require.True(t, f.claimRun(t, r.draft, 1, "a", now))
	require.Equal(t, analysis.Beat{Held: true}, save(lease, 1, "x"))
	require.Equal(t, analysis.Beat{Held: true}, save(lease, 1, "x"))
	require.Equal(t, analysis.Beat{Held: true}, save(lease, 2, "X"))
	require.Equal(t, 2, f.countRows(t, "draft_items"))
	stale := lease
	stale.Run = 2
	require.Equal(t, analysis.Beat{}, save(stale, 3, "z"))
	require.Equal(t, 2, f.countRows(t, "draft_items"), "a stale run keeps nothing")
	got, err := f.Draft(f.ctx, everything(), r.draft.ID)
	require.NoError(t, err)
	require.Equal(t, stride.Progress{Stage: "propose", Done: 2}, got.Progress)
	require.NoError(t, f.InDraftTx(f.ctx, func(tx analysis.DraftTx) error { return tx.RequestCancel(f.ctx, r.draft.ID) }))
	require.Equal(t, analysis.Beat{Held: true, Cancel: true}, save(lease, 3, "y"))
}

func testEndDraft(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	require.True(t, f.claimRun(t, r.draft, 1, "a", f.now()))
	d, err := f.Draft(f.ctx, everything(), r.draft.ID)
	require.NoError(t, err)
	stale := d
	stale.Run, stale.State = 2, stride.DraftSucceeded
	f.inRunTx(t, func(tx analysis.RunTx) error {
		ok, err := tx.EndDraft(f.ctx, stale)
		require.False(t, ok)
		return err
	})
	d.Outcome = &stride.DraftOutcome{Suggestions: 3}
	d.Progress = stride.Progress{Stage: "done", Done: 3, Total: 3}
	d = f.endDraft(t, d, stride.DraftSucceeded)
	got, err := f.Draft(f.ctx, everything(), d.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(d, got))
	f.inRunTx(t, func(tx analysis.RunTx) error {
		again := d
		again.State = stride.DraftFailed
		ok, err := tx.EndDraft(f.ctx, again)
		require.False(t, ok, "it has ended")
		return err
	})
}

func testEndRace(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	ended := make([]bool, 6)
	for _, err := range race(len(ended), func(i int) error {
		return f.InRunTx(f.ctx, func(tx analysis.RunTx) error {
			d := r.draft
			d.State = stride.DraftCanceled
			var err error
			ended[i], err = tx.EndDraft(f.ctx, d)
			return err
		})
	}) {
		require.NoError(t, err)
	}
	n := 0
	for _, e := range ended {
		if e {
			n++
		}
	}
	require.Equal(t, 1, n)
}

func testRequestCancel(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	request := func() error {
		return f.InDraftTx(f.ctx, func(tx analysis.DraftTx) error { return tx.RequestCancel(f.ctx, r.draft.ID) })
	}
	requireKind(t, stride.Conflict, request())
	require.True(t, f.claimRun(t, r.draft, 1, "a", f.now()))
	require.NoError(t, request())
	require.NoError(t, request())
	got, err := f.Draft(f.ctx, everything(), r.draft.ID)
	require.NoError(t, err)
	require.True(t, got.CancelRequested)
}

func testRequeue(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	require.True(t, f.claimRun(t, r.draft, 1, "a", f.now()))
	d, err := f.Draft(f.ctx, everything(), r.draft.ID)
	require.NoError(t, err)
	d.Run, d.JobID = 2, 77
	requeue := func() bool {
		var ok bool
		f.inRunTx(t, func(tx analysis.RunTx) error {
			var err error
			ok, err = tx.RequeueDraft(f.ctx, d, 1, f.now())
			return err
		})
		return ok
	}
	require.True(t, requeue())
	require.False(t, requeue(), "another replica was first")
	got, err := f.Draft(f.ctx, everything(), r.draft.ID)
	require.NoError(t, err)
	d.State, d.LeaseOwner, d.LeaseUntil = stride.DraftQueued, "", nil
	require.Empty(t, cmp.Diff(d, got))
	require.False(t, f.claimRun(t, r.draft, 1, "a", f.now()), "the run before is stale")
	f.endDraft(t, got, stride.DraftFailed)
	d.Run = 3
	f.inRunTx(t, func(tx analysis.RunTx) error {
		ok, err := tx.RequeueDraft(f.ctx, d, 2, f.now())
		require.False(t, ok, "it has ended")
		return err
	})
}

func testRelease(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	now := f.now()
	lease := analysis.Lease{Draft: r.draft.ID, Run: 1, Owner: "a"}
	release := func(l analysis.Lease) bool {
		var ok bool
		f.inRunTx(t, func(tx analysis.RunTx) error {
			var err error
			ok, err = tx.ReleaseDraft(f.ctx, l, 99, now)
			return err
		})
		return ok
	}
	require.False(t, release(lease), "not claimed")
	require.True(t, f.claimRun(t, r.draft, 1, "a", now))
	other := lease
	other.Owner = "b"
	require.False(t, release(other))
	require.True(t, release(lease))
	got, err := f.Draft(f.ctx, everything(), r.draft.ID)
	require.NoError(t, err)
	want := r.draft
	want.JobID, want.StartedAt = 99, keptPtr(now)
	require.Empty(t, cmp.Diff(want, got), "the same run, queued again")
	require.True(t, f.claimRun(t, r.draft, 1, "b", now))
}

func testLapsed(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	now := f.now().Add(time.Hour)
	fetchedBefore := now.Add(-15 * time.Second)
	want := []stride.DraftID{}
	add := func(lapsed bool, change func(d stride.Draft)) {
		d := f.draft(t, r.model)
		change(d)
		if lapsed {
			want = append(want, d.ID)
		}
	}
	job := func(state string, fetched time.Time) func(stride.Draft) {
		return func(d stride.Draft) { f.jobState(t, d.JobID, state, fetched) }
	}
	claimed := func(at time.Time) func(stride.Draft) {
		return func(d stride.Draft) { require.True(t, f.claimRun(t, d, 1, "a", at)) }
	}
	add(false, func(stride.Draft) {}) // its job waits
	add(false, job("scheduled", now))
	add(false, job("retryable", now.Add(-time.Hour)))
	add(false, job("running", fetchedBefore.Add(time.Second)))
	add(true, job("running", fetchedBefore.Add(-time.Second)))
	add(true, job("completed", now))
	add(true, job("cancelled", now))
	add(true, job("discarded", now))
	add(true, func(d stride.Draft) {
		f.draft(t, r.model) // SQLite gives the last id again
		_, err := f.WriterDB().ExecContext(f.ctx, fmt.Sprintf("delete from river_job where id = %d", d.JobID))
		require.NoError(t, err)
	})
	add(false, claimed(now))
	add(false, claimed(now.Add(-14*time.Second)))
	add(true, claimed(now.Add(-15*time.Second)))
	add(true, func(d stride.Draft) {
		claimed(now.Add(-time.Hour))(d)
		job("running", now)(d)
	})
	add(false, func(d stride.Draft) { f.endDraft(t, d, stride.DraftFailed); job("completed", now)(d) })

	ids := func(limit int) []stride.DraftID {
		got, err := f.LapsedDrafts(f.ctx, now, fetchedBefore, limit)
		require.NoError(t, err)
		out := []stride.DraftID{}
		for _, d := range got {
			out = append(out, d.ID)
		}
		return out
	}
	require.Equal(t, want, ids(100))
	require.Equal(t, want[:2], ids(2))
}

func testDraftInput(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	next := f.model(t, r.project, r.model.Scope, 2)
	d := f.draft(t, next)
	foreign := f.run(t, "other")
	elsewhere := f.model(t, r.project, "beta", 1)
	want := []stride.Answer{
		f.answer(t, r, f.question(t, r, 1), stride.ControlAbsent).Answer,
		f.answer(t, r, f.question(t, r, 2), stride.ControlPresent).Answer,
		f.answer(t, run{model: next}, f.question(t, run{model: next, draft: d}, 1), stride.ControlPresent).Answer,
	}
	f.answer(t, foreign, f.question(t, foreign, 1), stride.ControlPresent)
	beta := run{model: elsewhere, draft: d}
	f.answer(t, beta, f.question(t, beta, 1), stride.ControlPresent)
	got, err := f.DraftInput(f.ctx, d.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(analysis.RunInput{
		Project: r.project, Model: next, Answers: want, Drafter: stride.DrafterOffline, Finished: map[string]analysis.Finished{},
	}, got))
	_, err = f.DraftInput(f.ctx, newID[stride.DraftID]())
	requireKind(t, stride.NotFound, err)
}
