package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestCommentLife(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		w := h.settle(t, "Shop")
		ada := h.token(t, "Ada Lovelace", stride.RoleAuthor, w.project)
		bob := h.token(t, "bob", stride.RoleAuthor, w.project)
		h.token(t, "eve", stride.RoleAuthor, h.settle(t, "Other").project)
		for _, about := range []string{"/v1/suggestions/" + w.suggestions[0], "/v1/threats/" + h.get(t, h.admin, h.addThreat(t, w.project, 1, 1)).text(t, "id")} {
			path := about + "/comments"
			require.Empty(t, h.get(t, h.viewer, path).items(t))
			text := `<img src=x onerror=alert(1)> @bob, @eve and @"Ada Lovelace": see ` + "`@nobody`"
			made := h.post(t, http.StatusCreated, ada, path, fields{"text": text + "  "})
			at := made.header.Get("Location")
			require.Equal(t, text, made.text(t, "text"), "as it was written, outer space aside")
			require.Equal(t, []any{"eve"}, made.field(t, "unknown_mentions"), "who has no part in the project is nobody there")
			require.Len(t, made.field(t, "mentions"), 2)
			require.Equal(t, []fields{decode[fields](t, made)}, h.get(t, h.viewer, path).items(t))

			told := h.get(t, bob, "/v1/me/mentions?unread=true").items(t)
			require.Len(t, told, 1)
			require.Equal(t, made.text(t, "id"), told[0]["comment"].(map[string]any)["id"])
			require.EqualValues(t, 1, h.post(t, http.StatusOK, bob, "/v1/me/mentions/read", fields{"comment_ids": []string{made.text(t, "id")}}).field(t, "read"))
			require.Empty(t, h.get(t, bob, "/v1/me/mentions?unread=true").items(t))

			edit := func(status int, token, version, text string) answer {
				return h.do(t, status, call{method: "PUT", path: at, token: token, body: fields{"text": text}, header: map[string]string{"If-Match": version}})
			}
			edit(http.StatusForbidden, bob, made.header.Get("ETag"), "no")
			edited := edit(http.StatusOK, ada, made.header.Get("ETag"), "@bob once more")
			edit(http.StatusPreconditionFailed, ada, made.header.Get("ETag"), "late")
			require.Empty(t, h.get(t, bob, "/v1/me/mentions?unread=true").items(t), "nobody is told twice")
			require.Len(t, edited.field(t, "mentions"), 1)

			remove := call{method: "DELETE", path: at, token: bob, header: map[string]string{"If-Match": edited.header.Get("ETag")}}
			h.do(t, http.StatusForbidden, remove)
			remove.token = ada
			gone := h.do(t, http.StatusOK, remove)
			require.Empty(t, gone.text(t, "text"))
			require.NotNil(t, gone.field(t, "deleted_at"))
			require.Len(t, h.get(t, h.viewer, path).items(t), 1, "its place remains")
			for _, m := range h.get(t, bob, "/v1/me/mentions").items(t) {
				require.NotEqual(t, made.text(t, "id"), m["comment"].(map[string]any)["id"])
			}
			edit(http.StatusConflict, ada, "*", "back")
			h.requireTalk(t, made.text(t, "id"), text)
		}
	})
}

// requireTalk holds that the audit trail tells a comment's three moments.
func (h *house) requireTalk(t *testing.T, id, text string) {
	t.Helper()
	var texts []any
	for _, e := range h.pages(t, "/v1/audit-events?order=asc&kind=comment.created,comment.updated,comment.deleted", func(int) {}) {
		if payload := e["payload"].(map[string]any); payload["comment_id"] == id {
			texts = append(texts, payload["text"])
		}
	}
	require.Equal(t, []any{text, "@bob once more", ""}, texts)
}

func TestCommentRefuses(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	w := h.settle(t, "Shop")
	var crowd strings.Builder
	for i := range 51 {
		fmt.Fprintf(&crowd, "@u%d ", i)
	}
	for name, text := range map[string]any{"missing": nil, "empty": "", "blank": " \n ", "long": strings.Repeat("ü", 10001), "crowd": crowd.String(), "NUL": "a\x00b"} {
		body := fields{"text": text}
		if text == nil {
			body = fields{}
		}
		c := post("/v1/threats/"+w.threat+"/comments", body)
		c.token = h.admin
		h.refuse(t, badInput{name, c, http.StatusBadRequest, ""})
	}
	c := post("/v1/me/mentions/read", fields{"comment_ids": make([]string, 201)})
	c.token = h.admin
	h.refuse(t, badInput{"too many", c, http.StatusBadRequest, "comment_ids"})
}
