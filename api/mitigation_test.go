package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// day is how much h.ahead counts for a day.
const day = 24 * 60 * 60

// addThreat adds a threat of the risk and returns its path.
func (h *house) addThreat(t *testing.T, project string, likelihood, impact int, mitigations ...string) string {
	t.Helper()
	list := []fields{}
	for _, text := range mitigations {
		list = append(list, fields{"text": text, "references": []string{"CWE-602"}})
	}
	return h.post(t, http.StatusCreated, h.author, "/v1/projects/"+project+"/threats", fields{
		"category": "tampering", "title": "Prices can be changed", "likelihood": likelihood, "impact": impact, "mitigations": list,
	}).header.Get("Location")
}

func TestMitigationLife(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		threat := h.addThreat(t, w.project, 4, 3, "Check prices on the server", "Sign the cart")
		before := h.get(t, h.viewer, threat)
		listed := decode[struct{ Mitigations []fields }](t, before).Mitigations
		require.Len(t, listed, 2)
		require.Equal(t, fields{"likelihood": 4.0, "impact": 3.0, "severity": "critical"}, before.field(t, "residual"))
		path := "/v1/mitigations/" + listed[0]["id"].(string)
		made := h.get(t, h.viewer, path)
		require.Equal(t, "human", made.text(t, "origin"))
		require.Equal(t, "proposed", made.text(t, "status"))
		require.Equal(t, []any{"CWE-602"}, made.field(t, "references"))
		require.Equal(t, []any{fields{
			"threat_id": before.text(t, "id"), "title": "Prices can be changed", "effect": fields{"likelihood": 1.0, "impact": 0.0},
		}}, made.field(t, "threats"))

		patched := h.do(t, http.StatusOK, call{
			method: "PATCH", path: path, token: h.author, body: fields{"owner": "team", "due_at": "2030-01-01T00:00:00Z"},
			header: map[string]string{"If-Match": made.header.Get("ETag")},
		})
		require.Equal(t, "2030-01-01T00:00:00Z", patched.text(t, "due_at"))
		kept := h.do(t, http.StatusOK, call{method: "PATCH", path: path, token: h.author, body: fields{"text": " Check them "}, header: anyVersion})
		require.Equal(t, "2030-01-01T00:00:00Z", kept.text(t, "due_at"), "what is left out stays")
		require.Equal(t, "Check them", kept.text(t, "text"))
		cleared := h.do(t, http.StatusOK, call{method: "PATCH", path: path, token: h.author, body: `{"due_at":null}`, header: anyVersion})
		require.Nil(t, cleared.field(t, "due_at"))

		h.workOff(t, path, threat)
		h.requireMitigationEvents(t, listed[0]["id"].(string))
	})
}

// workOff takes a mitigation through its statuses, with its effect on the threat.
func (h *house) workOff(t *testing.T, path, threat string) {
	t.Helper()
	move := func(status int, token string, body fields) answer {
		return h.post(t, status, token, path+"/transitions", body)
	}
	likelihood := func() any { return h.get(t, h.viewer, threat).field(t, "residual").(fields)["likelihood"] }
	move(http.StatusOK, h.author, fields{"to": "planned"})
	move(http.StatusOK, h.author, fields{"to": "in_progress"})
	jump := move(http.StatusConflict, h.author, fields{"to": "verified"}).problem(t)
	require.Equal(t, "in_progress", jump.Current["status"])
	require.InEpsilon(t, 4, likelihood(), 0, "work that is not done changes nothing")
	done := move(http.StatusOK, h.reviewer, fields{"to": "done"})
	require.NotNil(t, done.field(t, "done_at"))
	require.InEpsilon(t, 3, likelihood(), 0)
	move(http.StatusForbidden, h.author, fields{"to": "verified"})
	own := move(http.StatusForbidden, h.reviewer, fields{"to": "verified"}).problem(t)
	require.Contains(t, own.Detail, "you said that it is done")
	verified := move(http.StatusOK, h.admin, fields{"to": "verified", "reason": "tested"})
	require.NotNil(t, verified.field(t, "verified_by"))
	require.Equal(t, "tested", verified.text(t, "status_reason"))
	move(http.StatusForbidden, h.author, fields{"to": "in_progress", "reason": "it broke"})
	require.Equal(t, "reason", move(http.StatusBadRequest, h.reviewer, fields{"to": "in_progress"}).problem(t).Errors[0].Field)
	back := move(http.StatusOK, h.reviewer, fields{"to": "in_progress", "reason": "it broke"})
	require.Nil(t, back.field(t, "done_at"))
	require.Nil(t, back.field(t, "verified_by"))
	require.InEpsilon(t, 4, likelihood(), 0)
	move(http.StatusOK, h.author, fields{"to": "dropped", "reason": "the cart is gone"})
}

// requireMitigationEvents holds that each move left an event and an interval.
func (h *house) requireMitigationEvents(t *testing.T, id string) {
	t.Helper()
	require.Equal(t, []string{
		"mitigation.created", "mitigation.updated", "mitigation.updated", "mitigation.updated", "mitigation.moved", "mitigation.moved",
		"mitigation.moved", "mitigation.moved", "mitigation.moved", "mitigation.moved",
	}, h.column(t, "select kind from events where subject = 'mitigation' and subject_id = '"+id+"' order by seq"))
	require.Equal(t, []string{"proposed", "planned", "in_progress", "done", "verified", "in_progress", "dropped"},
		h.column(t, "select state from state_intervals where subject = 'mitigation' and subject_id = '"+id+"' order by ordinal"))
}

// column reads one column of text.
func (h *house) column(t *testing.T, query string) []string {
	t.Helper()
	rows, err := h.store.WriterDB().QueryContext(t.Context(), query)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	var out []string
	for rows.Next() {
		var text string
		require.NoError(t, rows.Scan(&text))
		out = append(out, text)
	}
	require.NoError(t, rows.Err())
	return out
}

func TestMitigationsAreShared(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		first, second := h.addThreat(t, w.project, 4, 4), h.addThreat(t, w.project, 2, 2)
		key := map[string]string{"Idempotency-Key": "k"}
		add := call{method: "POST", path: first + "/mitigations", token: h.author, body: fields{"text": "Sign", "effect": fields{"likelihood": 2, "impact": 3}}, header: key}
		made := h.do(t, http.StatusCreated, add)
		again := h.do(t, http.StatusCreated, add)
		require.Equal(t, "true", again.header.Get("Idempotent-Replayed"))
		require.Equal(t, made.body, again.body)
		id := made.text(t, "id")
		shared := h.post(t, http.StatusCreated, h.author, second+"/mitigations", fields{"mitigation_id": id, "effect": fields{"likelihood": 3, "impact": 1}})
		require.Len(t, shared.field(t, "threats"), 2)
		twice := h.post(t, http.StatusConflict, h.author, second+"/mitigations", fields{"mitigation_id": id})
		require.Equal(t, strings.TrimPrefix(second, "/v1/threats/"), twice.problem(t).Current["id"])
		for _, to := range []string{"in_progress", "done"} {
			h.post(t, http.StatusOK, h.author, "/v1/mitigations/"+id+"/transitions", fields{"to": to})
		}
		require.Equal(t, fields{"likelihood": 2.0, "impact": 1.0, "severity": "low"}, h.get(t, h.viewer, first).field(t, "residual"))
		require.Equal(t, fields{"likelihood": 1.0, "impact": 1.0, "severity": "low"}, h.get(t, h.viewer, second).field(t, "residual"), "never below 1")

		etag := h.get(t, h.viewer, first).header.Get("ETag")
		left := h.do(t, http.StatusOK, call{method: "DELETE", path: first + "/mitigations/" + id, token: h.author, header: map[string]string{"If-Match": etag}})
		require.Empty(t, left.field(t, "mitigations"))
		require.NotEqual(t, etag, left.header.Get("ETag"))
		require.Equal(t, fields{"likelihood": 4.0, "impact": 4.0, "severity": "critical"}, left.field(t, "residual"))
		h.do(t, http.StatusNotFound, call{method: "DELETE", path: first + "/mitigations/" + id, token: h.author})
		require.Len(t, h.get(t, h.viewer, "/v1/mitigations/"+id).field(t, "threats"), 1)
		var kinds []any
		for _, e := range h.get(t, h.viewer, first+"/history").items(t) {
			kinds = append(kinds, e["kind"])
		}
		require.Equal(t, []any{"threat.created", "mitigation.linked", "mitigation.unlinked"}, kinds)
	})
}

// TestAcceptingProposesMitigations holds that what a suggestion proposes is there
// to be worked on once it is accepted, as it was edited.
func TestAcceptingProposesMitigations(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		asDrafted := h.get(t, h.viewer, "/v1/suggestions/"+w.suggestions[0])
		proposed := asDrafted.field(t, "mitigations").([]any)
		require.NotEmpty(t, proposed)
		accept := func(id string, edits fields) answer {
			decided := h.decide(t, http.StatusOK, h.reviewer, id, "*", fields{"decision": "accept", "edits": edits})
			return h.get(t, h.viewer, "/v1/threats/"+decided.text(t, "threat_id"))
		}
		threat := accept(w.suggestions[0], fields{})
		rows := h.get(t, h.viewer, "/v1/mitigations?threat="+threat.text(t, "id")).items(t)
		require.Len(t, rows, len(proposed))
		require.Len(t, threat.field(t, "mitigations"), len(proposed))
		require.Empty(t, cmp.Diff(proposed, threat.field(t, "proposed_mitigations").([]any)))
		for _, row := range rows {
			require.Equal(t, "draft", row["origin"])
			require.Equal(t, "proposed", row["status"])
		}
		edited := accept(w.suggestions[1], fields{"mitigations": []fields{{"text": "Ours"}}})
		require.Equal(t, "Ours", edited.field(t, "mitigations").([]any)[0].(fields)["text"])
	})
}

func TestMitigationLists(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		other := h.settle(t, "Other")
		threat := h.addThreat(t, w.project, 4, 4)
		add := func(text, owner string, due any) string {
			return h.post(t, http.StatusCreated, h.author, threat+"/mitigations", fields{"text": text, "owner": owner, "due_at": due}).text(t, "id")
		}
		past, never, later, soon := add("a", "Ann", "2025-01-01T00:00:00Z"), add("b", "ann", nil), add("c", "", "2026-06-01T00:00:00Z"), add("d", "", "2026-01-02T00:00:00Z")
		for query, want := range map[string][]string{
			"project=" + w.project:                                 {soon, later, never, past, w.mitigation},
			"project=" + w.project + "&sort=due_at":                {past, soon, later, w.mitigation, never},
			"sort=due_at&limit=200&owner=Ann":                      {past},
			"threat=" + strings.TrimPrefix(threat, "/v1/threats/"): {soon, later, never, past},
			"overdue=true":                                            {past},
			"overdue=false&project=" + other.project:                  {other.mitigation},
			"due_before=2026-02-01&sort=due_at":                       {past, soon},
			"status=proposed,done&due_before=2026-01-02":              {past},
			"status=done":                                             nil,
			"project=" + w.project + "&sort=-created_at&overdue=true": {past},
			"project=00000000-0000-7000-8000-000000000000":            nil,
			"owner=ANN": nil,
		} {
			require.Equal(t, want, ids(h.get(t, h.viewer, "/v1/mitigations?"+query).items(t)), query)
		}
		late := h.get(t, h.viewer, "/v1/mitigations/"+past)
		require.Equal(t, true, late.field(t, "overdue"))
		h.post(t, http.StatusOK, h.author, "/v1/mitigations/"+past+"/transitions", fields{"to": "dropped", "reason": "x"})
		require.Empty(t, h.get(t, h.viewer, "/v1/mitigations?overdue=true").items(t), "what is dropped is not late")
		require.Equal(t, false, h.get(t, h.viewer, "/v1/mitigations/"+past).field(t, "overdue"))
		for _, order := range []string{"due_at", "-created_at"} {
			var seen []string
			path := "/v1/mitigations?limit=2&sort=" + order + "&project=" + w.project
			for next := path; next != ""; {
				page := h.get(t, h.viewer, next)
				seen = append(seen, ids(page.items(t))...)
				next = ""
				if cursor, ok := page.field(t, "next_cursor").(string); ok {
					next = path + "&cursor=" + cursor
				}
			}
			require.Equal(t, ids(h.get(t, h.viewer, "/v1/mitigations?sort="+order+"&project="+w.project).items(t)), seen)
		}
	})
}

func TestTestCases(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		accepted := h.decide(t, http.StatusOK, h.reviewer, w.suggestions[0], "*", fields{"decision": "accept"})
		threat := "/v1/threats/" + accepted.text(t, "threat_id")
		target := accepted.field(t, "targets").([]any)[0].(string)
		fix := accepted.field(t, "mitigations").([]any)[0].(fields)["text"].(string)
		draft := call{method: "POST", path: threat + "/test-cases/draft", token: h.author, header: map[string]string{"Idempotency-Key": "d"}}
		first := h.do(t, http.StatusOK, draft)
		cases := first.items(t)
		require.GreaterOrEqual(t, len(cases), 3)
		require.Contains(t, cases[0]["given"], target)
		require.Contains(t, cases[1]["given"], strings.TrimRight(fix, "."))
		require.Equal(t, first.body, h.do(t, http.StatusOK, draft).body, "replayed")
		for _, c := range cases {
			require.Equal(t, "draft", c["origin"])
			for _, part := range []string{"given", "when", "then"} {
				require.NotContains(t, c[part], "{")
			}
		}

		path := "/v1/test-cases/" + cases[0]["id"].(string)
		got := h.get(t, h.viewer, path)
		changed := h.do(t, http.StatusOK, call{
			method: "PUT", path: path, token: h.author, header: map[string]string{"If-Match": got.header.Get("ETag")},
			body: fields{"given": "ours", "when": "we try", "then": "it holds"},
		})
		require.InEpsilon(t, 2, changed.field(t, "version"), 0)
		h.do(t, http.StatusPreconditionFailed, call{
			method: "DELETE", path: path, token: h.author, header: map[string]string{"If-Match": got.header.Get("ETag")},
		})
		own := h.post(t, http.StatusCreated, h.author, threat+"/test-cases", fields{"given": "a", "when": "b", "then": "c"})
		require.Equal(t, "human", own.text(t, "origin"))
		h.do(t, http.StatusOK, call{method: "DELETE", path: "/v1/test-cases/" + cases[1]["id"].(string), token: h.author, header: anyVersion})
		h.get(t, h.viewer, own.header.Get("Location"))
		redrafted := h.post(t, http.StatusOK, h.author, threat+"/test-cases/draft", nil).items(t)
		require.Len(t, redrafted, len(cases)+1, "what is there stays, what was deleted comes back")
		require.Equal(t, "ours", redrafted[0]["given"])
		require.Equal(t, redrafted, h.get(t, h.viewer, threat+"/test-cases").items(t))
		var kinds []any
		for _, e := range h.get(t, h.viewer, threat+"/history").items(t) {
			kinds = append(kinds, e["kind"])
		}
		require.Equal(t, []any{
			"threat.created", "test_cases.drafted", "test_case.updated", "test_case.created", "test_case.deleted", "test_cases.drafted",
		}, kinds)
	})
}

func TestThreatsAge(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		low, critical, medium, high := h.addThreat(t, w.project, 1, 1), h.addThreat(t, w.project, 4, 4), h.addThreat(t, w.project, 2, 2), h.addThreat(t, w.project, 3, 3)
		id := func(path string) string { return strings.TrimPrefix(path, "/v1/threats/") }
		list := func(query string) []string { return ids(h.get(t, h.viewer, "/v1/threats?"+query).items(t)) }
		require.Equal(t, []string{id(critical), id(high), w.threat, id(medium), id(low)}, list("sort=due_at"))
		require.Empty(t, list("overdue=true"))
		fresh := h.get(t, h.viewer, critical)
		require.InDelta(t, 0, fresh.field(t, "age_days"), 0)
		accepted, err := time.Parse(time.RFC3339, fresh.text(t, "accepted_at"))
		require.NoError(t, err)
		due, err := time.Parse(time.RFC3339, fresh.text(t, "due_at"))
		require.NoError(t, err)
		require.Equal(t, 7*24*time.Hour, due.Sub(accepted))

		h.ahead.Add(31 * day)
		require.Equal(t, []string{id(critical), id(high)}, list("overdue=true&sort=due_at"))
		require.Equal(t, []string{w.threat, id(low), id(medium)}, list("overdue=false"))
		late := h.get(t, h.viewer, high)
		require.Equal(t, true, late.field(t, "overdue"))
		require.InEpsilon(t, 31, late.field(t, "age_days"), 0)
		moved := h.post(t, http.StatusOK, h.reviewer, high+"/transitions", fields{"to": "invalid", "reason": "no such price"})
		for _, closed := range []answer{moved, h.get(t, h.viewer, high)} {
			require.Nil(t, closed.field(t, "age_days"))
			require.Nil(t, closed.field(t, "due_at"))
			require.Equal(t, false, closed.field(t, "overdue"))
		}
		require.Equal(t, []string{id(critical)}, list("overdue=true"))
		require.Contains(t, list("overdue=false"), id(high))
		require.NotContains(t, list("sort=due_at"), id(high))
		page := h.get(t, h.viewer, "/v1/threats?sort=due_at&limit=2")
		rest := h.get(t, h.viewer, "/v1/threats?sort=due_at&limit=2&cursor="+page.text(t, "next_cursor"))
		require.Equal(t, list("sort=due_at"), append(ids(page.items(t)), ids(rest.items(t))...))
	})
}

// TestAcceptedRiskExpires takes an accepted risk to its end, with the clock of the
// house.
func TestAcceptedRiskExpires(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		threat := "/v1/threats/" + w.threat
		threats := &analysis.Threats{Kit: h.runner.Kit, Store: h.store, SLA: stride.DefaultSLA()}
		until := h.runner.Now().Add(100 * 24 * time.Hour).UTC().Format(time.RFC3339)
		accept := fields{"to": "risk_accepted", "reason": "internal alone", "owner": "head of IT", "expires_at": until}
		h.post(t, http.StatusForbidden, h.author, threat+"/transitions", accept)
		accepted := h.post(t, http.StatusOK, h.reviewer, threat+"/transitions", accept)
		require.Equal(t, until, accepted.text(t, "expires_at"))
		n, err := threats.ExpireRisks(t.Context())
		require.NoError(t, err)
		require.Zero(t, n)
		h.ahead.Add(101 * day)
		n, err = threats.ExpireRisks(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, n)
		n, err = threats.ExpireRisks(t.Context())
		require.NoError(t, err)
		require.Zero(t, n, "once")
		reopened := h.get(t, h.viewer, threat)
		require.Equal(t, "open", reopened.text(t, "state"))
		require.Equal(t, "the acceptance of the risk expired", reopened.text(t, "state_reason"))
		require.InEpsilon(t, 1, reopened.field(t, "reopen_count"), 0)
		require.Nil(t, reopened.field(t, "expires_at"))
		history := h.get(t, h.viewer, threat+"/history").items(t)
		last := history[len(history)-1]
		require.Nil(t, last["actor_id"], "nobody did it")
		require.Equal(t, fields{"from": "risk_accepted", "to": "open", "reason": "the acceptance of the risk expired"}, last["payload"])
		require.Equal(t, []string{"open", "risk_accepted", "open"},
			h.column(t, "select state from state_intervals where subject = 'threat' and subject_id = '"+w.threat+"' order by ordinal"))
	})
}

func TestModelsGrowStale(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		model, project := "/v1/models/"+w.model, "/v1/projects/"+w.project
		h.rejectAll(t, w.draft)
		h.post(t, http.StatusOK, h.author, model+"/submit", nil)
		signed := h.post(t, http.StatusOK, h.reviewer, model+"/sign-off", nil)
		require.Equal(t, false, signed.field(t, "stale"))
		require.Equal(t, []string{w.project}, ids(h.get(t, h.viewer, "/v1/projects?stale=false").items(t)))

		next := h.post(t, http.StatusCreated, h.author, project+"/models", fields{"sources": []fields{{"content": shop + "\nThe web shop calls a tax service."}}})
		require.Equal(t, false, h.get(t, h.viewer, model).field(t, "stale"), "a version that nobody drafted or submitted says nothing")
		h.post(t, http.StatusOK, h.author, next.header.Get("Location")+"/submit", nil)
		stale := h.get(t, h.viewer, model)
		require.Equal(t, true, stale.field(t, "stale"))
		require.Equal(t, "version 2 of scope main is not signed off; version 1 is", stale.text(t, "stale_reason"))
		require.Equal(t, stale.text(t, "stale_reason"), h.get(t, h.viewer, project).text(t, "stale_reason"))
		require.Equal(t, false, h.get(t, h.viewer, next.header.Get("Location")).field(t, "stale"))
		require.Equal(t, []string{w.project}, ids(h.get(t, h.viewer, "/v1/projects?stale=true").items(t)))
		require.Empty(t, h.get(t, h.viewer, "/v1/projects?stale=false").items(t))
		listed := h.get(t, h.viewer, project+"/models").items(t)
		require.Equal(t, []any{true, false}, []any{listed[0]["stale"], listed[1]["stale"]})
		renamed := h.do(t, http.StatusOK, call{method: "PATCH", path: project, token: h.author, body: fields{"owner": "x"}, header: anyVersion})
		require.Equal(t, true, renamed.field(t, "stale"))
	})
}

func TestSignOffHoldsForAYear(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		h.rejectAll(t, w.draft)
		h.post(t, http.StatusOK, h.author, "/v1/models/"+w.model+"/submit", nil)
		h.post(t, http.StatusOK, h.reviewer, "/v1/models/"+w.model+"/sign-off", nil)
		h.ahead.Add(364 * day)
		require.Equal(t, false, h.get(t, h.viewer, "/v1/models/"+w.model).field(t, "stale"))
		require.Empty(t, h.get(t, h.viewer, "/v1/projects?stale=true").items(t))
		h.ahead.Add(2 * day)
		old := h.get(t, h.viewer, "/v1/models/"+w.model)
		require.Equal(t, true, old.field(t, "stale"))
		require.Contains(t, old.text(t, "stale_reason"), "more than 365 days ago")
		require.Equal(t, []string{w.project}, ids(h.get(t, h.viewer, "/v1/projects?stale=true").items(t)))
	})
}

// TestTwoMoveAMitigation has two people move it at once: one wins.
func TestTwoMoveAMitigation(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		path := "/v1/mitigations/" + w.mitigation
		etag := h.get(t, h.viewer, path).header.Get("ETag")
		results := make(chan int, 2)
		for range 2 {
			go func() {
				a, err := h.try(t.Context(), call{
					method: "POST", path: path + "/transitions", token: h.author, body: fields{"to": "planned"}, header: map[string]string{"If-Match": etag},
				})
				if err != nil {
					a.status = 0
				}
				results <- a.status
			}()
		}
		got := []int{<-results, <-results}
		require.Contains(t, got, http.StatusOK)
		require.Contains(t, got, http.StatusConflict, "the other finds it planned already")
	})
}

// TestUndoTakesMitigationsBack holds that an undone acceptance leaves nothing to be
// done behind, and is refused once somebody has begun to do it.
func TestUndoTakesMitigationsBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		undo := func(status int, id string) {
			h.do(t, status, call{method: "POST", path: "/v1/suggestions/" + id + "/undo", token: h.reviewer, header: anyVersion})
		}
		count := func() int { return len(h.get(t, h.viewer, "/v1/mitigations?limit=200").items(t)) }
		before := count()
		h.decide(t, http.StatusOK, h.reviewer, w.suggestions[0], "*", fields{"decision": "accept"})
		require.Greater(t, count(), before)
		undo(http.StatusOK, w.suggestions[0])
		require.Equal(t, before, count())
		accepted := h.decide(t, http.StatusOK, h.reviewer, w.suggestions[0], "*", fields{"decision": "accept"})
		mitigations := h.get(t, h.viewer, "/v1/mitigations?threat="+accepted.text(t, "threat_id")).items(t)
		h.post(t, http.StatusOK, h.author, "/v1/mitigations/"+mitigations[0]["id"].(string)+"/transitions", fields{"to": "planned"})
		undo(http.StatusConflict, w.suggestions[0])
		require.Len(t, h.get(t, h.viewer, "/v1/mitigations?threat="+accepted.text(t, "threat_id")).items(t), len(mitigations))
	})
}
