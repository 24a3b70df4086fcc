package stride

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"time"
)

// EventKind names what happened.
type EventKind string

const (
	EventProjectCreated  EventKind = "project.created"
	EventProjectUpdated  EventKind = "project.updated"
	EventProjectScoped   EventKind = "project.scoped" // in_scope was set; payload {"from","to"}
	EventProjectArchived EventKind = "project.archived"
	EventModelCreated    EventKind = "model.created"
	EventModelMoved      EventKind = "model.moved" // payload {"from","to"}
	EventDraftCreated    EventKind = "draft.created"
	EventDraftMoved      EventKind = "draft.moved" // payload {"from","to"}
	// EventDraftCancelRequested says who asked to stop a running draft.
	EventDraftCancelRequested EventKind = "draft.cancel_requested"
	// EventDraftResumed says who asked for what a draft lacks.
	EventDraftResumed EventKind = "draft.resumed"
	// EventModelExtended says which elements and flows a draft found beside those
	// extracted; payload {"draft_id","elements","flows"} with their keys.
	EventModelExtended EventKind = "model.extended"
	// EventSuggestionRaised says that an answer made a suggestion certain; payload
	// {"answer_id","from","to"} with the severities.
	EventSuggestionRaised EventKind = "suggestion.raised"
	// EventSuggestionRedrafted says that a resumed draft completed a suggestion that
	// nobody had touched; payload {"draft_id","title"}.
	EventSuggestionRedrafted EventKind = "suggestion.redrafted"
	EventSuggestionCreated   EventKind = "suggestion.created" // payload {"draft_id","title"}
	EventSuggestionDecided   EventKind = "suggestion.decided" // payload {"decision","from","to","reason","text"}
	// EventSuggestionUndone says that a decision was taken back; payload
	// {"decision_id","decision","from","to","threat_id"}.
	EventSuggestionUndone EventKind = "suggestion.undone"
	EventQuestionAnswered EventKind = "question.answered"
	EventThreatCreated    EventKind = "threat.created" // payload {"origin"}
	EventThreatUpdated    EventKind = "threat.updated" // payload {"changes"}
	EventThreatMoved      EventKind = "threat.moved"   // payload {"from","to","reason"}
	// EventReferenceAcknowledged is appended at most once per threat and system
	// record; payload {"system","key","at"}, at in RFC 3339.
	EventReferenceAcknowledged EventKind = "reference.acknowledged"
	EventReferencesReplaced    EventKind = "references.replaced"
	// EventMitigationCreated tells for which threat it was made; payload
	// {"threat_id","text","origin","likelihood","impact"}.
	EventMitigationCreated EventKind = "mitigation.created"
	EventMitigationUpdated EventKind = "mitigation.updated" // payload {"changes"}
	EventMitigationMoved   EventKind = "mitigation.moved"   // payload {"from","to","reason"}
	// EventMitigationLinked and EventMitigationUnlinked are about the threat; payload
	// {"mitigation_id","text"}, linked with {"likelihood","impact"}.
	EventMitigationLinked   EventKind = "mitigation.linked"
	EventMitigationUnlinked EventKind = "mitigation.unlinked"
	// Test cases are told of their threat; payload {"test_case_id","given","when",
	// "then"}, and {"test_case_ids"} of those drafted.
	EventTestCasesDrafted EventKind = "test_cases.drafted"
	EventTestCaseCreated  EventKind = "test_case.created"
	EventTestCaseUpdated  EventKind = "test_case.updated"
	EventTestCaseDeleted  EventKind = "test_case.deleted"
	// Comments are told of what they are about; payload {"comment_id","text","mentions"}.
	EventCommentCreated EventKind = "comment.created"
	EventCommentUpdated EventKind = "comment.updated"
	EventCommentDeleted EventKind = "comment.deleted"
)

// EventKinds returns all kinds.
func EventKinds() []EventKind {
	return []EventKind{
		EventProjectCreated, EventProjectUpdated, EventProjectScoped, EventProjectArchived,
		EventModelCreated, EventModelMoved, EventDraftCreated, EventDraftMoved,
		EventDraftCancelRequested, EventDraftResumed, EventModelExtended, EventSuggestionRaised,
		EventSuggestionRedrafted, EventSuggestionCreated, EventSuggestionDecided, EventSuggestionUndone,
		EventQuestionAnswered, EventThreatCreated, EventThreatUpdated, EventThreatMoved,
		EventReferenceAcknowledged, EventReferencesReplaced, EventMitigationCreated, EventMitigationUpdated,
		EventMitigationMoved, EventMitigationLinked, EventMitigationUnlinked, EventTestCasesDrafted,
		EventTestCaseCreated, EventTestCaseUpdated, EventTestCaseDeleted,
		EventCommentCreated, EventCommentUpdated, EventCommentDeleted,
	}
}

// Valid reports whether k is a known kind.
func (k EventKind) Valid() bool { return slices.Contains(EventKinds(), k) }

// Subject names the type of what an event or an interval is about.
type Subject string

const (
	SubjectProject    Subject = "project"       // states: active, archived
	SubjectScope      Subject = "project_scope" // states: unknown, true, false
	SubjectModel      Subject = "model"         // states: ModelState
	SubjectDraft      Subject = "draft"
	SubjectSuggestion Subject = "suggestion" // states: SuggestionState
	SubjectThreat     Subject = "threat"     // states: ThreatState
	SubjectQuestion   Subject = "question"
	SubjectMitigation Subject = "mitigation" // states: MitigationStatus
)

// Valid reports whether events can be about s.
func (s Subject) Valid() bool {
	switch s {
	case SubjectProject, SubjectModel, SubjectDraft, SubjectSuggestion, SubjectThreat, SubjectQuestion, SubjectMitigation:
		return true
	case SubjectScope: // has intervals alone
	}
	return false
}

// States of SubjectProject intervals.
const (
	ProjectActive   = "active"
	ProjectArchived = "archived"
)

// Event is one row of a project's audit trail. Seq counts from 1 without gaps;
// Hash chains the rows, so that a changed or missing one shows.
type Event struct {
	ProjectID ProjectID
	Seq       int64
	Kind      EventKind
	Subject   Subject
	SubjectID string
	ActorID   UserID // "" for the system itself
	At        time.Time
	// Payload is canonical JSON, kept as text.
	Payload  string
	PrevHash string
	Hash     string
}

// ChainHash is the SHA-256 in hexadecimal over the previous row's hash and
// every column of this one, each followed by a zero byte. Times count in
// microseconds since the Unix epoch.
func (e Event) ChainHash() string {
	h := sha256.New()
	for _, part := range []string{
		e.PrevHash, string(e.ProjectID), strconv.FormatInt(e.Seq, 10), string(e.Kind), string(e.Subject),
		e.SubjectID, string(e.ActorID), strconv.FormatInt(e.At.UnixMicro(), 10), e.Payload,
	} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Interval is a span of time [From, To) that a subject spent in a state; To is
// nil while it lasts. Metrics are computed from intervals.
type Interval struct {
	Subject   Subject
	SubjectID string
	ProjectID ProjectID
	State     string
	From      time.Time
	To        *time.Time
}
