package api_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

func TestSystem(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	require.Equal(t, "ok", h.get(t, "", "/healthz").text(t, "status"))
	require.Equal(t, "ready", h.get(t, "", "/readyz").text(t, "status"))
	require.Contains(t, string(h.get(t, "", "/openapi.yaml").body), "openapi: 3.0.3")
	require.Contains(t, string(h.get(t, "", "/metrics").body), `route="/healthz"`)

	me := h.get(t, h.reviewer, "/v1/me")
	require.Equal(t, "rita", me.text(t, "name"))
	require.Equal(t, []any{fields{"project_id": nil, "role": "reviewer"}}, me.field(t, "grants"))

	h.ready.Store(new(errors.New("no database")))
	p := h.do(t, http.StatusServiceUnavailable, call{method: "GET", path: "/readyz"}).problem(t)
	require.NotContains(t, p.Detail, "no database", "the cause is for the log")
}

func TestUnknownRoutes(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	h.do(t, http.StatusNotFound, call{method: "GET", path: "/v1/nothing", bad: true})
	a := h.do(t, http.StatusMethodNotAllowed, call{method: "DELETE", path: "/v1/projects", bad: true})
	require.Contains(t, a.header.Get("Allow"), "POST")
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	mine := h.do(t, http.StatusUnauthorized, call{method: "GET", path: "/v1/me", header: map[string]string{"X-Request-Id": "mine-1"}})
	require.Equal(t, "mine-1", mine.problem(t).RequestID)
	evil := h.do(t, http.StatusUnauthorized, call{method: "GET", path: "/v1/me", header: map[string]string{"X-Request-Id": "a b<script>"}})
	require.NotContains(t, string(evil.body), "script")
}

func TestProjectLife(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		made := h.post(t, http.StatusCreated, h.author, "/v1/projects", fields{"name": "Web shop", "tags": []string{"pci", "b", "b"}})
		path := made.header.Get("Location")
		require.Equal(t, "unknown", made.text(t, "in_scope"))
		require.Equal(t, []any{"b", "pci"}, made.field(t, "tags"))

		// who made it is its author, by another token too
		got := h.get(t, h.token(t, "otto", "author", made.text(t, "id")), path)
		require.Empty(t, cmp.Diff(decode[fields](t, made), decode[fields](t, got)))
		require.Equal(t, made.header.Get("ETag"), got.header.Get("ETag"))

		taken := h.post(t, http.StatusConflict, h.author, "/v1/projects", fields{"name": " web  SHOP"}).problem(t)
		require.Equal(t, "name", taken.Errors[0].Field)

		triaged := h.do(t, http.StatusOK, call{
			method: "PATCH", path: path, token: h.admin, header: map[string]string{"If-Match": got.header.Get("ETag")},
			body: fields{"in_scope": "true", "criticality": "high", "owner": "team-shop"},
		})
		require.Equal(t, "true", triaged.text(t, "in_scope"))
		require.Equal(t, "Web shop", triaged.text(t, "name"))
		require.NotEqual(t, got.header.Get("ETag"), triaged.header.Get("ETag"))
		require.Len(t, h.get(t, h.viewer, "/v1/projects?in_scope=true&tag=pci&name=SHOP").items(t), 1)
		require.Empty(t, h.get(t, h.viewer, "/v1/projects?in_scope=false").items(t))

		archived := h.post(t, http.StatusOK, h.admin, path+"/archive", nil)
		require.NotNil(t, archived.field(t, "archived_at"))
		again := h.post(t, http.StatusOK, h.admin, path+"/archive", fields{})
		require.Equal(t, archived.body, again.body)
		closed := h.do(t, http.StatusConflict, call{
			method: "PATCH", path: path, token: h.admin, header: map[string]string{"If-Match": "*"}, body: fields{"owner": "x"},
		})
		require.Equal(t, made.text(t, "id"), closed.problem(t).Current["id"])
		require.Equal(t, archived.header.Get("ETag"), closed.header.Get("ETag"))
		for sub, body := range map[string]fields{
			"/models":  {"sources": []fields{{"content": shop}}},
			"/threats": {"category": "spoofing", "title": "x", "likelihood": 1, "impact": 1},
		} {
			h.post(t, http.StatusConflict, h.admin, path+sub, body)
		}
		h.post(t, http.StatusConflict, h.admin, "/v1/drafts", fields{"description": shop, "project_id": made.text(t, "id")})
	})
}

func TestImportProjects(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		send := func(status int, csv string) answer {
			return h.do(t, status, call{
				method: "POST", path: "/v1/projects/import", token: h.admin, body: csv, header: map[string]string{"Content-Type": "text/csv"},
			})
		}
		inventory := "\ufeffname,owner,in_scope,criticality,tags\nWeb shop,team-shop,TRUE,high,pci;public\nIntranet,,,,\n"
		require.JSONEq(t, `{"created":2,"updated":0,"unchanged":0}`, string(send(http.StatusOK, inventory).body))
		require.JSONEq(t, `{"created":0,"updated":0,"unchanged":2}`, string(send(http.StatusOK, inventory).body))
		require.JSONEq(t, `{"created":0,"updated":1,"unchanged":0}`, string(send(http.StatusOK, "name,owner\nINTRANET,team-it\n").body))
		list := h.get(t, h.viewer, "/v1/projects").items(t)
		require.Len(t, list, 2)
		require.Equal(t, "Intranet", list[1]["name"])
		require.Equal(t, "team-it", list[1]["owner"])

		before := h.rows(t)
		bad := send(http.StatusBadRequest, "name,in_scope\nGood,true\nBad,perhaps\nGood,false\n,true\n").problem(t)
		var named []string
		for _, e := range bad.Errors {
			named = append(named, e.Field)
		}
		require.Equal(t, []string{"line 3: in_scope", "line 4: name", "line 5: name"}, named)
		require.Equal(t, before, h.rows(t), "all rows or none")
	})
}
