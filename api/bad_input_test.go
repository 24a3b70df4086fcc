package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// badInput is a request that must be refused, and by which field; "" where no
// single field is wrong.
type badInput struct {
	name   string
	call   call
	status int
	field  string
}

// TestBadInput holds that every kind of bad request is answered by a problem
// document that names what is wrong, and stores nothing.
func TestBadInput(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		foreign := h.settle(t, "Somebody else's")
		var cases []badInput
		cases = append(cases, badDescriptions()...)
		cases = append(cases, badBodies()...)
		cases = append(cases, badQueries(w)...)
		cases = append(cases, badIDs()...)
		cases = append(cases, badFields(w, foreign)...)
		cases = append(cases, badHeaders(w)...)
		for _, tt := range cases {
			if tt.call.token == "" {
				tt.call.token = h.admin
			}
			h.refuse(t, tt)
		}
		for _, tt := range h.badCallers(t, w, foreign) {
			h.refuse(t, tt)
		}
	})
}

func (h *house) refuse(t *testing.T, tt badInput) {
	t.Helper()
	t.Run(tt.name, func(t *testing.T) {
		before := h.rows(t)
		tt.call.bad = true
		p := h.do(t, tt.status, tt.call).problem(t)
		if tt.field != "" {
			require.NotEmpty(t, p.Errors, "%s", p.Detail)
			require.Equal(t, tt.field, p.Errors[0].Field, "%v", p)
			require.NotEmpty(t, p.Errors[0].Message)
		}
		require.Equal(t, before, h.rows(t), "nothing is stored")
	})
}

func post(path string, body any) call { return call{method: "POST", path: path, body: body} }

func raw(path, contentType, body string) call {
	return call{method: "POST", path: path, body: body, header: map[string]string{"Content-Type": contentType}}
}

// badDescriptions come as JSON and as a raw body.
func badDescriptions() []badInput {
	const drafts = "/v1/drafts"
	text := func(s string) call { return raw(drafts, "text/markdown", s) }
	big := strings.Repeat("The web app stores orders in PostgreSQL. ", 256<<10) // 10 MiB
	large := strings.Repeat("The web app stores orders in PostgreSQL. ", 64<<10)
	return []badInput{
		{"raw: empty", raw(drafts, "text/markdown", ""), 400, "description"},
		{"raw: blank", text(" \n\t "), 400, "description"},
		{"raw: 10 MiB", text(big), 413, "body"},
		{"raw: over 2 MiB", text(large), 413, "description"},
		{"raw: binary", text("\x7fELF\x02\x01\x01web app"), 400, "description"},
		{"raw: invalid UTF-8", text("The web \xff\xfe app stores orders in PostgreSQL."), 400, "description"},
		{"raw: NUL", text("The web app\x00 stores orders in PostgreSQL."), 400, "description"},
		{"raw: UTF-16", raw(drafts, "text/markdown; charset=utf-16", "The web app stores orders."), 415, "Content-Type"},
		{"raw: unknown parameter", raw(drafts+"?projekt=x", "text/markdown", shop), 400, "projekt"},
		{"raw: no components", text("Nothing to see here, move along."), 422, ""},
		{"JSON: empty", post(drafts, fields{"description": ""}), 400, "description"},
		{"JSON: missing", post(drafts, fields{}), 400, "description"},
		{"JSON: 10 MiB", post(drafts, fields{"description": big}), 413, "body"},
		{"JSON: over 2 MiB", post(drafts, fields{"description": large}), 413, "description"},
		{"JSON: escaped NUL", post(drafts, `{"description":"The web app\u0000 stores orders"}`), 400, "description"},
		{"JSON: raw NUL", post(drafts, "{\"description\":\"The web app\x00 stores orders\"}"), 400, "body"},
		{"JSON: invalid UTF-8", post(drafts, "{\"description\":\"The web \xff app\"}"), 400, "body"},
		{"JSON: control characters", post(drafts, `{"description":"The web app\u0001 stores orders"}`), 400, "description"},
		{"JSON: unknown format", post(drafts, fields{"description": shop, "format": "visio"}), 400, "format"},
		{"JSON: unknown drafter", post(drafts, fields{"description": shop, "drafter": "oracle"}), 400, "drafter"},
		{"JSON: two projects", post(drafts, fields{"description": shop, "project_id": "x", "project_name": "y"}), 400, "project_name"},
		{"JSON: long project name", post(drafts, fields{"description": shop, "project_name": strings.Repeat("n", 201)}), 400, "project_name"},
		{"JSON: long scope", post(drafts, fields{"description": shop, "scope": strings.Repeat("s", 101)}), 400, "scope"},
		{"JSON: unknown project", post(drafts, fields{"description": shop, "project_id": "00000000-0000-7000-8000-000000000000"}), 404, ""},
		{"JSON: no components", post(drafts, fields{"description": "Nothing to see here, move along."}), 422, ""},
		{"not a media type that is read", raw(drafts, "application/pdf", "%PDF-1.7"), 415, "Content-Type"},
		{"no media type", raw(drafts, "", shop), 415, "Content-Type"},
	}
}

// badBodies are wrong whatever they are about.
func badBodies() []badInput {
	const projects = "/v1/projects"
	return []badInput{
		{"empty body", post(projects, ""), 415, "Content-Type"},
		{"empty JSON", raw(projects, "application/json", ""), 400, "body"},
		{"no JSON", post(projects, "name=shop"), 400, "body"},
		{"cut JSON", post(projects, `{"name":"shop"`), 400, "body"},
		{"an array", post(projects, `[]`), 400, "body"},
		{"trailing JSON", post(projects, `{"name":"shop"}{"name":"again"}`), 400, "body"},
		{"trailing text", post(projects, `{"name":"shop"} please`), 400, "body"},
		{"unknown field", post(projects, `{"name":"shop","colour":"red"}`), 400, "colour"},
		{"known field in another case", post(projects, `{"Name":"shop"}`), 400, "Name"},
		{"nested unknown field", post("/v1/drafts", `{"description":"x","edits":{}}`), 400, "edits"},
		{"wrong type", post(projects, `{"name":7}`), 400, "name"},
		{"wrong element type", post(projects, `{"name":"shop","tags":[1]}`), 400, "tags"},
		{"wrong enum", post(projects, `{"name":"shop","criticality":"mega"}`), 400, "criticality"},
		{"boolean for in_scope", post(projects, `{"name":"shop","in_scope":true}`), 400, "in_scope"},
		{"missing name", post(projects, `{}`), 400, "name"},
		{"null", post(projects, `null`), 400, "body"},
		{"blank name", post(projects, `{"name":"  "}`), 400, "name"},
		{"long name", post(projects, fields{"name": strings.Repeat("ü", 201)}), 400, "name"},
		{"NUL in a name", post(projects, `{"name":"a\u0000b"}`), 400, "name"},
		{"NUL in a list", post(projects, `{"name":"a","tags":["x","y\u0000"]}`), 400, "tags[1]"},
		{"NUL in a key", post(projects, `{"na\u0000me":"a"}`), 400, "na\x00me"},
		{"lone surrogate is no NUL, but too deep is no JSON", post(projects, strings.Repeat("[", 20000)), 400, "body"},
		{"wrong media type", raw(projects, "text/plain", `{"name":"shop"}`), 415, "Content-Type"},
		{"2 MiB", post(projects, fields{"name": strings.Repeat("n", 2<<20)}), 413, "body"},
		{"inventory as JSON", post("/v1/projects/import", `{}`), 415, "Content-Type"},
		{"empty inventory", raw("/v1/projects/import", "text/csv", ""), 400, "body"},
		{"inventory with NUL", raw("/v1/projects/import", "text/csv", "name\na\x00b\n"), 400, "body"},
		{"inventory in Latin-1", raw("/v1/projects/import", "text/csv", "name\nM\xfcller\n"), 400, "body"},
		{"inventory without names", raw("/v1/projects/import", "text/csv", "owner\nme\n"), 400, "header"},
		{"inventory with unknown columns", raw("/v1/projects/import", "text/csv", "name,colour\na,red\n"), 400, "header"},
		{"ragged inventory", raw("/v1/projects/import", "text/csv", "name,owner\na\n"), 400, "body"},
	}
}

func badQueries(w world) []badInput {
	get := func(path string) call { return call{method: "GET", path: path} }
	return []badInput{
		{"unknown parameter", get("/v1/suggestions?sate=pending"), 400, "sate"},
		{"unknown state", get("/v1/suggestions?state=pending,gone"), 400, "state"},
		{"unknown category", get("/v1/threats?category=phishing"), 400, "category"},
		{"unknown sort", get("/v1/suggestions?sort=random"), 400, "sort"},
		{"no boolean", get("/v1/suggestions?submitted=maybe"), 400, "submitted"},
		{"limit 0", get("/v1/projects?limit=0"), 400, "limit"},
		{"limit 201", get("/v1/threats?limit=201"), 400, "limit"},
		{"limit in words", get("/v1/projects/" + w.project + "/models?limit=many"), 400, "limit"},
		{"twice", get("/v1/projects?name=a&name=b"), 400, "name"},
		{"broken cursor", get("/v1/projects?cursor=%21%21"), 400, "cursor"},
		{"cursor of something else", get("/v1/models/" + w.model + "/drafts?cursor=eyJhIjoxfQ"), 400, "cursor"},
		{"cursor of another order", get("/v1/suggestions?cursor=eyJzIjoiY3JlYXRlZF9hdCIsImsiOjEsImkiOiJ4In0"), 400, "cursor"},
		{"invalid UTF-8", get("/v1/projects?name=%ff"), 400, "name"},
		{"NUL", get("/v1/threats?owner=a%00b"), 400, "owner"},
		{"no time", get("/v1/metrics?as_of=yesterday"), 400, "as_of"},
		{"from after to", get("/v1/projects/" + w.project + "/metrics?from=2025-02-01&to=2025-01-01"), 400, "from"},
		{"unknown group", get("/v1/metrics?group_by=person"), 400, "group_by"},
		{"unknown series", get("/v1/metrics?from=2025-01-01&series=hour"), 400, "series"},
		{"series without a beginning", get("/v1/metrics?series=day"), 400, "from"},
		{"series of too many points", get("/v1/metrics?from=2020-01-01&series=day"), 400, "series"},
		{"unknown format", get("/v1/metrics?format=xlsx"), 400, "format"},
		{"a page of a report", get("/v1/metrics?limit=3"), 400, "limit"},
		{"a page of a series", get("/v1/metrics?from=2025-01-01&series=month&group_by=rule&cursor=x"), 400, "cursor"},
		{"groups of another question", get("/v1/metrics?group_by=rule&cursor=eyJzIjoiZ3JvdXAiLCJrIjowLCJpIjoiPSIsImYiOiJ4In0"), 400, "cursor"},
		{"formulas of something", get("/v1/metrics/formulas?metric=x"), 400, "metric"},
		{"unknown in_scope", get("/v1/projects?in_scope=yes"), 400, "in_scope"},
		{"unknown order of threats", get("/v1/threats?sort=severity"), 400, "sort"},
		{"overdue in words", get("/v1/threats?overdue=very"), 400, "overdue"},
		{"unknown status", get("/v1/mitigations?status=done,gone"), 400, "status"},
		{"unknown order of mitigations", get("/v1/mitigations?sort=created_at"), 400, "sort"},
		{"no due date", get("/v1/mitigations?due_before=soon"), 400, "due_before"},
		{"overdue mitigations in words", get("/v1/mitigations?overdue=1"), 400, "overdue"},
		{"stale in words", get("/v1/projects?stale=yes"), 400, "stale"},
		{"unknown model state", get("/v1/projects/" + w.project + "/models?state=gone"), 400, "state"},
	}
}

// badIDs asks every route with an id for one that does not exist, and for ones
// that cannot.
func badIDs() []badInput {
	var out []badInput
	for kind, id := range map[string]string{
		"unknown": "00000000-0000-7000-8000-000000000000", "malformed": "42", "NUL": "%00", "invalid UTF-8": "%ff",
		"SQL": "%27%20or%201=1--", "very long": strings.Repeat("a", 5000),
	} {
		for _, path := range []string{
			"/v1/projects/{id}", "/v1/projects/{id}/models", "/v1/projects/{id}/metrics", "/v1/models/{id}", "/v1/models/{id}/questions",
			"/v1/models/{id}/drafts", "/v1/models/{id}/coverage", "/v1/drafts/{id}", "/v1/drafts/{id}/events", "/v1/suggestions/{id}",
			"/v1/threats/{id}", "/v1/threats/{id}/history", "/v1/threats/{id}/test-cases", "/v1/mitigations/{id}", "/v1/test-cases/{id}",
			"/v1/comments/{id}", "/v1/suggestions/{id}/comments", "/v1/threats/{id}/comments",
		} {
			out = append(out, badInput{
				kind + " id: " + path, call{method: "GET", path: strings.Replace(path, "{id}", id, 1)}, 404, "",
			})
		}
		for path, body := range map[string]fields{
			"/v1/projects/{id}/archive": nil, "/v1/projects/{id}/models": {"sources": []fields{{"content": shop}}},
			"/v1/projects/{id}/threats":         {"category": "spoofing", "title": "x", "likelihood": 1, "impact": 1},
			"/v1/models/{id}/submit":            nil,
			"/v1/models/{id}/return":            {"reason": "x"},
			"/v1/models/{id}/sign-off":          nil,
			"/v1/models/{id}/answers":           {"question_id": "x", "control": "present"},
			"/v1/models/{id}/drafts":            nil,
			"/v1/drafts/{id}/cancel":            nil,
			"/v1/suggestions/{id}/decision":     {"decision": "accept"},
			"/v1/threats/{id}/transitions":      {"to": "in_progress", "reason": "x"},
			"/v1/threats/{id}/comments":         {"text": "x"},
			"/v1/suggestions/{id}/comments":     {"text": "x"},
			"/v1/threats/{id}/mitigations":      {"text": "x"},
			"/v1/threats/{id}/test-cases":       {"given": "a", "when": "b", "then": "c"},
			"/v1/threats/{id}/test-cases/draft": nil,
			"/v1/mitigations/{id}/transitions":  {"to": "planned"},
		} {
			c := post(strings.Replace(path, "{id}", id, 1), nil)
			if body != nil {
				c.body = body
			}
			out = append(out, badInput{kind + " id: POST " + path, c, 404, ""})
		}
	}
	return out
}

// badFields are well-formed JSON with values that cannot be.
func badFields(w, foreign world) []badInput {
	project, model := "/v1/projects/"+w.project, "/v1/models/"+w.model
	suggestion, threat := "/v1/suggestions/"+w.suggestions[0]+"/decision", "/v1/threats/"+w.threat
	decide := func(body fields) call {
		return call{method: "POST", path: suggestion, body: body, header: map[string]string{"If-Match": "*"}}
	}
	patch := func(body fields) call {
		return call{method: "PATCH", path: threat, body: body, header: map[string]string{"If-Match": "*"}}
	}
	put := func(path string, body any) call { return call{method: "PUT", path: path, body: body} }
	change := func(path string, body any) call {
		return call{method: "PATCH", path: path, body: body, header: map[string]string{"If-Match": "*"}}
	}
	element := func(e fields) fields { return fields{"elements": []fields{e}} }
	return []badInput{
		{"model: no sources", post(project+"/models", fields{"sources": []fields{}}), 400, "sources"},
		{"model: empty source", post(project+"/models", fields{"sources": []fields{{"content": shop}, {"content": ""}}}), 400, "sources[1].content"},
		{"model: NUL in a source", post(project+"/models", `{"sources":[{"content":"a\u0000b"}]}`), 400, "sources[0].content"},
		{"model: unknown format", post(project+"/models", fields{"sources": []fields{{"content": shop, "format": "x"}}}), 400, "sources[0].format"},
		{"model: no components", post(project+"/models", fields{"sources": []fields{{"content": "Nothing to see here."}}}), 422, "sources[0].content"},
		{"architecture: no elements", put(model+"/architecture", fields{}), 400, "elements"},
		{"architecture: unknown kind", put(model+"/architecture", element(fields{"name": "a", "kind": "cloud"})), 400, "elements[0].kind"},
		{"architecture: dangling flow", put(model+"/architecture", fields{
			"elements": []fields{{"id": "a", "name": "a", "kind": "process"}}, "flows": []fields{{"name": "f", "source_id": "a", "target_id": "b"}},
		}), 400, "flows[0].target_id"},
		{"architecture: a quote that is none", put(model+"/architecture", element(fields{
			"name": "a", "kind": "process", "evidence": []fields{{"kind": "quoted", "source_id": "x", "start": 0, "end": 12, "quote": "never written"}},
		})), 400, "elements[0].evidence[0]"},
		{"submit: unknown assignee", post(model+"/submit", fields{"assignee": "nobody"}), 400, "assignee"},
		{"return: no reason", post(model+"/return", fields{}), 400, "reason"},
		{"answer: unknown question", post(model+"/answers", fields{"question_id": "x", "control": "present"}), 400, "question_id"},
		{"answer: somebody else's question", post(model+"/answers", fields{"question_id": foreign.question, "control": "present"}), 400, "question_id"},
		{"answer: unknown control", post(model+"/answers", fields{"question_id": w.question, "control": "unknown"}), 400, "control"},
		{"answer: unknown reach", post(model+"/answers", fields{"question_id": w.question, "control": "absent", "apply_to": "world"}), 400, "apply_to"},
		{"draft: unknown drafter", post(model+"/drafts", fields{"drafter": "oracle"}), 400, "drafter"},
		{"decision: missing", decide(fields{}), 400, "decision"},
		{"decision: unknown", decide(fields{"decision": "maybe"}), 400, "decision"},
		{"decision: by the system alone", decide(fields{"decision": "supersede"}), 400, "decision"},
		{"decision: reject without a reason", decide(fields{"decision": "reject"}), 400, "reason"},
		{"decision: unknown reason", decide(fields{"decision": "reject", "reason": "meh"}), 400, "reason"},
		{"decision: other without a text", decide(fields{"decision": "reject", "reason": "other"}), 400, "text"},
		{"decision: needs_info without a question", decide(fields{"decision": "needs_info"}), 400, "text"},
		{"decision: merge into nothing", decide(fields{"decision": "merge"}), 400, "into"},
		{"decision: merge into itself", decide(fields{"decision": "merge", "into": w.suggestions[0]}), 400, "into"},
		{"decision: merge into another project", decide(fields{"decision": "merge", "into": foreign.suggestions[0]}), 400, "into"},
		{"decision: likelihood 5", decide(fields{"decision": "accept", "edits": fields{"likelihood": 5}}), 400, "edits.likelihood"},
		{"decision: severity by hand", decide(fields{"decision": "accept", "edits": fields{"severity": "low"}}), 400, "severity"},
		{"decision: foreign target", decide(fields{"decision": "accept", "edits": fields{"target_ids": []string{"x"}}}), 400, "edits.target_ids"},
		{"decision: no CWE", decide(fields{"decision": "accept", "edits": fields{"cwe": []string{"79"}}}), 400, "edits.cwe[0]"},
		{"decision: edits to a rejection", decide(fields{"decision": "reject", "reason": "duplicate", "edits": fields{"impact": 1}}), 400, "edits"},
		{"threat: title missing", post(project+"/threats", fields{"category": "spoofing", "likelihood": 1, "impact": 1}), 400, "title"},
		{"threat: impact a string", post(project+"/threats", `{"category":"spoofing","title":"x","likelihood":1,"impact":"1"}`), 400, "impact"},
		{"threat: impact 0", post(project+"/threats", fields{"category": "spoofing", "title": "x", "likelihood": 1, "impact": 0}), 400, "impact"},
		{"threat: target without a model", post(project+"/threats", fields{"category": "spoofing", "title": "x", "likelihood": 1, "impact": 1, "target_ids": []string{"x"}}), 400, "target_ids"},
		{"threat: somebody else's model", post(project+"/threats", fields{"category": "spoofing", "title": "x", "likelihood": 1, "impact": 1, "model_id": foreign.model}), 400, "model_id"},
		{"threat: unknown target", post(project+"/threats", fields{"category": "spoofing", "title": "x", "likelihood": 1, "impact": 1, "model_id": w.model, "target_ids": []string{"x"}}), 400, "target_ids[0]"},
		{"threat: blank title", patch(fields{"title": " "}), 400, "title"},
		{"threat: unknown state", post(threat+"/transitions", fields{"to": "gone", "reason": "x"}), 400, "to"},
		{"threat: no reason", post(threat+"/transitions", fields{"to": "in_progress"}), 400, "reason"},
		{"threat: risk without owner", post(threat+"/transitions", fields{"to": "risk_accepted", "reason": "x", "expires_at": "2030-01-01T00:00:00Z"}), 400, "owner"},
		{"threat: risk without end", post(threat+"/transitions", fields{"to": "risk_accepted", "reason": "x", "owner": "me"}), 400, "expires_at"},
		{"threat: no time", post(threat+"/transitions", fields{"to": "risk_accepted", "reason": "x", "owner": "me", "expires_at": "soon"}), 400, "expires_at"},
		{"threat: risk for too long", post(threat+"/transitions", fields{"to": "risk_accepted", "reason": "x", "owner": "me", "expires_at": "2039-01-01T00:00:00Z"}), 400, "expires_at"},
		{"threat: mitigations by hand", patch(fields{"mitigations": []fields{{"text": "x"}}}), 400, "mitigations"},
		{"mitigation: neither new nor old", post(threat+"/mitigations", fields{}), 400, "text"},
		{"mitigation: new and old", post(threat+"/mitigations", fields{"mitigation_id": w.mitigation, "text": "x"}), 400, "text"},
		{"mitigation: somebody else's", post(threat+"/mitigations", fields{"mitigation_id": foreign.mitigation}), 400, "mitigation_id"},
		{"mitigation: twice", post(threat+"/mitigations", fields{"mitigation_id": w.mitigation}), 409, ""},
		{"mitigation: blank", post(threat+"/mitigations", fields{"text": " "}), 400, "text"},
		{"mitigation: long", post(threat+"/mitigations", fields{"text": strings.Repeat("ü", 2001)}), 400, "text"},
		{"mitigation: blank reference", post(threat+"/mitigations", fields{"text": "x", "references": []string{"a", ""}}), 400, "references[1]"},
		{"mitigation: long owner", post(threat+"/mitigations", fields{"text": "x", "owner": strings.Repeat("o", 201)}), 400, "owner"},
		{"mitigation: no time", post(threat+"/mitigations", fields{"text": "x", "due_at": "soon"}), 400, "due_at"},
		{"mitigation: a number for a time", post(threat+"/mitigations", fields{"text": "x", "due_at": 7}), 400, "due_at"},
		{"mitigation: effect 4", post(threat+"/mitigations", fields{"text": "x", "effect": fields{"likelihood": 4, "impact": 0}}), 400, "effect.likelihood"},
		{"mitigation: effect below 0", post(threat+"/mitigations", fields{"text": "x", "effect": fields{"likelihood": 0, "impact": -1}}), 400, "effect.impact"},
		{"mitigation: status by hand", post(threat+"/mitigations", fields{"text": "x", "status": "done"}), 400, "status"},
		{"mitigation: NUL", post(threat+"/mitigations", `{"text":"a\u0000b"}`), 400, "text"},
		{"mitigation: patched blank", change("/v1/mitigations/"+w.mitigation, fields{"text": ""}), 400, "text"},
		{"mitigation: unknown status", post("/v1/mitigations/"+w.mitigation+"/transitions", fields{"to": "gone"}), 400, "to"},
		{"mitigation: dropped without a reason", post("/v1/mitigations/"+w.mitigation+"/transitions", fields{"to": "dropped"}), 400, "reason"},
		{"mitigation: no such move", post("/v1/mitigations/"+w.mitigation+"/transitions", fields{"to": "verified"}), 409, ""},
		{"mitigation: taken off twice", call{method: "DELETE", path: threat + "/mitigations/" + foreign.mitigation}, 404, ""},
		{"mitigation: an id that cannot be", call{method: "DELETE", path: threat + "/mitigations/%00"}, 404, ""},
		{"test case: nothing", post(threat+"/test-cases", fields{"given": "a", "when": "b"}), 400, "then"},
		{"test case: blank", post(threat+"/test-cases", fields{"given": "a", "when": " ", "then": "c"}), 400, "when"},
		{"test case: long", put("/v1/test-cases/"+w.testCase, fields{"given": strings.Repeat("g", 2001), "when": "b", "then": "c"}), 400, "given"},
		{"threat: transferred to nobody", post(threat+"/transitions", fields{"to": "transferred", "reason": "x"}), 400, "party"},
		{"references: missing", put(threat+"/references", fields{}), 400, "references"},
		{"references: no system", put(threat+"/references", fields{"references": []fields{{"key": "1"}}}), 400, "references[0].system"},
		{"references: script", put(threat+"/references", fields{"references": []fields{{"system": "a", "key": "1", "url": "javascript:alert(1)"}}}), 400, "references[0].url"},
		{"references: twice", put(threat+"/references", fields{"references": []fields{{"system": "a", "key": "1"}, {"system": "a", "key": "1"}}}), 400, "references[1].key"},
		{"references: in the future", put(threat+"/references", fields{"references": []fields{{"system": "a", "key": "1", "acknowledged_at": "2099-01-01T00:00:00Z"}}}), 400, "references[0].acknowledged_at"},
	}
}

func badHeaders(w world) []badInput {
	suggestion := "/v1/suggestions/" + w.suggestions[0] + "/decision"
	with := func(c call, name, value string) call {
		c.header = map[string]string{name: value}
		return c
	}
	accept := post(suggestion, fields{"decision": "accept"})
	return []badInput{
		{"If-Match missing", accept, 428, ""},
		{"If-Match bare", with(accept, "If-Match", "3"), 400, "If-Match"},
		{"If-Match list", with(accept, "If-Match", `"1", "2"`), 400, "If-Match"},
		{"If-Match stale", with(accept, "If-Match", `"99"`), 412, ""},
		{"If-Match none of ours", with(accept, "If-Match", `"abc"`), 412, ""},
		{"If-Match on a model, stale", with(post("/v1/models/"+w.model+"/submit", nil), "If-Match", `"99"`), 412, ""},
		{"Idempotency-Key with a space", with(post("/v1/projects", fields{"name": "x"}), "Idempotency-Key", "a b"), 400, "Idempotency-Key"},
		{"Idempotency-Key too long", with(post("/v1/projects", fields{"name": "x"}), "Idempotency-Key", strings.Repeat("k", 201)), 400, "Idempotency-Key"},
		{"Prefer without a number", with(post("/v1/drafts", fields{"description": shop}), "Prefer", "wait=soon"), 400, "Prefer"},
		{"Prefer below 0", with(post("/v1/models/"+w.model+"/drafts", nil), "Prefer", "wait=-1"), 400, "Prefer"},
		{"Last-Event-ID", with(call{method: "GET", path: "/v1/drafts/" + w.draft + "/events"}, "Last-Event-ID", "x"), 400, "Last-Event-ID"},
		{"cancel what has ended", post("/v1/drafts/"+w.draft+"/cancel", nil), 409, ""},
		{"mitigation without If-Match", call{method: "PATCH", path: "/v1/mitigations/" + w.mitigation, body: fields{"owner": "x"}}, 428, ""},
		{"mitigation, stale", with(call{method: "PATCH", path: "/v1/mitigations/" + w.mitigation, body: fields{"owner": "x"}}, "If-Match", `"99"`), 412, ""},
		{"mitigation moved, stale", with(post("/v1/mitigations/"+w.mitigation+"/transitions", fields{"to": "planned"}), "If-Match", `"99"`), 412, ""},
		{"mitigation added, stale", with(post("/v1/threats/"+w.threat+"/mitigations", fields{"text": "x"}), "If-Match", `"99"`), 412, ""},
		{"mitigation taken off, stale", with(call{method: "DELETE", path: "/v1/threats/" + w.threat + "/mitigations/" + w.mitigation}, "If-Match", `"99"`), 412, ""},
		{"test case without If-Match", call{method: "DELETE", path: "/v1/test-cases/" + w.testCase}, 428, ""},
		{"test case, stale", with(call{method: "PUT", path: "/v1/test-cases/" + w.testCase, body: fields{"given": "a", "when": "b", "then": "c"}}, "If-Match", `"99"`), 412, ""},
		{"no such move", post("/v1/threats/"+w.threat+"/transitions", fields{"to": "resolved", "reason": "x"}), 409, ""},
	}
}

// badCallers have no token, one that does not hold, one that is too weak, or
// one for another project.
func (h *house) badCallers(t *testing.T, w, foreign world) []badInput {
	t.Helper()
	expired, err := h.access.CreateToken(t.Context(), analysis.NewToken{User: "eve", Role: stride.RoleAdmin, Expires: 60e9})
	require.NoError(t, err)
	h.ahead.Add(61)
	outsider := h.token(t, "olga", stride.RoleAdmin, foreign.project)
	draft := post("/v1/drafts", fields{"description": shop})
	as := func(c call, token string) call {
		c.token = token
		return c
	}
	basic := draft
	basic.header = map[string]string{"Authorization": "Basic " + h.admin}
	return []badInput{
		{"no token", draft, 401, ""},
		{"wrong token", as(draft, "td_wrong"), 401, ""},
		{"expired token", as(draft, expired), 401, ""},
		{"another scheme", basic, 401, ""},
		{"role too low", as(draft, h.viewer), 403, ""},
		{"author decides", as(post("/v1/suggestions/"+w.suggestions[0]+"/decision", fields{"decision": "accept"}), h.author), 403, ""},
		{"author triages", as(post("/v1/projects", fields{"name": "x", "in_scope": "true"}), h.author), 403, "in_scope"},
		{"project admin imports", as(raw("/v1/projects/import", "text/csv", "name\nx\n"), outsider), 403, ""},
		{"somebody else's project", as(call{method: "GET", path: "/v1/projects/" + w.project}, outsider), 404, ""},
		{"somebody else's suggestion", as(post("/v1/suggestions/"+w.suggestions[0]+"/decision", fields{"decision": "accept"}), outsider), 404, ""},
		{"somebody else's project in a draft", as(post("/v1/drafts", fields{"description": shop, "project_id": w.project}), outsider), 404, ""},
		{"somebody else's project by name", as(post("/v1/drafts", fields{"description": shop, "project_name": "shop"}), outsider), 403, "project_name"},
	}
}

func TestUnauthenticatedSaysHow(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	a := h.do(t, http.StatusUnauthorized, call{method: "GET", path: "/v1/projects"})
	require.Contains(t, a.header.Get("WWW-Authenticate"), "Bearer")
}
