package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/google/uuid"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/config"
	"github.com/threatdraft/threatdraft/internal/store"
)

// program is what a command gets of the world.
type program struct {
	// environ is "NAME=value", as of os.Environ.
	environ        []string
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
	newID          func() string
}

// newID returns a UUIDv7: later ones sort behind earlier ones. The source of
// random bits that it needs does not fail.
func newID() string { return uuid.Must(uuid.NewV7()).String() }

// commands is the command line.
type commands struct {
	Serve   serveCommand   `cmd:"" help:"Serve the API and work on drafts until SIGTERM."`
	Draft   draftCommand   `cmd:"" help:"Draft the threats of one description; no server, no database."`
	Migrate migrateCommand `cmd:"" help:"Bring the database's schema up to date, or show how it stands."`
	Token   tokenCommand   `cmd:"" help:"Make tokens for the API."`
	Audit   auditCommand   `cmd:"" help:"Check the audit trail."`
	LLM     llmCommand     `cmd:"" help:"Look at the language model that drafts along."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// usageError is a failure that the caller's command line or environment causes.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// run is the program; it returns the exit code. A failure is one line on
// stderr. The end of ctx is the request to stop.
func run(ctx context.Context, args []string, p program) int {
	var cli commands
	shown := false // kong has printed a help text and wants to exit
	parser, err := kong.New(&cli, kong.Name("threatdraft"), kong.Writers(p.stdout, p.stderr),
		kong.Description("Drafts STRIDE threats from architecture descriptions."),
		kong.Exit(func(int) { shown = true }))
	if err != nil {
		return p.fail("threatdraft", err)
	}
	command, err := parser.Parse(args)
	if shown {
		return exitOK
	}
	if err != nil {
		return p.fail("threatdraft", usageError{fmt.Errorf("%w; see threatdraft --help", err)})
	}
	command.BindTo(ctx, (*context.Context)(nil))
	if err := command.Run(p); err != nil {
		return p.fail("threatdraft "+strings.Fields(command.Command())[0], err)
	}
	return exitOK
}

func (p program) fail(what string, err error) int {
	fmt.Fprintf(p.stderr, "%s: %s\n", what, strings.Join(strings.Fields(err.Error()), " "))
	if errors.As(err, new(usageError)) {
		return exitUsage
	}
	return exitFailure
}

// databaseFlags are the flags of the commands that use the database.
type databaseFlags struct {
	DatabaseURL string `name:"database-url" placeholder:"URL" help:"sqlite:PATH or postgres://... (THREATDRAFT_DATABASE_URL; default sqlite:threatdraft.db)."`
}

func (p program) load(flags config.Flags) (config.Config, error) {
	c, err := config.Load(flags, p.environ)
	if err != nil {
		return c, usageError{err}
	}
	return c, nil
}

func (p program) logger(c config.Config, least slog.Level) *slog.Logger {
	opts := &slog.HandlerOptions{Level: max(c.LogLevel, least)}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(p.stderr, opts))
	}
	return slog.New(slog.NewTextHandler(p.stderr, opts))
}

// partLogger is for libraries that tell at level info what is of no use to an
// operator.
func (p program) partLogger(c config.Config) *slog.Logger {
	if c.LogLevel <= slog.LevelDebug {
		return p.logger(c, slog.LevelDebug)
	}
	return p.logger(c, slog.LevelWarn)
}

func (p program) openStore(ctx context.Context, c config.Config) (*store.Store, error) {
	return store.Open(ctx, c.DatabaseURL, store.Options{Logger: p.partLogger(c), MaxConns: c.DatabaseConns})
}

// withStore runs fn on the database of the environment and closes it.
func (p program) withStore(ctx context.Context, flags databaseFlags, fn func(*store.Store) error) (err error) {
	c, err := p.load(config.Flags{DatabaseURL: flags.DatabaseURL})
	if err != nil {
		return err
	}
	db, err := p.openStore(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return fn(db)
}

func (p program) kit() analysis.Kit { return analysis.Kit{Now: p.moment, NewID: p.newID} }

// moment is the clock of what is stored: as fine as the databases keep it, so
// that an answer shows the time that a later one will show.
func (p program) moment() time.Time { return p.now().UTC().Truncate(time.Microsecond) }
