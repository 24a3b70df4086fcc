package stride

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

func sample() Architecture {
	return Architecture{
		Elements: []Element{
			{ID: "user", Name: "User", Kind: ExternalEntity, Zone: "internet"},
			{ID: "api", Name: "API", Kind: Process, Zone: "cluster"},
			{ID: "db", Name: "Orders", Kind: DataStore, Zone: "vpc", Tags: []Tag{"postgresql"}},
		},
		Flows: []Flow{
			{ID: "f1", Name: "order", SourceID: "user", TargetID: "api"},
			{ID: "f2", Name: "insert", SourceID: "api", TargetID: "db"},
		},
		TrustBoundaries: []TrustBoundary{
			{ID: "internet", Name: "Internet", Kind: ZoneInternet},
			{ID: "vpc", Name: "VPC", Kind: ZoneNetwork},
			{ID: "cluster", Name: "Cluster", Kind: ZoneCluster, ParentID: "vpc"},
		},
	}
}

func TestConnectFindsCrossings(t *testing.T) {
	t.Parallel()
	a := sample()
	a.Connect()
	require.Empty(t, cmp.Diff([]Key{"internet", "cluster", "vpc"}, a.Flows[0].Crosses))
	require.Empty(t, cmp.Diff([]Key{"cluster"}, a.Flows[1].Crosses))
	require.NotNil(t, a.Assets)
	require.NotNil(t, a.Elements[0].Controls)
}

func TestNormalizeFillsAndMarks(t *testing.T) {
	t.Parallel()
	a := Architecture{
		Elements: []Element{{Name: "Web app", Kind: Process}, {Name: "Web app", Kind: Process}},
		Flows:    []Flow{{Name: "call", SourceID: "web-app-process", TargetID: "web-app-process-2"}},
	}
	require.NoError(t, a.Normalize(nil))
	require.Equal(t, Key("web-app-process"), a.Elements[0].ID)
	require.Equal(t, Key("web-app-process-2"), a.Elements[1].ID)
	require.Equal(t, HumanEvidence, a.Elements[0].Evidence[0].Kind)
	require.NotEmpty(t, a.Flows[0].ID)
}

func TestNormalizeRefusesContradictions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		spoil func(*Architecture)
		field string
	}{
		"nothing":          {func(a *Architecture) { *a = Architecture{} }, "elements"},
		"no name":          {func(a *Architecture) { a.Elements[1].Name = " " }, "elements[1].name"},
		"unknown kind":     {func(a *Architecture) { a.Elements[1].Kind = "robot" }, "elements[1].kind"},
		"same id twice":    {func(a *Architecture) { a.Elements[1].ID = "user" }, "elements[1].id"},
		"flow takes an id": {func(a *Architecture) { a.Flows[0].ID = "db" }, "flows[0].id"},
		"end is missing":   {func(a *Architecture) { a.Flows[0].TargetID = "nobody" }, "flows[0].target_id"},
		"end is a flow":    {func(a *Architecture) { a.Flows[1].TargetID = "f1" }, "flows[1].target_id"},
		"zone is missing":  {func(a *Architecture) { a.Elements[0].Zone = "moon" }, "elements[0].zone"},
		"zones in circle":  {func(a *Architecture) { a.TrustBoundaries[1].ParentID = "cluster" }, "trust_boundaries[1].parent_id"},
		"unknown tag":      {func(a *Architecture) { a.Elements[0].Tags = []Tag{"abacus"} }, "elements[0].tags[0]"},
		"unknown control":  {func(a *Architecture) { a.Elements[0].Controls = Controls{"hope": {State: ControlPresent}} }, "elements[0].controls"},
		"unknown state":    {func(a *Architecture) { a.Elements[0].Controls = Controls{Backup: {State: "maybe"}} }, "elements[0].controls.backup.state"},
		"invented quote": {func(a *Architecture) {
			a.Elements[0].Evidence = []Evidence{{Kind: Quoted, SourceID: "s", Start: 0, End: 4, Quote: "user"}}
		}, "elements[0].evidence[0]"},
		"locator for bytes": {func(a *Architecture) {
			a.Elements[0].Evidence = []Evidence{{Kind: Quoted, SourceID: "s", Locator: "page 3", Quote: "Users are admins."}}
		}, "elements[0].evidence[0]"},
		"direction in a name": {func(a *Architecture) { a.Elements[0].Name = "a\u202eb" }, "elements[0].name"},
		"unknown crossing":    {func(a *Architecture) { a.Flows[0].Crosses = []Key{"moon"} }, "flows[0].crosses[0]"},
		"too many aliases":    {func(a *Architecture) { a.Elements[0].Aliases = make([]string, 51) }, "elements[0].aliases"},
		"endless assumption": {func(a *Architecture) {
			a.Assumptions = []Assumption{{Text: strings.Repeat("x", 4001)}}
		}, "assumptions[0].text"},
		"too deep": {func(a *Architecture) {
			for i := range 40 {
				b := TrustBoundary{ID: Key(fmt.Sprint("z", i)), Name: "z", Kind: ZoneOther}
				if i > 0 {
					b.ParentID = Key(fmt.Sprint("z", i-1))
				}
				a.TrustBoundaries = append(a.TrustBoundaries, b)
			}
		}, "trust_boundaries[42].parent_id"},
		"unknown data": {func(a *Architecture) { a.Flows[0].Data = []DataClass{"gossip"} }, "flows[0].data[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := sample()
			tc.spoil(&a)
			var e *Error
			require.ErrorAs(t, a.Normalize([]Source{{ID: "s", Content: []byte("Users order.")}}), &e)
			var fields []string
			for _, f := range e.Fields {
				fields = append(fields, f.Field)
			}
			require.Contains(t, fields, tc.field)
		})
	}
}

func TestKeepKeysSurvivesARename(t *testing.T) {
	t.Parallel()
	before := sample()
	next := sample()
	next.Elements[1].ID, next.Elements[1].Name, next.Elements[1].Aliases = "backend", "Backend", []string{"API"}
	next.Flows[0].TargetID, next.Flows[1].SourceID = "backend", "backend"
	next.KeepKeys(before)
	require.Equal(t, Key("api"), next.Elements[1].ID)
	require.Equal(t, Key("api"), next.Flows[0].TargetID)
	require.Equal(t, Key("api"), next.Flows[1].SourceID)
}

func TestMoveEvidenceLeavesTheOriginal(t *testing.T) {
	t.Parallel()
	a := sample()
	shared := []Evidence{{Kind: Quoted, SourceID: "old"}}
	a.Elements[0].Evidence = shared
	a.Elements[0].Controls = Controls{Backup: {State: ControlPresent, Evidence: shared}}
	a.MoveEvidence(map[SourceID]SourceID{"old": "new"})
	require.Equal(t, SourceID("new"), a.Elements[0].Evidence[0].SourceID)
	require.Equal(t, SourceID("new"), a.Elements[0].Controls[Backup].Evidence[0].SourceID)
	require.Equal(t, SourceID("old"), shared[0].SourceID)
}

func TestKeepKeysOfFlows(t *testing.T) {
	t.Parallel()
	before := sample()
	next := sample()
	next.Elements[1].ID, next.Elements[1].Name, next.Elements[1].Aliases = "backend", "Backend", []string{"API"}
	next.Flows[0] = Flow{ID: "user-to-backend", Name: "User to Backend", SourceID: "user", TargetID: "backend"}
	next.Flows[1].SourceID = "backend"
	next.Flows = append(next.Flows, Flow{ID: "new", Name: "other", SourceID: "backend", TargetID: "db"})
	next.KeepKeys(before)
	require.Equal(t, Key("f1"), next.Flows[0].ID, "the one flow between the same ends")
	require.Equal(t, Key("f2"), next.Flows[1].ID)
	require.Equal(t, Key("new"), next.Flows[2].ID, "one more flow is a new one")
}

func TestCloneSharesNothingThatChanges(t *testing.T) {
	t.Parallel()
	a := sample()
	a.Elements[0].Controls = Controls{Backup: {State: ControlPresent}}
	a.Assets = []Asset{{ID: "x", ElementIDs: []Key{"db"}}}
	c := a.Clone()
	c.Elements[0].ID, c.Flows[0].SourceID, c.Assets[0].ElementIDs[0] = "other", "other", "other"
	c.Elements[0].Controls[Backup] = Control{State: ControlAbsent}
	require.Equal(t, Key("user"), a.Elements[0].ID)
	require.Equal(t, Key("user"), a.Flows[0].SourceID)
	require.Equal(t, Key("db"), a.Assets[0].ElementIDs[0])
	require.Equal(t, ControlPresent, a.Elements[0].Controls.State(Backup))
}
