package api

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/threatdraft/threatdraft/internal/stride"
)

const (
	requestIDKey = "request_id"
	actorKey     = "actor"
)

// identify gives every request an id: the caller's X-Request-Id where it is
// harmless, else a new one.
func (s *server) identify(c *gin.Context) {
	id := c.GetHeader("X-Request-Id")
	if !isHarmless(id) {
		id = s.NewID()
	}
	c.Set(requestIDKey, id)
	c.Header("X-Request-Id", id)
}

func isHarmless(id string) bool {
	if id == "" || len(id) > 100 {
		return false
	}
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.:", r) {
			return false
		}
	}
	return true
}

func requestID(c *gin.Context) string { return c.GetString(requestIDKey) }

// requestMetrics are the edge's Prometheus series.
type requestMetrics struct {
	total    *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

func newRequestMetrics(r *prometheus.Registry) *requestMetrics {
	m := &requestMetrics{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "threatdraft_http_requests_total", Help: "Requests answered, by method, route and status.",
		}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "threatdraft_http_request_duration_seconds", Help: "Time to answer, by method and route.",
			Buckets: []float64{.005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"method", "route"}),
	}
	r.MustRegister(m.total, m.duration)
	return m
}

// knownMethods are those that metrics name.
var knownMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// observe counts and logs each request. The path is logged as its route, so
// that no id or text of a caller reaches the logs.
func (s *server) observe(c *gin.Context) {
	start := s.Now()
	c.Next()
	took := s.Now().Sub(start)
	route := c.FullPath()
	if route == "" {
		route = "none"
	}
	method := c.Request.Method
	if !slices.Contains(knownMethods, method) {
		method = "other" // a label for every word of a caller would grow without end
	}
	s.seen.total.WithLabelValues(method, route, strconv.Itoa(c.Writer.Status())).Inc()
	s.seen.duration.WithLabelValues(method, route).Observe(took.Seconds())
	s.Log.DebugContext(c, "request", "request_id", requestID(c), "method", c.Request.Method, "route", route,
		"status", c.Writer.Status(), "duration_ms", took.Milliseconds())
}

// recover answers a panic as an unknown error.
func (s *server) recover(c *gin.Context) {
	defer func() {
		if r := recover(); r != nil {
			if r == http.ErrAbortHandler { //nolint:errorlint // net/http panics with this very value
				panic(r) //nolint:forbidigo // net/http wants it back
			}
			s.fail(c, fmt.Errorf("panic: %v\n%s", r, debug.Stack()))
			c.Abort()
		}
	}()
	c.Next()
}

func secureHeaders(c *gin.Context) {
	c.Header("X-Content-Type-Options", "nosniff")
	c.Header("Referrer-Policy", "no-referrer")
	c.Header("X-Frame-Options", "DENY")
	if strings.HasPrefix(c.Request.URL.Path, "/v1/") {
		c.Header("Cache-Control", "no-store")
	}
}

// guard lets only callers through that have the role in some project.
func (s *server) guard(least stride.Role) gin.HandlerFunc {
	return func(c *gin.Context) {
		if least == public {
			return
		}
		actor, err := s.Access.Authenticate(c.Request.Context(), bearer(c))
		if err == nil && !actor.RoleAnywhere().AtLeast(least) {
			err = stride.Errorf(stride.Forbidden, "this wants the role %s", least)
		}
		if err != nil {
			s.fail(c, err)
			c.Abort()
			return
		}
		c.Set(actorKey, actor)
	}
}

func bearer(c *gin.Context) string {
	scheme, token, _ := strings.Cut(c.GetHeader("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func actor(c *gin.Context) stride.Actor {
	a, _ := c.MustGet(actorKey).(stride.Actor)
	return a
}

// timeOf formats a moment, and nil as nil.
func timeOf(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}
