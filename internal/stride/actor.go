package stride

import "time"

// Role is what a user may do in a project: each role may do all that the lower
// ones may. viewer < author < reviewer < admin.
type Role string

const (
	RoleViewer   Role = "viewer"   // reads
	RoleAuthor   Role = "author"   // submits designs, answers questions, works on threats
	RoleReviewer Role = "reviewer" // decides suggestions, signs off
	RoleAdmin    Role = "admin"    // triages, archives, imports
)

// Roles returns the roles, lowest first.
func Roles() []Role { return []Role{RoleViewer, RoleAuthor, RoleReviewer, RoleAdmin} }

// Valid reports whether r is a known role.
func (r Role) Valid() bool { return r.rank() > 0 }

// AtLeast reports whether r includes other. The zero Role includes nothing.
func (r Role) AtLeast(other Role) bool { return r.rank() > 0 && r.rank() >= other.rank() }

func (r Role) rank() int {
	for i, known := range Roles() {
		if r == known {
			return i + 1
		}
	}
	return 0
}

// User is a person or a machine that calls.
type User struct {
	ID        UserID
	Name      string
	CreatedAt time.Time
}

// Grant is a role in one project, or in all where Project is "".
type Grant struct {
	Project ProjectID
	Role    Role
}

// Token is a credential of a user. Only the SHA-256 of its secret is kept; it
// can narrow the user's grants and never widen them.
type Token struct {
	ID        TokenID
	UserID    UserID
	Hash      string
	Role      Role      // at most this role
	Project   ProjectID // only this project, or "" for all
	CreatedAt time.Time
	ExpiresAt *time.Time
	RevokedAt *time.Time
}

// Live reports whether the token may be used at now.
func (t Token) Live(now time.Time) bool {
	return t.RevokedAt == nil && (t.ExpiresAt == nil || now.Before(*t.ExpiresAt))
}

// Narrow returns the grants that remain of the user's under the token.
func (t Token) Narrow(grants []Grant) []Grant {
	out := make([]Grant, 0, len(grants))
	for _, g := range grants {
		if t.Project != "" {
			if g.Project != "" && g.Project != t.Project {
				continue
			}
			g.Project = t.Project
		}
		if !t.Role.AtLeast(g.Role) {
			g.Role = t.Role
		}
		out = append(out, g)
	}
	return out
}

// Actor is who calls, with what the token leaves of the user's grants.
type Actor struct {
	User   UserID
	Name   string
	Token  TokenID
	Grants []Grant
	// Limit is the only project that the token is good for, "" where it is good
	// for all of the user's.
	Limit ProjectID
}

// RoleIn returns the actor's highest role in the project, "" for none.
func (a Actor) RoleIn(project ProjectID) Role {
	var best Role
	for _, g := range a.Grants {
		if (g.Project == "" || g.Project == project) && g.Role.rank() > best.rank() {
			best = g.Role
		}
	}
	return best
}

// RoleAnywhere returns the actor's highest role in any project, "" for none.
func (a Actor) RoleAnywhere() Role {
	var best Role
	for _, g := range a.Grants {
		if g.Role.rank() > best.rank() {
			best = g.Role
		}
	}
	return best
}

// Global returns the actor's role in all projects, "" for none.
func (a Actor) Global() Role {
	var best Role
	for _, g := range a.Grants {
		if g.Project == "" && g.Role.rank() > best.rank() {
			best = g.Role
		}
	}
	return best
}

// Reach says which projects a query may touch: all, or those listed.
type Reach struct {
	All      bool
	Projects []ProjectID
}

// Reach returns the projects in which the actor has at least the role. Storage
// filters by it, so that somebody else's row is as good as absent.
func (a Actor) Reach(least Role) Reach {
	var r Reach
	for _, g := range a.Grants {
		if !g.Role.AtLeast(least) {
			continue
		}
		if g.Project == "" {
			return Reach{All: true}
		}
		r.Projects = append(r.Projects, g.Project)
	}
	return r
}

// Holds reports whether the project is within reach.
func (r Reach) Holds(project ProjectID) bool {
	if r.All {
		return true
	}
	for _, p := range r.Projects {
		if p == project {
			return true
		}
	}
	return false
}
