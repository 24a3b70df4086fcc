package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func threatTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"comes back whole":          testThreatRoundTrip,
		"one per suggestion":        testThreatOnce,
		"out of reach is not found": testThreatReach,
		"filters":                   testThreatFilters,
		"pages hold each row once":  testThreatPages,
		"update is guarded":         testThreatUpdate,
		"one of two updates wins":   testThreatUpdateRace,
		"references":                testReferences,
		"first report stays":        testReport,
		"versions it was seen in":   testThreatVersions,
		"due dates":                 testThreatDue,
		"pages by due date":         testThreatDuePages,
		"expired risks":             testExpiredRisks,
	}
}

func testThreatRoundTrip(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	s := f.suggestion(t, r, "one")
	human, accepted := f.newThreat(r.project, nil), f.newThreat(r.project, &s)
	accepted.State, accepted.StateReason, accepted.Owner, accepted.Party = stride.ThreatTransferred, "wég", "ann", "insurer"
	accepted.ExpiresAt, accepted.ResolvedAt, accepted.MitigatedBy, accepted.ReopenCount = keptPtr(f.now()), keptPtr(f.now()), "bob", 3
	for _, want := range []stride.Threat{human, accepted, f.newThreat(r.project, nil)} {
		f.insertThreat(t, want)
		got, err := f.Threat(f.ctx, everything(), want.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, got))
		f.inThreatTx(t, func(tx analysis.ThreatTx) error {
			got, err := tx.ThreatByID(f.ctx, want.ID)
			require.Empty(t, cmp.Diff(want, got))
			return err
		})
	}
	err := f.InThreatTx(f.ctx, func(tx analysis.ThreatTx) error {
		_, err := tx.ThreatByID(f.ctx, newID[stride.ThreatID]())
		return err
	})
	requireKind(t, stride.NotFound, err)
}

func testThreatOnce(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	s := f.suggestion(t, r, "one")
	f.insertThreat(t, f.newThreat(r.project, &s))
	f.inThreatTx(t, func(tx analysis.ThreatTx) error {
		requireKind(t, stride.Conflict, tx.InsertThreat(f.ctx, f.newThreat(r.project, &s)))
		// The transaction goes on after the conflict.
		return tx.InsertThreat(f.ctx, f.newThreat(r.project, nil))
	})
}

func testThreatReach(t *testing.T, f *fixture) {
	p, other := f.project(t, "shop"), f.project(t, "other")
	threat := f.insertThreat(t, f.newThreat(p, nil))
	_, err := f.Threat(f.ctx, only(p.ID), threat.ID)
	require.NoError(t, err)
	for _, reach := range []stride.Reach{only(other.ID), only()} {
		_, err := f.Threat(f.ctx, reach, threat.ID)
		requireKind(t, stride.NotFound, err)
		list, err := f.Threats(f.ctx, reach, analysis.ThreatFilter{Project: p.ID}, analysis.Page{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, list.Items)
	}
}

func testThreatFilters(t *testing.T, f *fixture) {
	r, other := f.run(t, "shop"), f.run(t, "other")
	add := func(p stride.Project, change func(*stride.Threat)) stride.ThreatID {
		threat := f.newThreat(p, nil)
		change(&threat)
		return f.insertThreat(t, threat).ID
	}
	a := add(r.project, func(*stride.Threat) {})
	b := add(r.project, func(t *stride.Threat) { t.State = stride.ThreatResolved; t.Owner = "ann" })
	c := add(r.project, func(t *stride.Threat) {
		t.Content.Category = stride.Tampering
		t.Content.Severity = stride.SeverityLow
		t.Owner = "Ann"
	})
	d := add(other.project, func(*stride.Threat) {})
	f.inThreatTx(t, func(tx analysis.ThreatTx) error { return tx.LinkThreat(f.ctx, r.model.ID, b) })
	cases := []struct {
		name   string
		filter analysis.ThreatFilter
		want   []stride.ThreatID
	}{
		{"none", analysis.ThreatFilter{}, []stride.ThreatID{a, b, c, d}},
		{"project", analysis.ThreatFilter{Project: r.project.ID}, []stride.ThreatID{a, b, c}},
		{"model", analysis.ThreatFilter{Model: r.model.ID}, []stride.ThreatID{b}},
		{"states", analysis.ThreatFilter{State: []stride.ThreatState{stride.ThreatResolved, stride.ThreatInvalid}}, []stride.ThreatID{b}},
		{"category", analysis.ThreatFilter{Category: []stride.Category{stride.Tampering}}, []stride.ThreatID{c}},
		{"severity", analysis.ThreatFilter{Severity: []stride.Severity{stride.SeverityCritical}}, []stride.ThreatID{a, b, d}},
		{"owner", analysis.ThreatFilter{Owner: "ann"}, []stride.ThreatID{b}},
		{"all at once", analysis.ThreatFilter{Project: r.project.ID, Owner: "Ann", State: []stride.ThreatState{stride.ThreatOpen}}, []stride.ThreatID{c}},
	}
	for _, c := range cases {
		got, err := f.Threats(f.ctx, everything(), c.filter, analysis.Page{Limit: 10})
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, threatIDs(got.Items), c.name)
	}
}

func threatIDs(threats []stride.Threat) []stride.ThreatID {
	out := []stride.ThreatID{}
	for _, t := range threats {
		out = append(out, t.ID)
	}
	return out
}

func testThreatPages(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	var want []stride.ThreatID
	for range 7 {
		want = append(want, f.insertThreat(t, f.newThreat(p, nil)).ID)
	}
	got := threatIDs(pages(t, 2, func() { f.insertThreat(t, f.newThreat(p, nil)) },
		func(page analysis.Page) (analysis.Listing[stride.Threat], error) {
			if page.After != nil && page.After.ID > string(want[len(want)-1]) {
				return analysis.Listing[stride.Threat]{}, nil // far enough
			}
			return f.Threats(f.ctx, everything(), analysis.ThreatFilter{}, page)
		}))
	require.Equal(t, want, got[:len(want)])
	_, err := f.Threats(f.ctx, everything(), analysis.ThreatFilter{}, analysis.Page{After: &analysis.Cursor{Sort: "other"}})
	requireKind(t, stride.Invalid, err)
}

func testThreatUpdate(t *testing.T, f *fixture) {
	stored := f.insertThreat(t, f.newThreat(f.project(t, "shop"), nil))
	u := stored
	u.Content.Category, u.Content.Severity, u.Content.Title = stride.Repudiation, stride.SeverityLow, "new"
	u.State, u.StateReason, u.Owner, u.Party, u.MitigatedBy = stride.ThreatResolved, "fixed", "ann", "x", "bob"
	u.ExpiresAt, u.ResolvedAt, u.ReopenCount, u.UpdatedAt = keptPtr(f.now()), keptPtr(f.now()), 2, kept(f.now())
	u.AcceptedBy, u.AcceptedAt = "nobody", f.now()
	f.inThreatTx(t, func(tx analysis.ThreatTx) error {
		require.NoError(t, tx.UpdateThreat(f.ctx, u))
		requireKind(t, stride.Stale, tx.UpdateThreat(f.ctx, u))
		return nil
	})
	u.Revision++
	u.AcceptedBy, u.AcceptedAt = stored.AcceptedBy, stored.AcceptedAt
	got, err := f.Threat(f.ctx, everything(), u.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(u, got), "who accepted it never changes")
	list, err := f.Threats(f.ctx, everything(), analysis.ThreatFilter{
		Category: []stride.Category{stride.Repudiation}, Severity: []stride.Severity{stride.SeverityLow},
	}, analysis.Page{Limit: 2})
	require.NoError(t, err)
	require.Len(t, list.Items, 1)
}

func testThreatUpdateRace(t *testing.T, f *fixture) {
	threat := f.insertThreat(t, f.newThreat(f.project(t, "shop"), nil))
	results := race(6, func(int) error {
		return f.InThreatTx(f.ctx, func(tx analysis.ThreatTx) error { return tx.UpdateThreat(f.ctx, threat) })
	})
	require.Equal(t, 1, winners(t, results, stride.Stale))
}

func testReferences(t *testing.T, f *fixture) {
	threat := f.insertThreat(t, f.newThreat(f.project(t, "shop"), nil))
	other := f.insertThreat(t, f.newThreat(f.project(t, "other"), nil))
	lists := [][]stride.Reference{
		{
			{System: "jira", Key: "b-1", URL: "https://example.com/b-1", AcknowledgedAt: keptPtr(f.now())},
			{System: "jira", Key: "B-1"},
			{System: "Jira", Key: "b-1"},
			{System: "github", Key: "a"},
		},
		{{System: "jira", Key: "b-1"}},
		{},
	}
	for _, want := range lists {
		f.inThreatTx(t, func(tx analysis.ThreatTx) error {
			require.NoError(t, tx.ReplaceReferences(f.ctx, other.ID, want))
			return tx.ReplaceReferences(f.ctx, threat.ID, want)
		})
		got, err := f.Threat(f.ctx, everything(), threat.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, got.References))
		list, err := f.Threats(f.ctx, everything(), analysis.ThreatFilter{}, analysis.Page{Limit: 10})
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, list.Items[0].References))
		require.Empty(t, cmp.Diff(want, list.Items[1].References))
	}
}

func testReport(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	threat := f.insertThreat(t, f.newThreat(p, nil))
	first := f.now()
	report := func(at time.Time) bool {
		var ok bool
		f.inThreatTx(t, func(tx analysis.ThreatTx) error {
			var err error
			ok, err = tx.ReportThreat(f.ctx, p.ID, threat.ID, at)
			return err
		})
		return ok
	}
	require.True(t, report(first))
	require.False(t, report(first.Add(-time.Hour)))
	var at int64
	require.NoError(t, f.WriterDB().QueryRowContext(f.ctx, "select at from threat_reports").Scan(&at))
	require.Equal(t, first.UnixMicro(), at)
}

func testThreatVersions(t *testing.T, f *fixture) {
	r := f.run(t, "shop")
	two, three := f.model(t, r.project, "main", 2), f.model(t, r.project, "main", 3)
	threat, other := f.insertThreat(t, f.newThreat(r.project, nil)), f.insertThreat(t, f.newThreat(r.project, nil))
	f.inThreatTx(t, func(tx analysis.ThreatTx) error {
		for _, m := range []stride.ThreatModel{two, three, r.model, two} {
			require.NoError(t, tx.LinkThreat(f.ctx, m.ID, threat.ID))
		}
		return tx.LinkThreat(f.ctx, two.ID, other.ID)
	})
	got, err := f.Threat(f.ctx, everything(), threat.ID)
	require.NoError(t, err)
	require.Equal(t, r.model.ID, got.FirstModel)
	require.Equal(t, three.ID, got.LastModel)
	for m, want := range map[stride.ModelID][]stride.ThreatID{
		r.model.ID: {threat.ID}, two.ID: {threat.ID, other.ID}, three.ID: {threat.ID}, newID[stride.ModelID](): {},
	} {
		threats, err := f.ThreatsOf(f.ctx, m)
		require.NoError(t, err)
		require.Equal(t, want, threatIDs(threats))
	}
}

func testThreatDue(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	now := kept(f.now())
	sla := stride.SLA{stride.SeverityCritical: 1, stride.SeverityHigh: 2, stride.SeverityMedium: 3, stride.SeverityLow: 4}
	add := func(state stride.ThreatState, severity stride.Severity, age time.Duration) stride.ThreatID {
		threat := f.newThreat(p, nil)
		threat.State, threat.Content.Severity, threat.AcceptedAt = state, severity, now.Add(-age)
		return f.insertThreat(t, threat).ID
	}
	day := 24 * time.Hour
	low := add(stride.ThreatMitigated, stride.SeverityLow, 4*day+time.Microsecond)
	medium := add(stride.ThreatInProgress, stride.SeverityMedium, 3*day)
	high := add(stride.ThreatOpen, stride.SeverityHigh, day)
	critical := add(stride.ThreatOpen, stride.SeverityCritical, 2*day)
	closed := add(stride.ThreatResolved, stride.SeverityCritical, 9*day)
	yes, no := true, false
	for _, c := range []struct {
		name   string
		filter analysis.ThreatFilter
		want   []stride.ThreatID
	}{
		{"overdue", analysis.ThreatFilter{Overdue: &yes}, []stride.ThreatID{low, critical}},
		{"not overdue", analysis.ThreatFilter{Overdue: &no}, []stride.ThreatID{medium, high, closed}},
		{"by due date", analysis.ThreatFilter{Sort: analysis.ThreatsByDueDate}, []stride.ThreatID{critical, low, medium, high}},
		{"both", analysis.ThreatFilter{Sort: analysis.ThreatsByDueDate, Overdue: &yes}, []stride.ThreatID{critical, low}},
		{"with others", analysis.ThreatFilter{Overdue: &yes, Severity: []stride.Severity{stride.SeverityLow}}, []stride.ThreatID{low}},
	} {
		c.filter.SLA, c.filter.Now = sla, now
		got, err := f.Threats(f.ctx, everything(), c.filter, analysis.Page{Limit: 10})
		require.NoError(t, err, c.name)
		require.Equal(t, c.want, threatIDs(got.Items), c.name)
		for _, threat := range got.Items {
			if c.filter.Overdue != nil {
				require.Equal(t, *c.filter.Overdue, threat.Age(sla, now).Overdue, c.name)
			}
		}
	}
	_, err := f.Threats(f.ctx, everything(), analysis.ThreatFilter{Sort: "owner"}, analysis.Page{})
	requireKind(t, stride.Invalid, err)
}

func testThreatDuePages(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	at := f.now()
	var want []stride.ThreatID
	for i := range 7 {
		threat := f.newThreat(p, nil)
		threat.AcceptedAt = at // the id breaks the tie
		if i >= 4 {
			threat.Content.Severity = stride.SeverityLow
		}
		want = append(want, f.insertThreat(t, threat).ID)
	}
	got := threatIDs(pages(t, 2, nil, func(page analysis.Page) (analysis.Listing[stride.Threat], error) {
		return f.Threats(f.ctx, everything(), analysis.ThreatFilter{Sort: analysis.ThreatsByDueDate, SLA: stride.DefaultSLA()}, page)
	}))
	require.Equal(t, want, got)
}

func testExpiredRisks(t *testing.T, f *fixture) {
	p, other := f.project(t, "shop"), f.project(t, "other")
	now := f.now()
	add := func(p stride.Project, state stride.ThreatState, expires *time.Time) stride.ThreatID {
		threat := f.newThreat(p, nil)
		threat.State, threat.ExpiresAt = state, expires
		return f.insertThreat(t, threat).ID
	}
	before, behind := now.Add(-time.Hour), now.Add(time.Microsecond)
	a := add(p, stride.ThreatRiskAccepted, &now)
	b := add(other, stride.ThreatRiskAccepted, &before)
	c := add(p, stride.ThreatRiskAccepted, &now)
	add(p, stride.ThreatRiskAccepted, &behind)
	add(p, stride.ThreatRiskAccepted, nil)
	add(p, stride.ThreatOpen, &before)
	var got []stride.ThreatID
	var after *analysis.ExpiredRisk
	for {
		batch, err := f.ExpiredRisks(f.ctx, now, after, 1)
		require.NoError(t, err)
		if len(batch) == 0 {
			break
		}
		require.Len(t, batch, 1)
		after = &batch[0]
		got = append(got, after.ID)
		if after.ID == b {
			require.Equal(t, analysis.ExpiredRisk{ID: b, ProjectID: other.ID, ExpiresAt: kept(before)}, *after)
		}
	}
	require.Equal(t, []stride.ThreatID{b, a, c}, got)
}
