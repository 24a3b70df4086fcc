package analysis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/threatdraft/threatdraft/internal/draft"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// RunStore is what Runner needs of storage.
type RunStore interface {
	// DraftInput returns what the draft works on: the model with its sources,
	// its project, and the answers given in the model's scope, oldest first.
	DraftInput(ctx context.Context, id stride.DraftID) (RunInput, error)
	// BeatDraft extends the lease to until, guarded by id, run, owner and by the
	// draft running.
	BeatDraft(ctx context.Context, l Lease) (Beat, error)
	// LapsedDrafts returns drafts that nobody works on any more, oldest first:
	// running with a lease that ended before now; or queued with a job that will
	// never start, because it is finished, gone, or was fetched before
	// fetchedBefore and the draft is unclaimed still.
	LapsedDrafts(ctx context.Context, now, fetchedBefore time.Time, limit int) ([]stride.Draft, error)
	// Reviewed returns accepted and rejected suggestions of a project, or of all
	// where p is "", newest decision first: each title once, at most limit of either
	// kind, without those rejected as duplicates.
	Reviewed(ctx context.Context, p stride.ProjectID, limit int) ([]Reviewed, error)
	LedgerStore
	InRunTx(ctx context.Context, fn func(RunTx) error) error
}

// RunInput is what a draft works on.
type RunInput struct {
	Project stride.Project
	Model   stride.ThreatModel
	Answers []stride.Answer
	// All asks for what the ceiling of the design would hold back.
	All bool
	// Drafter is who is to draft.
	Drafter string
	// ReadAt is the moment before all this was read: later answers are not in it.
	ReadAt time.Time
	// Finished holds what earlier runs of the draft finished, by key.
	Finished map[string]draft.Finished
}

// Checkpoint is what a run keeps of a question to a language model, and Finished
// one with its items. Storage knows them by these names, since it does not know
// drafting.
type Checkpoint = draft.Checkpoint

// Finished is a question that an earlier run finished; see Checkpoint.
type Finished = draft.Finished

// Examples says whose decisions a model is shown as examples.
type Examples string

const (
	ExamplesOff     Examples = "off"
	ExamplesProject Examples = "project"
	// ExamplesAll shows a project's text to the model with other projects' drafts.
	ExamplesAll Examples = "all"
)

// Reviewed is a suggestion that somebody decided.
type Reviewed struct {
	Title    string
	Accepted bool
	Reason   stride.RejectReason
	Text     string
}

// Item is a verified proposal of a run, under the key that it keeps when the run
// is repeated. Storage knows it by this name, since it does not know drafting.
type Item = draft.Item

// Lease is a worker's claim of one run until a moment.
type Lease struct {
	Draft stride.DraftID
	Run   int
	Owner string
	Until time.Time
}

// Beat is what a heartbeat learns: whether the run is still this worker's, and
// whether somebody asked to cancel it.
type Beat struct {
	Held   bool
	Cancel bool
}

// RunTx is the transactional set of Runner.
type RunTx interface {
	RecordTx
	NewDraftTx
	EndDraftTx
	SettleTx
	// Model returns the model with its sources; NotFound where there is none.
	Model(ctx context.Context, id stride.ModelID) (stride.ThreatModel, error)
	// ClaimDraft makes the run this owner's, sets it running and started_at
	// (once), guarded by id, run, and by it being queued, or running under a
	// lease that is the owner's own or ended before now.
	ClaimDraft(ctx context.Context, l Lease, now time.Time) (ok bool, err error)
	// SaveItem keeps an item of the run (again is fine) with the progress,
	// guarded as BeatDraft is.
	SaveItem(ctx context.Context, l Lease, ordinal int, item Item, p stride.Progress) (Beat, error)
	// SaveCheckpoint keeps the state of a question (again is fine) with the
	// progress, guarded as BeatDraft is.
	SaveCheckpoint(ctx context.Context, l Lease, c Checkpoint, p stride.Progress) (Beat, error)
	// RequeueDraft writes run, job and the state queued and drops the lease,
	// guarded by the draft not having ended and by the run being wasRun.
	RequeueDraft(ctx context.Context, d stride.Draft, wasRun int, at time.Time) (ok bool, err error)
	// ReleaseDraft sets a running draft to queued with another job, guarded as
	// BeatDraft is.
	ReleaseDraft(ctx context.Context, l Lease, job int64, at time.Time) (ok bool, err error)
	PublishTx
}

// PublishTx writes what a run found.
type PublishTx interface {
	// InsertSuggestion also stores the targets with their fingerprints.
	InsertSuggestion(ctx context.Context, s stride.Suggestion) error
	InsertQuestion(ctx context.Context, q stride.StoredQuestion) error
	// SuggestionByID returns NotFound where there is none.
	SuggestionByID(ctx context.Context, id stride.SuggestionID) (stride.Suggestion, error)
	// RedraftSuggestion writes proposal and current content of a pending suggestion
	// and adds 1 to the revision, guarded by state and s.Revision; Conflict where the
	// guard fails.
	RedraftSuggestion(ctx context.Context, s stride.Suggestion) error
	// CloseCalls ends the calls of the draft that runs before the given one left under
	// way: they cost what their prompt's share of the estimate is.
	CloseCalls(ctx context.Context, d stride.DraftID, before int, at time.Time) error
	// DraftSuggestions maps the ids of the proposals that the draft has published to
	// their suggestions.
	DraftSuggestions(ctx context.Context, d stride.DraftID) (map[string]stride.SuggestionID, error)
	// DraftQuestions returns the questions that the draft has published.
	DraftQuestions(ctx context.Context, d stride.Draft) ([]stride.StoredQuestion, error)
	// ExtendModel writes architecture, extended_by and revision.
	ExtendModel(ctx context.Context, m stride.ThreatModel) error
	StandingTx
	// PendingInScope returns the pending suggestions of other drafts of the
	// project's scope, of its versions up to a number, by id.
	PendingInScope(ctx context.Context, p stride.ProjectID, scope string, number int, except stride.DraftID) ([]stride.Suggestion, error)
	LinkThreat(ctx context.Context, m stride.ModelID, t stride.ThreatID) error
}

// Bounds of a run.
const (
	// MaxRuns is how often a draft is tried before it fails.
	MaxRuns = 5
	// RunTimeout ends a run that takes longer.
	RunTimeout = 30 * time.Minute
	// AskTime is how much of that models may be asked; the rest is for publishing.
	AskTime = RunTimeout - 3*time.Minute
	// DefaultLease is how long a worker is believed to live without a beat;
	// DefaultBeat is how often it beats, and how often each replica sweeps.
	DefaultLease = 15 * time.Second
	DefaultBeat  = 5 * time.Second
)

// Runner does drafts. River delivers them; the lease on the draft decides who
// may work and publish, so that a job that is delivered twice, or again after a
// crash, publishes once.
type Runner struct {
	Kit
	Store    RunStore
	Pipeline *draft.Pipeline
	Log      *slog.Logger
	Budget   Budget
	Examples Examples
	// Owner names this process among the replicas.
	Owner string
	Lease time.Duration
	Beat  time.Duration
	// Probe is told the named points of a run as it passes them; nil for none.
	// Crash tests stop the program there.
	Probe func(point string)
}

// The named points of a run.
const (
	PointClaimed   = "claimed"
	PointItem      = "item"
	PointGroup     = "group"
	PointPublish   = "publish"
	PointPublished = "published"
)

// Why a run stopped before its end.
var (
	errCanceled = errors.New("canceled by request")
	errLost     = errors.New("the run is another worker's now")
	errShutdown = errors.New("shutting down")
)

// Run does one run of a draft. It returns nil where the run is stale or has
// ended, in whichever way, and an error only where the queue should deliver the
// job again.
func (r *Runner) Run(ctx context.Context, job DraftJob) error {
	d, ok, err := r.claim(ctx, job)
	if err != nil || !ok {
		return err
	}
	r.probe(PointClaimed)
	runCtx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var beating sync.WaitGroup
	beating.Go(func() { r.beat(runCtx, job, stop) })
	read := r.Now()
	in, err := r.Store.DraftInput(runCtx, d.ID)
	in.ReadAt = read
	var out draft.Output
	if err == nil {
		out, err = r.propose(runCtx, job, in)
	}
	if err == nil {
		r.probe(PointPublish)
		err = r.publish(runCtx, job, in, out)
	}
	if err == nil {
		r.probe(PointPublished)
	} else {
		err = r.stopped(ctx, runCtx, d, job, err)
	}
	stop(nil)
	beating.Wait()
	return err
}

func (r *Runner) probe(point string) {
	if r.Probe != nil {
		r.Probe(point)
	}
}

func (r *Runner) lease(job DraftJob) Lease {
	return Lease{Draft: job.DraftID, Run: job.Run, Owner: r.Owner, Until: r.Now().Add(r.Lease)}
}

func (r *Runner) claim(ctx context.Context, job DraftJob) (stride.Draft, bool, error) {
	var d stride.Draft
	var ok bool
	err := r.Store.InRunTx(ctx, func(tx RunTx) error {
		var err error
		if d, err = tx.DraftByID(ctx, job.DraftID); err != nil {
			return err
		}
		if _, err = tx.LockProject(ctx, d.ProjectID); err != nil {
			return err
		}
		r := r.frozen()
		if d, err = tx.DraftByID(ctx, job.DraftID); err != nil {
			return err
		}
		from := d.State
		if ok, err = tx.ClaimDraft(ctx, r.lease(job), r.Now()); err != nil || !ok {
			return err
		}
		if d, err = tx.DraftByID(ctx, job.DraftID); err != nil {
			return err
		}
		if err := tx.CloseCalls(ctx, d.ID, d.Run, r.Now()); err != nil {
			return fmt.Errorf("close calls: %w", err)
		}
		err = r.record(ctx, tx, stride.Actor{}, d.ProjectID, stride.EventDraftMoved, stride.SubjectDraft, string(d.ID),
			move{From: string(from), To: string(d.State)})
		if err != nil {
			return err
		}
		return r.tellState(ctx, tx, d)
	})
	if isKind(err, stride.NotFound) {
		return d, false, nil
	}
	if err != nil {
		return d, false, fmt.Errorf("claim draft %s: %w", job.DraftID, err)
	}
	return d, ok, nil
}

// beat extends the lease until the run is over, and stops it where it is lost
// or canceled. A beat that fails is tried again: the lease outlives a few.
func (r *Runner) beat(ctx context.Context, job DraftJob, stop context.CancelCauseFunc) {
	tick := time.NewTicker(r.Beat)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		b, err := r.Store.BeatDraft(ctx, r.lease(job))
		switch {
		case err != nil:
			r.Log.WarnContext(ctx, "draft heartbeat failed", "draft_id", job.DraftID, "run", job.Run, "error", err)
		case b.Cancel:
			stop(errCanceled)
		case !b.Held:
			stop(errLost)
		}
	}
}

// stopped decides what becomes of a run that did not publish.
func (r *Runner) stopped(ctx, runCtx context.Context, d stride.Draft, job DraftJob, err error) error {
	if cause := context.Cause(runCtx); cause != nil {
		err = cause // whatever failed, failed because of it
	}
	if errors.Is(err, errLost) {
		r.Log.InfoContext(ctx, "draft run is stale", "draft_id", job.DraftID, "run", job.Run)
		return nil
	}
	// What follows must be written although the run's context has ended.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.Beat)
	defer cancel()
	var known *stride.Error
	switch {
	case errors.Is(err, errCanceled):
		withoutPublishing(&d, stride.DraftCanceled, nil)
	case errors.Is(err, context.DeadlineExceeded):
		withoutPublishing(&d, stride.DraftFailed, &stride.DraftFailure{Kind: "timeout", Detail: fmt.Sprintf("the run took longer than %s", RunTimeout)})
	case errors.Is(runCtx.Err(), context.Canceled): // the cause is the queue's own: it shuts down
		return r.release(last, job)
	case errors.As(err, &known) && known.Kind != stride.Unavailable:
		withoutPublishing(&d, stride.DraftFailed, &stride.DraftFailure{Kind: string(known.Kind), Detail: known.Error()})
	default:
		return fmt.Errorf("draft %s run %d: %w", d.ID, d.Run, err)
	}
	return r.end(last, d)
}

// end ends the draft without publishing anything.
func (r *Runner) end(ctx context.Context, d stride.Draft) error {
	return r.Store.InRunTx(ctx, func(tx RunTx) error {
		if _, err := tx.LockProject(ctx, d.ProjectID); err != nil {
			return err
		}
		_, err := r.frozen().endDraft(ctx, tx, tx, tx, stride.Actor{}, &d, stride.DraftRunning)
		return err
	})
}

// release gives the run back to the queue at shutdown: neither a cancel nor a
// failure, and not one of its tries.
func (r *Runner) release(ctx context.Context, job DraftJob) error {
	return r.Store.InRunTx(ctx, func(tx RunTx) error {
		d, err := tx.DraftByID(ctx, job.DraftID)
		if err != nil {
			return err
		}
		if _, err := tx.LockProject(ctx, d.ProjectID); err != nil {
			return err
		}
		r := r.frozen()
		id, err := tx.EnqueueDraft(ctx, job)
		if err != nil {
			return fmt.Errorf("enqueue released draft: %w", err)
		}
		ok, err := tx.ReleaseDraft(ctx, r.lease(job), id, r.Now())
		if err != nil {
			return fmt.Errorf("release draft: %w", err)
		}
		if !ok {
			return errShutdown // rolls the job back; another worker has the run
		}
		return r.queuedAgain(ctx, tx, d)
	})
}

// Sweep gives drafts that nobody works on any more to a new run, and ends those
// that were canceled or have died too often. It returns how many it touched.
// Any number of replicas may sweep at once. Leases are compared with this
// process's clock: the replicas' clocks have to agree within a few seconds.
func (r *Runner) Sweep(ctx context.Context) (int, error) {
	now := r.Now()
	lapsed, err := r.Store.LapsedDrafts(ctx, now, now.Add(-r.Lease), 100)
	if err != nil {
		return 0, fmt.Errorf("find lapsed drafts: %w", err)
	}
	touched := 0
	var failed error // one draft must not keep the others waiting
	for _, d := range lapsed {
		one, cancel := context.WithTimeout(ctx, r.Beat)
		ok, err := r.revive(one, d)
		cancel()
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("revive draft %s: %w", d.ID, err))
		}
		if ok {
			touched++
		}
	}
	return touched, failed
}

func (r *Runner) revive(ctx context.Context, seen stride.Draft) (bool, error) {
	done := false
	err := r.Store.InRunTx(ctx, func(tx RunTx) error {
		done = false
		if _, err := tx.LockProject(ctx, seen.ProjectID); err != nil {
			return err
		}
		d, err := tx.DraftByID(ctx, seen.ID)
		if err != nil {
			return err
		}
		r := r.frozen()
		if d.Run != seen.Run || d.State != seen.State || (d.LeaseUntil != nil && d.LeaseUntil.After(r.Now())) {
			return nil
		}
		if err := tx.CloseCalls(ctx, d.ID, d.Run+1, r.Now()); err != nil {
			return fmt.Errorf("close calls: %w", err)
		}
		switch {
		case d.CancelRequested:
			withoutPublishing(&d, stride.DraftCanceled, nil)
			done, err = r.endDraft(ctx, tx, tx, tx, stride.Actor{}, &d, seen.State)
			return err
		case d.Run-d.FirstRun+1 >= MaxRuns:
			withoutPublishing(&d, stride.DraftFailed,
				&stride.DraftFailure{Kind: "crashed", Detail: fmt.Sprintf("its worker died %d times", d.Run-d.FirstRun+1)})
			done, err = r.endDraft(ctx, tx, tx, tx, stride.Actor{}, &d, seen.State)
			return err
		}
		done, err = r.requeue(ctx, tx, d)
		return err
	})
	return done, err
}

func (r *Runner) requeue(ctx context.Context, tx RunTx, d stride.Draft) (bool, error) {
	was := d.Run
	d.Run++
	var err error
	if d.JobID, err = tx.EnqueueDraft(ctx, DraftJob{DraftID: d.ID, Run: d.Run}); err != nil {
		return false, fmt.Errorf("enqueue: %w", err)
	}
	ok, err := tx.RequeueDraft(ctx, d, was, r.Now())
	if err != nil || !ok {
		return ok, err
	}
	r.Log.WarnContext(ctx, "draft run lapsed; it is queued again", "draft_id", d.ID, "run", d.Run)
	return true, r.queuedAgain(ctx, tx, d)
}

// queuedAgain records that d, as it was before with its new run, went back to
// the queue.
func (r *Runner) queuedAgain(ctx context.Context, tx RunTx, d stride.Draft) error {
	if d.State != stride.DraftQueued {
		err := r.record(ctx, tx, stride.Actor{}, d.ProjectID, stride.EventDraftMoved, stride.SubjectDraft, string(d.ID),
			move{From: string(d.State), To: string(stride.DraftQueued)})
		if err != nil {
			return err
		}
		d.State = stride.DraftQueued
	}
	return r.tellState(ctx, tx, d)
}

// frozen is r at one moment; see Kit.frozen.
func (r *Runner) frozen() *Runner {
	at := *r
	at.Kit = r.Kit.frozen()
	return &at
}
