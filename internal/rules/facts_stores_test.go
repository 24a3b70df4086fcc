package rules

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestNothingOnWhatHasNoSuchThing pairs, for each rule, a part that lacks what the
// attack needs with one that has it.
func TestNothingOnWhatHasNoSuchThing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, rule, quiet, loud string }{
		{"an embedded engine has no network path", "net-store-reachable", "App:mobile_app > API:api > RocksDB:key_value_store#personal", "App:mobile_app > API:api > Redis DB:key_value_store#personal"},
		{"wiring inside a device is no network", "net-eavesdrop-internal", "Driver:worker@device > Planner:worker@device", "Driver:worker@network > Planner:worker@network"},
		{"a clone of a repository goes over HTTPS or SSH", "net-eavesdrop-internal", "Code:code_repository > Builder:build_system", "Worker:worker > Mailer:worker"},
		{"an object store speaks HTTPS", "net-eavesdrop-internal", "Worker:worker > Files:object_storage", "Worker:worker > DB:mysql"},
		{"another company's service speaks HTTPS", "net-eavesdrop-open", "API:api > Geo:third_party", "API:api > Geo:third_party#health"},
		{"an algorithm has no binaries", "platform-component-tampering", "Raft protocol:consensus(Raft protocol runs from a signed image)", "Raft server:consensus(Raft server runs from a signed image)"},
		{"a side panel is no agent of a cluster", "platform-agent-spoofing", "Side panel:agent", "Node agent:agent"},
		{"an application that chains model calls schedules no workloads", "platform-control-flooding", "App:mobile_app > Chain:orchestrator > Assistant:llm_application", "App:mobile_app > Chain:orchestrator > Pod:container"},
		{"a provider's queue cannot fill up", "queue-flooding", "SQS jobs:queue", "Jobs:queue"},
		{"a stream of remote calls keeps no messages", "queue-read-message", "xDS stream:event_stream", "Order stream:event_stream"},
		{"schemas are no software", "supply-replaced-artifact", "Schema registry:artifact_registry", "Image registry:artifact_registry"},
		{"a signing tool runs no builds", "supply-build-secrets", "Cosign:ci_cd", "Pipeline:ci_cd"},
		{"a tool that may be integrated is no part", "supply-deployment-takeover", "Deployer:deployment_system(can integrate with Deployer)", "Deployer:deployment_system(deploys with Deployer)"},
		{"people's passwords are not read by workloads", "secret-store-overreach", "Password manager:secret_store", "Secret manager:secret_store"},
		{"a key chip serves one device", "secret-store-overreach", "Secure Enclave:secret_store", "Vault:secret_store"},
		{"a fraud score judges no workloads", "decision-exemption", "Fraud scoring:policy_engine", "Gate:policy_engine(Gate judges pods at admission)"},
		{"a container's image holds no samples", "ml-poisoned-data", "Training image:training_data; Registry:artifact_registry", "Training samples:training_data; Registry:artifact_registry"},
		{"parts of an extension share no network", "net-eavesdrop-open", "Content script:browser > Background worker:worker", "Content page:browser > Job worker:worker"},
		{"a web site's files are public", "store-public-object", "Website files:object_storage#personal", "Invoice files:object_storage#personal"},
		{"a fleet of machines without a cluster", "platform-agent-climb", "EC2:cluster_node; Brain:control_plane", "Node:cluster_node; Brain:control_plane"},
		{"packages for vehicles are no web pages", "platform-delivery-tampering", "Car:vehicle > Packages:cdn; Browser:browser > Site:web_app", "Browser:browser > Packages:cdn"},
		{"a hosted index has no grants of its own", "store-loosened-access", "A:worker > Pinecone:vector_store; B:worker > Pinecone", "A:worker > Vectors:vector_store; B:worker > Vectors"},
		{"a packet filter judges no requests", "decision-waf-bypass", "Plant firewall:waf", "Web application firewall:waf"},
		{"a public chain elects no leader", "consensus-forged-leader", "Bitcoin nodes:consensus", "Raft nodes:consensus"},
		{"satellites are heard by everybody", "net-eavesdrop-open", "GNSS satellites:external > Rover:robot", "Pilot app:mobile_app > Rover API:api"},
		{"a file in the app is no peer", "net-tamper-open", "App:mobile_app > SQLite:mysql", "App:mobile_app > DB:mysql"},
		{"notices to phones are no queue", "queue-read-message", "Push hub:queue", "Jobs:queue"},
		{"one sender and one reader share nothing", "queue-flooding", "API:api > Jobs:queue > Worker:worker", "API:api > Jobs:queue > Worker:worker; Site:web_app > Jobs"},
		{"a part of the platform reports to no control plane", "platform-agent-climb", "Certificate agent:agent; Brain:control_plane", "Node agent:agent; Brain:control_plane"},
		{"a scanner of code runs no builds", "supply-build-secrets", "CodeQL:ci_cd", "Pipeline:ci_cd"},
		{"dependencies are no package", "supply-dependency", "Dependency:package_dependency", "Chart packages:package_dependency"},
		{"a role signs in nowhere", "id-admin-impersonation", "Non-root user:admin", "Root user:admin"},
		{"a provider's filter has no host", "decision-waf-bypass", "AWS WAF:waf", "AWS WAF:waf(AWS WAF runs in count mode)"},
		{"a plug-in has no older firmware", "device-firmware-rollback", "Plugin updates:update_service", "Updates:update_service"},
		{"whoever reviews holds nothing", "people-stolen-workstation", "Maintainer:developer(Every change is read by a Maintainer)", "Maintainer:developer(A Maintainer may publish releases)"},
		{"a cache asks for no password", "store-shared-credentials", "API:api(API uses an IAM role) > DB:mysql", "API:api > DB:mysql"},
		{"a released archive is for everybody", "store-public-object", "Release files:object_storage#business; Index:artifact_registry", "Invoice files:object_storage#business; Index:artifact_registry"},
		{"metrics detect no attack", "log-blind-spot", "Metrics:monitoring", "SIEM:monitoring"},
		{"a configuration store already tells where credentials lie", "store-shared-credentials", "Settings:config_store > API:api > DB:mysql", "API:api > DB:mysql"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, titles(t, tc.quiet, tc.rule))
			require.NotEmpty(t, titles(t, tc.loud, tc.rule))
		})
	}
}

// TestBareStoreStandsBesideItsName: a description that says "a key-value database"
// and then its name has one database.
func TestBareStoreStandsBesideItsName(t *testing.T) {
	t.Parallel()
	d := newDesign(sketch(t, "Key-value database:key_value_store; Ledger:key_value_store; Worker:worker > Ledger"))
	require.True(t, d.nodes[0].bare())
	require.False(t, d.nodes[1].bare())
	alone := newDesign(sketch(t, "Key-value database:key_value_store"))
	require.False(t, alone.nodes[0].bare(), "the only database there is")
}

// TestManyFlowsAreCounted: a title does not list a dozen ends.
func TestManyFlowsAreCounted(t *testing.T) {
	t.Parallel()
	text := "A:worker > B:worker; A > C:worker; A > D:worker"
	require.Equal(t, []string{"Interception of internal traffic: the flow from A to B and 2 other flows"}, titles(t, text, "net-eavesdrop-internal"))
}
