package api

import (
	"bytes"
	"net/http"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

type projectIn struct {
	Name        *string             `json:"name"`
	Owner       *string             `json:"owner"`
	InScope     *stride.InScope     `json:"in_scope"`
	Criticality *stride.Criticality `json:"criticality"`
	Tags        *[]string           `json:"tags"`
}

type projectWire struct {
	ID          stride.ProjectID   `json:"id"`
	Name        string             `json:"name"`
	Owner       string             `json:"owner"`
	InScope     stride.InScope     `json:"in_scope"`
	Criticality stride.Criticality `json:"criticality"`
	Tags        []string           `json:"tags"`
	Sandbox     bool               `json:"sandbox"`
	Stale       bool               `json:"stale"`
	StaleReason string             `json:"stale_reason"`
	CreatedAt   time.Time          `json:"created_at"`
	UpdatedAt   time.Time          `json:"updated_at"`
	ArchivedAt  *time.Time         `json:"archived_at"`
}

func projectOut(p stride.Project) projectWire {
	return projectWire{
		ID: p.ID, Name: p.Name, Owner: p.Owner, InScope: p.InScope, Criticality: p.Criticality, Tags: p.Tags,
		Sandbox: p.SandboxOf != "", Stale: len(p.Stale) > 0, StaleReason: strings.Join(p.Stale, "; "), CreatedAt: p.CreatedAt.UTC(), UpdatedAt: p.UpdatedAt.UTC(), ArchivedAt: timeOf(p.ArchivedAt),
	}
}

func projectReply(status int) func(stride.Project) reply {
	return func(p stride.Project) reply {
		r := reply{status: status, revision: p.Revision, body: projectOut(p)}
		if status == http.StatusCreated {
			r.location = "/v1/projects/" + string(p.ID)
		}
		return r
	}
}

func projectID(c *gin.Context) stride.ProjectID { return stride.ProjectID(c.Param("id")) }

func (s *server) createProject(c *gin.Context) error {
	var in projectIn
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Project, error) {
		return s.Projects.Create(c.Request.Context(), call, analysis.ProjectFields(in))
	}, projectReply(http.StatusCreated))
}

func (s *server) listProjects(c *gin.Context) error {
	q := readQuery(c, "in_scope", "archived", "tag", "name", "sandboxes", "stale", "limit", "cursor")
	f := analysis.ProjectFilter{Archived: q.flag("archived"), Stale: q.flag("stale"), Tag: q.text("tag"), Name: q.text("name")}
	f.InScope = stride.InScope(q.text("in_scope"))
	if f.InScope != "" && !f.InScope.Valid() {
		q.add("in_scope", "must be one of unknown, true, false")
	}
	if sandboxes := q.flag("sandboxes"); sandboxes != nil {
		f.Sandboxes = *sandboxes
	}
	page := q.page()
	if err := q.err(); err != nil {
		return err
	}
	found, err := s.Projects.List(c.Request.Context(), actor(c), f, page)
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: listOf(found, q.filter(), projectOut)})
}

func (s *server) getProject(c *gin.Context) error {
	p, err := s.Projects.Get(c.Request.Context(), actor(c), projectID(c))
	if err != nil {
		return err
	}
	return s.write(c, projectReply(http.StatusOK)(p))
}

func (s *server) updateProject(c *gin.Context) error {
	var in projectIn
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Project, error) {
		return s.Projects.Update(c.Request.Context(), call, projectID(c), analysis.ProjectFields(in))
	}, projectReply(http.StatusOK))
}

func (s *server) archiveProject(c *gin.Context) error {
	body, err := s.readOptionalJSON(c, &struct{}{})
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Project, error) {
		return s.Projects.Archive(c.Request.Context(), call, projectID(c))
	}, projectReply(http.StatusOK))
}

// importProjects takes an inventory as text/csv.
func (s *server) importProjects(c *gin.Context) error {
	if t := mediaType(c); t != "text/csv" {
		return &stride.Error{
			Kind: stride.UnsupportedMedia, Message: "send text/csv",
			Fields: []stride.Field{{Field: "Content-Type", Message: "must be text/csv"}},
		}
	}
	body, err := readBody(c, maxSourceBody)
	if err != nil {
		return err
	}
	if i := invalidUTF8(body); i >= 0 {
		return stride.InvalidField("body", "is not UTF-8 at byte %d", i)
	}
	if i := bytes.IndexByte(body, 0); i >= 0 {
		return stride.InvalidField("body", "has a NUL at byte %d", i)
	}
	return mutate(s, c, body, func(call analysis.Call) (analysis.ImportReport, error) {
		return s.Projects.Import(c.Request.Context(), call, bytes.NewReader(body))
	}, func(r analysis.ImportReport) reply { return reply{status: http.StatusOK, body: r} })
}
