package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func mitigationTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"comes back whole":           testMitigationRoundTrip,
		"out of reach is not found":  testMitigationReach,
		"links to threats":           testMitigationLinks,
		"one of two links wins":      testMitigationLinkRace,
		"filters":                    testMitigationFilters,
		"pages hold each row once":   testMitigationPages,
		"cursor of another order":    testMitigationCursor,
		"update is guarded":          testMitigationUpdate,
		"one of two updates wins":    testMitigationUpdateRace,
		"text with a NUL":            testMitigationText,
		"taken back":                 testTakeBackMitigations,
		"test cases come back whole": testTestCaseRoundTrip,
		"a template once":            testTestCaseOnce,
		"one of two drafters wins":   testTestCaseRace,
		"test cases are guarded":     testTestCaseGuards,
	}
}

// newMitigation is one that is not stored yet, as it will come back.
func (f *fixture) newMitigation(p stride.Project, text string) stride.Mitigation {
	at := kept(f.now())
	return stride.Mitigation{
		ID: newID[stride.MitigationID](), ProjectID: p.ID, Text: text, References: []string{"ASVS 12.2.1", "où?"}, Origin: stride.ByDraft,
		Status: stride.MitigationProposed, MovedAt: at, CreatedAt: at, CreatedBy: "reviewer", UpdatedAt: at, Revision: 1,
	}
}

func (f *fixture) insertMitigation(t *testing.T, m stride.Mitigation) stride.Mitigation {
	t.Helper()
	f.inThreatTx(t, func(tx analysis.ThreatTx) error { return tx.InsertMitigation(f.ctx, m) })
	return m
}

func (f *fixture) inMitigationTx(t *testing.T, fn func(analysis.MitigationTx) error) {
	t.Helper()
	require.NoError(t, f.InMitigationTx(f.ctx, fn))
}

func testMitigationRoundTrip(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	whole := f.newMitigation(p, "Sign “it” 支付")
	whole.Owner, whole.Status, whole.StatusReason, whole.Origin = "Ann", stride.MitigationVerified, "wég", stride.ByHuman
	whole.DueAt, whole.DoneAt, whole.VerifiedAt = keptPtr(f.now()), keptPtr(f.now()), keptPtr(f.now())
	whole.DoneBy, whole.VerifiedBy, whole.References = "dev", "rev", []string{}
	for _, want := range []stride.Mitigation{f.newMitigation(p, "bare"), whole} {
		f.insertMitigation(t, want)
		got, err := f.Mitigation(f.ctx, everything(), want.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, got))
		f.inMitigationTx(t, func(tx analysis.MitigationTx) error {
			got, err := tx.MitigationByID(f.ctx, want.ID)
			require.Empty(t, cmp.Diff(want, got))
			return err
		})
	}
	err := f.InMitigationTx(f.ctx, func(tx analysis.MitigationTx) error {
		_, err := tx.MitigationByID(f.ctx, newID[stride.MitigationID]())
		return err
	})
	requireKind(t, stride.NotFound, err)
}

func testMitigationReach(t *testing.T, f *fixture) {
	p, other := f.project(t, "shop"), f.project(t, "other")
	m := f.insertMitigation(t, f.newMitigation(p, "a"))
	_, err := f.Mitigation(f.ctx, only(p.ID), m.ID)
	require.NoError(t, err)
	for _, reach := range []stride.Reach{only(other.ID), only()} {
		_, err := f.Mitigation(f.ctx, reach, m.ID)
		requireKind(t, stride.NotFound, err)
		list, err := f.Mitigations(f.ctx, reach, analysis.MitigationFilter{Project: p.ID}, analysis.Page{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, list.Items)
	}
}

func testMitigationLinks(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	one, two := f.insertThreat(t, f.newThreat(p, nil)), f.insertThreat(t, f.newThreat(p, nil))
	a, b := f.newMitigation(p, "a"), f.newMitigation(p, "b")
	b.DueAt, b.Owner = keptPtr(f.now()), "ann"
	f.insertMitigation(t, a)
	f.insertMitigation(t, b)
	f.inThreatTx(t, func(tx analysis.ThreatTx) error {
		require.NoError(t, tx.LinkMitigation(f.ctx, one.ID, b.ID, stride.Effect{Likelihood: 3}))
		require.NoError(t, tx.LinkMitigation(f.ctx, one.ID, a.ID, stride.Effect{Impact: 2}))
		require.NoError(t, tx.LinkMitigation(f.ctx, two.ID, b.ID, stride.Effect{Likelihood: 1, Impact: 1}))
		requireKind(t, stride.Conflict, tx.LinkMitigation(f.ctx, two.ID, b.ID, stride.Effect{}))
		return nil // the transaction goes on after the conflict
	})
	listed := func(m stride.Mitigation, e stride.Effect) stride.ThreatMitigation {
		return stride.ThreatMitigation{ID: m.ID, Text: m.Text, References: m.References, Status: m.Status, Owner: m.Owner, DueAt: m.DueAt, Effect: e}
	}
	got, err := f.Threat(f.ctx, everything(), one.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]stride.ThreatMitigation{listed(a, stride.Effect{Impact: 2}), listed(b, stride.Effect{Likelihood: 3})}, got.Mitigations))
	back, err := f.Mitigation(f.ctx, everything(), b.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]stride.MitigatedThreat{
		{ThreatID: one.ID, Title: one.Content.Title, Effect: stride.Effect{Likelihood: 3}},
		{ThreatID: two.ID, Title: two.Content.Title, Effect: stride.Effect{Likelihood: 1, Impact: 1}},
	}, back.Threats))
	f.inThreatTx(t, func(tx analysis.ThreatTx) error {
		require.NoError(t, tx.UnlinkMitigation(f.ctx, one.ID, b.ID))
		requireKind(t, stride.NotFound, tx.UnlinkMitigation(f.ctx, one.ID, b.ID))
		requireKind(t, stride.NotFound, tx.UnlinkMitigation(f.ctx, two.ID, a.ID))
		return nil
	})
	list, err := f.Threats(f.ctx, everything(), analysis.ThreatFilter{}, analysis.Page{Limit: 10})
	require.NoError(t, err)
	require.Len(t, list.Items[0].Mitigations, 1)
	require.Len(t, list.Items[1].Mitigations, 1)
}

func testMitigationLinkRace(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	threat, m := f.insertThreat(t, f.newThreat(p, nil)), f.insertMitigation(t, f.newMitigation(p, "a"))
	results := race(6, func(int) error {
		return f.InThreatTx(f.ctx, func(tx analysis.ThreatTx) error {
			return tx.LinkMitigation(f.ctx, threat.ID, m.ID, stride.DefaultEffect())
		})
	})
	require.Equal(t, 1, winners(t, results, stride.Conflict))
	require.Equal(t, 1, f.countRows(t, "threat_mitigations"))
}

func mitigationTexts(list []stride.Mitigation) []string {
	out := []string{}
	for _, m := range list {
		out = append(out, m.Text)
	}
	return out
}

func testMitigationFilters(t *testing.T, f *fixture) {
	p, other := f.project(t, "shop"), f.project(t, "other")
	threat := f.insertThreat(t, f.newThreat(p, nil))
	now := f.now()
	add := func(p stride.Project, text string, change func(*stride.Mitigation)) stride.Mitigation {
		m := f.newMitigation(p, text)
		change(&m)
		return f.insertMitigation(t, m)
	}
	before, behind := now.Add(-time.Microsecond), now.Add(time.Hour)
	add(p, "a", func(m *stride.Mitigation) { m.DueAt = &before })
	b := add(p, "b", func(m *stride.Mitigation) { m.Owner, m.DueAt = "ann", &now })
	add(p, "c", func(m *stride.Mitigation) { m.Status, m.Owner, m.DueAt = stride.MitigationDone, "Ann", &before })
	add(other, "d", func(m *stride.Mitigation) { m.DueAt, m.Status = &behind, stride.MitigationPlanned })
	add(p, "e", func(*stride.Mitigation) {})
	f.inThreatTx(t, func(tx analysis.ThreatTx) error { return tx.LinkMitigation(f.ctx, threat.ID, b.ID, stride.Effect{}) })
	yes, no := true, false
	for _, c := range []struct {
		name   string
		filter analysis.MitigationFilter
		want   []string
	}{
		{"none", analysis.MitigationFilter{}, []string{"e", "d", "c", "b", "a"}},
		{"by due date", analysis.MitigationFilter{Sort: analysis.MitigationsByDueDate}, []string{"a", "c", "b", "d", "e"}},
		{"project", analysis.MitigationFilter{Project: other.ID}, []string{"d"}},
		{"threat", analysis.MitigationFilter{Threat: threat.ID}, []string{"b"}},
		{"owner, with its case", analysis.MitigationFilter{Owner: "ann"}, []string{"b"}},
		{"statuses", analysis.MitigationFilter{Status: []stride.MitigationStatus{stride.MitigationDone, stride.MitigationPlanned}}, []string{"d", "c"}},
		{"due before", analysis.MitigationFilter{DueBefore: &now}, []string{"c", "a"}},
		{"overdue", analysis.MitigationFilter{Overdue: &yes, Now: now}, []string{"a"}},
		{"not overdue, those without a date among them", analysis.MitigationFilter{Overdue: &no, Now: now}, []string{"e", "d", "c", "b"}},
		{"all at once", analysis.MitigationFilter{Project: p.ID, Owner: "ann", Threat: threat.ID, Overdue: &yes, Now: behind}, []string{"b"}},
	} {
		got, err := f.Mitigations(f.ctx, everything(), c.filter, analysis.Page{Limit: 10})
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, mitigationTexts(got.Items), c.name)
	}
}

func testMitigationPages(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	due := f.now()
	want := []string{}
	for i := range 7 {
		m := f.newMitigation(p, named("m", i))
		if i < 4 {
			m.DueAt = &due // the id breaks the tie
		}
		f.insertMitigation(t, m)
		want = append(want, m.Text)
	}
	later := func() {
		m := f.newMitigation(p, "new")
		f.insertMitigation(t, m)
	}
	got := mitigationTexts(pages(t, 2, nil, func(page analysis.Page) (analysis.Listing[stride.Mitigation], error) {
		return f.Mitigations(f.ctx, everything(), analysis.MitigationFilter{Sort: analysis.MitigationsByDueDate}, page)
	}))
	require.Equal(t, want, got)
	newest := mitigationTexts(pages(t, 2, later, func(page analysis.Page) (analysis.Listing[stride.Mitigation], error) {
		return f.Mitigations(f.ctx, everything(), analysis.MitigationFilter{}, page)
	}))
	require.Len(t, newest, 7, "what is new lies before the first page")
}

func testMitigationCursor(t *testing.T, f *fixture) {
	_, err := f.Mitigations(f.ctx, everything(), analysis.MitigationFilter{}, analysis.Page{After: &analysis.Cursor{Sort: "due_at", ID: "x"}})
	requireKind(t, stride.Invalid, err)
	_, err = f.Mitigations(f.ctx, everything(), analysis.MitigationFilter{Sort: "owner"}, analysis.Page{})
	requireKind(t, stride.Invalid, err)
}

func testMitigationUpdate(t *testing.T, f *fixture) {
	stored := f.insertMitigation(t, f.newMitigation(f.project(t, "shop"), "a"))
	u := stored
	u.Text, u.References, u.Owner, u.DueAt = "b", []string{"x"}, "ann", keptPtr(f.now())
	u.Status, u.StatusReason, u.MovedAt, u.UpdatedAt = stride.MitigationDone, "why", kept(f.now()), kept(f.now())
	u.DoneAt, u.DoneBy, u.VerifiedAt, u.VerifiedBy = keptPtr(f.now()), "dev", keptPtr(f.now()), "rev"
	u.CreatedBy, u.Origin = "nobody", stride.ByHuman
	f.inMitigationTx(t, func(tx analysis.MitigationTx) error {
		require.NoError(t, tx.UpdateMitigation(f.ctx, u))
		requireKind(t, stride.Stale, tx.UpdateMitigation(f.ctx, u))
		return nil
	})
	u.Revision++
	u.CreatedBy, u.Origin = stored.CreatedBy, stored.Origin
	got, err := f.Mitigation(f.ctx, everything(), u.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(u, got), "who made it never changes")
}

func testMitigationUpdateRace(t *testing.T, f *fixture) {
	m := f.insertMitigation(t, f.newMitigation(f.project(t, "shop"), "a"))
	results := race(6, func(int) error {
		return f.InMitigationTx(f.ctx, func(tx analysis.MitigationTx) error { return tx.UpdateMitigation(f.ctx, m) })
	})
	require.Equal(t, 1, winners(t, results, stride.Stale))
}

func testMitigationText(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	for _, change := range []func(*stride.Mitigation){
		func(m *stride.Mitigation) { m.Text = "a\x00" },
		func(m *stride.Mitigation) { m.References = []string{"a\x00"} },
		func(m *stride.Mitigation) { m.Owner = "\xff" },
	} {
		m := f.newMitigation(p, "a")
		change(&m)
		err := f.InThreatTx(f.ctx, func(tx analysis.ThreatTx) error { return tx.InsertMitigation(f.ctx, m) })
		requireKind(t, stride.Invalid, err)
	}
	require.Zero(t, f.countRows(t, "mitigations"))
}

// newTestCase is one that is not stored yet, as it will come back.
func (f *fixture) newTestCase(threat stride.Threat, template string) stride.TestCase {
	at := kept(f.now())
	c := stride.TestCase{
		ID: newID[stride.TestCaseID](), ProjectID: threat.ProjectID, ThreatID: threat.ID, Given: "gégé", When: "when", Then: "then",
		Origin: stride.ByHuman, Template: template, CreatedAt: at, CreatedBy: "author", UpdatedAt: at, Revision: 1,
	}
	if template != "" {
		c.Origin = stride.ByDraft
	}
	return c
}

func (f *fixture) inTestCaseTx(t *testing.T, fn func(analysis.TestCaseTx) error) {
	t.Helper()
	require.NoError(t, f.InTestCaseTx(f.ctx, fn))
}

func testTestCaseRoundTrip(t *testing.T, f *fixture) {
	p, other := f.project(t, "shop"), f.project(t, "other")
	threat, another := f.insertThreat(t, f.newThreat(p, nil)), f.insertThreat(t, f.newThreat(p, nil))
	want := []stride.TestCase{f.newTestCase(threat, ""), f.newTestCase(threat, "regular"), f.newTestCase(threat, "")}
	f.inTestCaseTx(t, func(tx analysis.TestCaseTx) error {
		for _, c := range append(want, f.newTestCase(another, "regular")) {
			require.NoError(t, tx.InsertTestCase(f.ctx, c))
		}
		got, err := tx.TestCasesOf(f.ctx, threat.ID)
		require.Empty(t, cmp.Diff(want, got))
		return err
	})
	got, err := f.TestCasesOf(f.ctx, threat.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
	one, err := f.TestCase(f.ctx, only(p.ID), want[1].ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want[1], one))
	for _, reach := range []stride.Reach{only(other.ID), only()} {
		_, err := f.TestCase(f.ctx, reach, want[1].ID)
		requireKind(t, stride.NotFound, err)
	}
}

func testTestCaseOnce(t *testing.T, f *fixture) {
	threat := f.insertThreat(t, f.newThreat(f.project(t, "shop"), nil))
	f.inTestCaseTx(t, func(tx analysis.TestCaseTx) error {
		require.NoError(t, tx.InsertTestCase(f.ctx, f.newTestCase(threat, "regular")))
		requireKind(t, stride.Conflict, tx.InsertTestCase(f.ctx, f.newTestCase(threat, "regular")))
		require.NoError(t, tx.InsertTestCase(f.ctx, f.newTestCase(threat, "Regular")))
		for range 2 {
			require.NoError(t, tx.InsertTestCase(f.ctx, f.newTestCase(threat, "")), "a person may write as many as they like")
		}
		return nil
	})
}

func testTestCaseRace(t *testing.T, f *fixture) {
	threat := f.insertThreat(t, f.newThreat(f.project(t, "shop"), nil))
	results := race(6, func(int) error {
		return f.InTestCaseTx(f.ctx, func(tx analysis.TestCaseTx) error { return tx.InsertTestCase(f.ctx, f.newTestCase(threat, "regular")) })
	})
	require.Equal(t, 1, winners(t, results, stride.Conflict))
}

func testTestCaseGuards(t *testing.T, f *fixture) {
	threat := f.insertThreat(t, f.newThreat(f.project(t, "shop"), nil))
	stored := f.newTestCase(threat, "regular")
	f.inTestCaseTx(t, func(tx analysis.TestCaseTx) error { return tx.InsertTestCase(f.ctx, stored) })
	u := stored
	u.Given, u.When, u.Then, u.UpdatedAt = "a", "b", "c", kept(f.now())
	f.inTestCaseTx(t, func(tx analysis.TestCaseTx) error {
		require.NoError(t, tx.UpdateTestCase(f.ctx, u))
		requireKind(t, stride.Stale, tx.UpdateTestCase(f.ctx, u))
		requireKind(t, stride.Stale, tx.DeleteTestCase(f.ctx, u))
		u.Revision++
		got, err := tx.TestCaseByID(f.ctx, u.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(u, got))
		require.NoError(t, tx.DeleteTestCase(f.ctx, u))
		_, err = tx.TestCaseByID(f.ctx, u.ID)
		requireKind(t, stride.NotFound, err)
		return nil
	})
}

// testTakeBackMitigations undoes what an acceptance proposed, unless somebody has
// built on it.
func testTakeBackMitigations(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	takeBack := func(id stride.ThreatID) error {
		return f.InThreatTx(f.ctx, func(tx analysis.ThreatTx) error { return tx.(*store.Tx).TakeBackMitigations(f.ctx, id) })
	}
	accepted := func() (stride.Threat, stride.Mitigation) {
		threat, m := f.insertThreat(t, f.newThreat(p, nil)), f.insertMitigation(t, f.newMitigation(p, "a"))
		f.inThreatTx(t, func(tx analysis.ThreatTx) error {
			require.NoError(t, tx.LinkMitigation(f.ctx, threat.ID, m.ID, stride.DefaultEffect()))
			return tx.MoveInterval(f.ctx, stride.Interval{
				Subject: stride.SubjectMitigation, SubjectID: string(m.ID), ProjectID: p.ID, State: string(m.Status), From: m.CreatedAt,
			})
		})
		return threat, m
	}
	moved, m := accepted()
	f.inMitigationTx(t, func(tx analysis.MitigationTx) error { return tx.UpdateMitigation(f.ctx, m) })
	shared, m := accepted()
	f.inThreatTx(t, func(tx analysis.ThreatTx) error { return tx.LinkMitigation(f.ctx, moved.ID, m.ID, stride.Effect{}) })
	tested, _ := accepted()
	f.inTestCaseTx(t, func(tx analysis.TestCaseTx) error { return tx.InsertTestCase(f.ctx, f.newTestCase(tested, "")) })
	for _, threat := range []stride.Threat{moved, shared, tested} {
		requireKind(t, stride.Conflict, takeBack(threat.ID))
	}
	require.Equal(t, 3, f.countRows(t, "mitigations"))
	untouched, m := accepted()
	require.NoError(t, takeBack(untouched.ID))
	_, err := f.Mitigation(f.ctx, everything(), m.ID)
	requireKind(t, stride.NotFound, err)
	require.Equal(t, 3, f.countRows(t, "mitigations"))
	require.Equal(t, 3, f.countRows(t, "state_intervals"))
	require.Equal(t, 4, f.countRows(t, "threat_mitigations"))
}
