//go:build unix

package main

import (
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

// The crash tests start the real program, hold a run at a named point, and end
// the process there. What must hold afterwards stands in requireWhole.

// outcome is what a draft left, without what differs from one run to the next.
type outcome struct {
	Suggestions []any
	Questions   []any
	Coverage    any
}

// outcomeOf reads what is in the queue of the draft's model.
func outcomeOf(t *testing.T, c client, d draftOut) outcome {
	t.Helper()
	list := get[listOut](t, c, "/v1/suggestions?limit=200&draft="+d.ID)
	require.Nil(t, list.NextCursor)
	out := outcome{Coverage: anonymous(get[any](t, c, "/v1/models/"+d.ModelID+"/coverage"))}
	for _, item := range list.Items {
		out.Suggestions = append(out.Suggestions, anonymous(item))
	}
	for _, item := range get[listOut](t, c, "/v1/models/"+d.ModelID+"/questions").Items {
		delete(item, "suggestion_ids")
		out.Questions = append(out.Questions, anonymous(item))
	}
	return out
}

// anonymous drops stored ids and moments, which no two runs share, at any depth.
// The ids of proposals and elements are made of their content and stay.
func anonymous(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, value := range v {
			if text, ok := value.(string); ok && len(text) == 36 && strings.Count(text, "-") == 4 {
				continue
			}
			if !strings.HasSuffix(key, "_at") {
				out[key] = anonymous(value)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = anonymous(v[i])
		}
		return out
	}
	return v
}

// undisturbed is what the design gives when nothing goes wrong.
func undisturbed(t *testing.T) outcome {
	t.Helper()
	p := start(t, requireProgram(t, crashProgram), storetest.EmptySQLite(t))
	d := p.awaitEnd(t, p.submit(t).ID)
	require.Equal(t, "succeeded", d.State)
	out := outcomeOf(t, p.client, d)
	require.GreaterOrEqual(t, len(out.Suggestions), 8, "the design is too small to be interrupted")
	require.NotEmpty(t, out.Questions)
	p.kill()
	return out
}

// crash is a run that somebody else has to end.
type crash struct {
	name  string
	point string
	begin func(t *testing.T, c *crash)
	// state is how the draft is to end, run the one that ends it.
	state string
	run   int

	database string
	survivor *process
	// thaw, where it is set, goes on with the old run after the draft has ended.
	thaw func(t *testing.T)
	// since is when nothing stood in the way of the draft's end any more.
	since time.Time
	draft draftOut
}

// TestKilledRunsEnd kills the program at every named point: on SQLite, where the
// next start takes over, and on PostgreSQL, where a replica does. The cases of a
// database wait for leases to lapse, so they are begun one after the other and
// judged together.
func TestKilledRunsEnd(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for leases to lapse")
	}
	t.Parallel()
	whole := undisturbed(t)
	databases := map[string][]crash{
		"sqlite": killedAt(restartOnSQLite, whole),
		"postgres": append(killedAt(surviveOnPostgres, whole),
			crash{name: "frozen, then thawed", point: "publish", begin: freeze, state: "succeeded", run: 2},
			crash{name: "canceled, then killed", point: "item:3", begin: cancelThenKill, state: "canceled", run: 1},
			crash{name: "canceled, but stuck", point: "item:3", begin: cancelStuck, state: "canceled", run: 1}),
	}
	for name, cases := range databases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i := range cases {
				cases[i].begin(t, &cases[i])
			}
			for _, c := range cases {
				// Not in parallel: the programs end with the test around it.
				t.Run(c.name, func(t *testing.T) { c.judge(t, whole) })
			}
		})
	}
}

// killedAt is a case per named point.
func killedAt(begin func(*testing.T, *crash), whole outcome) []crash {
	points := []string{"claimed"}
	for i := range whole.Suggestions {
		points = append(points, "item:"+strconv.Itoa(i+1))
	}
	var out []crash
	for _, point := range append(points, "publish", "commit") {
		out = append(out, crash{name: point, point: point, begin: begin, state: "succeeded", run: 2})
	}
	return append(out, crash{name: "published", point: "published", begin: begin, state: "succeeded", run: 1})
}

func (c *crash) judge(t *testing.T, whole outcome) {
	t.Helper()
	d := c.survivor.awaitEnd(t, c.draft.ID)
	require.Equal(t, c.state, d.State)
	require.Equal(t, c.run, d.Run)
	require.Less(t, d.EndedAt.Sub(c.since), patience)
	if c.thaw != nil {
		c.thaw(t)
	}
	if c.state == "succeeded" {
		requireWhole(t, c.survivor.client, c.database, d, whole)
	} else {
		requireNothing(t, c.survivor.client, c.database, d)
	}
}

// hold starts a program, submits the design, and waits until its run is at the
// point.
func hold(t *testing.T, database, point string, env ...string) (*process, draftOut) {
	t.Helper()
	p := start(t, requireProgram(t, crashProgram), database, append(env, "THREATDRAFT_PROBE_AT="+point)...)
	d := p.submit(t)
	p.stdout.await(t, "probe "+point, p.ended)
	return p, d
}

func restartOnSQLite(t *testing.T, c *crash) {
	t.Helper()
	c.database = storetest.EmptySQLite(t)
	var p *process
	p, c.draft = hold(t, c.database, c.point)
	p.kill()
	c.survivor = start(t, requireProgram(t, crashProgram), c.database)
	c.since = time.Now()
}

// holdBesides has a second replica beside the one whose run is held.
func holdBesides(t *testing.T, c *crash) *process {
	t.Helper()
	c.database = storetest.EmptyPostgres(t)
	var p *process
	p, c.draft = hold(t, c.database, c.point)
	c.survivor = start(t, requireProgram(t, crashProgram), c.database)
	return p
}

func surviveOnPostgres(t *testing.T, c *crash) {
	t.Helper()
	holdBesides(t, c).kill()
	c.since = time.Now()
}

// freeze stops the holder as a suspended machine is stopped. It does not know, when
// it goes on, that its run is another's.
func freeze(t *testing.T, c *crash) {
	t.Helper()
	p := holdBesides(t, c)
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGSTOP))
	c.since = time.Now()
	c.thaw = func(t *testing.T) {
		t.Helper()
		require.NoError(t, p.cmd.Process.Signal(syscall.SIGCONT))
		p.letGo(t)
		p.stderr.await(t, "draft run is stale", p.ended)
	}
}

// cancel asks for it at a replica that does not hold the run.
func (c client) cancel(t *testing.T, id string) {
	t.Helper()
	d, _ := call[map[string]any](t, c, http.StatusAccepted, http.MethodPost, "/v1/drafts/"+id+"/cancel", "")
	require.Equal(t, true, d["cancel_requested"])
}

func cancelThenKill(t *testing.T, c *crash) {
	t.Helper()
	p := holdBesides(t, c)
	c.survivor.cancel(t, c.draft.ID)
	p.kill()
	c.since = time.Now()
}

// cancelStuck leaves the holder alive, with a run that does not listen.
func cancelStuck(t *testing.T, c *crash) {
	t.Helper()
	holdBesides(t, c)
	c.survivor.cancel(t, c.draft.ID)
	c.since = time.Now()
}

// TestCancelAcrossProcesses asks one replica to cancel what another one runs.
func TestCancelAcrossProcesses(t *testing.T) {
	t.Parallel()
	c := crash{point: "item:3"}
	holder := holdBesides(t, &c)
	c.survivor.cancel(t, c.draft.ID)
	holder.letGo(t)
	d := c.survivor.awaitEnd(t, c.draft.ID)
	require.Equal(t, "canceled", d.State)
	require.Equal(t, 1, d.Run)
	requireNothing(t, c.survivor.client, c.database, d)
}

// requireWhole holds the draft to what an undisturbed one gives: nothing is
// lost, nothing doubled, and it ended once.
func requireWhole(t *testing.T, c client, database string, d draftOut, whole outcome) {
	t.Helper()
	require.Empty(t, cmp.Diff(whole, outcomeOf(t, c, d)))
	require.Equal(t, len(whole.Suggestions), d.Outcome.Suggestions)
	requireEndedOnce(t, c, database, d)
	require.Equal(t, len(whole.Suggestions), count(t, database, "select count(*) from suggestions"))
	require.Equal(t, len(whole.Suggestions), count(t, database, "select count(*) from events where kind = 'suggestion.created'"))
	require.Equal(t, len(whole.Questions), count(t, database, "select count(*) from questions"))
}

// requireNothing: what was canceled is never in the queue.
func requireNothing(t *testing.T, c client, database string, d draftOut) {
	t.Helper()
	requireEndedOnce(t, c, database, d)
	require.Nil(t, d.Outcome)
	require.Zero(t, count(t, database, "select count(*) from suggestions"))
	require.Zero(t, count(t, database, "select count(*) from questions"))
}

// requireEndedOnce looks at the stream that clients read and at the audit trail.
func requireEndedOnce(t *testing.T, c client, database string, d draftOut) {
	t.Helper()
	var ends []any
	events := c.events(t, d.ID)
	for _, e := range events {
		if e.Type == "state" && e.Data["state"] != "queued" && e.Data["state"] != "running" {
			ends = append(ends, e.Data["state"])
		}
	}
	require.Equal(t, []any{d.State}, ends)
	require.Equal(t, d.State, events[len(events)-1].Data["state"], "something follows the end")
	require.Equal(t, 1, count(t, database,
		`select count(*) from events where kind = 'draft.moved' and payload like '%"to":"`+d.State+`"%'`))
}

func count(t *testing.T, database, query string) int {
	t.Helper()
	var n int
	require.NoError(t, storetest.Open(t, database).WriterDB().QueryRowContext(t.Context(), query).Scan(&n))
	return n
}

// TestTerminatedRunIsReleased stops the program in the middle of a run: the run
// is neither canceled nor failed, and the next start ends it without waiting for
// a lease.
func TestTerminatedRunIsReleased(t *testing.T) {
	t.Parallel()
	whole := undisturbed(t)
	storetest.EachEmpty(t, func(t *testing.T, database string) {
		p, d := hold(t, database, "item:3", "THREATDRAFT_SHUTDOWN_GRACE=0s")
		p.terminate(t)
		p.stderr.await(t, "runs are released", p.ended)
		p.letGo(t)
		require.Zero(t, p.awaitExit(t))
		require.Equal(t, 1, count(t, database, "select count(*) from drafts where state = 'queued' and lease_until is null"))
		next := start(t, requireProgram(t, crashProgram), database)
		ended := next.awaitEnd(t, d.ID)
		require.Equal(t, "succeeded", ended.State)
		require.Equal(t, 1, ended.Run, "a shutdown is not a failure")
		requireWhole(t, next.client, database, ended, whole)
	})
}

// TestDrainLetsRunsEnd gives the run the time that it needs.
func TestDrainLetsRunsEnd(t *testing.T) {
	t.Parallel()
	storetest.EachEmpty(t, func(t *testing.T, database string) {
		p, _ := hold(t, database, "item:3")
		p.terminate(t)
		p.stderr.await(t, "draining", p.ended)
		p.letGo(t)
		require.Zero(t, p.awaitExit(t))
		require.NotContains(t, p.stderr.String(), "released")
		require.Equal(t, 1, count(t, database, "select count(*) from drafts where state = 'succeeded' and run = 1"))
	})
}

// TestProgramsStartTogether starts ten replicas on a database without a schema.
func TestProgramsStartTogether(t *testing.T) {
	const replicas = 10
	t.Parallel()
	storetest.EachEmpty(t, func(t *testing.T, database string) {
		var all []*process
		for range replicas {
			all = append(all, spawn(t, requireProgram(t, crashProgram), database))
		}
		for _, p := range all {
			p.awaitReady(t)
		}
		for _, p := range all {
			require.Equal(t, "succeeded", p.awaitEnd(t, p.submit(t).ID).State)
		}
		require.Equal(t, replicas, count(t, database, "select count(*) from drafts where state = 'succeeded' and run = 1"))
	})
}
