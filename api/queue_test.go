package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func (h *house) next(t *testing.T, status int, token, query string) answer {
	t.Helper()
	return h.post(t, status, token, "/v1/suggestions/next"+query, nil)
}

func TestNextHandsOutEachOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		second := h.token(t, "rolf", stride.RoleReviewer, "")
		queue := ids(h.get(t, h.viewer, "/v1/suggestions?limit=200&state=pending&project="+w.project).items(t))
		query := "?project=" + w.project

		first := h.next(t, 200, h.reviewer, query)
		require.Equal(t, queue[0], first.text(t, "id"), "in the order of the list")
		require.NotEmpty(t, first.header.Get("ETag"))
		require.NotEmpty(t, first.text(t, "claimed_until"))
		theirs := h.next(t, 200, second, query)
		require.Equal(t, queue[1], theirs.text(t, "id"))
		mine := h.next(t, 200, h.reviewer, query)
		require.Equal(t, queue[2], mine.text(t, "id"), "what I hold is not handed out again")
		again := h.next(t, 200, h.reviewer, query+"&resume=true")
		require.Equal(t, queue[0], again.text(t, "id"), "unless I ask to go on")

		require.Equal(t, []string{queue[0], queue[2]}, ids(h.get(t, h.reviewer, "/v1/suggestions?claimed=me&project="+w.project).items(t)))
		require.Equal(t, []string{queue[1]}, ids(h.get(t, h.reviewer, "/v1/suggestions?claimed=others&project="+w.project).items(t)))
		require.Len(t, h.get(t, h.reviewer, "/v1/suggestions?limit=200&state=pending&claimed=nobody&project="+w.project).items(t), len(queue)-3)

		// The answer's ETag is what a decision wants; deciding ends the claim.
		h.decide(t, http.StatusOK, h.reviewer, queue[0], again.header.Get("ETag"), fields{"decision": "accept"})
		require.Nil(t, h.get(t, h.reviewer, "/v1/suggestions/"+queue[0]).field(t, "claimed_by"))

		for range queue[3:] {
			h.next(t, 200, second, query)
		}
		h.next(t, 204, second, query)
		h.ahead.Add(31 * 60)
		require.Equal(t, queue[1], h.next(t, 200, h.reviewer, query).text(t, "id"), "a claim that is over hides nothing")
	})
}

func TestNextTakesTheFiltersOfTheList(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		rule := h.get(t, h.viewer, "/v1/suggestions/"+w.suggestions[9]).text(t, "rule")
		for _, query := range []string{"category=tampering", "severity=low,medium&sort=created_at", "q=console", "rule=" + rule} {
			query += "&state=pending&claimed=nobody&project=" + w.project
			want := ids(h.get(t, h.viewer, "/v1/suggestions?limit=200&"+query).items(t))
			require.NotEmpty(t, want, query)
			require.Equal(t, want[0], h.next(t, 200, h.reviewer, "?"+query).text(t, "id"), query)
		}
		h.next(t, 400, h.reviewer, "?state=accepted")
		h.next(t, 400, h.reviewer, "?limit=3")
		h.do(t, 400, call{method: "POST", path: "/v1/suggestions/next", token: h.reviewer, body: fields{"minutes": 0}, bad: true})
		h.do(t, 400, call{method: "POST", path: "/v1/suggestions/next", token: h.reviewer, body: fields{"minutes": 241}, bad: true})
	})
}

func TestClaimsBindOthers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		second, id := h.token(t, "rolf", stride.RoleReviewer, ""), w.suggestions[0]
		path := "/v1/suggestions/" + id
		claimed := h.post(t, 200, h.reviewer, path+"/claim", fields{"minutes": 5})
		prolonged := h.post(t, 200, h.reviewer, path+"/claim", fields{"minutes": 240})
		require.Greater(t, prolonged.text(t, "claimed_until"), claimed.text(t, "claimed_until"))
		tag := prolonged.header.Get("ETag")

		h.post(t, 409, second, path+"/claim", nil)
		h.post(t, 409, second, path+"/release", nil)
		refused := h.decide(t, 409, second, id, tag, fields{"decision": "accept"}).problem(t)
		require.Contains(t, refused.Detail, "somebody else works on the suggestion until")
		require.Equal(t, id, refused.Current["id"])
		h.decide(t, 403, second, id, tag, fields{"decision": "accept", "force": true})
		h.decide(t, 409, h.admin, id, tag, fields{"decision": "accept"})

		freed := h.post(t, 200, h.admin, path+"/release", nil)
		require.Nil(t, freed.field(t, "claimed_by"), "an admin breaks a claim")
		h.post(t, 200, second, path+"/release", nil) // nobody holds it: nothing happens
		held := h.post(t, 200, second, path+"/claim", nil)
		h.decide(t, 200, h.admin, id, held.header.Get("ETag"), fields{"decision": "reject", "reason": "duplicate", "force": true})
		h.post(t, 409, second, path+"/claim", nil)
	})
}

func TestParking(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		first := h.next(t, 200, h.reviewer, "?project="+w.project)
		id := first.text(t, "id")
		until := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
		parked := h.decide(t, 200, h.reviewer, id, first.header.Get("ETag"), fields{"decision": "park", "until": until.Format(time.RFC3339), "text": "after the release"})
		require.Equal(t, "pending", parked.text(t, "state"))
		require.Equal(t, "2026-01-02T00:00:00Z", parked.text(t, "parked_until"))
		require.Nil(t, parked.field(t, "claimed_by"))
		require.NotEqual(t, id, h.next(t, 200, h.reviewer, "?project="+w.project).text(t, "id"))
		require.Equal(t, []string{id}, ids(h.get(t, h.viewer, "/v1/suggestions?parked=true").items(t)))
		require.NotContains(t, ids(h.get(t, h.viewer, "/v1/suggestions?limit=200&parked=false").items(t)), id)
		h.ahead.Add(48 * 3600)
		require.Equal(t, id, h.next(t, 200, h.reviewer, "?project="+w.project).text(t, "id"), "it comes back by itself")
		bad := h.decide(t, 400, h.reviewer, id, "*", fields{"decision": "park", "until": until.Format(time.RFC3339)}).problem(t)
		require.Equal(t, "until", bad.Errors[0].Field)
	})
}

func TestAuthorAnswersReviewer(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		id := w.suggestions[0]
		answerTo := func(status int, tag string) answer {
			return h.do(t, status, call{
				method: "POST", path: "/v1/suggestions/" + id + "/answer", token: h.author, body: fields{"text": "Port 443 alone."}, header: map[string]string{"If-Match": tag},
			})
		}
		answerTo(409, "*")
		asked := h.decide(t, 200, h.reviewer, id, "*", fields{"decision": "needs_info", "text": "Which port?"})
		answerTo(412, `"1"`)
		back := answerTo(200, asked.header.Get("ETag"))
		require.Equal(t, "pending", back.text(t, "state"))
		require.Empty(t, back.text(t, "ask"))
		made := h.get(t, h.viewer, "/v1/suggestions/"+id).field(t, "decisions").([]any)
		require.Equal(t, "Which port?", made[0].(fields)["text"])
		require.Equal(t, "answer", made[1].(fields)["decision"])
		require.Equal(t, "Port 443 alone.", made[1].(fields)["text"])
	})
}

// TestUndoRestores holds that an undone decision leaves the version and the history
// behind, and nothing else.
func TestUndoRestores(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		metrics := func() fields {
			m := decode[fields](t, h.get(t, h.viewer, "/v1/projects/"+w.project+"/metrics?as_of=2026-06-01"))
			return m
		}
		h.do(t, 200, call{method: "PATCH", path: "/v1/projects/" + w.project, token: h.admin, body: fields{"in_scope": "true"}, header: anyVersion})
		into := w.suggestions[5]
		h.decide(t, 200, h.reviewer, w.suggestions[4], "*", fields{"decision": "merge", "into": w.suggestions[3]})
		for i, body := range []fields{
			{"decision": "accept"},
			{"decision": "accept", "edits": fields{"title": "Other words", "likelihood": 1, "cwe": []string{"CWE-79"}}},
			{"decision": "reject", "reason": "too_generic"},
			{"decision": "merge", "into": into},
			{"decision": "needs_info", "text": "?"},
			{"decision": "park", "until": "2026-02-01T00:00:00Z"},
		} {
			id := w.suggestions[min(i, 3)]
			path := "/v1/suggestions/" + id
			was, counted, threats := decode[fields](t, h.get(t, h.viewer, path)), metrics(), h.get(t, h.viewer, "/v1/threats?project="+w.project).body
			decided := h.decide(t, 200, h.reviewer, id, "*", body)
			undone := h.do(t, 200, call{method: "POST", path: path + "/undo", token: h.reviewer, header: map[string]string{"If-Match": decided.header.Get("ETag")}})
			is := decode[fields](t, h.get(t, h.viewer, path))
			require.Equal(t, undone.field(t, "version"), is["version"])
			made := is["decisions"].([]any)
			last := made[len(made)-2].(fields)
			require.Equal(t, body["decision"], last["decision"])
			require.Equal(t, true, last["undone"])
			require.Equal(t, "undo", made[len(made)-1].(fields)["decision"])
			for _, f := range []fields{was, is} {
				delete(f, "version")
				delete(f, "decisions")
			}
			require.Empty(t, cmp.Diff(was, is), "%s", body)
			require.Empty(t, cmp.Diff(counted, metrics()), "%s: it counts nowhere", body)
			require.Equal(t, string(threats), string(h.get(t, h.viewer, "/v1/threats?project="+w.project).body))
			h.do(t, 409, call{method: "POST", path: path + "/undo", token: h.reviewer, header: anyVersion})
		}
		moved := h.get(t, h.viewer, "/v1/suggestions/"+w.suggestions[4])
		require.Equal(t, w.suggestions[3], moved.text(t, "merged_into"), "what moved along moved back")
		h.decide(t, 200, h.reviewer, w.suggestions[0], "*", fields{"decision": "accept"}) // as if nothing had been
	})
}

func TestUndoIsRefused(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		second := h.token(t, "rolf", stride.RoleReviewer, "")
		undo := func(status int, token, id string) answer {
			return h.do(t, status, call{method: "POST", path: "/v1/suggestions/" + id + "/undo", token: token, header: anyVersion})
		}
		undo(409, h.reviewer, w.suggestions[0])
		h.do(t, 428, call{method: "POST", path: "/v1/suggestions/" + w.suggestions[0] + "/undo", token: h.reviewer, bad: true})

		worked := h.decide(t, 200, h.reviewer, w.suggestions[0], "*", fields{"decision": "accept"}).text(t, "threat_id")
		undo(403, second, w.suggestions[0])
		h.do(t, 200, call{method: "PATCH", path: "/v1/threats/" + worked, token: h.author, body: fields{"owner": "me"}, header: anyVersion})
		require.Contains(t, undo(409, h.reviewer, w.suggestions[0]).problem(t).Detail, "worked on since")

		old := w.suggestions[1]
		h.decide(t, 200, h.reviewer, old, "*", fields{"decision": "reject", "reason": "duplicate"})
		h.decide(t, 200, h.reviewer, w.suggestions[2], "*", fields{"decision": "reject", "reason": "duplicate"})
		undo(200, h.admin, w.suggestions[2])
		h.ahead.Add(16 * 60)
		require.Contains(t, undo(409, h.reviewer, old).problem(t).Detail, "more than 15 minutes")

		signed := w.suggestions[2]
		for _, id := range w.suggestions[2:] {
			h.decide(t, 200, h.reviewer, id, "*", fields{"decision": "reject", "reason": "duplicate"})
		}
		h.post(t, 200, h.author, "/v1/models/"+w.model+"/submit", nil)
		h.post(t, 200, h.reviewer, "/v1/models/"+w.model+"/sign-off", nil)
		require.Contains(t, undo(409, h.reviewer, signed).problem(t).Detail, "signed off")
	})
}

func TestBulkDecisions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w, other := h.settle(t, "Shop"), h.settle(t, "Bank")
		mine := h.token(t, "maja", stride.RoleReviewer, w.project)
		h.decide(t, 200, h.reviewer, w.suggestions[3], "*", fields{"decision": "reject", "reason": "duplicate"})
		h.post(t, 200, h.admin, "/v1/suggestions/"+w.suggestions[4]+"/claim", nil)
		decisions := []fields{
			{"id": w.suggestions[0], "version": 1, "decision": "accept"},
			{"id": w.suggestions[1], "version": 7, "decision": "accept"},
			{"id": w.suggestions[2], "version": 1, "decision": "reject", "reason": "too_generic"},
			{"id": w.suggestions[3], "version": 2, "decision": "accept"},
			{"id": w.suggestions[4], "version": 2, "decision": "accept"},
			{"id": other.suggestions[0], "version": 1, "decision": "accept"},
			{"id": w.suggestions[5], "version": 1, "decision": "reject"},
		}
		want := []float64{200, 412, 200, 409, 409, 404, 400}
		ask := func(body fields, header map[string]string) answer {
			return h.do(t, 200, call{method: "POST", path: "/v1/suggestions/decisions", token: mine, body: body, header: header})
		}
		statuses := func(a answer) (out []float64) {
			for i, r := range a.field(t, "results").([]any) {
				require.Equal(t, decisions[i]["id"], r.(fields)["id"], "in the order asked")
				out = append(out, r.(fields)["status"].(float64))
			}
			return out
		}
		before := h.rows(t)
		require.Equal(t, want, statuses(ask(fields{"dry_run": true, "decisions": decisions}, nil)))
		require.Equal(t, before, h.rows(t), "a dry run stores nothing")
		require.Equal(t, "pending", h.get(t, mine, "/v1/suggestions/"+w.suggestions[0]).text(t, "state"))

		once := map[string]string{"Idempotency-Key": "bulk-1"}
		done := ask(fields{"decisions": decisions}, once)
		require.Equal(t, want, statuses(done))
		require.Equal(t, "accepted", done.field(t, "results").([]any)[0].(fields)["suggestion"].(fields)["state"])
		require.Equal(t, "reason", done.field(t, "results").([]any)[6].(fields)["problem"].(fields)["errors"].([]any)[0].(fields)["field"])
		require.Equal(t, string(done.body), string(ask(fields{"decisions": decisions}, once).body), "an answer is given again")
		require.Equal(t, "rejected", h.get(t, mine, "/v1/suggestions/"+w.suggestions[2]).text(t, "state"))

		for name, bad := range map[string][]fields{
			"decisions":            {},
			"decisions[1].id":      {decisions[0], decisions[0]},
			"decisions[0].version": {{"id": w.suggestions[0], "decision": "accept"}},
		} {
			p := h.do(t, 400, call{method: "POST", path: "/v1/suggestions/decisions", token: mine, body: fields{"decisions": bad}, bad: true}).problem(t)
			require.Equal(t, name, p.Errors[0].Field)
		}
	})
}

func TestSearch(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		w := h.settle(t, "Shop")
		id := w.suggestions[0]
		h.decide(t, 200, h.reviewer, id, "*", fields{
			"decision": "accept", "edits": fields{"title": "Überfall am Zahlungs-Gateway (v2)", "statement": "An attacker can replay tokens_of_users against /pay?id=7, causing theft of 50% of them."},
		})
		find := func(q string) []string {
			return ids(h.get(t, h.viewer, "/v1/suggestions?limit=200&project="+w.project+"&q="+url.QueryEscape(q)).items(t))
		}
		for _, q := range []string{
			"zahlungs gateway", "ÜBERFALL", "replay pay", "replay TOK", "tokens_of", "v2", "50%", `"theft of"`, "pay?id=7", "theft -- of", "users OR theft", "zahl* replay",
		} {
			if q == "users OR theft" {
				require.Empty(t, find(q), "words, no syntax")
				continue
			}
			require.Equal(t, []string{id}, find(q), q)
		}
		for _, q := range []string{"replayed", "'", "AND", "NEAR(theft users)", "gateway elephant", "words:theft", "{theft}:x"} {
			require.NotContains(t, find(q), id, q)
		}
		require.Len(t, find("admin console"), len(find("console admin")))
		require.NotEmpty(t, find("console"))
		h.do(t, 200, call{method: "POST", path: "/v1/suggestions/" + id + "/undo", token: h.reviewer, header: anyVersion})
		require.Empty(t, find("zahlungs"), "what is found is what stands there")
	})
}

func TestFacets(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, address string) {
		h := newHouse(t, address)
		w := h.settle(t, "Shop")
		h.settle(t, "Other")
		h.decide(t, 200, h.reviewer, w.suggestions[0], "*", fields{"decision": "reject", "reason": "duplicate"})
		base := "limit=200&project=" + w.project
		for _, query := range []string{"", "&state=pending", "&category=tampering,spoofing&severity=high", "&q=attacker&confidence=high"} {
			page := h.get(t, h.viewer, "/v1/suggestions?"+base+query+"&facets=true")
			facets := page.field(t, "facets").(fields)
			for name, counts := range facets {
				for value, n := range counts.(fields) {
					narrowed, err := url.ParseQuery(base + query)
					require.NoError(t, err)
					narrowed.Set(name, value)
					require.Len(t, h.get(t, h.viewer, "/v1/suggestions?"+narrowed.Encode()).items(t), int(n.(float64)), "%s: %s=%s", query, name, value)
				}
			}
		}
		require.NotContains(t, string(h.get(t, h.viewer, "/v1/suggestions?"+base).body), "facets")
	})
}

func TestSavedViews(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		save := func(status int, token, name, query string) answer {
			return h.do(t, status, call{method: "PUT", path: "/v1/me/views/" + name, token: token, body: fields{"query": query}, bad: status == 400})
		}
		names := func(token string) (out []string) {
			for _, v := range h.get(t, token, "/v1/me/views").items(t) {
				out = append(out, v["name"].(string)+" "+v["query"].(string))
			}
			return out
		}
		save(200, h.reviewer, "Mine", "claimed=me&state=pending")
		save(200, h.reviewer, "high", "severity=high,critical&sort=created_at")
		save(200, h.reviewer, "MINE%20", "claimed=me")
		save(200, h.viewer, "high", "q=x")
		require.Equal(t, []string{"high severity=high,critical&sort=created_at", "MINE claimed=me"}, names(h.reviewer))
		require.Equal(t, []string{"high q=x"}, names(h.viewer), "everybody has their own")
		require.Equal(t, "query.severity", save(400, h.reviewer, "bad", "severity=huge").problem(t).Errors[0].Field)
		require.Equal(t, "query.cursor", save(400, h.reviewer, "bad", "cursor=x").problem(t).Errors[0].Field)
		require.Equal(t, "name", save(400, h.reviewer, "%20", "").problem(t).Errors[0].Field)
		h.do(t, 204, call{method: "DELETE", path: "/v1/me/views/mine", token: h.reviewer})
		h.do(t, 404, call{method: "DELETE", path: "/v1/me/views/mine", token: h.reviewer})
		for i := range analysis.MostViews {
			save(200, h.viewer, fmt.Sprintf("view%d", i), "")
			if i == analysis.MostViews-2 {
				break
			}
		}
		save(409, h.viewer, "one too many", "")
		require.Len(t, names(h.viewer), analysis.MostViews)
	})
}

// TestManyReviewersClearTheQueue has fifty reviewers work on two thousand
// suggestions: each is decided once, and none is left.
func TestManyReviewersClearTheQueue(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		const reviewers, suggestions = 50, 2000
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		seed := h.stored(t, w.suggestions[0])
		require.NoError(t, h.store.InRunTx(t.Context(), func(tx analysis.RunTx) error {
			for i := range suggestions - len(w.suggestions) {
				one := seed
				one.ID, one.Proposal.ID = stride.SuggestionID(fmt.Sprintf("02000000-0000-7000-8000-%012x", i)), fmt.Sprintf("item %d", i)
				one.Fingerprints = map[stride.Key]string{"admin-console-p": fmt.Sprintf("print %d", i)}
				one.Current = one.Proposal
				if err := tx.InsertSuggestion(t.Context(), one); err != nil {
					return err
				}
			}
			return nil
		}))
		tokens := make([]string, reviewers)
		for i := range tokens {
			tokens[i] = h.token(t, fmt.Sprintf("reviewer %d", i), stride.RoleReviewer, "")
		}
		var mu sync.Mutex
		decided, failures := map[string]int{}, []string{}
		var working sync.WaitGroup
		for _, token := range tokens {
			working.Go(func() {
				for {
					got, err := h.try(t.Context(), call{method: "POST", path: "/v1/suggestions/next", token: token})
					if err != nil || got.status == http.StatusNoContent {
						return
					}
					var claimed struct{ ID string }
					if err := json.Unmarshal(got.body, &claimed); err != nil {
						return
					}
					id, tag := claimed.ID, got.header.Get("ETag")
					done, err := h.try(t.Context(), call{
						method: "POST", path: "/v1/suggestions/" + id + "/decision", token: token, header: map[string]string{"If-Match": tag},
						body: fields{"decision": "reject", "reason": "too_generic"},
					})
					mu.Lock()
					decided[id]++
					if err != nil || done.status != http.StatusOK {
						failures = append(failures, fmt.Sprintf("%s: %v %s", id, err, done.body))
					}
					mu.Unlock()
				}
			})
		}
		working.Wait()
		require.Empty(t, failures)
		require.Len(t, decided, suggestions)
		for id, n := range decided {
			require.Equal(t, 1, n, id)
		}
		require.Empty(t, h.get(t, h.viewer, "/v1/suggestions?state=pending").items(t))
	})
}

// stored reads a suggestion as storage has it.
func (h *house) stored(t *testing.T, id string) stride.Suggestion {
	t.Helper()
	sug, err := h.store.Suggestion(t.Context(), stride.Reach{All: true}, stride.SuggestionID(id))
	require.NoError(t, err)
	return sug
}
