package llm

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
)

const (
	// tripAfter failures in a row open a provider's breaker.
	tripAfter = 5
	// restTime is how long an open breaker keeps calls away before one may try.
	restTime = 30 * time.Second
)

// link is a provider as the client sees it: with its breaker, and with the
// moment before which it does not want to be asked.
type link struct {
	provider Provider
	breaker  *gobreaker.CircuitBreaker[Answer]
	now      func() time.Time

	mutex     sync.Mutex
	notBefore time.Time
	opened    time.Time
	last      FailureKind // the kind that opened the breaker
}

func newLink(p Provider, now func() time.Time) *link {
	l := &link{provider: p, now: now}
	l.breaker = gobreaker.NewCircuitBreaker[Answer](gobreaker.Settings{
		Name:         p.Describe().Provider,
		Timeout:      restTime,
		ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tripAfter },
		IsSuccessful: func(err error) bool { return err == nil || answers(err) },
		IsExcluded:   func(err error) bool { return err != nil && !answers(err) && !broken(err) },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			if to == gobreaker.StateOpen {
				l.mutex.Lock()
				defer l.mutex.Unlock()
				l.opened = now()
			}
		},
	})
	return l
}

// broken are the failures that say that a provider is down. What is wrong with
// the configuration or the caller says nothing about it.
func broken(err error) bool {
	var f *Failure
	if !errors.As(err, &f) || f.final {
		return false
	}
	return f.Kind == Overloaded || f.Kind == Timeout || f.Kind == Unreachable
}

// answers are the failures of a provider that is up.
func answers(err error) bool {
	switch KindOf(err) {
	case ContextTooLong, Truncated, Refused, Malformed:
		return true
	default:
		return false
	}
}

func (l *link) name() string { return l.provider.Describe().Provider }

// resting says whether calls are kept away: by the breaker, or by a Retry-After
// that has not passed.
func (l *link) resting() bool {
	// First the breaker: it takes the mutex when its state changes.
	open := l.breaker.State() == gobreaker.StateOpen
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return open || l.notBefore.After(l.now())
}

// wake ends the pause of a provider that answered all the same.
func (l *link) wake() {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.notBefore = time.Time{}
}

// guard runs an attempt unless the breaker is open.
func (l *link) guard(attempt func() (Answer, error)) (Answer, error) {
	answer, err := l.breaker.Execute(attempt)
	if !errors.Is(err, gobreaker.ErrOpenState) && !errors.Is(err, gobreaker.ErrTooManyRequests) {
		return answer, err
	}
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return Answer{}, &Failure{
		Kind: l.last, final: true, RetryAfter: max(0, l.opened.Add(restTime).Sub(l.now())),
		Message: fmt.Sprintf("%s failed %d times in a row and is left alone for a while (since %s)",
			l.name(), tripAfter, l.opened.UTC().Format(time.TimeOnly+"Z")),
	}
}

// note keeps what a failure says about the calls after it.
func (l *link) note(f *Failure) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if broken(f) {
		l.last = f.Kind
	}
	if until := l.now().Add(f.RetryAfter); f.RetryAfter > 0 && until.After(l.notBefore) {
		l.notBefore = until
	}
}

// quiet waits until the provider may be asked again: a Retry-After holds for
// every call, not only for the one that got it. Returns a Failure at once where
// that is longer than limit.
func (l *link) quiet(ctx context.Context, limit time.Duration) error {
	l.mutex.Lock()
	pause := l.notBefore.Sub(l.now())
	l.mutex.Unlock()
	if pause <= 0 {
		return nil
	}
	if pause > limit {
		return &Failure{
			Kind: RateLimited, RetryAfter: pause, final: true,
			Message: fmt.Sprintf("%s asked not to be called for another %s", l.name(), pause.Round(time.Second)),
		}
	}
	return wait(ctx, pause)
}
