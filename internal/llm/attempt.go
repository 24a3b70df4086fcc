package llm

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

var (
	errDeadline = errors.New("the deadline of the attempt")
	errSilence  = errors.New("silence in the middle of an answer")
)

// call makes one attempt and accounts for it.
func (q *question) call(ctx context.Context, l *link, entry string) (Answer, error) {
	c := q.client
	started := c.deps.Now()
	cancelable, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	timed, release := context.WithTimeoutCause(cancelable, c.config.Timeout, errDeadline)
	defer release()
	heard := &watch{sink: q.sink, now: c.deps.Now, silence: c.config.Silence, cancel: cancel}

	q.sink.Begin(l.provider.Describe())
	answer, err := l.provider.Complete(timed, q.request, heard)
	heard.stop()

	d := l.provider.Describe()
	answer.Provider, answer.Model = d.Provider, d.Model
	answer.Total = c.deps.Now().Sub(started)
	if !heard.first.IsZero() {
		answer.FirstToken = heard.first.Sub(started)
	}
	failure := q.judge(ctx, timed, l, heard, err)
	answer.Usage = counted(q.request, answer, failure, heard)
	if err := q.record(ctx, entry, q.entry(answer, started, failure)); err != nil {
		return answer, err
	}
	if failure != nil {
		l.note(failure)
		return answer, failure
	}
	return answer, nil
}

// judge says what an attempt's error means, nil where there is none.
func (q *question) judge(ctx, timed context.Context, l *link, heard *watch, err error) *Failure {
	if err == nil {
		return nil
	}
	config := q.client.config
	switch {
	case heard.err != nil:
		return &Failure{Kind: Canceled, Message: "the listener ended the call", Err: heard.err}
	case ctx.Err() != nil:
		return gone(ctx)
	case errors.Is(context.Cause(timed), errDeadline):
		return &Failure{Kind: Timeout, Message: fmt.Sprintf("%s did not finish its answer within %s", l.name(), config.Timeout)}
	case errors.Is(context.Cause(timed), errSilence):
		return &Failure{Kind: Timeout, Message: fmt.Sprintf("%s fell silent for %s in the middle of its answer", l.name(), config.Silence)}
	}
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	return &Failure{Kind: Malformed, Message: l.name() + " cannot put the question", Err: err, final: true}
}

// counted is what the attempt used: what the provider counted, or an estimate
// where it did not. A server that answered with an error, or not at all, used
// nothing.
func counted(r Request, a Answer, f *Failure, heard *watch) Usage {
	if a.Usage.Prompt+a.Usage.Completion > 0 {
		return a.Usage
	}
	if f != nil && heard.bytes == 0 && (f.Status >= http.StatusBadRequest || f.Kind == Unreachable || f.final) {
		return Usage{}
	}
	return r.estimate(heard.bytes)
}

// entry is the attempt's row in the ledger.
func (q *question) entry(a Answer, started time.Time, f *Failure) Attempt {
	row := Attempt{
		Task: q.request.Task, PromptVersion: q.request.PromptVersion, PromptHash: q.request.PromptHash,
		Provider: a.Provider, Model: a.Model, Number: q.number, Usage: a.Usage,
		FirstToken: a.FirstToken, Total: a.Total, Finish: a.Finish, StartedAt: started,
	}
	row.CostMicroUSD, row.Priced = q.client.config.Prices.Cost(a.Provider, a.Model, a.Usage)
	if f != nil {
		row.Failure = f.Kind
	}
	return row
}

// watch stands between a provider and the caller's sink: it notes the first
// token and ends an answer that falls silent.
type watch struct {
	sink    Sink
	now     func() time.Time
	silence time.Duration
	cancel  context.CancelCauseFunc

	timer *time.Timer
	first time.Time
	bytes int
	err   error // the sink's
}

// Begin is Sink's; providers do not call it.
func (w *watch) Begin(Description) {}

// Text is Sink's.
func (w *watch) Text(piece string) error {
	if w.timer == nil {
		w.timer = time.AfterFunc(w.silence, func() { w.cancel(errSilence) })
	} else {
		w.timer.Reset(w.silence)
	}
	if piece == "" {
		return nil
	}
	if w.first.IsZero() {
		w.first = w.now()
	}
	w.bytes += len(piece)
	w.err = w.sink.Text(piece)
	return w.err
}

// stop ends the watching.
func (w *watch) stop() {
	if w.timer != nil {
		w.timer.Stop()
	}
}
