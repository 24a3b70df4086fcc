//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long the tests wait for what should come within a second or
// two, on a busy machine.
const patience = 30 * time.Second

const adminToken = "an-admin-token-for-tests"

// built is the folder of the programs that the tests start.
var built = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "threatdraft-cmd-") })

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := built(); err == nil {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// The program as it is released, and the one that can be held at a point.
var (
	releaseProgram = sync.OnceValues(func() (string, error) { return build("threatdraft") })
	crashProgram   = sync.OnceValues(func() (string, error) { return build("threatdraft-crashtest", "-tags", "crashtest") })
)

func build(name string, flags ...string) (string, error) {
	dir, err := built()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	out, err := exec.Command("go", append(append([]string{"build", "-o", path}, flags...), ".")...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w: %s", err, out)
	}
	return path, nil
}

func requireProgram(t *testing.T, program func() (string, error)) string {
	t.Helper()
	path, err := program()
	require.NoError(t, err)
	return path
}

// lines collects what a program writes, for tests that wait for some of it.
type lines struct {
	mu   sync.Mutex
	all  []string
	rest []byte
	more chan struct{}
}

func newLines() *lines { return &lines{more: make(chan struct{})} }

// Write implements io.Writer.
func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, b...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			break
		}
		l.all, l.rest = append(l.all, string(line)), rest
	}
	close(l.more)
	l.more = make(chan struct{})
	return len(b), nil
}

func (l *lines) read() ([]string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all, l.more
}

func (l *lines) String() string {
	all, _ := l.read()
	return strings.Join(all, "\n")
}

// await returns the first line that has the text. ended stops the waiting.
func (l *lines) await(t *testing.T, text string, ended <-chan struct{}) string {
	t.Helper()
	late := time.After(patience)
	for {
		all, more := l.read()
		for _, line := range all {
			if strings.Contains(line, text) {
				return line
			}
		}
		select {
		case <-more:
			continue
		case <-ended:
			ended = nil // read once more what it wrote last
			continue
		case <-late:
		}
		require.FailNow(t, "the program did not write "+text, l.String())
	}
}

// process is a running program.
type process struct {
	client

	cmd            *exec.Cmd
	stdin          io.WriteCloser
	stdout, stderr *lines
	ended          chan struct{} // closed when it has
}

// spawn starts a program that serves databaseURL; it may not be ready yet.
func spawn(t *testing.T, path, databaseURL string, env ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(path, "serve"), stdout: newLines(), stderr: newLines(), ended: make(chan struct{})}
	p.cmd.Dir = t.TempDir()
	p.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + p.cmd.Dir, "THREATDRAFT_ADDR=127.0.0.1:0", "THREATDRAFT_DATABASE_URL=" + databaseURL,
		"THREATDRAFT_LOG_FORMAT=json", "THREATDRAFT_ADMIN_TOKEN=" + adminToken,
	}, env...)
	p.cmd.Stdout, p.cmd.Stderr = p.stdout, p.stderr
	var err error
	p.stdin, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // the state is read where it matters
		close(p.ended)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("stderr of process %d:\n%s", p.cmd.Process.Pid, p.stderr)
		}
	})
	return p
}

// start starts a program and waits until it serves.
func start(t *testing.T, path, databaseURL string, env ...string) *process {
	t.Helper()
	p := spawn(t, path, databaseURL, env...)
	p.awaitReady(t)
	return p
}

func (p *process) awaitReady(t *testing.T) {
	t.Helper()
	var ready struct{ Addr string }
	require.NoError(t, json.Unmarshal([]byte(p.stderr.await(t, `"msg":"ready"`, p.ended)), &ready))
	p.client = client{base: "http://" + ready.Addr, token: adminToken}
}

// kill is kill -9, and waits for the end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.ended
}

// terminate is what a supervisor sends.
func (p *process) terminate(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
}

// awaitExit returns the exit code.
func (p *process) awaitExit(t *testing.T) int {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		require.FailNow(t, "the program goes on", p.stderr.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

// letGo ends the holding of a run at its point.
func (p *process) letGo(t *testing.T) {
	t.Helper()
	_, err := io.WriteString(p.stdin, "go\n")
	require.NoError(t, err)
}

// client calls the API.
type client struct{ base, token string }

// answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (c client) do(method, path string, body io.Reader, headers ...string) (out answer, err error) {
	req, err := http.NewRequest(method, c.base+path, body)
	if err != nil {
		return out, err
	}
	req.Header.Set("Authorization", "Bearer "+c.token)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := (&http.Client{Timeout: patience}).Do(req)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	content, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, content}, err
}

// call fails the test unless the status is as wanted; it decodes into a new T.
func call[T any](t *testing.T, c client, status int, method, path, body string, headers ...string) (T, http.Header) {
	t.Helper()
	got, err := c.do(method, path, strings.NewReader(body), headers...)
	require.NoError(t, err)
	require.Equal(t, status, got.status, "%s %s: %s", method, path, got.body)
	var out T
	require.NoError(t, json.Unmarshal(got.body, &out), "%s", got.body)
	return out, got.header
}

func get[T any](t *testing.T, c client, path string) T {
	t.Helper()
	out, _ := call[T](t, c, http.StatusOK, http.MethodGet, path, "")
	return out
}

// draftOut is what the tests read of a draft.
type draftOut struct {
	ID      string    `json:"id"`
	State   string    `json:"state"`
	ModelID string    `json:"model_id"`
	Run     int       `json:"run"`
	EndedAt time.Time `json:"ended_at"`
	Outcome *struct {
		Suggestions int `json:"suggestions"`
	} `json:"outcome"`
}

type listOut struct {
	Items      []map[string]any `json:"items"`
	NextCursor *string          `json:"next_cursor"`
}

// submit posts the design and returns the queued draft.
func (c client) submit(t *testing.T) draftOut {
	t.Helper()
	d, _ := call[draftOut](t, c, http.StatusAccepted, http.MethodPost, "/v1/drafts", parcelLockers(t), "Content-Type", "text/markdown")
	return d
}

// awaitEnd polls until the draft has ended, at most for as long as the issue
// gives it.
func (c client) awaitEnd(t *testing.T, id string) draftOut {
	t.Helper()
	var d draftOut
	require.Eventually(t, func() bool {
		got, err := c.do(http.MethodGet, "/v1/drafts/"+id, nil)
		if err != nil || got.status != http.StatusOK || json.Unmarshal(got.body, &d) != nil {
			return false
		}
		return d.State != "queued" && d.State != "running"
	}, patience, 50*time.Millisecond, "the draft does not end")
	return d
}

// event is one of a draft's event stream.
type event struct {
	Type string
	Data map[string]any
}

// events reads the stream to its end.
func (c client) events(t *testing.T, id string) []event {
	t.Helper()
	got, err := c.do(http.MethodGet, "/v1/drafts/"+id+"/events", nil)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, got.status)
	var out []event
	var e event
	for scan := bufio.NewScanner(bytes.NewReader(got.body)); scan.Scan(); {
		field, value, _ := strings.Cut(scan.Text(), ": ")
		switch field {
		case "event":
			e.Type = value
		case "data":
			e.Data = nil
			require.NoError(t, json.Unmarshal([]byte(value), &e.Data))
			out = append(out, e)
		}
	}
	return out
}
