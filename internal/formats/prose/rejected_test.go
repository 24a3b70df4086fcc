package prose

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// saidOf lists who has the control in which state, apart by commas: "absent Portal",
// "present Portal to MySQL".
func saidOf(a stride.Architecture, control stride.ControlName) string {
	var out []string
	say := func(controls stride.Controls, name string) {
		if c, known := controls[control]; known && c.State != stride.ControlUnknown {
			out = append(out, string(c.State)+" "+name)
		}
	}
	for _, e := range a.Elements {
		say(e.Controls, e.Name)
	}
	for _, f := range a.Flows {
		say(f.Controls, a.TargetName(f.SourceID)+" to "+a.TargetName(f.TargetID))
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

// What a statement about a safeguard says reaches the parts that it is about, all of
// them and no other.
func TestWhomStatementsReach(t *testing.T) {
	t.Parallel()
	const (
		portal  = "Parents open the Grade portal in a browser. The Grade portal stores grades in PostgreSQL. "
		lake    = "The Ingest gateway publishes events to Kafka. Airflow starts the Churn worker. The Churn worker writes tables to MinIO. "
		bucket  = "The Photo API stores pictures in an S3 bucket. The bucket is encrypted at rest. "
		school  = "The Grade portal calls the Mark service and the Letter service over gRPC. The Letter service publishes events to RabbitMQ. "
		tickets = "Visitors use the Seat API. The Seat API stores seats in PostgreSQL and sessions in Redis. Stewards sign in to the Admin console. "
		reports = "A Report worker reads PostgreSQL and writes reports to an S3 bucket.\n\n"
		meter   = "The Heat controller sends readings to the Meter gateway over MQTT. "
	)
	for _, c := range []struct {
		text    string
		control stride.ControlName
		want    string
	}{
		{portal + "Passwords are hashed with bcrypt.", stride.EncryptionAtRest, ""},
		{portal + "The Grade portal keeps hashed passwords.", stride.EncryptionAtRest, ""},
		{portal + "Passwords are not hashed.", stride.EncryptionAtRest, "absent PostgreSQL"},
		{portal + "The disks are encrypted at rest.", stride.EncryptionAtRest, "present PostgreSQL"},

		{bucket + "Copies go to a second bucket, which is not encrypted.", stride.EncryptionAtRest, "present S3 bucket"},
		{bucket + "Another bucket for the website is not encrypted.", stride.EncryptionAtRest, "present S3 bucket"},
		{bucket + "It is replicated to a separate bucket without encryption.", stride.EncryptionAtRest, "present S3 bucket"},
		{bucket + "The API reads PostgreSQL. Database backups are copied to a second bucket, which is not encrypted.", stride.Backup, "present PostgreSQL"},
		{"A second bucket holds pictures. The Photo API reads the second bucket. The second bucket is not encrypted.", stride.EncryptionAtRest, "absent Bucket"},

		{lake + "Airflow connections hold database passwords in plain text.", stride.EncryptionAtRest, ""},
		{lake + "Airflow connections hold database passwords in plain text.", stride.SecretsManagement, "absent Airflow"},
		{lake + "The Churn worker keeps its API key in plain text.", stride.SecretsManagement, "absent Churn worker"},
		{portal + "The Grade portal stores passwords in plain text.", stride.EncryptionAtRest, "absent PostgreSQL"},
		{lake + "Container images are pulled from Docker Hub. Events are never deleted.", stride.DataMinimization, "absent Kafka"},
		{lake + "The Churn worker deletes old tables. Raw events are never deleted.", stride.DataMinimization, "absent Kafka"},
		{school + "The RabbitMQ management page uses the default password.", stride.UniqueCredentials, "absent RabbitMQ"},
		{school + "The RabbitMQ console uses the default password.", stride.UniqueCredentials, "absent RabbitMQ"},
		{tickets + "Login attempts are not rate limited.", stride.RateLimiting, "absent Admin console"},
		{"Guests use the Seat API through an AWS Application Load Balancer. Login attempts are not rate limited.", stride.RateLimiting, "absent Seat API"},
		{tickets + "There is no lockout after failed logins.", stride.RateLimiting, "absent Admin console"},
		{portal + "Login attempts are not rate limited.", stride.RateLimiting, "absent Grade portal"},

		{meter + "The Heat controller has a JTAG header that is not disabled in production.", stride.Authentication, "absent JTAG header"},
		{meter + "The debug port of the Heat controller is left enabled.", stride.Authentication, "absent Debug port"},
		{meter + "JTAG of the Heat controller is disabled in production.", stride.PhysicalProtection, ""},
		{meter + "The bootloader of the Heat controller allows downgrades.", stride.ReplayProtection, "absent Heat controller"},
		{meter + "It gets images from the Update server. The bootloader checks images but allows downgrades.", stride.ReplayProtection, "absent Heat controller"},
		{meter + "Its event log is kept in flash and can be cleared by anyone.", stride.LogIntegrity, "absent Event log"},
		{meter + "The log level can be changed. Users log in and their name can be edited.", stride.LogIntegrity, ""},
		{meter + "The event log of the Heat controller can be cleared from the service menu.", stride.LogIntegrity, "absent Event log"},
		{meter + "The audit log of the Heat controller cannot be deleted.", stride.LogIntegrity, "present Audit log"},
		{lake + "The Churn worker is built from images that are pulled without pinning or signature.", stride.DependencyScanning, "absent Churn worker"},
		{lake + "The Churn worker is built from images that are pulled without pinning or signature.", stride.CodeSigning, "absent Churn worker"},
		{portal + "\n- Login: there isnt one really", stride.Authentication, "absent Grade portal"},
		{portal + "A cron script reads PostgreSQL. Login: there isnt one really.", stride.Authentication, "absent Grade portal"},
		{portal + "\n\nLogin: there isnt one really, just a secret link.", stride.Authentication, "absent Grade portal"},
		{portal + "Right now the page is http only.", stride.EncryptionInTransit, "absent Grade portal"},
		{portal + "The pages are http/2.", stride.EncryptionInTransit, ""},
		{portal + "\n- Login: none", stride.Authentication, "absent Grade portal"},
		{portal + "The service account json of the Grade portal is in the git repo.", stride.SecretsManagement, "absent Grade portal"},
		{portal + "The source of the Grade portal is in the git repo.", stride.SecretsManagement, ""},
		{portal + "The Grade portal gives each parent a secret link, which never changes.", stride.SessionManagement, "absent Grade portal"},
		{portal + "The API key of the Grade portal never changes.", stride.SecretsManagement, "absent Grade portal"},
		{portal + "The layout of the Grade portal never changes.", stride.SecretsManagement, ""},
		{"Parents open the Grade portal. Right now its http!", stride.EncryptionInTransit, "absent Grade portal"},
		{school + "gRPC between the Grade portal and the services is not encrypted.", stride.EncryptionInTransit,
			"absent Grade portal to Letter service, absent Grade portal to Mark service"},

		{tickets + reports + "Queries are parameterized.", stride.ParameterizedQueries, "present Report worker, present Seat API"},
		{tickets + reports + "All queries use prepared statements.", stride.ParameterizedQueries, "present Report worker, present Seat API"},
		{tickets + reports + "Queries are not parameterized.", stride.ParameterizedQueries, "absent Report worker, absent Seat API"},
		{tickets + reports + "Queries to Redis use prepared statements.", stride.ParameterizedQueries, "present Redis"},
		{tickets + reports + "The Seat API uses prepared statements.", stride.ParameterizedQueries, "present Seat API"},
		{tickets + "All data is encrypted at rest.", stride.EncryptionAtRest, "present PostgreSQL, present Redis"},
	} {
		t.Run(string(c.control)+"/"+c.text[max(0, len(c.text)-60):], func(t *testing.T) {
			t.Parallel()
			a := parse(t, c.text)
			require.Empty(t, cmp.Diff(c.want, saidOf(a, c.control)), "parts: %v", names(a))
		})
	}
}

// A question is no evidence where the text also states something of the part.
func TestQuestionsAreNoEvidence(t *testing.T) {
	t.Parallel()
	a := parse(t, "The Shelf API reads MySQL. Is MySQL encrypted at rest? Should MySQL be replicated?")
	for _, e := range a.Elements {
		for _, ev := range e.Evidence {
			require.NotContains(t, ev.Quote, "?", e.Name)
		}
	}
	require.NotEmpty(t, named(t, parse(t, "The Shelf API reads MySQL. Does the Shelf API call the Price service?"), "Shelf API").Evidence)
}

// What a part ends is not said of what it sends on.
func TestTerminatedEncryptionGoesNoFurther(t *testing.T) {
	t.Parallel()
	a := parse(t, "A load balancer terminates TLS and passes requests to the loan service. The loan service reads MySQL.")
	require.NotEmpty(t, a.Flows)
	for _, f := range a.Flows {
		require.NotEqual(t, stride.ControlPresent, f.Controls.State(stride.EncryptionInTransit), f.Name)
		require.Empty(t, f.Protocol, f.Name)
	}
}
