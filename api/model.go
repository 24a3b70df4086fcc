package api

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

type sourceIn struct {
	Name    string `json:"name"`
	Format  string `json:"format"`
	Content string `json:"content" validate:"required"`
}

type modelIn struct {
	Scope   string     `json:"scope"`
	Sources []sourceIn `json:"sources" validate:"required,min=1,dive"`
}

type sourceWire struct {
	ID     stride.SourceID `json:"id"`
	Name   string          `json:"name"`
	Format string          `json:"format"`
	// Content is left out of lists.
	Content *string `json:"content,omitempty"`
}

type modelWire struct {
	ID          stride.ModelID    `json:"id"`
	ProjectID   stride.ProjectID  `json:"project_id"`
	Scope       string            `json:"scope"`
	Version     int               `json:"version"`
	State       stride.ModelState `json:"state"`
	ContentHash string            `json:"content_hash"`
	Sources     []sourceWire      `json:"sources"`
	// Architecture is left out of lists.
	Architecture *stride.Architecture `json:"architecture,omitempty"`
	Notes        []string             `json:"notes"`
	AuthorID     stride.UserID        `json:"author_id"`
	AssigneeID   *stride.UserID       `json:"assignee_id"`
	CreatedAt    time.Time            `json:"created_at"`
	SubmittedAt  *time.Time           `json:"submitted_at"`
	CompletedAt  *time.Time           `json:"completed_at"`
	CompletedBy  *stride.UserID       `json:"completed_by"`
	Stale        bool                 `json:"stale"`
	StaleReason  string               `json:"stale_reason"`
}

// modelSummary is a model without its architecture and contents.
func modelSummary(m stride.ThreatModel) modelWire {
	out := modelWire{
		ID: m.ID, ProjectID: m.ProjectID, Scope: m.Scope, Version: m.Number, State: m.State, ContentHash: m.ContentHash,
		Sources: make([]sourceWire, 0, len(m.Sources)), Notes: orEmpty(m.Notes), AuthorID: m.AuthorID,
		AssigneeID: orNull(m.AssigneeID), CreatedAt: m.CreatedAt.UTC(), SubmittedAt: timeOf(m.SubmittedAt),
		CompletedAt: timeOf(m.CompletedAt), CompletedBy: orNull(m.CompletedBy), Stale: m.Stale != "", StaleReason: m.Stale,
	}
	for _, src := range m.Sources {
		out.Sources = append(out.Sources, sourceWire{ID: src.ID, Name: src.Name, Format: src.Format})
	}
	return out
}

func modelOut(m stride.ThreatModel) modelWire {
	out := modelSummary(m)
	out.Architecture = &m.Architecture
	for i, src := range m.Sources {
		out.Sources[i].Content = new(string(src.Content))
	}
	return out
}

// orNull turns "" into null.
func orNull[T ~string](v T) *T {
	if v == "" {
		return nil
	}
	return &v
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

func modelReply(status int) func(stride.ThreatModel) reply {
	return func(m stride.ThreatModel) reply {
		r := reply{status: status, revision: m.Revision, body: modelOut(m)}
		if status == http.StatusCreated {
			r.location = "/v1/models/" + string(m.ID)
		}
		return r
	}
}

func modelID(c *gin.Context) stride.ModelID { return stride.ModelID(c.Param("id")) }

func (s *server) createModel(c *gin.Context) error {
	var in modelIn
	body, err := s.readJSON(c, maxSourceBody, &in)
	if err != nil {
		return err
	}
	n := analysis.NewModel{Scope: in.Scope}
	for _, src := range in.Sources {
		n.Sources = append(n.Sources, analysis.NewSource{Name: src.Name, Format: src.Format, Content: []byte(src.Content)})
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.ThreatModel, error) {
		return s.Submissions.CreateModel(c.Request.Context(), call, projectID(c), n)
	}, modelReply(http.StatusCreated))
}

func (s *server) listModels(c *gin.Context) error {
	q := readQuery(c, "scope", "state", "limit", "cursor")
	f := analysis.ModelFilter{Scope: q.text("scope"), State: stride.ModelState(q.text("state"))}
	switch f.State {
	case "", stride.ModelDraft, stride.ModelInReview, stride.ModelCompleted, stride.ModelSuperseded:
	default:
		q.add("state", "must be one of draft, in_review, completed, superseded")
	}
	page := q.page()
	if err := q.err(); err != nil {
		return err
	}
	if _, err := s.Projects.Get(c.Request.Context(), actor(c), projectID(c)); err != nil {
		return err
	}
	found, err := s.Models.List(c.Request.Context(), actor(c), projectID(c), f, page)
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: listOf(found, q.filter(), modelSummary)})
}

func (s *server) getModel(c *gin.Context) error {
	m, err := s.Models.Get(c.Request.Context(), actor(c), modelID(c))
	if err != nil {
		return err
	}
	return s.write(c, modelReply(http.StatusOK)(m))
}

// correctArchitecture answers with the new version that the correction made.
func (s *server) correctArchitecture(c *gin.Context) error {
	var in stride.Architecture
	body, err := s.readJSON(c, maxSourceBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.ThreatModel, error) {
		return s.Submissions.CorrectArchitecture(c.Request.Context(), call, modelID(c), in)
	}, modelReply(http.StatusCreated))
}

func (s *server) submitModel(c *gin.Context) error {
	var in struct {
		Assignee string `json:"assignee" validate:"max=200"`
	}
	body, err := s.readOptionalJSON(c, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.ThreatModel, error) {
		return s.Models.Submit(c.Request.Context(), call, modelID(c), in.Assignee)
	}, modelReply(http.StatusOK))
}

func (s *server) returnModel(c *gin.Context) error {
	var in struct {
		Reason string `json:"reason" validate:"required,max=4000"`
	}
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.ThreatModel, error) {
		return s.Models.Return(c.Request.Context(), call, modelID(c), in.Reason)
	}, modelReply(http.StatusOK))
}

func (s *server) signOffModel(c *gin.Context) error {
	body, err := s.readOptionalJSON(c, &struct{}{})
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.ThreatModel, error) {
		return s.Models.SignOff(c.Request.Context(), call, modelID(c))
	}, modelReply(http.StatusOK))
}

type cellWire struct {
	stride.Cell
	Target string `json:"target"`
}

func (s *server) modelCoverage(c *gin.Context) error {
	m, err := s.Models.Get(c.Request.Context(), actor(c), modelID(c))
	if err != nil {
		return err
	}
	cells, err := s.Models.Coverage(c.Request.Context(), actor(c), m.ID)
	if err != nil {
		return err
	}
	out := struct {
		Cells   []cellWire               `json:"cells"`
		Summary map[stride.CellState]int `json:"summary"`
	}{Cells: make([]cellWire, 0, len(cells)), Summary: map[stride.CellState]int{
		stride.CellThreat: 0, stride.CellMitigated: 0, stride.CellNotApplicable: 0, stride.CellEmpty: 0,
	}}
	for _, cell := range cells {
		out.Cells = append(out.Cells, cellWire{Cell: cell, Target: m.Architecture.TargetName(cell.TargetID)})
		out.Summary[cell.State]++
	}
	return s.write(c, reply{status: http.StatusOK, body: out})
}
