package storetest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func projectTests() map[string]func(*testing.T, *fixture) {
	return map[string]func(*testing.T, *fixture){
		"comes back whole":                testProjectRoundTrip,
		"null and empty differ":           testProjectEmpty,
		"name is unique without case":     testProjectName,
		"name is unique in a race":        testProjectNameRace,
		"sandbox":                         testSandbox,
		"out of reach is not found":       testProjectReach,
		"update is guarded":               testProjectUpdate,
		"update to a taken name":          testProjectRename,
		"one of two updates wins":         testProjectUpdateRace,
		"filters":                         testProjectFilters,
		"pages hold each row once":        testProjectPages,
		"cursor of another order":         testProjectCursor,
		"NUL and broken UTF-8 refused":    testProjectText,
		"lock of a missing project":       testLockMissing,
		"quotes and jokers are just text": testProjectSyntax,
	}
}

func testProjectRoundTrip(t *testing.T, f *fixture) {
	want := f.newProject("Zürich 支付 🛒")
	want.ArchivedAt = keptPtr(f.now())
	want.Revision = 1 << 40
	f.inProjectTx(t, func(tx analysis.ProjectTx) error { return tx.InsertProject(f.ctx, want) })
	got, err := f.Project(f.ctx, everything(), want.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
	f.inProjectTx(t, func(tx analysis.ProjectTx) error {
		locked, err := tx.LockProject(f.ctx, want.ID)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, locked))
		found, ok, err := tx.ProjectByName(f.ctx, "  zÜRICH  支付 🛒 ")
		require.NoError(t, err)
		require.True(t, ok)
		require.Empty(t, cmp.Diff(want, found))
		_, ok, err = tx.ProjectByName(f.ctx, "other")
		require.NoError(t, err)
		require.False(t, ok)
		return nil
	})
}

func testProjectEmpty(t *testing.T, f *fixture) {
	want := f.newProject("shop")
	want.Owner, want.Tags, want.SandboxOf = "", []string{}, ""
	f.inProjectTx(t, func(tx analysis.ProjectTx) error { return tx.InsertProject(f.ctx, want) })
	got, err := f.Project(f.ctx, everything(), want.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got))
	require.NotNil(t, got.Tags)
	require.Nil(t, got.ArchivedAt)
	bare := f.newProject("bare")
	bare.Tags = nil
	f.inProjectTx(t, func(tx analysis.ProjectTx) error { return tx.InsertProject(f.ctx, bare) })
	_, err = f.Projects(f.ctx, everything(), analysis.ProjectFilter{Tag: "pci"}, analysis.Page{Limit: 10})
	require.NoError(t, err)
	// Several projects that are nobody's sandbox stand beside one another.
	f.project(t, "shop 2")
}

func testProjectName(t *testing.T, f *fixture) {
	f.project(t, "Web Shop É")
	f.inProjectTx(t, func(tx analysis.ProjectTx) error {
		requireKind(t, stride.Conflict, tx.InsertProject(f.ctx, f.newProject(" web   SHOP é ")))
		// The transaction goes on after the conflict.
		return tx.InsertProject(f.ctx, f.newProject("web shop e"))
	})
	got, err := f.Projects(f.ctx, everything(), analysis.ProjectFilter{}, analysis.Page{Limit: 10})
	require.NoError(t, err)
	require.Len(t, got.Items, 2)
}

func testProjectNameRace(t *testing.T, f *fixture) {
	projects := make([]stride.Project, 6)
	for i := range projects {
		projects[i] = f.newProject("shop")
	}
	results := race(len(projects), func(i int) error {
		return f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error { return tx.InsertProject(f.ctx, projects[i]) })
	})
	require.Equal(t, 1, winners(t, results, stride.Conflict))
}

func testSandbox(t *testing.T, f *fixture) {
	ann, bob := f.user(t, "ann"), f.user(t, "Ann")
	sandbox := func(u stride.User) stride.Project {
		p := f.newProject("sandbox of " + u.Name)
		p.SandboxOf = u.ID
		return p
	}
	own := sandbox(ann)
	sameName := f.newProject(own.Name)
	f.inProjectTx(t, func(tx analysis.ProjectTx) error {
		require.NoError(t, tx.InsertProject(f.ctx, own))
		require.NoError(t, tx.InsertProject(f.ctx, sandbox(bob)), "a sandbox's name takes none from others")
		require.NoError(t, tx.InsertProject(f.ctx, sameName))
		second := sandbox(ann)
		second.Name = "another"
		requireKind(t, stride.Conflict, tx.InsertProject(f.ctx, second))
		found, ok, err := tx.ProjectByName(f.ctx, own.Name)
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, sameName.ID, found.ID, "a sandbox is not found by name")
		return nil
	})
	got, err := f.Project(f.ctx, everything(), own.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(own, got))
}

func testProjectReach(t *testing.T, f *fixture) {
	mine, other := f.project(t, "mine"), f.project(t, "other")
	_, err := f.Project(f.ctx, only(mine.ID), mine.ID)
	require.NoError(t, err)
	for name, reach := range map[string]stride.Reach{"another's": only(other.ID), "nobody's": only()} {
		_, err := f.Project(f.ctx, reach, mine.ID)
		requireKind(t, stride.NotFound, err)
		list, err := f.Projects(f.ctx, reach, analysis.ProjectFilter{}, analysis.Page{Limit: 10})
		require.NoError(t, err)
		for _, p := range list.Items {
			require.NotEqual(t, mine.ID, p.ID, name)
		}
	}
	_, err = f.Project(f.ctx, everything(), newID[stride.ProjectID]())
	requireKind(t, stride.NotFound, err)
	_, err = f.Project(f.ctx, everything(), stride.ProjectID(strings.ToUpper(string(mine.ID))))
	requireKind(t, stride.NotFound, err)
}

func testProjectUpdate(t *testing.T, f *fixture) {
	stored := f.project(t, "shop")
	p := stored
	p.Name, p.Owner, p.Tags = "Shop II", "", []string{"x"}
	p.InScope, p.Criticality = stride.InScopeFalse, stride.CriticalityLow
	p.UpdatedAt, p.ArchivedAt = kept(f.now()), keptPtr(f.now())
	p.CreatedAt = f.now()
	f.inProjectTx(t, func(tx analysis.ProjectTx) error {
		require.NoError(t, tx.UpdateProject(f.ctx, p))
		requireKind(t, stride.Stale, tx.UpdateProject(f.ctx, p))
		missing := p
		missing.ID, missing.Revision = newID[stride.ProjectID](), 2
		requireKind(t, stride.Stale, tx.UpdateProject(f.ctx, missing))
		return nil
	})
	p.Revision++
	p.CreatedAt = stored.CreatedAt
	got, err := f.Project(f.ctx, everything(), p.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(p, got))
	f.project(t, "shop") // the old name is free
}

func testProjectRename(t *testing.T, f *fixture) {
	f.project(t, "taken")
	p := f.project(t, "shop")
	p.Name = "TAKEN"
	err := f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error { return tx.UpdateProject(f.ctx, p) })
	requireKind(t, stride.Conflict, err)
	got, err := f.Project(f.ctx, everything(), p.ID)
	require.NoError(t, err)
	require.Equal(t, "shop", got.Name)
}

func testProjectUpdateRace(t *testing.T, f *fixture) {
	p := f.project(t, "shop")
	results := race(6, func(i int) error {
		mine := p
		mine.Owner = named("owner", i)
		return f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error { return tx.UpdateProject(f.ctx, mine) })
	})
	require.Equal(t, 1, winners(t, results, stride.Stale))
}

func testProjectFilters(t *testing.T, f *fixture) {
	user := f.user(t, "ann")
	add := func(name string, change func(*stride.Project)) {
		p := f.newProject(name)
		p.Tags = []string{}
		change(&p)
		f.inProjectTx(t, func(tx analysis.ProjectTx) error { return tx.InsertProject(f.ctx, p) })
	}
	add("Shop", func(p *stride.Project) { p.Tags = []string{"pci", `a"b`, "Käse"} })
	add("Äpfel 100%", func(p *stride.Project) { p.InScope = stride.InScopeFalse; p.Tags = []string{"pci2"} })
	add("old_shop", func(p *stride.Project) { p.InScope = stride.InScopeUnknown; p.ArchivedAt = keptPtr(f.now()) })
	add("sandbox of ann", func(p *stride.Project) { p.SandboxOf = user.ID })
	yes, no := true, false
	cases := []struct {
		name   string
		filter analysis.ProjectFilter
		want   []string
	}{
		{"none", analysis.ProjectFilter{}, []string{"Shop", "Äpfel 100%", "old_shop"}},
		{"sandboxes", analysis.ProjectFilter{Sandboxes: true}, []string{"Shop", "Äpfel 100%", "old_shop", "sandbox of ann"}},
		{"scope", analysis.ProjectFilter{InScope: stride.InScopeFalse}, []string{"Äpfel 100%"}},
		{"archived", analysis.ProjectFilter{Archived: &yes}, []string{"old_shop"}},
		{"not archived", analysis.ProjectFilter{Archived: &no}, []string{"Shop", "Äpfel 100%"}},
		{"tag", analysis.ProjectFilter{Tag: "pci"}, []string{"Shop"}},
		{"tag with a quote", analysis.ProjectFilter{Tag: `a"b`}, []string{"Shop"}},
		{"tag beyond ASCII", analysis.ProjectFilter{Tag: "Käse"}, []string{"Shop"}},
		{"tag in other case", analysis.ProjectFilter{Tag: "PCI"}, nil},
		{"name in other case", analysis.ProjectFilter{Name: "SHOP"}, []string{"Shop", "old_shop"}},
		{"name beyond ASCII", analysis.ProjectFilter{Name: "äPF"}, []string{"Äpfel 100%"}},
		{"percent is text", analysis.ProjectFilter{Name: "0%"}, []string{"Äpfel 100%"}},
		{"underscore is text", analysis.ProjectFilter{Name: "d_s"}, []string{"old_shop"}},
		{"underscore is no joker", analysis.ProjectFilter{Name: "s_op"}, nil},
		{"sandbox by name", analysis.ProjectFilter{Name: "ANN", Sandboxes: true}, []string{"sandbox of ann"}},
		{"all at once", analysis.ProjectFilter{Name: "shop", Tag: "pci", InScope: stride.InScopeTrue, Archived: &no}, []string{"Shop"}},
	}
	for _, c := range cases {
		got, err := f.Projects(f.ctx, everything(), c.filter, analysis.Page{Limit: 10})
		require.NoError(t, err, c.name)
		var names []string
		for _, p := range got.Items {
			names = append(names, p.Name)
		}
		require.Equal(t, c.want, names, c.name)
	}
}

func testProjectPages(t *testing.T, f *fixture) {
	const present = 25
	want := make(map[stride.ProjectID]int)
	for i := range present {
		want[f.project(t, named("before", i)).ID] = 0
	}
	added := 0
	got := pages(t, 4, func() { f.project(t, named("between", added)); added++ },
		func(p analysis.Page) (analysis.Listing[stride.Project], error) {
			return f.Projects(f.ctx, everything(), analysis.ProjectFilter{}, p)
		})
	last := stride.ProjectID("")
	for _, p := range got {
		require.Greater(t, p.ID, last, "the list is in order and repeats nothing")
		last = p.ID
		if _, ok := want[p.ID]; ok {
			want[p.ID]++
		}
	}
	for id, seen := range want {
		require.Equal(t, 1, seen, "%s", id)
	}
	exact := pages(t, present+added, nil, func(p analysis.Page) (analysis.Listing[stride.Project], error) {
		return f.Projects(f.ctx, everything(), analysis.ProjectFilter{}, p)
	})
	require.Len(t, exact, present+added)
}

func testProjectCursor(t *testing.T, f *fixture) {
	f.project(t, "shop")
	_, err := f.Projects(f.ctx, everything(), analysis.ProjectFilter{},
		analysis.Page{Limit: 1, After: &analysis.Cursor{Sort: "no such order"}})
	requireKind(t, stride.Invalid, err)
}

func testProjectText(t *testing.T, f *fixture) {
	changes := map[string]func(*stride.Project){
		"NUL in the name":   func(p *stride.Project) { p.Name = "a\x00b" },
		"NUL in the owner":  func(p *stride.Project) { p.Owner = "\x00" },
		"NUL in a tag":      func(p *stride.Project) { p.Tags = []string{"fine", "a\x00"} },
		"broken UTF-8":      func(p *stride.Project) { p.Owner = "\xff" },
		"NUL in the user":   func(p *stride.Project) { p.SandboxOf = "\x00" },
		"NUL in the number": func(p *stride.Project) { p.ID = "\x00" },
	}
	for name, change := range changes {
		p := f.newProject(named("text", len(name)))
		change(&p)
		err := f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error { return tx.InsertProject(f.ctx, p) })
		require.Equal(t, stride.Invalid, stride.KindOf(err), "%s: %v", name, err)
	}
	_, err := f.Project(f.ctx, everything(), "\x00")
	requireKind(t, stride.Invalid, err)
	p := f.newProject("backslash")
	p.Tags = []string{`\u0000`}
	f.inProjectTx(t, func(tx analysis.ProjectTx) error { return tx.InsertProject(f.ctx, p) })
	got, err := f.Project(f.ctx, everything(), p.ID)
	require.NoError(t, err)
	require.Equal(t, p.Tags, got.Tags)
}

func testLockMissing(t *testing.T, f *fixture) {
	err := f.InProjectTx(f.ctx, func(tx analysis.ProjectTx) error {
		_, err := tx.LockProject(f.ctx, newID[stride.ProjectID]())
		return err
	})
	requireKind(t, stride.NotFound, err)
}

func testProjectSyntax(t *testing.T, f *fixture) {
	for _, name := range []string{`'; drop table projects; --`, `"?" :name $1 ?`, `100% \_`} {
		p := f.newProject(name)
		p.Owner = name
		f.inProjectTx(t, func(tx analysis.ProjectTx) error { return tx.InsertProject(f.ctx, p) })
		got, err := f.Projects(f.ctx, everything(), analysis.ProjectFilter{Name: name}, analysis.Page{Limit: 2})
		require.NoError(t, err)
		require.Empty(t, cmp.Diff([]stride.Project{p}, got.Items))
	}
}
