package api_test

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/api"
	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/draft"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// shop is a design with something for most rules.
//
//go:embed testdata/shop.md
var shop string

// house is the whole server but its listener and its queue: the real use cases
// on a real database. Drafts are run where a test says so.
type house struct {
	handler  http.Handler
	contract *contract
	store    *store.Store
	access   *analysis.Access
	runner   *analysis.Runner
	// queued are the jobs of committed transactions.
	queued  chan analysis.DraftJob
	closing chan struct{}
	ready   atomic.Pointer[error]
	// ahead is how far the clock is ahead of its ticks, in seconds.
	ahead atomic.Int64
	// admin and the others are tokens of global roles.
	admin, reviewer, author, viewer string
}

// newHouse boots the API on the database. Ids count up; the clock ticks a
// millisecond per look, in a zone that is not UTC.
func newHouse(t *testing.T, databaseURL string) *house {
	t.Helper()
	return newHouseOver(t, storetest.Open(t, databaseURL), func(s *store.Store) database { return s })
}

// database is what the use cases need of storage.
type database interface {
	analysis.AccessStore
	analysis.ProjectStore
	analysis.SubmitStore
	analysis.ModelStore
	analysis.QuestionStore
	analysis.DraftStore
	analysis.RunStore
	analysis.ReviewStore
	analysis.ViewStore
	analysis.AuditStore
	analysis.CommentStore
	analysis.ThreatStore
	analysis.MitigationStore
	analysis.TestCaseStore
	analysis.MetricsStore
	analysis.ProviderStore
}

// newHouseOver is newHouse with something between the use cases and the store.
func newHouseOver(t *testing.T, opened *store.Store, between func(*store.Store) database) *house {
	t.Helper()
	return newHouseWith(t, opened, between, func(func() time.Time) drafting { return drafting{pipeline: draft.New()} })
}

// drafting is what a house drafts with; llm is nil where rules draft alone.
type drafting struct {
	pipeline *draft.Pipeline
	llm      analysis.LLM
}

// newHouseWith is newHouseOver with what to draft with, made from the house's clock.
func newHouseWith(t *testing.T, opened *store.Store, between func(*store.Store) database, with func(now func() time.Time) drafting) *house {
	t.Helper()
	k, err := loadContract()
	require.NoError(t, err)
	h := &house{
		contract: k, store: opened, queued: make(chan analysis.DraftJob, 1024), closing: make(chan struct{}),
	}
	var ticks, ids atomic.Int64
	start := time.Date(2025, 12, 31, 23, 59, 59, 0, time.FixedZone("far", 5*3600+45*60))
	kit := analysis.Kit{
		Now: func() time.Time {
			return start.Add(time.Duration(h.ahead.Load())*time.Second + time.Duration(ticks.Add(1))*time.Millisecond)
		},
		NewID: func() string { return fmt.Sprintf("01940000-0000-7000-8000-%012x", ids.Add(1)) },
	}
	db, drafting := between(h.store), with(kit.Now)
	log := slog.New(slog.DiscardHandler)
	h.access = &analysis.Access{Kit: kit, Store: db}
	h.runner = &analysis.Runner{
		Kit: kit, Store: db, Pipeline: drafting.pipeline, Log: log, Owner: "test", Lease: time.Hour, Beat: time.Hour,
	}
	h.handler = api.New(api.Deps{
		Access: h.access, Projects: &analysis.Projects{Kit: kit, Store: db},
		Submissions: &analysis.Submissions{Kit: kit, Store: watchedSubmissions{db, h.queued}, Hybrid: drafting.pipeline.Hybrid()},
		Models:      &analysis.Models{Kit: kit, Store: db}, Questions: &analysis.Questions{Kit: kit, Store: db},
		Drafts:    &analysis.Drafts{Kit: kit, Store: watchedDrafts{db, h.queued}, Hybrid: drafting.pipeline.Hybrid()},
		Providers: &analysis.Providers{Store: db, LLM: drafting.llm},
		Reviews:   &analysis.Reviews{Kit: kit, Store: db}, Views: &analysis.Views{Kit: kit, Store: db}, Audit: &analysis.Audit{Store: db}, Comments: &analysis.Comments{Kit: kit, Store: db},
		Threats:     &analysis.Threats{Kit: kit, Store: db, SLA: stride.DefaultSLA()},
		Mitigations: &analysis.Mitigations{Kit: kit, Store: db}, TestCases: &analysis.TestCases{Kit: kit, Store: db},
		Metrics: &analysis.Metrics{Kit: kit, Store: db},
		Ready: func(ctx context.Context) error {
			if err := h.ready.Load(); err != nil {
				return *err
			}
			return h.store.Ping(ctx)
		},
		Log: log, Registry: prometheus.NewRegistry(), Now: kit.Now, NewID: kit.NewID, Closing: h.closing,
	})
	h.admin, h.reviewer = h.token(t, "ada", stride.RoleAdmin, ""), h.token(t, "rita", stride.RoleReviewer, "")
	h.author, h.viewer = h.token(t, "otto", stride.RoleAuthor, ""), h.token(t, "vera", stride.RoleViewer, "")
	return h
}

// watchedSubmissions and watchedDrafts tell of jobs once they are committed, as
// a queue would.
type watchedSubmissions struct {
	analysis.SubmitStore
	queued chan<- analysis.DraftJob
}

func (w watchedSubmissions) InSubmitTx(ctx context.Context, fn func(analysis.SubmitTx) error) error {
	var jobs []analysis.DraftJob
	err := w.SubmitStore.InSubmitTx(ctx, func(tx analysis.SubmitTx) error {
		jobs = nil
		return fn(watchedSubmitTx{tx, &jobs})
	})
	return announce(w.queued, jobs, err)
}

type watchedSubmitTx struct {
	analysis.SubmitTx
	jobs *[]analysis.DraftJob
}

func (w watchedSubmitTx) EnqueueDraft(ctx context.Context, job analysis.DraftJob) (int64, error) {
	*w.jobs = append(*w.jobs, job)
	return w.SubmitTx.EnqueueDraft(ctx, job)
}

type watchedDrafts struct {
	analysis.DraftStore
	queued chan<- analysis.DraftJob
}

func (w watchedDrafts) InDraftTx(ctx context.Context, fn func(analysis.DraftTx) error) error {
	var jobs []analysis.DraftJob
	err := w.DraftStore.InDraftTx(ctx, func(tx analysis.DraftTx) error {
		jobs = nil
		return fn(watchedDraftTx{tx, &jobs})
	})
	return announce(w.queued, jobs, err)
}

type watchedDraftTx struct {
	analysis.DraftTx
	jobs *[]analysis.DraftJob
}

func (w watchedDraftTx) EnqueueDraft(ctx context.Context, job analysis.DraftJob) (int64, error) {
	*w.jobs = append(*w.jobs, job)
	return w.DraftTx.EnqueueDraft(ctx, job)
}

func announce(queued chan<- analysis.DraftJob, jobs []analysis.DraftJob, err error) error {
	if err != nil {
		return err
	}
	for _, job := range jobs {
		queued <- job
	}
	return nil
}

// token makes a user's token.
func (h *house) token(t *testing.T, user string, role stride.Role, project string) string {
	t.Helper()
	secret, err := h.access.CreateToken(t.Context(), analysis.NewToken{User: user, Role: role, Project: stride.ProjectID(project)})
	require.NoError(t, err)
	return secret
}

// work runs the drafts that are queued.
func (h *house) work(t *testing.T) {
	t.Helper()
	for {
		select {
		case job := <-h.queued:
			require.NoError(t, h.runner.Run(t.Context(), job))
		default:
			return
		}
	}
}

// call is a request. Body is sent as it is where it is a string, else as JSON.
type call struct {
	method, path string
	token        string
	header       map[string]string
	body         any
	// bad marks requests that break the contract on purpose: only the response
	// is held to it then.
	bad bool
}

// answer is a response.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (c call) request(ctx context.Context) (*http.Request, []byte, error) {
	var body []byte
	switch b := c.body.(type) {
	case nil:
	case string:
		body = []byte(b)
	default:
		var err error
		if body, err = json.Marshal(b); err != nil {
			return nil, nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, c.method, c.path, bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	if len(body) > 0 {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for k, v := range c.header {
		r.Header.Set(k, v)
	}
	return r, body, nil
}

// try serves the call and checks it against the contract. It may be used on any
// goroutine.
func (h *house) try(ctx context.Context, c call) (answer, error) {
	r, body, err := c.request(ctx)
	if err != nil {
		return answer{}, err
	}
	if !c.bad {
		if err := h.contract.checkRequest(r, body); err != nil {
			return answer{}, err
		}
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Result().Header, body: w.Body.Bytes()}
	if a.status >= 500 && h.ready.Load() == nil {
		return a, fmt.Errorf("%s %s: %d: %s", c.method, c.path, a.status, a.body)
	}
	return a, h.contract.checkResponse(r, a)
}

// do is try with a status that is expected.
func (h *house) do(t *testing.T, status int, c call) answer {
	t.Helper()
	a, err := h.try(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, status, a.status, "%s %s: %s", c.method, c.path, a.body)
	return a
}

func (h *house) get(t *testing.T, token, path string) answer {
	t.Helper()
	return h.do(t, http.StatusOK, call{method: "GET", path: path, token: token})
}

func (h *house) post(t *testing.T, status int, token, path string, body any) answer {
	t.Helper()
	return h.do(t, status, call{method: "POST", path: path, token: token, body: body})
}

// decode reads an answer.
func decode[T any](t *testing.T, a answer) T {
	t.Helper()
	var out T
	require.NoError(t, json.Unmarshal(a.body, &out), "%s", a.body)
	return out
}

// fields is a JSON object.
type fields = map[string]any

func (a answer) field(t *testing.T, name string) any {
	t.Helper()
	doc := decode[fields](t, a)
	require.Contains(t, doc, name)
	return doc[name]
}

func (a answer) text(t *testing.T, name string) string {
	t.Helper()
	text, ok := a.field(t, name).(string)
	require.True(t, ok, "%s of %s", name, a.body)
	return text
}

// items are the items of a list.
func (a answer) items(t *testing.T) []fields {
	t.Helper()
	return decode[struct {
		Items []fields `json:"items"`
	}](t, a).Items
}

// problem is an RFC 9457 document.
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	RequestID string         `json:"request_id"`
	Errors    []stride.Field `json:"errors"`
	Current   fields         `json:"current"`
}

func (a answer) problem(t *testing.T) problem {
	t.Helper()
	require.Equal(t, "application/problem+json", a.header.Get("Content-Type"))
	return decode[problem](t, a)
}

// checkProblem holds what no schema can say of a problem document.
func (a answer) checkProblem() error {
	var p problem
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		return fmt.Errorf("is %q, not a problem document", got)
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		return err
	}
	switch {
	case p.Status != a.status:
		return fmt.Errorf("says status %d", p.Status)
	case p.Title != http.StatusText(a.status):
		return fmt.Errorf("says title %q", p.Title)
	case p.RequestID != a.header.Get("X-Request-Id"):
		return fmt.Errorf("says request %q", p.RequestID)
	case p.Type == "" || p.Detail == "" || p.Errors == nil:
		return errors.New("is not complete")
	}
	return nil
}

// rows counts the rows of every table.
func (h *house) rows(t *testing.T) map[string]int {
	t.Helper()
	tables := "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
	if h.store.Dialect() == "postgres" {
		tables = "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
	}
	db := h.store.WriterDB()
	found, err := db.QueryContext(t.Context(), tables)
	require.NoError(t, err)
	var names []string
	for found.Next() {
		var name string
		require.NoError(t, found.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, found.Err())
	require.NoError(t, found.Close())
	require.Contains(t, names, "projects")
	var all []string
	for _, name := range names {
		all = append(all, `select '`+name+`', count(*) from "`+name+`"`)
	}
	found, err = db.QueryContext(t.Context(), strings.Join(all, " union all "))
	require.NoError(t, err)
	counts := make(map[string]int, len(names))
	for found.Next() {
		var name string
		var n int
		require.NoError(t, found.Scan(&name, &n))
		counts[name] = n
	}
	require.NoError(t, found.Err())
	require.NoError(t, found.Close())
	return counts
}

// world is one project with something of everything.
type world struct {
	project, model, draft, threat string
	// suggestions are pending, in the order of the queue.
	suggestions []string
	question    string
	// mitigation and testCase are the threat's.
	mitigation, testCase string
	// comment is an admin's on the threat.
	comment string
	// user has a role in all projects.
	user string
}

// settle drafts the shop in a new project of the name and adds a threat.
func (h *house) settle(t *testing.T, name string) world {
	t.Helper()
	d := h.post(t, http.StatusAccepted, h.admin, "/v1/drafts", fields{"description": shop, "project_name": name})
	h.work(t)
	w := world{project: d.text(t, "project_id"), model: d.text(t, "model_id"), draft: d.text(t, "id")}
	require.Equal(t, "succeeded", h.get(t, h.admin, "/v1/drafts/"+w.draft).text(t, "state"))
	for _, s := range h.get(t, h.admin, "/v1/suggestions?limit=200&draft="+w.draft).items(t) {
		w.suggestions = append(w.suggestions, s["id"].(string))
	}
	require.GreaterOrEqual(t, len(w.suggestions), 5)
	questions := h.get(t, h.admin, "/v1/models/"+w.model+"/questions").items(t)
	require.NotEmpty(t, questions)
	w.question = questions[0]["id"].(string)
	w.threat = h.post(t, http.StatusCreated, h.admin, "/v1/projects/"+w.project+"/threats", fields{
		"category": "repudiation", "title": "Refunds leave no trace", "likelihood": 2, "impact": 3,
	}).text(t, "id")
	w.mitigation = h.post(t, http.StatusCreated, h.admin, "/v1/threats/"+w.threat+"/mitigations", fields{"text": "Log refunds"}).text(t, "id")
	w.testCase = h.post(t, http.StatusCreated, h.admin, "/v1/threats/"+w.threat+"/test-cases", fields{
		"given": "a refund", "when": "it is denied", "then": "the log names who made it",
	}).text(t, "id")
	w.comment = h.post(t, http.StatusCreated, h.admin, "/v1/threats/"+w.threat+"/comments", fields{"text": "Who refunds?"}).text(t, "id")
	w.user = h.get(t, h.admin, "/v1/me").text(t, "id")
	return w
}
