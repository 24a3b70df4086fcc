package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/stride"
)

type tokenCommand struct {
	Create tokenCreateCommand `cmd:"" help:"Make a token for a user, who is created where new. The token is printed once, on stderr."`
}

type tokenCreateCommand struct {
	databaseFlags

	User    string   `required:"" help:"Name of the user."`
	Role    string   `required:"" enum:"viewer,author,reviewer,admin" help:"One of ${enum}; each may do what those before it may."`
	Project string   `help:"Id of the only project that the token is for; without it, all."`
	Expires lifetime `placeholder:"90d" help:"How long the token holds: days (90d) or a duration (12h); without it, for ever."`
}

// Run makes the token. What was made goes to stdout and the secret alone to
// stderr, so that a script can take one without the other.
func (c *tokenCreateCommand) Run(ctx context.Context, p program) error {
	return p.withStore(ctx, c.databaseFlags, func(db *store.Store) error {
		if err := db.CheckSchema(ctx); err != nil {
			return err
		}
		access := &analysis.Access{Kit: p.kit(), Store: db}
		secret, err := access.CreateToken(ctx, analysis.NewToken{
			User: c.User, Role: stride.Role(c.Role), Project: stride.ProjectID(c.Project), Expires: time.Duration(c.Expires),
		})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(p.stdout, "token of %s: %s\n", c.User, c.describe(p.now())); err != nil {
			return fmt.Errorf("describe token: %w", err)
		}
		_, err = fmt.Fprintln(p.stderr, secret)
		return err
	})
}

func (c *tokenCreateCommand) describe(now time.Time) string {
	where, until := "all projects", "holds for ever"
	if c.Project != "" {
		where = "project " + c.Project
	}
	if c.Expires > 0 {
		until = "holds until " + now.Add(time.Duration(c.Expires)).UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("%s of %s, %s", c.Role, where, until)
}

// lifetime is a positive span of time, in days too.
type lifetime time.Duration

// maxLifetime is a hundred years; more is a slip of the keyboard.
const maxLifetime = 36500 * 24 * time.Hour

// UnmarshalText reads 90d, 12h or 1h30m.
func (l *lifetime) UnmarshalText(text []byte) error {
	wrong := errors.New("must be a positive number of days or a duration of at most 36500d, for example 90d or 12h")
	var d time.Duration
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return wrong
		}
		d = time.Duration(n) * 24 * time.Hour
	} else {
		var err error
		if d, err = time.ParseDuration(string(text)); err != nil {
			return wrong
		}
	}
	if d <= 0 || d > maxLifetime {
		return wrong
	}
	*l = lifetime(d)
	return nil
}
