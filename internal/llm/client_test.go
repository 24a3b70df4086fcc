package llm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// fakeProvider does what its steps say, one per attempt; the last repeats.
type fakeProvider struct {
	name  string
	steps []step

	mutex  sync.Mutex
	asked  []time.Time
	active int
	widest int
}

// step is one attempt: it thinks, says its pieces with a pause before each, and
// ends with the failure or the finish.
type step struct {
	think  time.Duration
	pieces []string
	pause  time.Duration
	fail   *Failure
	usage  Usage
}

func (p *fakeProvider) Describe() Description {
	return Description{Provider: p.name, Model: "m", Mode: ModeSchema, Context: 1000}
}

func (p *fakeProvider) Complete(ctx context.Context, _ Request, sink Sink) (Answer, error) {
	s := p.enter()
	defer p.leave()
	if err := wait(ctx, s.think); err != nil {
		return Answer{}, err
	}
	var a Answer
	for _, piece := range s.pieces {
		if err := wait(ctx, s.pause); err != nil {
			return a, err
		}
		if err := sink.Text(piece); err != nil {
			return a, err
		}
		a.Text += piece
	}
	a.Usage = s.usage
	if s.fail != nil {
		f := *s.fail
		return a, &f
	}
	a.Finish = FinishStop
	return judged(p.Describe(), a)
}

func (p *fakeProvider) enter() step {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	s := p.steps[min(len(p.asked), len(p.steps)-1)]
	p.asked = append(p.asked, time.Now())
	p.active++
	p.widest = max(p.widest, p.active)
	return s
}

func (p *fakeProvider) leave() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.active--
}

// account is a Ledger with a budget.
type account struct {
	mutex    sync.Mutex
	budget   int64
	asked    []int64
	attempts []Attempt
	fail     error
}

func (a *account) Enter(_ context.Context, planned Attempt) (string, error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.asked = append(a.asked, planned.CostMicroUSD)
	if a.budget > 0 && planned.CostMicroUSD > a.budget {
		return "", &Failure{Kind: BudgetExceeded, Message: "the month's budget is used up"}
	}
	a.budget -= planned.CostMicroUSD
	return fmt.Sprintf("%s %d", planned.Task, planned.Number), nil
}

func (a *account) Record(ctx context.Context, entry string, at Attempt) error {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if want := fmt.Sprintf("%s %d", at.Task, at.Number); entry != want {
		return fmt.Errorf("entry %q was recorded as %q", want, entry)
	}
	a.attempts = append(a.attempts, at)
	return a.fail
}

func (a *account) kinds() []FailureKind {
	var kinds []FailureKind
	for _, at := range a.attempts {
		kinds = append(kinds, at.Failure)
	}
	return kinds
}

func failing(kind FailureKind) step { return step{fail: &Failure{Kind: kind, Message: string(kind)}} }

func said1(text string) step { return step{pieces: []string{text}} }

// testClient has no jitter: pauses are half of what backoff says.
func testClient(cfg Config, providers ...Provider) *Client {
	return New(cfg, Deps{Now: time.Now, Rand: func() float64 { return 0.5 }}, providers...)
}

func offsets(from time.Time, times []time.Time) []time.Duration {
	var all []time.Duration
	for _, at := range times {
		all = append(all, at.Sub(from))
	}
	return all
}

func TestRetriesWaitLongerEachTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &fakeProvider{name: "p", steps: []step{failing(Overloaded), failing(Unreachable), failing(Timeout), said1("ok")}}
		heard, ledger, start := &ear{}, &account{}, time.Now()
		got, err := testClient(Config{Attempts: 4}, p).Ask(t.Context(), testRequest(), heard, ledger)
		require.NoError(t, err)
		require.Equal(t, "ok", got.Text)
		require.Equal(t, 4, heard.begun)
		require.Empty(t, cmp.Diff([]time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second}, offsets(start, p.asked)))
		require.Equal(t, []FailureKind{Overloaded, Unreachable, Timeout, ""}, ledger.kinds())
	})
}

func TestPausesAreJittered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for random, want := range map[float64]time.Duration{0: time.Second / 2, 0.25: 3 * time.Second / 4} {
			p := &fakeProvider{name: "p", steps: []step{failing(Overloaded), said1("ok")}}
			start := time.Now()
			_, err := New(Config{}, Deps{Now: time.Now, Rand: func() float64 { return random }}, p).Ask(t.Context(), testRequest(), nil, nil)
			require.NoError(t, err)
			require.Equal(t, want, p.asked[1].Sub(start))
		}
	})
}

func TestWhatIsAskedAgain(t *testing.T) {
	t.Parallel()
	again := map[FailureKind]bool{RateLimited: true, Overloaded: true, Timeout: true, Unreachable: true, Malformed: true}
	elsewhere := map[FailureKind]bool{
		RateLimited: true, Overloaded: true, Timeout: true, Unreachable: true, Malformed: true, Auth: true, Refused: true,
	}
	for _, kind := range FailureKinds() {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &fakeProvider{name: "p", steps: []step{failing(kind)}}
				second := &fakeProvider{name: "second", steps: []step{said1("ok")}}
				ledger := &account{}
				got, err := testClient(Config{}, p, second).Ask(t.Context(), testRequest(), nil, ledger)
				if again[kind] {
					require.Len(t, p.asked, 3)
				} else {
					require.Len(t, p.asked, 1)
				}
				if !elsewhere[kind] {
					require.Equal(t, kind, KindOf(err))
					require.Empty(t, second.asked)
					return
				}
				require.NoError(t, err)
				require.Equal(t, "second", got.Provider)
				require.Equal(t, len(p.asked)+1, ledger.attempts[len(p.asked)].Number)
			})
		})
	}
}

func TestRetryAfterHoldsForEveryCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limited := step{fail: &Failure{Kind: RateLimited, Message: "slow", RetryAfter: 20 * time.Second}}
		p := &fakeProvider{name: "p", steps: []step{limited, said1("ok")}}
		c := New(Config{}, Deps{Now: time.Now, Rand: func() float64 { return 0 }}, p)
		start := time.Now()
		_, err := c.Ask(t.Context(), testRequest(), nil, nil)
		require.NoError(t, err)
		require.Equal(t, 20*time.Second, time.Since(start))

		p.steps, p.asked = []step{limited, said1("ok")}, nil
		var calls sync.WaitGroup
		start = time.Now()
		calls.Go(func() { _, _ = c.Ask(t.Context(), testRequest(), nil, nil) })
		synctest.Wait()
		calls.Go(func() { _, _ = c.Ask(t.Context(), testRequest(), nil, nil) })
		calls.Wait()
		require.Equal(t, []time.Duration{0, 20 * time.Second, 20 * time.Second}, offsets(start, p.asked))
	})
}

func TestARetryAfterBeyondPatienceFallsBackAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &fakeProvider{name: "p", steps: []step{{fail: &Failure{Kind: RateLimited, Message: "day is over", RetryAfter: time.Hour}}}}
		second := &fakeProvider{name: "second", steps: []step{said1("ok")}}
		c, start := testClient(Config{}, p, second), time.Now()
		for range 2 {
			got, err := c.Ask(t.Context(), testRequest(), nil, nil)
			require.NoError(t, err)
			require.Equal(t, "second", got.Provider)
		}
		require.Zero(t, time.Since(start))
		require.Len(t, p.asked, 1)

		_, err := testClient(Config{}, p).Ask(t.Context(), testRequest(), nil, nil)
		var f *Failure
		require.ErrorAs(t, err, &f)
		require.Equal(t, time.Hour, f.RetryAfter)
	})
}

func TestTheBreakerOpensAndRecovers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &fakeProvider{name: "p", steps: []step{failing(Unreachable)}}
		c := testClient(Config{Attempts: 1}, p)
		for range tripAfter {
			require.False(t, c.Describe()[0].Resting)
			_, err := c.Ask(t.Context(), testRequest(), nil, nil)
			require.Equal(t, Unreachable, KindOf(err))
		}
		require.True(t, c.Describe()[0].Resting)
		time.Sleep(10 * time.Second)
		ledger := &account{}
		_, err := c.Ask(t.Context(), testRequest(), nil, ledger)
		var f *Failure
		require.ErrorAs(t, err, &f)
		require.Equal(t, Unreachable, f.Kind)
		require.Equal(t, 20*time.Second, f.RetryAfter)
		require.False(t, f.Retryable())
		require.Len(t, p.asked, tripAfter, "an open breaker asks nobody")
		require.Empty(t, ledger.attempts)
		require.Empty(t, ledger.asked)

		time.Sleep(21 * time.Second)
		p.steps = []step{said1("ok")}
		_, err = c.Ask(t.Context(), testRequest(), nil, nil)
		require.NoError(t, err)
		require.False(t, c.Describe()[0].Resting)
	})
}

func TestNeitherAuthNorCallersOpenTheBreaker(t *testing.T) {
	t.Parallel()
	for _, kind := range []FailureKind{Auth, RateLimited, Canceled, BudgetExceeded, Truncated, Refused, ContextTooLong, Malformed} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &fakeProvider{name: "p", steps: []step{failing(kind)}}
				c := testClient(Config{Attempts: 1}, p)
				for range 3 * tripAfter {
					_, _ = c.Ask(t.Context(), testRequest(), nil, nil)
				}
				require.Len(t, p.asked, 3*tripAfter)
			})
		})
	}
}

func TestTheFallbacksFailureIsToldBesideThePrimarys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &fakeProvider{name: "p", steps: []step{{fail: &Failure{Kind: Auth, Message: "no key"}}}}
		second := &fakeProvider{name: "second", steps: []step{{fail: &Failure{Kind: Refused, Message: "no way"}}}}
		_, err := testClient(Config{}, p, second).Ask(t.Context(), testRequest(), nil, nil)
		require.Equal(t, Auth, KindOf(err))
		require.EqualError(t, err, "no key; then no way")

		second.steps = []step{failing(Truncated)}
		_, err = testClient(Config{}, p, second).Ask(t.Context(), testRequest(), nil, nil)
		require.Equal(t, Truncated, KindOf(err), "the caller can split the question")
	})
}

func TestDeadlineAndSilence(t *testing.T) {
	t.Parallel()
	slow := func(n int) []string { return strings.Split(strings.Repeat("x", n), "") }
	for name, c := range map[string]struct {
		step  step
		words string
		total time.Duration
	}{
		"hangs before the first token": {step{think: time.Hour}, "did not finish", time.Minute},
		"goes on and on":               {step{pieces: slow(100), pause: 5 * time.Second}, "did not finish", time.Minute},
		"falls silent":                 {step{pieces: slow(3), pause: 11 * time.Second, think: 20 * time.Second}, "", 0},
		"long thought is no silence":   {step{think: 50 * time.Second, pieces: []string{"ok"}}, "", 50 * time.Second},
		"signs of life are heard":      {step{pieces: []string{"", "", "", "", "ok"}, pause: 9 * time.Second}, "", 45 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := &fakeProvider{name: "p", steps: []step{c.step}}
				ledger, start := &account{}, time.Now()
				_, err := testClient(Config{Attempts: 1, Timeout: time.Minute, Silence: 10 * time.Second}, p).
					Ask(t.Context(), testRequest(), nil, ledger)
				if name == "falls silent" {
					c.words, c.total = "fell silent", 41*time.Second
				}
				require.Equal(t, c.total, time.Since(start))
				require.Equal(t, c.total, ledger.attempts[0].Total)
				if c.words == "" {
					require.NoError(t, err)
					return
				}
				require.Equal(t, Timeout, KindOf(err))
				require.ErrorContains(t, err, c.words)
			})
		})
	}
}

func TestOnlySoManyCallsAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &fakeProvider{name: "p", steps: []step{{think: 10 * time.Second, pieces: []string{"ok"}}}}
		c, start := testClient(Config{Concurrency: 3}, p), time.Now()
		var calls sync.WaitGroup
		for range 9 {
			calls.Go(func() { _, _ = c.Ask(t.Context(), testRequest(), nil, nil) })
		}
		calls.Wait()
		require.Equal(t, 3, p.widest)
		require.Equal(t, 30*time.Second, time.Since(start))
	})
}

func TestACallThatWaitsForItsTurnCanBeCanceled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &fakeProvider{name: "p", steps: []step{{think: 10 * time.Second, pieces: []string{"ok"}}}}
		c := testClient(Config{Concurrency: 1}, p)
		var calls sync.WaitGroup
		calls.Go(func() { _, _ = c.Ask(t.Context(), testRequest(), nil, nil) })
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		var err error
		calls.Go(func() { _, err = c.Ask(ctx, testRequest(), nil, nil) })
		synctest.Wait()
		cancel()
		calls.Wait()
		require.Equal(t, Canceled, KindOf(err))
		require.ErrorIs(t, err, context.Canceled)
		require.Len(t, p.asked, 1)
	})
}

func TestACanceledAttemptIsRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for want, after := range map[FailureKind]func(context.Context) (context.Context, context.CancelFunc){
			Canceled: func(ctx context.Context) (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(ctx)
				time.AfterFunc(3*time.Second, cancel)
				return ctx, cancel
			},
			Timeout: func(ctx context.Context) (context.Context, context.CancelFunc) {
				return context.WithTimeout(ctx, 3*time.Second)
			},
		} {
			ctx, cancel := after(t.Context())
			p := &fakeProvider{name: "p", steps: []step{{pieces: []string{"abcd", "x"}, pause: 2 * time.Second}}}
			ledger := &account{}
			got, err := testClient(Config{}, p).Ask(ctx, testRequest(), nil, ledger)
			cancel()
			require.Equal(t, want, KindOf(err))
			require.Equal(t, "abcd", got.Text)
			require.Len(t, ledger.attempts, 1)
			require.Equal(t, want, ledger.attempts[0].Failure)
			require.Equal(t, testRequest().estimate(4), ledger.attempts[0].Usage)
		}
	})
}

func TestTheSinkEndsTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		enough := errors.New("enough")
		p := &fakeProvider{name: "p", steps: []step{{pieces: []string{"a", "b"}}}}
		ledger := &account{}
		_, err := testClient(Config{}, p, p).Ask(t.Context(), testRequest(), &ear{hear: func(string) error { return enough }}, ledger)
		require.ErrorIs(t, err, enough)
		require.Equal(t, Canceled, KindOf(err))
		require.Len(t, p.asked, 1)
		require.Equal(t, []FailureKind{Canceled}, ledger.kinds())
	})
}

func TestTheBudgetIsAskedBeforeEachAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		prices := Prices{"m": {Input: 1_000_000, Output: 2_000_000}}
		r := Request{System: "12345678", User: "1234", MaxTokens: 10} // 3 + 2*10 micro-USD
		p := &fakeProvider{name: "p", steps: []step{failing(Overloaded)}}
		second := &fakeProvider{name: "second", steps: []step{said1("ok")}}
		ledger := &account{budget: 50}
		_, err := testClient(Config{Prices: prices}, p, second).Ask(t.Context(), r, nil, ledger)
		require.Equal(t, BudgetExceeded, KindOf(err))
		require.ErrorContains(t, err, "the month's budget is used up")
		require.Equal(t, []int64{23, 23, 23}, ledger.asked)
		require.Len(t, p.asked, 2)
		require.Empty(t, second.asked, "money is short everywhere")
	})
}

func TestAnAttemptIsAccountedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &fakeProvider{name: "p", steps: []step{{
			think: time.Second, pieces: []string{"one", "two"}, pause: 2 * time.Second,
			usage: Usage{Prompt: 1000, Cached: 400, Completion: 10},
		}}}
		ledger, start := &account{}, time.Now()
		prices := Prices{"p/m": {Input: 3_000_000, Cached: 300_000, Output: 15_000_000}, "m": {Input: 1}}
		got, err := testClient(Config{Prices: prices}, p).Ask(t.Context(), testRequest(), nil, ledger)
		require.NoError(t, err)
		require.Equal(t, 3*time.Second, got.FirstToken)
		want := Attempt{
			Task: "threats", PromptVersion: "v1", PromptHash: "abc", Provider: "p", Model: "m", Number: 1,
			Usage: Usage{Prompt: 1000, Cached: 400, Completion: 10}, CostMicroUSD: 600*3 + 400*3/10 + 150, Priced: true,
			FirstToken: 3 * time.Second, Total: 5 * time.Second, Finish: FinishStop, StartedAt: start,
		}
		require.Empty(t, cmp.Diff([]Attempt{want}, ledger.attempts))
	})
}

func TestTokensThatNobodyCountsAreEstimated(t *testing.T) {
	t.Parallel()
	r := Request{System: "12345678", User: "123"}
	for name, c := range map[string]struct {
		step step
		want Usage
	}{
		"answered":            {said1("12345"), Usage{Prompt: 3, Completion: 2, Estimated: true}},
		"broke off":           {step{pieces: []string{"1234"}, fail: &Failure{Kind: Unreachable}}, Usage{Prompt: 3, Completion: 1, Estimated: true}},
		"thought, then timed": {step{fail: &Failure{Kind: Timeout}}, Usage{Prompt: 3, Estimated: true}},
		"never arrived":       {step{fail: &Failure{Kind: Unreachable}}, Usage{}},
		"turned away":         {step{fail: &Failure{Kind: Auth, Status: 401}}, Usage{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ledger := &account{}
				_, _ = testClient(Config{Attempts: 1}, &fakeProvider{name: "p", steps: []step{c.step}}).Ask(t.Context(), r, nil, ledger)
				require.Equal(t, c.want, ledger.attempts[0].Usage)
				require.False(t, ledger.attempts[0].Priced)
			})
		})
	}
}

func TestALedgerThatFailsEndsTheCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		down := errors.New("database is down")
		p := &fakeProvider{name: "p", steps: []step{said1("ok")}}
		_, err := testClient(Config{}, p, p).Ask(t.Context(), testRequest(), nil, &account{fail: down})
		require.ErrorIs(t, err, down)
		require.Empty(t, KindOf(err))
		require.Len(t, p.asked, 1)
	})
}

func TestLogsHoldNeitherPromptNorAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := &fakeProvider{name: "p", steps: []step{failing(Overloaded), said1("the answer")}}
		c := New(Config{}, Deps{
			Now: time.Now, Rand: func() float64 { return 0 },
			Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		}, p)
		_, err := c.Ask(t.Context(), testRequest(), nil, nil)
		require.NoError(t, err)
		require.Contains(t, log.String(), `"failure":"overloaded"`)
		require.NotContains(t, log.String(), "payroll")
		require.NotContains(t, log.String(), "the answer")
	})
}
