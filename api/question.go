package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

type questionWire struct {
	ID            stride.QuestionID     `json:"id"`
	Text          string                `json:"text"`
	Control       stride.ControlName    `json:"control"`
	TargetIDs     []stride.Key          `json:"target_ids"`
	SuggestionIDs []stride.SuggestionID `json:"suggestion_ids"`
	Answer        *answerWire           `json:"answer"`
}

type answerWire struct {
	ID         stride.AnswerID     `json:"id"`
	QuestionID stride.QuestionID   `json:"question_id"`
	Control    stride.ControlState `json:"control"`
	Text       string              `json:"text"`
	ApplyTo    stride.ApplyTo      `json:"apply_to"`
	TargetIDs  []stride.Key        `json:"target_ids"`
	ActorID    stride.UserID       `json:"actor_id"`
	At         time.Time           `json:"at"`
}

func answerOut(a stride.StoredAnswer) answerWire {
	return answerWire{
		ID: a.ID, QuestionID: a.QuestionID, Control: a.Answer.State, Text: a.Answer.Text, ApplyTo: a.ApplyTo,
		TargetIDs: orEmpty(a.Answer.Targets), ActorID: a.ActorID, At: a.At.UTC(),
	}
}

func questionOut(q stride.StoredQuestion) questionWire {
	out := questionWire{
		ID: q.ID, Text: q.Text, Control: q.Control, TargetIDs: orEmpty(q.Targets), SuggestionIDs: orEmpty(q.Suggestions),
	}
	if q.Answer != nil {
		out.Answer = new(answerOut(*q.Answer))
	}
	return out
}

func (s *server) listQuestions(c *gin.Context) error {
	found, err := s.Questions.List(c.Request.Context(), actor(c), modelID(c))
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: listOf(analysis.Listing[stride.StoredQuestion]{Items: found}, "", questionOut)})
}

type answerIn struct {
	QuestionID stride.QuestionID   `json:"question_id" validate:"required"`
	Control    stride.ControlState `json:"control" validate:"required,oneof=present absent not_applicable"`
	Text       string              `json:"text" validate:"max=2000"`
	ApplyTo    stride.ApplyTo      `json:"apply_to" validate:"omitempty,oneof=element zone model"`
}

type settledWire struct {
	answerWire
	Superseded []stride.SuggestionID `json:"superseded"`
	Raised     []stride.SuggestionID `json:"raised"`
	Reopened   []stride.SuggestionID `json:"reopened"`
}

func (s *server) answerQuestion(c *gin.Context) error {
	var in answerIn
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (analysis.Settled, error) {
		return s.Questions.Answer(c.Request.Context(), call, modelID(c), analysis.NewAnswer{
			QuestionID: in.QuestionID, State: in.Control, Text: in.Text, ApplyTo: in.ApplyTo,
		})
	}, func(r analysis.Settled) reply {
		return reply{
			status: http.StatusCreated, location: fmt.Sprintf("/v1/models/%s/questions", r.Answer.ModelID),
			body: settledWire{answerOut(r.Answer), orEmpty(r.Superseded), orEmpty(r.Raised), orEmpty(r.Reopened)},
		}
	})
}
