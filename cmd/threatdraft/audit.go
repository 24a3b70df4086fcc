package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/stride"
)

type auditCommand struct {
	Verify auditVerifyCommand `cmd:"" help:"Check that no event of the audit trail was changed, removed or replaced."`
}

type auditVerifyCommand struct {
	databaseFlags

	Project string `help:"Id of the only project to check; without it, all."`
	Heads   string `type:"existingfile" placeholder:"FILE" help:"What an earlier run printed with --format json: what was there then must be there still."`
	Format  string `enum:"text,json" default:"text" help:"One of ${enum}. Keep the JSON outside of the database, for --heads."`
}

// chainLine is one project's chain in JSON, as Heads takes it back.
type chainLine struct {
	ProjectID stride.ProjectID `json:"project_id"`
	Name      string           `json:"name"`
	Events    int64            `json:"events"`
	Head      string           `json:"head"`
	// Broken is null where the chain holds.
	Broken *brokenLine `json:"broken"`
}

type brokenLine struct {
	Seq int64  `json:"seq"`
	Why string `json:"why"`
}

// errBroken makes the exit code 1; what is broken has been printed.
var errBroken = errors.New("the audit trail is not what was written")

// Run prints the chains and fails where one is broken.
func (c *auditVerifyCommand) Run(ctx context.Context, p program) error {
	known, err := c.known()
	if err != nil {
		return usageError{err}
	}
	return p.withStore(ctx, c.databaseFlags, func(db *store.Store) error {
		if err := db.CheckSchema(ctx); err != nil {
			return err
		}
		lines := []chainLine{}
		audit := &analysis.Audit{Store: db}
		err := audit.Verify(ctx, stride.ProjectID(c.Project), known, func(r analysis.ChainReport) error {
			line := chainLine{ProjectID: r.Project, Name: r.Name, Events: r.Events, Head: r.Head}
			if r.Broken != nil {
				line.Broken = &brokenLine{r.Broken.Seq, r.Broken.Why}
			}
			lines = append(lines, line)
			return nil
		})
		if err != nil {
			return err
		}
		return c.print(p, lines)
	})
}

// known reads the file of heads. An empty or foreign file is refused: it would
// find everything in order.
func (c *auditVerifyCommand) known() ([]stride.Chain, error) {
	if c.Heads == "" {
		return nil, nil
	}
	text, err := os.ReadFile(c.Heads)
	if err != nil {
		return nil, fmt.Errorf("--heads: %w", err)
	}
	var lines []chainLine
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&lines); err != nil {
		return nil, fmt.Errorf("--heads: %s is not what audit verify --format json prints: %w", c.Heads, err)
	}
	out := make([]stride.Chain, 0, len(lines))
	for i, l := range lines {
		if l.ProjectID == "" || l.Events < 0 || (l.Events > 0) != (l.Head != "") {
			return nil, fmt.Errorf("--heads: entry %d of %s wants project_id, events and head", i, c.Heads)
		}
		if l.Broken != nil {
			return nil, fmt.Errorf("--heads: entry %d of %s records a chain that was broken then", i, c.Heads)
		}
		out = append(out, stride.Chain{Project: l.ProjectID, Length: l.Events, Head: l.Head})
	}
	return out, nil
}

func (c *auditVerifyCommand) print(p program, lines []chainLine) error {
	var failure error
	for _, l := range lines {
		if l.Broken != nil {
			failure = errBroken
		}
	}
	if c.Format == "json" {
		encoder := json.NewEncoder(p.stdout)
		encoder.SetIndent("", "  ")
		return errors.Join(encoder.Encode(lines), failure)
	}
	out := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		state := "holds"
		if l.Broken != nil {
			state = "BROKEN: event " + fmt.Sprint(l.Broken.Seq) + " " + l.Broken.Why
		}
		fmt.Fprintf(out, "%s\t%s\t%d\t%s\t%s\n", l.ProjectID, l.Name, l.Events, orDash(l.Head), state)
	}
	return errors.Join(out.Flush(), failure)
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
