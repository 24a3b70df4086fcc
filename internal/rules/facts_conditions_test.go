package rules

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// TestWhatMakesAnAttackWorthSaying: each pair differs in the one fact that the rule
// rests on.
func TestWhatMakesAnAttackWorthSaying(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, rule, with, without string }{
		{"credentials typed on the page", "web-cross-site-scripting", "Browser:browser > Site:web_app#credentials", "Browser:browser > Site:web_app#telemetry"},
		{"an app that holds keys", "client-reverse-engineering", "App:mobile_app#keys", "App:mobile_app#tokens"},
		{"an app that steers a robot", "client-reverse-engineering", "App:mobile_app > Rover:robot", "App:mobile_app > Lamp:iot_device"},
		{"an archive from callers", "web-path-traversal", "App:mobile_app~'sends zip' > API:api > Share:file_storage", "App:mobile_app~'sends report' > API:api > Share:file_storage"},
		{"a small medium by name", "store-saturation", "A:worker > SD card log:log_store; B:worker > SD card log", "A:worker > SD card log:log_store"},
		{"a database of the owner's", "store-saturation", "A:api > DB:mysql(DB is on disk of the hub); B:api > DB", "A:api > Azure SQL:mysql(Azure SQL is on disk of the hub); B:api > Azure SQL"},
		{"an administrator at the very part", "store-unaccountable-change", "Root:admin > DB:mysql", "Root:admin > API:api > DB:mysql#business"},
		{"an administrator who changes", "people-operator-error", "Root:admin~'changes alerts' > Arm:robot", "Root:admin~'views alerts' > Arm:robot"},
		{"a disk of the owner's", "store-theft-at-rest", "DB:key_value_store#health", "Cosmos DB:key_value_store#health"},
		{"a tool that builds", "supply-build-secrets", "Argo Workflows:ci_cd", "Argo CD:ci_cd"},
		{"a stop that is told", "device-false-stop", "Rover:robot(Rover has an emergency stop); Arm:actuator", "Rover:robot(Rover can stop); Arm:actuator"},
		{"a domain that is told", "web-domain-takeover", "Browser:browser > Site:web_app(Site has a custom domain)", "Browser:browser > Site:web_app(Site has pages)"},
		{"a workload that strangers reach", "platform-container-escape", "Browser:browser > Pod:container; Node:cluster_node", "API:api > Pod:container; Node:cluster_node"},
		{"several who publish", "queue-repudiation", "A:api > Jobs:queue; B:api > Jobs", "A:api > Jobs:queue; Jobs > B:worker"},
		{"a login that is of the machine", "id-admin-takeover", "Root:admin > Tool:worker~https > Rover:robot", "Root:admin > Tool:worker~ssh > Rover:robot"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Len(t, proposalsOf(Propose(sketch(t, tc.with), Options{All: true}), tc.rule), 1)
			require.Empty(t, proposalsOf(Propose(sketch(t, tc.without), Options{All: true}), tc.rule))
		})
	}
}

// TestOneLoginIsOneThreat: what is denied of the password of a device, and who
// administers it, is said by the login to it.
func TestOneLoginIsOneThreat(t *testing.T) {
	t.Parallel()
	a := sketch(t, "Root:admin~ssh > Lamps:iot_device")
	a.Elements[1].Controls = stride.Controls{stride.UniqueCredentials: quoted(stride.ControlAbsent, "All Lamps have the same password.")}
	got := Propose(a, Options{All: true})
	require.Len(t, proposalsOf(got, "device-remote-login"), 1)
	require.Equal(t, stride.ConfidenceHigh, proposalsOf(got, "device-remote-login")[0].Confidence)
	for _, rule := range []string{"device-botnet", "id-admin-takeover", "id-admin-impersonation", "stated-unique-credentials"} {
		require.Empty(t, proposalsOf(got, rule), rule)
	}
}

// TestOneAppHasTwoThreats: of an app that holds tokens and keys, the device under it
// is not said besides.
func TestOneAppHasTwoThreats(t *testing.T) {
	t.Parallel()
	got := Propose(sketch(t, "App:mobile_app#tokens+keys"), Options{All: true})
	require.Len(t, proposalsOf(got, "client-token-theft"), 1)
	require.Len(t, proposalsOf(got, "client-reverse-engineering"), 1)
	require.Empty(t, proposalsOf(got, "client-compromised-device"))
}

// TestTwoNamesOfOneJudge: what the source denies of one part that judges is not
// guessed of another.
func TestTwoNamesOfOneJudge(t *testing.T) {
	t.Parallel()
	a := sketch(t, "Gatekeeper:admission_controller; Policy webhook:admission_controller")
	require.Len(t, proposalsOf(Propose(a, Options{All: true}), "decision-fail-open")[0].TargetIDs, 1)
	a.Elements[0].Controls = stride.Controls{stride.FailClosed: quoted(stride.ControlAbsent, "Gatekeeper lets requests pass on a timeout.")}
	got := proposalsOf(Propose(a, Options{All: true}), "decision-fail-open")
	require.Len(t, got, 1)
	require.Equal(t, []stride.Key{"gatekeeper"}, got[0].TargetIDs)
}

// TestHarmFitsTheThing: a lamp injures nobody.
func TestHarmFitsTheThing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"App:api > Arm:actuator#commands":         "injury or damage by commands",
		"App:api > Lamp:iot_device#commands":      "a device that does what its owner never meant by commands",
		"App:api > Door lock:iot_device#commands": "a door that opens or stays shut",
	} {
		got := proposalsOf(Propose(sketch(t, text), Options{All: true}), "device-unsafe-command")
		require.Len(t, got, 1)
		require.Contains(t, got[0].Statement, want)
	}
	for text, want := range map[string]string{
		"Probe:sensor":               "causing wrong decisions and records",
		"Probe:sensor; Arm:actuator": "causing wrong and possibly unsafe behaviour",
	} {
		got := proposalsOf(Propose(sketch(t, text), Options{All: true}), "device-spoofed-sensor")
		require.Len(t, got, 1)
		require.Contains(t, got[0].Statement, want)
	}
}

// TestLogsLoseWhatReachesThem: only classes that the source sends there are named.
func TestLogsLoseWhatReachesThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"API:api > Debug log:log_store":          "read and export what was logged there",
		"API:api > Debug log:log_store#personal": "read and export personal data there",
	} {
		got := proposalsOf(Propose(sketch(t, text), Options{All: true}), "log-leak")
		require.Len(t, got, 1)
		require.Contains(t, got[0].Statement, want)
	}
}

// TestQuotesAreAboutTheControl: a sentence about something else does not stand for
// what the source says of the control.
func TestQuotesAreAboutTheControl(t *testing.T) {
	t.Parallel()
	for quote, want := range map[string]string{
		"Encryption of DB is planned.": "of encryption at rest the design says no more than “Encryption of DB is planned”",
		"The vendor picks a product.":  "no encryption at rest is stated",
	} {
		a := sketch(t, "DB:mysql#health")
		a.Elements[0].Controls = stride.Controls{stride.EncryptionAtRest: quoted(stride.ControlUnknown, quote)}
		got := proposalsOf(Propose(a, Options{All: true}), "store-theft-at-rest")
		require.Len(t, got, 1)
		require.Contains(t, got[0].Statement, want)
	}
}
