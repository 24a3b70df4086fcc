// Package llm asks language models, one question at a time, whoever serves
// them.
//
// It exists so that nothing else knows a provider's protocol, its errors or its
// price. A Provider makes one attempt and streams it; the Client adds what every
// call wants: a limit on concurrent calls, deadlines, retries that honour
// Retry-After, a circuit breaker per provider, a fallback, the budget and one
// ledger entry per attempt. It does not read what a model says (an Answer is
// text), it stores nothing but what `record` writes, and it never logs a prompt,
// an answer or a key.
//
// Seams: a preset is one line in presets; a provider is one file and one line in
// openers, and providerSuite holds it to its contract; Ledger and Sink are the
// caller's.
package llm

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// maxAnswerBytes bounds what one answer may hold. The longest answer that a
// schema of ours can ask for is a tenth of it; a model that runs on is stopped.
const maxAnswerBytes = 2 << 20

// bytesPerToken is how tokens are counted where nobody says how many there were.
const bytesPerToken = 4

// Request is one question to a model.
type Request struct {
	// Task, PromptVersion and PromptHash name the prompt, for the ledger.
	Task, PromptVersion, PromptHash string
	// System is the fixed part, which providers may cache; User ends with the
	// untrusted data.
	System, User string
	// Nonce is the random delimiter around the untrusted data, "" for none. A
	// recording is found again whatever the nonce was.
	Nonce string
	// Schema is what the answer has to match; without JSON any text will do.
	Schema Schema
	// MaxTokens bounds the answer; 0 leaves it to the provider.
	MaxTokens int
}

// Schema is a named JSON schema of an object.
type Schema struct {
	Name string
	JSON json.RawMessage
}

// Usage counts tokens. Prompt includes the cached ones.
type Usage struct {
	Prompt, Cached, Completion int
	// Estimated says that the provider did not count; these are bytes / 4.
	Estimated bool
}

// Finish is why an answer ended.
type Finish string

const (
	FinishStop    Finish = "stop"    // the model was done
	FinishLength  Finish = "length"  // it ran into MaxTokens or the end of the context
	FinishRefused Finish = "refused" // it refused, or a filter cut it off
)

// Answer is what a model said.
type Answer struct {
	Text            string
	Usage           Usage
	Provider, Model string
	Finish          Finish
	// FirstToken and Total run from the start of the attempt that answered.
	FirstToken, Total time.Duration
}

// Sink hears an answer while it streams, in the goroutine that asked. Begin is
// called before each attempt, with whom it asks: what an attempt that failed said before stands,
// what comes again is the caller's to recognise.
type Sink interface {
	Begin(by Description)
	// Text takes the next piece. An error ends the call with kind canceled and
	// stands in its chain.
	Text(piece string) error
}

// Provider makes one attempt at a time; it may be asked from several goroutines.
type Provider interface {
	Describe() Description
	// Complete streams one answer into sink and returns the whole. It calls
	// sink.Text with "" where the model gives a sign of life without text (it
	// reasons), and never calls Begin. Its errors are *Failure, or the sink's.
	// An answer that was cut off comes together with its Failure.
	Complete(ctx context.Context, r Request, sink Sink) (Answer, error)
}

// Mode is how a provider holds a model to a schema.
type Mode string

const (
	ModeSchema Mode = "json_schema" // the server constrains the answer to the schema
	ModeObject Mode = "json_object" // the server promises JSON; the schema stands in the prompt
	ModeText   Mode = "text"        // the schema stands in the prompt and the model may do as it likes
)

// Description is what is known of a provider. It holds no secret.
type Description struct {
	Provider, Model, Address string
	// Mode is the one in use: a provider that met a refusal uses a weaker one.
	Mode Mode
	// Context is the context size in tokens that calls should keep to.
	Context int
	// StreamsUsage says whether tokens are counted by the provider.
	StreamsUsage bool
	// Fallback, Priced and Resting are the Client's: asked only when the one
	// before has failed; has a price; is not asked for now, as its circuit breaker
	// is open or it said when to come back.
	Fallback, Priced, Resting bool
}

// collector gathers an answer and passes it on.
type collector struct {
	sink Sink
	text strings.Builder
}

// add takes the next piece; "" is a sign of life.
func (c *collector) add(piece string) error {
	if c.text.Len()+len(piece) > maxAnswerBytes {
		return &Failure{Kind: Malformed, Message: "the answer is longer than any answer should be", final: true}
	}
	c.text.WriteString(piece)
	return c.sink.Text(piece)
}

// judged turns an answer that ended without an error into a failure where it is
// cut off, refused or nothing at all.
func judged(d Description, a Answer) (Answer, error) {
	name := d.Provider
	switch {
	case a.Finish == FinishRefused:
		return a, &Failure{Kind: Refused, Message: name + " refused to answer, or its filter stopped the answer"}
	case a.Finish == FinishLength:
		return a, &Failure{Kind: Truncated, Message: name + " was cut off by the limit on the answer's length"}
	case strings.TrimSpace(a.Text) == "":
		return a, &Failure{Kind: Malformed, Message: name + " gave an empty answer"}
	}
	return a, nil
}

// promptBytes is the size of everything that is sent.
func (r Request) promptBytes() int { return len(r.System) + len(r.User) + len(r.Schema.JSON) }

// estimate counts the tokens of the request and an answer of n bytes.
func (r Request) estimate(n int) Usage {
	return Usage{Prompt: tokens(r.promptBytes()), Completion: tokens(n), Estimated: true}
}

// shortestAnswer is the part of the context that an answer needs at least: where
// less is left for it than a quarter, and than it was to have, the question is too
// long.
const shortestAnswer = 4

// within bounds the answer to what the question leaves of the provider's context.
// Returns a Failure of kind context_too_long where that is too little. A context
// that is not known bounds nothing.
func (r Request) within(d Description) (Request, error) {
	if d.Context <= 0 {
		return r, nil
	}
	prompt := r.estimate(0).Prompt
	left := d.Context - prompt
	if left < min(r.MaxTokens, d.Context/shortestAnswer) {
		return r, &Failure{Kind: ContextTooLong, Message: fmt.Sprintf(
			"the question of about %d tokens is too long for %s of %s, whose context has %d tokens", prompt, d.Model, d.Provider, d.Context)}
	}
	r.MaxTokens = min(r.MaxTokens, left)
	return r, nil
}

func tokens(n int) int { return (n + bytesPerToken - 1) / bytesPerToken }

// silent is the Sink of a caller that does not listen.
type silent struct{}

func (silent) Begin(Description) {}
func (silent) Text(string) error { return nil }
