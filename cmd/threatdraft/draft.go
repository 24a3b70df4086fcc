package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/threatdraft/threatdraft/internal/config"
	"github.com/threatdraft/threatdraft/internal/draft"
	"github.com/threatdraft/threatdraft/internal/formats"
	"github.com/threatdraft/threatdraft/internal/stride"
)

type draftCommand struct {
	Format    string `enum:"markdown,json" default:"markdown" help:"Form of the output: ${enum}."`
	All       bool   `help:"Also print the threats beyond the ceiling of the design."`
	Questions int    `default:"7" help:"At most so many questions."`
	Rules     bool   `help:"Draft by rules alone although a model is configured."`
	File      string `arg:"" help:"The description; - reads standard input."`
}

// Validate is called by kong.
func (c *draftCommand) Validate() error {
	if c.Questions < 1 {
		return errors.New("--questions must be at least 1")
	}
	return nil
}

// Run prints the draft of one description. Nothing is printed where it fails.
func (c *draftCommand) Run(ctx context.Context, p program) error {
	src, err := c.source(p.stdin)
	if err != nil {
		return err
	}
	cfg, err := config.LoadLLM(p.environ)
	if err != nil {
		return usageError{err}
	}
	with, err := p.drafting(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return usageError{err}
	}
	bar := newProgressBar(p.stderr)
	out, err := with.pipeline.Run(ctx, draft.Input{
		Sources: []stride.Source{src}, All: c.All, MaxQuestions: c.Questions, Rules: c.Rules, Complete: true, Ledger: newSpending(cfg.LLMBudgetUSD),
	}, func(_ context.Context, item draft.Item) error { return bar.step(item.Of) })
	if err := errors.Join(err, bar.clear()); err != nil {
		return c.explain(err)
	}
	if out.LLM != nil {
		for _, g := range out.LLM.Missing() {
			if _, err := fmt.Fprintf(p.stderr, "threatdraft draft: without the model's answer on %s: %s: %s\n", g.Task, g.Kind, g.Reason); err != nil {
				return fmt.Errorf("write what is missing: %w", err)
			}
		}
	}
	write := draft.Markdown
	if c.Format == "json" {
		write = draft.JSON
	}
	var page bytes.Buffer
	if err := write(&page, out); err != nil {
		return fmt.Errorf("write %s: %w", c.Format, err)
	}
	_, err = page.WriteTo(p.stdout)
	return err
}

// cliSource is the id of the only source. It does not depend on the file's
// name, so that the same description gives the same bytes.
const cliSource stride.SourceID = "description"

// maxInput bounds what is read, in bytes; formats.Check refuses less, and says
// by how much it is too large.
const maxInput = 64 << 20

func (c *draftCommand) source(stdin io.Reader) (stride.Source, error) {
	name, in := "", stdin
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return stride.Source{}, err
		}
		defer func() { _ = f.Close() }() // it was only read
		name, in = filepath.Base(c.File), f
	}
	content, err := io.ReadAll(io.LimitReader(in, maxInput))
	if err != nil {
		return stride.Source{}, c.explain(err)
	}
	if err := formats.Check(content); err != nil {
		return stride.Source{}, c.explain(err)
	}
	return stride.Source{
		ID: cliSource, Name: name, Format: formats.Detect(name, content).Name, Content: content,
	}, nil
}

// explain names the input in what is wrong with it.
func (c *draftCommand) explain(err error) error {
	name := c.File
	if name == "-" {
		name = "standard input"
	}
	var known *stride.Error
	if errors.As(err, &known) {
		return fmt.Errorf("%s: %s", name, known.Message)
	}
	return fmt.Errorf("%s: %w", name, err)
}
