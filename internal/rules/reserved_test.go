package rules

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// A reserved rule is held back where only a kind of part speaks for it: it comes with
// All, in its own field, and where the source denies the control.
func TestReservedRules(t *testing.T) {
	t.Parallel()
	held := func(design string) *stride.Architecture { return sketch(t, design) }
	for name, tc := range map[string]struct {
		rule, design string
		all          bool
		denied       stride.ControlName
		want         int
	}{
		"away from its field":       {"device-stopped-component", "Van:vehicle", false, "", 0},
		"with all":                  {"device-stopped-component", "Van:vehicle", true, "", 1},
		"in its field":              {"device-stopped-component", "Rover:robot", false, "", 1},
		"where the control is gone": {"device-stopped-component", "Van:vehicle", false, stride.Sandboxing, 1},
		"where the fact is told":    {"people-stolen-workstation", "Ann:developer(Ann pushes from a laptop over SSH) > API:api", false, "", 1},
		"without a field":           {"net-downgrade", "App:mobile_app~https > API:api", false, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var list []Rule
			for _, r := range List() {
				if r.ID == tc.rule {
					list = append(list, r)
				}
			}
			require.Len(t, list, 1)
			require.True(t, list[0].reserved)
			a := held(tc.design)
			if tc.denied != "" {
				a = with(a, tc.denied, stride.ControlAbsent)
			}
			got := propose(list, a, Options{All: tc.all})
			require.Len(t, got.Proposals, tc.want)
			require.Equal(t, tc.want == 0 && tc.rule != "net-downgrade", got.HeldBack == 1)
		})
	}
}

// What the source sets aside as out of scope is not proposed.
func TestSetAside(t *testing.T) {
	t.Parallel()
	const design = "Lock:iot_device; Code:code_repository; App:mobile_app > API:api"
	for name, tc := range map[string]struct {
		text, rule string
	}{
		"physical attacks":  {"Out of scope: physical attacks on the lock", "device-physical-access"},
		"supply chain":      {"Out of scope: compromise of the supply chain", "supply-unreviewed-change"},
		"denial of service": {"Out of scope: denial of service", "web-flooding"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := sketch(t, design)
			require.NotEmpty(t, proposalsOf(Propose(a, Options{All: true}), tc.rule))
			a.Assumptions = []stride.Assumption{{Text: tc.text}}
			require.Empty(t, proposalsOf(Propose(a, Options{All: true}), tc.rule))
			a.Assumptions = []stride.Assumption{{Text: "The lock withstands physical attacks, the supply chain and denial of service"}}
			require.NotEmpty(t, proposalsOf(Propose(a, Options{All: true}), tc.rule))
		})
	}
}

// What is said of the product is put at the heart of the design, whichever part the
// sentence names.
func TestToldOfTheWhole(t *testing.T) {
	t.Parallel()
	a := sketch(t, "Warden:service(Warden checks buckets of all accounts) > Buckets:object_storage; Warden > Mail:worker; Tool:command_line(Tool is distributed as a package and an image) > Warden")
	got := proposalsOf(Propose(a, Options{All: true}), "told-distributed-package")
	require.Len(t, got, 1)
	require.Equal(t, []string{"Warden"}, got[0].Targets)
}

// Internal eavesdropping needs a flow that the source states as such.
func TestDrawnFlows(t *testing.T) {
	t.Parallel()
	quoted := func(quote string) *stride.Architecture {
		a := sketch(t, "API:api > Worker:worker")
		a.Flows[0].Evidence = []stride.Evidence{{Kind: stride.Quoted, Quote: quote}}
		return a
	}
	for quote, want := range map[string]int{
		"API -> Worker: orders":                  1,
		"API to Worker":                          1,
		"While idle, the API asks the worker":    0,
		"| Orders | API | Worker | every hour |": 1,
	} {
		require.Len(t, proposalsOf(Propose(quoted(quote), Options{}), "net-eavesdrop-internal"), want, quote)
	}
	plain := quoted("While idle, the API asks the worker")
	plain.Flows[0].Protocol = "tcp"
	require.Len(t, proposalsOf(Propose(plain, Options{}), "net-eavesdrop-internal"), 1)
}

// A webhook that an API server calls about objects is no address for events.
func TestWebhooksOfAPIServers(t *testing.T) {
	t.Parallel()
	a := sketch(t, "Checks webhook:webhook_receiver(Checks webhook is used for validating custom resources); Stripe:payment_service; Nodes:cluster_node; Pod:container")
	got := Propose(a, Options{All: true})
	require.Empty(t, proposalsOf(got, "third-forged-callback"))
	require.NotEmpty(t, proposalsOf(got, "decision-direct-call"))
	require.NotEmpty(t, proposalsOf(got, "decision-fail-open"))
	events := sketch(t, "Events webhook:webhook_receiver(Events webhook is called when money has arrived); Stripe:payment_service; Nodes:cluster_node; Pod:container")
	require.NotEmpty(t, proposalsOf(Propose(events, Options{All: true}), "third-forged-callback"))
}

// A policy engine that nobody waits for lets nothing pass, and one that answers by
// relations refuses what it does not know.
func TestKindsOfPolicyEngines(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rule, design string
		want         bool
	}{
		"asked by a service":  {"decision-fail-open", "API:api > Gate:policy_engine(Gate judges each call of the API)", true},
		"asked by nobody":     {"decision-fail-open", "Gate:policy_engine(Gate looks for open buckets at night) > Buckets:object_storage", false},
		"lists what it knows": {"decision-unmatched", "Gate:policy_engine(Gate judges calls by rules)", true},
		"answers by relation": {"decision-unmatched", "Gate:policy_engine(Gate judges calls by relationship tuples)", false},
	} {
		got := proposalsOf(Propose(sketch(t, tc.design), Options{All: true}), tc.rule)
		require.Equal(t, tc.want, len(got) > 0, name)
	}
}

// Beside flows over HTTPS, one over plain TCP is no mere silence.
func TestPlainWaysAreNamed(t *testing.T) {
	t.Parallel()
	const site = "App:desktop_app~https > Site:web_app; "
	silent := Propose(sketch(t, site+"App > Lobby:service"), Options{})
	require.Empty(t, proposalsOf(silent, "net-eavesdrop-open"))
	named := proposalsOf(Propose(sketch(t, site+"App~tcp > Lobby:service; App > Hall:service"), Options{}), "net-eavesdrop-open")
	require.Len(t, named, 1)
	require.Equal(t, []string{"App to Lobby"}, named[0].Targets)
}

// Parts that others run, or that the system only looks at, have no threats of an owner.
func TestPartsOfOthers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		rule, quiet, speaks string
	}{
		"a site that is looked at":  {"supply-unreviewed-change", "Code site:code_repository(People browse Code site pages)", "Code site:code_repository(Merges to Code site are built)"},
		"the sign-in of the firm":   {"oauth-signing-key", "Company OIDC sign-on:identity_provider", "OIDC server:identity_provider"},
		"a role and no key":         {"third-leaked-key", "Resize:function > AWS Maps:third_party", "Resize:service > AWS Maps:third_party"},
		"a controller of objects":   {"web-flooding", "Ann:end_user > Loan controller:api; Nodes:cluster_node", "Ann:end_user > Loan API:api; Nodes:cluster_node"},
		"the addresses of machines": {"consensus-disclosed-layout", "Instance metadata service:service", "Metadata service:service"},
		"a score of demand":         {"decision-evaded-score", "Batch scoring:policy_engine(Batch scoring forecasts sales)", "Batch scoring:policy_engine(Batch scoring finds fraud)"},
	} {
		require.Empty(t, proposalsOf(Propose(sketch(t, tc.quiet), Options{All: true}), tc.rule), name)
		require.NotEmpty(t, proposalsOf(Propose(sketch(t, tc.speaks), Options{All: true}), tc.rule), name)
	}
}
