package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/threatdraft/threatdraft/internal/stride"
	"github.com/threatdraft/threatdraft/migrations"
)

// MigrationStatus is one step of the schema, ours or the queue's.
type MigrationStatus struct {
	Of      string // "threatdraft" or "river"
	Version int64
	Name    string
	Applied bool
}

// Migrate brings the schema up to date, ours first, then the queue's. Replicas
// that start together wait for one another: without a lock, goose and River
// both fail when they run at the same time.
func (s *Store) Migrate(ctx context.Context) (err error) {
	unlock, err := s.dialect.lock(ctx, s.address)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	ours, err := s.goose()
	if err != nil {
		return err
	}
	if _, err := ours.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	queue, err := rivermigrate.New(s.dialect.jobs(s.writer.DB), &rivermigrate.Config{Logger: s.log})
	if err != nil {
		return fmt.Errorf("read the queue's migrations: %w", err)
	}
	if _, err := queue.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return fmt.Errorf("migrate the queue: %w", err)
	}
	return nil
}

func (s *Store) goose() (*goose.Provider, error) {
	folder, err := fs.Sub(migrations.FS, s.dialect.name)
	if err != nil {
		return nil, fmt.Errorf("open migrations: %w", err)
	}
	provider, err := goose.NewProvider(s.dialect.goose, s.writer.DB, folder,
		goose.WithDisableGlobalRegistry(true), goose.WithSlog(s.log))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	return provider, nil
}

// Status lists all steps in the order in which they are applied. It changes
// nothing, not even in an empty database.
func (s *Store) Status(ctx context.Context) ([]MigrationStatus, error) {
	ours, err := s.ourStatus(ctx)
	if err != nil {
		return nil, err
	}
	queue, err := rivermigrate.New(s.dialect.jobs(s.writer.DB), &rivermigrate.Config{Logger: s.log})
	if err != nil {
		return nil, fmt.Errorf("read the queue's migrations: %w", err)
	}
	existing, err := queue.ExistingVersions(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the queue's versions: %w", err)
	}
	applied := make(map[int]bool, len(existing))
	for _, m := range existing {
		applied[m.Version] = true
	}
	for _, m := range queue.AllVersions() {
		ours = append(ours, MigrationStatus{Of: "river", Version: int64(m.Version), Name: m.Name, Applied: applied[m.Version]})
	}
	return ours, nil
}

func (s *Store) ourStatus(ctx context.Context) ([]MigrationStatus, error) {
	provider, err := s.goose()
	if err != nil {
		return nil, err
	}
	applied, err := s.appliedVersions(ctx)
	if err != nil {
		return nil, err
	}
	var out []MigrationStatus
	for _, source := range provider.ListSources() {
		out = append(out, MigrationStatus{
			Of: "threatdraft", Version: source.Version, Name: path.Base(source.Path), Applied: applied[source.Version],
		})
	}
	return out, nil
}

// appliedVersions reads goose's table itself, since goose would create it.
func (s *Store) appliedVersions(ctx context.Context) (map[int64]bool, error) {
	var tables int
	if err := s.get(ctx, &tables, s.dialect.tableExists, goose.DefaultTablename); err != nil {
		return nil, fmt.Errorf("look for the version table: %w", err)
	}
	if tables == 0 {
		return nil, nil
	}
	var versions []int64
	query := "select version_id from " + goose.DefaultTablename + " where is_applied"
	if err := s.list(ctx, &versions, query); err != nil {
		return nil, fmt.Errorf("read versions: %w", err)
	}
	applied := make(map[int64]bool, len(versions))
	for _, v := range versions {
		applied[v] = true
	}
	return applied, nil
}

// CheckSchema returns Unavailable where a migration has not been applied.
func (s *Store) CheckSchema(ctx context.Context) error {
	steps, err := s.Status(ctx)
	if err != nil {
		return err
	}
	pending := 0
	for _, step := range steps {
		if !step.Applied {
			pending++
		}
	}
	if pending > 0 {
		return stride.Errorf(stride.Unavailable, "the schema lacks %d of %d migrations; run threatdraft migrate up", pending, len(steps))
	}
	return nil
}
