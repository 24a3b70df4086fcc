package api

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// public marks a route that wants no token.
const public stride.Role = ""

// route is one row of the table. Least is the role that the caller needs in some
// project to be heard at all; the use case then checks it in the project itself.
type route struct {
	Method string
	Path   string
	Least  stride.Role
	handle func(*gin.Context) error
}

func (s *server) routes() []route {
	const viewer, author, reviewer, admin = stride.RoleViewer, stride.RoleAuthor, stride.RoleReviewer, stride.RoleAdmin
	table := []route{
		{"GET", "/healthz", public, s.healthz},
		{"GET", "/readyz", public, s.readyz},
		{"GET", "/metrics", public, s.prometheus},
		{"GET", "/openapi.yaml", public, s.openapi},

		{"GET", "/v1/me", viewer, s.me},
		{"GET", "/v1/users/:id", viewer, s.getUser},
		{"GET", "/v1/me/views", viewer, s.listViews},
		{"PUT", "/v1/me/views/:name", viewer, s.saveView},
		{"DELETE", "/v1/me/views/:name", viewer, s.deleteView},

		{"POST", "/v1/projects", author, s.createProject},
		{"GET", "/v1/projects", viewer, s.listProjects},
		{"POST", "/v1/projects/import", admin, s.importProjects},
		{"GET", "/v1/projects/:id", viewer, s.getProject},
		{"PATCH", "/v1/projects/:id", author, s.updateProject},
		{"POST", "/v1/projects/:id/archive", admin, s.archiveProject},
		{"POST", "/v1/projects/:id/models", author, s.createModel},
		{"GET", "/v1/projects/:id/models", viewer, s.listModels},
		{"POST", "/v1/projects/:id/threats", author, s.addThreat},
		{"GET", "/v1/projects/:id/metrics", viewer, s.projectMetrics},

		{"GET", "/v1/models/:id", viewer, s.getModel},
		{"PUT", "/v1/models/:id/architecture", author, s.correctArchitecture},
		{"POST", "/v1/models/:id/submit", author, s.submitModel},
		{"POST", "/v1/models/:id/return", reviewer, s.returnModel},
		{"POST", "/v1/models/:id/sign-off", reviewer, s.signOffModel},
		{"GET", "/v1/models/:id/questions", viewer, s.listQuestions},
		{"POST", "/v1/models/:id/answers", author, s.answerQuestion},
		{"POST", "/v1/models/:id/drafts", author, s.createModelDraft},
		{"GET", "/v1/models/:id/drafts", viewer, s.listModelDrafts},
		{"GET", "/v1/models/:id/coverage", viewer, s.modelCoverage},

		{"POST", "/v1/drafts", author, s.createDraft},
		{"GET", "/v1/drafts/:id", viewer, s.getDraft},
		{"GET", "/v1/drafts/:id/events", viewer, s.draftEvents},
		{"POST", "/v1/drafts/:id/cancel", author, s.cancelDraft},
		{"POST", "/v1/drafts/:id/resume", author, s.resumeDraft},
		{"GET", "/v1/drafts/:id/calls", viewer, s.listDraftCalls},

		{"GET", "/v1/providers", viewer, s.listProviders},
		{"POST", "/v1/providers/check", admin, s.checkProviders},

		{"GET", "/v1/suggestions", viewer, s.listSuggestions},
		{"POST", "/v1/suggestions/next", reviewer, s.nextSuggestion},
		{"POST", "/v1/suggestions/decisions", reviewer, s.decideSuggestions},
		{"GET", "/v1/suggestions/:id", viewer, s.getSuggestion},
		{"POST", "/v1/suggestions/:id/claim", reviewer, s.claimSuggestion},
		{"POST", "/v1/suggestions/:id/release", reviewer, s.releaseSuggestion},
		{"POST", "/v1/suggestions/:id/decision", reviewer, s.decideSuggestion},
		{"POST", "/v1/suggestions/:id/undo", reviewer, s.undoDecision},
		{"POST", "/v1/suggestions/:id/answer", author, s.answerReviewer},

		{"GET", "/v1/threats", viewer, s.listThreats},
		{"GET", "/v1/threats/:id", viewer, s.getThreat},
		{"PATCH", "/v1/threats/:id", author, s.updateThreat},
		{"POST", "/v1/threats/:id/transitions", author, s.moveThreat},
		{"GET", "/v1/threats/:id/history", viewer, s.threatHistory},
		{"PUT", "/v1/threats/:id/references", author, s.setReferences},
		{"POST", "/v1/threats/:id/mitigations", author, s.addMitigation},
		{"DELETE", "/v1/threats/:id/mitigations/:mitigation_id", author, s.removeMitigation},
		{"POST", "/v1/threats/:id/test-cases/draft", author, s.draftTestCases},
		{"POST", "/v1/threats/:id/test-cases", author, s.addTestCase},
		{"GET", "/v1/threats/:id/test-cases", viewer, s.listTestCases},
		{"GET", "/v1/test-cases/:id", viewer, s.getTestCase},
		{"PUT", "/v1/test-cases/:id", author, s.replaceTestCase},
		{"DELETE", "/v1/test-cases/:id", author, s.deleteTestCase},

		{"GET", "/v1/mitigations", viewer, s.listMitigations},
		{"GET", "/v1/mitigations/:id", viewer, s.getMitigation},
		{"PATCH", "/v1/mitigations/:id", author, s.updateMitigation},
		{"POST", "/v1/mitigations/:id/transitions", author, s.moveMitigation},

		{"GET", "/v1/metrics", viewer, s.portfolioMetrics},
		{"GET", "/v1/metrics/formulas", viewer, s.metricFormulas},
	}
	return append(table, s.talkRoutes()...)
}

// talkRoutes are about what people said and did.
func (s *server) talkRoutes() []route {
	const viewer, author = stride.RoleViewer, stride.RoleAuthor
	return []route{
		{"GET", "/v1/suggestions/:id/comments", viewer, s.commentsOf(stride.SubjectSuggestion)},
		{"POST", "/v1/suggestions/:id/comments", author, s.commentOn(stride.SubjectSuggestion)},
		{"GET", "/v1/threats/:id/comments", viewer, s.commentsOf(stride.SubjectThreat)},
		{"POST", "/v1/threats/:id/comments", author, s.commentOn(stride.SubjectThreat)},
		{"GET", "/v1/comments/:id", viewer, s.getComment},
		{"PUT", "/v1/comments/:id", author, s.replaceComment},
		{"DELETE", "/v1/comments/:id", author, s.deleteComment},
		{"GET", "/v1/me/mentions", viewer, s.listMentions},
		{"POST", "/v1/me/mentions/read", viewer, s.readMentions},

		{"GET", "/v1/audit-events", viewer, s.listAuditEvents},
	}
}

func (s *server) router() http.Handler {
	r := gin.New()
	r.HandleMethodNotAllowed = true
	r.ContextWithFallback = true
	r.Use(s.identify, s.observe, s.recover, secureHeaders)
	for _, rt := range s.routes() {
		r.Handle(rt.Method, rt.Path, s.guard(rt.Least), s.run(rt.handle))
	}
	s.docs(r)
	s.page(r)
	r.NoRoute(s.run(func(c *gin.Context) error {
		return stride.Errorf(stride.NotFound, "there is nothing at %s", c.Request.URL.Path)
	}))
	r.NoMethod(s.methodNotAllowed)
	return r
}

// run answers a handler's error as a problem document. An id that cannot be one
// of ours is not found, whatever the database would say of its bytes.
func (s *server) run(h func(*gin.Context) error) gin.HandlerFunc {
	return func(c *gin.Context) {
		for _, p := range c.Params {
			if strings.HasSuffix(p.Key, "id") && !isHarmless(p.Value) {
				s.fail(c, stride.Errorf(stride.NotFound, "there is nothing of this id"))
				return
			}
		}
		if err := h(c); err != nil {
			s.fail(c, err)
		}
	}
}
