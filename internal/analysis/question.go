package analysis

import (
	"context"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// QuestionStore is what Questions needs of storage.
type QuestionStore interface {
	Model(ctx context.Context, reach stride.Reach, id stride.ModelID) (stride.ThreatModel, error)
	// Questions returns the questions of the model's newest succeeded or
	// partial draft by rank, each with its last answer.
	Questions(ctx context.Context, id stride.ModelID) ([]stride.StoredQuestion, error)
	InAnswerTx(ctx context.Context, fn func(AnswerTx) error) error
}

// AnswerTx is the transactional set of Questions.
type AnswerTx interface {
	RecordTx
	SettleTx
	// Model returns the model with its sources; NotFound where there is none.
	Model(ctx context.Context, id stride.ModelID) (stride.ThreatModel, error)
	// Question returns NotFound where the model has no such question.
	Question(ctx context.Context, m stride.ModelID, id stride.QuestionID) (stride.StoredQuestion, error)
	InsertAnswer(ctx context.Context, a stride.StoredAnswer) error
}

// SettleTx is what applying answers needs.
type SettleTx interface {
	DecideTx
	// AnswersOf returns the answers given for the model, oldest first.
	AnswersOf(ctx context.Context, m stride.ModelID) ([]stride.StoredAnswer, error)
	// OpenByControl returns the model's suggestions that rest on the control and
	// that an answer may settle, by id: those that are pending or need info, and
	// those that an earlier answer superseded.
	OpenByControl(ctx context.Context, m stride.ModelID, c stride.ControlName) ([]stride.Suggestion, error)
}

// Questions lets authors settle what a draft could not know.
type Questions struct {
	Kit
	Store QuestionStore
}

// NewAnswer is an author's answer.
type NewAnswer struct {
	QuestionID stride.QuestionID
	State      stride.ControlState // present, absent or not_applicable
	Text       string
	ApplyTo    stride.ApplyTo // "" stands for element
}

// Settled is what an answer did.
type Settled struct {
	Answer     stride.StoredAnswer
	Superseded []stride.SuggestionID
	Raised     []stride.SuggestionID
	// Reopened are those that an earlier answer had superseded.
	Reopened []stride.SuggestionID
}

// List returns the questions of the model's newest draft, by rank.
func (s *Questions) List(ctx context.Context, actor stride.Actor, id stride.ModelID) ([]stride.StoredQuestion, error) {
	if _, err := s.Store.Model(ctx, actor.Reach(stride.RoleViewer), id); err != nil {
		return nil, err
	}
	return s.Store.Questions(ctx, id)
}

func (n *NewAnswer) validate() error {
	if n.ApplyTo == "" {
		n.ApplyTo = stride.ApplyToElement
	}
	var bad []stride.Field
	if n.QuestionID == "" {
		bad = append(bad, stride.Field{Field: "question_id", Message: "is required"})
	}
	if !n.State.Valid() || n.State == stride.ControlUnknown {
		bad = append(bad, stride.Field{Field: "control", Message: "must be one of present, absent, not_applicable"})
	}
	if !n.ApplyTo.Valid() {
		bad = append(bad, stride.Field{Field: "apply_to", Message: "must be one of element, zone, model"})
	}
	if utf8.RuneCountInString(n.Text) > 2000 {
		bad = append(bad, stride.Field{Field: "text", Message: "must have at most 2000 characters"})
	}
	if bad == nil {
		return nil
	}
	return &stride.Error{Kind: stride.Invalid, Message: "the answer is not valid", Fields: bad}
}

// Answer stores an answer and settles every open suggestion of the model that
// rests on the same control and that the answers so far cover: present and not
// applicable supersede it, absent raises its confidence to high; a changed
// answer brings back what the one before had superseded. Conflict where the
// version is signed off.
func (s *Questions) Answer(ctx context.Context, call Call, id stride.ModelID, n NewAnswer) (Settled, error) {
	m, err := s.Store.Model(ctx, call.Actor.Reach(stride.RoleViewer), id)
	if err != nil {
		return Settled{}, err
	}
	if err := requireRole(call.Actor, m.ProjectID, stride.RoleAuthor, "model"); err != nil {
		return Settled{}, err
	}
	if err := n.validate(); err != nil {
		return Settled{}, err
	}
	var out Settled
	err = s.Store.InAnswerTx(ctx, func(tx AnswerTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (Settled, error) { return s.answer(ctx, tx, call.Actor, m, n) })
		return err
	})
	return out, err
}

func (s *Questions) answer(ctx context.Context, tx AnswerTx, actor stride.Actor, m stride.ThreatModel, n NewAnswer) (Settled, error) {
	var out Settled
	p, err := tx.LockProject(ctx, m.ProjectID)
	if err != nil {
		return out, err
	}
	if err := archivedConflict(p); err != nil {
		return out, err
	}
	if m, err = tx.Model(ctx, m.ID); err != nil {
		return out, err
	}
	if err := closedConflict(m); err != nil {
		return out, err
	}
	s = s.frozen()
	q, err := tx.Question(ctx, m.ID, n.QuestionID)
	if isKind(err, stride.NotFound) {
		return out, stride.InvalidField("question_id", "is no question of this model")
	}
	if err != nil {
		return out, err
	}
	out.Answer = stride.StoredAnswer{
		ID: stride.AnswerID(s.NewID()), ModelID: m.ID, QuestionID: q.ID, ApplyTo: n.ApplyTo, ActorID: actor.User, At: s.Now(),
		Answer: stride.Answer{Control: q.Control, State: n.State, Targets: widen(m.Architecture, q.Targets, n.ApplyTo), Text: n.Text},
	}
	if err := tx.InsertAnswer(ctx, out.Answer); err != nil {
		return out, fmt.Errorf("insert answer: %w", err)
	}
	payload := map[string]any{"control": q.Control, "state": n.State, "apply_to": n.ApplyTo, "targets": out.Answer.Answer.Targets, "text": n.Text}
	if err := s.record(ctx, tx, actor, m.ProjectID, stride.EventQuestionAnswered, stride.SubjectQuestion, string(q.ID), payload); err != nil {
		return out, err
	}
	return s.Kit.settle(ctx, tx, tx, actor, out.Answer)
}

// widen extends the question's targets to all of their zones, or of the model.
func widen(a stride.Architecture, targets []stride.Key, to stride.ApplyTo) []stride.Key {
	out := slices.Clone(targets)
	add := func(id stride.Key) {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	zones := make(map[stride.Key]bool)
	if to == stride.ApplyToZone {
		for _, id := range targets {
			for _, z := range zonesOf(a, id) {
				zones[z] = true
			}
		}
	}
	for _, e := range a.Elements {
		if to == stride.ApplyToModel || zones[e.Zone] {
			add(e.ID)
		}
	}
	for _, f := range a.Flows {
		within := false
		for _, z := range zonesOf(a, f.ID) {
			within = within || zones[z]
		}
		if to == stride.ApplyToModel || within {
			add(f.ID)
		}
	}
	return out
}

// zonesOf returns the zone of an element, or of the receiving end of a flow.
func zonesOf(a stride.Architecture, id stride.Key) []stride.Key {
	if f, ok := a.Flow(id); ok {
		id = f.TargetID
	}
	if e, ok := a.Element(id); ok && e.Zone != "" {
		return []stride.Key{e.Zone}
	}
	return nil
}

// settle applies the model's answers about a control to every suggestion that
// rests on it. What an earlier answer superseded comes back where the answers
// no longer cover it.
func (k Kit) settle(ctx context.Context, tx RecordTx, st SettleTx, actor stride.Actor, last stride.StoredAnswer) (Settled, error) {
	out := Settled{Answer: last}
	answers, err := st.AnswersOf(ctx, last.ModelID)
	if err != nil {
		return out, fmt.Errorf("load answers: %w", err)
	}
	states := answeredStates(answers, last.Answer.Control)
	open, err := st.OpenByControl(ctx, last.ModelID, last.Answer.Control)
	if err != nil {
		return out, fmt.Errorf("load open suggestions: %w", err)
	}
	for _, sug := range open {
		if err := k.settleOne(ctx, tx, st, actor, sug, covers(states, sug.Current.TargetIDs), &out); err != nil {
			return out, fmt.Errorf("settle suggestion %s: %w", sug.ID, err)
		}
	}
	return out, nil
}

func (k Kit) settleOne(
	ctx context.Context, tx RecordTx, st SettleTx, actor stride.Actor, sug stride.Suggestion, covered stride.ControlState, out *Settled,
) error {
	superseded := sug.State == stride.SuggestionSuperseded
	if covered == stride.ControlPresent {
		if superseded {
			return nil
		}
		out.Superseded = append(out.Superseded, sug.ID)
		return k.supersede(ctx, tx, st, actor, sug, "answered: "+string(out.Answer.Answer.State), out.Answer.Answer.Text)
	}
	if superseded {
		if err := k.reopen(ctx, tx, st, actor, &sug, "the answer that settled it was changed"); err != nil {
			return err
		}
		out.Reopened = append(out.Reopened, sug.ID)
	}
	if covered != stride.ControlAbsent || sug.Current.Confidence == stride.ConfidenceHigh {
		return nil
	}
	out.Raised = append(out.Raised, sug.ID)
	return k.raise(ctx, tx, st, actor, sug, out.Answer)
}

// answeredStates returns the last answer per target for a control.
func answeredStates(answers []stride.StoredAnswer, control stride.ControlName) map[stride.Key]stride.ControlState {
	states := make(map[stride.Key]stride.ControlState)
	for _, a := range answers {
		if a.Answer.Control != control {
			continue
		}
		for _, id := range a.Answer.Targets {
			states[id] = a.Answer.State
		}
	}
	return states
}

// covers returns present where every target is answered present or not
// applicable, absent where any is answered absent, else unknown.
func covers(states map[stride.Key]stride.ControlState, targets []stride.Key) stride.ControlState {
	held := 0
	for _, id := range targets {
		switch states[id] {
		case stride.ControlAbsent:
			return stride.ControlAbsent
		case stride.ControlPresent, stride.ControlNotApplicable:
			held++
		}
	}
	if held == len(targets) && held > 0 {
		return stride.ControlPresent
	}
	return stride.ControlUnknown
}

// raise makes a suggestion certain: somebody said that the control is absent.
func (k Kit) raise(ctx context.Context, tx RecordTx, dt DecideTx, actor stride.Actor, sug stride.Suggestion, a stride.StoredAnswer) error {
	from := sug.Current.Severity
	sug.Current.Confidence = stride.ConfidenceHigh
	sug.Current.KnowAbsent()
	quote := a.Answer.Text
	if quote == "" {
		quote = "answered: absent"
	}
	sug.Current.Evidence = append(slices.Clone(sug.Current.Evidence), stride.Evidence{Kind: stride.HumanEvidence, Quote: quote})
	if err := dt.UpdateSuggestion(ctx, sug, sug.State); err != nil {
		return fmt.Errorf("update suggestion: %w", err)
	}
	payload := map[string]any{"answer_id": a.ID, "from": from, "to": sug.Current.Severity}
	return k.record(ctx, tx, actor, sug.ProjectID, stride.EventSuggestionRaised, stride.SubjectSuggestion, string(sug.ID), payload)
}

// frozen is s at one moment; see Kit.frozen.
func (s *Questions) frozen() *Questions {
	at := *s
	at.Kit = s.Kit.frozen()
	return &at
}
