package api_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft"
	"github.com/threatdraft/threatdraft/api"
)

// TestMain fails the whole run where an operation of the contract was never seen
// to succeed, or never to fail. It says nothing where only some tests are run.
func TestMain(m *testing.M) {
	flag.Parse()
	registerFormats()
	code := m.Run()
	if code == 0 && wholeRun() {
		code = reportUnseen()
	}
	os.Exit(code)
}

func wholeRun() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return true
}

// registerFormats makes the validator as strict as the contract: ids are UUIDs,
// times are in UTC, and text stays text.
func registerFormats() {
	openapi3.DefineStringFormatValidator("uuid", openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC9562))
	openapi3.DefineStringFormatValidator("date-time",
		openapi3.NewRegexpFormatValidator(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$`))
	text := func(body io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		b, err := io.ReadAll(body)
		return string(b), err
	}
	for _, media := range []string{
		"text/markdown", "text/x-markdown", "text/vnd.mermaid", "text/csv", "text/event-stream", "application/yaml",
	} {
		openapi3filter.RegisterBodyDecoder(media, text)
	}
}

// contract is openapi.yaml, ready to check requests and responses.
type contract struct {
	doc    *openapi3.T
	router routers.Router
}

var loadContract = sync.OnceValues(func() (*contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(threatdraft.OpenAPI)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	if err := doc.Validate(context.Background()); err != nil {
		return nil, fmt.Errorf("validate: %w", err)
	}
	sealed := make(map[*openapi3.Schema]bool)
	for _, s := range doc.Components.Schemas {
		seal(s, sealed)
	}
	router, err := gorillamux.NewRouter(doc)
	return &contract{doc: doc, router: router}, err
})

// seal makes fields that the contract does not name an error. The contract
// itself leaves answers open, so that clients live with new fields.
func seal(ref *openapi3.SchemaRef, done map[*openapi3.Schema]bool) {
	if ref == nil || ref.Value == nil || done[ref.Value] {
		return
	}
	s := ref.Value
	done[s] = true
	if len(s.Properties) > 0 && s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil {
		s.AdditionalProperties.Has = new(false)
	}
	for _, p := range s.Properties {
		seal(p, done)
	}
	seal(s.Items, done)
	seal(s.AdditionalProperties.Schema, done)
	for _, of := range []openapi3.SchemaRefs{s.AllOf, s.AnyOf, s.OneOf} {
		for _, p := range of {
			seal(p, done)
		}
	}
}

// checkRequest returns an error where the request breaks the contract, nil where
// the contract has no such route.
func (k *contract) checkRequest(r *http.Request, body []byte) error {
	in, err := k.input(r, body)
	if err != nil || in == nil {
		return err
	}
	if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
		return fmt.Errorf("request %s %s breaks the contract: %w", r.Method, r.URL, err)
	}
	return nil
}

// checkResponse returns an error where the response breaks the contract, and
// records that the operation was seen.
func (k *contract) checkResponse(r *http.Request, a answer) error {
	if id := a.header.Get("X-Request-Id"); id == "" {
		return fmt.Errorf("response of %s %s has no X-Request-Id", r.Method, r.URL)
	}
	if a.status >= 400 {
		if err := a.checkProblem(); err != nil {
			return fmt.Errorf("response %d of %s %s: %w: %s", a.status, r.Method, r.URL, err, a.body)
		}
	}
	in, err := k.input(r, nil)
	if err != nil || in == nil {
		return err
	}
	err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)), Options: in.Options,
	})
	if err != nil {
		return fmt.Errorf("response %d of %s %s breaks the contract: %w", a.status, r.Method, r.URL, err)
	}
	seen.record(in.Route.Operation.OperationID, a.status < 400)
	return nil
}

func (k *contract) input(r *http.Request, body []byte) (*openapi3filter.RequestValidationInput, error) {
	clone := r.Clone(r.Context())
	clone.Body = io.NopCloser(bytes.NewReader(body))
	route, params, err := k.router.FindRoute(clone)
	if err != nil {
		return nil, nil //nolint:nilerr,nilnil // no such route in the contract; the answer is a 404 or 405
	}
	return &openapi3filter.RequestValidationInput{
		Request: clone, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, SkipSettingDefaults: true,
			RejectWhenRequestBodyNotSpecified: true,
		},
	}, nil
}

// sightings are the operations that tests saw succeed and fail.
type sightings struct {
	mu   sync.Mutex
	ok   map[string]bool
	fail map[string]bool
}

var seen = sightings{ok: map[string]bool{}, fail: map[string]bool{}}

func (s *sightings) record(operation string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ok {
		s.ok[operation] = true
	} else {
		s.fail[operation] = true
	}
}

func reportUnseen() int {
	k, err := loadContract()
	if err != nil {
		fmt.Fprintln(os.Stderr, "contract:", err)
		return 1
	}
	code := 0
	for id, op := range operations(k.doc) {
		if !seen.ok[id] {
			fmt.Fprintf(os.Stderr, "no test saw %s succeed\n", id)
			code = 1
		}
		if !seen.fail[id] && declaresFailure(op) {
			fmt.Fprintf(os.Stderr, "no test saw %s fail\n", id)
			code = 1
		}
	}
	return code
}

// declaresFailure reports whether an answer of 4xx or 503 is declared; the
// operations without are those that cannot fail.
func declaresFailure(op *openapi3.Operation) bool {
	for status := range op.Responses.Map() {
		if strings.HasPrefix(status, "4") || status == "503" {
			return true
		}
	}
	return false
}

func operations(doc *openapi3.T) map[string]*openapi3.Operation {
	out := make(map[string]*openapi3.Operation)
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			out[op.OperationID] = op
		}
	}
	return out
}

func TestContractAndRoutesAgree(t *testing.T) {
	t.Parallel()
	k, err := loadContract()
	require.NoError(t, err)
	var routed, described []string
	param := regexp.MustCompile(`:([a-z_]+)`)
	for _, r := range api.Routes() {
		routed = append(routed, r.Method+" "+param.ReplaceAllString(r.Path, "{$1}"))
	}
	for path, item := range k.doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	slices.Sort(routed)
	slices.Sort(described)
	require.Equal(t, routed, described)
}

func TestContractDescribesEveryOperation(t *testing.T) {
	t.Parallel()
	k, err := loadContract()
	require.NoError(t, err)
	public := make(map[string]bool)
	for _, r := range api.Routes() {
		public[r.Method+" "+r.Path] = r.Least == ""
	}
	ids := make(map[string]bool)
	for path, item := range k.doc.Paths.Map() {
		for method, op := range item.Operations() {
			name := method + " " + path
			require.NotEmpty(t, op.OperationID, name)
			require.False(t, ids[op.OperationID], "%s stands twice", op.OperationID)
			ids[op.OperationID] = true
			require.NotEmpty(t, op.Summary, name)
			require.NotEmpty(t, op.Description, name)
			require.Len(t, op.Tags, 1, name)
			if public[strings.ReplaceAll(name, "{id}", ":id")] {
				require.NotNil(t, op.Security, name)
				require.Empty(t, *op.Security, name)
				continue
			}
			require.Nil(t, op.Security, "%s must inherit the bearer token", name)
			for _, status := range []int{401, 403, 500} {
				require.NotNil(t, op.Responses.Status(status), "%s lacks %d", name, status)
			}
			requireClosedBody(t, name, op)
			requireProblems(t, name, op)
		}
	}
}

// requireClosedBody holds that unknown fields of a JSON request are refused.
func requireClosedBody(t *testing.T, name string, op *openapi3.Operation) {
	t.Helper()
	if op.RequestBody == nil {
		return
	}
	if media := op.RequestBody.Value.Content["application/json"]; media != nil {
		has := media.Schema.Value.AdditionalProperties.Has
		require.NotNil(t, has, name)
		require.False(t, *has, name)
	}
}

// requireProblems holds that every error is a problem document.
func requireProblems(t *testing.T, name string, op *openapi3.Operation) {
	t.Helper()
	for status, response := range op.Responses.Map() {
		if status >= "400" {
			media := response.Value.Content["application/problem+json"]
			require.NotNil(t, media, "%s %s", name, status)
			require.Equal(t, "#/components/schemas/Problem", media.Schema.Ref)
		}
	}
}

func TestContractCheckerRefuses(t *testing.T) {
	t.Parallel()
	k, err := loadContract()
	require.NoError(t, err)
	json, id := http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {"r"}}, "00000000-0000-7000-8000-000000000001"
	for name, tt := range map[string]struct {
		path   string
		answer answer
	}{
		"an unknown field":  {"/healthz", answer{200, json, []byte(`{"status":"ok","more":1}`)}},
		"a missing field":   {"/v1/me", answer{200, json, []byte(`{"id":"` + id + `","name":"a"}`)}},
		"an unknown status": {"/healthz", answer{204, json, nil}},
		"an id of ours":     {"/v1/me", answer{200, json, []byte(`{"id":"1","name":"a","grants":[]}`)}},
		"no problem":        {"/v1/me", answer{401, json, []byte(`{"error":"no"}`)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, tt.path, http.NoBody)
			require.NoError(t, err)
			require.Error(t, k.checkResponse(r, tt.answer))
		})
	}
}
