package rules

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// TestInteractionsNameBothEnds: what is said of a flow names its ends, its protocol
// and who else is at them.
func TestInteractionsNameBothEnds(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, rule, text, want string }{
		{
			"protocol by label", "flow-unproven-sender", "Scanner:service~'DICOM studies' > Archive:service",
			"send Archive messages in the name of Scanner, or ask it for data as Scanner does because DICOM proves no sender by itself",
		},
		{
			"protocol of the flow", "flow-unproven-sender", "Ward:service~mllp > Lab:service",
			"because MLLP proves no sender by itself",
		},
		{
			"all senders", "flow-mixed-orders", "Fleet:service > Rover:robot#commands; Pad:mobile_app > Rover",
			"Rover takes commands from Fleet and Pad",
		},
		{
			"gate and what lies behind", "flow-round-the-gate", "Edge:api_gateway(Edge checks the JWT of each call) > Orders:api",
			"Edge signs callers in and Orders lies behind it",
		},
		{
			"staff and strangers", "flow-content-for-staff", "User:end_user > Shop:web_app > DB:mysql; Root:admin > Desk:admin_interface > DB",
			"enter script or formulas that Desk shows to Root",
		},
		{
			"what a takeover opens", "flow-stepping-stone", "Site:web_app > Core:service > DB:mysql; Core > Lamp:iot_device",
			"against DB and Lamp because it holds what opens DB and Lamp",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := proposalsOf(Propose(sketch(t, tc.text), Options{All: true}), tc.rule)
			require.Len(t, got, 1)
			require.Contains(t, got[0].Statement, tc.want)
		})
	}
}

// TestInteractionsKeepQuiet: where a tunnel, a person, a provider or another part
// answers, nothing is said.
func TestInteractionsKeepQuiet(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, rule, text string }{
		{"protocol over TLS", "flow-unproven-sender", "Scanner:service~'DICOM' > Archive:service~https; Desk:desktop_app~https > Archive"},
		{"a person sends no protocol", "flow-unproven-sender", "Doctor:end_user~'reads DICOM' > Archive:service"},
		{"one sender", "flow-mixed-orders", "Fleet:service > Rover:robot#commands"},
		{"no commands", "flow-mixed-orders", "Fleet:service > Rover:robot; Pad:mobile_app > Rover"},
		{"no sign-in at the gate", "flow-round-the-gate", "Edge:api_gateway > Orders:api"},
		{"staff's own content", "flow-content-for-staff", "Root:admin > Desk:admin_interface > DB:mysql; Jobs:worker > DB"},
		{"users of the system itself", "flow-disputed-exchange", "User:end_user > Clearing:api#business"},
		{"nothing behind it matters", "flow-stepping-stone", "Site:web_app > Core:service > A:service; Core > B:service"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			a := sketch(t, tc.text)
			if tc.name == "protocol over TLS" {
				a.Flows[0].Protocol = "tls"
			}
			require.Empty(t, proposalsOf(Propose(a, Options{All: true}), tc.rule))
		})
	}
}

// TestConsequencesFitThePart: what is lost and what is set is that of the part.
func TestConsequencesFitThePart(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, rule, text, has, hasNot string }{
		{"nobody pays at a portal", "client-lookalike", "Browser:browser > Portal:web_app#credentials", "people sign in there", "pay"},
		{"a shop is paid", "client-lookalike", "Browser:browser > Shop:web_app#credentials > Card:payment_service", "people sign in and pay there", ""},
		{"domain of a portal", "web-domain-takeover", "Browser:browser > Portal:web_app#credentials; Names:dns", "visitors who sign in at an impostor", "pay"},
		{"settings of a console", "people-operator-error", "Root:admin~'changes by hand' > Seats:admin_interface", "accounts and roles", "policies"},
		{"settings of a provider's console", "people-operator-error", "Root:admin~'changes by hand' > Azure portal:admin_interface", "roles and access", "firewall"},
		{"settings of an issuer", "people-operator-error", "Root:admin~'changes by hand' > Internal CA:identity_provider", "who may ask for which name", "redirect"},
		{"settings of an OAuth provider", "people-operator-error", "Root:admin~'changes by hand' > Keycloak:identity_provider", "registered clients", "redirect"},
		{"an event that counts", "third-replayed-callback", "Pay:payment_service > Events:webhook_receiver", "what the event sets off happening twice", "goods"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			got := proposalsOf(Propose(sketch(t, tc.text), Options{All: true}), tc.rule)
			require.Len(t, got, 1)
			require.Contains(t, got[0].Statement, tc.has)
			if tc.hasNot != "" {
				require.NotContains(t, got[0].Statement, tc.hasNot)
			}
		})
	}
}

// TestAttacksOfOtherFieldsKeepQuiet lists parts whose tag alone would bring in an
// attack that does not fit them.
func TestAttacksOfOtherFieldsKeepQuiet(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, rule, text string }{
		{"one device is no botnet", "device-botnet", "Router:iot_device"},
		{"a part inside of a machine", "device-botnet", "Battery management system:iot_device"},
		{"a hook that says read again", "third-replayed-callback", "Code:code_repository > Events:webhook_receiver"},
		{"a resolver owns no zone", "dns-redirection", "Local resolver:dns"},
		{"a tool for servers", "device-altered-delivery", "Ansible:deployment_system; Rover:robot"},
		{"a tool for clusters", "device-intercepted-delivery", "Helm:deployment_system; Lamp:iot_device"},
		{"a log service does not fill up", "store-saturation", "App:mobile_app > API:api > Access logs:log_store#telemetry"},
		{"a function has no host", "platform-container-escape", "App:mobile_app > Sample workload:container; Resize:function"},
		{"the runtime is no workload", "platform-container-escape", "Docker:container; Node:cluster_node"},
		{"containers of one machine", "platform-agent-spoofing", "Docker Compose:orchestrator; Node:cluster_node"},
		{"a tag that is read", "device-radio-interception", "RFID:wireless"},
		{"a second way in", "id-provider-outage", "Login:identity_provider; Keycloak:identity_provider"},
		{"visitors of a shop with accounts", "web-missing-authentication", "User:end_user > Shop:web_app(people log in by password) > DB:mysql"},
		{"whoever signs with SAML", "saml-wrapped-assertion", "Corporate SAML provider:identity_provider"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, proposalsOf(Propose(sketch(t, tc.text), Options{All: true}), tc.rule))
		})
	}
}

// TestPracticesThatAreAnswered: a sentence that tells of a practice and of its
// control, or a control that is stated, makes no threat.
func TestPracticesThatAreAnswered(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		want       int
	}{
		{"the key alone", "Issuer:service(Issuer keeps the signing key on disk)", 1},
		{"the key in hardware", "Issuer:service(Issuer keeps the signing key in an HSM)", 0},
		{"another part says where it is", "Issuer:service(Issuer keeps the signing key on disk); Vault:secret_store(The signing key of Vault is in an HSM)", 0},
		{"not in hardware", "Issuer:service(Issuer keeps the signing key in a file and not in an HSM)", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Len(t, proposalsOf(Propose(sketch(t, tc.text), Options{All: true}), "told-signing-authority"), tc.want)
		})
	}
}

// TestNoExceptionWithoutARule: where the source says that nobody reviews, there is
// nothing to be exempt from.
func TestNoExceptionWithoutARule(t *testing.T) {
	t.Parallel()
	a := sketch(t, "Code:code_repository(bots and an exception reach Code)")
	require.Len(t, proposalsOf(Propose(a, Options{All: true}), "supply-exempt-change"), 1)
	require.Empty(t, proposalsOf(Propose(with(a, stride.CodeReview, stride.ControlAbsent), Options{All: true}), "supply-exempt-change"))
}

// TestCoreIsNotLeftOut: a main part of which nothing was kept gets the best that was
// found, in place of the last, and no ceiling is passed.
func TestCoreIsNotLeftOut(t *testing.T) {
	t.Parallel()
	d := newDesign(sketch(t, "User:end_user > Site:web_app > API:api > DB:mysql; API > Cache:cache"))
	about := func(score int, target stride.Key) ranked {
		return ranked{Proposal: stride.Proposal{ID: string(target), Risk: risk(score, 4), TargetIDs: []stride.Key{target}}}
	}
	site, api, db, cache := about(4, "site"), about(3, "api"), about(2, "db"), about(1, "cache")
	require.Equal(t, []ranked{site, api}, d.withCore([]ranked{site, cache}, []ranked{site, api, db, cache}, 2))
	require.Equal(t, []ranked{site, api, cache}, d.withCore([]ranked{site, cache}, []ranked{site, api, db, cache}, 3))
	require.Equal(t, []ranked{site, api}, d.withCore([]ranked{site, api}, []ranked{site, api, db, cache}, 2))
}
