package llm

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// maxErrorBytes bounds the body of an error, which is read whole.
	maxErrorBytes = 64 << 10
	// maxStreamBytes bounds a stream: 2 MB of text in events of 4 bytes each,
	// with about 200 bytes around every one.
	maxStreamBytes = 128 << 20
	// maxRetryAfter bounds what a server may ask for: a slip in its clock or its
	// units must not keep it from being asked until a restart.
	maxRetryAfter = 10 * time.Minute
)

var (
	errTooLarge = errors.New("the response is too large")
	errRedirect = errors.New("the server redirects")
)

// exchange is what a provider wants to know of the HTTP response behind its
// SDK's error.
type exchange struct {
	status      int
	contentType string
	retryAfter  time.Duration
}

type exchangeKey struct{}

// withExchange makes a context whose requests note their response in what is
// returned beside it.
func withExchange(ctx context.Context) (context.Context, *exchange) {
	seen := &exchange{}
	return context.WithValue(ctx, exchangeKey{}, seen), seen
}

// transport sets the configured headers, keeps what an SDK throws away and
// bounds what is read.
type transport struct {
	next    http.RoundTripper
	headers map[string]string
	now     func() time.Time
	// dataOnly drops every line of an event stream that is no data.
	dataOnly bool
}

// RoundTrip is http.RoundTripper's.
func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if len(t.headers) > 0 {
		req = req.Clone(req.Context())
		for name, value := range t.headers {
			req.Header.Set(name, value)
		}
	}
	res, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if seen, ok := req.Context().Value(exchangeKey{}).(*exchange); ok {
		seen.status = res.StatusCode
		seen.contentType, _, _ = strings.Cut(res.Header.Get("Content-Type"), ";")
		seen.retryAfter = retryAfter(res.Header, t.now())
	}
	capped := &cappedBody{ReadCloser: res.Body, left: maxStreamBytes, end: errTooLarge}
	if res.StatusCode >= http.StatusBadRequest {
		capped.left, capped.end = maxErrorBytes, io.EOF // the status says enough
	}
	res.Body = capped
	if t.dataOnly && strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		res.Body = &dataLines{Closer: res.Body, from: bufio.NewReader(res.Body)}
	}
	return res, nil
}

// httpClient is what both SDKs send with. It follows no redirect: the key would
// go along to wherever it points.
func httpClient(cfg Config, deps Deps, dataOnly bool) *http.Client {
	next := deps.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	return &http.Client{
		Transport:     transport{next: next, headers: cfg.Headers, now: deps.Now, dataOnly: dataOnly},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
	}
}

// retryAfter reads the header in its three forms: milliseconds (OpenAI, Azure),
// seconds, or a date. It is 0 where there is none or it has passed, and at most
// maxRetryAfter.
// Source: RFC 9110, section 10.2.3.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return bounded(ms * float64(time.Millisecond))
	}
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		return bounded(seconds * float64(time.Second))
	}
	if at, err := http.ParseTime(value); err == nil {
		return min(max(0, at.Sub(now)), maxRetryAfter)
	}
	return 0
}

// bounded makes a duration of nanoseconds that a stranger chose.
func bounded(ns float64) time.Duration {
	if !(ns > 0) {
		return 0
	}
	return time.Duration(min(ns, float64(maxRetryAfter)))
}

// cappedBody is a body that ends where it is too long.
type cappedBody struct {
	io.ReadCloser
	left int64
	end  error
}

func (b *cappedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, b.end
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	return n, err
}

// dataLines is an event stream without its comments and event names. go-openai
// takes them for a part of the error that may follow, and then cannot read it.
type dataLines struct {
	io.Closer
	from *bufio.Reader
	rest []byte // of the piece that is being read
	mid  bool   // the next piece goes on with a line
	keep bool   // that line is data
}

func (d *dataLines) Read(p []byte) (int, error) {
	for len(d.rest) == 0 {
		piece, err := d.from.ReadSlice('\n')
		if !d.mid {
			d.keep = bytes.HasPrefix(piece, []byte("data:")) || len(bytes.TrimSpace(piece)) == 0
		}
		d.mid = errors.Is(err, bufio.ErrBufferFull)
		if d.keep {
			d.rest = piece
		}
		if err != nil && !d.mid && len(d.rest) == 0 {
			return 0, err
		}
	}
	n := copy(p, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}
