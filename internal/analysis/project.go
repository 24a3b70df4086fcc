package analysis

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// ProjectStore is what Projects needs of storage.
type ProjectStore interface {
	SignedOffStore
	// Project returns NotFound for what does not exist or is out of reach.
	Project(ctx context.Context, reach stride.Reach, id stride.ProjectID) (stride.Project, error)
	// Projects lists by id, oldest first.
	Projects(ctx context.Context, reach stride.Reach, f ProjectFilter, p Page) (Listing[stride.Project], error)
	InProjectTx(ctx context.Context, fn func(ProjectTx) error) error
}

// ProjectTx is the transactional set of Projects.
type ProjectTx interface {
	RecordTx
	NewProjectTx
	SignedOffStore
	// UpdateProject writes all but id, sandbox_of and created_at, and adds 1 to
	// the revision; Stale where the stored revision is not p.Revision.
	UpdateProject(ctx context.Context, p stride.Project) error
}

// NewProjectTx finds and makes projects by name.
type NewProjectTx interface {
	// ProjectByName finds by stride.ProjectKey; ok is false where there is none.
	ProjectByName(ctx context.Context, name string) (p stride.Project, ok bool, err error)
	// InsertProject returns Conflict where the name is taken.
	InsertProject(ctx context.Context, p stride.Project) error
	EnsureGrant(ctx context.Context, user stride.UserID, g stride.Grant) error
}

// ProjectFilter narrows a list of projects; zero values do not filter.
type ProjectFilter struct {
	InScope  stride.InScope
	Archived *bool
	Tag      string
	// Name matches a part of the name, without regard to case.
	Name      string
	Sandboxes bool // include sandboxes
	// Stale is about projects with a signed-off version that no longer holds at Now,
	// which List sets.
	Stale *bool
	Now   time.Time
}

// Projects manages the systems that threat models are about.
type Projects struct {
	Kit
	Store ProjectStore
}

// ProjectFields are what a caller may set of a project; nil leaves as it is.
type ProjectFields struct {
	Name        *string
	Owner       *string
	InScope     *stride.InScope
	Criticality *stride.Criticality
	Tags        *[]string
}

// Validate returns Invalid, naming every field that is out of bounds.
func (f ProjectFields) Validate() error {
	var bad []stride.Field
	add := func(field, msg string) { bad = append(bad, stride.Field{Field: field, Message: msg}) }
	if f.Name != nil && (strings.TrimSpace(*f.Name) == "" || utf8.RuneCountInString(*f.Name) > 200) {
		add("name", "must have 1 to 200 characters")
	}
	if f.Owner != nil && utf8.RuneCountInString(*f.Owner) > 200 {
		add("owner", "must have at most 200 characters")
	}
	if f.Name != nil && !stride.PlainText(*f.Name) {
		add("name", "must not contain control or direction characters")
	}
	if f.Owner != nil && !stride.PlainText(*f.Owner) {
		add("owner", "must not contain control or direction characters")
	}
	if f.InScope != nil && !f.InScope.Valid() {
		add("in_scope", "must be one of unknown, true, false")
	}
	if f.Criticality != nil && !f.Criticality.Valid() {
		add("criticality", "must be one of unknown, low, medium, high, critical")
	}
	if f.Tags != nil {
		if len(*f.Tags) > 50 {
			add("tags", "must be at most 50")
		}
		for i, t := range *f.Tags {
			if strings.TrimSpace(t) == "" || utf8.RuneCountInString(t) > 100 || !stride.PlainText(t) {
				add(fmt.Sprintf("tags[%d]", i), "must have 1 to 100 characters, none of control or direction")
			}
		}
	}
	if bad == nil {
		return nil
	}
	return &stride.Error{Kind: stride.Invalid, Message: "the project is not valid", Fields: bad}
}

// apply sets the given fields and returns what changed.
func (f ProjectFields) apply(p *stride.Project) []stride.Change {
	var changes []stride.Change
	set := func(field string, from, to any) {
		changes = append(changes, stride.Change{Field: field, From: from, To: to})
	}
	if f.Name != nil && strings.TrimSpace(*f.Name) != p.Name {
		set("name", p.Name, strings.TrimSpace(*f.Name))
		p.Name = strings.TrimSpace(*f.Name)
	}
	if f.Owner != nil && *f.Owner != p.Owner {
		set("owner", p.Owner, *f.Owner)
		p.Owner = *f.Owner
	}
	if f.InScope != nil && *f.InScope != p.InScope {
		set("in_scope", p.InScope, *f.InScope)
		p.InScope = *f.InScope
	}
	if f.Criticality != nil && *f.Criticality != p.Criticality {
		set("criticality", p.Criticality, *f.Criticality)
		p.Criticality = *f.Criticality
	}
	if f.Tags != nil {
		if tags := tidyTags(*f.Tags); !slices.Equal(tags, p.Tags) {
			set("tags", p.Tags, tags)
			p.Tags = tags
		}
	}
	return changes
}

func tidyTags(tags []string) []string {
	out := make([]string, 0, len(tags))
	for _, t := range tags {
		out = append(out, strings.TrimSpace(t))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Create makes a project. The caller needs the role author anywhere, and gets
// it here; only an admin may triage (set in_scope). Conflict where the name is
// taken.
func (s *Projects) Create(ctx context.Context, call Call, f ProjectFields) (stride.Project, error) {
	if f.Name == nil {
		return stride.Project{}, stride.InvalidField("name", "is required")
	}
	if err := f.Validate(); err != nil {
		return stride.Project{}, err
	}
	if err := mayTriage(call.Actor.Global(), f); err != nil {
		return stride.Project{}, err
	}
	if err := mayCreate(call.Actor); err != nil {
		return stride.Project{}, err
	}
	var out stride.Project
	err := s.Store.InProjectTx(ctx, func(tx ProjectTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.Project, error) {
			return s.create(ctx, tx, call.Actor, f)
		})
		return err
	})
	return out, err
}

// mayCreate wants the role author somewhere, and a token that is not limited to
// a project.
func mayCreate(a stride.Actor) error {
	if a.Limit != "" {
		return stride.Errorf(stride.Forbidden, "this token is limited to a project; name it by project_id")
	}
	if !a.RoleAnywhere().AtLeast(stride.RoleAuthor) {
		return stride.Errorf(stride.Forbidden, "creating a project wants the role author")
	}
	return nil
}

func mayTriage(role stride.Role, f ProjectFields) error {
	if f.InScope != nil && *f.InScope != stride.InScopeUnknown && !role.AtLeast(stride.RoleAdmin) {
		return &stride.Error{
			Kind: stride.Forbidden, Message: "only an admin triages a project",
			Fields: []stride.Field{{Field: "in_scope", Message: "wants the role admin"}},
		}
	}
	return nil
}

func (s *Projects) create(ctx context.Context, tx ProjectTx, actor stride.Actor, f ProjectFields) (stride.Project, error) {
	s = s.frozen()
	p := s.Kit.newProject("")
	f.apply(&p)
	return p, s.Kit.insertProject(ctx, tx, tx, actor, p)
}

// newProject is an untriaged project without a name.
func (k Kit) newProject(name string) stride.Project {
	now := k.Now()
	return stride.Project{
		ID: stride.ProjectID(k.NewID()), Name: name, InScope: stride.InScopeUnknown, Criticality: stride.CriticalityUnknown,
		Tags: []string{}, Revision: 1, CreatedAt: now, UpdatedAt: now,
	}
}

// insertProject stores p with its first event and intervals, and makes the
// actor an author of it.
func (k Kit) insertProject(ctx context.Context, tx RecordTx, np NewProjectTx, actor stride.Actor, p stride.Project) error {
	if err := np.InsertProject(ctx, p); err != nil {
		if isKind(err, stride.Conflict) {
			return errNameTaken()
		}
		return fmt.Errorf("insert project: %w", err)
	}
	role := stride.RoleAuthor
	if p.SandboxOf != "" {
		role = stride.RoleReviewer
	}
	if !actor.Global().AtLeast(role) {
		if err := np.EnsureGrant(ctx, actor.User, stride.Grant{Project: p.ID, Role: role}); err != nil {
			return fmt.Errorf("grant project: %w", err)
		}
	}
	payload := map[string]any{"name": p.Name, "in_scope": p.InScope, "sandbox": p.SandboxOf != ""}
	if err := k.record(ctx, tx, actor, p.ID, stride.EventProjectCreated, stride.SubjectProject, string(p.ID), payload); err != nil {
		return err
	}
	if err := k.enter(ctx, tx, p.ID, stride.SubjectProject, string(p.ID), stride.ProjectActive); err != nil {
		return err
	}
	return k.enter(ctx, tx, p.ID, stride.SubjectScope, string(p.ID), string(p.InScope))
}

func errNameTaken() error {
	return &stride.Error{
		Kind: stride.Conflict, Message: "a project of this name exists",
		Fields: []stride.Field{{Field: "name", Message: "is taken"}},
	}
}

// Get returns NotFound for what does not exist or is not the actor's.
func (s *Projects) Get(ctx context.Context, actor stride.Actor, id stride.ProjectID) (stride.Project, error) {
	p, err := s.Store.Project(ctx, actor.Reach(stride.RoleViewer), id)
	if err != nil {
		return p, err
	}
	return p, s.judgeProject(ctx, s.Store, &p)
}

// List returns the actor's projects, oldest first.
func (s *Projects) List(ctx context.Context, actor stride.Actor, f ProjectFilter, p Page) (Listing[stride.Project], error) {
	f.Now = s.Now()
	found, err := s.Store.Projects(ctx, actor.Reach(stride.RoleViewer), f, p)
	if err != nil {
		return found, err
	}
	return found, s.judgeProjects(ctx, s.Store, found.Items)
}

// Update changes fields of a project. Authors may rename and describe, admins
// may triage. Stale or PreconditionRequired by If-Match; Conflict where it is
// archived or the name is taken.
func (s *Projects) Update(ctx context.Context, call Call, id stride.ProjectID, f ProjectFields) (stride.Project, error) {
	if err := requireRole(call.Actor, id, stride.RoleAuthor, "project"); err != nil {
		return stride.Project{}, err
	}
	if err := f.Validate(); err != nil {
		return stride.Project{}, err
	}
	if err := mayTriage(call.Actor.RoleIn(id), f); err != nil {
		return stride.Project{}, err
	}
	return s.change(ctx, call, id, func(s *Projects, tx ProjectTx, p stride.Project) (stride.Project, error) {
		if err := call.Match.check(p.Revision, archivedConflict(p), p); err != nil {
			return p, err
		}
		if p.SandboxOf != "" && f.InScope != nil && *f.InScope == stride.InScopeTrue {
			return p, stride.InvalidField("in_scope", "cannot be true for a sandbox, which is never counted")
		}
		was := p.InScope
		changes := f.apply(&p)
		if len(changes) == 0 {
			return p, nil
		}
		if err := s.save(ctx, tx, &p); err != nil {
			return p, err
		}
		err := s.record(ctx, tx, call.Actor, id, stride.EventProjectUpdated, stride.SubjectProject, string(id),
			map[string]any{"changes": changes})
		if err != nil || p.InScope == was {
			return p, err
		}
		return p, s.scoped(ctx, tx, call.Actor, p, was)
	})
}

func (s *Projects) scoped(ctx context.Context, tx ProjectTx, actor stride.Actor, p stride.Project, was stride.InScope) error {
	err := s.record(ctx, tx, actor, p.ID, stride.EventProjectScoped, stride.SubjectProject, string(p.ID),
		move{From: string(was), To: string(p.InScope)})
	if err != nil {
		return err
	}
	return s.enter(ctx, tx, p.ID, stride.SubjectScope, string(p.ID), string(p.InScope))
}

// Archive ends a project: it takes no more designs and leaves the metrics from
// now on. Archiving twice changes nothing; Conflict for a sandbox.
func (s *Projects) Archive(ctx context.Context, call Call, id stride.ProjectID) (stride.Project, error) {
	if err := requireRole(call.Actor, id, stride.RoleAdmin, "project"); err != nil {
		return stride.Project{}, err
	}
	return s.change(ctx, call, id, func(s *Projects, tx ProjectTx, p stride.Project) (stride.Project, error) {
		if p.ArchivedAt != nil {
			return p, nil
		}
		if p.SandboxOf != "" {
			return p, &stride.Error{Kind: stride.Conflict, Message: "a sandbox is its user's for good", Current: p}
		}
		now := s.Now()
		p.ArchivedAt = &now
		if err := s.save(ctx, tx, &p); err != nil {
			return p, err
		}
		err := s.record(ctx, tx, call.Actor, id, stride.EventProjectArchived, stride.SubjectProject, string(id), struct{}{})
		if err != nil {
			return p, err
		}
		return p, s.enter(ctx, tx, id, stride.SubjectProject, string(id), stride.ProjectArchived)
	})
}

// change runs fn on the locked project, once per key.
func (s *Projects) change(ctx context.Context, call Call, id stride.ProjectID,
	fn func(*Projects, ProjectTx, stride.Project) (stride.Project, error),
) (stride.Project, error) {
	var out stride.Project
	err := s.Store.InProjectTx(ctx, func(tx ProjectTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (stride.Project, error) {
			p, err := tx.LockProject(ctx, id)
			if err != nil {
				return p, err
			}
			s := s.frozen()
			if err := s.judgeProject(ctx, tx, &p); err != nil {
				return p, err
			}
			return fn(s, tx, p)
		})
		return err
	})
	return out, err
}

func (s *Projects) save(ctx context.Context, tx ProjectTx, p *stride.Project) error {
	p.UpdatedAt = s.Now()
	err := tx.UpdateProject(ctx, *p)
	if isKind(err, stride.Conflict) {
		return errNameTaken()
	}
	if err != nil {
		return fmt.Errorf("update project %s: %w", p.ID, err)
	}
	p.Revision++
	return nil
}

func archivedConflict(p stride.Project) error {
	if p.ArchivedAt == nil {
		return nil
	}
	return &stride.Error{Kind: stride.Conflict, Message: "the project is archived", Current: p}
}

// frozen is s at one moment; see Kit.frozen.
func (s *Projects) frozen() *Projects {
	at := *s
	at.Kit = s.Kit.frozen()
	return &at
}
