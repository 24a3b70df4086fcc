package api

import (
	"net/http"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// suggestionWire is the current content beside the state of the suggestion.
type suggestionWire struct {
	ID        stride.SuggestionID    `json:"id"`
	ProjectID stride.ProjectID       `json:"project_id"`
	ModelID   stride.ModelID         `json:"model_id"`
	DraftID   stride.DraftID         `json:"draft_id"`
	State     stride.SuggestionState `json:"state"`
	Submitted bool                   `json:"submitted"`
	stride.Proposal
	Origins []stride.Origin `json:"origins"`
	// Original is what was drafted, before any edit.
	Original   stride.Proposal          `json:"proposal"`
	MergedInto *stride.SuggestionID     `json:"merged_into"`
	ThreatID   *stride.ThreatID         `json:"threat_id"`
	Ask        string                   `json:"ask"`
	Earlier    []stride.EarlierDecision `json:"earlier_decisions"`
	Version    int64                    `json:"version"`
	CreatedAt  time.Time                `json:"created_at"`
	DecidedAt  *time.Time               `json:"decided_at"`
	DecidedBy  *stride.UserID           `json:"decided_by"`
	// ClaimedBy works on it until ClaimedUntil, which may be over.
	ClaimedBy    *stride.UserID `json:"claimed_by"`
	ClaimedUntil *time.Time     `json:"claimed_until"`
	ParkedUntil  *time.Time     `json:"parked_until"`
	// Decisions is there where one suggestion is asked for.
	Decisions *[]decisionWire `json:"decisions,omitempty"`
}

type decisionWire struct {
	ID       stride.DecisionID    `json:"id"`
	Decision stride.DecisionKind  `json:"decision"`
	Reason   stride.RejectReason  `json:"reason"`
	Text     string               `json:"text"`
	Diff     []stride.Change      `json:"diff"`
	Into     *stride.SuggestionID `json:"into"`
	ActorID  *stride.UserID       `json:"actor_id"`
	At       time.Time            `json:"at"`
	Until    *time.Time           `json:"until"`
	Undone   bool                 `json:"undone"`
}

func suggestionOut(s stride.Suggestion) suggestionWire {
	return suggestionWire{
		ID: s.ID, ProjectID: s.ProjectID, ModelID: s.ModelID, DraftID: s.DraftID, State: s.State, Submitted: s.Submitted,
		Proposal: s.Current, Origins: orEmpty(s.Proposal.Origins), Original: s.Proposal, MergedInto: orNull(s.MergedInto), ThreatID: orNull(s.ThreatID), Ask: s.Ask,
		Earlier: orEmpty(s.Earlier), Version: s.Revision, CreatedAt: s.CreatedAt.UTC(), DecidedAt: timeOf(s.DecidedAt),
		DecidedBy: orNull(s.DecidedBy), ClaimedBy: orNull(s.ClaimedBy), ClaimedUntil: timeOf(s.ClaimedUntil), ParkedUntil: timeOf(s.ParkedUntil),
	}
}

func decisionOut(d stride.Decision) decisionWire {
	return decisionWire{
		ID: d.ID, Decision: d.Kind, Reason: d.Reason, Text: d.Text, Diff: orEmpty(d.Diff), Into: orNull(d.Into),
		ActorID: orNull(d.ActorID), At: d.At.UTC(), Until: timeOf(d.Until), Undone: d.Undone,
	}
}

func suggestionReply(s stride.Suggestion) reply {
	return reply{status: http.StatusOK, revision: s.Revision, body: suggestionOut(s)}
}

func suggestionID(c *gin.Context) stride.SuggestionID { return stride.SuggestionID(c.Param("id")) }

// queueFilters are the parameters that narrow the queue.
var queueFilters = []string{
	"project", "model", "draft", "submitted", "state", "category", "severity", "confidence", "target", "rule", "q", "claimed", "parked", "created_before", "sort",
}

// readFilter reads the parameters that narrow the queue.
func readFilter(q *query) analysis.SuggestionFilter {
	f := analysis.SuggestionFilter{
		Project: stride.ProjectID(q.text("project")), Model: stride.ModelID(q.text("model")), Draft: stride.DraftID(q.text("draft")),
		Submitted: q.flag("submitted"), Target: stride.Key(q.text("target")),
		State:      words(q, "state", stride.SuggestionState.Valid),
		Category:   words(q, "category", stride.Category.Valid),
		Severity:   words(q, "severity", stride.Severity.Valid),
		Confidence: words(q, "confidence", stride.Confidence.Valid),
		Rule:       q.text("rule"), Text: q.text("q"), Claimed: analysis.Claimed(q.text("claimed")), Parked: q.flag("parked"),
		CreatedBefore: q.moment("created_before"), Sort: analysis.SuggestionSort(q.text("sort")),
	}
	if f.Sort != "" && !f.Sort.Valid() {
		q.add("sort", "must be one of priority, created_at, -created_at")
	}
	if f.Claimed != "" && !f.Claimed.Valid() {
		q.add("claimed", "must be one of me, others, nobody")
	}
	if len(f.Text) > 200 {
		q.add("q", "must have at most 200 bytes")
	}
	return f
}

// suggestionList is a page of the queue, with facets where they are asked for.
type suggestionList struct {
	list[suggestionWire]
	Facets *facetsWire `json:"facets,omitempty"`
}

type facetsWire struct {
	State      map[stride.SuggestionState]int64 `json:"state"`
	Category   map[stride.Category]int64        `json:"category"`
	Severity   map[stride.Severity]int64        `json:"severity"`
	Confidence map[stride.Confidence]int64      `json:"confidence"`
}

func (s *server) listSuggestions(c *gin.Context) error {
	q := readQuery(c, append(slices.Clone(queueFilters), "facets", "limit", "cursor")...)
	f, facets, page := readFilter(q), q.flag("facets"), q.page()
	if err := q.err(); err != nil {
		return err
	}
	found, err := s.Reviews.List(c.Request.Context(), actor(c), f, page)
	if err != nil {
		return err
	}
	out := suggestionList{list: listOf(found, q.filter(), suggestionOut)}
	if facets != nil && *facets {
		counted, err := s.Reviews.Facets(c.Request.Context(), actor(c), f)
		if err != nil {
			return err
		}
		wire := facetsWire(counted)
		out.Facets = &wire
	}
	return s.write(c, reply{status: http.StatusOK, body: out})
}

func (s *server) getSuggestion(c *gin.Context) error {
	found, err := s.Reviews.Get(c.Request.Context(), actor(c), suggestionID(c))
	if err != nil {
		return err
	}
	decisions, err := s.Reviews.Decisions(c.Request.Context(), actor(c), found.ID)
	if err != nil {
		return err
	}
	out := suggestionOut(found)
	made := make([]decisionWire, 0, len(decisions))
	for _, d := range decisions {
		made = append(made, decisionOut(d))
	}
	out.Decisions = &made
	return s.write(c, reply{status: http.StatusOK, revision: found.Revision, body: out})
}

// editsIn are edits of a suggestion's or a threat's content.
type editsIn struct {
	Category    *stride.Category             `json:"category"`
	Title       *string                      `json:"title"`
	Statement   *string                      `json:"statement"`
	TargetIDs   *[]stride.Key                `json:"target_ids"`
	Likelihood  *int                         `json:"likelihood"`
	Impact      *int                         `json:"impact"`
	Confidence  *stride.Confidence           `json:"confidence"`
	CWE         *[]string                    `json:"cwe"`
	CAPEC       *[]string                    `json:"capec"`
	Mitigations *[]stride.ProposedMitigation `json:"mitigations"`
}

type decisionIn struct {
	Decision stride.DecisionKind `json:"decision" validate:"required"`
	Reason   stride.RejectReason `json:"reason"`
	Text     string              `json:"text"`
	Edits    editsIn             `json:"edits"`
	Into     stride.SuggestionID `json:"into"`
	Until    *time.Time          `json:"until"`
	Force    bool                `json:"force"`
}

func (in decisionIn) decision() analysis.NewDecision {
	return analysis.NewDecision{
		Kind: in.Decision, Reason: in.Reason, Text: in.Text, Edits: stride.Edits(in.Edits), Into: in.Into, Until: in.Until, Force: in.Force,
	}
}

func (s *server) decideSuggestion(c *gin.Context) error {
	var in decisionIn
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Suggestion, error) {
		return s.Reviews.Decide(c.Request.Context(), call, suggestionID(c), in.decision())
	}, suggestionReply)
}
