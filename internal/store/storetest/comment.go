package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func commentTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"comes back whole":          testCommentRoundTrip,
		"out of reach":              testCommentReach,
		"in pages":                  testCommentPages,
		"update is guarded":         testCommentGuard,
		"mentions":                  testMentions,
		"users of a project":        testUsersNamed,
		"a comment of no project":   testCommentOfNothing,
		"a rolled back one is gone": testCommentRollback,
	}
}

// newComment is one that is not stored yet, as it will come back.
func (f *fixture) newComment(p stride.Project, about string, mentions ...stride.UserID) stride.Comment {
	at := kept(f.now())
	return stride.Comment{
		ID: newID[stride.CommentID](), ProjectID: p.ID, Subject: stride.SubjectThreat, SubjectID: about, Text: "où? “支付” <b>",
		Mentions: append([]stride.UserID{}, mentions...), Unknown: []string{"nobody"}, AuthorID: "ann", CreatedAt: at, UpdatedAt: at, Revision: 1,
	}
}

func (f *fixture) comments(t *testing.T, comments ...stride.Comment) {
	t.Helper()
	require.NoError(t, f.InCommentTx(f.ctx, func(tx analysis.CommentTx) error {
		for _, c := range comments {
			if err := tx.InsertComment(f.ctx, c); err != nil {
				return err
			}
		}
		return nil
	}))
}

func testCommentRoundTrip(t *testing.T, f *fixture) {
	p, ann := f.project(t, "shop"), f.user(t, "ann")
	c := f.newComment(p, "t", ann.ID)
	c.DeletedAt = keptPtr(f.now())
	f.comments(t, c)
	got, err := f.Comment(f.ctx, stride.Reach{All: true}, c.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(c, got))
}

func testCommentReach(t *testing.T, f *fixture) {
	p, other := f.project(t, "shop"), f.project(t, "other")
	c := f.newComment(p, "t")
	f.comments(t, c)
	_, err := f.Comment(f.ctx, stride.Reach{Projects: []stride.ProjectID{other.ID}}, c.ID)
	requireKind(t, stride.NotFound, err)
	_, err = f.Comment(f.ctx, stride.Reach{All: true}, newID[stride.CommentID]())
	requireKind(t, stride.NotFound, err)
}

func testCommentPages(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	var want []stride.Comment
	for range 5 {
		want = append(want, f.newComment(p, "t"))
	}
	f.comments(t, want...)
	same := f.newComment(p, "t")
	same.Subject = stride.SubjectSuggestion
	f.comments(t, f.newComment(p, "u"), same)
	var got []stride.Comment
	for page := (analysis.Page{Limit: 2}); ; {
		found, err := f.CommentsOf(f.ctx, analysis.About{Subject: stride.SubjectThreat, ID: "t"}, page)
		require.NoError(t, err)
		got = append(got, found.Items...)
		if found.Next == nil {
			break
		}
		page.After = found.Next
	}
	require.Empty(t, cmp.Diff(want, got))
	require.NoError(t, f.InCommentTx(f.ctx, func(tx analysis.CommentTx) error {
		n, err := tx.CountComments(f.ctx, analysis.About{Subject: stride.SubjectThreat, ID: "t"})
		require.Equal(t, 5, n)
		return err
	}))
}

func testCommentGuard(t *testing.T, f *fixture) {
	c := f.newComment(f.project(t, "shop"), "t")
	f.comments(t, c)
	update := func(c stride.Comment) error {
		return f.InCommentTx(f.ctx, func(tx analysis.CommentTx) error { return tx.UpdateComment(f.ctx, c) })
	}
	c.Text, c.Unknown = "new", []string{}
	require.NoError(t, update(c))
	requireKind(t, stride.Stale, update(c))
	got, err := f.Comment(f.ctx, stride.Reach{All: true}, c.ID)
	require.NoError(t, err)
	c.Revision = 2
	require.Empty(t, cmp.Diff(c, got))
}

// testMentions follows what ann is told through an edit and a loss of reach.
func testMentions(t *testing.T, f *fixture) {
	p, other, ann, bob := f.project(t, "shop"), f.project(t, "other"), f.user(t, "ann"), f.user(t, "bob")
	first, second, foreign := f.newComment(p, "t", ann.ID, bob.ID), f.newComment(p, "t", ann.ID), f.newComment(other, "t", ann.ID)
	f.comments(t, first, second, foreign)
	told := func(reach stride.Reach, unread bool) []stride.CommentID {
		got, err := f.Mentions(f.ctx, reach, ann.ID, unread, analysis.Page{})
		require.NoError(t, err)
		ids := []stride.CommentID{}
		for _, m := range got.Items {
			ids = append(ids, m.Comment.ID)
		}
		return ids
	}
	all, own := stride.Reach{All: true}, stride.Reach{Projects: []stride.ProjectID{p.ID}}
	require.Equal(t, []stride.CommentID{foreign.ID, second.ID, first.ID}, told(all, true), "newest first")
	require.Equal(t, []stride.CommentID{second.ID, first.ID}, told(own, true))
	n, err := f.ReadMentions(f.ctx, ann.ID, []stride.CommentID{first.ID}, f.now())
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.Equal(t, []stride.CommentID{second.ID}, told(own, true))
	require.Len(t, told(own, false), 2)

	first.Text = "again"
	second.Mentions = []stride.UserID{bob.ID}
	require.NoError(t, f.InCommentTx(f.ctx, func(tx analysis.CommentTx) error {
		if err := tx.UpdateComment(f.ctx, first); err != nil {
			return err
		}
		return tx.UpdateComment(f.ctx, second)
	}))
	require.Equal(t, []stride.CommentID{}, told(own, true), "what was read stays read; who is named no more is told no more")
	require.Equal(t, []stride.CommentID{first.ID}, told(own, false))
	n, err = f.ReadMentions(f.ctx, ann.ID, nil, f.now())
	require.NoError(t, err)
	require.EqualValues(t, 1, n, "the other project's")
	n, err = f.ReadMentions(f.ctx, ann.ID, nil, f.now())
	require.NoError(t, err)
	require.Zero(t, n)
}

func testUsersNamed(t *testing.T, f *fixture) {
	p, ann, gil := f.project(t, "shop"), f.user(t, "ann"), f.user(t, "gil")
	f.user(t, "stranger")
	require.NoError(t, f.InAccessTx(f.ctx, func(tx analysis.AccessTx) error {
		if err := tx.EnsureGrant(f.ctx, ann.ID, stride.Grant{Project: p.ID, Role: stride.RoleViewer}); err != nil {
			return err
		}
		return tx.EnsureGrant(f.ctx, gil.ID, stride.Grant{Role: stride.RoleViewer})
	}))
	require.NoError(t, f.InCommentTx(f.ctx, func(tx analysis.CommentTx) error {
		got, err := tx.UsersNamed(f.ctx, p.ID, []string{"gil", "ann", "stranger", "Ann", "nobody"})
		require.ElementsMatch(t, []stride.User{ann, gil}, got)
		if err != nil {
			return err
		}
		got, err = tx.UsersNamed(f.ctx, p.ID, nil)
		require.Empty(t, got)
		return err
	}))
}

func testCommentOfNothing(t *testing.T, f *fixture) {
	c := f.newComment(stride.Project{ID: newID[stride.ProjectID]()}, "t")
	require.Error(t, f.InCommentTx(f.ctx, func(tx analysis.CommentTx) error { return tx.InsertComment(f.ctx, c) }))
}

func testCommentRollback(t *testing.T, f *fixture) {
	c := f.newComment(f.project(t, "shop"), "t", f.user(t, "ann").ID)
	require.ErrorIs(t, f.InCommentTx(f.ctx, func(tx analysis.CommentTx) error {
		require.NoError(t, tx.InsertComment(f.ctx, c))
		return errUndo
	}), errUndo)
	_, err := f.Comment(f.ctx, stride.Reach{All: true}, c.ID)
	requireKind(t, stride.NotFound, err)
}
