package store

import (
	"context"
	"fmt"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var (
	_ analysis.QuestionStore = (*Store)(nil)
	_ analysis.AnswerTx      = (*Tx)(nil)
)

type questionRow struct {
	ID          stride.QuestionID             `db:"id"`
	ModelID     stride.ModelID                `db:"model_id"`
	DraftID     stride.DraftID                `db:"draft_id"`
	Rank        int                           `db:"rank"`
	Text        string                        `db:"text"`
	Control     stride.ControlName            `db:"control"`
	Targets     jsonOf[[]stride.Key]          `db:"targets"`
	Suggestions jsonOf[[]stride.SuggestionID] `db:"suggestions"`
}

func (r questionRow) question() stride.StoredQuestion {
	return stride.StoredQuestion{
		ID: r.ID, ModelID: r.ModelID, DraftID: r.DraftID, Rank: r.Rank, Text: r.Text, Control: r.Control,
		Targets: r.Targets.V, Suggestions: r.Suggestions.V,
	}
}

const selectQuestions = `
select q.id, q.model_id, q.draft_id, q.rank, q.text, q.control, q.targets, q.suggestions
from questions q`

// Questions returns the questions of the model's newest succeeded or partial
// draft by rank, each with its last answer.
func (s *Store) Questions(ctx context.Context, id stride.ModelID) ([]stride.StoredQuestion, error) {
	var f filter
	f.where("q.model_id = ?", id)
	f.where("q.draft_id = (select d.id from drafts d"+newestPublished+")", id)
	return s.questions(ctx, f, id)
}

// Question returns NotFound where the model has no such question.
func (tx *Tx) Question(ctx context.Context, m stride.ModelID, id stride.QuestionID) (stride.StoredQuestion, error) {
	var f filter
	f.where("q.model_id = ?", m)
	f.where("q.id = ?", id)
	found, err := tx.questions(ctx, f, m)
	if err != nil {
		return stride.StoredQuestion{}, err
	}
	if len(found) == 0 {
		return stride.StoredQuestion{}, stride.Errorf(stride.NotFound, "no such question")
	}
	return found[0], nil
}

func (s session) questions(ctx context.Context, f filter, m stride.ModelID) ([]stride.StoredQuestion, error) {
	if f.err != nil {
		return nil, f.err
	}
	var rows []questionRow
	if err := s.list(ctx, &rows, selectQuestions+f.sql()+" order by q.rank, q.id", f.args...); err != nil {
		return nil, fmt.Errorf("list questions: %w", err)
	}
	answers, err := s.answers(ctx, m)
	if err != nil {
		return nil, err
	}
	last := make(map[stride.QuestionID]*stride.StoredAnswer, len(answers))
	for i := range answers {
		last[answers[i].QuestionID] = &answers[i]
	}
	out := make([]stride.StoredQuestion, 0, len(rows))
	for _, r := range rows {
		q := r.question()
		q.Answer = last[q.ID]
		out = append(out, q)
	}
	return out, nil
}

const insertQuestion = `
insert into questions (id, model_id, draft_id, rank, text, control, targets, suggestions)
values (:id, :model_id, :draft_id, :rank, :text, :control, :targets, :suggestions)`

// InsertQuestion stores a question of a draft.
func (tx *Tx) InsertQuestion(ctx context.Context, q stride.StoredQuestion) error {
	_, err := tx.execRow(ctx, insertQuestion, questionRow{
		ID: q.ID, ModelID: q.ModelID, DraftID: q.DraftID, Rank: q.Rank, Text: q.Text, Control: q.Control,
		Targets: jsonOf[[]stride.Key]{q.Targets}, Suggestions: jsonOf[[]stride.SuggestionID]{q.Suggestions},
	})
	if err != nil {
		return fmt.Errorf("insert question: %w", err)
	}
	return nil
}

type answerRow struct {
	ID         stride.AnswerID      `db:"id"`
	ModelID    stride.ModelID       `db:"model_id"`
	QuestionID stride.QuestionID    `db:"question_id"`
	Control    stride.ControlName   `db:"control"`
	State      stride.ControlState  `db:"state"`
	Targets    jsonOf[[]stride.Key] `db:"targets"`
	ApplyTo    stride.ApplyTo       `db:"apply_to"`
	Text       string               `db:"text"`
	ActorID    stride.UserID        `db:"actor_id"`
	At         int64                `db:"at"`
}

func (r answerRow) stored() stride.StoredAnswer {
	return stride.StoredAnswer{
		ID: r.ID, ModelID: r.ModelID, QuestionID: r.QuestionID, ApplyTo: r.ApplyTo, ActorID: r.ActorID, At: instant(r.At),
		Answer: stride.Answer{Control: r.Control, State: r.State, Targets: r.Targets.V, Text: r.Text},
	}
}

const selectAnswers = `
select a.id, a.model_id, a.question_id, a.control, a.state, a.targets, a.apply_to, a.text, a.actor_id, a.at
from answers a`

const selectModelAnswers = selectAnswers + ` where a.model_id = ? order by a.at, a.id`

const selectScopeAnswers = selectAnswers + `
join threat_models m on m.id = a.model_id
where m.project_id = ? and m.scope = ? order by a.at, a.id`

// Answers returns the answers given for the model, oldest first.
func (s *Store) Answers(ctx context.Context, m stride.ModelID) ([]stride.StoredAnswer, error) {
	return s.answers(ctx, m)
}

// AnswersOf returns the answers given for the model, oldest first.
func (tx *Tx) AnswersOf(ctx context.Context, m stride.ModelID) ([]stride.StoredAnswer, error) {
	return tx.answers(ctx, m)
}

func (s session) answers(ctx context.Context, m stride.ModelID) ([]stride.StoredAnswer, error) {
	var rows []answerRow
	if err := s.list(ctx, &rows, selectModelAnswers, m); err != nil {
		return nil, fmt.Errorf("list answers: %w", err)
	}
	out := make([]stride.StoredAnswer, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.stored())
	}
	return out, nil
}

const insertAnswer = `
insert into answers (id, model_id, question_id, control, state, targets, apply_to, text, actor_id, at)
values (:id, :model_id, :question_id, :control, :state, :targets, :apply_to, :text, :actor_id, :at)`

// InsertAnswer stores an answer.
func (tx *Tx) InsertAnswer(ctx context.Context, a stride.StoredAnswer) error {
	_, err := tx.execRow(ctx, insertAnswer, answerRow{
		ID: a.ID, ModelID: a.ModelID, QuestionID: a.QuestionID, Control: a.Answer.Control, State: a.Answer.State,
		Targets: jsonOf[[]stride.Key]{a.Answer.Targets}, ApplyTo: a.ApplyTo, Text: a.Answer.Text, ActorID: a.ActorID,
		At: micros(a.At),
	})
	if err != nil {
		return fmt.Errorf("insert answer: %w", err)
	}
	return nil
}
