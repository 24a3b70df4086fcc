package analysis

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// AccessStore is what Access needs of storage.
type AccessStore interface {
	// TokenByHash returns the token, its user and the user's grants; NotFound
	// where no token has the hash.
	TokenByHash(ctx context.Context, hash string) (stride.Token, stride.User, []stride.Grant, error)
	// User returns the user where it is the caller, or has a membership in the reach,
	// all projects included; NotFound otherwise.
	User(ctx context.Context, reach stride.Reach, caller, id stride.UserID) (stride.User, error)
	InAccessTx(ctx context.Context, fn func(AccessTx) error) error
}

// AccessTx is the transactional set of Access.
type AccessTx interface {
	// EnsureUser returns the user with the name (compared byte by byte),
	// creating u where there is none. Safe against a concurrent creation.
	EnsureUser(ctx context.Context, u stride.User) (stride.User, error)
	// EnsureGrant gives the user at least the role; it never lowers one.
	EnsureGrant(ctx context.Context, user stride.UserID, g stride.Grant) error
	// InsertToken returns Conflict where the hash exists.
	InsertToken(ctx context.Context, t stride.Token) error
	// RevokeTokensOf revokes the user's live tokens, except the one with the
	// hash, at the time.
	RevokeTokensOf(ctx context.Context, user stride.UserID, except string, at time.Time) error
	// ReviveToken ends the revocation of the user's token with the hash, role and
	// no project; ok is false where the user has no such token.
	ReviveToken(ctx context.Context, user stride.UserID, hash string, role stride.Role) (ok bool, err error)
	// CountAdminTokens counts the tokens of admins of all projects that may be
	// used at the time.
	CountAdminTokens(ctx context.Context, at time.Time) (int, error)
	// Project returns NotFound where there is none.
	Project(ctx context.Context, id stride.ProjectID) (stride.Project, error)
}

// Access knows users and their tokens.
type Access struct {
	Kit
	Store AccessStore
}

// AdminName is the user that the configured admin token belongs to.
const AdminName = "admin"

// TokenHash is what is stored of a token.
func TokenHash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Authenticate returns the actor behind a token; Unauthenticated where it is
// unknown, expired or revoked, without saying which.
func (a *Access) Authenticate(ctx context.Context, secret string) (stride.Actor, error) {
	refused := stride.Errorf(stride.Unauthenticated, "the token is not valid")
	if secret == "" {
		return stride.Actor{}, stride.Errorf(stride.Unauthenticated, "send the header Authorization: Bearer <token>")
	}
	token, user, grants, err := a.Store.TokenByHash(ctx, TokenHash(secret))
	if isKind(err, stride.NotFound) {
		return stride.Actor{}, refused
	}
	if err != nil {
		return stride.Actor{}, fmt.Errorf("find token: %w", err)
	}
	if !token.Live(a.Now()) {
		return stride.Actor{}, refused
	}
	return stride.Actor{User: user.ID, Name: user.Name, Token: token.ID, Grants: token.Narrow(grants), Limit: token.Project}, nil
}

// UseAdminToken makes secret a token of the admin user and ends the validity of
// the admin's other tokens, so that replacing the configured one rotates it.
func (a *Access) UseAdminToken(ctx context.Context, secret string) error {
	hash := TokenHash(secret)
	return a.Store.InAccessTx(ctx, func(tx AccessTx) error {
		user, err := a.ensureAdmin(ctx, tx)
		if err != nil {
			return err
		}
		if err := tx.RevokeTokensOf(ctx, user.ID, hash, a.Now()); err != nil {
			return fmt.Errorf("revoke earlier admin tokens: %w", err)
		}
		err = tx.InsertToken(ctx, stride.Token{
			ID: stride.TokenID(a.NewID()), UserID: user.ID, Hash: hash, Role: stride.RoleAdmin, CreatedAt: a.Now(),
		})
		if !isKind(err, stride.Conflict) {
			return err
		}
		ours, err := tx.ReviveToken(ctx, user.ID, hash, stride.RoleAdmin)
		if err != nil {
			return fmt.Errorf("revive admin token: %w", err)
		}
		if !ours {
			return stride.Errorf(stride.Conflict, "the configured admin token is in use as somebody's token; choose another one")
		}
		return nil
	})
}

// FirstToken makes an admin token where no admin of all projects has a live one, and returns its
// secret, else "".
func (a *Access) FirstToken(ctx context.Context) (string, error) {
	secret, err := newSecret()
	if err != nil {
		return "", err
	}
	err = a.Store.InAccessTx(ctx, func(tx AccessTx) error {
		// The grant's row is locked first, so that of replicas that start at the
		// same moment one makes the token and the others see it.
		user, err := a.ensureAdmin(ctx, tx)
		if err != nil {
			return err
		}
		n, err := tx.CountAdminTokens(ctx, a.Now())
		if err != nil {
			return fmt.Errorf("count tokens: %w", err)
		}
		if n > 0 {
			secret = ""
			return nil
		}
		return tx.InsertToken(ctx, stride.Token{
			ID: stride.TokenID(a.NewID()), UserID: user.ID, Hash: TokenHash(secret), Role: stride.RoleAdmin, CreatedAt: a.Now(),
		})
	})
	if err != nil {
		return "", fmt.Errorf("first token: %w", err)
	}
	return secret, nil
}

func (a *Access) ensureAdmin(ctx context.Context, tx AccessTx) (stride.User, error) {
	user, err := tx.EnsureUser(ctx, stride.User{ID: stride.UserID(a.NewID()), Name: AdminName, CreatedAt: a.Now()})
	if err != nil {
		return user, fmt.Errorf("ensure admin: %w", err)
	}
	if err := tx.EnsureGrant(ctx, user.ID, stride.Grant{Role: stride.RoleAdmin}); err != nil {
		return user, fmt.Errorf("grant admin: %w", err)
	}
	return user, nil
}

// NewToken asks for a token.
type NewToken struct {
	User    string
	Role    stride.Role
	Project stride.ProjectID // "" for all
	// Expires is how long it holds, 0 for ever.
	Expires time.Duration
}

// CreateToken makes a token for a user, who is created where new and gets the
// role where theirs is lower. The secret is returned once and never stored.
// It is the operator's command and takes no actor.
func (a *Access) CreateToken(ctx context.Context, n NewToken) (string, error) {
	if name := strings.TrimSpace(n.User); name == "" || len(name) > 200 {
		return "", stride.InvalidField("user", "must have 1 to 200 bytes")
	}
	if !n.Role.Valid() {
		return "", stride.InvalidField("role", "must be one of viewer, author, reviewer, admin")
	}
	if n.Expires < 0 {
		return "", stride.InvalidField("expires", "must not be negative")
	}
	secret, err := newSecret()
	if err != nil {
		return "", err
	}
	err = a.Store.InAccessTx(ctx, func(tx AccessTx) error { return a.createToken(ctx, tx, n, secret) })
	if err != nil {
		return "", fmt.Errorf("create token: %w", err)
	}
	return secret, nil
}

func (a *Access) createToken(ctx context.Context, tx AccessTx, n NewToken, secret string) error {
	if n.Project != "" {
		if _, err := tx.Project(ctx, n.Project); err != nil {
			return err
		}
	}
	user, err := tx.EnsureUser(ctx, stride.User{
		ID: stride.UserID(a.NewID()), Name: strings.TrimSpace(n.User), CreatedAt: a.Now(),
	})
	if err != nil {
		return err
	}
	if err := tx.EnsureGrant(ctx, user.ID, stride.Grant{Project: n.Project, Role: n.Role}); err != nil {
		return err
	}
	t := stride.Token{
		ID: stride.TokenID(a.NewID()), UserID: user.ID, Hash: TokenHash(secret), Role: n.Role,
		Project: n.Project, CreatedAt: a.Now(),
	}
	if n.Expires > 0 {
		end := a.Now().Add(n.Expires)
		t.ExpiresAt = &end
	}
	return tx.InsertToken(ctx, t)
}

// newSecret returns 256 random bits with a prefix that secret scanners can find.
func newSecret() (string, error) {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("read random bits: %w", err)
	}
	return "td_" + base64.RawURLEncoding.EncodeToString(b[:]), nil
}
