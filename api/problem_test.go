package api_test

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/api"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestEveryKindHasAStatus(t *testing.T) {
	t.Parallel()
	want := map[stride.Kind]int{
		stride.Invalid: 400, stride.Unauthenticated: 401, stride.Forbidden: 403, stride.NotFound: 404, stride.Conflict: 409,
		stride.Stale: 412, stride.TooLarge: 413, stride.UnsupportedMedia: 415, stride.Unprocessable: 422, stride.NoComponents: 422,
		stride.PreconditionRequired: 428, stride.Unavailable: 503,
	}
	require.ElementsMatch(t, stride.Kinds(), slices.Collect(maps.Keys(want)), "a new kind wants a status")
	require.Equal(t, want, api.Statuses())
	k, err := loadContract()
	require.NoError(t, err)
	types := k.doc.Components.Schemas["Problem"].Value.Properties["type"].Value.Enum
	for _, kind := range stride.Kinds() {
		require.Contains(t, types, "urn:threatdraft:problem:"+string(kind))
	}
}

// TestUnknownErrorsAreNotShown breaks the database under the server.
func TestUnknownErrorsAreNotShown(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	_, err := h.store.WriterDB().ExecContext(t.Context(), "drop table suggestion_targets")
	require.NoError(t, err)
	_, err = h.store.WriterDB().ExecContext(t.Context(), "drop table suggestions")
	require.NoError(t, err)
	h.ready.Store(new(errors.New("broken on purpose"))) // lets try take a 500
	a := h.do(t, http.StatusInternalServerError, call{method: "GET", path: "/v1/suggestions", token: h.viewer})
	p := a.problem(t)
	require.Equal(t, "urn:threatdraft:problem:internal", p.Type)
	require.Contains(t, p.Detail, "request id")
	require.NotContains(t, string(a.body), "suggestions", "nothing of the cause is shown")
}
