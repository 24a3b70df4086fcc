package prose

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func named(t testing.TB, a stride.Architecture, name string) stride.Element {
	t.Helper()
	for _, e := range a.Elements {
		if e.Name == name || slices.Contains(e.Aliases, name) {
			return e
		}
	}
	require.Failf(t, "no such element", "%s in %v", name, names(a))
	return stride.Element{}
}

// A noun of several fields gets the tag of the field that the text is of.
func TestTagsFitTheField(t *testing.T) {
	t.Parallel()
	const reads = " The Shelf API reads MySQL."
	for name, tc := range map[string]struct {
		text, part string
		kind       stride.ElementKind
		tag        stride.Tag
	}{
		"a tape robot":              {"The tape robot serves the Shelf API." + reads, "Tape robot", stride.Process, "device"},
		"a robot that moves":        {"The shelf robot navigates the aisles and calls the Shelf API." + reads, "Shelf robot", stride.Process, "robot"},
		"a customer's vehicle":      {"The customer's vehicle talks to the Wallbox API over TLS." + reads, "Vehicle", stride.ExternalEntity, "device"},
		"a vehicle with ECUs":       {"The test vehicle has ECUs on a CAN bus. The test vehicle calls the Shelf API." + reads, "Test vehicle", stride.Process, "vehicle"},
		"a voice assistant":         {"The voice assistant calls the Shelf API with directives." + reads, "Voice assistant", stride.Process, "service"},
		"an assistant with a model": {"The desk assistant calls the Shelf API and a language model." + reads, "Desk assistant", stride.Process, "llm_application"},
		"a telemetry pipeline":      {"The reader app sends events to a telemetry pipeline. Jenkins deploys the Shelf API." + reads, "Telemetry pipeline", stride.Process, "worker"},
		"a pipeline that deploys":   {"The release pipeline deploys the Shelf API." + reads, "Release pipeline", stride.Process, "ci_cd"},
		"a media repository":        {"## Components\n\n- Media repository: keeps covers\n- Shelf API: reads MySQL\n", "Media repository", stride.DataStore, "file_storage"},
		"a schema registry":         {"The Shelf API asks the schema registry for a version." + reads, "Schema registry", stride.DataStore, "config_store"},
		"a fixed workstation":       {"The ward workstation calls the Shelf API." + reads, "Ward workstation", stride.ExternalEntity, "device"},
		"an image router":           {"The DICOM router sends studies to the Shelf API." + reads, "DICOM router", stride.Process, "gateway"},
		"a radio tag":               {"Readers borrow books with RFID. RFID sends the number to the Shelf API." + reads, "RFID", stride.Process, "device"},
		"patches of servers":        {"WSUS sends patches to the Shelf API server." + reads, "WSUS", stride.Process, "service"},
		"a planner of paths":        {"Nav2 sends speeds to the Shelf API." + reads, "Nav2", stride.Process, "service"},
		"a relay in the cloud":      {"The Shelf API sends frames to the cloud relay. The cloud relay forwards them to the reader app." + reads, "Cloud relay", stride.Process, "service"},
		"a relay that switches":     {"The door relay switches the lock. The Shelf API sends commands to the door relay." + reads, "Door relay", stride.Process, "actuator"},
		"a task dispatcher":         {"The task dispatcher sends jobs to the Shelf API." + reads, "Task dispatcher", stride.Process, "service"},
		"webhooks of customers":     {"The Shelf API calls webhooks that a customer has configured." + reads, "Webhooks", stride.ExternalEntity, "third_party"},
		"a webhook that receives":   {"Stripe calls the payment webhook. The payment webhook calls the Shelf API." + reads, "Payment webhook", stride.Process, "webhook_receiver"},
		"a directory of people":     {"The Identity server finds people by phone numbers. The reader app calls the Identity server." + reads, "Identity server", stride.Process, "service"},
		"names at home":             {"The hub starts DNS and audio as containers. The hub calls DNS." + reads, "DNS", stride.Process, "service"},
		"a window for commands":     {"The desk app sends lines to the terminal and keeps the output of the terminal. The desk app calls the Shelf API." + reads, "Terminal", stride.Process, "client"},
		"a certificate agent":       {"The certificate agent calls the Shelf API." + reads, "Certificate agent", stride.Process, "service"},
		"nodes of a public chain":   {"The Shelf API sends payments to the blockchain node. The blockchain node follows Bitcoin." + reads, "Blockchain node", stride.Process, "service"},
		"nodes of a consortium":     {"The Shelf API sends payments to the blockchain node. Each member of the consortium runs one." + reads, "Blockchain node", stride.Process, "consensus"},
		"a file in an app":          {"The app caches loans in SQLite so that they can be read offline. The reader app calls the Shelf API." + reads, "SQLite", stride.DataStore, "file_storage"},
		"keys on steel":             {"## Components\n\n- Cold wallet: steel plates in two bank vaults\n- Shelf API: reads MySQL\n", "Cold wallet", stride.DataStore, "backup_store"},
		"a server for a radio":      {"## Components\n\n- Z-Wave shelf server: calls the Shelf API\n- Shelf API: reads MySQL\n", "Z-Wave shelf server", stride.Process, "service"},
		"an adapter to a product":   {"## Components\n\n- Keycloak adapter: calls the Shelf API\n- Shelf API: reads MySQL\n", "Keycloak adapter", stride.Process, "service"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := named(t, parse(t, tc.text), tc.part)
			require.Equal(t, tc.kind, e.Kind)
			require.NotEmpty(t, e.Tags)
			require.Equal(t, tc.tag, e.Tags[0])
		})
	}
}

// Names are neither cut nor padded, and an item's product is the item.
func TestNamesOfItems(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"type and zone behind the name": {
			"Elements\n- Loan Queue. Datastore, in Inner network. RabbitMQ.\n- Loan Worker. Process, in Inner network. Celery.\n" +
				"- Reader. Actor, in Internet.\n- Card Printer. External entity, in Third parties.\n",
			[]string{"Loan Queue = RabbitMQ", "Loan Worker = Celery", "Reader", "Card Printer"},
		},
		"a name in bold": {
			"## Components\n\n- **Print & Bind hub.** Sends finished books to the binder.\n- **Shelf API.** REST, behind the desk.\n",
			[]string{"Print & Bind hub", "Shelf API"},
		},
		"a bold label before a sender": {
			"**Notify.** The Shelf API sends events to Slack, set by an owner. The Shelf API reads MySQL.",
			[]string{"Shelf API", "Slack", "MySQL"},
		},
		"verbs are no names": {
			"The shelf bot reads and edits files in the workspace. The shelf bot calls the Shelf API. The Shelf API reads MySQL.",
			[]string{"Shelf bot", "Shelf API", "MySQL"},
		},
		"accounts are no parts": {
			"## Components\n\n- Shelf API: reads MySQL\n- MySQL: keeps shelves\n\nThe Shelf API reads MySQL. Account postgres.",
			[]string{"Shelf API", "MySQL"},
		},
		"a safeguard in a list is no part": {
			"The loan app calls the Shelf API. The Shelf API reads MySQL.\n\n## Controls\n\n- Role concept in ERP: clerk, manager, owner.\n",
			[]string{"Loan app", "Shelf API", "MySQL"},
		},
		"options of one store": {
			"## Components\n\n- Shelf API: reads the Ledger.\n- Ledger. SQLite, MySQL or PostgreSQL; loans and readers.\n- Loan app: calls the Shelf API.\n",
			[]string{"Shelf API", "Ledger = SQLite, MySQL, PostgreSQL", "Loan app"},
		},
		"examples of clients": {
			"## Components\n\n- Shelf API: reads the Ledger database.\n- Shelf clients: curl, Helm and CI pipelines.\n- Ledger database: keeps loans.\n",
			[]string{"Shelf API", "Ledger database", "Shelf clients = Curl, Helm"},
		},
		"the tool that installs": {
			"The Shelf API is deployed on servers with Docker Compose or through a Helm chart. The loan app calls the Shelf API. The Shelf API reads MySQL.",
			[]string{"Shelf API", "Loan app", "MySQL"},
		},
		"a zone is no part": {
			"Boundaries\n- Third parties\n- Inner network\n\nElements\n- Shelf API. Process, in Inner network.\n- Ledger. Datastore, in Inner network.\n" +
				"- Desk. Process, in Inner network.\n\nThe Shelf API calls third parties.\n",
			[]string{"Shelf API", "Ledger", "Desk"},
		},
		"a scheme is no part": {
			"The Shelf API fetches the bundle (`https_okta` profile). The loan app calls the Shelf API. The Shelf API reads MySQL.",
			[]string{"Shelf API", "Loan app", "MySQL"},
		},
		"the last word of a listed name": {
			"Parts\n\n- Reader and clerk portal: in the DMZ\n- Shelf API: reads loans\n\nData flows\n\n1. Reader -> portal: loans. HTTPS.\n2. Portal -> Shelf API: loans. HTTPS.\n",
			[]string{"Reader and clerk portal", "Shelf API", "Reader"},
		},
		"a noun beside its kind": {
			"The Shelf API serves the **frontend**, a web application on port 80. The frontend calls the Shelf API. The Shelf API reads MySQL.",
			[]string{"Shelf API", "Frontend", "MySQL"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, cmp.Diff(tc.want, called(parse(t, tc.text))))
		})
	}
}
