package analysis

import (
	"context"
	"fmt"
	"slices"

	"github.com/threatdraft/threatdraft/internal/draft"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// publish turns what a run found into suggestions and ends the draft, in one
// transaction and only if the run is still this worker's. Nothing of a run that
// fails before is ever in the queue.
func (r *Runner) publish(ctx context.Context, d stride.Draft, job DraftJob, scope string, out draft.Output) error {
	return r.Store.InRunTx(ctx, func(tx RunTx) error {
		if _, err := tx.LockProject(ctx, d.ProjectID); err != nil {
			return err
		}
		now, err := tx.DraftByID(ctx, d.ID)
		if err != nil {
			return err
		}
		switch {
		case now.Run != job.Run || now.LeaseOwner != r.Owner || now.State != stride.DraftRunning:
			return errLost
		case now.CancelRequested:
			return errCanceled
		}
		p := publication{Runner: r, tx: tx, draft: now, scope: scope, ids: make(map[string]stride.SuggestionID)}
		if err := p.suggestions(ctx, out.Threats); err != nil {
			return err
		}
		if err := p.questions(ctx, out.Questions); err != nil {
			return err
		}
		return p.end(ctx, out)
	})
}

// publication is the state of one publishing transaction.
type publication struct {
	*Runner
	tx    RunTx
	draft stride.Draft
	scope string
	// ids maps a proposal's id to the suggestion it became.
	ids   map[string]stride.SuggestionID
	known int
}

func (p *publication) suggestions(ctx context.Context, proposals []stride.Proposal) error {
	for _, proposal := range proposals {
		if err := p.suggestion(ctx, proposal); err != nil {
			return fmt.Errorf("publish %q: %w", proposal.Title, err)
		}
	}
	return nil
}

// suggestion queues a proposal, unless the scope has accepted threats on all of
// its targets already: those live on and are linked to this version. Pending
// ones of earlier drafts that it repeats are superseded by it.
func (p *publication) suggestion(ctx context.Context, proposal stride.Proposal) error {
	prints := draft.Fingerprints(p.draft.ProjectID, proposal)
	standing, err := p.tx.SameInScope(ctx, p.draft.ProjectID, p.scope, sortedValues(prints))
	if err != nil {
		return fmt.Errorf("find the same: %w", err)
	}
	if accepted := acceptedFor(standing, prints); accepted != nil {
		p.known++
		for _, sug := range accepted {
			if err := p.tx.LinkThreat(ctx, p.draft.ModelID, sug.ThreatID); err != nil {
				return fmt.Errorf("link threat: %w", err)
			}
		}
		return nil
	}
	sug := stride.Suggestion{
		ID: stride.SuggestionID(p.NewID()), ProjectID: p.draft.ProjectID, ModelID: p.draft.ModelID, DraftID: p.draft.ID,
		State: stride.SuggestionPending, Proposal: proposal, Current: proposal, Fingerprints: prints, Revision: 1, CreatedAt: p.Now(),
	}
	p.ids[proposal.ID] = sug.ID
	if err := p.insert(ctx, sug); err != nil {
		return err
	}
	for _, old := range standing {
		if old.State == stride.SuggestionPending && old.DraftID != p.draft.ID && within(old.Fingerprints, prints) {
			if err := p.supersede(ctx, p.tx, p.tx, stride.Actor{}, old, "a newer draft says it again", ""); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *publication) insert(ctx context.Context, sug stride.Suggestion) error {
	if err := p.tx.InsertSuggestion(ctx, sug); err != nil {
		return fmt.Errorf("insert suggestion: %w", err)
	}
	payload := map[string]any{"draft_id": sug.DraftID, "title": sug.Proposal.Title}
	err := p.record(ctx, p.tx, stride.Actor{}, sug.ProjectID, stride.EventSuggestionCreated, stride.SubjectSuggestion, string(sug.ID), payload)
	if err != nil {
		return err
	}
	return p.enter(ctx, p.tx, sug.ProjectID, stride.SubjectSuggestion, string(sug.ID), string(sug.State))
}

// acceptedFor returns the accepted suggestions that together cover every
// fingerprint, or nil.
func acceptedFor(standing []stride.Suggestion, prints map[stride.Key]string) []stride.Suggestion {
	missing := make(map[string]bool, len(prints))
	for _, f := range prints {
		missing[f] = true
	}
	var out []stride.Suggestion
	for _, sug := range standing {
		if sug.State != stride.SuggestionAccepted {
			continue
		}
		for _, f := range sug.Fingerprints {
			delete(missing, f)
		}
		out = append(out, sug)
	}
	if len(missing) > 0 || len(prints) == 0 {
		return nil
	}
	return out
}

// within reports whether every fingerprint of old is among the new ones.
func within(old, prints map[stride.Key]string) bool {
	for target, f := range old {
		if prints[target] != f {
			return false
		}
	}
	return true
}

func sortedValues(prints map[stride.Key]string) []string {
	out := make([]string, 0, len(prints))
	for _, f := range prints {
		out = append(out, f)
	}
	slices.Sort(out)
	return out
}

func (p *publication) questions(ctx context.Context, questions []stride.Question) error {
	for i, q := range questions {
		stored := stride.StoredQuestion{
			ID: stride.QuestionID(p.NewID()), ModelID: p.draft.ModelID, DraftID: p.draft.ID, Rank: i + 1,
			Text: q.Text, Control: q.Control, Targets: q.TargetIDs, Suggestions: []stride.SuggestionID{},
		}
		for _, id := range q.ThreatIDs {
			if sug, ok := p.ids[id]; ok {
				stored.Suggestions = append(stored.Suggestions, sug)
			}
		}
		if err := p.tx.InsertQuestion(ctx, stored); err != nil {
			return fmt.Errorf("insert question: %w", err)
		}
	}
	return nil
}

func (p *publication) end(ctx context.Context, out draft.Output) error {
	d := p.draft
	d.State = stride.DraftSucceeded
	d.Progress = stride.Progress{Stage: "done", Done: len(out.Threats), Total: len(out.Threats)}
	d.Outcome = &stride.DraftOutcome{
		Suggestions: len(p.ids), AlreadyAccepted: p.known, HeldBack: out.HeldBack,
		Mitigated: out.Mitigated, Coverage: out.Coverage, Notes: out.Notes,
	}
	ok, err := p.endDraft(ctx, p.tx, p.tx, p.tx, stride.Actor{}, &d)
	if err != nil {
		return err
	}
	if !ok {
		return errLost
	}
	return nil
}
