package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// problem is an RFC 9457 document. Current is the resource as it stands, where
// that helps the caller to go on.
type problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail"`
	RequestID string         `json:"request_id"`
	Errors    []stride.Field `json:"errors"`
	Current   any            `json:"current,omitempty"`
}

// statuses maps every kind of error to the status that it is answered with.
var statuses = map[stride.Kind]int{
	stride.Invalid:              http.StatusBadRequest,
	stride.Unauthenticated:      http.StatusUnauthorized,
	stride.Forbidden:            http.StatusForbidden,
	stride.NotFound:             http.StatusNotFound,
	stride.Conflict:             http.StatusConflict,
	stride.Stale:                http.StatusPreconditionFailed,
	stride.PreconditionRequired: http.StatusPreconditionRequired,
	stride.Unprocessable:        http.StatusUnprocessableEntity,
	stride.NoComponents:         http.StatusUnprocessableEntity,
	stride.TooLarge:             http.StatusRequestEntityTooLarge,
	stride.UnsupportedMedia:     http.StatusUnsupportedMediaType,
	stride.Unavailable:          http.StatusServiceUnavailable,
}

// fail answers err. What is none of ours is logged and answered as 500 without
// a detail.
func (s *server) fail(c *gin.Context, err error) {
	if c.Writer.Written() {
		s.Log.WarnContext(c, "request failed after its answer began", "request_id", requestID(c), "error", err)
		return
	}
	var known *stride.Error
	switch {
	case errors.As(err, &known):
		s.writeKnown(c, known)
	case errors.Is(err, context.Canceled) && c.Request.Context().Err() != nil:
		c.Status(499) // the caller went away; nobody reads an answer
	default:
		s.Log.ErrorContext(c, "request failed", "request_id", requestID(c), "route", c.FullPath(), "error", err)
		s.writeProblem(c, problem{
			Type: problemType("internal"), Status: http.StatusInternalServerError,
			Detail: "something went wrong on our side; quote the request id when you report it",
		})
	}
}

func (s *server) writeKnown(c *gin.Context, e *stride.Error) {
	if e.Kind == stride.Unauthenticated {
		c.Header("WWW-Authenticate", `Bearer realm="threatdraft"`)
	}
	if _, revision := present(e.Current); revision > 0 {
		c.Header("ETag", etag(revision))
	}
	s.writeProblem(c, problemOf(e))
}

// problemOf is the document of an error of ours.
func problemOf(e *stride.Error) problem {
	current, _ := present(e.Current)
	return problem{Type: problemType(string(e.Kind)), Status: statuses[e.Kind], Detail: e.Message, Errors: e.Fields, Current: current}
}

// complete fills in what every problem has.
func (p problem) complete(c *gin.Context) problem {
	p.Title, p.RequestID = http.StatusText(p.Status), requestID(c)
	if p.Errors == nil {
		p.Errors = []stride.Field{}
	}
	return p
}

func (s *server) writeProblem(c *gin.Context, p problem) {
	body, err := json.Marshal(p.complete(c))
	if err != nil {
		s.Log.ErrorContext(c, "encode problem", "error", err)
		c.Status(http.StatusInternalServerError)
		return
	}
	c.Data(p.Status, "application/problem+json", body)
}

func problemType(kind string) string { return "urn:threatdraft:problem:" + kind }

func (s *server) methodNotAllowed(c *gin.Context) {
	s.writeProblem(c, problem{
		Type: problemType("method_not_allowed"), Status: http.StatusMethodNotAllowed,
		Detail: c.Request.Method + " is not possible here; allowed: " + c.Writer.Header().Get("Allow"),
	})
}

// present gives the wire shape of a resource and its revision, 0 where it has
// none.
func present(resource any) (any, int64) {
	switch r := resource.(type) {
	case stride.Project:
		return projectOut(r), r.Revision
	case stride.ThreatModel:
		return modelSummary(r), r.Revision
	case stride.Draft:
		return draftOut(r), 0
	case stride.Suggestion:
		return suggestionOut(r), r.Revision
	case stride.Threat:
		return threatOut(r), r.Revision
	case stride.TestCase:
		return testCaseOut(r), r.Revision
	case stride.Comment:
		return commentOut(r), r.Revision
	case stride.Mitigation:
		return mitigationOut(r), r.Revision
	}
	return nil, 0
}
