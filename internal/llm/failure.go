package llm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// FailureKind says what went wrong with a call, in words that are stored and
// shown.
type FailureKind = stride.LLMFailure

const (
	// Auth is a provider that refuses what is configured: the key, the account
	// or its credit, the model's name (404), the address. Only a person mends it.
	Auth           FailureKind = "auth"
	RateLimited    FailureKind = "rate_limited"
	Overloaded     FailureKind = "overloaded"
	Timeout        FailureKind = "timeout"
	ContextTooLong FailureKind = "context_too_long" // a shorter question may pass
	Truncated      FailureKind = "truncated"        // a smaller question may pass
	Refused        FailureKind = "refused"
	// Malformed is an answer that is none (retryable), or a request that the
	// server calls invalid (not).
	Malformed      FailureKind = "malformed"
	BudgetExceeded FailureKind = "budget_exceeded"
	Canceled       FailureKind = "canceled"
	Unreachable    FailureKind = "unreachable"
)

// FailureKinds returns every kind.
func FailureKinds() []FailureKind {
	return []FailureKind{
		Auth, RateLimited, Overloaded, Timeout, ContextTooLong, Truncated, Refused, Malformed,
		BudgetExceeded, Canceled, Unreachable,
	}
}

// Failure is why a call gave no answer. Message is for users: it holds no key
// and no prompt text, and so does the rest of the chain but for what a Sink or a
// Ledger returned.
type Failure struct {
	Kind    FailureKind
	Message string
	// RetryAfter is what the server asked for, 0 for nothing.
	RetryAfter time.Duration
	// Status is the HTTP status, 0 where there was no such answer.
	Status int
	Err    error

	final bool // another attempt at the same provider is pointless
}

func (f *Failure) Error() string { return f.Message }
func (f *Failure) Unwrap() error { return f.Err }

// Retryable says whether the same question to the same provider may succeed.
func (f *Failure) Retryable() bool {
	if f.final {
		return false
	}
	switch f.Kind {
	case RateLimited, Overloaded, Timeout, Unreachable:
		return true
	case Malformed:
		return f.Status == 0
	default:
		return false
	}
}

// FallsBack says whether another provider may answer where this one failed.
// What is too long or cut off is the caller's to split first.
func (f *Failure) FallsBack() bool {
	switch f.Kind {
	case ContextTooLong, Truncated, BudgetExceeded, Canceled:
		return false
	default:
		return true
	}
}

// KindOf returns the kind of err, or "" where it is no Failure.
func KindOf(err error) FailureKind {
	var f *Failure
	if errors.As(err, &f) {
		return f.Kind
	}
	return ""
}

// said is what a server answered in place of an answer.
type said struct {
	status        int
	code, message string
}

// codes maps what servers call their errors to the status that says the same.
// Source: the error pages of OpenAI, Anthropic, Azure OpenAI and llama.cpp.
var codes = map[string]int{
	"authentication_error":       http.StatusUnauthorized,
	"invalid_api_key":            http.StatusUnauthorized,
	"permission_error":           http.StatusForbidden,
	"billing_error":              http.StatusPaymentRequired,
	"insufficient_quota":         http.StatusPaymentRequired,
	"billing_hard_limit_reached": http.StatusPaymentRequired,
	"not_found_error":            http.StatusNotFound,
	"model_not_found":            http.StatusNotFound,
	"deploymentnotfound":         http.StatusNotFound,
	"context_length_exceeded":    http.StatusRequestEntityTooLarge,
	"exceed_context_size_error":  http.StatusRequestEntityTooLarge,
	"request_too_large":          http.StatusRequestEntityTooLarge,
	"rate_limit_error":           http.StatusTooManyRequests,
	"rate_limit_exceeded":        http.StatusTooManyRequests,
	"api_error":                  http.StatusInternalServerError,
	"server_error":               http.StatusInternalServerError,
	"timeout_error":              http.StatusGatewayTimeout,
	"overloaded_error":           statusOverloaded,
	"content_filter":             statusFiltered,
}

const (
	statusOverloaded = 529 // what Anthropic answers under load
	statusFiltered   = 451 // our name for a prompt that a content filter stopped
)

// tooLong is how servers say that the context is too small, in 400 and 413.
var tooLong = []string{
	"context length", "context_length", "maximum context", "context size", "context window",
	"prompt is too long", "input is too long", "too many tokens", "reduce the length", "maximum prompt length",
}

// meant is the status that says best what the server said. A 413 stands, also
// where its code speaks of a rate: the same request would be too large again.
func (s said) meant() int {
	status := s.status
	if mapped, ok := codes[strings.ToLower(s.code)]; ok && status != http.StatusRequestEntityTooLarge {
		status = mapped
	} else if n, err := strconv.Atoi(s.code); err == nil && n >= 400 && n < 600 && status < 400 {
		status = n
	}
	if status == http.StatusBadRequest || status == http.StatusUnprocessableEntity || status >= 500 {
		lower := strings.ToLower(s.message)
		if slices.ContainsFunc(tooLong, func(p string) bool { return strings.Contains(lower, p) }) {
			return http.StatusRequestEntityTooLarge
		}
	}
	return status
}

// failure says in our words what the server said in its own.
func (d Description) failure(s said) *Failure {
	status := s.meant()
	f := &Failure{Status: s.status}
	if f.Status < http.StatusBadRequest {
		f.Status = status
	}
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		f.Kind, f.Message = Auth, fmt.Sprintf("%s refuses the API key (%d): check the configured key", d.Provider, f.Status)
	case status == http.StatusPaymentRequired:
		f.Kind, f.Message = Auth, fmt.Sprintf("%s wants payment (%d): the account's credit or quota is used up", d.Provider, f.Status)
	case status == http.StatusNotFound:
		f.Kind = Auth
		f.Message = fmt.Sprintf("%s has no model %q at %s (404): check the model's name and the base URL", d.Provider, d.Model, d.Address)
	case status == http.StatusMethodNotAllowed || status >= 300 && status < 400:
		f.Kind = Auth
		f.Message = fmt.Sprintf("%s takes no chat completions at %s (%d): check the base URL", d.Provider, d.Address, f.Status)
	case status == http.StatusRequestTimeout || status == http.StatusGatewayTimeout:
		f.Kind, f.Message = Timeout, fmt.Sprintf("%s did not answer in time (%d)", d.Provider, f.Status)
	case status == http.StatusRequestEntityTooLarge:
		f.Kind, f.Message = ContextTooLong, fmt.Sprintf("the question is too long for %s of %s", d.Model, d.Provider)
	case status == http.StatusTooManyRequests:
		f.Kind, f.Message = RateLimited, fmt.Sprintf("%s limits the rate of requests (%d)", d.Provider, f.Status)
	case status == statusFiltered:
		f.Kind, f.Message = Refused, d.Provider+"'s content filter refused the question"
	case status >= http.StatusInternalServerError:
		f.Kind, f.Message = Overloaded, fmt.Sprintf("%s is overloaded or broken (%d)", d.Provider, f.Status)
	default:
		f.Kind, f.Message = Malformed, fmt.Sprintf("%s calls the request invalid (%d)", d.Provider, f.Status)
	}
	return f
}

// lost is a connection that gave no whole answer.
func (d Description) lost(ctx context.Context, err error) *Failure {
	switch {
	case ctx.Err() != nil:
		return &Failure{Kind: Canceled, Message: "the call was canceled", Err: context.Cause(ctx)}
	case errors.Is(err, errTooLarge):
		return &Failure{Kind: Malformed, Message: d.Provider + " answers more than any answer should hold", final: true}
	case errors.Is(err, errRedirect):
		return &Failure{Kind: Auth, Message: fmt.Sprintf("%s redirects from %s: check the base URL", d.Provider, d.Address)}
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return &Failure{Kind: Unreachable, Message: d.Provider + " broke off in the middle of its answer"}
	}
	var link *url.Error
	if errors.As(err, &link) {
		err = link.Err
	}
	return &Failure{Kind: Unreachable, Message: fmt.Sprintf("%s cannot be reached at %s: %v", d.Provider, d.Address, err)}
}

// shownBytes bounds how much of a server's own words is shown.
const shownBytes = 300

// quoting adds the server's own words to the message where they hold neither a
// secret nor a piece of the prompt: they often name the remedy.
func (f *Failure) quoting(s said, r Request, secrets []string) *Failure {
	words := strings.Join(strings.Fields(mask(s.message, secrets)), " ")
	if words == "" || echoes(words, r) {
		return f
	}
	if len(words) > shownBytes {
		words = strings.ToValidUTF8(words[:shownBytes], "") + " ..."
	}
	f.Message += "; it says: " + words
	return f
}

// mask blanks every secret out of s. Source: DESIGN, "keys never".
func mask(s string, secrets []string) string {
	for _, secret := range secrets {
		if len(secret) >= minSecretBytes {
			s = strings.ReplaceAll(s, secret, masked)
		}
	}
	return s
}

const (
	masked = "[masked]"
	// minSecretBytes keeps a key like "x", which local servers are given, from
	// blanking every x.
	minSecretBytes = 4
	// echoBytes is how many letters in a row make an echo of the prompt.
	echoBytes = 20
)

// echoes says whether words repeat a piece of what the caller wrote. Letters and
// digits alone count, so that escapes and line breaks do not hide it.
func echoes(words string, r Request) bool {
	escapes := strings.NewReplacer(`\n`, "", `\t`, "", `\r`, "")
	heard, prompt := letters(escapes.Replace(words)), letters(escapes.Replace(r.System+" "+r.User))
	for i := 0; i+echoBytes <= len(heard); i++ {
		if strings.Contains(prompt, heard[i:i+echoBytes]) {
			return true
		}
	}
	return false
}

func letters(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) || unicode.IsDigit(c) {
			return unicode.ToLower(c)
		}
		return -1
	}, s)
}
