package api

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

type threatWire struct {
	ID           stride.ThreatID      `json:"id"`
	ProjectID    stride.ProjectID     `json:"project_id"`
	SuggestionID *stride.SuggestionID `json:"suggestion_id"`
	Origin       stride.ThreatOrigin  `json:"origin"`
	State        stride.ThreatState   `json:"state"`
	StateReason  string               `json:"state_reason"`
	stride.Proposal
	// Mitigations are the rows that stand for what the proposal proposed, and others.
	Mitigations  []threatMitigationWire      `json:"mitigations"`
	Proposed     []stride.ProposedMitigation `json:"proposed_mitigations"`
	Residual     residualWire                `json:"residual"`
	AgeDays      *int                        `json:"age_days"`
	DueAt        *time.Time                  `json:"due_at"`
	Overdue      bool                        `json:"overdue"`
	MitigatedBy  *stride.UserID              `json:"mitigated_by"`
	Owner        string                      `json:"owner"`
	Party        string                      `json:"party"`
	ExpiresAt    *time.Time                  `json:"expires_at"`
	AcceptedAt   time.Time                   `json:"accepted_at"`
	AcceptedBy   stride.UserID               `json:"accepted_by"`
	ResolvedAt   *time.Time                  `json:"resolved_at"`
	ReopenCount  int                         `json:"reopen_count"`
	References   []stride.Reference          `json:"references"`
	FirstModelID *stride.ModelID             `json:"first_model_id"`
	LastModelID  *stride.ModelID             `json:"last_model_id"`
	Version      int64                       `json:"version"`
	UpdatedAt    time.Time                   `json:"updated_at"`
}

type threatMitigationWire struct {
	ID         stride.MitigationID     `json:"id"`
	Text       string                  `json:"text"`
	References []string                `json:"references"`
	Status     stride.MitigationStatus `json:"status"`
	Owner      string                  `json:"owner"`
	DueAt      *time.Time              `json:"due_at"`
	Effect     stride.Effect           `json:"effect"`
}

// residualWire is what remains of the risk with the mitigations that hold.
type residualWire struct {
	stride.Risk
	Severity stride.Severity `json:"severity"`
}

func threatMitigationsOut(list []stride.ThreatMitigation) []threatMitigationWire {
	out := make([]threatMitigationWire, 0, len(list))
	for _, m := range list {
		m.References, m.DueAt = orEmpty(m.References), timeOf(m.DueAt)
		out = append(out, threatMitigationWire(m))
	}
	return out
}

func threatOut(t stride.Threat) threatWire {
	residual := t.Content.Residual(t.Mitigations)
	return threatWire{
		Mitigations: threatMitigationsOut(t.Mitigations), Proposed: orEmpty(t.Content.Mitigations),
		Residual: residualWire{residual, residual.Severity()}, AgeDays: t.Ageing.AgeDays, DueAt: timeOf(t.Ageing.DueAt),
		Overdue: t.Ageing.Overdue, MitigatedBy: orNull(t.MitigatedBy),
		ID: t.ID, ProjectID: t.ProjectID, SuggestionID: orNull(t.SuggestionID), Origin: t.Origin, State: t.State,
		StateReason: t.StateReason, Proposal: t.Content, Owner: t.Owner, Party: t.Party, ExpiresAt: timeOf(t.ExpiresAt),
		AcceptedAt: t.AcceptedAt.UTC(), AcceptedBy: t.AcceptedBy, ResolvedAt: timeOf(t.ResolvedAt), ReopenCount: t.ReopenCount,
		References: orEmpty(t.References), FirstModelID: orNull(t.FirstModel), LastModelID: orNull(t.LastModel),
		Version: t.Revision, UpdatedAt: t.UpdatedAt.UTC(),
	}
}

func threatReply(status int) func(stride.Threat) reply {
	return func(t stride.Threat) reply {
		r := reply{status: status, revision: t.Revision, body: threatOut(t)}
		if status == http.StatusCreated {
			r.location = "/v1/threats/" + string(t.ID)
		}
		return r
	}
}

func threatID(c *gin.Context) stride.ThreatID { return stride.ThreatID(c.Param("id")) }

func (s *server) listThreats(c *gin.Context) error {
	q := readQuery(c, "project", "model", "state", "category", "severity", "owner", "overdue", "sort", "limit", "cursor")
	f := analysis.ThreatFilter{
		Project: stride.ProjectID(q.text("project")), Model: stride.ModelID(q.text("model")), Owner: q.text("owner"),
		State:    words(q, "state", stride.ThreatState.Valid),
		Category: words(q, "category", stride.Category.Valid),
		Severity: words(q, "severity", stride.Severity.Valid),
		Overdue:  q.flag("overdue"), Sort: analysis.ThreatSort(q.text("sort")),
	}
	if f.Sort != "" && !f.Sort.Valid() {
		q.add("sort", "must be one of created_at, due_at")
	}
	page := q.page()
	if err := q.err(); err != nil {
		return err
	}
	found, err := s.Threats.List(c.Request.Context(), actor(c), f, page)
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: listOf(found, q.filter(), threatOut)})
}

func (s *server) getThreat(c *gin.Context) error {
	t, err := s.Threats.Get(c.Request.Context(), actor(c), threatID(c))
	if err != nil {
		return err
	}
	return s.write(c, threatReply(http.StatusOK)(t))
}

type newThreatIn struct {
	ModelID stride.ModelID `json:"model_id"`
	Owner   string         `json:"owner"`
	editsIn
}

func (s *server) addThreat(c *gin.Context) error {
	var in newThreatIn
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Threat, error) {
		return s.Threats.Add(c.Request.Context(), call, projectID(c), analysis.NewThreat{
			Model: in.ModelID, Owner: in.Owner, Edits: stride.Edits(in.editsIn),
		})
	}, threatReply(http.StatusCreated))
}

type threatIn struct {
	Owner *string `json:"owner"`
	editsIn
}

func (s *server) updateThreat(c *gin.Context) error {
	var in threatIn
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Threat, error) {
		return s.Threats.Update(c.Request.Context(), call, threatID(c), analysis.ThreatChange{
			Owner: in.Owner, Edits: stride.Edits(in.editsIn),
		})
	}, threatReply(http.StatusOK))
}

type transitionIn struct {
	To        stride.ThreatState `json:"to" validate:"required"`
	Reason    string             `json:"reason" validate:"required"`
	Owner     string             `json:"owner" validate:"max=200"`
	Party     string             `json:"party" validate:"max=200"`
	ExpiresAt *time.Time         `json:"expires_at"`
}

func (s *server) moveThreat(c *gin.Context) error {
	var in transitionIn
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Threat, error) {
		return s.Threats.Move(c.Request.Context(), call, threatID(c), analysis.Transition(in))
	}, threatReply(http.StatusOK))
}

type eventWire struct {
	Seq     int64            `json:"seq"`
	Kind    stride.EventKind `json:"kind"`
	ActorID *stride.UserID   `json:"actor_id"`
	At      time.Time        `json:"at"`
	Payload json.RawMessage  `json:"payload"`
}

func eventOut(e stride.Event) eventWire {
	return eventWire{
		Seq: e.Seq, Kind: e.Kind, ActorID: orNull(e.ActorID), At: e.At.UTC(), Payload: json.RawMessage(e.Payload),
	}
}

func (s *server) threatHistory(c *gin.Context) error {
	events, err := s.Threats.History(c.Request.Context(), actor(c), threatID(c))
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: listOf(analysis.Listing[stride.Event]{Items: events}, "", eventOut)})
}

type referenceIn struct {
	System         string     `json:"system" validate:"required"`
	Key            string     `json:"key" validate:"required"`
	URL            string     `json:"url"`
	AcknowledgedAt *time.Time `json:"acknowledged_at"`
}

func (s *server) setReferences(c *gin.Context) error {
	var in struct {
		References []referenceIn `json:"references" validate:"required,dive"`
	}
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	refs := make([]stride.Reference, 0, len(in.References))
	for _, r := range in.References {
		r.AcknowledgedAt = timeOf(r.AcknowledgedAt)
		refs = append(refs, stride.Reference(r))
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Threat, error) {
		return s.Threats.SetReferences(c.Request.Context(), call, threatID(c), refs)
	}, threatReply(http.StatusOK))
}
