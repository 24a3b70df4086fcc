package api_test

import (
	"context"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/draft"
	"github.com/threatdraft/threatdraft/internal/llm"
	"github.com/threatdraft/threatdraft/internal/llm/llmtest"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
	"github.com/threatdraft/threatdraft/prompts"
)

// chest is a part that the extractor does not know and the model does.
const chest = "Discount codes are looked up in the apothecary chest by the web shop."

var chestShop = shop + "\n" + chest + "\n"

// parrot is a model with one threat for each part, and the chest among the parts.
// It refuses questions about the silent part.
type parrot struct {
	*llmtest.Server
	silent atomic.Pointer[string]
	// deaf makes it refuse everything.
	deaf atomic.Bool
	// instead answers before the parrot does, where it is set.
	instead atomic.Pointer[llmtest.Script]
}

// say has a script answer first; nil ends that.
func (p *parrot) say(script llmtest.Script) {
	if script == nil {
		p.instead.Store(nil)
		return
	}
	p.instead.Store(&script)
}

func newParrot(t *testing.T) *parrot {
	t.Helper()
	p := &parrot{}
	p.hush("")
	p.Server = llmtest.New(t, p.answer)
	return p
}

// hush chooses the part about which it says nothing, "" for none.
func (p *parrot) hush(name string) { p.silent.Store(&name) }

func (p *parrot) answer(q llmtest.Query) *llmtest.Reply {
	refusal := &llmtest.Reply{Refusal: "I cannot help with that."}
	if p.deaf.Load() {
		return refusal
	}
	if script := p.instead.Load(); script != nil {
		if reply := (*script)(q); reply != nil {
			return reply
		}
	}
	switch q.SchemaName {
	case prompts.Extract:
		return llmtest.Text(`{"parts":[{"name":"apothecary chest","kind":"data_store","tags":["document_store"],"quote":"looked up in the apothecary chest by the web shop"}],
			"flows":[{"source":"Web shop","target":"apothecary chest","name":"discount codes","protocol":"","quote":"looked up in the apothecary chest by the web shop"}]}`)
	case prompts.Threats:
		items := []fields{}
		for _, part := range partsOf(q) {
			if part[1] == *p.silent.Load() {
				return refusal
			}
			items = append(items, marbles(part[0], part[1]))
		}
		text, err := json.Marshal(fields{"threats": items})
		if err != nil {
			return refusal
		}
		return llmtest.Text(string(text))
	case "check":
		return llmtest.Text(`{"status":"ready","words":["one","two","three"]}`)
	}
	return llmtest.Text("{}")
}

const gears = "Marbles in the gears of "

// marbles is a threat that no rule knows.
func marbles(id, name string) fields {
	return fields{
		"targets": []string{id}, "category": "denial_of_service", "title": gears + name,
		"statement": "A bored courier can pour marbles into " + name + " because its hatch has no lid, causing a long outage.", "quote": "",
		"likelihood": 2, "impact": 2, "cwe": []string{}, "improves": "",
	}
}

// partsOf lists the parts that a question is about, as id and name.
func partsOf(q llmtest.Query) [][2]string {
	var out [][2]string
	for line := range strings.Lines(q.User) {
		id, rest, ok := strings.Cut(line, " = ")
		if name, _, part := strings.Cut(rest, " ("); ok && part && strings.HasPrefix(id, "e") {
			out = append(out, [2]string{id, name})
		}
	}
	return out
}

// since returns what was asked after the first n queries, by task.
func (p *parrot) since(n int) map[string][]llmtest.Query {
	out := map[string][]llmtest.Query{}
	for _, q := range p.Queries()[n:] {
		out[q.SchemaName] = append(out[q.SchemaName], q)
	}
	return out
}

// providers adapts the client as the program does.
type providers struct{ client *llm.Client }

func (p providers) Providers() []analysis.Provider {
	var out []analysis.Provider
	for _, d := range p.client.Describe() {
		out = append(out, analysis.Provider{Name: d.Provider, Model: d.Model, Address: d.Address, Mode: string(d.Mode), Context: d.Context, Priced: d.Priced})
	}
	return out
}

func (p providers) Check(ctx context.Context) []analysis.ProviderFinding {
	var out []analysis.ProviderFinding
	for _, f := range p.client.Check(ctx) {
		out = append(out, analysis.ProviderFinding{Provider: f.Provider, Model: f.Model, Check: f.Check, Result: string(f.Result), Message: f.Message})
	}
	return out
}

const parrotKey = "the key of the parrot"

// newHybridHouse is newHouse with a model that drafts along.
func newHybridHouse(t *testing.T, databaseURL string, p *parrot) *house {
	t.Helper()
	return newHouseWith(t, storetest.Open(t, databaseURL), func(s *store.Store) database { return s }, func(now func() time.Time) drafting {
		client, err := llm.Open(llm.Config{
			Provider: "openai", Model: "parrot", BaseURL: p.URL, APIKey: parrotKey, Timeout: time.Minute, Attempts: 1, Concurrency: 4,
			Prices: llm.Prices{"parrot": {Input: 1_000_000, Output: 2_000_000}},
		}, llm.Deps{Now: now, Rand: rand.Float64})
		require.NoError(t, err)
		set, err := prompts.Load("")
		require.NoError(t, err)
		return drafting{draft.NewHybrid(draft.Model{Asker: client, Prompts: set}), providers{client}}
	})
}

// drafted submits a design to a project, runs the draft and returns it.
func (h *house) drafted(t *testing.T, description string) answer {
	t.Helper()
	d := h.post(t, http.StatusAccepted, h.author, "/v1/drafts", fields{"description": description, "project_name": "Shop"})
	h.work(t)
	return h.get(t, h.author, d.header.Get("Location"))
}

func (h *house) suggestionsOf(t *testing.T, d answer) []fields {
	t.Helper()
	return h.get(t, h.author, "/v1/suggestions?limit=200&draft="+d.text(t, "id")).items(t)
}

// titlesOf are the parts about which the model said something, sorted.
func titlesOf(suggestions []fields) []string {
	var out []string
	for _, s := range suggestions {
		if name, ok := strings.CutPrefix(s["title"].(string), gears); ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// missingOf are the groups without an answer.
func missingOf(t *testing.T, d answer) []fields {
	t.Helper()
	var out []fields
	for _, g := range d.field(t, "outcome").(fields)["llm"].(fields)["groups"].([]any) {
		if g := g.(fields); g["done"] == false {
			out = append(out, g)
		}
	}
	return out
}

func (h *house) elementsOf(t *testing.T, d answer) []string {
	t.Helper()
	var out []string
	for _, e := range h.get(t, h.author, "/v1/models/"+d.text(t, "model_id")).field(t, "architecture").(fields)["elements"].([]any) {
		out = append(out, e.(fields)["name"].(string))
	}
	slices.Sort(out)
	return out
}

func TestWhoDrafts(t *testing.T) {
	t.Parallel()
	alone, along := newHouse(t, storetest.SQLite(t)), newHybridHouse(t, storetest.SQLite(t), newParrot(t))
	for _, h := range []*house{alone, along} {
		want := map[*house]string{alone: "offline", along: "hybrid"}[h]
		d := h.post(t, http.StatusAccepted, h.author, "/v1/drafts", fields{"description": shop})
		require.Equal(t, want, d.text(t, "drafter"))
		require.Equal(t, want, h.post(t, http.StatusAccepted, h.author, "/v1/models/"+d.text(t, "model_id")+"/drafts", nil).text(t, "drafter"))
		chosen := h.post(t, http.StatusAccepted, h.author, "/v1/models/"+d.text(t, "model_id")+"/drafts", fields{"drafter": "offline"})
		h.work(t)
		offline := h.get(t, h.author, chosen.header.Get("Location"))
		require.Equal(t, "succeeded", offline.text(t, "state"))
		require.Nil(t, offline.field(t, "outcome").(fields)["llm"])
		require.Empty(t, h.get(t, h.viewer, chosen.header.Get("Location")+"/calls").items(t))
	}
	model := alone.get(t, alone.admin, "/v1/suggestions?limit=1").items(t)[0]["model_id"].(string)
	raw := call{
		method: "POST", path: "/v1/drafts?drafter=hybrid", token: alone.author, body: shop, header: map[string]string{"Content-Type": "text/plain"},
	}
	for _, refused := range []answer{
		alone.post(t, http.StatusBadRequest, alone.author, "/v1/drafts", fields{"description": shop, "drafter": "hybrid"}),
		alone.post(t, http.StatusBadRequest, alone.author, "/v1/models/"+model+"/drafts", fields{"drafter": "hybrid"}),
		alone.do(t, http.StatusBadRequest, raw),
	} {
		require.Equal(t, []stride.Field{{Field: "drafter", Message: "cannot be hybrid here: no language model is configured"}}, refused.problem(t).Errors)
	}
}

func TestHybridDraft(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		p := newParrot(t)
		h := newHybridHouse(t, url, p)
		d := h.drafted(t, chestShop)
		require.Equal(t, "succeeded", d.text(t, "state"), "%s", d.body)
		require.Equal(t, "hybrid", d.text(t, "drafter"))
		report := d.field(t, "outcome").(fields)["llm"].(fields)
		require.Equal(t, "openai", report["provider"])
		require.Equal(t, "parrot", report["model"])
		require.Empty(t, missingOf(t, d))
		require.Empty(t, report["dropped"])

		suggestions := h.suggestionsOf(t, d)
		require.Equal(t, h.elementsOf(t, d), titlesOf(suggestions), "one for each part, the one that the model found among them")
		require.InDelta(t, len(suggestions), d.field(t, "outcome").(fields)["suggestions"], 0)
		rules := 0
		for _, s := range suggestions {
			if s["rule"] != "" {
				rules++
				continue
			}
			origin := s["origins"].([]any)[0].(fields)
			require.Equal(t, "model", origin["by"])
			require.Equal(t, "openai/parrot", origin["model"])
			require.Equal(t, "low", s["confidence"], "it has no quote")
		}
		require.Greater(t, rules, 5, "the floor")

		h.requireCalls(t, p, d)
		h.requireStream(t, d)
	})
}

// requireCalls holds that the ledger has what the server was asked.
func (h *house) requireCalls(t *testing.T, p *parrot, d answer) {
	t.Helper()
	path := "/v1/drafts/" + d.text(t, "id") + "/calls"
	whole := h.get(t, h.viewer, path+"?limit=200")
	prompt, completion := p.Tokens()
	tasks, sums := map[string]int{}, map[string]float64{}
	for _, c := range whole.items(t) {
		tasks[c["task"].(string)]++
		require.Len(t, c["prompt_hash"], 16)
		require.Regexp(t, `^v\d+$`, c["prompt_version"])
		require.Equal(t, []any{"openai", "parrot", "stop", "", false, 1.0, 1.0},
			[]any{c["provider"], c["model"], c["finish"], c["failure"], c["estimated"], c["run"], c["attempt"]})
		require.NotNil(t, c["ended_at"])
		require.NotZero(t, c["first_token_ms"])
		for _, name := range []string{"tokens_in", "tokens_out", "cost_micro_usd"} {
			require.NotZero(t, c[name], name)
			sums[name] += c[name].(float64)
		}
	}
	asked := map[string]int{}
	for task, queries := range p.since(0) {
		asked[task] = len(queries)
	}
	require.Equal(t, asked, tasks)
	require.Greater(t, tasks["threats"], 2)
	require.Equal(t, 1, tasks["extract"])
	total := whole.field(t, "total").(fields)
	require.InDelta(t, len(p.Queries()), total["calls"], 0)
	require.InDelta(t, prompt, total["tokens_in"], 0)
	require.InDelta(t, completion, total["tokens_out"], 0)
	require.InDelta(t, prompt+2*completion, total["cost_micro_usd"], 0)
	for name, sum := range sums {
		require.InDelta(t, sum, total[name], 0)
	}
	require.Zero(t, total["failed"])

	first := h.get(t, h.viewer, path+"?limit=2")
	require.Len(t, first.items(t), 2)
	require.Equal(t, total, first.field(t, "total"), "over all pages")
	next := h.get(t, h.viewer, path+"?limit=200&cursor="+first.text(t, "next_cursor"))
	require.Empty(t, cmp.Diff(whole.items(t), slices.Concat(first.items(t), next.items(t))))
	require.NotContains(t, string(whole.body), parrotKey)
}

// requireStream holds that the stream tells of each item and of each question.
func (h *house) requireStream(t *testing.T, d answer) {
	t.Helper()
	server := httptest.NewServer(h.handler)
	t.Cleanup(server.Close)
	by, ended := map[string][]string{}, 0.0
	var last fields
	for _, e := range h.follow(t, server, d.text(t, "id"), "").rest(t) {
		switch e.kind {
		case "item":
			name := e.data["by"].(string)
			by[name] = append(by[name], e.data["title"].(string))
		case "group":
			ended++
			require.Equal(t, true, e.data["done"])
			last = e.data["progress"].(fields)
			require.InDelta(t, ended, last["done"], 0)
			require.Equal(t, "ask", last["stage"])
		}
	}
	require.NotEmpty(t, by["rule"])
	require.Len(t, by["model"], len(h.elementsOf(t, d)))
	require.InDelta(t, ended, last["total"], 0)
	require.Len(t, d.field(t, "outcome").(fields)["llm"].(fields)["groups"], int(ended))
}

func TestArchitectureIsExtendedOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		p := newParrot(t)
		h := newHybridHouse(t, url, p)
		d := h.drafted(t, chestShop)
		path := "/v1/models/" + d.text(t, "model_id")
		require.Contains(t, h.elementsOf(t, d), "apothecary chest")
		extended := h.get(t, h.author, path)
		alone := newHouse(t, storetest.SQLite(t))
		require.NotContains(t, alone.elementsOf(t, alone.drafted(t, chestShop)), "apothecary chest", "the rules do not find it")
		require.Len(t, p.since(0)["extract"], 1)
		require.Len(t, eventsOfKind(t, h, "model.extended"), 1)

		h.post(t, http.StatusAccepted, h.author, path+"/drafts", nil)
		h.work(t)
		require.Empty(t, cmp.Diff(decode[fields](t, extended), decode[fields](t, h.get(t, h.author, path))))
		architecture := extended.field(t, "architecture").(fields)
		architecture["elements"] = append(architecture["elements"].([]any), fields{"name": "Fraud service", "kind": "process"})
		second := h.do(t, http.StatusCreated, call{
			method: "PUT", path: path + "/architecture", token: h.author, body: architecture, header: map[string]string{"If-Match": extended.header.Get("ETag")},
		})
		again := h.post(t, http.StatusAccepted, h.author, "/v1/models/"+second.text(t, "id")+"/drafts", nil)
		h.work(t)
		require.Equal(t, "succeeded", h.get(t, h.author, again.header.Get("Location")).text(t, "state"))
		require.Len(t, p.since(0)["extract"], 1, "neither a second draft nor a corrected version asks again")
		require.Len(t, eventsOfKind(t, h, "model.extended"), 1)
		require.Contains(t, h.elementsOf(t, again), "apothecary chest")
		require.Contains(t, h.elementsOf(t, again), "Fraud service")
	})
}

// eventsOfKind are the payloads of a kind of event.
func eventsOfKind(t *testing.T, h *house, kind string) []string {
	t.Helper()
	rows, err := h.store.WriterDB().QueryContext(t.Context(), "select payload from events where kind = '"+kind+"' order by seq")
	require.NoError(t, err)
	var out []string
	for rows.Next() {
		var payload string
		require.NoError(t, rows.Scan(&payload))
		out = append(out, payload)
	}
	require.NoError(t, rows.Err())
	require.NoError(t, rows.Close())
	return out
}

// TestBudgetEndsAskingAndNotTheDraft gives a cent, which the first answer may cost
// more than.
func TestBudgetEndsAskingAndNotTheDraft(t *testing.T) {
	t.Parallel()
	for name, budget := range map[string]analysis.Budget{
		"of the draft": {Draft: 10_000}, "of the project": {Project: 10_000}, "of the month": {Month: 10_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newParrot(t)
			h := newHybridHouse(t, storetest.SQLite(t), p)
			h.runner.Budget = budget
			d := h.drafted(t, chestShop)
			require.Equal(t, "partial", d.text(t, "state"))
			require.Empty(t, p.Queries(), "an answer may cost 12,000 micro-USD")
			require.Empty(t, h.get(t, h.author, "/v1/drafts/"+d.text(t, "id")+"/calls").items(t))
			for _, g := range missingOf(t, d) {
				require.Equal(t, "budget_exceeded", g["kind"])
				require.Contains(t, g["reason"], "the budget of 0.0100 USD for this ")
			}
			require.NotEmpty(t, h.suggestionsOf(t, d), "the floor stands")
		})
	}
}

// A budget for some questions is kept to, however many are asked at a time.
func TestBudgetHoldsWhileQuestionsRace(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		p := newParrot(t)
		h := newHybridHouse(t, url, p)
		h.runner.Budget = analysis.Budget{Draft: 14_000}
		d := h.drafted(t, chestShop)
		require.Equal(t, "partial", d.text(t, "state"))
		require.NotEmpty(t, p.Queries())
		calls := h.get(t, h.author, "/v1/drafts/"+d.text(t, "id")+"/calls?limit=200")
		require.Len(t, calls.items(t), len(p.Queries()))
		require.LessOrEqual(t, calls.field(t, "total").(fields)["cost_micro_usd"], 14_000.0)
		require.NotEmpty(t, missingOf(t, d))

		// more money, and the rest is asked
		h.runner.Budget = analysis.Budget{Draft: 10_000_000}
		asked := len(p.Queries())
		h.post(t, http.StatusAccepted, h.author, "/v1/drafts/"+d.text(t, "id")+"/resume", nil)
		h.work(t)
		d = h.get(t, h.author, "/v1/drafts/"+d.text(t, "id"))
		require.Equal(t, "succeeded", d.text(t, "state"))
		require.Greater(t, len(p.Queries()), asked)
		require.Equal(t, h.elementsOf(t, d), titlesOf(h.suggestionsOf(t, d)))
	})
}

func TestDecisionsBecomeExamples(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		p := newParrot(t)
		h := newHybridHouse(t, url, p)
		d := h.drafted(t, shop)
		accept, reject, second := gears+"Web shop", gears+"S3 bucket", gears+"Browser"
		for _, s := range h.suggestionsOf(t, d) {
			body := map[string]fields{
				accept: {"decision": "accept"}, reject: {"decision": "reject", "reason": "other", "text": "a bucket\nhas no gears"},
				second: {"decision": "reject", "reason": "duplicate"},
			}[s["title"].(string)]
			if body != nil {
				h.do(t, http.StatusOK, call{
					method: "POST", path: "/v1/suggestions/" + s["id"].(string) + "/decision", token: h.reviewer, body: body, header: anyVersion,
				})
			}
		}
		prompted := func(examples analysis.Examples, project string) string {
			h.runner.Examples = examples
			asked := len(p.Queries())
			h.post(t, http.StatusAccepted, h.author, "/v1/drafts", fields{"description": shop, "project_name": project, "scope": string(examples)})
			h.work(t)
			var all strings.Builder
			for _, q := range p.since(asked)["threats"] {
				all.WriteString(q.System + q.User)
			}
			require.NotEmpty(t, all.String())
			return all.String()
		}
		for _, none := range []string{prompted(analysis.ExamplesOff, "Shop"), prompted(analysis.ExamplesProject, "Another")} {
			require.NotContains(t, none, gears)
		}
		for _, some := range []string{prompted(analysis.ExamplesProject, "Shop"), prompted(analysis.ExamplesAll, "Another")} {
			require.Contains(t, some, "\n- "+accept+"\n")
			require.Contains(t, some, "\n- "+reject+" (other: a bucket has no gears)\n")
			require.NotContains(t, some, second, "a duplicate is no bad threat")
			require.Regexp(t, `(?s)\n=== \w+ ===\nReviewers of this project accepted\n.*\n=== \w+ ===\n`, some, "what people wrote is material, as the design is")
		}
	})
}

func TestSecretsStayHere(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		p := newParrot(t)
		h := newHybridHouse(t, url, p)
		const key, password = "AKIAQWERTYUIOPASDFGH", "correct7horse8battery"
		text := chestShop + "The web shop reads the S3 bucket with " + key + ".\npassword: " + password + "\n"
		d := h.drafted(t, text)
		require.Equal(t, "succeeded", d.text(t, "state"))
		require.Greater(t, len(p.Queries()), 3)
		for _, q := range p.Queries() {
			require.NotContains(t, string(q.Body), key)
			require.NotContains(t, string(q.Body), password)
		}
		require.Contains(t, string(p.since(0)["extract"][0].Body), strings.Repeat("*", len(key)))
		model := h.get(t, h.author, "/v1/models/"+d.text(t, "model_id"))
		content := model.field(t, "sources").([]any)[0].(fields)["content"].(string)
		masked := strings.NewReplacer(key, strings.Repeat("*", len(key)), password, strings.Repeat("*", len(password))).Replace(text)
		require.Equal(t, masked, content, "byte for byte, but for what is masked")
		notes := strings.Join(stringsOf(model.field(t, "notes").([]any)), "\n")
		require.Contains(t, notes, "An AWS access key was masked in line ")
		require.Contains(t, notes, "A password or key was masked in line ")
		for _, secret := range []string{key, password} {
			require.NotContains(t, h.everyText(t), secret, "no column of any table has it")
		}
	})
}

func stringsOf(list []any) []string {
	out := make([]string, 0, len(list))
	for _, v := range list {
		out = append(out, v.(string))
	}
	return out
}

// everyText is what the tables hold of a draft.
func (h *house) everyText(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	for _, query := range []string{
		"select content from sources", "select architecture from threat_models", "select notes from threat_models", "select proposal from draft_items",
		"select body from draft_events", "select checkpoint from draft_groups", "select proposal from suggestions", "select payload from events",
		"select coalesce(outcome, '') from drafts",
	} {
		rows, err := h.store.WriterDB().QueryContext(t.Context(), query)
		require.NoError(t, err, query)
		before := out.Len()
		for rows.Next() {
			var text []byte
			require.NoError(t, rows.Scan(&text))
			out.Write(text)
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
		require.Greater(t, out.Len(), before, query)
	}
	return out.String()
}

func TestProviders(t *testing.T) {
	t.Parallel()
	alone := newHouse(t, storetest.SQLite(t))
	require.Empty(t, alone.get(t, alone.viewer, "/v1/providers").items(t))
	require.Empty(t, alone.post(t, http.StatusOK, alone.admin, "/v1/providers/check", nil).items(t))

	p := newParrot(t)
	h := newHybridHouse(t, storetest.SQLite(t), p)
	list := h.get(t, h.viewer, "/v1/providers")
	require.Len(t, list.items(t), 1)
	one := list.items(t)[0]
	require.Equal(t, []any{"openai", "parrot", "json_schema", true, nil}, []any{one["provider"], one["model"], one["mode"], one["priced"], one["last_call"]})
	require.Contains(t, p.URL, one["address"])
	h.do(t, http.StatusBadRequest, call{method: "GET", path: "/v1/providers?x=1", token: h.viewer, bad: true})

	for _, token := range []string{h.viewer, h.author, h.reviewer} {
		h.post(t, http.StatusForbidden, token, "/v1/providers/check", nil)
	}
	d := h.drafted(t, shop)
	h.post(t, http.StatusForbidden, h.token(t, "mona", stride.RoleAdmin, d.text(t, "project_id")), "/v1/providers/check", fields{})
	last := h.get(t, h.viewer, "/v1/providers").items(t)[0]["last_call"].(fields)
	require.Empty(t, last["failure"])
	require.NotZero(t, last["total_ms"])
	require.ElementsMatch(t, []string{"at", "failure", "first_token_ms", "total_ms"}, slices.Collect(maps.Keys(last)), "nothing of a project")

	asked := len(p.Queries())
	check := h.post(t, http.StatusOK, h.admin, "/v1/providers/check", nil)
	require.Len(t, p.Queries(), asked+1, "one tiny call")
	var names []string
	for _, f := range check.items(t) {
		names = append(names, f["check"].(string))
		require.Equal(t, "ok", f["result"], "%v", f)
		require.NotEmpty(t, f["message"])
	}
	require.Equal(t, []string{"reachability", "auth", "model", "json_schema", "streaming", "latency"}, names)
	p.deaf.Store(true)
	failed := h.post(t, http.StatusOK, h.admin, "/v1/providers/check", nil)
	require.True(t, slices.ContainsFunc(failed.items(t), func(f fields) bool { return f["result"] == "failed" }))
	for _, a := range []answer{list, check, failed} {
		require.NotContains(t, string(a.body), parrotKey)
	}
}
