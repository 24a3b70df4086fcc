package llm

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Ledger is the caller's account of what calls cost.
type Ledger interface {
	// Enter is asked before each attempt; planned says what it may use and cost at
	// most. A refusal is a *Failure of kind budget_exceeded; any other error ends
	// the call as it is. Attempts run in parallel: what is entered and not yet
	// recorded is the ledger's to count. It returns the name of the entry.
	Enter(ctx context.Context, planned Attempt) (entry string, err error)
	// Record says how the attempt of an entry ended, also where it failed or was
	// canceled; its context outlives the call's.
	Record(ctx context.Context, entry string, a Attempt) error
}

// Attempt is one row of the ledger.
type Attempt struct {
	Task, PromptVersion, PromptHash string
	Provider, Model                 string
	Number                          int // from 1, over all providers that the call asked
	Usage                           Usage
	CostMicroUSD                    int64
	Priced                          bool          // without a price the cost is unknown and counted 0
	FirstToken                      time.Duration // 0 where none came
	Total                           time.Duration
	Finish                          Finish
	Failure                         FailureKind // "" where it succeeded
	StartedAt                       time.Time
}

const (
	firstPause = time.Second
	maxPause   = 30 * time.Second
	// recordTime bounds the writing of a ledger entry whose call was canceled.
	recordTime = 10 * time.Second
)

// Client asks providers in their order.
type Client struct {
	config Config
	deps   Deps
	links  []*link
	slots  chan struct{}
}

// New makes a client of providers: the first is asked, the others stand in for
// it. Of the configuration the limits and the prices count.
func New(cfg Config, deps Deps, providers ...Provider) *Client {
	cfg = cfg.limited().public()
	c := &Client{config: cfg, deps: deps, slots: make(chan struct{}, cfg.Concurrency)}
	if c.deps.Logger == nil {
		c.deps.Logger = slog.New(slog.DiscardHandler)
	}
	for _, p := range providers {
		c.links = append(c.links, newLink(p, deps.Now))
	}
	return c
}

// Describe returns the providers in the order in which they are asked.
func (c *Client) Describe() []Description {
	all := make([]Description, 0, len(c.links))
	for i, l := range c.links {
		d := l.provider.Describe()
		d.Fallback = i > 0
		d.Resting = l.resting()
		_, d.Priced = c.config.Prices.of(d.Provider, d.Model)
		all = append(all, d)
	}
	return all
}

// Ask gets an answer, in as many attempts as it takes and is allowed. sink and
// ledger may be nil. It returns a *Failure where no provider answered (with what
// was said, where the answer was cut off), and any error of the ledger as it is.
func (c *Client) Ask(ctx context.Context, r Request, sink Sink, ledger Ledger) (Answer, error) {
	if sink == nil {
		sink = silent{}
	}
	q := &question{client: c, sink: sink, ledger: ledger}
	var failures []*Failure
	for _, l := range c.links {
		fitting, err := r.within(l.provider.Describe())
		if err != nil {
			return Answer{}, err // the caller splits it, as where the server says so
		}
		q.request = fitting
		answer, err := q.ask(ctx, l)
		var f *Failure
		if err == nil || !errors.As(err, &f) || !f.FallsBack() || ctx.Err() != nil {
			return answer, err
		}
		failures = append(failures, f)
	}
	return Answer{}, together(failures)
}

// together is the failure of the primary, with the words of all.
func together(failures []*Failure) error {
	switch len(failures) {
	case 0:
		return &Failure{Kind: Auth, Message: "no provider is configured"}
	case 1:
		return failures[0]
	}
	whole := *failures[0]
	words := make([]string, 0, len(failures))
	causes := make([]error, 0, len(failures))
	for _, f := range failures {
		words = append(words, f.Message)
		causes = append(causes, f)
	}
	whole.Message = strings.Join(words, "; then ")
	whole.Err = errors.Join(causes...)
	return &whole
}

// question is one Ask on its way.
type question struct {
	client  *Client
	request Request // as it fits the provider that is asked
	sink    Sink
	ledger  Ledger
	number  int // of the attempts made
}

// ask asks one provider until it answers, or further attempts are pointless.
func (q *question) ask(ctx context.Context, l *link) (Answer, error) {
	pauses := &backoff.ExponentialBackOff{InitialInterval: firstPause, Multiplier: 2, MaxInterval: maxPause}
	for try := 1; ; try++ {
		answer, err := q.attempt(ctx, l)
		var f *Failure
		if err == nil || !errors.As(err, &f) || ctx.Err() != nil {
			return answer, err
		}
		pause := q.client.pause(pauses, f)
		if !f.Retryable() || try >= q.client.config.Attempts || pause > q.client.config.Timeout {
			return answer, err
		}
		q.client.deps.Logger.WarnContext(ctx, "call to the model failed, asking again",
			"task", q.request.Task, "provider", l.name(), "failure", string(f.Kind), "status", f.Status, "attempt", try, "pause", pause)
		if err := wait(ctx, pause); err != nil {
			return answer, err
		}
	}
}

// pause is how long to wait after a failure: what the server asks for, or
// longer each time, between half and one and a half of it. Jitter keeps calls
// that failed together from coming back together.
func (c *Client) pause(pauses *backoff.ExponentialBackOff, f *Failure) time.Duration {
	jitter := c.deps.Rand()
	if f.RetryAfter > 0 {
		return f.RetryAfter + time.Duration(jitter*float64(firstPause))
	}
	next := float64(pauses.NextBackOff())
	return time.Duration(next/2 + jitter*next)
}

// wait pauses. Returns a Failure where the caller does not wait that long.
func wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return gone(ctx)
	}
}

// gone is the failure of a call that its caller gave up.
func gone(ctx context.Context) *Failure {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Failure{Kind: Timeout, Message: "the time for the call ran out", Err: context.Cause(ctx), final: true}
	}
	return &Failure{Kind: Canceled, Message: "the call was canceled", Err: context.Cause(ctx)}
}

// attempt makes one attempt when its turn has come and the budget allows it.
func (q *question) attempt(ctx context.Context, l *link) (Answer, error) {
	if err := l.quiet(ctx, q.client.config.Timeout); err != nil {
		return Answer{}, err
	}
	select {
	case q.client.slots <- struct{}{}:
		defer func() { <-q.client.slots }()
	case <-ctx.Done():
		return Answer{}, gone(ctx)
	}
	return l.guard(func() (Answer, error) {
		entry, err := q.enter(ctx, l)
		if err != nil {
			return Answer{}, err
		}
		return q.call(ctx, l, entry)
	})
}

// enter asks the ledger for the most that the attempt may cost.
func (q *question) enter(ctx context.Context, l *link) (string, error) {
	if ctx.Err() != nil {
		return "", gone(ctx)
	}
	q.number++
	if q.ledger == nil {
		return "", nil
	}
	d := l.provider.Describe()
	most := q.request.estimate(q.request.MaxTokens * bytesPerToken)
	entry, err := q.ledger.Enter(ctx, q.entry(Answer{Provider: d.Provider, Model: d.Model, Usage: most}, q.client.deps.Now(), nil))
	if err != nil {
		return "", fmt.Errorf("ask the budget: %w", err)
	}
	return entry, nil
}

// record tells the ledger how the attempt ended.
func (q *question) record(ctx context.Context, entry string, a Attempt) error {
	if q.ledger == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	if err := q.ledger.Record(ctx, entry, a); err != nil {
		return fmt.Errorf("record the call: %w", err)
	}
	return nil
}
