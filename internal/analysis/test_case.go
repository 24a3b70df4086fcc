package analysis

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// TestCaseStore is what TestCases needs of storage.
type TestCaseStore interface {
	// Threat returns NotFound for what does not exist or is out of reach; with its
	// mitigations.
	Threat(ctx context.Context, reach stride.Reach, id stride.ThreatID) (stride.Threat, error)
	// Model returns NotFound for what does not exist or is out of reach.
	Model(ctx context.Context, reach stride.Reach, id stride.ModelID) (stride.ThreatModel, error)
	// TestCase returns NotFound for what does not exist or is out of reach.
	TestCase(ctx context.Context, reach stride.Reach, id stride.TestCaseID) (stride.TestCase, error)
	// TestCasesOf returns all of a threat, oldest first.
	TestCasesOf(ctx context.Context, id stride.ThreatID) ([]stride.TestCase, error)
	InTestCaseTx(ctx context.Context, fn func(TestCaseTx) error) error
}

// TestCaseTx is the transactional set of TestCases.
type TestCaseTx interface {
	RecordTx
	// ThreatByID returns NotFound where there is none; with its mitigations.
	ThreatByID(ctx context.Context, id stride.ThreatID) (stride.Threat, error)
	TestCasesOf(ctx context.Context, id stride.ThreatID) ([]stride.TestCase, error)
	// TestCaseByID returns NotFound where there is none.
	TestCaseByID(ctx context.Context, id stride.TestCaseID) (stride.TestCase, error)
	// InsertTestCase returns Conflict where the threat has one of the template.
	InsertTestCase(ctx context.Context, c stride.TestCase) error
	// UpdateTestCase writes the text and adds 1 to the revision, guarded by
	// c.Revision; Stale where the guard fails.
	UpdateTestCase(ctx context.Context, c stride.TestCase) error
	// DeleteTestCase is guarded by c.Revision; Stale where the guard fails.
	DeleteTestCase(ctx context.Context, c stride.TestCase) error
}

// TestCases says how somebody can tell that a threat is taken care of.
type TestCases struct {
	Kit
	Store TestCaseStore
}

// maxTestCases bounds what one threat can have.
const maxTestCases = 100

// Get returns NotFound for what does not exist or is not the actor's.
func (s *TestCases) Get(ctx context.Context, actor stride.Actor, id stride.TestCaseID) (stride.TestCase, error) {
	return s.Store.TestCase(ctx, actor.Reach(stride.RoleViewer), id)
}

// List returns all of a threat, oldest first.
func (s *TestCases) List(ctx context.Context, actor stride.Actor, id stride.ThreatID) ([]stride.TestCase, error) {
	if _, err := s.Store.Threat(ctx, actor.Reach(stride.RoleViewer), id); err != nil {
		return nil, err
	}
	return s.Store.TestCasesOf(ctx, id)
}

// TestCaseText is a test case as a person writes it.
type TestCaseText struct{ Given, When, Then string }

func (x TestCaseText) validate() error {
	var bad []stride.Field
	for _, part := range []struct{ field, text string }{{"given", x.Given}, {"when", x.When}, {"then", x.Then}} {
		if strings.TrimSpace(part.text) == "" || utf8.RuneCountInString(part.text) > 2000 {
			bad = append(bad, stride.Field{Field: part.field, Message: "must have 1 to 2000 characters"})
		}
	}
	if bad == nil {
		return nil
	}
	return &stride.Error{Kind: stride.Invalid, Message: "the test case is not valid", Fields: bad}
}

// Draft writes the test cases that the templates have for the threat and that it
// does not have yet, and returns all of them, oldest first. What a person has
// changed stays; what was deleted comes back.
func (s *TestCases) Draft(ctx context.Context, call Call, id stride.ThreatID) ([]stride.TestCase, error) {
	seen, err := s.threat(ctx, call.Actor, id)
	if err != nil {
		return nil, err
	}
	var a stride.Architecture
	if seen.LastModel != "" {
		m, err := s.Store.Model(ctx, call.Actor.Reach(stride.RoleViewer), seen.LastModel)
		if err != nil {
			return nil, fmt.Errorf("load model: %w", err)
		}
		a = m.Architecture
	}
	return changeTestCases(ctx, s, call, seen, func(s *TestCases, tx TestCaseTx) ([]stride.TestCase, error) {
		t, err := tx.ThreatByID(ctx, id)
		if err != nil {
			return nil, err
		}
		have, err := tx.TestCasesOf(ctx, id)
		if err != nil {
			return nil, err
		}
		return s.draft(ctx, tx, call.Actor, t, have, draftTestCases(t, &a))
	})
}

func (s *TestCases) draft(
	ctx context.Context, tx TestCaseTx, actor stride.Actor, t stride.Threat, have []stride.TestCase, drafted []draftedCase,
) ([]stride.TestCase, error) {
	there := make(map[string]bool, len(have))
	for _, c := range have {
		there[c.Template] = true
	}
	added := []stride.TestCaseID{}
	for _, d := range drafted {
		if there[d.template] || len(have) >= maxTestCases {
			continue
		}
		c := s.newTestCase(actor, t, d.TestCaseText)
		c.Origin, c.Template = stride.ByDraft, d.template
		if err := tx.InsertTestCase(ctx, c); err != nil {
			return nil, fmt.Errorf("insert test case: %w", err)
		}
		have, added = append(have, c), append(added, c.ID)
	}
	if len(added) == 0 {
		return have, nil
	}
	return have, s.record(ctx, tx, actor, t.ProjectID, stride.EventTestCasesDrafted, stride.SubjectThreat, string(t.ID),
		map[string]any{"test_case_ids": added})
}

// Add stores a person's own test case.
func (s *TestCases) Add(ctx context.Context, call Call, id stride.ThreatID, x TestCaseText) (stride.TestCase, error) {
	if err := x.validate(); err != nil {
		return stride.TestCase{}, err
	}
	t, err := s.threat(ctx, call.Actor, id)
	if err != nil {
		return stride.TestCase{}, err
	}
	return changeTestCases(ctx, s, call, t, func(s *TestCases, tx TestCaseTx) (stride.TestCase, error) {
		have, err := tx.TestCasesOf(ctx, id)
		if err != nil {
			return stride.TestCase{}, err
		}
		if len(have) >= maxTestCases {
			return stride.TestCase{}, stride.Errorf(stride.Conflict, "a threat can have at most %d test cases", maxTestCases)
		}
		c := s.newTestCase(call.Actor, t, x)
		if err := tx.InsertTestCase(ctx, c); err != nil {
			return c, fmt.Errorf("insert test case: %w", err)
		}
		return c, s.tell(ctx, tx, call.Actor, stride.EventTestCaseCreated, c)
	})
}

// Replace writes the text of a test case anew, a drafted one's too. Wants If-Match.
func (s *TestCases) Replace(ctx context.Context, call Call, id stride.TestCaseID, x TestCaseText) (stride.TestCase, error) {
	if err := x.validate(); err != nil {
		return stride.TestCase{}, err
	}
	return s.change(ctx, call, id, func(s *TestCases, tx TestCaseTx, c stride.TestCase) (stride.TestCase, error) {
		x = x.trimmed()
		if x == (TestCaseText{c.Given, c.When, c.Then}) {
			return c, nil
		}
		c.Given, c.When, c.Then, c.UpdatedAt = x.Given, x.When, x.Then, s.Now()
		if err := tx.UpdateTestCase(ctx, c); err != nil {
			return c, fmt.Errorf("update test case %s: %w", id, err)
		}
		c.Revision++
		return c, s.tell(ctx, tx, call.Actor, stride.EventTestCaseUpdated, c)
	})
}

// Delete removes a test case and returns it as it was. Wants If-Match.
func (s *TestCases) Delete(ctx context.Context, call Call, id stride.TestCaseID) (stride.TestCase, error) {
	return s.change(ctx, call, id, func(s *TestCases, tx TestCaseTx, c stride.TestCase) (stride.TestCase, error) {
		if err := tx.DeleteTestCase(ctx, c); err != nil {
			return c, fmt.Errorf("delete test case %s: %w", id, err)
		}
		return c, s.tell(ctx, tx, call.Actor, stride.EventTestCaseDeleted, c)
	})
}

func (x TestCaseText) trimmed() TestCaseText {
	return TestCaseText{strings.TrimSpace(x.Given), strings.TrimSpace(x.When), strings.TrimSpace(x.Then)}
}

func (k Kit) newTestCase(actor stride.Actor, t stride.Threat, x TestCaseText) stride.TestCase {
	now, x := k.Now(), x.trimmed()
	return stride.TestCase{
		ID: stride.TestCaseID(k.NewID()), ProjectID: t.ProjectID, ThreatID: t.ID, Given: x.Given, When: x.When, Then: x.Then,
		Origin: stride.ByHuman, CreatedAt: now, CreatedBy: actor.User, UpdatedAt: now, Revision: 1,
	}
}

// tell records what happened to a test case in its threat's history.
func (s *TestCases) tell(ctx context.Context, tx TestCaseTx, actor stride.Actor, kind stride.EventKind, c stride.TestCase) error {
	return s.record(ctx, tx, actor, c.ProjectID, kind, stride.SubjectThreat, string(c.ThreatID),
		map[string]any{"test_case_id": c.ID, "given": c.Given, "when": c.When, "then": c.Then})
}

// threat is the threat whose test cases the actor may change.
func (s *TestCases) threat(ctx context.Context, actor stride.Actor, id stride.ThreatID) (stride.Threat, error) {
	t, err := s.Store.Threat(ctx, actor.Reach(stride.RoleViewer), id)
	if err != nil {
		return t, err
	}
	return t, requireRole(actor, t.ProjectID, stride.RoleAuthor, "threat")
}

// change runs fn on a test case that If-Match names, under its project's lock.
func (s *TestCases) change(ctx context.Context, call Call, id stride.TestCaseID,
	fn func(*TestCases, TestCaseTx, stride.TestCase) (stride.TestCase, error),
) (stride.TestCase, error) {
	seen, err := s.Get(ctx, call.Actor, id)
	if err != nil {
		return seen, err
	}
	if err := requireRole(call.Actor, seen.ProjectID, stride.RoleAuthor, "test case"); err != nil {
		return seen, err
	}
	t := stride.Threat{ID: seen.ThreatID, ProjectID: seen.ProjectID}
	return changeTestCases(ctx, s, call, t, func(s *TestCases, tx TestCaseTx) (stride.TestCase, error) {
		c, err := tx.TestCaseByID(ctx, id)
		if err != nil {
			return c, err
		}
		if err := call.Match.check(c.Revision, nil, c); err != nil {
			return c, err
		}
		return fn(s, tx, c)
	})
}

// changeTestCases runs fn under the lock of the threat's project, once per key.
func changeTestCases[T any](
	ctx context.Context, s *TestCases, call Call, t stride.Threat, fn func(*TestCases, TestCaseTx) (T, error),
) (T, error) {
	var out T
	err := s.Store.InTestCaseTx(ctx, func(tx TestCaseTx) error {
		var err error
		out, err = effect(ctx, tx, call, s.Now(), func() (T, error) {
			if _, err := tx.LockProject(ctx, t.ProjectID); err != nil {
				var zero T
				return zero, err
			}
			at := *s
			at.Kit = s.frozen()
			return fn(&at, tx)
		})
		return err
	})
	return out, err
}
