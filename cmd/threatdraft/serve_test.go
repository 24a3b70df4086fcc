//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

// mainJob is the whole way from a design to the metrics, as a person takes it.
func mainJob(t *testing.T, c client) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"description": parcelLockers(t), "project_name": "Parcel lockers"})
	require.NoError(t, err)
	d, headers := call[struct {
		draftOut

		ProjectID string `json:"project_id"`
	}](t, c, http.StatusOK, http.MethodPost, "/v1/drafts", string(body), "Content-Type", "application/json", "Prefer", "wait=30")
	require.Equal(t, "succeeded", d.State)
	require.Equal(t, "/v1/drafts/"+d.ID, headers.Get("Location"))

	pending := get[struct{ Items []suggestionOut }](t, c, "/v1/suggestions?state=pending&limit=200&draft="+d.ID).Items
	require.Len(t, pending, d.Outcome.Suggestions)
	requireQuotes(t, pending)

	path := "/v1/suggestions/" + pending[0].ID
	seen, headers := call[suggestionOut](t, c, http.StatusOK, http.MethodGet, path, "")
	accepted, _ := call[map[string]any](t, c, http.StatusOK, http.MethodPost, path+"/decision", `{"decision":"accept"}`,
		"Content-Type", "application/json", "If-Match", headers.Get("ETag"))
	require.Equal(t, "accepted", accepted["state"])
	_, _ = call[map[string]any](t, c, http.StatusConflict, http.MethodPost, path+"/decision", `{"decision":"accept"}`,
		"Content-Type", "application/json", "If-Match", headers.Get("ETag"))

	threats := get[listOut](t, c, "/v1/threats?project="+d.ProjectID)
	require.Len(t, threats.Items, 1)
	require.Equal(t, seen.Title, threats.Items[0]["title"])
	requireMetrics(t, c, d.ProjectID)
}

// suggestionOut is what the tests read of a suggestion.
type suggestionOut struct {
	ID       string `json:"id"`
	Title    string `json:"title"`
	Evidence []struct {
		Kind  string `json:"kind"`
		Start int    `json:"start"`
		End   int    `json:"end"`
		Quote string `json:"quote"`
	} `json:"evidence"`
}

// requireQuotes fails unless some quotes are made and each stands in the design.
func requireQuotes(t *testing.T, suggestions []suggestionOut) {
	t.Helper()
	quotes := 0
	for _, s := range suggestions {
		for _, e := range s.Evidence {
			if e.Kind == "quoted" {
				quotes++
				require.Equal(t, e.Quote, parcelLockers(t)[e.Start:e.End])
			}
		}
	}
	require.NotZero(t, quotes)
}

// requireMetrics triages the project, with which it begins to count.
func requireMetrics(t *testing.T, c client, project string) {
	t.Helper()
	type report struct {
		EligibleProjects  int `json:"eligible_projects"`
		UntriagedProjects int `json:"untriaged_projects"`
		ThreatsPerProject struct {
			Total int `json:"total"`
		} `json:"threats_per_project"`
	}
	require.Equal(t, report{UntriagedProjects: 1}, get[report](t, c, "/v1/metrics"))
	_, headers := call[map[string]any](t, c, http.StatusOK, http.MethodGet, "/v1/projects/"+project, "")
	call[map[string]any](t, c, http.StatusOK, http.MethodPatch, "/v1/projects/"+project, `{"in_scope":"true"}`,
		"Content-Type", "application/json", "If-Match", headers.Get("ETag"))
	got := get[report](t, c, "/v1/metrics")
	require.Equal(t, 1, got.EligibleProjects)
	require.Zero(t, got.UntriagedProjects)
	require.Equal(t, 1, got.ThreatsPerProject.Total)
}

// TestServe runs the command in the test's own process, where the race detector
// sees it.
func TestServe(t *testing.T) {
	t.Parallel()
	storetest.EachEmpty(t, func(t *testing.T, database string) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		stderr, code := newLines(), make(chan int, 1)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			code <- run(ctx, []string{"serve", "--addr", "127.0.0.1:0", "--database-url", database}, program{
				environ: []string{"THREATDRAFT_LOG_FORMAT=json", "THREATDRAFT_ADMIN_TOKEN=" + adminToken},
				stdin:   strings.NewReader(""), stdout: io.Discard, stderr: stderr, now: time.Now, newID: newID,
			})
		}()
		var ready struct{ Addr, Database string }
		require.NoError(t, json.Unmarshal([]byte(stderr.await(t, `"msg":"ready"`, ended)), &ready))
		require.True(t, strings.HasPrefix(t.Name(), "TestServe/"+ready.Database))
		c := client{base: "http://" + ready.Addr, token: adminToken}
		mainJob(t, c)
		metrics, err := c.do(http.MethodGet, "/metrics", nil)
		require.NoError(t, err)
		require.Contains(t, string(metrics.body), "go_goroutines")
		require.Contains(t, string(metrics.body), "process_start_time_seconds")
		require.Equal(t, 1, strings.Count(stderr.String(), `"msg":"ready"`))
		require.NotContains(t, stderr.String(), adminToken)
		stop()
		require.Equal(t, exitOK, <-code)
	})
}

// TestProgram takes the released program through a first day: no settings, a
// token from stderr, the main job, a colleague's token, the end.
func TestProgram(t *testing.T) {
	t.Parallel()
	path := requireProgram(t, releaseProgram)
	database := storetest.EmptySQLite(t)
	p := start(t, path, database, "THREATDRAFT_ADMIN_TOKEN=")
	token := regexp.MustCompile(`(?m)^ *(td_[A-Za-z0-9_-]{43})$`).FindStringSubmatch(p.stderr.String())
	require.NotNil(t, token, "no token on stderr: %s", p.stderr)
	p.token = token[1]
	mainJob(t, p.client)

	cli := func(args ...string) (string, string) {
		cmd := exec.Command(path, args...)
		cmd.Env = []string{"THREATDRAFT_DATABASE_URL=" + database}
		var stdout, stderr strings.Builder
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		require.NoError(t, cmd.Run(), "%s", &stderr)
		return stdout.String(), stderr.String()
	}
	status, _ := cli("migrate", "status")
	require.NotRegexp(t, `(?m)^pending`, status)
	require.Contains(t, status, "river")
	about, secret := cli("token", "create", "--user", "reader", "--role", "viewer", "--expires", "90d")
	require.Contains(t, about, "token of reader: viewer of all projects, holds until 2")
	reader := client{base: p.base, token: strings.TrimSpace(secret)}
	require.Len(t, get[listOut](t, reader, "/v1/threats").Items, 1)
	call[map[string]any](t, reader, http.StatusForbidden, http.MethodPost, "/v1/projects", `{"name":"x"}`, "Content-Type", "application/json")

	p.terminate(t)
	require.Equal(t, exitOK, p.awaitExit(t))
	require.Contains(t, p.stderr.String(), "drained")

	again := start(t, path, database, "THREATDRAFT_ADMIN_TOKEN=")
	require.NotContains(t, again.stderr.String(), "td_", "there is a token already")
	again.token = p.token
	require.Len(t, get[listOut](t, again.client, "/v1/threats").Items, 1)
}

func TestProgramDrafts(t *testing.T) {
	t.Parallel()
	path := requireProgram(t, releaseProgram)
	file, err := filepath.Abs(filepath.Join("testdata", "parcel-lockers.md"))
	require.NoError(t, err)
	cmd := exec.Command(path, "draft", "--format", "json", file)
	cmd.Dir = t.TempDir()
	fromFile, err := cmd.Output()
	require.NoError(t, err)
	cmd = exec.Command(path, "draft", "--format=json", "-")
	cmd.Dir, cmd.Stdin = t.TempDir(), strings.NewReader(parcelLockers(t))
	fromStdin, err := cmd.Output()
	require.NoError(t, err)
	require.Equal(t, string(fromFile), string(fromStdin), "the same description gives the same bytes")
	left, err := os.ReadDir(cmd.Dir)
	require.NoError(t, err)
	require.Empty(t, left, "a draft leaves nothing behind")
}

// TestEventStreamEndsAtDrain: a reader of a stream must not hold up the end.
func TestEventStreamEndsAtDrain(t *testing.T) {
	t.Parallel()
	p, d := hold(t, storetest.EmptySQLite(t), "item:1")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.base+"/v1/drafts/"+d.ID+"/events", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Bearer "+adminToken)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer func() { require.NoError(t, resp.Body.Close()) }()
	stream := bufio.NewReader(resp.Body)
	first, err := stream.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "id: 1\n", first)
	p.terminate(t)
	_, err = io.Copy(io.Discard, stream)
	require.NoError(t, err, "the stream is to end, not to break")
	p.letGo(t)
	require.Equal(t, exitOK, p.awaitExit(t))
}

func TestServeRefusesToStart(t *testing.T) {
	t.Parallel()
	taken, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, taken.Close()) })
	cases := map[string]struct {
		args, environ []string
		database      string
		code          int
		want          string
	}{
		"schema is missing and may not be made": {
			args: []string{"--no-migrate"}, database: storetest.EmptySQLite(t), code: exitFailure,
			want: "threatdraft serve: the schema lacks ",
		},
		"address is taken": {
			args: []string{"--addr", taken.Addr().String()}, database: storetest.SQLite(t), code: exitFailure,
			want: "threatdraft serve: listen: listen tcp " + taken.Addr().String() + ": bind: address already in use",
		},
		"no such database": {
			database: "postgres://nobody@127.0.0.1:1/none?sslmode=disable", code: exitFailure,
			want: "threatdraft serve: the database does not answer: ",
		},
		"wrong setting": {
			environ: []string{"THREATDRAFT_WORKERS=none"}, database: storetest.EmptySQLite(t), code: exitUsage,
			want: "threatdraft serve: THREATDRAFT_WORKERS must be a number from 1 to 64",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stderr := newLines()
			args := append([]string{"serve", "--addr", "127.0.0.1:0", "--database-url", tc.database}, tc.args...)
			code := run(t.Context(), args, program{
				environ: append([]string{"THREATDRAFT_ADMIN_TOKEN=" + adminToken}, tc.environ...),
				stdin:   strings.NewReader(""), stdout: io.Discard, stderr: stderr, now: time.Now, newID: newID,
			})
			require.Equal(t, tc.code, code, stderr.String())
			all, _ := stderr.read()
			require.Len(t, all, 1, "a failure is one line")
			require.True(t, strings.HasPrefix(all[0], tc.want), all[0])
		})
	}
}
