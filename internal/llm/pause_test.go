package llm

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/llm/llmtest"
)

func TestRetryAfterIsBounded(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		header, value string
		want          time.Duration
	}{
		"seconds":               {"Retry-After", "7", 7 * time.Second},
		"too many seconds":      {"Retry-After", "86400", maxRetryAfter},
		"absurdly many seconds": {"Retry-After", "1e300", maxRetryAfter},
		"milliseconds":          {"Retry-After-Ms", "1500", 1500 * time.Millisecond},
		"too many milliseconds": {"Retry-After-Ms", "99999999999", maxRetryAfter},
		"a date":                {"Retry-After", "Sun, 01 Mar 2026 12:00:30 GMT", 30 * time.Second},
		"a date in the past":    {"Retry-After", "Sun, 01 Mar 2026 11:00:00 GMT", 0},
		"a date in 2100":        {"Retry-After", "Fri, 31 Dec 2100 23:59:59 GMT", maxRetryAfter},
		"less than nothing":     {"Retry-After", "-5", 0},
		"no number":             {"Retry-After", "NaN", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.want, retryAfter(http.Header{c.header: {c.value}}, now))
		})
	}
}

// clock is a time that stands still until it is moved.
type clock struct {
	mutex sync.Mutex
	at    time.Time
}

func (c *clock) now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.at = c.at.Add(d)
}

// limitedForAges opens a client whose server names a date in 2100 once, and has
// it hear of it.
func limitedForAges(t *testing.T) (*Client, *clock) {
	t.Helper()
	server := llmtest.New(t, llmtest.Sequence(
		llmtest.Limited("Fri, 31 Dec 2100 23:59:59 GMT"), llmtest.Text(`{"status": "ready", "words": []}`)))
	moved := &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	deps := testDeps()
	deps.Now = moved.now
	c, err := Open(remote("openai", server.URL), deps)
	require.NoError(t, err)
	require.False(t, c.Describe()[0].Resting)
	_, err = c.Ask(t.Context(), testRequest(), nil, nil)
	require.Equal(t, RateLimited, KindOf(err))
	return c, moved
}

func TestADateFarAwayDoesNotDisableAProvider(t *testing.T) {
	t.Parallel()
	c, moved := limitedForAges(t)
	require.True(t, c.Describe()[0].Resting)
	_, err := c.Ask(t.Context(), testRequest(), nil, nil)
	require.EqualError(t, err, "openai asked not to be called for another 10m0s")

	moved.pass(maxRetryAfter)
	require.False(t, c.Describe()[0].Resting)
	_, err = c.Ask(t.Context(), testRequest(), nil, nil)
	require.NoError(t, err)
}

func TestASuccessfulCheckEndsThePause(t *testing.T) {
	t.Parallel()
	c, _ := limitedForAges(t)
	require.True(t, c.Describe()[0].Resting)
	require.Equal(t, OK, c.Check(t.Context())[0].Result)
	require.False(t, c.Describe()[0].Resting)
	_, err := c.Ask(t.Context(), testRequest(), nil, nil)
	require.NoError(t, err)
}

func TestACheckThatFailsDoesNotEndThePause(t *testing.T) {
	t.Parallel()
	server := llmtest.New(t, llmtest.Always(llmtest.Limited("300")))
	c, err := Open(remote("openai", server.URL), testDeps())
	require.NoError(t, err)
	for range 2 {
		c.Check(t.Context())
		require.True(t, c.Describe()[0].Resting)
	}
}
