package api_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// TestNamesOfUsers asks who somebody is: fellows are told, strangers are not.
func TestNamesOfUsers(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		own, other := h.settle(t, "Own"), h.settle(t, "Other")
		maja, fellow, stranger := h.token(t, "maja", stride.RoleAuthor, own.project), h.token(t, "fay", stride.RoleViewer, own.project), h.token(t, "stan", stride.RoleAdmin, other.project)
		path := "/v1/users/" + h.get(t, maja, "/v1/me").text(t, "id")
		for _, token := range []string{maja, fellow, h.viewer} {
			require.Equal(t, "maja", h.get(t, token, path).text(t, "name"))
		}
		h.do(t, http.StatusNotFound, call{method: "GET", path: path, token: stranger})
		require.Equal(t, "ada", h.get(t, stranger, "/v1/users/"+own.user).text(t, "name"), "an admin of all may decide there")
	})
}
