package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/api"
	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// permission is what a route answers to somebody whose role in the project is
// high enough.
type permission struct {
	want   int
	body   any
	header map[string]string
	// query names the project where the path does not.
	query string
	// global routes are about no project in particular.
	global bool
	// others is the role that the thing of somebody else wants, where that is more.
	others stride.Role
}

var anyVersion = map[string]string{"If-Match": "*"}

// permissions has a row for every route below /v1; a new route without one fails.
func permissions(w world) map[string]permission {
	return map[string]permission{
		"GET /v1/me":                      {want: 200, global: true},
		"POST /v1/projects":               {want: 201, global: true, body: fields{"name": "Another"}},
		"GET /v1/projects":                {want: 200, global: true},
		"POST /v1/projects/import":        {want: 403, global: true, body: "name\nx\n", header: map[string]string{"Content-Type": "text/csv"}},
		"GET /v1/projects/:id":            {want: 200},
		"PATCH /v1/projects/:id":          {want: 200, body: fields{"owner": "me"}, header: anyVersion},
		"POST /v1/projects/:id/archive":   {want: 200},
		"POST /v1/projects/:id/models":    {want: 201, body: fields{"scope": "b", "sources": []fields{{"content": shop}}}},
		"GET /v1/projects/:id/models":     {want: 200},
		"POST /v1/projects/:id/threats":   {want: 201, body: fields{"category": "spoofing", "title": "x", "likelihood": 1, "impact": 1}},
		"GET /v1/projects/:id/metrics":    {want: 200},
		"GET /v1/models/:id":              {want: 200},
		"PUT /v1/models/:id/architecture": {want: 201, body: fields{"elements": []fields{{"name": "a", "kind": "process"}}}},
		"POST /v1/models/:id/submit":      {want: 200},
		"POST /v1/models/:id/return":      {want: 200, body: fields{"reason": "x"}},
		"POST /v1/models/:id/sign-off":    {want: 409}, // it was returned
		"GET /v1/models/:id/questions":    {want: 200},
		"POST /v1/models/:id/answers":     {want: 201, body: fields{"question_id": w.question, "control": "absent"}},
		"POST /v1/models/:id/drafts":      {want: 202},
		"GET /v1/models/:id/drafts":       {want: 200},
		"GET /v1/models/:id/coverage":     {want: 200},
		"POST /v1/drafts":                 {want: 202, body: fields{"description": shop, "project_id": w.project}},
		"GET /v1/drafts/:id":              {want: 200},
		"GET /v1/drafts/:id/events":       {want: 200},
		"POST /v1/drafts/:id/cancel":      {want: 409}, // it has ended
		"POST /v1/drafts/:id/resume":      {want: 409}, // it lacks nothing
		"GET /v1/drafts/:id/calls":        {want: 200},
		"GET /v1/providers":               {want: 200, global: true},
		"POST /v1/providers/check":        {want: 403, global: true},
		"GET /v1/suggestions":             {want: 200, query: "?project=" + w.project},
		"GET /v1/suggestions/:id":         {want: 200},
		"GET /v1/users/:id":               {want: 200, global: true},
		"GET /v1/me/views":                {want: 200, global: true},
		"PUT /v1/me/views/:name":          {want: 200, global: true, body: fields{"query": "state=pending"}},
		"DELETE /v1/me/views/:name":       {want: 204, global: true},
		"POST /v1/suggestions/next":       {want: 204, global: true, query: "?q=nothing+has+this"},
		"POST /v1/suggestions/decisions": {want: 200, global: true, body: fields{
			"dry_run": true, "decisions": []fields{{"id": w.suggestions[0], "version": 1, "decision": "accept"}},
		}},
		"POST /v1/suggestions/:id/claim":    {want: 200},
		"POST /v1/suggestions/:id/release":  {want: 200},
		"POST /v1/suggestions/:id/undo":     {want: 200, header: anyVersion},
		"POST /v1/suggestions/:id/answer":   {want: 409, header: anyVersion, body: fields{"text": "x"}},
		"POST /v1/suggestions/:id/decision": {want: 200, body: fields{"decision": "accept"}, header: anyVersion},
		"GET /v1/threats":                   {want: 200, query: "?project=" + w.project},
		"GET /v1/suggestions/:id/comments":  {want: 200},
		"POST /v1/suggestions/:id/comments": {want: 201, body: fields{"text": "x"}},
		"GET /v1/threats/:id/comments":      {want: 200},
		"POST /v1/threats/:id/comments":     {want: 201, body: fields{"text": "x"}},
		"GET /v1/comments/:id":              {want: 200},
		"PUT /v1/comments/:id":              {want: 403, body: fields{"text": "x"}, header: anyVersion},
		"DELETE /v1/comments/:id":           {want: 200, header: anyVersion, others: stride.RoleAdmin},
		"GET /v1/me/mentions":               {want: 200, global: true},
		"POST /v1/me/mentions/read":         {want: 200, global: true},
		"GET /v1/audit-events":              {want: 200, query: "?project=" + w.project},
		"GET /v1/threats/:id":               {want: 200},
		"PATCH /v1/threats/:id":             {want: 200, body: fields{"owner": "me"}, header: anyVersion},
		"POST /v1/threats/:id/transitions":  {want: 200, body: fields{"to": "in_progress", "reason": "x"}},
		"GET /v1/threats/:id/history":       {want: 200},
		"PUT /v1/threats/:id/references":    {want: 200, body: fields{"references": []fields{}}},
		"GET /v1/metrics":                   {want: 200, global: true},
		"GET /v1/metrics/formulas":          {want: 200, global: true},

		"POST /v1/threats/:id/mitigations":                  {want: 201, body: fields{"text": "x"}},
		"DELETE /v1/threats/:id/mitigations/:mitigation_id": {want: 200},
		"POST /v1/threats/:id/test-cases/draft":             {want: 200},
		"POST /v1/threats/:id/test-cases":                   {want: 201, body: fields{"given": "a", "when": "b", "then": "c"}},
		"GET /v1/threats/:id/test-cases":                    {want: 200},
		"GET /v1/test-cases/:id":                            {want: 200},
		"PUT /v1/test-cases/:id":                            {want: 200, body: fields{"given": "a", "when": "b", "then": "c"}, header: anyVersion},
		"DELETE /v1/test-cases/:id":                         {want: 200, header: anyVersion},
		"GET /v1/mitigations":                               {want: 200, query: "?project=" + w.project},
		"GET /v1/mitigations/:id":                           {want: 200},
		"PATCH /v1/mitigations/:id":                         {want: 200, body: fields{"owner": "me"}, header: anyVersion},
		"POST /v1/mitigations/:id/transitions":              {want: 200, body: fields{"to": "planned"}},
	}
}

// guarded are the routes that want a role, those that end a project last.
func guarded() []api.Route {
	var out, last []api.Route
	for _, r := range api.Routes() {
		switch {
		case r.Least == "":
		case strings.HasSuffix(r.Path, "/archive"):
			last = append(last, r)
		default:
			out = append(out, r)
		}
	}
	return slices.Concat(out, last)
}

// callOf is the call of a route in a world.
func callOf(r api.Route, p permission, w world, token string) call {
	noun, _, _ := strings.Cut(strings.TrimPrefix(r.Path, "/v1/"), "/")
	id := map[string]string{
		"projects": w.project, "models": w.model, "drafts": w.draft, "suggestions": w.suggestions[0], "threats": w.threat,
		"mitigations": w.mitigation, "test-cases": w.testCase, "users": w.user, "comments": w.comment,
	}[noun]
	return call{
		method: r.Method, path: strings.NewReplacer(":id", id, ":mitigation_id", w.mitigation).Replace(r.Path) + p.query, token: token, body: p.body, header: p.header,
	}
}

// TestRolesOnRoutes asks every route as every role, in the caller's project and
// in somebody else's.
func TestRolesOnRoutes(t *testing.T) {
	t.Parallel()
	for _, role := range stride.Roles() {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, storetest.SQLite(t))
			own, other := h.settle(t, "Own"), h.settle(t, "Other")
			h.token(t, "maja", role, own.project)
			token := h.unlimited(t, "maja", role)
			mine, theirs := permissions(own), permissions(other)
			for _, r := range guarded() {
				name := r.Method + " " + r.Path
				p, ok := mine[name]
				require.True(t, ok, "%s has no row in the table of permissions", name)
				delete(mine, name)
				if !p.global {
					h.requireForeign(t, r, callOf(r, theirs[name], other, token), role)
				}
				want := p.want
				if !role.AtLeast(r.Least) || p.others != "" && !role.AtLeast(p.others) {
					want = http.StatusForbidden
				}
				before := h.rows(t)
				h.do(t, want, callOf(r, p, own, token))
				if want == http.StatusForbidden {
					require.Equal(t, before, h.rows(t), name)
				}
			}
			require.Empty(t, mine, "rows of routes that are no more")
		})
	}
}

// unlimited makes a token of a user that is good for all that the user may do.
func (h *house) unlimited(t *testing.T, user string, role stride.Role) string {
	t.Helper()
	secret := "unlimited token of " + user
	require.NoError(t, h.access.Store.InAccessTx(t.Context(), func(tx analysis.AccessTx) error {
		u, err := tx.EnsureUser(t.Context(), stride.User{ID: stride.UserID(h.access.NewID()), Name: user, CreatedAt: h.access.Now()})
		if err != nil {
			return err
		}
		return tx.InsertToken(t.Context(), stride.Token{
			ID: stride.TokenID(h.access.NewID()), UserID: u.ID, Hash: analysis.TokenHash(secret), Role: role, CreatedAt: h.access.Now(),
		})
	}))
	return secret
}

// TestLimitedTokenStaysInItsProject holds that a token narrows its user.
func TestLimitedTokenStaysInItsProject(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		own := h.settle(t, "Own")
		token := h.token(t, "bot", stride.RoleAdmin, own.project)
		before := h.rows(t)
		for path, body := range map[string]fields{
			"/v1/projects": {"name": "New"},
			"/v1/drafts":   {"description": shop},
		} {
			h.do(t, http.StatusForbidden, call{method: "POST", path: path, token: token, body: body})
		}
		require.Equal(t, before, h.rows(t))
		h.do(t, http.StatusAccepted, call{
			method: "POST", path: "/v1/drafts", token: token, body: fields{"description": shop, "project_id": own.project},
		})
	})
}

// requireForeign holds that somebody else's project is as good as absent.
func (h *house) requireForeign(t *testing.T, r api.Route, c call, role stride.Role) {
	t.Helper()
	before := h.rows(t)
	switch {
	case !role.AtLeast(r.Least):
		h.do(t, http.StatusForbidden, c)
	case strings.Contains(c.path, "?project="):
		require.Empty(t, h.do(t, http.StatusOK, c).items(t))
	default:
		h.do(t, http.StatusNotFound, c)
	}
	require.Equal(t, before, h.rows(t), "%s %s stores nothing", c.method, c.path)
}

func TestEveryGuardedRouteWantsAToken(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	w := h.settle(t, "Shop")
	table := permissions(w)
	for _, r := range guarded() {
		c := callOf(r, table[r.Method+" "+r.Path], w, "")
		h.do(t, http.StatusUnauthorized, c)
		c.token = h.admin + "x"
		h.do(t, http.StatusUnauthorized, c)
	}
}

// TestListsShowOwnProjectsAlone holds that what a token reaches not is not
// counted or listed either.
func TestListsShowOwnProjectsAlone(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		own, other := h.settle(t, "Own"), h.settle(t, "Other")
		for _, p := range []string{own.project, other.project} {
			h.do(t, http.StatusOK, call{method: "PATCH", path: "/v1/projects/" + p, token: h.admin, body: fields{"in_scope": "true"}, header: anyVersion})
		}
		token := h.token(t, "maja", stride.RoleViewer, own.project)
		projects := h.get(t, token, "/v1/projects").items(t)
		require.Equal(t, []string{own.project}, ids(projects))
		for _, path := range []string{"/v1/suggestions?limit=200", "/v1/threats"} {
			items := h.get(t, token, path).items(t)
			require.NotEmpty(t, items)
			for _, item := range items {
				require.Equal(t, own.project, item["project_id"])
			}
		}
		require.InEpsilon(t, 1, h.get(t, token, "/v1/metrics").field(t, "eligible_projects"), 0)
		require.InEpsilon(t, 2, h.get(t, h.viewer, "/v1/metrics").field(t, "eligible_projects"), 0)
	})
}
