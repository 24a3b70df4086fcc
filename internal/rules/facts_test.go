package rules

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// titles returns the titles of what the rule proposes for the sketch.
func titles(t *testing.T, text, rule string) []string {
	t.Helper()
	var out []string
	for _, p := range proposalsOf(Propose(sketch(t, text), Options{All: true}), rule) {
		out = append(out, p.Title)
	}
	return out
}

func TestSpecificRuleSilencesTheBroader(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, text, silent, loud string }{
		{"object readable by strangers, not the network path", "API:api > Files:object_storage#personal", "net-store-reachable", "store-public-object"},
		{"second person's review before misled reviewers", "Code:code_repository", "supply-review-abuse", "supply-unreviewed-change"},
		{"verdict intercepted, not any message", "API:api@dmz > Gate:admission_controller@network", "net-tamper-internal", "decision-spoofed-caller"},
		{"state of a cluster behind its API server", "Brain:control_plane > Etcd:key_value_store", "net-store-reachable", "store-bypassed-api"},
		{"portal of a provider with a drawn administrator", "Root:admin > Azure portal:admin_interface", "id-provider-console", "id-admin-takeover"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, titles(t, tc.text, tc.silent))
			require.NotEmpty(t, titles(t, tc.text, tc.loud))
		})
	}
}

// TestSilenceNeedsAProposal: once the specific attack is answered, the broader
// one speaks again.
func TestSilenceNeedsAProposal(t *testing.T) {
	t.Parallel()
	a := sketch(t, "Code:code_repository")
	a.Elements[0].Controls[stride.CodeReview] = stride.Control{State: stride.ControlPresent}
	got := Propose(a, Options{All: true})
	require.Empty(t, proposalsOf(got, "supply-unreviewed-change"))
	require.Len(t, proposalsOf(got, "supply-review-abuse"), 1)
}

func TestMostKeepsTheMostExposed(t *testing.T) {
	t.Parallel()
	text := "Quiet:api > DB:mysql; App:mobile_app > Quiet; Busy:api > DB; App > Busy; Kiosk:browser > Busy; Loud:api > DB; App > Loud; Kiosk > Loud"
	got := proposalsOf(Propose(sketch(t, text), Options{All: true}), "web-flooding")
	require.Len(t, got, 1)
	require.Equal(t, []string{"Busy", "Loud"}, got[0].Targets)
}

func TestWordingNamesWhatIsStated(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, rule, text, title string }{
		{"what a stranger gains", "web-missing-authentication", "App:mobile_app > Hub:api > Lamp:iot_device", "Unauthenticated calls to Hub"},
		{"the store behind", "web-missing-authentication", "App:mobile_app > API:api > DB:mysql", "Unauthenticated calls to API"},
		{"the model behind", "web-missing-authentication", "App:mobile_app > API:api > Scorer:ml_model", "Unauthenticated calls to API"},
		{"content with a complex format", "web-malformed-input", "App:mobile_app > Photo API:api", "Code run in Photo API by crafted image files"},
		{"who denies what", "log-denied-action", "Nurse:end_user > Tablet:mobile_app > Wards:api#health", "Nurse can deny changes of health data made through Wards"},
		{"users of a program", "log-denied-action", "Tablet:mobile_app > Wards:api#commands", "Users of Tablet can deny commands made through Wards"},
		{"the value that is forged", "client-trusted-validation", "App:mobile_app > Score API:api", "Altered scores and results sent past the checks of App to Score API"},
		{"the setting that goes wrong", "people-operator-error", "Root:operator~'changes by hand' > Arm:robot", "Mistake by Root in setting limits and operating mode on Arm"},
		{"a gateway takes the flood", "web-flooding", "App:mobile_app > Edge:gateway > API:api; App > API", "Request flood against Edge"},
		{"one name more than the limit", "secret-in-config", "A:config_store#keys; B:config_store#keys; C:config_store#keys", "Credentials read from A, B and C"},
		{"data of one store is not said of the other", "store-theft-at-rest", "A:mysql#keys; B:mysql#personal", "Copied files or snapshots of A and B disclose the data"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, []string{tc.title}, titles(t, tc.text, tc.rule))
		})
	}
}

// TestQuietWhereNothingIsStated lists designs that drew refusals from reviewers
// of generic drafts.
func TestQuietWhereNothingIsStated(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, rule, text string }{
		{"a local interface", "web-flooding", "App:mobile_app > Local API:api"},
		{"a file system of a container has no link", "store-public-object", "Shop:web_app > Ephemeral container storage:file_storage#personal"},
		{"a cable beside the radio", "device-jamming", "Wi-Fi:wireless(Wi-Fi and ethernet join the pump)"},
		{"updates that are signed", "device-malicious-update", "Update server:update_service(Update server hands out signed images)"},
		{"a network that is divided", "told-shared-segment", "Gateway:service(A firewall separates Gateway from the plant network)"},
		{"a machine denies nothing", "log-denied-action", "Worker:worker > API:api#personal"},
		{"payments are disputed at the provider", "log-denied-action", "User:end_user > Shop:web_app#payment > Pay:payment_service"},
		{"a script is no client of the public", "client-trusted-validation", "Cron:script > API:api#commands"},
		{"an identity provider signs people in", "web-missing-authentication", "App:mobile_app > API:api > DB:mysql; API > Login:identity_provider"},
		{"a provider's console has no default password", "id-admin-path", "Azure portal:admin_interface"},
		{"a deployment tool without any flow holds no keys that are stated", "supply-build-secrets", "Deployer:deployment_system"},
		{"the API server calls the webhook", "third-forged-callback", "Brain:control_plane > Hook:webhook_receiver"},
		{"a list of public keys is no vault", "secret-store-overreach", "Authorized keys:secret_store"},
		{"a store with one reader has no others' secrets", "secret-store-overreach", "Keys:secret_store > Fetcher:worker"},
		{"the account's policies guard a provider's table", "store-impersonated-client", "API:api > DynamoDB:key_value_store"},
		{"a virtual machine without a cluster joins nothing", "platform-agent-spoofing", "VM:cluster_node"},
		{"calls between a provider's services", "net-eavesdrop-internal", "API:api > Lambda resize:function"},
		{"a database of which only the word is said", "store-impersonated-client", "Data:database"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, titles(t, tc.text, tc.rule))
		})
	}
}

// TestStatedOfWhatIsInstalled: signed releases answer the question, wherever the source
// speaks of them; a denial does not.
func TestStatedOfWhatIsInstalled(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"Update server:update_service": 1,
		"Update server:update_service(Update server hands out images that are not signed)":                   1,
		"Update server:update_service; Builder:build_system(Builder makes releases with a signature)":        0,
		"Update server:update_service; Registry:artifact_registry(Registry should keep signed images later)": 1,
	} {
		require.Len(t, proposalsOf(Propose(sketch(t, text), Options{All: true}), "device-malicious-update"), want, text)
	}
}

// TestSignInBeforeTheClientCounts: users who sign in to the program that calls
// answer for the service behind it.
func TestSignInBeforeTheClientCounts(t *testing.T) {
	t.Parallel()
	a := sketch(t, "User:end_user > App:mobile_app > API:api > DB:mysql")
	require.NotEmpty(t, proposalsOf(Propose(a, Options{All: true}), "web-missing-authentication"))
	a.Flows[0].Controls[stride.Authentication] = stride.Control{State: stride.ControlPresent}
	got := Propose(a, Options{All: true})
	require.Empty(t, proposalsOf(got, "web-missing-authentication"))
	mitigated := false
	for _, m := range got.Mitigated {
		mitigated = mitigated || m.Rule == "web-missing-authentication"
	}
	require.True(t, mitigated, "shown as mitigated")
}

// TestStatedAbsenceSpeaks: who runs a database does not silence what the source
// denies of it.
func TestStatedAbsenceSpeaks(t *testing.T) {
	t.Parallel()
	a := with(sketch(t, "API:api > Azure PostgreSQL:postgresql"), stride.Authentication, stride.ControlAbsent)
	got := proposalsOf(Propose(a, Options{All: true}), "store-impersonated-client")
	require.Len(t, got, 1)
	require.Equal(t, stride.ConfidenceHigh, got[0].Confidence)
}

func TestHygieneIsOneNote(t *testing.T) {
	t.Parallel()
	notes := Propose(sketch(t, "App:mobile_app > API:api > DB:mysql"), Options{}).Notes
	require.Len(t, notes, 1)
	require.Contains(t, notes[0], "patching and input validation (API)")
	require.Contains(t, notes[0], "request logs with identities (API)")
	require.NotContains(t, notes[0], "limits on requests")
	require.Empty(t, Propose(sketch(t, "User:end_user"), Options{}).Notes)
}

// TestStatementNamesSeveralTargetsOnce: a list of names that comes back in every
// clause hides what is said of them.
func TestStatementNamesSeveralTargetsOnce(t *testing.T) {
	t.Parallel()
	got := proposalsOf(Propose(sketch(t, "A:queue; B:queue"), Options{All: true}), "queue-altered-message")
	require.Len(t, got, 1)
	require.Equal(t, 1, strings.Count(got[0].Statement, "A and B"))
	require.Contains(t, got[0].Statement, "each of them")
}

func TestPriorityPutsTheSpecificFirst(t *testing.T) {
	t.Parallel()
	list := []ranked{
		{stride.Proposal{ID: "b", Risk: risk(3, 3), Confidence: stride.ConfidenceLow}, 1},
		{stride.Proposal{ID: "c", Risk: risk(3, 3), Confidence: stride.ConfidenceLow}, 3},
		{stride.Proposal{ID: "a", Risk: risk(2, 3), Confidence: stride.ConfidenceHigh}, 3},
		{stride.Proposal{ID: "d", Risk: risk(3, 3), Confidence: stride.ConfidenceHigh}, 1},
	}
	var order strings.Builder
	for _, r := range sorted(list) {
		order.WriteString(r.ID)
	}
	require.Equal(t, "dacb", order.String(), "a stated gap of medium severity goes before a high guess")
}

func TestEveryCategoryKeepsAPlace(t *testing.T) {
	t.Parallel()
	var found []ranked
	for i := range 20 {
		found = append(found, ranked{stride.Proposal{ID: strings.Repeat("x", i+1), Category: stride.Tampering}, 1})
	}
	found = append(found, ranked{stride.Proposal{ID: "last", Category: stride.Repudiation}, 1})
	kept := within(found, 12)
	require.Len(t, kept, 12)
	require.Equal(t, "last", kept[11].ID)
	require.Len(t, within(found, 40), 21)
}

func TestVocabularyMatchesStems(t *testing.T) {
	t.Parallel()
	require.True(t, wordsIn("The Uploads-API").holds("upload"))
	require.True(t, wordsIn("sends 2 PHOTOS").holds("photo"))
	require.False(t, wordsIn("reupload").holds("upload"))
	require.False(t, wordsIn("").holds("upload"))
}

func BenchmarkFacts(b *testing.B) {
	a := generated(500)
	b.ReportAllocs()
	for b.Loop() {
		hygieneNotes(newDesign(a))
	}
}

// TestStatementNamesTheGain: what a stranger wins stands in the sentence.
func TestStatementNamesTheGain(t *testing.T) {
	t.Parallel()
	for text, gain := range map[string]string{
		"App:mobile_app > Hub:api > Lamp:iot_device":      "operate Lamp",
		"App:mobile_app > API:api > DB:mysql":             "read and change what lies in DB",
		"App:mobile_app > API:api > Scorer:ml_model":      "use Scorer at the owner's cost",
		"App:mobile_app > Local API:api; Lamp:iot_device": "operate the device behind it",
	} {
		got := proposalsOf(Propose(sketch(t, text), Options{All: true}), "web-missing-authentication")
		require.Len(t, got, 1, text)
		require.Contains(t, got[0].Statement, "without signing in and "+gain)
	}
}

// TestTellsReadsTheQuoteOfTheNearest: a sentence about several parts says of each
// what stands next to its name, and a denial says nothing.
func TestTellsReadsTheQuoteOfTheNearest(t *testing.T) {
	t.Parallel()
	both := "(HMI shows the process while Gauge is reached by TeamViewer)"
	got := proposalsOf(Propose(sketch(t, "HMI:controller"+both+"; Gauge:controller"+both), Options{All: true}), "told-remote-tool")
	require.Len(t, got, 1)
	require.Equal(t, []string{"Gauge"}, got[0].Targets)
	require.Empty(t, titles(t, "HMI:controller(HMI is never reached by TeamViewer)", "told-remote-tool"))
}

// TestPaymentNeedsAPayer: a provider that only pays out, or a ledger, has no cards
// to test and no dashboard to take over.
func TestPaymentNeedsAPayer(t *testing.T) {
	t.Parallel()
	for _, rule := range []string{"pay-stolen-card", "pay-account-takeover", "pay-denied-order", "pay-altered-amount"} {
		require.Empty(t, titles(t, "Desk:worker~'book a credit' > Ledger:payment_service+external", rule), rule)
	}
}

// TestAssistantIsWhoAsksTheModel: an index job beside it follows no orders.
func TestAssistantIsWhoAsksTheModel(t *testing.T) {
	t.Parallel()
	text := "User:end_user > Helper:llm_application > Model:llm; Embedding job:llm_application > Model"
	got := proposalsOf(Propose(sketch(t, text), Options{All: true}), "ml-prompt-injection")
	require.Len(t, got, 1)
	require.Equal(t, []string{"Helper"}, got[0].Targets)
}

// TestNamesThatOnlySoundLikeHardware: a backend named after devices has no case to
// open.
func TestNamesThatOnlySoundLikeHardware(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"Device cloud:iot_device", "Acme Motors:actuator", "Robot platform:robot"} {
		got := Propose(sketch(t, text), Options{All: true})
		for _, p := range got.Proposals {
			require.NotContains(t, p.Rule, "device-", text)
		}
	}
}
