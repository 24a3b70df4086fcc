package api_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

// stream is an open event stream.
type stream struct {
	lines *bufio.Scanner
}

// event is one server-sent event.
type event struct {
	id   int
	kind string
	data fields
}

// follow opens the event stream of a draft over a real connection.
func (h *house) follow(t *testing.T, server *httptest.Server, draft, last string) stream {
	t.Helper()
	c := call{method: "GET", path: server.URL + "/v1/drafts/" + draft + "/events", token: h.viewer}
	if last != "" {
		c.header = map[string]string{"Last-Event-ID": last}
	}
	r, _, err := c.request(t.Context())
	require.NoError(t, err)
	response, err := server.Client().Do(r)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, response.Body.Close()) })
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "text/event-stream; charset=utf-8", response.Header.Get("Content-Type"))
	return stream{bufio.NewScanner(response.Body)}
}

// next reads one event; ok is false at the end of the stream.
func (s stream) next(t *testing.T) (e event, ok bool) {
	t.Helper()
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch name {
		case "id":
			n, err := strconv.Atoi(value)
			require.NoError(t, err)
			e.id = n
		case "event":
			e.kind = value
		case "data":
			require.NoError(t, json.Unmarshal([]byte(value), &e.data))
		case "":
			if e.id != 0 {
				return e, true
			}
		}
	}
	require.NoError(t, s.lines.Err())
	return e, false
}

func (s stream) rest(t *testing.T) []event {
	t.Helper()
	var out []event
	for {
		e, ok := s.next(t)
		if !ok {
			return out
		}
		out = append(out, e)
	}
}

func TestStreamDraftEvents(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, url string) {
		h := newHouse(t, url)
		server := httptest.NewServer(h.handler)
		t.Cleanup(server.Close)
		draft := h.post(t, http.StatusAccepted, h.author, "/v1/drafts", fields{"description": shop, "project_name": "Shop"}).text(t, "id")

		live := h.follow(t, server, draft, "")
		first, ok := live.next(t)
		require.True(t, ok)
		require.Equal(t, event{1, "state", fields{"state": "queued", "run": 1.0, "error": nil}}, first)
		h.work(t)
		events := append([]event{first}, live.rest(t)...)
		for i, e := range events {
			require.Equal(t, i+1, e.id, "no gap and no repetition")
		}
		require.Equal(t, "running", events[1].data["state"])
		require.Equal(t, "item", events[2].kind)
		require.Equal(t, "succeeded", events[len(events)-1].data["state"])

		resumed := h.follow(t, server, draft, "3").rest(t)
		require.Equal(t, events[3:], resumed)
		require.Empty(t, h.follow(t, server, draft, strconv.Itoa(len(events))).rest(t))
		require.Contains(t, string(h.get(t, h.viewer, "/v1/drafts/"+draft+"/events").body), "id: 1\nevent: state\n")
	})
}

func TestStreamEndsOnDrain(t *testing.T) {
	t.Parallel()
	h := newHouse(t, storetest.SQLite(t))
	server := httptest.NewServer(h.handler)
	t.Cleanup(server.Close)
	draft := h.post(t, http.StatusAccepted, h.author, "/v1/drafts", fields{"description": shop, "project_name": "Shop"}).text(t, "id")
	live := h.follow(t, server, draft, "")
	_, ok := live.next(t)
	require.True(t, ok)
	close(h.closing)
	require.Empty(t, live.rest(t), "the stream ends although the draft has not")
}
