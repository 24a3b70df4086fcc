package prose

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// stated lists what an Architecture says of safeguards: "Part: control state",
// with the ends of a flow as its name.
func stated(a stride.Architecture) []string {
	out := []string{}
	add := func(name string, controls stride.Controls) {
		for _, n := range stride.ControlNames() {
			if c, ok := controls[n]; ok {
				out = append(out, name+": "+string(n)+" "+string(c.State))
			}
		}
	}
	for _, e := range a.Elements {
		add(e.Name, e.Controls)
	}
	for _, f := range a.Flows {
		add(a.TargetName(f.SourceID)+" -> "+a.TargetName(f.TargetID), f.Controls)
	}
	return out
}

func TestAbsentControls(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"of people":           {"Admins use the admin console. We don't use MFA for admins.", []string{"Admin: multi_factor absent"}},
		"typographic mark":    {"Admins use the admin console. We don’t use MFA for admins.", []string{"Admin: multi_factor absent"}},
		"two in one sentence": {"The Order API reads Redis. Redis has no password and is reachable from the whole cluster.", []string{"Redis: authentication absent", "Redis: network_isolation absent"}},
		"a second thing":      {"The Order API reads Redis. Redis has no password but is in a private subnet.", []string{"Redis: authentication absent", "Redis: network_isolation present"}},
		"stored plainly":      {"The Payment Service stores card numbers in MySQL in plain text.", []string{"MySQL: encryption_at_rest absent"}},
		"stored unencrypted":  {"The Payment Service stores card numbers unencrypted in MySQL.", []string{"MySQL: encryption_at_rest absent"}},
		"sent plainly":        {"The Payment Service sends card numbers to the Audit API in plain text.", []string{"Payment Service -> Audit API: encryption_in_transit absent"}},
		"a plain connection":  {"The web app stores orders in MySQL over an unencrypted connection.", []string{"Web app -> MySQL: encryption_in_transit absent"}},
		"only a format":       {"The Order API reads MySQL. The Order API answers in plain text.", []string{}},
		"data without a part": {"The web app uses PostgreSQL. Passwords are stored in plain text.", []string{"PostgreSQL: encryption_at_rest absent"}},
		"the data":            {"The web app uses PostgreSQL. The passwords are stored in plain text.", []string{"PostgreSQL: encryption_at_rest absent"}},
		"over HTTP":           {"The web app calls the Order API over HTTP.", []string{"Web app -> Order API: encryption_in_transit absent"}},
		"over FTP":            {"The Billing service uploads files to the Export Server via FTP.", []string{"Billing service -> Export Server: encryption_in_transit absent"}},
		"over LDAP":           {"The web app queries Keycloak over LDAP.", []string{"Web app -> Keycloak: encryption_in_transit absent"}},
		"LDAP with TLS":       {"The web app queries Keycloak over LDAP with TLS.", []string{"Web app -> Keycloak: encryption_in_transit present"}},
		"MQTT by itself":      {"The Meter Gateway publishes readings to Mosquitto over MQTT.", []string{}},
		"MQTT without TLS":    {"The Meter Gateway publishes readings to Mosquitto over MQTT without TLS.", []string{"Meter Gateway -> Mosquitto: encryption_in_transit absent"}},
		"HTTP/2":              {"The web app calls the Order API over HTTP/2.", []string{}},
		"HTTP requests":       {"The web app sends HTTP requests to the Order API.", []string{}},
		"denied HTTP":         {"The web app calls the Order API, never over HTTP.", []string{}},
		"said to be safe":     {"The web app calls the Order API over HTTP. All traffic is encrypted with TLS.", []string{"Web app -> Order API: encryption_in_transit present"}},
		"no validation":       {"The web app calls the Order API. The Order API does not validate input.", []string{"Order API: input_validation absent"}},
		"there is none":       {"Customers use the web app. The web app calls the Order API. There is no rate limit yet.", []string{"Web app: rate_limiting absent"}},
		"none outside":        {"Customers use the web app. The web app calls the Order API.\n\n## Limits\n\nThere is no rate limit yet.", []string{"Web app: rate_limiting absent"}},
		"no second factor":    {"Staff use the HR portal. The HR portal reads MySQL.\n\n## Security\n\nThere's no MFA. There is no encryption at rest.", []string{"HR portal: multi_factor absent", "MySQL: encryption_at_rest absent"}},
		"under a heading":     {"## Booking API\n\nWritten in Go. There is no input validation.\n\n## Flows\n\nGuests call the Booking API.", []string{"Booking API: input_validation absent"}},
		"no encryption":       {"Guests call the Booking API. The Booking API calls the Mail API over TLS. There is no encryption in transit.", []string{"Guest -> Booking API: encryption_in_transit absent", "Booking API -> Mail API: encryption_in_transit present"}},
		"a client limits not": {"The mobile app calls the Order API.\n\n## Limits\n\nThere is no rate limit yet.", []string{"Order API: rate_limiting absent"}},
		"every call":          {"Partners call the API gateway. The API gateway calls the Order API. All API calls are rate limited.", []string{"API gateway: rate_limiting present"}},
		"every call to one":   {"Partners call the API gateway. The API gateway calls the Order API. All requests to the Order API are rate limited.", []string{"Order API: rate_limiting present"}},
		"background":          {"Customers use the web app. Rate limiting is an old idea.", []string{}},
		"no backup":           {"The web app uses PostgreSQL. We have no backups.", []string{"PostgreSQL: backup absent"}},
		"nothing to back up":  {"Customers use the web app. We have no backups.", []string{}},
		"no audit log":        {"The web app calls the Order API. No audit log is kept.", []string{"Web app: audit_logging absent"}},
		"the safeguard first": {"The web app uses PostgreSQL. Backups are not taken.", []string{"PostgreSQL: backup absent"}},
		"calls in general":    {"Partners call the Order API. API requests aren't rate limited.", []string{"Order API: rate_limiting absent"}},
		"used as":             {"The web app uses Redis. Redis is used as a session cache without a password.", []string{"Redis: authentication absent"}},
		"nobody reviews":      {"Developers push code to GitHub. Nobody reviews changes.", []string{"GitHub: code_review absent"}},
		"one instance":        {"The web app uses PostgreSQL. PostgreSQL runs as a single instance.", []string{"PostgreSQL: redundancy absent"}},
		"an enumeration":      {"The Order API reads Redis. The Order API does not provide multi-factor authentication, audit logging or rate limiting.", []string{"Order API: multi_factor absent", "Order API: rate_limiting absent", "Order API: audit_logging absent"}},
		"left open":           {"The Order API reads Redis. The source does not state authentication or encryption of Redis.", []string{"Redis: authentication unknown", "Redis: encryption_in_transit unknown"}},
		"an exception":        {"The Order API reads MySQL and Redis. All data stores are encrypted at rest except MySQL.", []string{"MySQL: encryption_at_rest absent", "Redis: encryption_at_rest present"}},
		"a clause that denies": {
			"The web app calls the Order API. The Order API reads MySQL. The traffic between the web app and the Order API is encrypted but the traffic between the Order API and MySQL is not.",
			[]string{"Web app: encryption_in_transit present", "MySQL -> Order API: encryption_in_transit absent"},
		},
		"a question":      {"The Order API reads MySQL. Is MySQL encrypted at rest?", []string{}},
		"what was":        {"The Order API reads MySQL. MySQL was encrypted at rest until the migration.", []string{}},
		"old TLS":         {"The web app calls the Order API over TLS 1.0.", []string{"Web app -> Order API: encryption_in_transit absent"}},
		"no longer":       {"The web app calls the Order API. The Order API no longer lacks authentication.", []string{"Order API: authentication present"}},
		"all of it":       {"The web app calls the Order API. All traffic uses mutual TLS.", []string{"Web app -> Order API: mutual_authentication present", "Web app -> Order API: encryption_in_transit present"}},
		"none of them":    {"The web app calls the Order API. The Order API calls Stripe. None of the data flows is encrypted.", []string{"Web app -> Order API: encryption_in_transit absent", "Order API -> Stripe: encryption_in_transit absent"}},
		"unauthenticated": {"The web app reads Elasticsearch without authentication.", []string{"Elasticsearch: authentication absent"}},
		"a process that is called": {
			"The web app calls the Payment API over HTTPS. The Payment API has no authentication.",
			[]string{"Payment API: authentication absent", "Web app -> Payment API: encryption_in_transit present"},
		},
		"nothing without it": {
			"Customers use the web app. No request reaches the web app without authentication. The web app writes to PostgreSQL.",
			[]string{"Web app: authentication present"},
		},
		"nobody without it": {
			"Customers use the web app. No user can log in without MFA. The web app writes to PostgreSQL.",
			[]string{"Customer: multi_factor present", "Web app: authentication present"},
		},
		"never without it": {
			"Customers use the web app. The web app never calls PostgreSQL without encryption.",
			[]string{"PostgreSQL: encryption_in_transit present"},
		},
		"not a password in the code": {
			"The web app calls the Payment API. The Payment API requires authentication and there is no password in the code.",
			[]string{"Payment API: authentication present"},
		},
		"something else": {"Customers use the web app. There is no password policy. Visitors who are not logged in see the web app.", []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, cmp.Diff(tc.want, stated(parse(t, tc.text))))
		})
	}
}

// TestDeniedPartsAreNone: what the text says is not there is no part.
func TestDeniedPartsAreNone(t *testing.T) {
	t.Parallel()
	a := parse(t, "The web app uses PostgreSQL. There is no firewall, no audit log is kept and the web app runs without a load balancer.")
	require.Equal(t, []string{"Web app", "PostgreSQL"}, names(a))
}

func TestCallsAreNoPart(t *testing.T) {
	t.Parallel()
	a := parse(t, "Partners use the API gateway. API calls are rate limited.")
	require.Equal(t, []string{"Partner", "API gateway"}, names(a))
	require.Equal(t, []string{"API gateway: rate_limiting present"}, stated(a))
}

func TestPartsAndPaths(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text  string
		parts []string
		flows []string
	}{
		"through a proxy": {
			"Visitors use the Vue single-page app (SPA). The SPA logs in with Keycloak and calls the Booking API through the NGINX ingress. The Booking API stores visits in PostgreSQL.",
			[]string{"Visitor", "Vue single-page app", "Keycloak", "Booking API", "NGINX ingress", "PostgreSQL"},
			[]string{
				"Visitor -> Vue single-page app", "Vue single-page app -> Keycloak", "Vue single-page app -> NGINX ingress",
				"NGINX ingress -> Booking API", "Booking API -> PostgreSQL",
			},
		},
		"through a queue": {
			"The web app sends orders through RabbitMQ to the Billing service.",
			[]string{"Web app", "RabbitMQ", "Billing service"},
			[]string{"Web app -> RabbitMQ", "RabbitMQ -> Billing service"},
		},
		"a capital qualifier is part of a name": {
			"The Transfer API sends transfers to the Core Banking mainframe.",
			[]string{"Transfer API", "Core Banking mainframe"},
			[]string{"Transfer API -> Core Banking mainframe"},
		},
		"a model and who runs it": {
			"The chatbot sends questions to GPT-4 hosted by OpenAI. The LLM answers. OpenAI is paid monthly.",
			[]string{"Chatbot", "GPT-4"},
			[]string{"Chatbot -> GPT-4"},
		},
		"a maker stands for its model": {
			"The chatbot calls the OpenAI API. The chatbot sends summaries to GPT-4.",
			[]string{"Chatbot", "OpenAI API"},
			[]string{"Chatbot -> OpenAI API"},
		},
		"two models are two": {
			"The chatbot calls GPT-4 and Claude.",
			[]string{"Chatbot", "GPT-4", "Claude"},
			[]string{"Chatbot -> GPT-4", "Chatbot -> Claude"},
		},
		"where people sit": {
			"Analysts query MongoDB from their laptops.",
			[]string{"Analyst", "MongoDB", "Laptop"},
			[]string{"Analyst -> MongoDB"},
		},
		"where people read": {
			"Analysts read MongoDB from their laptops.",
			[]string{"Analyst", "MongoDB", "Laptop"},
			[]string{"Analyst -> MongoDB"},
		},
		"logs that are kept": {
			"The web app writes logs in Elasticsearch.",
			[]string{"Web app", "Elasticsearch"},
			[]string{"Web app -> Elasticsearch"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := parse(t, tc.text)
			require.Empty(t, cmp.Diff(tc.parts, names(a)))
			require.Empty(t, cmp.Diff(tc.flows, flowNames(a)))
		})
	}
}

func TestLanguage(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text    string
		foreign bool
		want    []string
	}{
		"English": {"The web app stores orders in PostgreSQL and calls Stripe. The Billing service reads them.", false, []string{"Web app", "PostgreSQL", "Stripe", "Billing service"}},
		"a list": {
			"Processes: Lending Client; Catalogue API; Overdue Letter Worker; Search API.\n\nData stores: Lending PostgreSQL; Letter Queue; Image Bucket; Audit Log.\n", false,
			[]string{"Lending Client", "Catalogue API", "Overdue Letter Worker", "Search API", "Lending PostgreSQL", "Letter Queue", "Image Bucket", "Audit Log"},
		},
		"German": {
			"Die Anwendung speichert Bestellungen in PostgreSQL und die API ruft Stripe auf. AWS und der Administrator verwalten die Daten mit dem Laptop.", true, []string{},
		},
		"French": {
			"L'application enregistre les achats dans PostgreSQL. Le client se connecte avec Keycloak et le serveur envoie les messages dans Kafka.", true, []string{},
		},
		"Russian": {"Приложение хранит заказы в PostgreSQL и вызывает Stripe. Клиенты входят через Keycloak каждый день.", true, []string{}},
		"Finnish": {
			"Sovellus tallentaa kaikki tilaukset PostgreSQL tietokantaan joka ilta. Asiakas kirjautuu palveluun Keycloak tunnuksilla joka kerta uudelleen. " +
				"Taustaprosessi lukee viestit Kafka jonosta ja kirjoittaa raportit levylle.", true, []string{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, notes, err := Parse(source(tc.text))
			require.NoError(t, err)
			require.Equal(t, tc.foreign, strings.Contains(strings.Join(notes, "\n"), "does not look English"))
			require.Empty(t, cmp.Diff(tc.want, names(a)))
		})
	}
}
