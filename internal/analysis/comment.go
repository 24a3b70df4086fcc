package analysis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// CommentStore is what Comments needs of storage.
type CommentStore interface {
	// Suggestion and Threat return NotFound for what does not exist or is out of reach.
	Suggestion(ctx context.Context, reach stride.Reach, id stride.SuggestionID) (stride.Suggestion, error)
	Threat(ctx context.Context, reach stride.Reach, id stride.ThreatID) (stride.Threat, error)
	// Comment returns NotFound for what does not exist or is out of reach.
	Comment(ctx context.Context, reach stride.Reach, id stride.CommentID) (stride.Comment, error)
	// CommentsOf lists what was said about a thing, oldest first, deleted ones too.
	CommentsOf(ctx context.Context, about About, p Page) (Listing[stride.Comment], error)
	// Mentions lists the comments of the reach that name the user, newest first, but
	// for deleted ones.
	Mentions(ctx context.Context, reach stride.Reach, user stride.UserID, unreadOnly bool, p Page) (Listing[stride.Mention], error)
	// ReadMentions marks the user's unread mentions as read, those in the comments or,
	// without any, all up to now, and returns how many that were.
	ReadMentions(ctx context.Context, user stride.UserID, comments []stride.CommentID, now time.Time) (int64, error)
	InCommentTx(ctx context.Context, fn func(CommentTx) error) error
}

// CommentTx is the transactional set of Comments.
type CommentTx interface {
	RecordTx
	// CommentByID returns NotFound where there is none.
	CommentByID(ctx context.Context, id stride.CommentID) (stride.Comment, error)
	// CountComments counts what was said about a thing.
	CountComments(ctx context.Context, about About) (int, error)
	// UsersNamed returns the users of these names who have a role in the project.
	UsersNamed(ctx context.Context, project stride.ProjectID, names []string) ([]stride.User, error)
	InsertComment(ctx context.Context, c stride.Comment) error
	// UpdateComment writes text, mentions and deletion and adds 1 to the revision,
	// guarded by c.Revision; Stale where the guard fails. Who was mentioned already
	// keeps whether it was read.
	UpdateComment(ctx context.Context, c stride.Comment) error
}

// About is what a comment is about.
type About struct {
	Subject stride.Subject // stride.SubjectSuggestion or stride.SubjectThreat
	ID      string
}

// Comments is the talk about suggestions and threats.
type Comments struct {
	Kit
	Store CommentStore
}

// Limits of comments.
const (
	maxComments = 1000 // of one suggestion or threat
	maxComment  = 10000
	maxMentions = 50
)

// List returns what was said about a thing, oldest first. Of a deleted comment its
// place remains.
func (s *Comments) List(ctx context.Context, actor stride.Actor, about About, p Page) (Listing[stride.Comment], error) {
	if _, err := s.project(ctx, actor, about); err != nil {
		return Listing[stride.Comment]{}, err
	}
	return s.Store.CommentsOf(ctx, about, p)
}

// Get returns NotFound for what does not exist or is not the actor's.
func (s *Comments) Get(ctx context.Context, actor stride.Actor, id stride.CommentID) (stride.Comment, error) {
	return s.Store.Comment(ctx, actor.Reach(stride.RoleViewer), id)
}

// Add says something about a thing.
func (s *Comments) Add(ctx context.Context, call Call, about About, text string) (stride.Comment, error) {
	text, err := commentText(text)
	if err != nil {
		return stride.Comment{}, err
	}
	project, err := s.project(ctx, call.Actor, about)
	if err != nil {
		return stride.Comment{}, err
	}
	if err := requireRole(call.Actor, project, stride.RoleAuthor, string(about.Subject)); err != nil {
		return stride.Comment{}, err
	}
	return s.inProject(ctx, call, project, func(s *Comments, tx CommentTx) (stride.Comment, error) {
		n, err := tx.CountComments(ctx, about)
		if err != nil {
			return stride.Comment{}, err
		}
		if n >= maxComments {
			return stride.Comment{}, stride.Errorf(stride.Conflict, "a %s can have at most %d comments", about.Subject, maxComments)
		}
		c := stride.Comment{
			ID: stride.CommentID(s.NewID()), ProjectID: project, Subject: about.Subject, SubjectID: about.ID, AuthorID: call.Actor.User,
			CreatedAt: s.Now(), UpdatedAt: s.Now(), Revision: 1,
		}
		if err := setText(ctx, tx, &c, text); err != nil {
			return c, err
		}
		if err := tx.InsertComment(ctx, c); err != nil {
			return c, fmt.Errorf("insert comment: %w", err)
		}
		return c, s.tell(ctx, tx, call.Actor, stride.EventCommentCreated, c)
	})
}

// Replace writes the text anew; only its author may. Wants If-Match.
func (s *Comments) Replace(ctx context.Context, call Call, id stride.CommentID, text string) (stride.Comment, error) {
	text, err := commentText(text)
	if err != nil {
		return stride.Comment{}, err
	}
	return s.change(ctx, call, id, func(s *Comments, tx CommentTx, c stride.Comment) (stride.Comment, error) {
		if c.AuthorID != call.Actor.User {
			return c, stride.Errorf(stride.Forbidden, "only its author may change a comment")
		}
		if text == c.Text {
			return c, nil
		}
		if err := setText(ctx, tx, &c, text); err != nil {
			return c, err
		}
		return s.update(ctx, tx, call.Actor, stride.EventCommentUpdated, c)
	})
}

// Delete takes the text away, by its author or an admin; the audit trail keeps it.
// Wants If-Match.
func (s *Comments) Delete(ctx context.Context, call Call, id stride.CommentID) (stride.Comment, error) {
	return s.change(ctx, call, id, func(s *Comments, tx CommentTx, c stride.Comment) (stride.Comment, error) {
		if c.AuthorID != call.Actor.User && !call.Actor.RoleIn(c.ProjectID).AtLeast(stride.RoleAdmin) {
			return c, stride.Errorf(stride.Forbidden, "only its author or an admin may delete a comment")
		}
		c.Text, c.Mentions, c.Unknown, c.DeletedAt = "", []stride.UserID{}, []string{}, new(s.Now())
		return s.update(ctx, tx, call.Actor, stride.EventCommentDeleted, c)
	})
}

// Mentions lists the comments that name the actor, newest first.
func (s *Comments) Mentions(ctx context.Context, actor stride.Actor, unreadOnly bool, p Page) (Listing[stride.Mention], error) {
	return s.Store.Mentions(ctx, actor.Reach(stride.RoleViewer), actor.User, unreadOnly, p)
}

// ReadMentions marks the actor's mentions in the comments, or all, as read and
// returns how many were not yet.
func (s *Comments) ReadMentions(ctx context.Context, actor stride.Actor, comments []stride.CommentID) (int64, error) {
	if len(comments) > MaxLimit {
		return 0, stride.InvalidField("comment_ids", "must be at most %d", MaxLimit)
	}
	return s.Store.ReadMentions(ctx, actor.User, comments, s.Now())
}

func commentText(text string) (string, error) {
	text = strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(text); {
	case n < 1 || n > maxComment:
		return "", stride.InvalidField("text", "must have 1 to %d characters", maxComment)
	case len(stride.MentionedNames(text)) > maxMentions:
		return "", stride.InvalidField("text", "must mention at most %d people", maxMentions)
	}
	return text, nil
}

// setText sets the text and who is mentioned in it.
func setText(ctx context.Context, tx CommentTx, c *stride.Comment, text string) error {
	names := stride.MentionedNames(text)
	users, err := tx.UsersNamed(ctx, c.ProjectID, names)
	if err != nil {
		return fmt.Errorf("look up who is mentioned: %w", err)
	}
	c.Text, c.Mentions, c.Unknown = text, []stride.UserID{}, []string{}
	for _, name := range names {
		i := slices.IndexFunc(users, func(u stride.User) bool { return u.Name == name })
		if i < 0 {
			c.Unknown = append(c.Unknown, name)
			continue
		}
		c.Mentions = append(c.Mentions, users[i].ID)
	}
	return nil
}

// project is the project of what the actor may read.
func (s *Comments) project(ctx context.Context, actor stride.Actor, about About) (stride.ProjectID, error) {
	reach := actor.Reach(stride.RoleViewer)
	if about.Subject == stride.SubjectSuggestion {
		sug, err := s.Store.Suggestion(ctx, reach, stride.SuggestionID(about.ID))
		return sug.ProjectID, err
	}
	t, err := s.Store.Threat(ctx, reach, stride.ThreatID(about.ID))
	return t.ProjectID, err
}

func (s *Comments) update(
	ctx context.Context, tx CommentTx, actor stride.Actor, kind stride.EventKind, c stride.Comment,
) (stride.Comment, error) {
	c.UpdatedAt = s.Now()
	if err := tx.UpdateComment(ctx, c); err != nil {
		return c, fmt.Errorf("update comment %s: %w", c.ID, err)
	}
	c.Revision++
	return c, s.tell(ctx, tx, actor, kind, c)
}

// tell records what happened to a comment in the history of what it is about.
func (s *Comments) tell(ctx context.Context, tx CommentTx, actor stride.Actor, kind stride.EventKind, c stride.Comment) error {
	return s.record(ctx, tx, actor, c.ProjectID, kind, c.Subject, c.SubjectID,
		map[string]any{"comment_id": c.ID, "text": c.Text, "mentions": c.Mentions})
}

// change runs fn on a comment that If-Match names, under its project's lock.
func (s *Comments) change(ctx context.Context, call Call, id stride.CommentID,
	fn func(*Comments, CommentTx, stride.Comment) (stride.Comment, error),
) (stride.Comment, error) {
	seen, err := s.Get(ctx, call.Actor, id)
	if err != nil {
		return seen, err
	}
	if err := requireRole(call.Actor, seen.ProjectID, stride.RoleAuthor, "comment"); err != nil {
		return seen, err
	}
	return s.inProject(ctx, call, seen.ProjectID, func(s *Comments, tx CommentTx) (stride.Comment, error) {
		c, err := tx.CommentByID(ctx, id)
		if err != nil {
			return c, err
		}
		var conflict error
		if c.DeletedAt != nil {
			conflict = stride.Errorf(stride.Conflict, "the comment has been deleted")
		}
		if err := call.Match.check(c.Revision, conflict, c); err != nil {
			return c, err
		}
		return fn(s, tx, c)
	})
}

// inProject runs fn under the project's lock, once per key.
func (s *Comments) inProject(
	ctx context.Context, call Call, project stride.ProjectID, fn func(*Comments, CommentTx) (stride.Comment, error),
) (stride.Comment, error) {
	var out stride.Comment
	err := s.Store.InCommentTx(ctx, func(tx CommentTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.Comment, error) {
			if _, err := tx.LockProject(ctx, project); err != nil {
				return stride.Comment{}, err
			}
			at := *s
			at.Kit = s.frozen()
			return fn(&at, tx)
		})
		return err
	})
	return out, err
}
