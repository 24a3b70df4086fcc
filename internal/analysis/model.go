package analysis

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// ModelStore is what Models needs of storage.
type ModelStore interface {
	SignedOffStore
	// Model returns NotFound for what does not exist or is out of reach; with
	// sources and their content.
	Model(ctx context.Context, reach stride.Reach, id stride.ModelID) (stride.ThreatModel, error)
	// Models lists a project's versions by id, oldest first, without
	// architecture and without the content of sources.
	Models(ctx context.Context, p stride.ProjectID, f ModelFilter, page Page) (Listing[stride.ThreatModel], error)
	// LatestOutcome returns the outcome of the model's newest succeeded or
	// partial draft; nil where there is none.
	LatestOutcome(ctx context.Context, id stride.ModelID) (*stride.DraftOutcome, error)
	// SuggestionsOf returns all suggestions of a model, by id.
	SuggestionsOf(ctx context.Context, id stride.ModelID) ([]stride.Suggestion, error)
	// Answers returns the answers given for the model, oldest first.
	Answers(ctx context.Context, id stride.ModelID) ([]stride.StoredAnswer, error)
	// ThreatsOf returns the threats that were seen in the version, by id.
	ThreatsOf(ctx context.Context, id stride.ModelID) ([]stride.Threat, error)
	InModelTx(ctx context.Context, fn func(ModelTx) error) error
}

// ModelTx is the transactional set of Models.
type ModelTx interface {
	RecordTx
	SignedOffStore
	// Model returns the model with its sources; NotFound where there is none.
	Model(ctx context.Context, id stride.ModelID) (stride.ThreatModel, error)
	// UpdateModel writes state, assignee and times, and adds 1 to the revision;
	// Stale where the stored revision is not m.Revision.
	UpdateModel(ctx context.Context, m stride.ThreatModel) error
	// NewerDrafted reports whether a version of the scope with a higher number has
	// a succeeded or partial draft.
	NewerDrafted(ctx context.Context, p stride.ProjectID, scope string, number int) (bool, error)
	// CompletedModels returns the completed versions of the scope, without
	// sources.
	CompletedModels(ctx context.Context, p stride.ProjectID, scope string) ([]stride.ThreatModel, error)
	// Reviewers returns who may review in the project, by name, with the number
	// of models in review, of any project, that are assigned to each.
	Reviewers(ctx context.Context, p stride.ProjectID) ([]Reviewer, error)
	// ReviewTally counts what sign-off asks for.
	ReviewTally(ctx context.Context, id stride.ModelID) (ReviewTally, error)
}

// ModelFilter narrows a list of models; zero values do not filter.
type ModelFilter struct {
	Scope string
	State stride.ModelState
}

// Reviewer is a user who may review in a project.
type Reviewer struct {
	User stride.User
	Load int
	// Own is false where the role comes from one in all projects alone.
	Own bool
}

// ReviewTally counts a model's drafts and its undecided suggestions.
type ReviewTally struct {
	SucceededDrafts int
	// OpenDrafts are queued or running.
	OpenDrafts int
	// UrgentOpen are high and critical ones that nobody has decided, by the
	// severity of their current content, those that wait for the author included.
	UrgentOpen int
	// OtherOpen are low and medium ones that are pending or await a second vote.
	OtherOpen int
}

// Models follows the versions of threat models through review.
type Models struct {
	Kit
	Store ModelStore
}

// Get returns NotFound for what does not exist or is not the actor's.
func (s *Models) Get(ctx context.Context, actor stride.Actor, id stride.ModelID) (stride.ThreatModel, error) {
	m, err := s.Store.Model(ctx, actor.Reach(stride.RoleViewer), id)
	if err != nil {
		return m, err
	}
	return m, s.judgeModel(ctx, s.Store, &m)
}

// List returns a project's versions, oldest first.
func (s *Models) List(ctx context.Context, actor stride.Actor, p stride.ProjectID, f ModelFilter, page Page) (Listing[stride.ThreatModel], error) {
	if err := requireRole(actor, p, stride.RoleViewer, "project"); err != nil {
		return Listing[stride.ThreatModel]{}, err
	}
	found, err := s.Store.Models(ctx, p, f, page)
	if err != nil {
		return found, err
	}
	return found, s.judgeModels(ctx, s.Store, found.Items)
}

// Submit moves a draft model to review and assigns it: to the named reviewer,
// else to a reviewer of the project itself before one of all projects, among
// them to the one with the fewest models in review, and to its author last.
// Where nobody may review, it is open to whoever comes. Conflict where a newer
// version of the scope was drafted: its draft has taken over the queue.
func (s *Models) Submit(ctx context.Context, call Call, id stride.ModelID, assignee string) (stride.ThreatModel, error) {
	return s.change(ctx, call, id, stride.RoleAuthor, func(s *Models, tx ModelTx, m stride.ThreatModel) (stride.ThreatModel, error) {
		if err := checkMove(m, stride.ModelInReview); err != nil {
			return m, err
		}
		newer, err := tx.NewerDrafted(ctx, m.ProjectID, m.Scope, m.Number)
		if err != nil {
			return m, fmt.Errorf("look for newer drafts: %w", err)
		}
		if newer {
			return m, &stride.Error{
				Kind: stride.Conflict, Message: "a newer version of this scope was drafted and has taken over its queue; submit that one", Current: m,
			}
		}
		reviewers, err := tx.Reviewers(ctx, m.ProjectID)
		if err != nil {
			return m, fmt.Errorf("list reviewers: %w", err)
		}
		if m.AssigneeID, err = pickReviewer(reviewers, assignee, m.AuthorID); err != nil {
			return m, err
		}
		now := s.Now()
		m.SubmittedAt = &now
		return s.moveTo(ctx, tx, call.Actor, m, stride.ModelInReview)
	})
}

func pickReviewer(reviewers []Reviewer, name string, author stride.UserID) (stride.UserID, error) {
	if name != "" {
		for _, r := range reviewers {
			if r.User.Name == name {
				return r.User.ID, nil
			}
		}
		return "", stride.InvalidField("assignee", "is no reviewer of this project")
	}
	if len(reviewers) == 0 {
		return "", nil
	}
	last := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	best := slices.MinFunc(reviewers, func(a, b Reviewer) int {
		return cmp.Or(
			last(a.User.ID == author)-last(b.User.ID == author), last(!a.Own)-last(!b.Own),
			a.Load-b.Load, cmp.Compare(a.User.Name, b.User.Name))
	})
	return best.User.ID, nil
}

// Return sends a model in review back to its author, with a reason.
func (s *Models) Return(ctx context.Context, call Call, id stride.ModelID, reason string) (stride.ThreatModel, error) {
	if reason == "" {
		return stride.ThreatModel{}, stride.InvalidField("reason", "is required")
	}
	return s.change(ctx, call, id, stride.RoleReviewer, func(s *Models, tx ModelTx, m stride.ThreatModel) (stride.ThreatModel, error) {
		if err := checkMove(m, stride.ModelDraft); err != nil {
			return m, err
		}
		return s.moveTo(ctx, tx, call.Actor, m, stride.ModelDraft, reason)
	})
}

// SignOff completes a model in review and supersedes the scope's completed one
// before it. Conflict, naming each thing that is missing, unless it has an
// element, a succeeded draft, every high and critical suggestion decided, and
// the rest decided or waiting for the author.
func (s *Models) SignOff(ctx context.Context, call Call, id stride.ModelID) (stride.ThreatModel, error) {
	return s.change(ctx, call, id, stride.RoleReviewer, func(s *Models, tx ModelTx, m stride.ThreatModel) (stride.ThreatModel, error) {
		if err := checkMove(m, stride.ModelCompleted); err != nil {
			return m, err
		}
		tally, err := tx.ReviewTally(ctx, id)
		if err != nil {
			return m, fmt.Errorf("tally review: %w", err)
		}
		if missing := tally.missing(m); missing != nil {
			return m, &stride.Error{Kind: stride.Conflict, Message: "the model is not ready to be signed off", Fields: missing, Current: m}
		}
		if err := s.supersede(ctx, tx, call.Actor, m); err != nil {
			return m, err
		}
		now := s.Now()
		m.CompletedAt, m.CompletedBy = &now, call.Actor.User
		return s.moveTo(ctx, tx, call.Actor, m, stride.ModelCompleted)
	})
}

func (t ReviewTally) missing(m stride.ThreatModel) []stride.Field {
	var out []stride.Field
	if len(m.Architecture.Elements) == 0 {
		out = append(out, stride.Field{Field: "architecture.elements", Message: "has no element"})
	}
	if t.SucceededDrafts == 0 {
		out = append(out, stride.Field{Field: "drafts", Message: "has no succeeded draft"})
	}
	if t.OpenDrafts > 0 {
		out = append(out, stride.Field{Field: "drafts", Message: fmt.Sprintf("%d have not ended", t.OpenDrafts)})
	}
	if t.UrgentOpen > 0 {
		out = append(out, stride.Field{Field: "suggestions", Message: fmt.Sprintf("%d high or critical ones are not decided", t.UrgentOpen)})
	}
	if t.OtherOpen > 0 {
		out = append(out, stride.Field{Field: "suggestions", Message: fmt.Sprintf("%d are neither decided nor parked", t.OtherOpen)})
	}
	return out
}

func (s *Models) supersede(ctx context.Context, tx ModelTx, actor stride.Actor, by stride.ThreatModel) error {
	older, err := tx.CompletedModels(ctx, by.ProjectID, by.Scope)
	if err != nil {
		return fmt.Errorf("find completed models: %w", err)
	}
	for _, m := range older {
		if m.Number > by.Number {
			return &stride.Error{Kind: stride.Conflict, Message: "a newer version of this scope is signed off already", Current: m}
		}
		if _, err := s.moveTo(ctx, tx, actor, m, stride.ModelSuperseded); err != nil {
			return err
		}
	}
	return nil
}

func checkMove(m stride.ThreatModel, to stride.ModelState) error {
	if m.State.CanMove(to) {
		return nil
	}
	return &stride.Error{Kind: stride.Conflict, Message: fmt.Sprintf("the model is %s and cannot become %s", m.State, to), Current: m}
}

// moveTo writes the new state with its event and interval.
func (s *Models) moveTo(
	ctx context.Context, tx ModelTx, actor stride.Actor, m stride.ThreatModel, to stride.ModelState, reason ...string,
) (stride.ThreatModel, error) {
	payload := move{From: string(m.State), To: string(to)}
	if len(reason) > 0 {
		payload.Reason = reason[0]
	}
	m.State = to
	if err := tx.UpdateModel(ctx, m); err != nil {
		return m, fmt.Errorf("update model %s: %w", m.ID, err)
	}
	m.Revision++
	if err := s.record(ctx, tx, actor, m.ProjectID, stride.EventModelMoved, stride.SubjectModel, string(m.ID), payload); err != nil {
		return m, err
	}
	return m, s.enter(ctx, tx, m.ProjectID, stride.SubjectModel, string(m.ID), string(to))
}

// change runs fn on the model under its project's lock, once per key. If-Match
// is honoured where it is given; the state guards the rest.
func (s *Models) change(ctx context.Context, call Call, id stride.ModelID, least stride.Role,
	fn func(*Models, ModelTx, stride.ThreatModel) (stride.ThreatModel, error),
) (stride.ThreatModel, error) {
	seen, err := s.Store.Model(ctx, call.Actor.Reach(stride.RoleViewer), id)
	if err != nil {
		return seen, err
	}
	if err := requireRole(call.Actor, seen.ProjectID, least, "model"); err != nil {
		return seen, err
	}
	var out stride.ThreatModel
	err = s.Store.InModelTx(ctx, func(tx ModelTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.ThreatModel, error) {
			p, err := tx.LockProject(ctx, seen.ProjectID)
			if err != nil {
				return seen, err
			}
			if err := archivedConflict(p); err != nil {
				return seen, err
			}
			return s.frozen().changed(ctx, tx, call, id, fn)
		})
		return err
	})
	return out, err
}

// changed runs fn on the model of the id, judged before, for what an error shows,
// and behind it.
func (s *Models) changed(ctx context.Context, tx ModelTx, call Call, id stride.ModelID,
	fn func(*Models, ModelTx, stride.ThreatModel) (stride.ThreatModel, error),
) (stride.ThreatModel, error) {
	m, err := tx.Model(ctx, id)
	if err != nil {
		return m, err
	}
	if err := s.judgeModel(ctx, tx, &m); err != nil {
		return m, err
	}
	if call.Match.Given {
		if err := call.Match.check(m.Revision, nil, m); err != nil {
			return m, err
		}
	}
	if m, err = fn(s, tx, m); err != nil {
		return m, err
	}
	return m, s.judgeModel(ctx, tx, &m)
}

// Coverage is the matrix of a model: what its newest draft says of each cell
// that wants an answer, overlaid with what people decided since.
func (s *Models) Coverage(ctx context.Context, actor stride.Actor, id stride.ModelID) ([]stride.Cell, error) {
	m, err := s.Get(ctx, actor, id)
	if err != nil {
		return nil, err
	}
	outcome, err := s.Store.LatestOutcome(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load outcome: %w", err)
	}
	suggestions, err := s.Store.SuggestionsOf(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load suggestions: %w", err)
	}
	answers, err := s.Store.Answers(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load answers: %w", err)
	}
	threats, err := s.Store.ThreatsOf(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("load threats: %w", err)
	}
	cells := wantedCells(m.Architecture)
	if outcome != nil {
		overlayDrafted(cells, outcome.Coverage)
	}
	overlayDecided(cells, suggestions, answers)
	for _, t := range threats {
		if t.State == stride.ThreatInvalid {
			continue
		}
		for _, target := range t.Content.TargetIDs {
			cells.set(target, t.Content.Category, stride.CellThreat, t.Content.Title)
		}
	}
	return cells.list, nil
}

// matrix is a list of cells that can be addressed.
type matrix struct {
	list  []stride.Cell
	index map[cellKey]int
}

type cellKey struct {
	target   stride.Key
	category stride.Category
}

func wantedCells(a stride.Architecture) *matrix {
	m := &matrix{list: []stride.Cell{}, index: make(map[cellKey]int)}
	add := func(id stride.Key, wanted []stride.Category) {
		for _, c := range wanted {
			m.index[cellKey{id, c}] = len(m.list)
			m.list = append(m.list, stride.Cell{TargetID: id, Category: c, State: stride.CellEmpty})
		}
	}
	for _, e := range a.Elements {
		if !e.OutOfScope {
			add(e.ID, e.WantedCategories())
		}
	}
	for _, f := range a.Flows {
		if !f.OutOfScope {
			add(f.ID, f.WantedCategories())
		}
	}
	return m
}

// set writes a cell; targets and categories that want no answer are left out.
func (m *matrix) set(target stride.Key, c stride.Category, state stride.CellState, reason string) {
	if i, ok := m.index[cellKey{target, c}]; ok {
		m.list[i].State, m.list[i].Reason = state, reason
	}
}

func overlayDrafted(cells *matrix, drafted []stride.Cell) {
	for _, c := range drafted {
		cells.set(c.TargetID, c.Category, c.State, c.Reason)
	}
}

// overlayDecided lets decisions speak: refused ones clear a cell, with the
// reviewer's reason, unless another suggestion still stands on it.
func overlayDecided(cells *matrix, suggestions []stride.Suggestion, answers []stride.StoredAnswer) {
	for _, standing := range []bool{false, true} {
		for _, s := range suggestions {
			state, reason := cellOf(s, answers)
			if (state == stride.CellThreat) != standing {
				continue
			}
			for _, target := range s.Current.TargetIDs {
				cells.set(target, s.Current.Category, state, reason)
			}
		}
	}
}

func cellOf(s stride.Suggestion, answers []stride.StoredAnswer) (stride.CellState, string) {
	switch s.State {
	case stride.SuggestionRejected:
		return stride.CellNotApplicable, "rejected: " + s.Current.Title
	case stride.SuggestionSuperseded:
		if s.DecidedBy != "" {
			return settledCell(s, answers)
		}
	}
	return stride.CellThreat, s.Current.Title
}

// settledCell is the cell of a suggestion that answers settled: not applicable
// where that is what they said of all of its targets.
func settledCell(s stride.Suggestion, answers []stride.StoredAnswer) (stride.CellState, string) {
	state, reason := stride.CellNotApplicable, s.Current.Title
	for _, a := range slices.Backward(answers) {
		if a.Answer.Control == s.Current.Control && a.Answer.Text != "" {
			reason = a.Answer.Text
			break
		}
	}
	states := answeredStates(answers, s.Current.Control)
	for _, id := range s.Current.TargetIDs {
		if states[id] == stride.ControlPresent {
			state = stride.CellMitigated
		}
	}
	return state, "answered: " + reason
}

// frozen is s at one moment; see Kit.frozen.
func (s *Models) frozen() *Models {
	at := *s
	at.Kit = s.Kit.frozen()
	return &at
}
