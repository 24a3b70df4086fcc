package prose

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// A special tag needs a telling fact of its field in the text.
func TestSpecialTagsAreCorroborated(t *testing.T) {
	t.Parallel()
	const reads = " The Shelf API reads MySQL."
	for name, tc := range map[string]struct {
		text, part string
		tag        stride.Tag
	}{
		"a policy product in a browser":  {"The reader extension checks pages with Kyverno rules. Kyverno calls the Shelf API." + reads, "Kyverno", "policy_engine"},
		"a policy product at admission":  {"The API server asks Kyverno at admission. Kyverno calls the Shelf API." + reads, "Kyverno", "admission_controller"},
		"a repository of signed records": {"The Loan repository keeps signed metadata. The Shelf API reads the Loan repository." + reads, "Loan repository", "file_storage"},
		"a repository with branches":     {"The Loan repository has protected branches. The Shelf API reads the Loan repository." + reads, "Loan repository", "code_repository"},
		"a sink for records":             {"## Components\n\n- Loan audit device: gets every loan\n- Shelf API: reads MySQL\n", "Loan audit device", "service"},
		"what works with an interface":   {"## Components\n\n- Loan API integration: asks the Shelf API\n- Shelf API: reads MySQL\n", "Loan API integration", "service"},
		"what keeps copies of secrets":   {"## Components\n\n- External Secrets Operator: copies keys\n- Shelf API: reads MySQL\n", "External Secrets Operator", "service"},
		"what the owner pays to look":    {"AWS Config records changes. The Shelf API calls AWS Config." + reads, "AWS Config", "monitoring"},
		"a visitor's program":            {"## Data flows\n\n- Anonymous User-Agent to Shelf API: HTTPS\n- Shelf API to MySQL\n", "Anonymous User-Agent", "browser"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := named(t, parse(t, tc.text), tc.part)
			require.NotEmpty(t, e.Tags)
			require.Equal(t, tc.tag, e.Tags[0])
		})
	}
}

// Verbs, calls, titles of steps and labels of flows are no parts.
func TestWordsThatNameNoPart(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"verbs of purpose": {
			"The Shelf API helps to delight customers. The Shelf API reads MySQL.",
			[]string{"Shelf API", "Customer", "MySQL"},
		},
		"what a cell says that a part does": {
			"| Component | Description |\n|-|-|\n| Shelf API | Handles user authentication |\n| Loan gateway | Checks API requests and answers |\n| MySQL | Stores loans |\n",
			[]string{"Shelf API", "Loan gateway", "MySQL"},
		},
		"names of calls": {
			"The Shelf API offers check, list-users and list-loans. The Shelf API reads MySQL.",
			[]string{"Shelf API", "MySQL"},
		},
		"what a reader supplies": {
			"The Shelf API takes a user supplied prompt. The Shelf API reads MySQL.",
			[]string{"Shelf API", "MySQL"},
		},
		"what a product is": {
			"Keycloak (KC) is a login server that knows readers. Keycloak reads MySQL. The Shelf API calls Keycloak.",
			[]string{"Keycloak", "MySQL", "Shelf API"},
		},
		"how it is shipped": {
			"The Shelf API comes as a Docker image. The Shelf API reads MySQL.",
			[]string{"Shelf API", "MySQL"},
		},
		"the title of a step": {
			"## Components\n\n- Shelf API: reads MySQL\n- MySQL: keeps loans\n\n## Actions\n\n" +
				"1. Copy request to the loan archive: once a day, when the shop is closed, the Shelf API, acting for its owner, asks for a copy of everything.\n",
			[]string{"Shelf API", "MySQL"},
		},
		"lists in lines": {
			"Processes: P01 Shelf API, P02 Loan worker.\nData stores: DS01 Loan Database, DS02 Picture Archive.\n",
			[]string{"Shelf API = P01", "Loan worker = P02", "Loan Database = DS01", "Picture Archive = DS02"},
		},
		"labels before a dash": {
			"Processes: P01 Shelf Scanner, P02 Archive.\nData stores: DS01 Loan Database.\n\nData flows:\n- F01a Picture Storage - Shelf Scanner to Archive (DICOM)\n" +
				"- F02b Query - C-FIND Shelf Scanner to Archive (DICOM)\n- F03 Archive to Loan Database\n",
			[]string{"Shelf Scanner = P01", "Archive = P02", "Loan Database = DS01"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, n := range called(parse(t, tc.text)) {
				if n != "Readers" && n != "Login server" {
					got = append(got, n)
				}
			}
			require.Empty(t, cmp.Diff(tc.want, got))
		})
	}
	a := parse(t, "Processes: P01 Shelf Scanner, P02 Archive.\nData stores: DS01 Loan Database.\n\nData flows:\n- F02b Query - C-FIND Shelf Scanner to Archive (DICOM)\n")
	require.Len(t, a.Flows, 1)
	require.Equal(t, "dicom", a.Flows[0].Protocol)
	require.Equal(t, named(t, a, "Shelf Scanner").ID, a.Flows[0].SourceID)
}

// A statement whose subject is not certain is given to nobody, and one that a word or
// the kind of a part decides goes there.
func TestWhoseStatement(t *testing.T) {
	t.Parallel()
	state := func(a stride.Architecture, name string, control stride.ControlName) stride.ControlState {
		return named(t, a, name).Controls.State(control)
	}

	a := parse(t, "The Shelf agent reads settings from the Token service that lies between the Shelf VM and the hypervisor, where it is hosted without any authentication. The Shelf API calls the Shelf VM.")
	for _, e := range a.Elements {
		require.NotEqual(t, stride.ControlAbsent, e.Controls.State(stride.Authentication), e.Name)
	}

	a = parse(t, "## Data stores\n\n- Loan Archive: loans of all readers (not encrypted)\n- Loan Database: loans\n\n## Components\n\n- Shelf API: reads the Loan Database\n")
	require.Equal(t, stride.ControlAbsent, state(a, "Loan Archive", stride.EncryptionAtRest))
	require.Equal(t, stride.ControlUnknown, state(a, "Loan Archive", stride.EncryptionInTransit))

	a = parse(t, "The Shelf API serves loans. Loan clients use either no authentication or a key as a method for authentication against the Shelf API. The Shelf API reads MySQL.")
	require.Equal(t, stride.ControlAbsent, state(a, "Shelf API", stride.Authentication))

	a = parse(t, "The Loan service sends loans to the Shelf API. These loans are transmitted over encrypted channels. The Shelf API reads MySQL.")
	i := slices.IndexFunc(a.Flows, func(f stride.Flow) bool { return f.TargetID == named(t, a, "Shelf API").ID })
	require.GreaterOrEqual(t, i, 0)
	require.Equal(t, stride.ControlPresent, a.Flows[i].Controls.State(stride.EncryptionInTransit))

	a = parse(t, "The Shelf gate is a rules engine. The Shelf gate checks an authorization model that teams write. The Shelf API calls the Shelf gate.")
	require.Equal(t, stride.ControlUnknown, state(a, "Shelf gate", stride.Authorization))

	a = parse(t, "| Boundary | Purpose | From | To |\n|-|-|-|-|\n| B1 | Keeps data without exposure | Shelf API | Loan guardrail |\n\nThe Shelf API calls the Loan guardrail service. The Shelf API reads MySQL.")
	require.NotEqual(t, stride.ControlAbsent, state(a, "Shelf API", stride.PromptFiltering))
}

// What the text sets aside is kept as an assumption.
func TestLeftOut(t *testing.T) {
	t.Parallel()
	a := parse(t, "The Shelf API reads MySQL. The reader app calls the Shelf API.\n\nOut of scope: physical attacks, compromise of the supply chain.\n\n## Out of scope\n\n- Denial of service against readers\n")
	var got []string
	for _, assumed := range a.Assumptions {
		got = append(got, assumed.Text)
	}
	require.Empty(t, cmp.Diff([]string{
		"Out of scope: physical attacks, compromise of the supply chain.", "Out of scope: Denial of service against readers",
	}, got))
}

// A stated flow may say behind a colon how it runs, and "before they reach it" states none.
func TestStatedEnds(t *testing.T) {
	t.Parallel()
	a := parse(t, "Components:\n- Shelf Client (program)\n- Shelf Lobby (server)\n\nData flows:\n- Shelf Client to Shelf Lobby: TCP 1234 (crosses from the reader's machine to the inner network)\n")
	require.Len(t, a.Flows, 1)
	require.Equal(t, "tcp", a.Flows[0].Protocol)
	require.Equal(t, named(t, a, "Shelf Lobby").ID, a.Flows[0].TargetID)

	a = parse(t, "The Shelf API helps developers find errors before they reach the build server. The Shelf API reads MySQL.")
	for _, f := range a.Flows {
		require.NotEqual(t, "Build server", a.TargetName(f.TargetID))
	}
}
