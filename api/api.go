// Package api is the HTTP edge: it turns requests into calls of use cases and
// their results and errors into JSON.
//
// The whole route table stands in router.go, each route with the role that it
// wants; one file per resource holds its wire shapes and handlers; problem.go is
// the one place where errors become RFC 9457 documents. Nothing here decides
// what a caller may do with a project, or touches the database: that is
// internal/analysis. The contract is openapi.yaml at the root; tests hold routes
// and contract together.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/go-playground/validator/v10"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/threatdraft/threatdraft/internal/analysis"
)

// Deps is what the edge is wired with. All are required.
type Deps struct {
	Access      *analysis.Access
	Projects    *analysis.Projects
	Submissions *analysis.Submissions
	Models      *analysis.Models
	Questions   *analysis.Questions
	Drafts      *analysis.Drafts
	Providers   *analysis.Providers
	Reviews     *analysis.Reviews
	Views       *analysis.Views
	Threats     *analysis.Threats
	Audit       *analysis.Audit
	Comments    *analysis.Comments
	Mitigations *analysis.Mitigations
	TestCases   *analysis.TestCases
	Metrics     *analysis.Metrics

	// Ready returns an error while the server cannot do its work.
	Ready    func(context.Context) error
	Log      *slog.Logger
	Registry *prometheus.Registry
	Now      func() time.Time
	NewID    func() string
	// Closing is closed when the server drains, so that event streams end.
	Closing <-chan struct{}
}

// server holds what the handlers share.
type server struct {
	Deps
	validate *validator.Validate
	seen     *requestMetrics
}

// New returns the handler of the whole API.
func New(deps Deps) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	s := &server{Deps: deps, validate: newValidator(), seen: newRequestMetrics(deps.Registry)}
	return s.router()
}
