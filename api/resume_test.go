package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/llm/llmtest"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/prompts"
)

// partial drafts the shop with a model that says nothing about the S3 bucket.
func partial(t *testing.T, h *house, p *parrot) answer {
	t.Helper()
	p.hush("S3 bucket")
	d := h.drafted(t, chestShop)
	require.Equal(t, "partial", d.text(t, "state"), "%s", d.body)
	return d
}

// resume asks for the rest and runs it.
func (h *house) resume(t *testing.T, d answer) answer {
	t.Helper()
	queued := h.post(t, http.StatusAccepted, h.author, "/v1/drafts/"+d.text(t, "id")+"/resume", nil)
	require.Equal(t, "queued", queued.text(t, "state"))
	h.work(t)
	return h.get(t, h.author, "/v1/drafts/"+d.text(t, "id"))
}

func (h *house) judge(t *testing.T, s, body fields) {
	t.Helper()
	h.do(t, http.StatusOK, call{method: "POST", path: "/v1/suggestions/" + s["id"].(string) + "/decision", token: h.reviewer, body: body, header: anyVersion})
}

// byID are suggestions by id.
func byID(list []fields) map[string]fields {
	out := make(map[string]fields, len(list))
	for _, s := range list {
		out[s["id"].(string)] = s
	}
	return out
}

func TestPartialDraftIsResumed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		p := newParrot(t)
		h := newHybridHouse(t, url, p)
		d := partial(t, h, p)
		require.Nil(t, d.field(t, "error"))
		missing := missingOf(t, d)
		require.Len(t, missing, 1)
		require.Equal(t, []any{"threats", "refused"}, []any{missing[0]["task"], missing[0]["kind"]})
		require.Contains(t, missing[0]["reason"], "refused")
		lacking := stringsOf(missing[0]["elements"].([]any))
		require.Contains(t, lacking, "S3 bucket")
		require.NotEmpty(t, missing[0]["target_ids"])
		before := h.suggestionsOf(t, d)
		require.Equal(t, without(h.elementsOf(t, d), lacking), titlesOf(before), "the rest is queued")
		require.Empty(t, p.since(0)["gaps"], "what is missing is asked for first")

		h.judge(t, before[0], fields{"decision": "accept", "edits": fields{"title": "In other words"}})
		h.judge(t, before[1], fields{"decision": "reject", "reason": "too_generic"})
		h.judge(t, before[2], fields{"decision": "needs_info", "text": "is it?"})
		decided, questions := byID(h.suggestionsOf(t, d)), h.get(t, h.author, "/v1/models/"+d.text(t, "model_id")+"/questions")
		coverage := h.get(t, h.author, "/v1/models/"+d.text(t, "model_id")+"/coverage")
		asked := len(p.Queries())

		p.hush("")
		again := keyed(call{method: "POST", path: "/v1/drafts/" + d.text(t, "id") + "/resume", token: h.author}, "once")
		queued := h.do(t, http.StatusAccepted, again)
		require.Equal(t, "queued", queued.text(t, "state"))
		require.Nil(t, queued.field(t, "ended_at"))
		requireReplay(t, queued, h.do(t, http.StatusAccepted, again))
		require.Len(t, h.queued, 1, "one run")
		require.Equal(t, string(questions.body), string(h.get(t, h.author, "/v1/models/"+d.text(t, "model_id")+"/questions").body), "what is published stays")
		require.Equal(t, string(coverage.body), string(h.get(t, h.author, "/v1/models/"+d.text(t, "model_id")+"/coverage").body))
		h.work(t)
		requireReplay(t, queued, h.do(t, http.StatusAccepted, again))
		d = h.get(t, h.author, "/v1/drafts/"+d.text(t, "id"))
		require.Equal(t, "succeeded", d.text(t, "state"))
		require.InDelta(t, 2, d.field(t, "run"), 0)
		require.Empty(t, missingOf(t, d))

		rest := p.since(asked)
		require.Len(t, rest["threats"], 1, "only the missing group")
		var names []string
		for _, part := range partsOf(rest["threats"][0]) {
			names = append(names, part[1])
		}
		slices.Sort(names)
		slices.Sort(lacking)
		require.Equal(t, lacking, names)
		require.Empty(t, rest["extract"])
		require.Len(t, rest["gaps"], 1)

		after := h.suggestionsOf(t, d)
		require.Len(t, after, len(before)+len(lacking), "only what is new is added")
		require.Equal(t, h.elementsOf(t, d), titlesOf(after))
		now := byID(after)
		for id, was := range decided {
			require.Empty(t, cmp.Diff(was, now[id]), "as it was left")
		}
		require.InDelta(t, len(after), d.field(t, "outcome").(fields)["suggestions"], 0)
		require.Equal(t, string(questions.body), string(h.get(t, h.author, "/v1/models/"+d.text(t, "model_id")+"/questions").body), "none is asked twice")
		calls := h.get(t, h.author, "/v1/drafts/"+d.text(t, "id")+"/calls?limit=200").items(t)
		require.Len(t, calls, len(p.Queries()))
		require.InDelta(t, 2, calls[len(calls)-1]["run"], 0)
		require.Len(t, eventsOfKind(t, h, "draft.resumed"), 1)
		require.Len(t, eventsOfKind(t, h, "model.extended"), 1)

		h.post(t, http.StatusConflict, h.author, "/v1/drafts/"+d.text(t, "id")+"/resume", nil)
	})
}

// without are the strings of a that b lacks.
func without(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

func TestResumedRunThatFailsLeavesWhatThereIs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		p := newParrot(t)
		h := newHybridHouse(t, url, p)
		d := partial(t, h, p)
		before := h.suggestionsOf(t, d)
		again := h.resume(t, d)
		require.Equal(t, "partial", again.text(t, "state"), "it is silent still")
		require.Empty(t, cmp.Diff(before, h.suggestionsOf(t, d)))
		require.Empty(t, cmp.Diff(missingOf(t, d), missingOf(t, again)))

		// canceled before it begins, and while it runs
		for _, probe := range []bool{false, true} {
			queued := h.post(t, http.StatusAccepted, h.author, "/v1/drafts/"+d.text(t, "id")+"/resume", nil)
			cancel := call{method: "POST", path: queued.header.Get("Location") + "/cancel", token: h.author}
			if probe {
				asked := false
				h.runner.Probe = func(point string) {
					if !asked && point == analysis.PointClaimed {
						asked = true
						a, err := h.try(t.Context(), cancel)
						require.NoError(t, err)
						require.Equal(t, http.StatusAccepted, a.status)
					}
				}
			} else {
				require.Equal(t, "partial", h.do(t, http.StatusOK, cancel).text(t, "state"))
			}
			h.work(t)
			h.runner.Probe = nil
			canceled := h.get(t, h.author, queued.header.Get("Location"))
			require.Equal(t, "partial", canceled.text(t, "state"))
			require.Equal(t, fields{"kind": "canceled", "detail": "the resumed run was canceled; what was drafted before stands"}, canceled.field(t, "error"))
			require.Empty(t, cmp.Diff(before, h.suggestionsOf(t, d)))
			require.Empty(t, cmp.Diff(again.field(t, "outcome"), canceled.field(t, "outcome")))
		}
		p.hush("")
		whole := h.resume(t, d)
		require.Equal(t, "succeeded", whole.text(t, "state"))
		require.Nil(t, whole.field(t, "error"))
		require.Equal(t, false, whole.field(t, "cancel_requested"))
		require.Equal(t, h.elementsOf(t, d), titlesOf(h.suggestionsOf(t, d)))
	})
}

func TestWhatCannotBeResumed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		arrange func(t *testing.T, h *house, d answer)
		says    string
	}{
		"queued again": {func(t *testing.T, h *house, d answer) {
			h.post(t, http.StatusAccepted, h.author, "/v1/drafts/"+d.text(t, "id")+"/resume", nil)
		}, "it is queued"},
		"a newer draft": {func(t *testing.T, h *house, d answer) {
			h.post(t, http.StatusAccepted, h.author, "/v1/models/"+d.text(t, "model_id")+"/drafts", fields{"drafter": "offline"})
			h.work(t)
		}, "a newer draft of the scope takes its place"},
		"a newer version's draft": {func(t *testing.T, h *house, _ answer) {
			h.post(t, http.StatusAccepted, h.author, "/v1/drafts", fields{"description": shop, "project_name": "Shop"})
		}, "a newer draft of the scope takes its place"},
		"archived": {func(t *testing.T, h *house, d answer) {
			h.post(t, http.StatusOK, h.admin, "/v1/projects/"+d.text(t, "project_id")+"/archive", nil)
		}, "archived"},
		"signed off": {func(t *testing.T, h *house, d answer) {
			h.moveModel(t, d.text(t, "model_id"), "completed")
		}, "the model is completed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newParrot(t)
			h := newHybridHouse(t, storetest.SQLite(t), p)
			d := partial(t, h, p)
			tt.arrange(t, h, d)
			before, asked := h.rows(t), len(p.Queries())
			refused := h.post(t, http.StatusConflict, h.author, "/v1/drafts/"+d.text(t, "id")+"/resume", fields{}).problem(t)
			require.Contains(t, refused.Detail, tt.says)
			require.Equal(t, before, h.rows(t), "nothing was written")
			require.Len(t, p.Queries(), asked)
		})
	}
}

// moveModel writes the state of a version, past the conditions of sign-off.
func (h *house) moveModel(t *testing.T, id, state string) {
	t.Helper()
	result, err := h.store.WriterDB().ExecContext(t.Context(), "update threat_models set state = '"+state+"' where id = '"+id+"'")
	require.NoError(t, err)
	n, err := result.RowsAffected()
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}

func TestResumeIsForAuthors(t *testing.T) {
	t.Parallel()
	p := newParrot(t)
	h := newHybridHouse(t, storetest.SQLite(t), p)
	d := partial(t, h, p)
	path := "/v1/drafts/" + d.text(t, "id")
	h.post(t, http.StatusForbidden, h.viewer, path+"/resume", nil)
	stranger := h.token(t, "sven", "admin", h.post(t, http.StatusCreated, h.admin, "/v1/projects", fields{"name": "Other"}).text(t, "id"))
	h.post(t, http.StatusNotFound, stranger, path+"/resume", nil)
	h.do(t, http.StatusNotFound, call{method: "GET", path: path + "/calls", token: stranger})
	h.do(t, http.StatusBadRequest, call{method: "GET", path: path + "/calls?limit=0", token: h.viewer, bad: true})
	h.do(t, http.StatusBadRequest, call{method: "POST", path: path + "/resume", token: h.author, body: fields{"x": 1}, bad: true})
	require.NotEmpty(t, h.get(t, h.viewer, path+"/calls").items(t))
	p.hush("")
	h.do(t, http.StatusAccepted, call{method: "POST", path: path + "/resume", token: h.token(t, "otto", "author", d.text(t, "project_id"))})
}

// A draft of which nothing was answered has its floor, and is completed later.
func TestDraftOfAModelThatSaysNothing(t *testing.T) {
	t.Parallel()
	p := newParrot(t)
	h := newHybridHouse(t, storetest.SQLite(t), p)
	p.deaf.Store(true)
	d := h.drafted(t, chestShop)
	require.Equal(t, "partial", d.text(t, "state"))
	floor := h.suggestionsOf(t, d)
	require.NotEmpty(t, floor)
	require.NotContains(t, h.elementsOf(t, d), "apothecary chest")
	calls := h.get(t, h.author, "/v1/drafts/"+d.text(t, "id")+"/calls?limit=200")
	for _, c := range calls.items(t) {
		require.Equal(t, "refused", c["failure"])
	}
	require.Equal(t, calls.field(t, "total").(fields)["calls"], calls.field(t, "total").(fields)["failed"])

	p.deaf.Store(false)
	d = h.resume(t, d)
	require.Equal(t, "succeeded", d.text(t, "state"))
	require.Contains(t, h.elementsOf(t, d), "apothecary chest")
	after := byID(h.suggestionsOf(t, d))
	for _, s := range floor {
		require.Empty(t, cmp.Diff(s, after[s["id"].(string)]))
	}
	require.Equal(t, h.elementsOf(t, d), titlesOf(h.suggestionsOf(t, d)))
}

// What a newer draft could not ask about stays in the queue until it could.
func TestPartialDraftSupersedesWhatItCovers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		p := newParrot(t)
		h := newHybridHouse(t, url, p)
		old := h.drafted(t, chestShop)
		require.Equal(t, "succeeded", old.text(t, "state"))
		d := partial(t, h, p)
		require.Equal(t, old.text(t, "model_id"), d.text(t, "model_id"))
		lacking := stringsOf(missingOf(t, d)[0]["target_ids"].([]any))
		about := func(s fields) bool {
			return slices.ContainsFunc(stringsOf(s["target_ids"].([]any)), func(k string) bool { return slices.Contains(lacking, k) })
		}
		states := map[string]int{}
		for _, s := range h.suggestionsOf(t, old) {
			want := "superseded"
			if about(s) {
				want = "pending"
			}
			require.Equal(t, want, s["state"], s["title"])
			states[want]++
		}
		require.Len(t, states, 2)
		require.Contains(t, strings.Join(titlesOf(slices.DeleteFunc(h.suggestionsOf(t, old), func(s fields) bool { return s["state"] != "pending" })), ","), "S3 bucket")

		p.hush("")
		require.Equal(t, "succeeded", h.resume(t, d).text(t, "state"))
		for _, s := range h.suggestionsOf(t, old) {
			require.Equal(t, "superseded", s["state"], s["title"])
		}
		require.Equal(t, h.elementsOf(t, d), titlesOf(h.suggestionsOf(t, d)))
	})
}

// A draft that failed has finished questions too, which are not asked again; one
// that fails when it is resumed leaves what there is.
func TestFailedDraftIsResumed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		p := newParrot(t)
		h := newHybridHouse(t, url, p)
		p.hush("S3 bucket")
		d := h.post(t, http.StatusAccepted, h.author, "/v1/drafts", fields{"description": chestShop, "project_name": "Shop"})
		model, path := d.text(t, "model_id"), d.header.Get("Location")
		failing := func() answer {
			h.runner.Probe = func(point string) {
				if point == analysis.PointPublish {
					h.moveModel(t, model, "completed")
				}
			}
			h.work(t)
			h.runner.Probe = nil
			h.moveModel(t, model, "draft")
			return h.get(t, h.author, path)
		}
		failed := failing()
		require.Equal(t, "failed", failed.text(t, "state"))
		require.Equal(t, "conflict", failed.field(t, "error").(fields)["kind"])
		require.Nil(t, failed.field(t, "outcome"))
		require.Empty(t, h.suggestionsOf(t, d))
		require.NotContains(t, h.elementsOf(t, d), "apothecary chest", "nothing of it is published")

		asked := len(p.Queries())
		again := h.resume(t, d)
		require.Equal(t, "partial", again.text(t, "state"))
		require.Len(t, p.Queries(), asked+1, "all but one question was finished")
		before := h.suggestionsOf(t, d)
		require.Contains(t, h.elementsOf(t, d), "apothecary chest")

		p.hush("")
		h.post(t, http.StatusAccepted, h.author, path+"/resume", nil)
		failed = failing()
		require.Equal(t, "partial", failed.text(t, "state"))
		require.Equal(t, "conflict", failed.field(t, "error").(fields)["kind"])
		require.Empty(t, cmp.Diff(again.field(t, "outcome"), failed.field(t, "outcome")))
		require.Empty(t, cmp.Diff(before, h.suggestionsOf(t, d)))

		asked = len(p.Queries())
		require.Equal(t, "succeeded", h.resume(t, d).text(t, "state"))
		require.Len(t, p.Queries(), asked, "what the failed run finished is kept")
		require.Equal(t, h.elementsOf(t, d), titlesOf(h.suggestionsOf(t, d)))
	})
}

// What a reviewer brought back after an answer had settled it stays in the queue
// when the draft is resumed.
func TestResumeKeepsWhatWasReopened(t *testing.T) {
	t.Parallel()
	p := newParrot(t)
	h := newHybridHouse(t, storetest.SQLite(t), p)
	d := partial(t, h, p)
	model := "/v1/models/" + d.text(t, "model_id")
	for _, q := range h.get(t, h.author, model+"/questions").items(t) {
		h.post(t, http.StatusCreated, h.author, model+"/answers", fields{"question_id": q["id"], "control": "present"})
	}
	reopened := map[string]fields{}
	for _, s := range h.suggestionsOf(t, d) {
		if s["state"] == "superseded" {
			h.judge(t, s, fields{"decision": "reopen", "text": "the answer is wrong"})
			reopened[s["id"].(string)] = s
		}
	}
	require.NotEmpty(t, reopened)
	p.hush("")
	require.Equal(t, "succeeded", h.resume(t, d).text(t, "state"))
	now := byID(h.suggestionsOf(t, d))
	for id, s := range reopened {
		require.Equal(t, "pending", now[id]["state"], s["title"])
	}
}

// An answer about missing parts that is cut off adds none of them: the groups stay as
// they were, so that nothing is asked or queued twice.
func TestResumeAfterHalfAnExtraction(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		p := newParrot(t)
		h := newHybridHouse(t, url, p)
		p.say(func(q llmtest.Query) *llmtest.Reply {
			if q.SchemaName != prompts.Extract {
				return nil
			}
			return &llmtest.Reply{Text: `{"parts":[{"name":"apothecary chest","kind":"data_store","tags":[],"quote":"looked up in the apothecary chest by the web shop"}],"flows":[`, Cut: 34}
		})
		d := h.drafted(t, chestShop)
		require.Equal(t, "partial", d.text(t, "state"))
		require.Equal(t, prompts.Extract, missingOf(t, d)[0]["task"])
		require.NotContains(t, h.elementsOf(t, d), "apothecary chest")
		before, asked := h.suggestionsOf(t, d), len(p.Queries())

		p.say(nil)
		d = h.resume(t, d)
		require.Equal(t, "succeeded", d.text(t, "state"))
		require.Contains(t, h.elementsOf(t, d), "apothecary chest")
		rest := p.since(asked)
		require.Len(t, rest[prompts.Extract], 1)
		require.Len(t, rest[prompts.Threats], 1, "about the part that was found")
		after := h.suggestionsOf(t, d)
		require.Equal(t, h.elementsOf(t, d), titlesOf(after), "each once")
		require.Greater(t, len(after), len(before))
	})
}

// Measures that come with a resumption reach the suggestions that nobody has touched,
// and only those.
func TestResumeCompletesWhatNobodyTouched(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		p := newParrot(t)
		h := newHybridHouse(t, url, p)
		measures := func(reply *llmtest.Reply) llmtest.Script {
			return func(q llmtest.Query) *llmtest.Reply {
				if q.SchemaName == prompts.Mitigations {
					return reply
				}
				return nil
			}
		}
		p.say(measures(&llmtest.Reply{Refusal: "I cannot help with that."}))
		d := h.drafted(t, chestShop)
		require.Equal(t, "partial", d.text(t, "state"))
		require.Equal(t, prompts.Mitigations, missingOf(t, d)[0]["task"])
		var byModel []fields
		for _, s := range h.suggestionsOf(t, d) {
			if s["rule"] == "" {
				require.Empty(t, s["mitigations"])
				byModel = append(byModel, s)
			}
		}
		require.Greater(t, len(byModel), 2)
		h.judge(t, byModel[0], fields{"decision": "reject", "reason": "too_generic"})

		var items []string
		for i := range len(byModel) {
			items = append(items, fmt.Sprintf(`{"index":%d,"text":"Put a lid on the hatch and lock it at night.","references":[]}`, i))
		}
		p.say(measures(llmtest.Text(`{"mitigations":[` + strings.Join(items, ",") + `]}`)))
		d = h.resume(t, d)
		require.Equal(t, "succeeded", d.text(t, "state"))
		now := byID(h.suggestionsOf(t, d))
		require.Len(t, now, int(d.field(t, "outcome").(fields)["suggestions"].(float64)))
		require.Empty(t, now[byModel[0]["id"].(string)]["mitigations"], "decided as it was")
		for _, s := range byModel[1:] {
			require.Len(t, now[s["id"].(string)]["mitigations"], 1, "%s", s["title"])
			require.Equal(t, now[s["id"].(string)]["mitigations"], now[s["id"].(string)]["proposal"].(fields)["mitigations"])
		}
		require.Len(t, eventsOfKind(t, h, "suggestion.redrafted"), len(byModel)-1)
	})
}
