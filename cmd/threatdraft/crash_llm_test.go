//go:build unix

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/llm/llmtest"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

// lockerModel answers each question about threats with one for each part that it
// names, and the others with nothing.
func lockerModel(q llmtest.Query) *llmtest.Reply {
	if q.SchemaName != "threats" {
		return llmtest.Text("{}")
	}
	var items []string
	for line := range strings.Lines(q.User) {
		id, rest, ok := strings.Cut(line, " = ")
		if name, _, part := strings.Cut(rest, " ("); ok && part && strings.HasPrefix(id, "e") {
			items = append(items, fmt.Sprintf(`{"targets":[%q],"category":"denial_of_service","title":"Marbles in the gears of %s","statement":`+
				`"A bored courier can pour marbles into %s because its hatch has no lid, causing a long outage.","quote":"","likelihood":2,"impact":2,"cwe":[],"improves":""}`,
				id, name, name))
		}
	}
	return llmtest.Text(`{"threats":[` + strings.Join(items, ",") + `]}`)
}

// groupsAsked counts the questions about threats.
func groupsAsked(s *llmtest.Server) int {
	n := 0
	for _, q := range s.Queries() {
		if q.SchemaName == "threats" {
			n++
		}
	}
	return n
}

// TestKilledLLMDraftAsksNothingTwice kills the program after each question that it
// finished. The next start asks the others alone, and the draft is what it would
// have been.
func TestKilledLLMDraftAsksNothingTwice(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for leases to lapse")
	}
	t.Parallel()
	calm := llmtest.New(t, lockerModel)
	p := start(t, requireProgram(t, crashProgram), storetest.EmptySQLite(t), asking(calm)...)
	d := p.awaitEnd(t, p.submit(t).ID)
	require.Equal(t, "succeeded", d.State)
	whole, questions := outcomeOf(t, p.client, d), groupsAsked(calm)
	require.Greater(t, questions, 2)
	p.kill()

	// The programs of all cases wait for their leases at the same time.
	type victim struct {
		database string
		model    *llmtest.Server
		draft    draftOut
		finished int
		survivor *process
	}
	var victims []victim
	for n := range questions {
		v := victim{database: storetest.EmptySQLite(t), model: llmtest.New(t, lockerModel)}
		var held *process
		held, v.draft = hold(t, v.database, fmt.Sprintf("group:%d", n+1), append(asking(v.model), "THREATDRAFT_LLM_CONCURRENCY=1")...)
		held.kill()
		v.finished = count(t, v.database, "select count(*) from draft_groups where checkpoint like '%\"task\":\"threats\"%'")
		v.model = llmtest.New(t, lockerModel)
		v.survivor = start(t, requireProgram(t, crashProgram), v.database, asking(v.model)...)
		victims = append(victims, v)
	}
	for n, v := range victims {
		ended := v.survivor.awaitEnd(t, v.draft.ID)
		require.Equal(t, "succeeded", ended.State)
		require.Equal(t, 2, ended.Run)
		require.Equal(t, questions-v.finished, groupsAsked(v.model), "killed after question %d", n+1)
		require.Empty(t, cmp.Diff(whole, outcomeOf(t, v.survivor.client, ended)))
		requireEndedOnce(t, v.survivor.client, v.database, ended)
	}
}

// TestLongLLMDraftIsLeftAlone: a draft whose model takes several leases to answer
// is neither given to a second run nor asked for twice, though two replicas sweep.
func TestLongLLMDraftIsLeftAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("outlasts a lease")
	}
	t.Parallel()
	release := make(chan struct{})
	slow := llmtest.New(t, func(q llmtest.Query) *llmtest.Reply {
		if q.SchemaName == "threats" {
			<-release
		}
		return llmtest.Text("{}")
	})
	database := storetest.EmptyPostgres(t)
	p := start(t, requireProgram(t, crashProgram), database, asking(slow)...)
	start(t, requireProgram(t, crashProgram), database, asking(slow)...)
	d := p.submit(t)
	lease := int(analysis.DefaultLease.Microseconds())
	require.Eventually(t, func() bool {
		return count(t, database, "select coalesce(max(lease_until - started_at), 0) from drafts") >= 2*lease
	}, patience, time.Second/2, "the lease is not extended")
	close(release)
	ended := p.awaitEnd(t, d.ID)
	require.Equal(t, "succeeded", ended.State)
	require.Equal(t, 1, ended.Run)
	require.Equal(t, 1, count(t, database, "select count(*) from events where kind = 'draft.moved' and payload like '%\"to\":\"running\"%'"))
}
