package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

type mitigationWire struct {
	ID           stride.MitigationID     `json:"id"`
	ProjectID    stride.ProjectID        `json:"project_id"`
	Text         string                  `json:"text"`
	References   []string                `json:"references"`
	Origin       stride.Provenance       `json:"origin"`
	Owner        string                  `json:"owner"`
	DueAt        *time.Time              `json:"due_at"`
	Overdue      bool                    `json:"overdue"`
	Status       stride.MitigationStatus `json:"status"`
	StatusReason string                  `json:"status_reason"`
	MovedAt      time.Time               `json:"moved_at"`
	DoneAt       *time.Time              `json:"done_at"`
	DoneBy       *stride.UserID          `json:"done_by"`
	VerifiedAt   *time.Time              `json:"verified_at"`
	VerifiedBy   *stride.UserID          `json:"verified_by"`
	Threats      []mitigatedThreatWire   `json:"threats"`
	CreatedAt    time.Time               `json:"created_at"`
	CreatedBy    stride.UserID           `json:"created_by"`
	UpdatedAt    time.Time               `json:"updated_at"`
	Version      int64                   `json:"version"`
}

type mitigatedThreatWire struct {
	ThreatID stride.ThreatID `json:"threat_id"`
	Title    string          `json:"title"`
	Effect   stride.Effect   `json:"effect"`
}

func mitigationOut(m stride.Mitigation) mitigationWire {
	out := mitigationWire{
		ID: m.ID, ProjectID: m.ProjectID, Text: m.Text, References: orEmpty(m.References), Origin: m.Origin, Owner: m.Owner,
		DueAt: timeOf(m.DueAt), Overdue: m.Overdue, Status: m.Status, StatusReason: m.StatusReason,
		MovedAt: m.MovedAt.UTC(), DoneAt: timeOf(m.DoneAt), DoneBy: orNull(m.DoneBy), VerifiedAt: timeOf(m.VerifiedAt),
		VerifiedBy: orNull(m.VerifiedBy), Threats: make([]mitigatedThreatWire, 0, len(m.Threats)), CreatedAt: m.CreatedAt.UTC(),
		CreatedBy: m.CreatedBy, UpdatedAt: m.UpdatedAt.UTC(), Version: m.Revision,
	}
	for _, t := range m.Threats {
		out.Threats = append(out.Threats, mitigatedThreatWire(t))
	}
	return out
}

func mitigationReply(status int) func(stride.Mitigation) reply {
	return func(m stride.Mitigation) reply {
		r := reply{status: status, revision: m.Revision, body: mitigationOut(m)}
		if status == http.StatusCreated {
			r.location = "/v1/mitigations/" + string(m.ID)
		}
		return r
	}
}

func mitigationID(c *gin.Context) stride.MitigationID { return stride.MitigationID(c.Param("id")) }

func (s *server) listMitigations(c *gin.Context) error {
	q := readQuery(c, "project", "threat", "status", "owner", "due_before", "overdue", "sort", "limit", "cursor")
	f := analysis.MitigationFilter{
		Project: stride.ProjectID(q.text("project")), Threat: stride.ThreatID(q.text("threat")), Owner: q.text("owner"),
		Status:    words(q, "status", stride.MitigationStatus.Valid),
		DueBefore: q.moment("due_before"), Overdue: q.flag("overdue"), Sort: analysis.MitigationSort(q.text("sort")),
	}
	if f.Sort != "" && !f.Sort.Valid() {
		q.add("sort", "must be one of -created_at, due_at")
	}
	page := q.page()
	if err := q.err(); err != nil {
		return err
	}
	found, err := s.Mitigations.List(c.Request.Context(), actor(c), f, page)
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: listOf(found, q.filter(), mitigationOut)})
}

func (s *server) getMitigation(c *gin.Context) error {
	m, err := s.Mitigations.Get(c.Request.Context(), actor(c), mitigationID(c))
	if err != nil {
		return err
	}
	return s.write(c, mitigationReply(http.StatusOK)(m))
}

// timeIn is a due date that null takes back.
type timeIn struct {
	given bool
	at    *time.Time
}

// UnmarshalJSON implements json.Unmarshaler; it is called where the field stands.
func (t *timeIn) UnmarshalJSON(body []byte) error {
	t.given = true
	if json.Unmarshal(body, &t.at) != nil {
		return stride.InvalidField("due_at", "must be a time as of RFC 3339, or null")
	}
	return nil
}

func (t timeIn) change() **time.Time {
	if !t.given {
		return nil
	}
	at := timeOf(t.at)
	return &at
}

type mitigationIn struct {
	Text       *string   `json:"text"`
	References *[]string `json:"references"`
	Owner      *string   `json:"owner"`
	DueAt      timeIn    `json:"due_at"`
}

func (in mitigationIn) fields() analysis.MitigationFields {
	return analysis.MitigationFields{Text: in.Text, References: in.References, Owner: in.Owner, DueAt: in.DueAt.change()}
}

func (s *server) updateMitigation(c *gin.Context) error {
	var in mitigationIn
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Mitigation, error) {
		return s.Mitigations.Update(c.Request.Context(), call, mitigationID(c), in.fields())
	}, mitigationReply(http.StatusOK))
}

func (s *server) moveMitigation(c *gin.Context) error {
	var in struct {
		To     stride.MitigationStatus `json:"to" validate:"required"`
		Reason string                  `json:"reason"`
	}
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Mitigation, error) {
		return s.Mitigations.Move(c.Request.Context(), call, mitigationID(c), analysis.MitigationMove(in))
	}, mitigationReply(http.StatusOK))
}

// addMitigation takes a new mitigation, or mitigation_id of one that exists.
func (s *server) addMitigation(c *gin.Context) error {
	var in struct {
		MitigationID stride.MitigationID `json:"mitigation_id"`
		Effect       *stride.Effect      `json:"effect"`
		mitigationIn
	}
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Mitigation, error) {
		return s.Threats.AddMitigation(c.Request.Context(), call, threatID(c), analysis.NewMitigation{
			ID: in.MitigationID, Fields: in.fields(), Effect: in.Effect,
		})
	}, mitigationReply(http.StatusCreated))
}

func (s *server) removeMitigation(c *gin.Context) error {
	body, err := s.readOptionalJSON(c, &struct{}{})
	if err != nil {
		return err
	}
	id := stride.MitigationID(c.Param("mitigation_id"))
	return mutate(s, c, body, func(call analysis.Call) (stride.Threat, error) {
		return s.Threats.RemoveMitigation(c.Request.Context(), call, threatID(c), id)
	}, threatReply(http.StatusOK))
}
