package llm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Result is the outcome of one part of a check.
type Result string

const (
	OK      Result = "ok"
	Failed  Result = "failed"
	Skipped Result = "skipped" // what comes before it failed, or there is nothing to check
)

// Finding is one part of a check, in words that a user can act on.
type Finding struct {
	Provider, Model string
	Check           string // reachability, auth, model, json_schema, streaming, latency
	Result          Result
	Message         string
}

const (
	checkReach     = "reachability"
	checkAuth      = "auth"
	checkModel     = "model"
	checkSchema    = "json_schema"
	checkStreaming = "streaming"
	checkLatency   = "latency"
)

// checks is their order: each needs those before it.
var checks = []string{checkReach, checkAuth, checkModel, checkSchema, checkStreaming, checkLatency}

// checkTokens leaves a model that reasons before it answers room to do so.
const checkTokens = 2_000

// Check makes one tiny call to each provider, without retries, fallback or
// ledger, and says what works.
func (c *Client) Check(ctx context.Context) []Finding {
	findings := make([]Finding, 0, len(checks)*len(c.links))
	for _, l := range c.links {
		findings = append(findings, c.check(ctx, l)...)
	}
	return findings
}

func checkRequest() Request {
	return Request{
		Task:   "check",
		System: "You take part in a connection test.",
		User:   `Answer with the JSON object {"status": "ready", "words": ["one", "two", "three"]}.`,
		Schema: Schema{Name: "check", JSON: json.RawMessage(`{"type":"object","additionalProperties":false,"required":["status","words"],` +
			`"properties":{"status":{"type":"string","enum":["ready"]},"words":{"type":"array","items":{"type":"string"}}}}`)},
		MaxTokens: checkTokens,
	}
}

// pieces counts what a check hears.
type pieces struct{ count int }

func (p *pieces) Begin(Description) {}
func (p *pieces) Text(string) error { p.count++; return nil }

func (c *Client) check(ctx context.Context, l *link) []Finding {
	d := l.provider.Describe()
	if _, recorded := l.provider.(replay); recorded {
		return listed(d, nil, d.Provider+" has no service to check")
	}
	heard := &pieces{}
	q := &question{client: c, request: checkRequest(), sink: heard}
	answer, err := q.call(ctx, l, "")
	d = l.provider.Describe() // the mode may have changed
	results := map[string]Finding{}
	if err != nil {
		failed, words := blame(err), err.Error()
		for _, name := range checks {
			if name == failed {
				results[name] = Finding{Result: Failed, Message: words}
				break
			}
			results[name] = Finding{Result: OK, Message: passed(name, d)}
		}
	} else {
		l.wake()
		for _, name := range []string{checkReach, checkAuth, checkModel} {
			results[name] = Finding{Result: OK, Message: passed(name, d)}
		}
		results[checkSchema] = schemaFinding(d, answer.Text)
		results[checkStreaming] = streamFinding(heard.count)
		results[checkLatency] = latencyFinding(answer)
	}
	return listed(d, results, "not looked at, because of the failure above")
}

// listed puts the findings in order; what nobody looked at is skipped for the
// reason.
func listed(d Description, results map[string]Finding, reason string) []Finding {
	all := make([]Finding, 0, len(checks))
	for _, name := range checks {
		f, ok := results[name]
		if !ok {
			f = Finding{Result: Skipped, Message: reason}
		}
		f.Check, f.Provider, f.Model = name, d.Provider, d.Model
		all = append(all, f)
	}
	return all
}

// blame is the check that a failure fails.
func blame(err error) string {
	var f *Failure
	if !errors.As(err, &f) {
		return checkReach
	}
	switch f.Kind {
	case Auth:
		switch f.Status {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusPaymentRequired, http.StatusTooManyRequests:
			return checkAuth
		case http.StatusNotFound:
			return checkModel
		}
		return checkReach
	case RateLimited:
		return checkModel
	case Truncated, Refused, Malformed, ContextTooLong:
		return checkSchema
	default:
		return checkReach
	}
}

func passed(name string, d Description) string {
	switch name {
	case checkReach:
		return d.Provider + " answers at " + d.Address
	case checkAuth:
		return "the key is accepted, or none is needed"
	default:
		return fmt.Sprintf("%s is there", d.Model)
	}
}

func schemaFinding(d Description, text string) Finding {
	var got struct {
		Status string `json:"status"`
	}
	valid := json.Unmarshal([]byte(text), &got) == nil && got.Status == "ready"
	switch {
	case d.Mode == ModeSchema && valid:
		return Finding{Result: OK, Message: "answers are held to the schema"}
	case d.Mode == ModeSchema:
		return Finding{Result: Failed, Message: "the server takes a schema, but the answer does not match it; drafts will need repair calls"}
	case valid:
		return Finding{Result: Failed, Message: fmt.Sprintf("the server does not hold answers to a schema; %s is used and this answer matched", d.Mode)}
	default:
		return Finding{Result: Failed, Message: fmt.Sprintf(
			"the server does not hold answers to a schema and with %s the answer does not match it; choose a stronger model", d.Mode)}
	}
}

func streamFinding(pieces int) Finding {
	if pieces > 1 {
		return Finding{Result: OK, Message: fmt.Sprintf("the answer came in %d pieces", pieces)}
	}
	return Finding{Result: Failed, Message: "the answer came in one piece; drafts work, but nothing is shown before a call ends"}
}

func latencyFinding(a Answer) Finding {
	words := []string{"first token after " + a.FirstToken.Round(time.Millisecond).String(), "last after " + a.Total.Round(time.Millisecond).String()}
	if rest := a.Total - a.FirstToken; rest > 0 && a.Usage.Completion > 1 {
		words = append(words, fmt.Sprintf("%.0f tokens/s", float64(a.Usage.Completion-1)/rest.Seconds()))
	}
	return Finding{Result: OK, Message: strings.Join(words, ", ")}
}
