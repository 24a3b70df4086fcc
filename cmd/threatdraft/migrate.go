package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/threatdraft/threatdraft/internal/store"
)

type migrateCommand struct {
	Up     migrateUpCommand     `cmd:"" help:"Apply what is missing."`
	Status migrateStatusCommand `cmd:"" help:"List what is applied and what is missing; changes nothing."`
}

type migrateUpCommand struct{ databaseFlags }

// Run applies the missing migrations and prints how the schema stands.
func (c *migrateUpCommand) Run(ctx context.Context, p program) error {
	return p.withStore(ctx, c.databaseFlags, func(db *store.Store) error {
		if err := db.Migrate(ctx); err != nil {
			return err
		}
		return p.printStatus(ctx, db)
	})
}

type migrateStatusCommand struct{ databaseFlags }

// Run prints how the schema stands.
func (c *migrateStatusCommand) Run(ctx context.Context, p program) error {
	return p.withStore(ctx, c.databaseFlags, func(db *store.Store) error { return p.printStatus(ctx, db) })
}

func (p program) printStatus(ctx context.Context, db *store.Store) error {
	steps, err := db.Status(ctx)
	if err != nil {
		return err
	}
	out := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, s := range steps {
		state := "pending"
		if s.Applied {
			state = "applied"
		}
		fmt.Fprintf(out, "%s\t%s\t%d\t%s\n", state, s.Of, s.Version, s.Name)
	}
	return out.Flush()
}
