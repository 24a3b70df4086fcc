package api

import (
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

type commentWire struct {
	ID        stride.CommentID `json:"id"`
	ProjectID stride.ProjectID `json:"project_id"`
	Subject   stride.Subject   `json:"subject"`
	SubjectID string           `json:"subject_id"`
	Text      string           `json:"text"`
	Mentions  []stride.UserID  `json:"mentions"`
	Unknown   []string         `json:"unknown_mentions"`
	AuthorID  stride.UserID    `json:"author_id"`
	CreatedAt time.Time        `json:"created_at"`
	UpdatedAt time.Time        `json:"updated_at"`
	DeletedAt *time.Time       `json:"deleted_at"`
	Version   int64            `json:"version"`
}

func commentOut(c stride.Comment) commentWire {
	return commentWire{
		ID: c.ID, ProjectID: c.ProjectID, Subject: c.Subject, SubjectID: c.SubjectID, Text: c.Text, Mentions: orEmpty(c.Mentions),
		Unknown: orEmpty(c.Unknown), AuthorID: c.AuthorID, CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(),
		DeletedAt: timeOf(c.DeletedAt), Version: c.Revision,
	}
}

func commentReply(status int) func(stride.Comment) reply {
	return func(c stride.Comment) reply {
		r := reply{status: status, revision: c.Revision, body: commentOut(c)}
		if status == http.StatusCreated {
			r.location = "/v1/comments/" + string(c.ID)
		}
		return r
	}
}

func commentID(c *gin.Context) stride.CommentID { return stride.CommentID(c.Param("id")) }

// commentsOf makes the handler of the list about a thing of the path.
func (s *server) commentsOf(subject stride.Subject) func(*gin.Context) error {
	return func(c *gin.Context) error {
		q := readQuery(c, "limit", "cursor")
		page := q.page()
		if err := q.err(); err != nil {
			return err
		}
		found, err := s.Comments.List(c.Request.Context(), actor(c), analysis.About{Subject: subject, ID: c.Param("id")}, page)
		if err != nil {
			return err
		}
		return s.write(c, reply{status: http.StatusOK, body: listOf(found, q.filter(), commentOut)})
	}
}

type commentIn struct {
	Text string `json:"text" validate:"required"`
}

// commentOn makes the handler that adds a comment about a thing of the path.
func (s *server) commentOn(subject stride.Subject) func(*gin.Context) error {
	return func(c *gin.Context) error {
		var in commentIn
		body, err := s.readJSON(c, maxBody, &in)
		if err != nil {
			return err
		}
		return mutate(s, c, body, func(call analysis.Call) (stride.Comment, error) {
			return s.Comments.Add(c.Request.Context(), call, analysis.About{Subject: subject, ID: c.Param("id")}, in.Text)
		}, commentReply(http.StatusCreated))
	}
}

func (s *server) getComment(c *gin.Context) error {
	found, err := s.Comments.Get(c.Request.Context(), actor(c), commentID(c))
	if err != nil {
		return err
	}
	return s.write(c, commentReply(http.StatusOK)(found))
}

func (s *server) replaceComment(c *gin.Context) error {
	var in commentIn
	body, err := s.readJSON(c, maxBody, &in)
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Comment, error) {
		return s.Comments.Replace(c.Request.Context(), call, commentID(c), in.Text)
	}, commentReply(http.StatusOK))
}

func (s *server) deleteComment(c *gin.Context) error {
	body, err := s.readOptionalJSON(c, &struct{}{})
	if err != nil {
		return err
	}
	return mutate(s, c, body, func(call analysis.Call) (stride.Comment, error) {
		return s.Comments.Delete(c.Request.Context(), call, commentID(c))
	}, commentReply(http.StatusOK))
}

type mentionWire struct {
	Comment commentWire `json:"comment"`
	ReadAt  *time.Time  `json:"read_at"`
}

func mentionOut(m stride.Mention) mentionWire {
	return mentionWire{Comment: commentOut(m.Comment), ReadAt: timeOf(m.ReadAt)}
}

func (s *server) listMentions(c *gin.Context) error {
	q := readQuery(c, "unread", "limit", "cursor")
	unread := q.flag("unread")
	page := q.page()
	if err := q.err(); err != nil {
		return err
	}
	found, err := s.Comments.Mentions(c.Request.Context(), actor(c), unread != nil && *unread, page)
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: listOf(found, q.filter(), mentionOut)})
}

func (s *server) readMentions(c *gin.Context) error {
	var in struct {
		CommentIDs []stride.CommentID `json:"comment_ids"`
	}
	if _, err := s.readOptionalJSON(c, &in); err != nil {
		return err
	}
	n, err := s.Comments.ReadMentions(c.Request.Context(), actor(c), in.CommentIDs)
	if err != nil {
		return err
	}
	return s.write(c, reply{status: http.StatusOK, body: struct {
		Read int64 `json:"read"`
	}{n}})
}
