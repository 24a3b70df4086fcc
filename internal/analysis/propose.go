package analysis

import (
	"context"
	"fmt"
	"strings"

	"github.com/threatdraft/threatdraft/internal/draft"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// mostExamples is how many decisions of either kind a model is shown.
const mostExamples = 6

// propose runs the pipeline and keeps each item and each answer as it comes.
func (r *Runner) propose(ctx context.Context, job DraftJob, in RunInput) (draft.Output, error) {
	architecture := in.Model.Architecture
	input := draft.Input{
		ProjectID: in.Project.ID, Criticality: string(in.Project.Criticality), Sources: in.Model.Sources,
		Architecture: &architecture, Answers: in.Answers, All: in.All, Rules: in.Drafter != stride.DrafterHybrid,
		Complete: in.Model.ExtendedBy == "", Finished: in.Finished, AskFor: AskTime,
	}
	if !input.Rules && r.Pipeline.Hybrid() {
		var err error
		if input.Accepted, input.Rejected, err = r.examples(ctx, in.Project.ID); err != nil {
			return draft.Output{}, err
		}
		input.Ledger = &ledger{Kit: r.Kit, store: r.Store, budget: r.Budget, draft: job.DraftID, project: in.Project.ID, run: job.Run}
	}
	k := keeping{Runner: r, job: job}
	input.Done = k.group
	out, err := r.Pipeline.Run(ctx, input, k.item)
	if err == nil && !input.Rules && out.LLM == nil {
		out.LLM = unconfigured()
	}
	if err == nil && len(out.Architecture.Elements) == 0 && len(out.LLM.Missing()) == 0 {
		err = stride.Errorf(stride.NoComponents,
			"neither rules nor the model found a part of a system; name its parts, for example \"the web shop stores orders in PostgreSQL\"")
	}
	return out, err
}

// unconfigured is the report of a hybrid draft on a server without a model: it was
// queued where there was one.
func unconfigured() *stride.LLMReport {
	return &stride.LLMReport{Dropped: []stride.LLMDrop{}, Groups: []stride.LLMGroup{{
		Key: "all", Task: "threats", Elements: []string{}, TargetIDs: []stride.Key{}, Kind: "auth", Reason: "no language model is configured on this server",
	}}}
}

// examples returns what reviewers decided before, one line each.
func (r *Runner) examples(ctx context.Context, p stride.ProjectID) (accepted, rejected []string, err error) {
	switch r.Examples {
	case ExamplesProject:
	case ExamplesAll:
		p = ""
	default:
		return nil, nil, nil
	}
	decided, err := r.Store.Reviewed(ctx, p, mostExamples)
	if err != nil {
		return nil, nil, fmt.Errorf("find examples: %w", err)
	}
	for _, d := range decided {
		if d.Accepted {
			accepted = append(accepted, oneLine(d.Title))
			continue
		}
		line := d.Title + " (" + strings.ReplaceAll(string(d.Reason), "_", " ")
		if d.Text != "" {
			line += ": " + d.Text
		}
		rejected = append(rejected, oneLine(line)+")")
	}
	return accepted, rejected, nil
}

// oneLine makes a text a line of at most 200 characters, so that it can form no
// part of a prompt of its own. Credentials in it are masked: reviewers paste them
// too. They are masked before the text is cut, since half of one has no form.
func oneLine(text string) string {
	const most = 200
	line := []rune(strings.Join(strings.Fields(draft.MaskText(text)), " "))
	return string(line[:min(len(line), most)])
}

// keeping keeps what a run finds. The pipeline calls it from one goroutine at a
// time.
type keeping struct {
	*Runner
	job      DraftJob
	items    int
	progress stride.Progress
}

// itemEvent is the body of a draft event of type "item".
type itemEvent struct {
	Key        string            `json:"key"`
	Category   stride.Category   `json:"category"`
	Title      string            `json:"title"`
	Targets    []string          `json:"targets"`
	Severity   stride.Severity   `json:"severity"`
	Confidence stride.Confidence `json:"confidence"`
	// By is "rule" or "model", which may word a rule's item anew.
	By       string          `json:"by"`
	Progress stride.Progress `json:"progress"`
}

func (k *keeping) item(ctx context.Context, item Item) error {
	k.items++
	by := "model"
	if item.Group == "" {
		by = "rule"
	}
	if item.Of > 0 {
		k.progress = stride.Progress{Stage: "propose", Done: k.items, Total: item.Of}
	}
	err := k.save(ctx, "item", itemEvent{
		Key: item.Key, Category: item.Proposal.Category, Title: item.Proposal.Title, Targets: item.Proposal.Targets,
		Severity: item.Proposal.Severity, Confidence: item.Proposal.Confidence, By: by, Progress: k.progress,
	}, func(tx RunTx) (Beat, error) { return tx.SaveItem(ctx, k.lease(k.job), k.items, item, k.progress) })
	if err != nil {
		return err
	}
	k.probe(PointItem)
	return nil
}

// groupEvent is the body of a draft event of type "group".
type groupEvent struct {
	Task     string            `json:"task"`
	Elements []string          `json:"elements"`
	Done     bool              `json:"done"`
	Kind     stride.LLMFailure `json:"kind,omitempty"`
	Reason   string            `json:"reason,omitempty"`
	Progress stride.Progress   `json:"progress"`
}

func (k *keeping) group(ctx context.Context, c Checkpoint, done, planned int) error {
	k.progress = stride.Progress{Stage: "ask", Done: done, Total: planned}
	g := c.Group
	err := k.save(ctx, "group", groupEvent{Task: g.Task, Elements: g.Elements, Done: g.Done, Kind: g.Kind, Reason: g.Reason, Progress: k.progress},
		func(tx RunTx) (Beat, error) { return tx.SaveCheckpoint(ctx, k.lease(k.job), c, k.progress) })
	if err != nil {
		return err
	}
	k.probe(PointGroup)
	return nil
}

// save writes something of the run and its event, as long as the run is this
// worker's.
func (k *keeping) save(ctx context.Context, kind string, event any, write func(RunTx) (Beat, error)) error {
	return k.Store.InRunTx(ctx, func(tx RunTx) error {
		b, err := write(tx)
		switch {
		case err != nil:
			return fmt.Errorf("save %s: %w", kind, err)
		case b.Cancel:
			return errCanceled
		case !b.Held:
			return errLost
		}
		return k.tell(ctx, tx, k.job.DraftID, kind, event)
	})
}
