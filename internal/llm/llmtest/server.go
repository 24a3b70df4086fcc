// Package llmtest is a server that speaks OpenAI's chat completions and
// misbehaves as its script says.
//
// It exists so that everything that asks models is tested against a real
// connection: streams at a given speed, and every way in which providers fail.
// A Script looks at a decoded request and may answer it; the first that does
// wins. Texts that are wrong (fenced, duplicated, invented) are texts like any
// other. It is for tests and benchmarks alone, and takes no *testing.T so that
// both can use it.
package llmtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// TB is the part of testing.TB that the server needs.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
}

const (
	// tokenBytes is what counts as one token.
	tokenBytes = 4
	maxBody    = 16 << 20
)

// Query is a request as the server understood it.
type Query struct {
	Number       int // from 0, in the order of arrival
	Model        string
	System, User string
	Format       string // the response_format's type, "" for none
	SchemaName   string
	Schema       json.RawMessage
	MaxTokens    int
	Stream       bool
	AsksUsage    bool
	Key          string // of Authorization or api-key
	PromptTokens int    // bytes of System and User / 4
	Header       http.Header
	Body         []byte
}

// Script answers a query, or gives nil and leaves it to the next one.
type Script func(q Query) *Reply

// Server is the running server; its URL ends in /v1.
type Server struct {
	URL string
	// FirstToken is how long the server thinks; TokensPerSecond how fast it
	// speaks, 0 for at once. Set them before the first request.
	FirstToken      time.Duration
	TokensPerSecond float64

	tb     TB
	script []Script

	mutex          sync.Mutex
	log            []Query
	active, widest int
	completion     int
}

// New starts a server that stops with the test. A query that no script answers
// is an error of the test.
func New(tb TB, script ...Script) *Server {
	tb.Helper()
	s := &Server{tb: tb, script: script}
	server := httptest.NewServer(s)
	s.URL = server.URL + "/v1"
	tb.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	return s
}

// Queries returns what was asked, in the order of arrival.
func (s *Server) Queries() []Query {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]Query(nil), s.log...)
}

// Widest is the most requests that were served at one time.
func (s *Server) Widest() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.widest
}

// Tokens sums the tokens of all prompts and of all answers that were begun.
func (s *Server) Tokens() (prompt, completion int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, q := range s.log {
		prompt += q.PromptTokens
	}
	return prompt, s.completion
}

// ServeHTTP is http.Handler's.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/chat/completions") {
		fail(w, Reply{Status: http.StatusNotFound, Message: "no such path"})
		return
	}
	q, err := decode(r)
	if err != nil {
		fail(w, Reply{Status: http.StatusBadRequest, Message: err.Error()})
		return
	}
	q = s.arrived(q)
	defer s.left()
	reply := s.answer(q)
	if !pause(r.Context(), pick(reply.FirstToken, s.FirstToken)) {
		return
	}
	switch {
	case reply.Status >= http.StatusBadRequest:
		fail(w, reply)
	case q.Stream && !reply.Unstreamed:
		s.stream(w, r, q, reply)
	default:
		s.whole(w, q, reply)
	}
}

func (s *Server) arrived(q Query) Query {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	q.Number = len(s.log)
	s.log = append(s.log, q)
	s.active++
	s.widest = max(s.widest, s.active)
	return q
}

func (s *Server) left() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.active--
}

func (s *Server) spoke(tokens int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.completion += tokens
}

func (s *Server) answer(q Query) Reply {
	for _, script := range s.script {
		if reply := script(q); reply != nil {
			return *reply
		}
	}
	s.tb.Errorf("llmtest: no script answers query %d", q.Number)
	return Reply{Status: http.StatusNotImplemented, Message: "no script answers this"}
}

// request is the part of the protocol that the server reads.
type request struct {
	Model    string `json:"model"`
	Messages []struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	} `json:"messages"`
	Stream              bool `json:"stream"`
	MaxTokens           int  `json:"max_tokens"`
	MaxCompletionTokens int  `json:"max_completion_tokens"`
	StreamOptions       struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	ResponseFormat struct {
		Type       string `json:"type"`
		JSONSchema struct {
			Name   string          `json:"name"`
			Schema json.RawMessage `json:"schema"`
		} `json:"json_schema"`
	} `json:"response_format"`
}

func decode(r *http.Request) (Query, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	if err != nil {
		return Query{}, fmt.Errorf("read request: %w", err)
	}
	var in request
	if err := json.Unmarshal(body, &in); err != nil {
		return Query{}, fmt.Errorf("decode request: %w", err)
	}
	q := Query{
		Model: in.Model, Format: in.ResponseFormat.Type,
		SchemaName: in.ResponseFormat.JSONSchema.Name, Schema: in.ResponseFormat.JSONSchema.Schema,
		MaxTokens: max(in.MaxTokens, in.MaxCompletionTokens), Stream: in.Stream, AsksUsage: in.StreamOptions.IncludeUsage,
		Key: strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), Header: r.Header.Clone(), Body: body,
	}
	if key := r.Header.Get("Api-Key"); key != "" {
		q.Key = key
	}
	for _, m := range in.Messages {
		if m.Role == "system" {
			q.System += m.Content
		} else {
			q.User += m.Content
		}
	}
	q.PromptTokens = tokens(len(q.System) + len(q.User))
	return q, nil
}

func tokens(n int) int { return (n + tokenBytes - 1) / tokenBytes }
