// Package reference works metrics.Facts out of raw events, one event after the
// other, for tests.
//
// It exists to be compared with the SQL of internal/store: where both agree on
// random histories, neither has the same mistake by chance. It is slow and
// plain on purpose, and nothing but tests may use it.
//
// Its seams are History, which records what happened in the way that the use
// cases do, Facts, which replays it, and Cases, histories made by hand with the
// facts that they must give.
package reference

import (
	"encoding/json"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// History is what happened, in order, as events and as the rows that the use
// cases write with them. The methods record one change each and trust the
// caller that it is allowed and not earlier than the change before.
type History struct {
	Projects    []Project
	Models      []Model
	Suggestions []Suggestion
	Decisions   []Decision
	Threats     []Threat
	Reports     []Report
	Events      []stride.Event
	Intervals   []Interval
	// Drafts and Calls are rows of their own, which no event tells of.
	Drafts []Draft
	Calls  []stride.LLMCall
}

// Project is what never changes of a project.
type Project struct {
	ID      stride.ProjectID
	Name    string
	Sandbox bool
	Tags    []string
}

// Draft is how a draft ended, with the cells of its coverage matrix.
type Draft struct {
	ID       stride.DraftID
	ModelID  stride.ModelID
	At       time.Time
	Wanted   int
	Answered int
}

// Model is what never changes of a threat model.
type Model struct {
	ID        stride.ModelID
	ProjectID stride.ProjectID
	Scope     string
	Number    int
}

// Suggestion is what never changes of a suggestion.
type Suggestion struct {
	ID        stride.SuggestionID
	ProjectID stride.ProjectID
	Proposal  stride.Proposal
}

// Decision is one row of the decisions on suggestions.
type Decision struct {
	SuggestionID stride.SuggestionID
	Kind         stride.DecisionKind
	Reason       stride.RejectReason
	Edited       bool
	At           time.Time
}

// Threat is what never changes of a threat.
type Threat struct {
	ID           stride.ThreatID
	ProjectID    stride.ProjectID
	SuggestionID stride.SuggestionID // "" where a human added it
	Origin       stride.ThreatOrigin
	AcceptedAt   time.Time
}

// Report is a threat's first acknowledged reference.
type Report struct {
	ThreatID  stride.ThreatID
	ProjectID stride.ProjectID
	At        time.Time
}

// Interval is a stride.Interval with its place, from 1, among its subject's.
type Interval struct {
	stride.Interval
	Ordinal int
}

// CreateProject records a project that is no sandbox.
func (h *History) CreateProject(at time.Time, id stride.ProjectID, inScope stride.InScope) {
	h.createProject(at, Project{ID: id, Name: "Project " + string(id)}, inScope)
}

// CreateSandbox records a sandbox whose in_scope says that it counts, which it
// must not.
func (h *History) CreateSandbox(at time.Time, id stride.ProjectID) {
	h.createProject(at, Project{ID: id, Name: "Sandbox " + string(id), Sandbox: true}, stride.InScopeTrue)
}

func (h *History) createProject(at time.Time, p Project, inScope stride.InScope) {
	h.Projects = append(h.Projects, p)
	h.record(at, p.ID, stride.EventProjectCreated, stride.SubjectProject, string(p.ID),
		map[string]any{"name": p.Name, "sandbox": p.Sandbox, "in_scope": inScope})
	h.enter(at, p.ID, stride.SubjectProject, string(p.ID), stride.ProjectActive)
	h.enter(at, p.ID, stride.SubjectScope, string(p.ID), string(inScope))
}

// Scope records that somebody set in_scope.
func (h *History) Scope(at time.Time, id stride.ProjectID, to stride.InScope) {
	from := h.State(stride.SubjectScope, string(id))
	h.record(at, id, stride.EventProjectScoped, stride.SubjectProject, string(id), move(from, string(to)))
	h.enter(at, id, stride.SubjectScope, string(id), string(to))
}

// Archive records that a project was archived.
func (h *History) Archive(at time.Time, id stride.ProjectID) {
	h.record(at, id, stride.EventProjectArchived, stride.SubjectProject, string(id), map[string]any{})
	h.enter(at, id, stride.SubjectProject, string(id), stride.ProjectArchived)
}

// CreateModel records a version of a scope.
func (h *History) CreateModel(at time.Time, m Model) {
	h.Models = append(h.Models, m)
	h.record(at, m.ProjectID, stride.EventModelCreated, stride.SubjectModel, string(m.ID), map[string]any{})
	h.enter(at, m.ProjectID, stride.SubjectModel, string(m.ID), string(stride.ModelDraft))
}

// MoveModel records a change of state.
func (h *History) MoveModel(at time.Time, id stride.ModelID, to stride.ModelState) {
	for _, m := range h.Models {
		if m.ID == id {
			from := h.State(stride.SubjectModel, string(id))
			h.record(at, m.ProjectID, stride.EventModelMoved, stride.SubjectModel, string(id), move(from, string(to)))
			h.enter(at, m.ProjectID, stride.SubjectModel, string(id), string(to))
		}
	}
}

// Suggest records a published suggestion.
func (h *History) Suggest(at time.Time, s Suggestion) {
	h.Suggestions = append(h.Suggestions, s)
	h.record(at, s.ProjectID, stride.EventSuggestionCreated, stride.SubjectSuggestion, string(s.ID), map[string]any{})
	h.enter(at, s.ProjectID, stride.SubjectSuggestion, string(s.ID), string(stride.SuggestionPending))
}

// Decide records a decision. The first acceptance creates the threat of
// ThreatOf; a later one opens it again where an undo had made it invalid.
func (h *History) Decide(at time.Time, id stride.SuggestionID, to stride.SuggestionState, reason stride.RejectReason, edited bool) {
	for _, s := range h.Suggestions {
		if s.ID != id {
			continue
		}
		kind := decisionKinds[to]
		h.Decisions = append(h.Decisions, Decision{SuggestionID: id, Kind: kind, Reason: reason, Edited: edited, At: at})
		payload := move(h.State(stride.SubjectSuggestion, string(id)), string(to))
		payload["decision"], payload["reason"], payload["edited"] = kind, reason, edited
		h.record(at, s.ProjectID, stride.EventSuggestionDecided, stride.SubjectSuggestion, string(id), payload)
		h.enter(at, s.ProjectID, stride.SubjectSuggestion, string(id), string(to))
		if to == stride.SuggestionAccepted {
			h.accept(at, s)
		}
	}
}

// decisionKinds says which decision leads to a state.
var decisionKinds = map[stride.SuggestionState]stride.DecisionKind{
	stride.SuggestionAccepted:   stride.DecisionAccept,
	stride.SuggestionRejected:   stride.DecisionReject,
	stride.SuggestionMerged:     stride.DecisionMerge,
	stride.SuggestionNeedsInfo:  stride.DecisionNeedsInfo,
	stride.SuggestionSuperseded: stride.DecisionSupersede,
	stride.SuggestionPending:    stride.DecisionReopen,
}

// ThreatOf is the id of the threat that accepting a suggestion creates.
func ThreatOf(id stride.SuggestionID) stride.ThreatID { return stride.ThreatID("threat-" + id) }

func (h *History) accept(at time.Time, s Suggestion) {
	id := ThreatOf(s.ID)
	switch stride.ThreatState(h.State(stride.SubjectThreat, string(id))) {
	case "":
		h.addThreat(at, Threat{ID: id, ProjectID: s.ProjectID, SuggestionID: s.ID, Origin: stride.OriginSuggestion, AcceptedAt: at})
	case stride.ThreatInvalid:
		h.MoveThreat(at, id, stride.ThreatOpen)
	}
}

// AddThreat records a threat that a human added.
func (h *History) AddThreat(at time.Time, project stride.ProjectID, id stride.ThreatID) {
	h.addThreat(at, Threat{ID: id, ProjectID: project, Origin: stride.OriginHuman, AcceptedAt: at})
}

func (h *History) addThreat(at time.Time, t Threat) {
	h.Threats = append(h.Threats, t)
	h.record(at, t.ProjectID, stride.EventThreatCreated, stride.SubjectThreat, string(t.ID),
		map[string]any{"origin": t.Origin, "suggestion_id": t.SuggestionID})
	h.enter(at, t.ProjectID, stride.SubjectThreat, string(t.ID), string(stride.ThreatOpen))
}

// MoveThreat records changes of state, one after the other at the same moment.
func (h *History) MoveThreat(at time.Time, id stride.ThreatID, through ...stride.ThreatState) {
	for _, t := range h.Threats {
		if t.ID != id {
			continue
		}
		for _, to := range through {
			from := h.State(stride.SubjectThreat, string(id))
			h.record(at, t.ProjectID, stride.EventThreatMoved, stride.SubjectThreat, string(id), move(from, string(to)))
			h.enter(at, t.ProjectID, stride.SubjectThreat, string(id), string(to))
		}
	}
}

// Acknowledge records that another system has the threat, once per system and
// key; the first one of a threat is its report.
func (h *History) Acknowledge(at time.Time, id stride.ThreatID, system, key string) {
	for _, t := range h.Threats {
		if t.ID != id {
			continue
		}
		h.record(at, t.ProjectID, stride.EventReferenceAcknowledged, stride.SubjectThreat, string(id),
			map[string]any{"system": system, "key": key, "at": at.Format(time.RFC3339Nano)})
		for _, r := range h.Reports {
			if r.ThreatID == id {
				return
			}
		}
		h.Reports = append(h.Reports, Report{ThreatID: id, ProjectID: t.ProjectID, At: at})
	}
}

// EndDraft records that a draft of a version ended well.
func (h *History) EndDraft(at time.Time, d Draft) {
	d.At = at
	h.Drafts = append(h.Drafts, d)
	for _, m := range h.Models {
		if m.ID == d.ModelID {
			h.record(at, m.ProjectID, stride.EventDraftMoved, stride.SubjectDraft, string(d.ID), move("running", "succeeded"))
		}
	}
}

// Tag gives a project its tags, which have no history.
func (h *History) Tag(id stride.ProjectID, tags ...string) {
	for i := range h.Projects {
		if h.Projects[i].ID == id {
			h.Projects[i].Tags = tags
		}
	}
}

// Call records a call to a language model that started then.
func (h *History) Call(at time.Time, c stride.LLMCall) {
	c.StartedAt = at
	h.Calls = append(h.Calls, c)
}

// State returns the subject's present state, "" where it has none.
func (h *History) State(subject stride.Subject, id string) string {
	for i := len(h.Intervals) - 1; i >= 0; i-- {
		if h.Intervals[i].Subject == subject && h.Intervals[i].SubjectID == id {
			return h.Intervals[i].State
		}
	}
	return ""
}

func (h *History) enter(at time.Time, project stride.ProjectID, subject stride.Subject, id, state string) {
	ordinal := 1
	for i := len(h.Intervals) - 1; i >= 0; i-- {
		if last := &h.Intervals[i]; last.Subject == subject && last.SubjectID == id {
			last.To = &at
			ordinal = last.Ordinal + 1
			break
		}
	}
	h.Intervals = append(h.Intervals, Interval{Ordinal: ordinal, Interval: stride.Interval{
		Subject: subject, SubjectID: id, ProjectID: project, State: state, From: at,
	}})
}

func (h *History) record(at time.Time, project stride.ProjectID, kind stride.EventKind, subject stride.Subject, id string, payload map[string]any) {
	seq := int64(1)
	for _, e := range h.Events {
		if e.ProjectID == project {
			seq++
		}
	}
	body, err := json.Marshal(payload)
	if err != nil {
		body = nil // an empty payload makes Facts fail
	}
	h.Events = append(h.Events, stride.Event{
		ProjectID: project, Seq: seq, Kind: kind, Subject: subject, SubjectID: id, At: at, Payload: string(body),
	})
}

func move(from, to string) map[string]any { return map[string]any{"from": from, "to": to} }
