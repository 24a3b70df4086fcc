package prose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// called lists each part with its aliases: "Name = alias, alias".
func called(a stride.Architecture) []string {
	out := []string{}
	for _, e := range a.Elements {
		name := e.Name
		for i, alias := range e.Aliases {
			name += map[bool]string{true: " = ", false: ", "}[i == 0] + alias
		}
		out = append(out, name)
	}
	return out
}

func TestTwins(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"product and instance": {
			"CockroachDB keeps the ledger. A CockroachDB instance replicates to other CockroachDB nodes. The web app queries CockroachDB.",
			[]string{"CockroachDB = CockroachDB nodes, CockroachDB instance", "Web app"},
		},
		"product and general word": {
			"NATS is used by the Order service. The NATS messaging system delivers messages. Clients connect to the NATS server.",
			[]string{"NATS = NATS messaging system, NATS server", "Order service", "Clients"},
		},
		"control plane": {
			"The Nomad control plane schedules work. Nomad calls the Mail API.",
			[]string{"Nomad control plane = Nomad", "Mail API"},
		},
		"a longer product is another": {"The web app calls GitHub. GitHub Actions deploys to EKS.", []string{"Web app", "GitHub", "GitHub Actions", "EKS"}},
		"the only bucket":             {"CloudFront reads the S3 website bucket. The S3 bucket is the origin.", []string{"CloudFront", "S3 website bucket = S3 bucket"}},
		"two buckets": {
			"The web app reads the S3 image bucket. The worker writes to the S3 log bucket.",
			[]string{"Web app", "S3 image bucket", "Worker", "S3 log bucket"},
		},
		"acronyms": {
			"An Internet of Things device sends telemetry to the Fleet API. The IoT device has a serial port.",
			[]string{"Internet of Things device", "Fleet API", "Serial port"},
		},
		"one API server": {
			"Developers call the Kubernetes API. The Kubernetes API server writes to etcd. The kube-apiserver calls the admission webhook. The API server logs requests.",
			[]string{"Developer", "Kubernetes API", "Etcd", "Admission webhook"},
		},
		"two databases": {
			"The Account API reads the User Database. The Order API reads the Order Database.",
			[]string{"Account API", "User Database", "Order API", "Order Database"},
		},
		"spellings": {
			"The web application calls the user DB. The administration console reads the user database. The web app logs in.",
			[]string{"Web application", "User DB", "Administration console"},
		},
		"singular and plural": {
			"Package registries serve packages. The web app pulls from the package registry.",
			[]string{"Package registry", "Web app"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, cmp.Diff(tc.want, called(parse(t, tc.text))))
		})
	}
}

func TestExamplesAreNoParts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"such as":           {"The Orders API stores documents in a store such as MinIO, S3 or Ceph. The Orders API calls Keycloak.", []string{"Orders API", "Keycloak"}},
		"for example":       {"The web app calls MySQL. Alerts can go to a pager, for example Opsgenie.", []string{"Web app", "MySQL"}},
		"e.g.":              {"The web app calls MySQL (e.g. Azure Database for MySQL) and chat tools (e.g. Slack, Discord).", []string{"Web app", "MySQL"}},
		"can integrate":     {"The web app stores orders in PostgreSQL. It can integrate with Okta, Auth0 and Keycloak.", []string{"Web app", "PostgreSQL"}},
		"unlike":            {"Unlike Kafka, NATS is small. The Order service publishes to NATS instead of RabbitMQ. It is similar to Redis Streams.", []string{"NATS", "Order service"}},
		"not":               {"The web app stores orders in PostgreSQL, not MySQL.", []string{"Web app", "PostgreSQL"}},
		"used elsewhere":    {"Mail goes through services such as SendGrid. The web app calls SendGrid.", []string{"SendGrid", "Web app"}},
		"does integrate":    {"The web app integrates with Okta and calls MySQL.", []string{"Web app", "Okta", "MySQL"}},
		"as is no such as":  {"The web app uses MySQL as its database and calls Okta.", []string{"Web app", "MySQL", "Okta"}},
		"like, a verb":      {"Customers like Stripe. The web app calls Stripe.", []string{"Customer", "Stripe", "Web app"}},
		"what is not there": {"Instead of a load balancer, the web app uses Cloudflare.", []string{"Web app", "Cloudflare"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ElementsMatch(t, tc.want, names(parse(t, tc.text)))
		})
	}
}

func TestDescribedParts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"bold labels": {
			"## System\n\n**Ingest worker**: consumes events from Kafka.\n\n**Query Front**: answers questions over HTTPS.\n\n**Security considerations**: none.\n",
			[]string{"Ingest worker", "Kafka", "Query Front"},
		},
		"list labels": {
			"It has these:\n\n- Letter Maker - prints letters for Kafka\n- Overview - this text\n- Goals - be fast\n- Encryption - uses TLS\n",
			[]string{"Letter Maker", "Kafka"},
		},
		"numbered": {
			"1. Letter Maker. It prints letters.\n2. Tenant Keeper. Stores the tenants in MySQL.\n3. Deployment. It runs on EKS.\n",
			[]string{"Tenant Keeper", "MySQL", "EKS"},
		},
		"a table": {
			"| Part | What it does |\n|---|---|\n| Letter Maker | prints letters |\n| Tenant Keeper | keeps tenants |\n\n| Risk | Owner |\n|---|---|\n| Print Fraud | nobody |\n",
			[]string{"Letter Maker", "Tenant Keeper"},
		},
		"headings": {
			"# Design\n\n## Letter Maker\n\nIt takes orders from the order queue and prints them.\n\n## Security considerations\n\nIt uses what the platform offers for everybody.\n\n## Goals\n\nIt runs as fast as anybody could ever want it.\n",
			[]string{"Letter Maker", "Order queue"},
		},
		"actors and actions": {
			"## Actors\n\n### Policy Author\n\nWrites policies.\n\n### Report Keeper\n\nKeeps the results.\n\n## Actions\n\n### Author applies a policy\n\nThe Policy Author sends the policy to the API server.\n",
			[]string{"Policy Author", "Report Keeper", "API server"},
		},
		"labels of actors": {
			"## Actors\n\ntideland (control plane). A deployment that watches the API server.\n\nInit Helper. Runs before the application and calls the API server.\n\n",
			[]string{"Tideland", "API server", "Init Helper"},
		},
		"numbers of items": {
			"Processes\n- P1 Collector: takes events\n- P2 Enricher: adds places\n\nData stores\n- D1 Kafka cluster `main`: events\n\nFlows\n1. P1 -> D1 (`raw`): events\n2. D1 -> P2 -> D1: events\n",
			[]string{"Collector", "Enricher", "Kafka cluster"},
		},
		"counts are no names": {"The web app calls 40 drones and 900 npm packages. Six PLCs call the web app.", []string{"Web app", "Drones", "Npm packages", "PLCs"}},
		"generic names": {
			"The Robot code deployment infrastructure pushes packages to the robot. The Operator terminal sends commands to the robot. The Cloud control plane monitors the robot.",
			[]string{"Robot code deployment infrastructure", "Robot", "Operator terminal", "Cloud control plane"},
		},
		"constants and compounds": {"The web app calls MySQL with NET_ADMIN, SLACK_WEBHOOK and Access-Control-Allow-Origin on a multi-cluster, large-volume site.", []string{"Web app", "MySQL"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, cmp.Diff(tc.want, names(parse(t, tc.text))))
		})
	}
}

func TestManagedServices(t *testing.T) {
	t.Parallel()
	a := parse(t, "The web app calls Amazon SQS, DynamoDB, Cosmos DB, BigQuery, PostgreSQL and the firewall. An AWS Lambda function reads the S3 bucket.")
	managed := map[string]bool{}
	for _, e := range a.Elements {
		managed[e.Name] = e.HasTag("managed_service")
	}
	require.Empty(t, cmp.Diff(map[string]bool{
		"Web app": false, "Amazon SQS": true, "DynamoDB": true, "Cosmos DB": true, "BigQuery": true, "PostgreSQL": false, "Firewall": false,
		"AWS Lambda": true, "S3 bucket": true,
	}, managed))
}
