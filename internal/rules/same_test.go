package rules

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// TestOneThingUnderTwoNames: what a rule asks of one thing under two names it asks
// once, also where the source hints at the control at one of them.
func TestOneThingUnderTwoNames(t *testing.T) {
	t.Parallel()
	planned := func(name string) *stride.Architecture {
		a := sketch(t, "Ledger vault:code_repository; "+name+":code_repository")
		a.Elements[1].Controls[stride.CodeReview] = stride.Control{State: stride.ControlUnknown, Evidence: []stride.Evidence{{Kind: stride.Quoted, Quote: "a second look is planned for next year"}}}
		return a
	}
	same := proposalsOf(Propose(planned("Ledger code"), Options{All: true}), "supply-unreviewed-change")
	require.Len(t, same, 1)
	require.ElementsMatch(t, []string{"Ledger vault", "Ledger code"}, same[0].Targets)
	require.Equal(t, "a second look is planned for next year", same[0].Evidence[0].Quote)
	require.Len(t, proposalsOf(Propose(planned("Firmware tree"), Options{All: true}), "supply-unreviewed-change"), 2)
}

// TestHintAtOneOfTwoNamesIsAsked: the name at which the source speaks of the control
// gets a question, and no second threat.
func TestHintAtOneOfTwoNamesIsAsked(t *testing.T) {
	t.Parallel()
	targets := func(second string) []string {
		var out []string
		a := sketch(t, "Heron bus:message_bus; "+second)
		for _, p := range proposalsOf(Propose(a, Options{}), "queue-flooding") {
			out = append(out, p.Targets...)
		}
		return out
	}
	require.Equal(t, []string{"Heron bus"}, targets("Heron stream:event_stream(Heron stream has a quota of some kind)"))
}

func TestKin(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text string
		want       bool
	}{
		{"a word that names", "Heron bus:message_bus; Heron stream:event_stream", true},
		{"a word of every name", "Order service:api; Billing service:api", false},
		{"another kind of part", "Heron bus:message_bus; Heron files:object_storage", false},
		{"the source says what it is", "Heron:message_bus; Stream:event_stream(Stream is the log of Heron)", true},
		{"nothing in common", "Heron:message_bus; Stream:event_stream(Stream is a log)", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := newDesign(sketch(t, tc.text))
			require.Equal(t, tc.want, d.nodes[0].kin(d.nodes[1]))
			require.Equal(t, tc.want, d.nodes[1].kin(d.nodes[0]))
		})
	}
}

// TestOneSentenceIsOneThreat: two rules on the same attack do not both rest on one
// sentence; two on different attacks may.
func TestOneSentenceIsOneThreat(t *testing.T) {
	t.Parallel()
	const said = "(Rover admin tools reach the Rover by SSH and VNC)"
	got := Propose(sketch(t, "Rover:robot"+said+"; Rover admin tools:service"+said), Options{All: true})
	require.Len(t, proposalsOf(got, "device-remote-login"), 1)
	require.Empty(t, proposalsOf(got, "told-remote-tool"))
	const other = "(Rover admin tools reach the desk by VNC)"
	got = Propose(sketch(t, "Rover:robot"+said+"; Rover admin tools:service"+other), Options{All: true})
	require.Len(t, proposalsOf(got, "told-remote-tool"), 1)
}

func TestConnectionsOfOneSenderOnce(t *testing.T) {
	t.Parallel()
	internal := func(text string) int {
		n := 0
		for _, p := range proposalsOf(Propose(sketch(t, text), Options{All: true}), "net-eavesdrop-internal") {
			n += len(p.TargetIDs)
		}
		return n
	}
	require.Zero(t, internal("App:mobile_app > Hub:service; Tools:service > App; Tools > Hub"), "each end is said to be open to a listener already")
	require.Equal(t, 1, internal("App:mobile_app > Hub:service; Tools:service > Hub"), "the sender is not")
}

func TestOneDirectionEncryptedIsBoth(t *testing.T) {
	t.Parallel()
	at := func(text string) []stride.Proposal {
		return proposalsOf(Propose(sketch(t, text), Options{All: true}), "net-eavesdrop-internal")
	}
	require.Empty(t, at("API:api~https > DB:mysql; DB > API"))
	require.Len(t, at("API:api > DB:mysql; DB > API"), 1)
}

func TestLocalFlowsCrossNoInternet(t *testing.T) {
	t.Parallel()
	const lan = "; Wi-Fi:wireless"
	at := func(text string) []stride.Proposal {
		return proposalsOf(Propose(sketch(t, text), Options{All: true}), "net-eavesdrop-open")
	}
	require.Empty(t, at("App:mobile_app > Local API:api"+lan))
	require.Len(t, at("App:mobile_app > Cloud API:api"+lan), 1)
	a := sketch(t, "App:mobile_app@internet > Local API:api"+lan)
	a.Flows[0].Controls[stride.EncryptionInTransit] = stride.Control{State: stride.ControlAbsent}
	got := proposalsOf(Propose(a, Options{All: true}), "net-eavesdrop-open")
	require.Len(t, got, 1)
	require.Contains(t, got[0].Statement, "crosses the local network")
	require.Empty(t, proposalsOf(Propose(sketch(t, "A:api~'on the same host' > B:api"), Options{All: true}), "net-eavesdrop-internal"))
}

func TestClassesByTheirMeaning(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, said string
		have, want []stride.DataClass
	}{
		{"transactions of a database", "keeps transactions in order", []stride.DataClass{stride.DataPayment, stride.DataBusiness}, []stride.DataClass{stride.DataBusiness}},
		{"transactions of a bank", "keeps transactions of the bank", []stride.DataClass{stride.DataPayment}, []stride.DataClass{stride.DataPayment}},
		{"keys of an API", "stores API keys", []stride.DataClass{stride.DataKeys}, []stride.DataClass{stride.DataCredentials}},
		{"keys that sign", "stores API keys and signing keys", []stride.DataClass{stride.DataKeys}, []stride.DataClass{stride.DataKeys}},
		{"a drawing", "", []stride.DataClass{stride.DataKeys}, []stride.DataClass{stride.DataKeys}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, tc.want, meantData(tc.have, wordsIn(tc.said)))
		})
	}
}

// TestKeepsQuietOfItsOwnParts: what another rule says of the same part, or what is no
// such part, is not said.
func TestKeepsQuietOfItsOwnParts(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, rule, with, without string }{
		{"an admission webhook is no third party", "third-leaked-key", "Gate:service > Hooks:third_party", "Gate:admission_controller > Webhook:third_party"},
		{"nor one that fails", "third-outage", "Gate:service > Hooks:third_party(Gate waits for Hooks)", "Gate:admission_controller > Webhook:third_party(Gate waits for Webhook)"},
		{"its address is a judge", "decision-fail-open", "Gate:admission_controller", "Webhook:third_party"},
		{"storage of a robot", "store-theft-at-rest", "Backend files:file_storage#credentials; Rover:robot", "Robot files:file_storage#credentials; Rover:robot"},
		{"commands on a bus", "device-recorded-command", "Arm:actuator; Rover:robot", "Arm:actuator; Rover:robot; CAN:field_bus"},
		{"a database and nothing more", "store-destruction", "API:api > Orders:mysql#business", "API:api > Database:mysql#business"},
		{"grants of which nothing is said", "store-loosened-access", "A:api > Orders:mysql(Orders has a role per program); B:api > Orders; C:api > A; C > B; D:api > A; D > B", "A:api > Database:mysql; B:api > Database; C:api > A; C > B; D:api > A; D > B"},
		{"any administrator", "log-denied-administration", "Release engineer:admin > CI:ci_cd", "Administrator:admin > CI:ci_cd"},
		{"a maker as any thing has", "device-supply-backdoor", "Rover:robot(Rover comes refurbished from a vendor)", "Rover:robot(Rover is named by its manufacturer)"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, proposalsOf(Propose(sketch(t, tc.with), Options{All: true}), tc.rule))
			require.Empty(t, proposalsOf(Propose(sketch(t, tc.without), Options{All: true}), tc.rule))
		})
	}
}

// TestOpenRadioIsNoInterface: that a radio network asks nobody is a threat of its own.
func TestOpenRadioIsNoInterface(t *testing.T) {
	t.Parallel()
	a := sketch(t, "Hall:wireless")
	a.Elements[0].Controls[stride.Authentication] = stride.Control{State: stride.ControlAbsent}
	got := Propose(a, Options{All: true})
	require.Len(t, proposalsOf(got, "device-open-radio"), 1)
	require.Empty(t, proposalsOf(got, "web-missing-authentication"))
}

func TestEnumerationTellsNothing(t *testing.T) {
	t.Parallel()
	at := func(quote string) []stride.Proposal {
		a := sketch(t, "Billing:worker")
		a.Elements[0].Evidence = []stride.Evidence{{Kind: stride.Quoted, Quote: quote}}
		return proposalsOf(Propose(a, Options{All: true}), "client-bundled-code")
	}
	require.Len(t, at("Billing is built with PHP"), 1)
	require.Empty(t, at("Processes: Billing (PHP); Portal; Cart; Desk; Mail"))
}
