package prose

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// TestWhatIsNoPart: words that look like parts of a system and are none.
func TestWhatIsNoPart(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"nouns that lend a name": {
			"The billing app calls the Ledger API with an X.509 client certificate. Customers type a four-digit app passcode and an old admin token.",
			[]string{"Billing app", "Ledger API", "Customer"},
		},
		"a slash within a name": {
			"The payroll API calls the mainframe, an Acme z/OS system. The payroll API writes to Redis.",
			[]string{"Payroll API", "Mainframe", "Redis"},
		},
		"metadata": {
			"Review of the reading service under way\nClient: Norland Motors. Subject: the loan desk.\nPrepared by the reviewing auditor.\n\n" +
				"The loan app calls the Shelf API. The Shelf API reads PostgreSQL.",
			[]string{"Loan app", "Shelf API", "PostgreSQL"},
		},
		"the firm that ordered it": {
			"Client: Norland Books. Documents were supplied.\n\nThe loan app calls the Shelf API. The client says that the Shelf API writes to Redis.",
			[]string{"Loan app", "Shelf API", "Redis"},
		},
		"the owner": {
			"Fjord Bank offers its savers a loan app. The loan app calls the Shelf API. Savers send letters to the bank. The Shelf API reads MySQL.",
			[]string{"Loan app", "Shelf API", "MySQL"},
		},
		"badges and links": {
			"# shelf\n\n[![CI](https://img.example/github-actions.svg)](https://gitlab.com/x)\n\nThe loan app calls the [Shelf API](https://github.com/x). The Shelf API reads MySQL.",
			[]string{"Loan app", "Shelf API", "MySQL"},
		},
		"questions with answers": {
			"The loan app calls the Shelf API.\n\n- Who can push to all shelves? -> Ann, Bob, CI.\n",
			[]string{"Loan app", "Shelf API"},
		},
		"what was decided against": {
			"The loan app calls the Shelf API. AWS WAF was decided against, on cost. The team plans to introduce Okta. Redis is no longer used.",
			[]string{"Loan app", "Shelf API"},
		},
		"what is no goal": {
			"The loan app calls the Shelf API.\n\n## Non-goals\n\n- Stopping a Kubernetes cluster administrator.\n- Rate limits belong to the ingress controller.\n",
			[]string{"Loan app", "Shelf API"},
		},
		"platforms of an extension": {
			"The browser extension for Chrome, Firefox and Edge calls the Shelf API. The Shelf API reads MySQL.\n\nImport from LastPass, KeePass and CSV.",
			[]string{"Browser extension", "Shelf API", "MySQL"},
		},
		"a word of another field": {
			"shelfpack is a fast log compressor. Loans are sold through a broker. The loan app calls the Shelf API.",
			[]string{"Loan app", "Shelf API"},
		},
		"what a part is built on": {
			"The shelf gateway is a small computer (Yocto). It has two memory banks. The shelf gateway calls the Loan API.",
			[]string{"Shelf gateway", "Loan API"},
		},
		"headings among components": {
			"Components\n\n- Loan app: calls the Shelf API\n- Shelf API: reads MySQL\n\nNetworks\n\nThe loan app calls the Shelf API.",
			[]string{"Loan app", "Shelf API", "MySQL"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, cmp.Diff(tc.want, names(parse(t, tc.text))))
		})
	}
}

// TestOneThingOneName: what a text calls by several names is one part.
func TestOneThingOneName(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"a noun and its product": {
			"The shelf app publishes to an MQTT broker (HiveMQ). HiveMQ feeds the Loan API. The Loan API sits behind the API gateway, an Apigee installation.",
			[]string{"Shelf app", "MQTT broker = HiveMQ", "Loan API", "API gateway = Apigee"},
		},
		"a label and what follows it": {
			"## Components\n\n- Planner: LangGraph application in one container\n- Index: Pinecone, one index\n- Desk: Zendesk, with one key\n\nThe Planner queries Pinecone and calls Zendesk.",
			[]string{"Planner = LangGraph application", "Index = Pinecone", "Desk = Zendesk"},
		},
		"the subject": {
			"Shelfkey is an open-source OpenID Connect (OIDC) identity provider. The loan app redirects customers to Shelfkey. Shelfkey reads MySQL.",
			[]string{"Shelfkey", "Loan app", "Customer", "MySQL"},
		},
		"the subject's server": {
			"Shelfkey is an identity provider.\n\nActors\n\nShelfkey Server: the HTTP server that signs tokens.\n\nStorage: MySQL or SQLite.\n\nThe loan app calls Shelfkey.",
			[]string{"Shelfkey Server = Shelfkey", "MySQL", "SQLite", "Loan app"},
		},
		"what a daemon is": {
			"Actors\n\nshelfd (control plane). A deployment that serves the proxies.\n\nThe control plane calls the Loan API.",
			[]string{"Shelfd = control plane", "Loan API"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, cmp.Diff(tc.want, called(parse(t, tc.text))))
		})
	}
}

// TestFlowsOfProse: flows that clauses, labels and tables state.
func TestFlowsOfProse(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"a session":                  {"The shelf unit service keeps an MQTT session to the fleet API over a private APN.", []string{"Shelf unit service -> Fleet API"}},
		"a store behind in":          {"The loan app keeps the last ninety days in a local SQLite database.", []string{"Loan app -> SQLite database"}},
		"from there":                 {"Commands are sent by the loan app to the Shelf API and from there to the Lock API over MQTT.", []string{"Loan app -> Shelf API", "Shelf API -> Lock API"}},
		"distribution":               {"The shelf gateway distributes the images to the ECUs.", []string{"Shelf gateway -> ECUs"}},
		"a protocol is no target":    {"The RTU reports over radio with DNP3 to the Shelf API.", []string{"RTU -> Shelf API"}},
		"behind a gateway":           {"The loan app talks to a REST API behind Azure API Management.", []string{"Loan app -> REST API", "Azure API Management -> REST API"}},
		"through, without a subject": {"Pictures are uploaded through the API gateway to the Shelf API.", []string{"API gateway -> Shelf API"}},
		"a heading as subject":       {"## Shelf API\n\nStores loans in MySQL.\n\n## Loan app\n\nCalls the Shelf API.", []string{"Shelf API -> MySQL", "Loan app -> Shelf API"}},
		"a label as subject":         {"- **Loan app.** Calls the Shelf API. Reads MySQL.\n- Page: served by the Shelf API\n", []string{"Loan app -> Shelf API", "MySQL -> Loan app"}},
		"a column of a table": {
			"| Component | Talks to |\n|---|---|\n| Loan app | Shelf API, Mail API |\n| Shelf API | MySQL |\n| Mail API | - |\n",
			[]string{"Loan app -> Shelf API", "Loan app -> Mail API", "Shelf API -> MySQL"},
		},
		"cells are clauses": {
			"| Component | Function |\n|---|---|\n| Loan app | shows loans; calls the Shelf API |\n| Shelf API | reads MySQL |\n",
			[]string{"Loan app -> Shelf API", "MySQL -> Shelf API"},
		},
		"people and firms by a bare noun": {"Suppliers upload files to an SFTP server. Operators log in to the web app.", []string{"Supplier -> SFTP server", "Operator -> Web app"}},
		"an account is no receiver":       {"A single technical user is used by the Loan API. The Loan API calls MySQL.", []string{"Loan API -> MySQL"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := flowNames(parse(t, tc.text))
			require.ElementsMatch(t, tc.want, got)
		})
	}
}

// TestPiecesOfHardware: hardware outside of the list of parts is found where the
// document speaks of it.
func TestPiecesOfHardware(t *testing.T) {
	t.Parallel()
	a := parse(t, "Processes: Arm Planner; Arm Console; Map Loader.\n\nData stores: Arm MySQL.\n\n"+
		"The Arm Planner drives one or more actuators. Actuators move. Parts talk over short-range links. A pump stands aside.")
	require.Subset(t, names(a), []string{"Actuators", "Short-range links"})
	require.False(t, slices.ContainsFunc(a.Elements, func(e stride.Element) bool { return e.Name == "Pump" }))
}
