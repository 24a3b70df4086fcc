package api

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// leaseIn says for how long a reviewer takes a suggestion; the body may be left out.
type leaseIn struct {
	Minutes *int `json:"minutes"`
}

func (in leaseIn) duration() time.Duration {
	if in.Minutes == nil {
		return analysis.ClaimFor
	}
	return time.Duration(*in.Minutes) * time.Minute
}

// nextSuggestion answers 204 where nothing is left.
func (s *server) nextSuggestion(c *gin.Context) error {
	q := readQuery(c, append([]string{"resume"}, queueFilters...)...)
	f, resume := readFilter(q), q.flag("resume")
	if err := q.err(); err != nil {
		return err
	}
	var in leaseIn
	body, err := s.readOptionalJSON(c, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Suggestion, error) {
		return s.Reviews.Next(c.Request.Context(), call, f, in.duration(), resume != nil && *resume)
	}, func(sug stride.Suggestion) reply {
		if sug.ID == "" {
			return reply{status: http.StatusNoContent}
		}
		return suggestionReply(sug)
	})
}

func (s *server) claimSuggestion(c *gin.Context) error {
	var in leaseIn
	body, err := s.readOptionalJSON(c, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Suggestion, error) {
		return s.Reviews.Claim(c.Request.Context(), call, suggestionID(c), in.duration())
	}, suggestionReply)
}

func (s *server) releaseSuggestion(c *gin.Context) error {
	body, err := s.readOptionalJSON(c, &struct{}{})
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Suggestion, error) {
		return s.Reviews.Release(c.Request.Context(), call, suggestionID(c))
	}, suggestionReply)
}

func (s *server) undoDecision(c *gin.Context) error {
	body, err := s.readOptionalJSON(c, &struct{}{})
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Suggestion, error) {
		return s.Reviews.Undo(c.Request.Context(), call, suggestionID(c))
	}, suggestionReply)
}

type replyIn struct {
	Text string `json:"text" validate:"required"`
}

func (s *server) answerReviewer(c *gin.Context) error {
	var in replyIn
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Suggestion, error) {
		return s.Reviews.Reply(c.Request.Context(), call, suggestionID(c), in.Text)
	}, suggestionReply)
}

type bulkIn struct {
	DryRun    bool `json:"dry_run"`
	Decisions []struct {
		ID      stride.SuggestionID `json:"id"`
		Version int64               `json:"version"`
		decisionIn
	} `json:"decisions"`
}

// bulkWire is what became of one decision: the status that it would have had alone,
// with the suggestion or the problem.
type bulkWire struct {
	ID         stride.SuggestionID `json:"id"`
	Status     int                 `json:"status"`
	Suggestion *suggestionWire     `json:"suggestion,omitempty"`
	Problem    *problem            `json:"problem,omitempty"`
}

func (s *server) decideSuggestions(c *gin.Context) error {
	var in bulkIn
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	all := make([]analysis.BulkDecision, 0, len(in.Decisions))
	for _, d := range in.Decisions {
		all = append(all, analysis.BulkDecision{ID: d.ID, Revision: d.Version, NewDecision: d.decision()})
	}
	return mutate(s, c, body, func(call analysis.Call) ([]analysis.BulkResult, error) {
		return s.Reviews.DecideAll(c.Request.Context(), call, all, in.DryRun)
	}, func(results []analysis.BulkResult) reply {
		out := make([]bulkWire, 0, len(results))
		for _, r := range results {
			one := bulkWire{ID: r.ID, Status: http.StatusOK}
			var refused *stride.Error
			if errors.As(r.Err, &refused) {
				p := problemOf(refused).complete(c)
				one.Status, one.Problem = p.Status, &p
			} else {
				one.Suggestion = new(suggestionOut(r.Suggestion))
			}
			out = append(out, one)
		}
		return reply{status: http.StatusOK, body: map[string]any{"dry_run": in.DryRun, "results": out}}
	})
}

type viewWire struct {
	Name      string    `json:"name"`
	Query     string    `json:"query"`
	CreatedAt time.Time `json:"created_at"`
}

func viewOut(v stride.SavedView) viewWire {
	return viewWire{Name: v.Name, Query: v.Query, CreatedAt: v.CreatedAt.UTC()}
}

func (s *server) listViews(c *gin.Context) error {
	views, err := s.Views.List(c.Request.Context(), actor(c))
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: listOf(analysis.Listing[stride.SavedView]{Items: views}, "", viewOut)})
}

type viewIn struct {
	Query string `json:"query"`
}

func (s *server) saveView(c *gin.Context) error {
	var in viewIn
	if _, err := s.readJSON(c, maxBody, &in); err != nil {
		return err
	}
	if err := checkView(in.Query); err != nil {
		return err
	}
	view, err := s.Views.Save(c.Request.Context(), actor(c), c.Param("name"), in.Query)
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: viewOut(view)})
}

// checkView holds the query of a view to what the list takes.
func checkView(text string) error {
	values, err := url.ParseQuery(text)
	if err != nil {
		return stride.InvalidField("query", "is no query of an address: %v", err)
	}
	q := newQuery(values, queueFilters...)
	readFilter(q)
	for i := range q.bad {
		q.bad[i].Field = "query." + q.bad[i].Field
	}
	return q.err()
}

func (s *server) deleteView(c *gin.Context) error {
	if err := s.Views.Delete(c.Request.Context(), actor(c), c.Param("name")); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	c.Writer.WriteHeaderNow()
	return nil
}
