package prose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Lists declare their items however their title and their items are written.
func TestListsInPlainText(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"a title that ends in a full stop": {
			"What we build. A bike rack.\n\nParts.\n- Rack unit: ESP32 and a bolt.\n- Keypad: talks BLE to the rack unit.\n- Dock: mains plug.\n",
			[]string{"Rack unit", "Keypad", "Dock"},
		},
		"a numbered title, items without a marker": {
			"1. Scope\n\nThe text is about seeds.\n\n2. Roles\n\nGrower: a person who owns varieties.\nShipper: a firm that sends parcels.\n\n3. Services\n\nLabel service: prints labels.\nQuota service: counts parcels.\n",
			[]string{"Grower", "Shipper", "Label service", "Quota service"},
		},
		"every plain title below a title": {
			"Components\n\nFetch controller\nReads seeds from PostgreSQL.\n\nPaint workers\nA pool of processes that draw labels.\n\nPost controller\nWrites labels to Redis.\n\nLogging\nNothing is logged.\n",
			[]string{"Fetch controller", "PostgreSQL", "Paint workers", "Post controller", "Redis"},
		},
		"two names in a title": {
			"Components\n\nAPI server and web UI\nShows labels.\n\nAdmin API and seedctl\nCreates labels.\n",
			[]string{"API server", "Web UI", "Admin API", "seedctl"},
		},
		"a label that gathers": {
			"Components:\n- Cloud: REST API, MQTT broker, PostgreSQL database, label bucket, all with one firm.\n- Phone app: Android.\n",
			[]string{"REST API", "MQTT broker", "PostgreSQL database", "Label bucket", "Phone app"},
		},
		"the items between parts": {
			"The rack has these:\n\n- Web portal: shows racks.\n- Lid: aluminium, two kilograms.\n- REST API: keeps racks in PostgreSQL.\n",
			[]string{"Web portal", "Lid", "REST API", "PostgreSQL"},
		},
		"an enumeration in running text": {
			"The services are parcel, label and quota. The parcel service reads PostgreSQL.",
			[]string{"Parcel service", "Label service", "Quota service", "PostgreSQL"},
		},
		"no steps and no safeguards": {
			"The web shop reads PostgreSQL.\n\n2. Steps\n\nPairing: the owner presses the button.\nRemoval: it takes effect at once.\n",
			[]string{"Web shop", "PostgreSQL"},
		},
		"numbered steps are no titles": {
			"The web shop reads PostgreSQL.\n\n1. Actors wake up\n\n2. Actors sleep\n\nNothing follows.\n",
			[]string{"Web shop", "PostgreSQL"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ElementsMatch(t, tc.want, names(parse(t, tc.text)))
		})
	}
}

// What the text says that a part is decides its tag.
func TestKindsSaidOfParts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text, element string
		tag           stride.Tag
		kind          stride.ElementKind
	}{
		"is a":                  {"Clerks use the Case Desk tool. The Case Desk tool is a web application that reads PostgreSQL.", "Case Desk", "web_app", stride.Process},
		"an item":               {"Components:\n- Rinser: a background worker that reads every block.\n- MySQL: blocks.\n", "Rinser", "worker", stride.Process},
		"below a title":         {"Actors\n\nRinser\nA background worker that reads every block and repairs it.\n\nMixer\nCopies blocks to S3 and never stops.\n", "Rinser", "worker", stride.Process},
		"a person":              {"Roles:\n- Publisher: a person who owns varieties.\n- Shop: a web site.\n", "Publisher", "human", stride.ExternalEntity},
		"a tool by its name":    {"Components\n\nAdmin API and seedctl\nCreates users.\n", "seedctl", "command_line", stride.Process},
		"a product in brackets": {"Flink writes to Redis. The API asks the online feature store (Redis) for features.", "Online feature store", "cache", stride.DataStore},
		"embedded":              {"The node keeps its index in RocksDB. The node calls the API server.", "RocksDB", "file_storage", stride.DataStore},
		"push to phones":        {"Notices go through Azure Notification Hubs. The API calls Azure Notification Hubs.", "Azure Notification Hubs", "sms_service", stride.Process},
		"a keypad":              {"Parts:\n- Keypad: talks to the lock.\n- Lock unit: opens.\n", "Keypad", "iot_device", stride.Process},
		"satellites":            {"The drone listens to GNSS satellites. The GNSS satellites send time to the receiver of the drone.", "GNSS satellites", "third_party", stride.ExternalEntity},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := named(t, parse(t, tc.text), tc.element)
			require.Equal(t, tc.kind, e.Kind)
			require.Contains(t, e.Tags, tc.tag)
		})
	}
}

// No name begins with what somebody does, is cut in half, or is a setting, a field or
// an adjective.
func TestNamesAreWhole(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"a verb at the start":   {"Clones Git repositories over SSH. The API calls Redis.", []string{"Git repositories", "API", "Redis"}},
		"a verb in a series":    {"The client downloads it, resolves dependencies and calls the API. The API reads Redis.", []string{"Client", "Dependency", "API", "Redis"}},
		"a pronoun before":      {"We weigh merchant scores lower. Merchants call the API. The API reads Redis.", []string{"Merchant", "API", "Redis"}},
		"a plural as modifier":  {"The API puts files into the uploads bucket.", []string{"API", "Uploads bucket"}},
		"a function's name":     {"An intake Lambda reads Redis and calls the API.", []string{"Intake Lambda", "Redis", "API"}},
		"a measure":             {"The ground station sends commands over a 900 MHz telemetry radio. The station keeps logs in Redis.", []string{"Ground station", "900 MHz telemetry radio", "Redis"}},
		"settings of pods":      {"The API runs as a non-root user with a read-only root file system and is bound to cluster-admin. It reads Redis.", []string{"API", "Redis"}},
		"a field among fields":  {"The API returns name, e-mail and phone. The API reads Redis.", []string{"API", "Redis"}},
		"an adjective":          {"Service-to-service traffic is encrypted. The API reads Redis.", []string{"API", "Redis"}},
		"a stream of no broker": {"The API opens a gRPC stream to the control plane. The control plane reads Redis.", []string{"API", "Control plane", "Redis"}},
		"a motor of a lock":     {"The lock turns the key with a motor. The motor is quiet. The API reads Redis.", []string{"API", "Redis"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ElementsMatch(t, tc.want, names(parse(t, tc.text)))
		})
	}
}

// Capitalised terms that act, or are called, in several sentences are parts.
func TestTermsThatAct(t *testing.T) {
	t.Parallel()
	text := "The API invokes the Orchestrator, an AWS Lambda function. The Orchestrator filters by country; the Orchestrator calls Redis."
	require.ElementsMatch(t, []string{"API", "Orchestrator", "Redis"}, names(parse(t, text)))
	require.Empty(t, named(t, parse(t, text), "Orchestrator").Aliases)
	once := "The Orchestrator is a wish. The API calls Redis."
	require.NotContains(t, names(parse(t, once)), "Orchestrator")
}

// One part under two names is one part.
func TestOnePartUnderTwoNames(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"a radio and its short form": {"The keypad uses BLE. The lock uses Bluetooth Low Energy and BLE.", []string{"Keypad", "BLE"}},
		"a store in brackets":        {"Flink writes to Redis. The API asks the online feature store (Redis).", []string{"Flink", "Online feature store", "API"}},
		"a product sold as another":  {"Data is in Azure Database for PostgreSQL Flexible Server. PostgreSQL holds orders. The API reads PostgreSQL.", []string{"Azure Database for PostgreSQL Flexible Server", "API"}},
		"serves as":                  {"Azure API Management sits in front as API gateway. The API gateway calls the API.", []string{"Azure API Management", "API"}},
		"the subject and its proxy":  {"Sluice is a layer 7 proxy.\n\nComponents\n\nSluice proxy (data plane)\nForwards calls to the API.\n\nControl plane (sluice-control)\nReads Redis.\n\nFlows\n\nA proxy asks sluice-control.\n", []string{"Sluice proxy", "API", "Control plane", "Redis"}},
		"what the subject is":        {"Sluice\n\nSluice is an object store. The API reads Sluice.", []string{"Sluice", "API"}},
		"two stores of one product":  {"The orders cache (Redis) and the labels cache (Redis) are read by the API.", []string{"Orders cache", "Labels cache", "API"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := names(parse(t, tc.text))
			require.Empty(t, cmp.Diff(len(tc.want), len(got)), "%v", got)
			require.Subset(t, got, tc.want)
		})
	}
}

// Relative clauses and counted subjects hide no flow.
func TestFlowsOfHiddenSubjects(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"some of":             {"Some of our merchants call the Scoring API.", []string{"Merchant -> Scoring API"}},
		"which somebody uses": {"The dashboard, which analysts use, reads PostgreSQL.", []string{"Analyst -> Dashboard", "PostgreSQL -> Dashboard"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ElementsMatch(t, tc.want, flowNames(parse(t, tc.text)))
		})
	}
}

// A section about users and their sign-in names the program that they use.
func TestFrontDoorOfASection(t *testing.T) {
	t.Parallel()
	a := parse(t, "# Yard\n\nThe host machine runs containers. Docker runs on the host machine. The depot service stores orders in PostgreSQL.\n\n"+
		"## Users and authentication\n\nThe gate service keeps local accounts. The gate service asks Keycloak.\n\n## Rest\n\nComments are shown without escaping.\n")
	require.Contains(t, quotes(named(t, a, "Gate service").Evidence), "Comments are shown without escaping.")
}

// quotes lists what the evidence quotes.
func quotes(list []stride.Evidence) []string {
	out := make([]string, 0, len(list))
	for _, e := range list {
		out = append(out, e.Quote)
	}
	return out
}
