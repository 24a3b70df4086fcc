package prose

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// TestDefinedTerms: a term whose definition repeats it, tells its duty or is used
// elsewhere as a part is one; what is sent, and what is only explained, is none.
func TestDefinedTerms(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text      string
		with, not []string
	}{
		"the subject is the fuller name": {
			"# Plover\n\nRecorder: The Plover recorder (plover-rec) runs on each ship and sends tracks to PostgreSQL.\n\nViewer: The Plover viewer is a web application.",
			[]string{"Plover recorder"}, nil,
		},
		"the label is the fuller name": {
			"Tide Forecaster: The forecaster is responsible for tables and writes them to PostgreSQL.",
			[]string{"Tide Forecaster"}, nil,
		},
		"a word that only says part": {
			"Winder: The winder component is a shared service that calls the Chart API.", []string{"Winder"}, nil,
		},
		"a duty": {
			"## Actors\n\n### 2. Harbour (with its ships)\n\n- Letter Controller: responsible for letters.\n- Berth Scheduler: used for rotation of places.\n- Sunset: used for postcards.\n\nThe web app calls the Order API.",
			[]string{"Letter Controller", "Berth Scheduler"}, []string{"Sunset"},
		},
		"a heading over duties": {
			"# Egret\n\n### 1. Check Engine\n\n- Parses forms and validates them\n- Displays hints\n\n### 2. Notes\n\nThe web app reads PostgreSQL.",
			[]string{"Check Engine"}, []string{"Notes"},
		},
		"a thing that no table knows": {
			"# Kiosk\n\n- The Acme docking base: a heavy platform with a motor.\n\nThe phone app connects to the docking base. The docking base sends readings to the Fleet API.",
			[]string{"Acme docking base"}, nil,
		},
		"the same, never used": {
			"# Kiosk\n\n- The Acme docking base: a heavy platform with a motor.\n\nThe phone app calls the Fleet API.", nil, []string{"Acme docking base"},
		},
		"what is sent": {
			"# Names\n\n- Acme ID: a URI that names a ship.\n- Session Token: a string that the API checks.\n\nThe web app calls the Order API.", nil, []string{"Acme ID", "Session Token"},
		},
		"a matter": {
			"Availability: The availability is measured each day.\n\nThreat: The threat is that the web app calls the Order API.", nil, []string{"Availability", "Threat"},
		},
		"another subject": {
			"Boot Plan: the start controller generates the boot plan.\n\nThe web app calls the Order API.", nil, []string{"Boot Plan"},
		},
		"people": {
			"Sources: A source submits letters to the web app.\n\nThe web app writes to PostgreSQL.", nil, []string{"Sources"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := names(parse(t, tc.text))
			for _, want := range tc.with {
				require.Contains(t, got, want)
			}
			for _, not := range tc.not {
				require.NotContains(t, got, not)
			}
		})
	}
}

// TestOperatorThatRuns: a name that is said to be a program in code is no person.
func TestOperatorThatRuns(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]stride.ElementKind{
		"Operator: The Plover operator (plover-operator) is responsible for nodes and calls the Kubernetes API.": stride.Process,
		"## Actors\n\n- Plant Operator: watches the pumps and uses the web app.":                                 stride.ExternalEntity,
	} {
		for _, e := range parse(t, text).Elements {
			if e.Name == "Plover operator" || e.Name == "Plant Operator" {
				require.Equal(t, want, e.Kind, e.Name)
			}
		}
	}
}

// TestFormedVerbs: forms of verbs that no table knows begin no name.
func TestFormedVerbs(t *testing.T) {
	t.Parallel()
	x := &extractor{verbs: verbs()}
	for w, want := range map[string]bool{
		"restores": true, "recreates": true, "authorise": true, "serializes": true, "virtualize": true,
		"enterprise": false, "expertise": false, "replicas": false, "resources": false, "restore": false, "noise": false, "records": false,
	} {
		require.Equal(t, want, x.formedVerb(w), w)
	}
}

// TestNothingThere: what is said not to come about, what only bears a name and what an
// attacker is said to reach is no part.
func TestNothingThere(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, not string }{
		"not generated":    {"The web app calls the Order API. The Order API does not generate an audit trail.", "Audit trail"},
		"in memory":        {"The web app calls the Order API. It does not stay resident in memory.", "Resident"},
		"everything else":  {"The web app calls Kafka and non-Kafka resources.", "Non-Kafka"},
		"of an attacker":   {"The web app calls the Order API.\n\n## Threat agents (ways in)\n\n- Wire: somebody at the maintenance serial port\n", "Maintenance serial port"},
		"a map":            {"The web app shows a service dependency map and calls the Order API.", "Service dependency"},
		"a document":       {"The agent shows the AWS Instance Identity Document to the Order API.", "AWS Instance Identity Document"},
		"a verb of a list": {"- Handling: Restores volume data from snapshots.\n\nThe web app calls the Order API.", "Restores volume"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.NotContains(t, names(parse(t, tc.text)), tc.not)
		})
	}
}

// TestStatementsOfBoundaries: what is said of the way from one zone to another is said
// of no part inside of either.
func TestStatementsOfBoundaries(t *testing.T) {
	t.Parallel()
	a := parse(t, "Trust zones:\n- Kitchen Zone: ovens.\n- Street: everybody.\n\nTrust boundaries:\n- Kitchen Zone / Street: no authentication.\n\n"+
		"Components:\n- Kitchen Service [Kitchen Zone]: bakes.\n- Order API [Kitchen Zone]: takes orders.\n\nData flows:\n- Order API to Kitchen Service: orders\n")
	for _, e := range a.Elements {
		require.NotEqual(t, stride.ControlAbsent, e.Controls[stride.Authentication].State, e.Name)
	}
}

// TestHostilePeople: an attacker whom the text names holds no rights that one could steal.
func TestHostilePeople(t *testing.T) {
	t.Parallel()
	a := parse(t, "## Actors\n\n- Malicious Site Operator: runs a web site.\n- Site Operator: uses the web app.\n\nThe web app calls the Order API.")
	for _, e := range a.Elements {
		switch e.Name {
		case "Malicious Site Operator":
			require.Equal(t, []stride.Tag{"third_party"}, e.Tags)
		case "Site Operator":
			require.Contains(t, e.Tags, stride.Tag("operator"))
		}
	}
}

// TestProgramsOfAProduct: a program whose command is called like the product is not the
// product.
func TestProgramsOfAProduct(t *testing.T) {
	t.Parallel()
	a := parse(t, "# Plover\n\nClient (CLI): The Plover shore client (plover) is a command-line tool that calls the Track API.\n\n"+
		"Relay: The Plover relay (plover-relay) is a service.\n\nPlover writes to PostgreSQL. The plover-relay reads Kafka.")
	require.Contains(t, names(a), "Plover shore client")
	require.NotContains(t, flowNames(a), "Plover shore client -> PostgreSQL")
	require.Contains(t, flowNames(a), "Kafka -> Plover relay")
}
