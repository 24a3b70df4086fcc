package analysis

import (
	"context"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// User returns whose an id is, so that people read names. NotFound for what does not
// exist and for who has nothing to do with any project of the actor's.
func (a *Access) User(ctx context.Context, actor stride.Actor, id stride.UserID) (stride.User, error) {
	return a.Store.User(ctx, actor.Reach(stride.RoleViewer), actor.User, id)
}
