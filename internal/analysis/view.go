package analysis

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// ViewStore is what Views needs of storage.
type ViewStore interface {
	// Views returns a user's, by name.
	Views(ctx context.Context, user stride.UserID) ([]stride.SavedView, error)
	// SaveView stores the view, or replaces the query of the user's view of the same
	// name, compared as names of projects are; it returns what then stands.
	SaveView(ctx context.Context, v stride.SavedView, most int) (stride.SavedView, error)
	// DeleteView returns NotFound where the user has no view of the name.
	DeleteView(ctx context.Context, user stride.UserID, name string) error
}

// Views are the queries of the queue that a user keeps. They are the user's alone.
type Views struct {
	Kit
	Store ViewStore
}

// MostViews is how many views a user can keep.
const MostViews = 50

// List returns the actor's views, by name.
func (s *Views) List(ctx context.Context, actor stride.Actor) ([]stride.SavedView, error) {
	return s.Store.Views(ctx, actor.User)
}

// Save keeps a query under a name, in the place of what was there. Conflict beyond
// 50 views.
func (s *Views) Save(ctx context.Context, actor stride.Actor, name, query string) (stride.SavedView, error) {
	name = strings.Join(strings.Fields(name), " ")
	if n := utf8.RuneCountInString(name); n < 1 || n > 80 || !stride.PlainText(name) {
		return stride.SavedView{}, stride.InvalidField("name", "must have 1 to 80 characters on one line")
	}
	if len(query) > 2000 {
		return stride.SavedView{}, stride.InvalidField("query", "must have at most 2000 bytes")
	}
	return s.Store.SaveView(ctx, stride.SavedView{
		ID: stride.ViewID(s.NewID()), UserID: actor.User, Name: name, Query: query, CreatedAt: s.Now(),
	}, MostViews)
}

// Delete removes a view; NotFound where there is none of the name.
func (s *Views) Delete(ctx context.Context, actor stride.Actor, name string) error {
	return s.Store.DeleteView(ctx, actor.User, name)
}
