package prose

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// holders returns the names of the parts that have the control in the state.
func holders(a stride.Architecture, control stride.ControlName, state stride.ControlState) []string {
	var out []string
	for _, e := range a.Elements {
		if c, said := e.Controls[control]; said && c.State == state {
			out = append(out, e.Name)
		}
	}
	return out
}

// A statement belongs to the part of its block, its brackets or its subject, not to
// some other part that happens to stand near.
func TestStatementsBelongToTheirPart(t *testing.T) {
	t.Parallel()
	const orchard = "Growers use the Orchard portal. The Orchard portal calls the Crate API. The Crate API reads the Harvest database. "
	for name, tc := range map[string]struct {
		text    string
		control stride.ControlName
		state   stride.ControlState
		want    []string
	}{
		"an item with a zone and a type, whether or not the control fits": {
			"Components:\n- Crate API [Inner Net] (rest-api): Serves growers.\n- Label Storage [Outer Net] (blob-storage): Labels, with links valid for one year.\n- Orchard Console [Outer Net] (web-app): Used by the office.\n",
			stride.SessionManagement, stride.ControlAbsent, []string{"Label Storage"},
		},
		"a later sentence of such an item": {
			"Components:\n- Gate Door [Outer Net] (load-balancer): Entry point.\n- Badge Directory [Inner Net] (identity-provider): Sign-in of growers by password. MFA is optional.\n- Crate API [Inner Net] (rest-api): Serves growers.\n",
			stride.MultiFactor, stride.ControlAbsent, []string{"Badge Directory"},
		},
		"a kind before the name": {
			"Elements\n\nWeb Server: Orchard portal. Shows crates.\n\nData Store: Crate ledger. PostgreSQL for crates, without a backup.\n\nExternal Interactor: Mail Relay. Sends notes.\n",
			stride.Backup, stride.ControlAbsent, []string{"Crate ledger"},
		},
		"brackets in a list": {
			"Data stores: App Notebook (on the phone); Harvest Database (stores crates); Weighing Log (is a log; not signed).\n\nProcesses: Crate API; Scale Service; Picker App; Gate Service.",
			stride.IntegrityCheck, stride.ControlAbsent, []string{"Weighing Log"},
		},
		"it is the subject of the sentence before": {
			orchard + "The Ladder portal sends weights to the Crate API. It has no authentication.",
			stride.Authentication, stride.ControlAbsent, []string{"Ladder portal"},
		},
		"a subject behind what is said in passing": {
			orchard + "The Crate API fetches weights for the Scale worker. It is not rate limited.",
			stride.RateLimiting, stride.ControlAbsent, []string{"Crate API"},
		},
		"an endpoint with a label": {
			orchard + "The Scale worker sends weights to the Crate API.\n\nProbe endpoint. The Scale worker listens on port 9000 for probes. It serves HTTP and has no authentication.",
			stride.Authentication, stride.ControlAbsent, []string{"Probe endpoint"},
		},
		"tokens are those of the one who signs users in": {
			orchard + "The Badge identity provider signs growers in for the Orchard portal.\n\nAccess tokens live 15 minutes.",
			stride.SessionManagement, stride.ControlPresent, []string{"Badge identity provider"},
		},
		"a clause about the system at large": {
			"Tidecrate is a message broker for crates. Tidecrate stores crates on a local disk. The Weigh tool calls Tidecrate.\n\n- The Weigh tool reads weights.\n- Quotas on bytes per grower; there is no limit on the number of connections.",
			stride.Quotas, stride.ControlAbsent, []string{"Tidecrate"},
		},
		"data events that are off": {
			orchard + "The Harvest trail is CloudTrail: management events are on; data events are not because of cost.",
			stride.AuditLogging, stride.ControlAbsent, []string{"CloudTrail"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, cmp.Diff(tc.want, holders(parse(t, tc.text), tc.control, tc.state)))
		})
	}
}

// Phrases that look like statements of a missing safeguard and are none.
func TestWhatDeniesNothing(t *testing.T) {
	t.Parallel()
	x := extractor{phrases: controlIndex(), weaknesses: weaknessIndex(), safeguards: patternIndex(safeguardTable), denied: deniedIndex()}
	for _, text := range []string{
		"no third-party audit has been made",
		"there was no security audit and no penetration test",
		"the notebooks run with one instance role",
		"public videos need no authentication",
		"keep growers from gaining more permissions than their role has",
		"the store is an append-only topic",
		"holds authorization requests and authorization codes",
	} {
		require.Empty(t, x.controlsIn(text), text)
	}
}

// What is off or optional by default is not there, and a short life of tokens is.
func TestDefaultsAndLifetimes(t *testing.T) {
	t.Parallel()
	x := extractor{phrases: controlIndex(), weaknesses: weaknessIndex(), safeguards: patternIndex(safeguardTable), denied: deniedIndex()}
	for text, want := range map[string]finding{
		"2fa optional for operators":                   {name: stride.MultiFactor, state: stride.ControlAbsent},
		"tls off by default":                           {name: stride.EncryptionInTransit, state: stride.ControlAbsent},
		"access is anonymous by default":               {name: stride.Authentication, state: stride.ControlAbsent},
		"data events off":                              {name: stride.AuditLogging, state: stride.ControlAbsent},
		"the account is db_owner":                      {name: stride.LeastPrivilege, state: stride.ControlAbsent},
		"tokens are valid for 30 minutes":              {name: stride.SessionManagement, state: stride.ControlPresent},
		"sessions expire after 8 hours":                {name: stride.SessionManagement, state: stride.ControlPresent},
		"app notes (on disk); weight log (not signed)": {name: stride.IntegrityCheck, state: stride.ControlAbsent},
	} {
		require.True(t, slices.ContainsFunc(x.controlsIn(text), func(f finding) bool { return f.name == want.name && f.state == want.state }), text)
	}
}

// Sentences that speak of something which is no part are evidence of no part that
// only stands near.
func TestWhoIsNotHeard(t *testing.T) {
	t.Parallel()
	const orchard = "Growers open the Orchard portal. The Orchard portal calls the Crate API. The Crate API is reached through the company VPN. The Crate API reads the Harvest database.\n\n"
	a := parse(t, orchard+"An outside labelling company gets write access to the label prefix.")
	require.Empty(t, cmp.Diff([]string{"Labelling company"}, hearers(a, "labelling company gets")))
	a = parse(t, orchard+"The Owner Portal is a web application where owners set prices. Login by e-mail address and password; a second factor comes later.")
	require.Empty(t, cmp.Diff([]string{"Owner Portal"}, hearers(a, "Login by e-mail")))
	a = parse(t, orchard+"The Ladder portal is reachable from the company VPN and has a shared login.")
	require.Empty(t, cmp.Diff([]string{"Ladder portal"}, hearers(a, "shared login")))
}

// Programs that a text calls by a common noun or introduces by a label are parts;
// verbs, roles and settings are none.
func TestPartsOfDesignDocuments(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"a definite noun that acts in three sentences": {
			"The agent reads the Seed database. The agent runs as root. Each agent sends samples to the Crate API. The Crate API writes to Redis.",
			[]string{"Agent", "Seed database", "Crate API", "Redis"},
		},
		"labels in lower case below a title": {
			"Non-goals\n- Metrics.\n\nArchitecture\n\nseed-agent. A daemon that sends samples to the Crate API.\n\nseed-controller. A program with two replicas. It assigns SeedCheck objects.\n\nSeedCheck CRD. Namespaced. It has a timeout.\n\nSample Gateway. A small service outside the cluster.\n",
			[]string{"seed-agent", "Crate API", "seed-controller", "SeedCheck CRD", "Sample Gateway"},
		},
		"a title between two lists": {
			"Goals\n- Fewer crates.\nComponents\n- Crate API: REST API.\n- Seed Keeper: sorts seeds.\n",
			[]string{"Crate API", "Seed Keeper"},
		},
		"verbs of an item": {
			"The Crate API serves growers.\n\nViewing: the Crate API reads live tasks from Redis, streams pod logs, and shows them.",
			[]string{"Crate API", "Redis"},
		},
		"settings and roles of a database": {
			"The Crate API writes to the Label bucket with SSE-S3. The Crate API calls the Seed database as svc-crate, which is db_owner.",
			[]string{"Crate API", "Label bucket", "Seed database"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var names []string
			for _, e := range parse(t, tc.text).Elements {
				names = append(names, e.Name)
			}
			require.Empty(t, cmp.Diff(tc.want, names))
		})
	}
}
