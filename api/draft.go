package api

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

type draftWire struct {
	ID              stride.DraftID       `json:"id"`
	State           stride.DraftState    `json:"state"`
	ModelID         stride.ModelID       `json:"model_id"`
	ProjectID       stride.ProjectID     `json:"project_id"`
	Drafter         string               `json:"drafter"`
	All             bool                 `json:"all"`
	Run             int                  `json:"run"`
	Progress        stride.Progress      `json:"progress"`
	Error           *stride.DraftFailure `json:"error"`
	CancelRequested bool                 `json:"cancel_requested"`
	Outcome         *outcomeWire         `json:"outcome"`
	AuthorID        stride.UserID        `json:"author_id"`
	CreatedAt       time.Time            `json:"created_at"`
	StartedAt       *time.Time           `json:"started_at"`
	EndedAt         *time.Time           `json:"ended_at"`
}

// outcomeWire is what a draft published; the matrix is the model's coverage.
type outcomeWire struct {
	Suggestions     int                `json:"suggestions"`
	AlreadyAccepted int                `json:"already_accepted"`
	HeldBack        int                `json:"held_back"`
	Mitigated       []stride.Mitigated `json:"mitigated"`
	Notes           []string           `json:"notes"`
	LLM             *stride.LLMReport  `json:"llm"`
}

func draftOut(d stride.Draft) draftWire {
	out := draftWire{
		ID: d.ID, State: d.State, ModelID: d.ModelID, ProjectID: d.ProjectID, Drafter: d.Drafter, All: d.All, Run: d.Run,
		Progress: d.Progress, Error: d.Failure, CancelRequested: d.CancelRequested, AuthorID: d.AuthorID,
		CreatedAt: d.CreatedAt.UTC(), StartedAt: timeOf(d.StartedAt), EndedAt: timeOf(d.EndedAt),
	}
	if o := d.Outcome; o != nil {
		out.Outcome = &outcomeWire{
			Suggestions: o.Suggestions, AlreadyAccepted: o.AlreadyAccepted, HeldBack: o.HeldBack,
			Mitigated: orEmpty(o.Mitigated), Notes: orEmpty(o.Notes), LLM: o.LLM,
		}
	}
	return out
}

func draftReply(d stride.Draft) reply {
	status := http.StatusAccepted
	if d.State.Ended() {
		status = http.StatusOK
	}
	return reply{status: status, location: "/v1/drafts/" + string(d.ID), body: draftOut(d)}
}

func draftID(c *gin.Context) stride.DraftID { return stride.DraftID(c.Param("id")) }

// draftOptionsIn say how to draft, beside what is drafted.
type draftOptionsIn struct {
	Drafter string `json:"drafter"`
	All     bool   `json:"all"`
}

func (in draftOptionsIn) options() analysis.DraftOptions {
	return analysis.DraftOptions{Drafter: in.Drafter, All: in.All}
}

type submissionIn struct {
	Description string           `json:"description" validate:"required"`
	Name        string           `json:"name"`
	Format      string           `json:"format"`
	ProjectID   stride.ProjectID `json:"project_id"`
	ProjectName string           `json:"project_name"`
	Scope       string           `json:"scope"`
	draftOptionsIn
}

// createDraft takes a design as JSON, or raw with its options in the query.
func (s *server) createDraft(c *gin.Context) error {
	wait, err := preferWait(c)
	if err != nil {
		return err
	}
	var in submissionIn
	var body []byte
	switch t := mediaType(c); t {
	case "application/json":
		body, err = s.readJSON(c, maxSourceBody, &in)
	case "text/markdown", "text/plain", "text/x-markdown", "text/vnd.mermaid":
		body, err = readRawSubmission(c, &in)
	default:
		err = &stride.Error{
			Kind: stride.UnsupportedMedia, Message: "send application/json, text/markdown, text/plain or text/vnd.mermaid",
			Fields: []stride.Field{{Field: "Content-Type", Message: fmt.Sprintf("is %q", t)}},
		}
	}
	if err != nil {
		return err
	}
	out, replayed, err := once(c, body, func(call analysis.Call) (analysis.Submitted, error) {
		return s.Submissions.Draft(c.Request.Context(), call, analysis.Submission{
			Source:    analysis.NewSource{Name: in.Name, Format: in.Format, Content: []byte(in.Description)},
			ProjectID: in.ProjectID, ProjectName: in.ProjectName, Scope: in.Scope, Options: in.options(),
		})
	}, func(r analysis.Submitted) reply { return draftReply(r.Draft) })
	if err != nil || replayed {
		return err
	}
	return s.answerDraft(c, out.Draft, wait)
}

func readRawSubmission(c *gin.Context, in *submissionIn) ([]byte, error) {
	q := readQuery(c, "name", "format", "project_id", "project_name", "scope", "drafter", "all")
	in.Name, in.Format, in.Scope, in.Drafter = q.text("name"), q.text("format"), q.text("scope"), q.text("drafter")
	in.ProjectID, in.ProjectName = stride.ProjectID(q.text("project_id")), q.text("project_name")
	if all := q.flag("all"); all != nil {
		in.All = *all
	}
	if err := q.err(); err != nil {
		return nil, err
	}
	if in.Format == "" && mediaType(c) == "text/vnd.mermaid" {
		in.Format = "mermaid"
	}
	if _, params, err := mime.ParseMediaType(c.GetHeader("Content-Type")); err == nil {
		if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
			return nil, &stride.Error{
				Kind: stride.UnsupportedMedia, Message: "send UTF-8",
				Fields: []stride.Field{{Field: "Content-Type", Message: fmt.Sprintf("has the charset %q", charset)}},
			}
		}
	}
	body, err := readBody(c, maxSourceBody)
	in.Description = string(body)
	return body, err
}

func (s *server) createModelDraft(c *gin.Context) error {
	wait, err := preferWait(c)
	if err != nil {
		return err
	}
	var in draftOptionsIn
	body, err := s.readOptionalJSON(c, &in)
	if err != nil {
		return err
	}
	d, replayed, err := once(c, body, func(call analysis.Call) (stride.Draft, error) {
		return s.Drafts.Create(c.Request.Context(), call, modelID(c), in.options())
	}, draftReply)
	if err != nil || replayed {
		return err
	}
	return s.answerDraft(c, d, wait)
}

func (s *server) listModelDrafts(c *gin.Context) error {
	q := readQuery(c, "limit", "cursor")
	page := q.page()
	if err := q.err(); err != nil {
		return err
	}
	found, err := s.Drafts.OfModel(c.Request.Context(), actor(c), modelID(c), page)
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: listOf(found, q.filter(), draftOut)})
}

func (s *server) getDraft(c *gin.Context) error {
	d, err := s.Drafts.Get(c.Request.Context(), actor(c), draftID(c))
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: draftOut(d)})
}

func (s *server) cancelDraft(c *gin.Context) error {
	body, err := s.readOptionalJSON(c, &struct{}{})
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Draft, error) {
		return s.Drafts.Cancel(c.Request.Context(), call, draftID(c))
	}, draftReply)
}

// maxWait bounds Prefer: wait.
const maxWait = 60 * time.Second

// preferWait reads how long the caller wants to wait for the end of the draft.
// Source: RFC 7240, section 4.3.
func preferWait(c *gin.Context) (time.Duration, error) {
	for _, header := range c.Request.Header.Values("Prefer") {
		for _, preference := range strings.FieldsFunc(header, func(r rune) bool { return r == ',' || r == ';' }) {
			name, value, _ := strings.Cut(strings.TrimSpace(preference), "=")
			if !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			seconds, err := strconv.Atoi(strings.Trim(strings.TrimSpace(value), `"`))
			if err != nil || seconds < 0 {
				return 0, stride.InvalidField("Prefer", "wait must be a number of seconds, for example wait=30")
			}
			return min(time.Duration(seconds)*time.Second, maxWait), nil
		}
	}
	return 0, nil
}

// answerDraft answers 200 with the ended draft where it ends in time, else 202.
func (s *server) answerDraft(c *gin.Context, d stride.Draft, wait time.Duration) error {
	if wait > 0 {
		c.Header("Preference-Applied", fmt.Sprintf("wait=%d", int(wait.Seconds())))
		ended, err := s.await(c, d, wait)
		if err != nil {
			return err
		}
		d = ended
	}
	return s.write(c, draftReply(d))
}

// Intervals of polling: a draft by rules takes milliseconds.
const (
	awaitInterval  = 50 * time.Millisecond
	streamInterval = 250 * time.Millisecond
	streamPulse    = 15 * time.Second
)

func (s *server) await(c *gin.Context, d stride.Draft, wait time.Duration) (stride.Draft, error) {
	ctx, cancel := context.WithTimeout(c.Request.Context(), wait)
	defer cancel()
	tick := time.NewTicker(awaitInterval)
	defer tick.Stop()
	// The draft may lie in a sandbox or project that the request has just made,
	// which the actor's grants do not name yet.
	a := actor(c)
	a.Grants = append(a.Grants[:len(a.Grants):len(a.Grants)], stride.Grant{Project: d.ProjectID, Role: stride.RoleViewer})
	for !d.State.Ended() {
		select {
		case <-ctx.Done():
			return d, nil
		case <-s.Closing:
			return d, nil
		case <-tick.C:
		}
		now, err := s.Drafts.Get(c.Request.Context(), a, d.ID)
		if err != nil {
			return d, err
		}
		d = now
	}
	return d, nil
}

// draftEvents streams a draft's events until it has ended, from Last-Event-ID.
func (s *server) draftEvents(c *gin.Context) error {
	after := int64(0)
	if last := c.GetHeader("Last-Event-ID"); last != "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n < 0 {
			return stride.InvalidField("Last-Event-ID", "must be the id of an event")
		}
		after = n
	}
	ctx, a, id := c.Request.Context(), actor(c), draftID(c)
	events, ended, err := s.Drafts.Events(ctx, a, id, after)
	if err != nil {
		return err
	}
	c.Header("Content-Type", "text/event-stream; charset=utf-8")
	c.Header("X-Accel-Buffering", "no")
	tick := time.NewTicker(streamInterval)
	defer tick.Stop()
	quiet := time.Duration(0)
	for {
		for _, e := range events {
			fmt.Fprintf(c.Writer, "id: %d\nevent: %s\ndata: %s\n\n", e.Seq, e.Type, e.Body)
			after, quiet = e.Seq, 0
		}
		if quiet >= streamPulse {
			fmt.Fprint(c.Writer, ": still there\n\n")
			quiet = 0
		}
		c.Writer.Flush()
		if ended {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.Closing:
			return nil
		case <-tick.C:
			quiet += streamInterval
		}
		if events, ended, err = s.Drafts.Events(ctx, a, id, after); err != nil {
			return err
		}
	}
}
