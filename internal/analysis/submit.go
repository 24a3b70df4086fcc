package analysis

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/draft"
	"github.com/threatdraft/threatdraft/internal/formats"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// SubmitStore is what Submissions needs of storage.
type SubmitStore interface {
	// Model returns NotFound for what does not exist or is out of reach; with
	// sources and their content.
	Model(ctx context.Context, reach stride.Reach, id stride.ModelID) (stride.ThreatModel, error)
	InSubmitTx(ctx context.Context, fn func(SubmitTx) error) error
}

// SubmitTx is the transactional set of Submissions.
type SubmitTx interface {
	RecordTx
	NewProjectTx
	NewModelTx
	NewDraftTx
	// SandboxOf returns the user's sandbox; ok is false where there is none yet.
	SandboxOf(ctx context.Context, user stride.UserID) (p stride.Project, ok bool, err error)
}

// NewModelTx stores versions of threat models.
type NewModelTx interface {
	// Model returns the model with its sources; NotFound where there is none.
	Model(ctx context.Context, id stride.ModelID) (stride.ThreatModel, error)
	// LatestModel returns the version of the scope with the highest number,
	// with its sources.
	LatestModel(ctx context.Context, p stride.ProjectID, scope string) (m stride.ThreatModel, ok bool, err error)
	// InsertModel stores a version with its sources; Conflict where the number
	// is taken.
	InsertModel(ctx context.Context, m stride.ThreatModel) error
}

// NewDraftTx stores runs and puts them into the queue.
type NewDraftTx interface {
	// EnqueueDraft adds a job for the run to the queue, in this transaction,
	// and returns the job's id.
	EnqueueDraft(ctx context.Context, args DraftJob) (int64, error)
	InsertDraft(ctx context.Context, d stride.Draft) error
	// AppendDraftEvent gives the event the draft's next Seq.
	AppendDraftEvent(ctx context.Context, id stride.DraftID, e stride.DraftEvent) error
}

// DraftJob is the queue's job: draft this run.
type DraftJob struct {
	DraftID stride.DraftID `json:"draft_id"`
	Run     int            `json:"run"`
}

// Kind names the job in the queue.
func (DraftJob) Kind() string { return "draft" }

// Submissions takes designs in.
type Submissions struct {
	Kit
	Store SubmitStore
	// Hybrid is as in Drafts.
	Hybrid bool
}

// NewSource is one input as a caller sends it.
type NewSource struct {
	Name    string
	Format  string // "" to detect
	Content []byte
}

// Submission is a pasted design: into a project by id or by name (created where
// new), or into the caller's sandbox where both are empty.
type Submission struct {
	Source      NewSource
	ProjectID   stride.ProjectID
	ProjectName string
	Scope       string
	Options     DraftOptions
}

// Submitted is what a submission made.
type Submitted struct {
	Project stride.Project
	Model   stride.ThreatModel
	Draft   stride.Draft
}

// maxSources is how many inputs one version may have.
const maxSources = 20

// Draft stores the design as a version of the scope's threat model and queues a
// draft of it, all in one transaction. The same bytes as the newest version
// draft that version again. Invalid names the field; NoComponents where the
// text names no part of a system; Conflict where the project is archived.
func (s *Submissions) Draft(ctx context.Context, call Call, sub Submission) (Submitted, error) {
	if sub.ProjectID != "" && sub.ProjectName != "" {
		return Submitted{}, stride.InvalidField("project_name", "must not stand beside project_id")
	}
	var err error
	if sub.Options, err = sub.Options.settled(s.Hybrid); err != nil {
		return Submitted{}, err
	}
	if err := checkScope(sub.Scope); err != nil {
		return Submitted{}, err
	}
	if sub.ProjectName != "" {
		if err := (ProjectFields{Name: &sub.ProjectName}).Validate(); err != nil {
			return Submitted{}, stride.InvalidField("project_name", "must have 1 to 200 characters")
		}
	}
	if sub.ProjectID != "" {
		if err := requireRole(call.Actor, sub.ProjectID, stride.RoleAuthor, "project"); err != nil {
			return Submitted{}, err
		}
	}
	parsed, err := s.parse([]NewSource{sub.Source}, func(int) string { return "description" }, sub.Options.Drafter == stride.DrafterHybrid)
	if err != nil {
		return Submitted{}, err
	}
	var out Submitted
	submit := func(tx SubmitTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (Submitted, error) { return s.draft(ctx, tx, call.Actor, sub, parsed) })
		return err
	}
	err = s.Store.InSubmitTx(ctx, submit)
	if nameTaken(err) {
		// Somebody made the project, or the sandbox, at the same moment: now it is found.
		err = s.Store.InSubmitTx(ctx, submit)
	}
	return out, err
}

// nameTaken reports whether err is insertProject's conflict.
func nameTaken(err error) bool {
	var e *stride.Error
	return errors.As(err, &e) && e.Kind == stride.Conflict && len(e.Fields) == 1 && e.Fields[0].Field == "name"
}

func (s *Submissions) draft(ctx context.Context, tx SubmitTx, actor stride.Actor, sub Submission, parsed parsedSources) (Submitted, error) {
	var out Submitted
	var err error
	if out.Project, err = s.project(ctx, tx, actor, sub); err != nil {
		return out, err
	}
	s = s.frozen()
	scope := sub.Scope
	if scope == "" {
		scope = defaultScope(out.Project, parsed.hash)
	}
	out.Model, err = s.version(ctx, tx, actor, out.Project, scope, parsed)
	if err != nil {
		return out, err
	}
	out.Draft, err = s.Kit.queueDraft(ctx, tx, tx, actor, out.Model, sub.Options)
	return out, err
}

// defaultScope keeps the designs apart that somebody pastes into one sandbox.
func defaultScope(p stride.Project, hash string) string {
	if p.SandboxOf != "" {
		return "paste-" + hash[:8]
	}
	return stride.DefaultScope
}

// project finds or makes the project of a submission, locked.
func (s *Submissions) project(ctx context.Context, tx SubmitTx, actor stride.Actor, sub Submission) (stride.Project, error) {
	switch {
	case sub.ProjectID != "":
		return s.lockOpen(ctx, tx, sub.ProjectID)
	case sub.ProjectName != "":
		return s.namedProject(ctx, tx, actor, sub.ProjectName)
	}
	return s.sandbox(ctx, tx, actor)
}

func (s *Submissions) namedProject(ctx context.Context, tx SubmitTx, actor stride.Actor, name string) (stride.Project, error) {
	found, ok, err := tx.ProjectByName(ctx, name)
	if err != nil {
		return found, fmt.Errorf("find project: %w", err)
	}
	if ok {
		if err := requireRole(actor, found.ID, stride.RoleAuthor, "project"); err != nil {
			return found, &stride.Error{
				Kind: stride.Forbidden, Message: "you may not submit to a project of this name",
				Fields: []stride.Field{{Field: "project_name", Message: "is not open to you; ask an admin, or choose another name"}},
			}
		}
		return s.lockOpen(ctx, tx, found.ID)
	}
	if err := mayCreate(actor); err != nil {
		return found, err
	}
	k := s.Kit.frozen()
	p := k.newProject(strings.TrimSpace(name))
	return p, k.insertProject(ctx, tx, tx, actor, p)
}

func (s *Submissions) sandbox(ctx context.Context, tx SubmitTx, actor stride.Actor) (stride.Project, error) {
	if err := mayCreate(actor); err != nil {
		return stride.Project{}, err
	}
	p, ok, err := tx.SandboxOf(ctx, actor.User)
	if err != nil {
		return p, fmt.Errorf("find sandbox: %w", err)
	}
	if ok {
		return s.lockOpen(ctx, tx, p.ID)
	}
	k := s.Kit.frozen()
	p = k.newProject("sandbox of " + actor.Name)
	p.SandboxOf = actor.User
	return p, k.insertProject(ctx, tx, tx, actor, p)
}

func (s *Submissions) lockOpen(ctx context.Context, tx SubmitTx, id stride.ProjectID) (stride.Project, error) {
	p, err := tx.LockProject(ctx, id)
	if err != nil {
		return p, err
	}
	return p, archivedConflict(p)
}

// NewModel is a version to store: 1..n sources of one scope.
type NewModel struct {
	Scope   string
	Sources []NewSource
}

// CreateModel stores a new version of a scope's threat model without drafting.
// Errors as of Draft, with fields sources[i].
func (s *Submissions) CreateModel(ctx context.Context, call Call, project stride.ProjectID, n NewModel) (stride.ThreatModel, error) {
	if err := requireRole(call.Actor, project, stride.RoleAuthor, "project"); err != nil {
		return stride.ThreatModel{}, err
	}
	if n.Scope == "" {
		n.Scope = stride.DefaultScope
	}
	if err := checkScope(n.Scope); err != nil {
		return stride.ThreatModel{}, err
	}
	if len(n.Sources) == 0 || len(n.Sources) > maxSources {
		return stride.ThreatModel{}, stride.InvalidField("sources", "must be 1 to %d", maxSources)
	}
	parsed, err := s.parse(n.Sources, func(i int) string { return fmt.Sprintf("sources[%d].content", i) }, false)
	if err != nil {
		return stride.ThreatModel{}, err
	}
	var out stride.ThreatModel
	err = s.Store.InSubmitTx(ctx, func(tx SubmitTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.ThreatModel, error) {
			p, err := s.lockOpen(ctx, tx, project)
			if err != nil {
				return stride.ThreatModel{}, err
			}
			return s.frozen().insertVersion(ctx, tx, call.Actor, p.ID, n.Scope, parsed)
		})
		return err
	})
	return out, err
}

// CorrectArchitecture stores a new version with the same sources and the given
// architecture. Evidence that is quoted must hold; what has none is marked as a
// human's word. Conflict where a newer version of the scope exists.
func (s *Submissions) CorrectArchitecture(ctx context.Context, call Call, id stride.ModelID, a stride.Architecture) (stride.ThreatModel, error) {
	base, err := s.Store.Model(ctx, call.Actor.Reach(stride.RoleViewer), id)
	if err != nil {
		return base, err
	}
	if err := requireRole(call.Actor, base.ProjectID, stride.RoleAuthor, "model"); err != nil {
		return base, err
	}
	if err := a.Normalize(base.Sources); err != nil {
		return base, err
	}
	var out stride.ThreatModel
	err = s.Store.InSubmitTx(ctx, func(tx SubmitTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.ThreatModel, error) { return s.correct(ctx, tx, call, base, a) })
		return err
	})
	return out, err
}

func (s *Submissions) correct(ctx context.Context, tx SubmitTx, call Call, base stride.ThreatModel, a stride.Architecture) (stride.ThreatModel, error) {
	if _, err := s.lockOpen(ctx, tx, base.ProjectID); err != nil {
		return base, err
	}
	latest, _, err := tx.LatestModel(ctx, base.ProjectID, base.Scope)
	if err != nil {
		return base, fmt.Errorf("find latest version: %w", err)
	}
	var conflict error
	if latest.ID != base.ID {
		conflict = &stride.Error{Kind: stride.Conflict, Message: "a newer version of this scope exists; correct that one", Current: latest}
	}
	if call.Match.Given || conflict != nil {
		given := call.Match
		given.Given = true
		given.Any = given.Any || !call.Match.Given
		if err := given.check(latest.Revision, conflict, latest); err != nil {
			return base, err
		}
	}
	sources := make([]stride.Source, len(base.Sources))
	for i, src := range base.Sources {
		src.ID = stride.SourceID(s.NewID())
		sources[i] = src
	}
	moved := a.Clone() // the caller's is needed again where the transaction is
	moved.MoveEvidence(sourceMap(base.Sources, sources))
	return s.frozen().insertVersion(ctx, tx, call.Actor, base.ProjectID, base.Scope, parsedSources{
		sources: sources, architecture: moved, notes: base.Notes, hash: base.ContentHash, extendedBy: base.ExtendedBy,
	})
}

func sourceMap(from, to []stride.Source) map[stride.SourceID]stride.SourceID {
	m := make(map[stride.SourceID]stride.SourceID, len(from))
	for i := range from {
		m[from[i].ID] = to[i].ID
	}
	return m
}

// parsedSources are inputs as they will be stored.
type parsedSources struct {
	sources      []stride.Source
	architecture stride.Architecture
	notes        []string
	hash         string
	// extendedBy is set where the architecture was extended already.
	extendedBy stride.DraftID
}

// parse checks and reads the sources, in which credentials are masked from here on;
// field names the i-th in errors. Where a model is to read along, text in which the
// extractor finds nothing is left to it.
func (s *Submissions) parse(in []NewSource, field func(int) string, readAlong bool) (parsedSources, error) {
	var out parsedSources
	h := sha256.New()
	for i, src := range in {
		if err := formats.Check(src.Content); err != nil {
			return out, renameField(err, field(i))
		}
		if src.Format != "" {
			if _, ok := formats.Named(src.Format); !ok {
				return out, stride.InvalidField(formatField(field(i)), "must be one of %s", strings.Join(formats.Names(), ", "))
			}
		}
		if utf8.RuneCountInString(src.Name) > 200 || !stride.PlainText(src.Name) {
			return out, stride.InvalidField("name", "must have at most 200 characters, none of control or direction")
		}
		format := src.Format
		if format == "" {
			format = formats.Detect(src.Name, src.Content).Name
		}
		out.sources = append(out.sources, stride.Source{
			ID: stride.SourceID(s.NewID()), Name: src.Name, Format: format, Content: src.Content,
		})
		fmt.Fprintf(h, "%s\x00%d\x00", format, len(src.Content))
		h.Write(src.Content)
	}
	masked, secrets := draft.Mask(out.sources)
	out.sources = masked
	var err error
	out.architecture, out.notes, err = formats.Parse(out.sources)
	if err != nil && (!readAlong || !isKind(err, stride.NoComponents)) {
		return out, renameField(err, field(0))
	}
	out.architecture.Connect()
	out.notes = append(out.notes, secrets...)
	out.hash = hex.EncodeToString(h.Sum(nil))
	return out, nil
}

func formatField(content string) string {
	if prefix, ok := strings.CutSuffix(content, ".content"); ok {
		return prefix + ".format"
	}
	return "format"
}

// version returns the newest version where it has the same bytes and is still
// open, else a new one.
func (s *Submissions) version(
	ctx context.Context, tx SubmitTx, actor stride.Actor, p stride.Project, scope string, parsed parsedSources,
) (stride.ThreatModel, error) {
	latest, ok, err := tx.LatestModel(ctx, p.ID, scope)
	if err != nil {
		return latest, fmt.Errorf("find latest version: %w", err)
	}
	if ok && latest.ContentHash == parsed.hash && (latest.State == stride.ModelDraft || latest.State == stride.ModelInReview) {
		return latest, nil
	}
	return s.insertVersion(ctx, tx, actor, p.ID, scope, parsed)
}

func (s *Submissions) insertVersion(
	ctx context.Context, tx SubmitTx, actor stride.Actor, p stride.ProjectID, scope string, parsed parsedSources,
) (stride.ThreatModel, error) {
	latest, ok, err := tx.LatestModel(ctx, p, scope)
	if err != nil {
		return latest, fmt.Errorf("find latest version: %w", err)
	}
	m := stride.ThreatModel{
		ID: stride.ModelID(s.NewID()), ProjectID: p, Scope: scope, Number: 1, State: stride.ModelDraft,
		ContentHash: parsed.hash, Architecture: parsed.architecture, Sources: parsed.sources, Notes: parsed.notes,
		AuthorID: actor.User, Revision: 1, CreatedAt: s.Now(), ExtendedBy: parsed.extendedBy,
	}
	if ok {
		m.Number = latest.Number + 1
		m.Architecture = parsed.architecture.Clone()
		m.Architecture.KeepKeys(latest.Architecture)
	}
	if err := tx.InsertModel(ctx, m); err != nil {
		return m, fmt.Errorf("insert model: %w", err)
	}
	payload := map[string]any{"scope": scope, "version": m.Number, "content_hash": m.ContentHash}
	if err := s.record(ctx, tx, actor, p, stride.EventModelCreated, stride.SubjectModel, string(m.ID), payload); err != nil {
		return m, err
	}
	return m, s.enter(ctx, tx, p, stride.SubjectModel, string(m.ID), string(m.State))
}

func checkScope(scope string) error {
	if utf8.RuneCountInString(scope) > 100 || scope != strings.TrimSpace(scope) || !stride.PlainText(scope) {
		return stride.InvalidField("scope", "must have at most 100 characters, none of control or direction, and no space around it")
	}
	return nil
}

// renameField names the caller's field in an error about a source.
func renameField(err error, field string) error {
	e, ok := err.(*stride.Error) //nolint:errorlint // formats returns it unwrapped, and it is copied here
	if !ok {
		return err
	}
	renamed := *e
	renamed.Fields = []stride.Field{{Field: field, Message: e.Message}}
	if len(e.Fields) > 0 {
		renamed.Fields[0].Message = e.Fields[0].Message
	}
	return &renamed
}

// frozen is s at one moment; see Kit.frozen.
func (s *Submissions) frozen() *Submissions {
	at := *s
	at.Kit = s.Kit.frozen()
	return &at
}
