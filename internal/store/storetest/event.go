package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func eventTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"history of a threat":          testHistory,
		"missing project":              testEventOfNothing,
		"payload with a NUL":           testEventText,
		"intervals follow one another": testIntervals,
		"chain has no gap in a race":   testEventRace,
		"a rolled back event":          testEventRollback,
	}
}

func (f *fixture) event(p stride.ProjectID, subject stride.Subject, id string) stride.Event {
	return stride.Event{
		ProjectID: p, Kind: stride.EventProjectUpdated, Subject: subject, SubjectID: id, ActorID: "somebody",
		At: kept(f.now()), Payload: `{"name":"Zürich  ","b":1}`,
	}
}

func (f *fixture) appendEvent(t *testing.T, e stride.Event) {
	t.Helper()
	f.inProjectTx(t, func(tx analysis.ProjectTx) error { return tx.AppendEvent(f.ctx, e) })
}

func testHistory(t *testing.T, f *fixture) {
	p, other := f.project(t, "shop"), f.project(t, "other")
	first, second := f.event(p.ID, stride.SubjectThreat, "t"), f.event(p.ID, stride.SubjectThreat, "t")
	f.appendEvent(t, first)
	f.appendEvent(t, f.event(other.ID, stride.SubjectThreat, "t"))
	f.appendEvent(t, f.event(p.ID, stride.SubjectThreat, "T"))
	f.appendEvent(t, f.event(p.ID, stride.SubjectModel, "t"))
	second.ActorID = ""
	f.appendEvent(t, second)
	got, err := f.History(f.ctx, p.ID, "t")
	require.NoError(t, err)
	require.Len(t, got, 2)
	first.Seq, second.Seq = 1, 4
	first.Hash = first.ChainHash()
	require.Empty(t, cmp.Diff(first, got[0]))
	require.NotEmpty(t, got[1].PrevHash)
	second.PrevHash = got[1].PrevHash
	second.Hash = second.ChainHash()
	require.Empty(t, cmp.Diff(second, got[1]))
}

func testEventOfNothing(t *testing.T, f *fixture) {
	err := f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error {
		return tx.AppendEvent(f.ctx, f.event(newID[stride.ProjectID](), stride.SubjectProject, "x"))
	})
	requireKind(t, stride.NotFound, err)
}

func testEventText(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	for _, payload := range []string{"\"\x00\"", `{"a":"\u0000"}`} {
		e := f.event(p.ID, stride.SubjectProject, string(p.ID))
		e.Payload = payload
		err := f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error { return tx.AppendEvent(f.ctx, e) })
		requireKind(t, stride.Invalid, err)
	}
}

func testEventRollback(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	err := f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error {
		require.NoError(t, tx.AppendEvent(f.ctx, f.event(p.ID, stride.SubjectThreat, "t")))
		return errUndo
	})
	require.ErrorIs(t, err, errUndo)
	f.appendEvent(t, f.event(p.ID, stride.SubjectThreat, "t"))
	got, err := f.History(f.ctx, p.ID, "t")
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.EqualValues(t, 1, got[0].Seq, "a number is not lost with its transaction")
}

// testEventRace has many append at once, each twice in its transaction.
func testEventRace(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	const n = 20
	for _, err := range race(n, func(int) error {
		return f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error {
			for range 2 {
				if err := tx.AppendEvent(f.ctx, f.event(p.ID, stride.SubjectThreat, "t")); err != nil {
					return err
				}
			}
			return nil
		})
	}) {
		require.NoError(t, err)
	}
	got, err := f.History(f.ctx, p.ID, "t")
	require.NoError(t, err)
	require.Len(t, got, 2*n)
	previous := ""
	for i, e := range got {
		require.EqualValues(t, i+1, e.Seq)
		require.Equal(t, previous, e.PrevHash)
		require.Equal(t, e.ChainHash(), e.Hash)
		previous = e.Hash
	}
}

func testIntervals(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	states := []string{"unknown", "true", "true", "false"}
	var from []int64
	for _, state := range states {
		at := f.now()
		from = append(from, at.UnixMicro())
		f.inProjectTx(t, func(tx analysis.ProjectTx) error {
			require.NoError(t, tx.MoveInterval(f.ctx, stride.Interval{
				Subject: stride.SubjectProject, SubjectID: string(p.ID), ProjectID: p.ID, State: state, From: at,
			}), "another subject of the same id")
			return tx.MoveInterval(f.ctx, stride.Interval{
				Subject: stride.SubjectScope, SubjectID: string(p.ID), ProjectID: p.ID, State: state, From: at,
			})
		})
	}
	rows, err := f.WriterDB().QueryContext(f.ctx,
		"select ordinal, state, from_at, to_at from state_intervals where subject = 'project_scope' order by ordinal")
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	i := 0
	for ; rows.Next(); i++ {
		var ordinal, begin int64
		var end *int64
		var state string
		require.NoError(t, rows.Scan(&ordinal, &state, &begin, &end))
		require.EqualValues(t, i+1, ordinal)
		require.Equal(t, states[i], state)
		require.Equal(t, from[i], begin)
		if i == len(states)-1 {
			require.Nil(t, end)
			continue
		}
		require.Equal(t, from[i+1], *end, "one ends where the next begins")
	}
	require.NoError(t, rows.Err())
	require.Equal(t, len(states), i)
}
