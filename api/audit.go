package api

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// auditWire is an event outside of what it is about; hash and prev_hash let a
// reader check the chain without trusting the server.
type auditWire struct {
	ProjectID stride.ProjectID `json:"project_id"`
	Subject   stride.Subject   `json:"subject"`
	SubjectID string           `json:"subject_id"`
	eventWire
	PrevHash string `json:"prev_hash"`
	Hash     string `json:"hash"`
}

func auditOut(e stride.Event) auditWire {
	return auditWire{
		ProjectID: e.ProjectID, Subject: e.Subject, SubjectID: e.SubjectID, eventWire: eventOut(e), PrevHash: e.PrevHash, Hash: e.Hash,
	}
}

func (s *server) listAuditEvents(c *gin.Context) error {
	q := readQuery(c, "project", "actor", "kind", "subject", "subject_id", "since", "until", "order", "limit", "cursor")
	f := analysis.EventFilter{
		Project: stride.ProjectID(q.text("project")), Actor: stride.UserID(q.text("actor")),
		Kind: words(q, "kind", stride.EventKind.Valid), Subject: stride.Subject(q.text("subject")), SubjectID: q.text("subject_id"),
		Since: q.moment("since"), Until: q.moment("until"),
	}
	if f.Subject != "" && !f.Subject.Valid() {
		q.add("subject", "must be one of project, model, draft, suggestion, threat, question, mitigation")
	}
	if f.SubjectID != "" && f.Subject == "" {
		q.add("subject_id", "wants subject beside it")
	}
	if f.Since != nil && f.Until != nil && !f.Since.Before(*f.Until) {
		q.add("until", "must be after since")
	}
	switch q.text("order") {
	case "", "desc":
	case "asc":
		f.OldestFirst = true
	default:
		q.add("order", "must be asc or desc")
	}
	page := q.page()
	if err := q.err(); err != nil {
		return err
	}
	found, err := s.Audit.List(c.Request.Context(), actor(c), f, page)
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: listOf(found, q.filter(), auditOut)})
}
