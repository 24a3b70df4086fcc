package analysis

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func orders() *stride.Architecture {
	a := &stride.Architecture{
		Elements: []stride.Element{
			{ID: "shop", Name: "Web shop", Kind: stride.Process, Tags: []stride.Tag{"web_app"}},
			{ID: "db", Name: "Orders", Kind: stride.DataStore, Tags: []stride.Tag{"postgresql", "managed_service"}},
			{ID: "log", Name: "Journal", Kind: stride.DataStore},
		},
		Flows: []stride.Flow{{ID: "shop-db", Name: "f", SourceID: "shop", TargetID: "db", Protocol: "sql"}},
	}
	a.Connect()
	return a
}

func threatOn(category stride.Category, control stride.ControlName, targets ...stride.Key) stride.Threat {
	names := make([]string, len(targets))
	for i, key := range targets {
		names[i] = string(key)
	}
	return stride.Threat{Content: stride.Proposal{Category: category, Control: control, TargetIDs: targets, Targets: names}}
}

func templatesOf(cases []draftedCase) []string {
	var out []string
	for _, c := range cases {
		out = append(out, c.template)
	}
	return out
}

func TestTestCasesAreSpecific(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		threat stride.Threat
		want   []string
	}{
		"by the control":          {threatOn(stride.Tampering, stride.EncryptionInTransit, "shop-db"), []string{"control/encryption_in_transit/shop-db", "regular"}},
		"by the technology":       {threatOn(stride.Tampering, "", "db"), []string{"technology/relational/db", "regular"}},
		"of a flow, by its end":   {threatOn(stride.Tampering, "", "shop-db"), []string{"technology/relational/shop-db", "regular"}},
		"another category":        {threatOn(stride.Repudiation, "", "db"), []string{"category/repudiation/db", "regular"}},
		"by the category":         {threatOn(stride.Spoofing, "", "log"), []string{"category/spoofing/log", "regular"}},
		"a target that is gone":   {threatOn(stride.Tampering, "", "gone"), []string{"category/tampering/gone", "regular"}},
		"no target":               {threatOn(stride.Tampering, ""), []string{"category/tampering/project", "regular"}},
		"three targets are shown": {threatOn(stride.Spoofing, "", "shop", "db", "log", "gone"), []string{"category/spoofing/shop", "category/spoofing/db", "category/spoofing/log", "regular"}},
	} {
		require.Equal(t, tc.want, templatesOf(draftTestCases(tc.threat, orders())), name)
	}
}

func TestTestCaseWords(t *testing.T) {
	t.Parallel()
	threat := threatOn(stride.Tampering, stride.ParameterizedQueries, "db")
	threat.Mitigations = []stride.ThreatMitigation{
		{ID: "m1", Text: "Bind every parameter of Orders. "}, {ID: "m2", Text: "Pray", Status: stride.MitigationDropped},
	}
	got := draftTestCases(threat, orders())
	require.Equal(t, []string{"control/parameterized_queries/db", "mitigation/m1", "regular"}, templatesOf(got), "what was dropped is not tested")
	require.Empty(t, cmp.Diff(TestCaseText{
		Given: "Orders (postgresql, managed service) as it is deployed",
		When:  "Web shop passes on `x' OR '1'='1` and `1; DROP TABLE t; --` in each field, filter and sort order that ends in a query to Orders",
		Then:  "each is searched for as text or refused; no other row is read or changed",
	}, got[0].TestCaseText))
	require.Equal(t, "Orders (postgresql, managed service) as it is deployed, with this in place: Bind every parameter of Orders", got[1].Given)
	require.Contains(t, got[1].Then, "the same attempt succeeds")
	require.Equal(t, got, draftTestCases(threat, orders()), "the same threat gives the same test cases")
	flow := draftTestCases(threatOn(stride.Tampering, stride.IntegrityCheck, "shop-db"), orders())[0]
	require.Equal(t, "the flow from Web shop to Orders (sql) as it is deployed", flow.Given)
	require.Equal(t, "one byte is changed in what Web shop hands to Orders", flow.When)
}

// TestEveryTemplateIsAlive holds that each control and category has a template, and
// that each technology is one that a part can have.
func TestEveryTemplateIsAlive(t *testing.T) {
	t.Parallel()
	whole := func(name string, by caseTemplate) {
		t.Helper()
		require.NotEmpty(t, by.when, name)
		require.NotEmpty(t, by.then, name)
		filled := testTarget{name: "T", from: "F", to: "O"}.fill(by.when + by.then)
		require.NotContains(t, filled, "{", name)
		require.Contains(t, by.when+by.then, "{", "%s names no part", name)
	}
	for _, control := range stride.ControlNames() {
		whole(string(control), controlTemplates[control])
	}
	require.Len(t, controlTemplates, len(stride.ControlNames()))
	for _, category := range stride.Categories() {
		whole(string(category), categoryTemplates[category])
		whole(string(category), regularTemplates[category])
	}
	for _, by := range technologyTemplates {
		require.True(t, by.tag.Known(), by.tag)
		require.True(t, by.category.Valid(), by.tag)
		whole(string(by.tag), by.caseTemplate)
		got, _ := abuseOf(stride.Proposal{Category: by.category}, testTarget{tags: []stride.Tag{by.tag}})
		require.Equal(t, "technology/"+string(by.tag), got, "hidden by one before it")
	}
}

func TestTestCaseTextIsBounded(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"given", "when", "then"}, fieldsOf(t, TestCaseText{Given: " ", Then: strings.Repeat("x", 2001)}.validate()))
	require.NoError(t, TestCaseText{"a", "b", strings.Repeat("ü", 2000)}.validate())
}
