package store

import (
	"context"
	"fmt"
	"time"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

var (
	_ analysis.CommentStore = (*Store)(nil)
	_ analysis.CommentTx    = (*Tx)(nil)
)

type commentRow struct {
	ID        stride.CommentID        `db:"id"`
	ProjectID stride.ProjectID        `db:"project_id"`
	Subject   stride.Subject          `db:"subject"`
	SubjectID string                  `db:"subject_id"`
	Body      string                  `db:"body"`
	Mentions  jsonOf[[]stride.UserID] `db:"mentions"`
	Unknown   jsonOf[[]string]        `db:"unknown"`
	AuthorID  stride.UserID           `db:"author_id"`
	CreatedAt int64                   `db:"created_at"`
	UpdatedAt int64                   `db:"updated_at"`
	DeletedAt *int64                  `db:"deleted_at"`
	Revision  int64                   `db:"revision"`
}

func newCommentRow(c stride.Comment) commentRow {
	return commentRow{
		ID: c.ID, ProjectID: c.ProjectID, Subject: c.Subject, SubjectID: c.SubjectID, Body: c.Text,
		Mentions: jsonOf[[]stride.UserID]{c.Mentions}, Unknown: jsonOf[[]string]{c.Unknown}, AuthorID: c.AuthorID,
		CreatedAt: micros(c.CreatedAt), UpdatedAt: micros(c.UpdatedAt), DeletedAt: microsOrNull(c.DeletedAt), Revision: c.Revision,
	}
}

func (r commentRow) comment() stride.Comment {
	return stride.Comment{
		ID: r.ID, ProjectID: r.ProjectID, Subject: r.Subject, SubjectID: r.SubjectID, Text: r.Body, Mentions: r.Mentions.V,
		Unknown: r.Unknown.V, AuthorID: r.AuthorID, CreatedAt: instant(r.CreatedAt), UpdatedAt: instant(r.UpdatedAt),
		DeletedAt: instantOrNil(r.DeletedAt), Revision: r.Revision,
	}
}

const commentColumns = `c.id, c.project_id, c.subject, c.subject_id, c.body, c.mentions, c.unknown, c.author_id, c.created_at, c.updated_at,
       c.deleted_at, c.revision`

const selectComments = "select " + commentColumns + " from comments c"

// Comment returns NotFound for what does not exist or is out of reach.
func (s *Store) Comment(ctx context.Context, reach stride.Reach, id stride.CommentID) (stride.Comment, error) {
	var f filter
	f.where("c.id = ?", id)
	f.within("c.project_id", reach)
	return s.comment(ctx, f)
}

// CommentByID returns NotFound where there is none.
func (tx *Tx) CommentByID(ctx context.Context, id stride.CommentID) (stride.Comment, error) {
	var f filter
	f.where("c.id = ?", id)
	return tx.comment(ctx, f)
}

func (s session) comment(ctx context.Context, f filter) (stride.Comment, error) {
	if f.err != nil {
		return stride.Comment{}, f.err
	}
	var row commentRow
	if err := s.get(ctx, &row, selectComments+f.sql(), f.args...); err != nil {
		return stride.Comment{}, missing(err, "comment")
	}
	return row.comment(), nil
}

// CommentsOf lists what was said about a thing, oldest first, deleted ones too.
func (s *Store) CommentsOf(ctx context.Context, about analysis.About, p analysis.Page) (analysis.Listing[stride.Comment], error) {
	var none analysis.Listing[stride.Comment]
	by := order{name: "comments", id: "c.id"}
	var f filter
	f.where("c.subject = ? and c.subject_id = ?", about.Subject, about.ID)
	if err := f.after(by, p.After); err != nil {
		return none, err
	}
	size := pageSize(p)
	var rows []commentRow
	if err := s.list(ctx, &rows, selectComments+f.sql()+by.sql(), append(f.args, size+1)...); err != nil {
		return none, fmt.Errorf("list comments: %w", err)
	}
	return listing(rows, size, commentRow.comment, func(r commentRow) analysis.Cursor {
		return analysis.Cursor{Sort: by.name, ID: string(r.ID)}
	}), nil
}

type mentionRow struct {
	commentRow
	ReadAt *int64 `db:"read_at"`
}

const selectMentions = "select " + commentColumns + `, m.read_at from comment_mentions m join comments c on c.id = m.comment_id`

// Mentions lists the comments of the reach that name the user, newest first, but
// for deleted ones.
func (s *Store) Mentions(
	ctx context.Context, reach stride.Reach, user stride.UserID, unreadOnly bool, p analysis.Page,
) (analysis.Listing[stride.Mention], error) {
	var none analysis.Listing[stride.Mention]
	by := order{name: "mentions", id: "m.comment_id", idDescending: true}
	var f filter
	f.where("m.user_id = ?", user)
	f.within("c.project_id", reach)
	if unreadOnly {
		f.where("m.read_at is null")
	}
	if err := f.after(by, p.After); err != nil {
		return none, err
	}
	if f.err != nil {
		return none, f.err
	}
	size := pageSize(p)
	var rows []mentionRow
	if err := s.list(ctx, &rows, selectMentions+f.sql()+by.sql(), append(f.args, size+1)...); err != nil {
		return none, fmt.Errorf("list mentions: %w", err)
	}
	return listing(rows, size,
		func(r mentionRow) stride.Mention {
			return stride.Mention{Comment: r.comment(), ReadAt: instantOrNil(r.ReadAt)}
		},
		func(r mentionRow) analysis.Cursor { return analysis.Cursor{Sort: by.name, ID: string(r.ID)} }), nil
}

// ReadMentions marks the user's unread mentions as read, those in the comments or,
// without any, all, and returns how many that were.
func (s *Store) ReadMentions(ctx context.Context, user stride.UserID, comments []stride.CommentID, now time.Time) (int64, error) {
	var f filter
	f.where("user_id = ? and read_at is null", user)
	oneOf(&f, "comment_id", comments)
	if f.err != nil {
		return 0, f.err
	}
	var n int64
	err := s.inTx(ctx, func(tx *Tx) error {
		var err error
		n, err = tx.exec(ctx, "update comment_mentions set read_at = ?"+f.sql(), append([]any{micros(now)}, f.args...)...)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("mark mentions: %w", err)
	}
	return n, nil
}

// CountComments counts what was said about a thing.
func (tx *Tx) CountComments(ctx context.Context, about analysis.About) (int, error) {
	var n int
	if err := tx.get(ctx, &n, "select count(*) from comments where subject = ? and subject_id = ?", about.Subject, about.ID); err != nil {
		return 0, fmt.Errorf("count comments: %w", err)
	}
	return n, nil
}

// UsersNamed returns the users of these names who have a role in the project.
func (tx *Tx) UsersNamed(ctx context.Context, project stride.ProjectID, names []string) ([]stride.User, error) {
	if len(names) == 0 {
		return nil, nil
	}
	var f filter
	oneOf(&f, "u.name", names)
	f.where("u.id in (select m.user_id from memberships m where m.project_id in (?, ''))", project)
	if f.err != nil {
		return nil, f.err
	}
	var rows []userRow
	if err := tx.list(ctx, &rows, selectUser+f.sql()+" order by u.id", f.args...); err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	out := make([]stride.User, 0, len(rows))
	for _, r := range rows {
		out = append(out, r.user())
	}
	return out, nil
}

const insertComment = `
insert into comments (id, project_id, subject, subject_id, body, mentions, unknown, author_id, created_at, updated_at, deleted_at, revision)
values (:id, :project_id, :subject, :subject_id, :body, :mentions, :unknown, :author_id, :created_at, :updated_at, :deleted_at, :revision)`

// InsertComment stores a comment and its mentions, unread.
func (tx *Tx) InsertComment(ctx context.Context, c stride.Comment) error {
	if _, err := tx.execRow(ctx, insertComment, newCommentRow(c)); err != nil {
		return fmt.Errorf("insert comment: %w", err)
	}
	return tx.mention(ctx, c)
}

const updateComment = `
update comments set body = :body, mentions = :mentions, unknown = :unknown, updated_at = :updated_at, deleted_at = :deleted_at, revision = revision + 1
where id = :id and revision = :revision`

// UpdateComment writes text, mentions and deletion and adds 1 to the revision,
// guarded by c.Revision; Stale where the guard fails. Who was mentioned already
// keeps whether it was read.
func (tx *Tx) UpdateComment(ctx context.Context, c stride.Comment) error {
	n, err := tx.execRow(ctx, updateComment, newCommentRow(c))
	if err != nil {
		return fmt.Errorf("update comment: %w", err)
	}
	if n == 0 {
		return stride.Errorf(stride.Stale, "the comment has changed since it was read")
	}
	var f filter
	f.where("comment_id = ?", c.ID)
	if len(c.Mentions) > 0 {
		f.where("user_id not in (?)", c.Mentions)
	}
	if f.err != nil {
		return f.err
	}
	if _, err := tx.exec(ctx, "delete from comment_mentions"+f.sql(), f.args...); err != nil {
		return fmt.Errorf("delete mentions: %w", err)
	}
	return tx.mention(ctx, c)
}

func (tx *Tx) mention(ctx context.Context, c stride.Comment) error {
	for _, user := range c.Mentions {
		_, err := tx.exec(ctx, "insert into comment_mentions (user_id, comment_id) values (?, ?) on conflict do nothing", user, c.ID)
		if err != nil {
			return fmt.Errorf("insert mention: %w", err)
		}
	}
	return nil
}
