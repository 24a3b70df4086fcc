package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func idempotencyTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"the reply is replayed":         testOnceReplay,
		"one of many claims in a race":  testOnceRace,
		"an old key is claimed anew":    testOnceOld,
		"a failed effect frees its key": testOnceRollback,
		"keys are told apart":           testOnceDistinct,
		"a reply needs a claim":         testReplyWithoutClaim,
	}
}

func (f *fixture) claim() analysis.OnceClaim {
	return analysis.OnceClaim{User: "ann", Route: "POST /v1/drafts", Key: "key", RequestHash: "hash", At: f.now()}
}

func reply() analysis.Reply {
	return analysis.Reply{Status: 202, Headers: map[string]string{"Location": "/v1/drafts/1"}, Body: []byte(`{"id":"ä"}` + "\n")}
}

// once claims and saves a reply; it returns the earlier record, if any.
func (f *fixture) once(c analysis.OnceClaim, since time.Time, r analysis.Reply) (*analysis.OnceRecord, error) {
	var earlier *analysis.OnceRecord
	err := f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error {
		var err error
		if earlier, err = tx.ClaimOnce(f.ctx, c, since); err != nil || earlier != nil {
			return err
		}
		return tx.SaveReply(f.ctx, c, r)
	})
	return earlier, err
}

func testOnceReplay(t *testing.T, f *fixture) {
	c := f.claim()
	earlier, err := f.once(c, c.At.Add(-time.Hour), reply())
	require.NoError(t, err)
	require.Nil(t, earlier)
	again := c
	again.RequestHash, again.At = "another body", f.now()
	earlier, err = f.once(again, c.At.Add(-time.Hour), analysis.Reply{Status: 500})
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(&analysis.OnceRecord{RequestHash: "hash", Reply: reply()}, earlier))
}

func testOnceRace(t *testing.T, f *fixture) {
	c := f.claim()
	records := make([]*analysis.OnceRecord, 8)
	for _, err := range race(len(records), func(i int) error {
		var err error
		records[i], err = f.once(c, c.At.Add(-time.Hour), reply())
		return err
	}) {
		require.NoError(t, err)
	}
	claimed := 0
	for _, r := range records {
		if r == nil {
			claimed++
			continue
		}
		require.Empty(t, cmp.Diff(reply(), r.Reply), "who comes second sees the whole reply")
	}
	require.Equal(t, 1, claimed)
}

func testOnceOld(t *testing.T, f *fixture) {
	c := f.claim()
	_, err := f.once(c, c.At.Add(-time.Hour), reply())
	require.NoError(t, err)
	later := c
	later.At, later.RequestHash = c.At.Add(24*time.Hour), "new"
	earlier, err := f.once(later, c.At, analysis.Reply{})
	require.NoError(t, err)
	require.NotNil(t, earlier, "a key as old as the limit is kept")
	fresh := analysis.Reply{Status: 201, Headers: map[string]string{}, Body: []byte{}}
	earlier, err = f.once(later, c.At.Add(time.Microsecond), fresh)
	require.NoError(t, err)
	require.Nil(t, earlier)
	earlier, err = f.once(c, c.At, reply())
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(&analysis.OnceRecord{RequestHash: "new", Reply: fresh}, earlier))
}

func testOnceRollback(t *testing.T, f *fixture) {
	c := f.claim()
	err := f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error {
		earlier, err := tx.ClaimOnce(f.ctx, c, c.At.Add(-time.Hour))
		require.NoError(t, err)
		require.Nil(t, earlier)
		return errUndo
	})
	require.ErrorIs(t, err, errUndo)
	earlier, err := f.once(c, c.At.Add(-time.Hour), reply())
	require.NoError(t, err)
	require.Nil(t, earlier)
}

func testOnceDistinct(t *testing.T, f *fixture) {
	base := f.claim()
	changes := []func(*analysis.OnceClaim){
		func(*analysis.OnceClaim) {},
		func(c *analysis.OnceClaim) { c.User = "bob" },
		func(c *analysis.OnceClaim) { c.Route = "POST /v1/projects" },
		func(c *analysis.OnceClaim) { c.Key = "KEY" },
		func(c *analysis.OnceClaim) { c.Key = "key " },
	}
	for _, change := range changes {
		c := base
		change(&c)
		earlier, err := f.once(c, base.At.Add(-time.Hour), reply())
		require.NoError(t, err)
		require.Nil(t, earlier, "%+v", c)
	}
}

func testReplyWithoutClaim(t *testing.T, f *fixture) {
	err := f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error { return tx.SaveReply(f.ctx, f.claim(), reply()) })
	requireKind(t, stride.Conflict, err)
}
