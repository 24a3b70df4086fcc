package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/config"
	"github.com/threatdraft/threatdraft/internal/jobs"
	"github.com/threatdraft/threatdraft/internal/store"
)

type serveCommand struct {
	databaseFlags

	Addr      string `placeholder:"HOST:PORT" help:"Where to listen; port 0 takes a free one (THREATDRAFT_ADDR; default 127.0.0.1:8080)."`
	NoMigrate bool   `help:"Do not touch the schema; refuse to start where it is out of date."`
}

// Run serves until ctx ends, then drains. The order matters: nothing is started
// that what follows could fail under.
func (c *serveCommand) Run(ctx context.Context, p program) (err error) {
	cfg, err := p.load(config.Flags{Addr: c.Addr, DatabaseURL: c.DatabaseURL})
	if err != nil {
		return err
	}
	log := p.logger(cfg, slog.LevelDebug)
	db, err := p.openStore(ctx, cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := c.prepareSchema(ctx, db); err != nil {
		return err
	}
	if err := p.admitAdmin(ctx, db, cfg.AdminToken); err != nil {
		return err
	}
	if n := len(cfg.AdminToken); n > 0 && n < goodToken {
		log.WarnContext(ctx, "the admin token is short enough to be guessed", "bytes", n, "good", goodToken)
	}
	with, err := p.drafting(cfg.LLM, log)
	if err != nil {
		return usageError{err}
	}
	s := &server{log: log, grace: cfg.ShutdownGrace, closing: make(chan struct{})}
	if s.jobs, err = p.newJobs(db, cfg, with, log); err != nil {
		return err
	}
	s.http = p.newHTTP(db, cfg, with, log, s.closing)
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Addr)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	if err := s.jobs.Start(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	log.InfoContext(ctx, "ready", "addr", listener.Addr().String(), "database", db.Dialect(), "version", version())
	return s.serve(ctx, listener)
}

// goodToken is how many bytes a token should have.
const goodToken = 16

func (c *serveCommand) prepareSchema(ctx context.Context, db *store.Store) error {
	if c.NoMigrate {
		return db.CheckSchema(ctx)
	}
	return db.Migrate(ctx)
}

// admitAdmin makes the configured token the admin's, or a new one where nobody
// has any. A new one is shown here and nowhere else.
func (p program) admitAdmin(ctx context.Context, db *store.Store, token string) error {
	access := &analysis.Access{Kit: p.kit(), Store: db}
	if token != "" {
		return access.UseAdminToken(ctx, token)
	}
	secret, err := access.FirstToken(ctx)
	if err != nil || secret == "" {
		return err
	}
	_, err = fmt.Fprintf(p.stderr, "\nThe admin token, shown this once:\n\n    %s\n\n", secret)
	return err
}

// server is what runs between ready and the end.
type server struct {
	http  *http.Server
	jobs  *jobs.Jobs
	log   *slog.Logger
	grace time.Duration
	// closing is closed when the draining begins.
	closing chan struct{}
}

// serve returns nil after a drain; an error where the listener broke.
func (s *server) serve(ctx context.Context, listener net.Listener) error {
	broken := make(chan error, 1)
	go func() { broken <- s.http.Serve(listener) }()
	var err error
	select {
	case err = <-broken:
		err = fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	s.drain(context.WithoutCancel(ctx))
	return err
}

// drain ends event streams, lets requests and runs go on for the grace, and
// releases the runs that are left. What does not end in time is cut off: its
// client sees a broken connection, its lease lapses.
func (s *server) drain(ctx context.Context) {
	s.log.InfoContext(ctx, "draining", "grace", s.grace.String())
	close(s.closing)
	ctx, cancel := context.WithTimeout(ctx, s.grace)
	defer cancel()
	var ending sync.WaitGroup
	ending.Go(func() {
		if err := s.http.Shutdown(ctx); err != nil {
			s.log.WarnContext(ctx, "requests were cut off", "error", errors.Join(err, s.http.Close()))
		}
	})
	ending.Go(func() {
		if err := s.jobs.Stop(ctx); err != nil {
			s.log.WarnContext(ctx, "runs did not stop; their leases will lapse", "error", err)
		}
	})
	ending.Wait()
	s.log.InfoContext(ctx, "drained")
}
