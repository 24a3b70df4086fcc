package analysis

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// DraftStore is what Drafts needs of storage.
type DraftStore interface {
	// Draft returns NotFound for what does not exist or is out of reach.
	Draft(ctx context.Context, reach stride.Reach, id stride.DraftID) (stride.Draft, error)
	// DraftEvents returns the events with a Seq above after, in order.
	DraftEvents(ctx context.Context, id stride.DraftID, after int64, limit int) ([]stride.DraftEvent, error)
	// ModelDrafts lists a model's drafts by id, oldest first.
	ModelDrafts(ctx context.Context, id stride.ModelID, p Page) (Listing[stride.Draft], error)
	// DraftCalls lists the calls of a draft to language models by id, oldest first,
	// and their sums over all pages.
	DraftCalls(ctx context.Context, id stride.DraftID, p Page) (Listing[stride.LLMCall], stride.LLMUsage, error)
	Model(ctx context.Context, reach stride.Reach, id stride.ModelID) (stride.ThreatModel, error)
	InDraftTx(ctx context.Context, fn func(DraftTx) error) error
}

// DraftTx is the transactional set of Drafts.
type DraftTx interface {
	RecordTx
	NewDraftTx
	EndDraftTx
	// Model returns the model with its sources; NotFound where there is none.
	Model(ctx context.Context, id stride.ModelID) (stride.ThreatModel, error)
	// RequestCancel marks a running draft; its worker sees it at the next beat.
	RequestCancel(ctx context.Context, id stride.DraftID) error
	// ResumeDraft writes run, first_run and job, sets the state queued and clears
	// failure, ended_at and a request to cancel, guarded by the draft being partial
	// or failed and by the run being wasRun.
	ResumeDraft(ctx context.Context, d stride.Draft, wasRun int, at time.Time) (ok bool, err error)
	// NewerDraft reports whether the version's scope has a draft made after d that
	// has published or may yet.
	NewerDraft(ctx context.Context, d stride.Draft) (bool, error)
}

// EndDraftTx ends runs.
type EndDraftTx interface {
	// DraftByID returns NotFound where there is none.
	DraftByID(ctx context.Context, id stride.DraftID) (stride.Draft, error)
	// EndDraft writes state, failure, outcome, progress and ended_at and drops
	// the lease, guarded by id, run and by the draft not having ended; ok is
	// false where the guard did not hold.
	EndDraft(ctx context.Context, d stride.Draft) (ok bool, err error)
}

// Drafts starts, shows, resumes and cancels runs.
type Drafts struct {
	Kit
	Store DraftStore
	// Hybrid says that a language model is configured: it then drafts along where
	// the caller names no drafter.
	Hybrid bool
}

// DraftOptions say how to draft.
type DraftOptions struct {
	// Drafter is who drafts, "" for the default.
	Drafter string
	// All queues what the ceiling of the design would hold back.
	All bool
}

// settled returns the options with the default drafter filled in; Invalid with the
// field where there is no such drafter here.
func (o DraftOptions) settled(hybrid bool) (DraftOptions, error) {
	switch {
	case o.Drafter == "" && hybrid:
		o.Drafter = stride.DrafterHybrid
	case o.Drafter == "":
		o.Drafter = stride.DrafterOffline
	case o.Drafter == stride.DrafterHybrid && !hybrid:
		return o, stride.InvalidField("drafter", "cannot be %s here: no language model is configured", stride.DrafterHybrid)
	case o.Drafter != stride.DrafterOffline && o.Drafter != stride.DrafterHybrid:
		return o, stride.InvalidField("drafter", "must be one of %s, %s", stride.DrafterOffline, stride.DrafterHybrid)
	}
	return o, nil
}

// Create queues a draft of a model. Conflict where the model is signed off or
// superseded, or its project archived.
func (s *Drafts) Create(ctx context.Context, call Call, id stride.ModelID, options DraftOptions) (stride.Draft, error) {
	m, err := s.Store.Model(ctx, call.Actor.Reach(stride.RoleViewer), id)
	if err != nil {
		return stride.Draft{}, err
	}
	if err := requireRole(call.Actor, m.ProjectID, stride.RoleAuthor, "model"); err != nil {
		return stride.Draft{}, err
	}
	if options, err = options.settled(s.Hybrid); err != nil {
		return stride.Draft{}, err
	}
	var out stride.Draft
	err = s.Store.InDraftTx(ctx, func(tx DraftTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.Draft, error) {
			p, err := tx.LockProject(ctx, m.ProjectID)
			if err != nil {
				return stride.Draft{}, err
			}
			if err := archivedConflict(p); err != nil {
				return stride.Draft{}, err
			}
			m, err := tx.Model(ctx, id)
			if err != nil {
				return stride.Draft{}, err
			}
			if err := closedConflict(m); err != nil {
				return stride.Draft{}, err
			}
			return s.frozen().queueDraft(ctx, tx, tx, call.Actor, m, options)
		})
		return err
	})
	return out, err
}

// closedConflict says that a version is signed off or superseded.
func closedConflict(m stride.ThreatModel) error {
	if m.Open() {
		return nil
	}
	return &stride.Error{
		Kind: stride.Conflict, Message: fmt.Sprintf("the model is %s; a new version of its scope is open to change", m.State), Current: m,
	}
}

// queueDraft stores a run of the model, its first event and its job.
func (k Kit) queueDraft(ctx context.Context, tx RecordTx, nd NewDraftTx, actor stride.Actor, m stride.ThreatModel, o DraftOptions) (stride.Draft, error) {
	d := stride.Draft{
		ID: stride.DraftID(k.NewID()), ModelID: m.ID, ProjectID: m.ProjectID, AuthorID: actor.User, Drafter: o.Drafter, All: o.All,
		State: stride.DraftQueued, Run: 1, FirstRun: 1, CreatedAt: k.Now(),
	}
	var err error
	if d.JobID, err = nd.EnqueueDraft(ctx, DraftJob{DraftID: d.ID, Run: d.Run}); err != nil {
		return d, fmt.Errorf("enqueue draft: %w", err)
	}
	if err := nd.InsertDraft(ctx, d); err != nil {
		return d, fmt.Errorf("insert draft: %w", err)
	}
	payload := map[string]any{"model_id": m.ID, "drafter": d.Drafter, "all": d.All}
	if err := k.record(ctx, tx, actor, m.ProjectID, stride.EventDraftCreated, stride.SubjectDraft, string(d.ID), payload); err != nil {
		return d, err
	}
	return d, k.tellState(ctx, nd, d)
}

// draftEventTx appends to a draft's event stream.
type draftEventTx interface {
	AppendDraftEvent(ctx context.Context, id stride.DraftID, e stride.DraftEvent) error
}

// tell appends a line to the draft's event stream.
func (k Kit) tell(ctx context.Context, tx draftEventTx, id stride.DraftID, kind string, body any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode draft event: %w", err)
	}
	if err := tx.AppendDraftEvent(ctx, id, stride.DraftEvent{Type: kind, Body: b, At: k.Now()}); err != nil {
		return fmt.Errorf("append draft event: %w", err)
	}
	return nil
}

// stateEvent is the body of a draft event of type "state".
type stateEvent struct {
	State   stride.DraftState    `json:"state"`
	Run     int                  `json:"run"`
	Failure *stride.DraftFailure `json:"error"`
}

func (k Kit) tellState(ctx context.Context, tx draftEventTx, d stride.Draft) error {
	return k.tell(ctx, tx, d.ID, "state", stateEvent{State: d.State, Run: d.Run, Failure: d.Failure})
}

// Get returns NotFound for what does not exist or is not the actor's.
func (s *Drafts) Get(ctx context.Context, actor stride.Actor, id stride.DraftID) (stride.Draft, error) {
	return s.Store.Draft(ctx, actor.Reach(stride.RoleViewer), id)
}

// OfModel lists the drafts of a model, oldest first.
func (s *Drafts) OfModel(ctx context.Context, actor stride.Actor, id stride.ModelID, p Page) (Listing[stride.Draft], error) {
	if _, err := s.Store.Model(ctx, actor.Reach(stride.RoleViewer), id); err != nil {
		return Listing[stride.Draft]{}, err
	}
	return s.Store.ModelDrafts(ctx, id, p)
}

// Events returns the draft's events after a Seq, and whether the draft had
// ended before they were read, so that nothing follows them.
func (s *Drafts) Events(ctx context.Context, actor stride.Actor, id stride.DraftID, after int64) ([]stride.DraftEvent, bool, error) {
	d, err := s.Get(ctx, actor, id)
	if err != nil {
		return nil, false, err
	}
	const batch = 500
	events, err := s.Store.DraftEvents(ctx, id, after, batch)
	if err != nil {
		return nil, false, fmt.Errorf("read draft events: %w", err)
	}
	return events, d.State.Ended() && len(events) < batch, nil
}

// Cancel ends a queued draft at once and asks the worker of a running one to
// stop; its suggestions are then never published. Canceling twice is fine;
// Conflict where it ended otherwise.
func (s *Drafts) Cancel(ctx context.Context, call Call, id stride.DraftID) (stride.Draft, error) {
	d, err := s.Store.Draft(ctx, call.Actor.Reach(stride.RoleViewer), id)
	if err != nil {
		return d, err
	}
	if err := requireRole(call.Actor, d.ProjectID, stride.RoleAuthor, "draft"); err != nil {
		return d, err
	}
	var out stride.Draft
	err = s.Store.InDraftTx(ctx, func(tx DraftTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.Draft, error) { return s.cancel(ctx, tx, call.Actor, d) })
		return err
	})
	return out, err
}

func (s *Drafts) cancel(ctx context.Context, tx DraftTx, actor stride.Actor, d stride.Draft) (stride.Draft, error) {
	if _, err := tx.LockProject(ctx, d.ProjectID); err != nil {
		return d, err
	}
	s = s.frozen()
	d, err := tx.DraftByID(ctx, d.ID)
	if err != nil {
		return d, err
	}
	from := d.State
	switch {
	case d.State == stride.DraftCanceled:
		return d, nil
	case d.State.Ended():
		return d, &stride.Error{Kind: stride.Conflict, Message: fmt.Sprintf("the draft has ended: %s", d.State), Current: d}
	case d.State == stride.DraftRunning:
		d.CancelRequested = true
		if err := tx.RequestCancel(ctx, d.ID); err != nil {
			return d, fmt.Errorf("request cancel: %w", err)
		}
		return d, s.record(ctx, tx, actor, d.ProjectID, stride.EventDraftCancelRequested, stride.SubjectDraft, string(d.ID), struct{}{})
	}
	withoutPublishing(&d, stride.DraftCanceled, nil)
	_, err = s.Kit.endDraft(ctx, tx, tx, tx, actor, &d, from)
	return d, err
}

// endDraft ends the run if it is still this run's to end; ok is false where it
// is not, and then nothing was written.
func (k Kit) endDraft(
	ctx context.Context, tx RecordTx, ed EndDraftTx, ev draftEventTx, actor stride.Actor, d *stride.Draft, from stride.DraftState,
) (bool, error) {
	now := k.Now()
	d.EndedAt = &now
	ok, err := ed.EndDraft(ctx, *d)
	if err != nil || !ok {
		return false, err
	}
	err = k.record(ctx, tx, actor, d.ProjectID, stride.EventDraftMoved, stride.SubjectDraft, string(d.ID),
		move{From: string(from), To: string(d.State)})
	if err != nil {
		return false, err
	}
	return true, k.tellState(ctx, ev, *d)
}

// frozen is s at one moment; see Kit.frozen.
func (s *Drafts) frozen() *Drafts {
	at := *s
	at.Kit = s.Kit.frozen()
	return &at
}
