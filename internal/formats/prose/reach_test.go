package prose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// carried lists each flow with its protocol and, with a plus, what is encrypted.
func carried(a stride.Architecture) []string {
	out := []string{}
	for i, name := range flowNames(a) {
		f := a.Flows[i]
		if f.Protocol != "" {
			name += " " + f.Protocol
		}
		switch f.Controls.State(stride.EncryptionInTransit) {
		case stride.ControlPresent:
			name += " +"
		case stride.ControlAbsent:
			name += " -"
		}
		out = append(out, name)
	}
	return out
}

func TestEachFlowHasItsOwn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"two protocols":        {"The app talks to the API over HTTPS and to the broker over MQTT.", []string{"App -> API https +", "App -> Broker mqtt"}},
		"one for all":          {"The web app calls Stripe, Twilio and the Search API over HTTPS.", []string{"Web app -> Stripe https +", "Web app -> Twilio https +", "Web app -> Search API https +"}},
		"before the object":    {"The web app sends orders over TLS to the Search API.", []string{"Web app -> Search API tls +"}},
		"at the beginning":     {"Over HTTPS, the web app calls the Search API.", []string{"Web app -> Search API https +"}},
		"a clause of its own":  {"The web app calls the Search API, and the Search API writes to MySQL over TLS.", []string{"Web app -> Search API", "Search API -> MySQL tls +"}},
		"one plain, one not":   {"The web app calls the Search API over HTTPS and the Mail API over HTTP.", []string{"Web app -> Search API https +", "Web app -> Mail API http -"}},
		"data is sent":         {"Orders are sent by the web app to the Search API over AMQPS.", []string{"Web app -> Search API amqps +"}},
		"what comes from":      {"Readings from the water meters go to the Fleet API over TLS.", []string{"Water meters -> Fleet API tls +"}},
		"one after the other":  {"Readings from the water meters go to the Fleet API, then to Kafka.", []string{"Water meters -> Fleet API", "Fleet API -> Kafka"}},
		"from and to":          {"Logs are shipped from the Search API to Splunk.", []string{"Search API -> Splunk"}},
		"to and by":            {"Orders are sent to the Search API by the web app.", []string{"Web app -> Search API"}},
		"arrows in a text":     {"The flows:\n\nBrowser -> Web Portal: form over HTTPS\nWeb Portal → Ledger Service (gRPC)\nLedger Service --> PostgreSQL : SQL over TLS\n", []string{"Browser -> Web Portal https +", "Web Portal -> Ledger Service grpc", "Ledger Service -> PostgreSQL tls +"}},
		"arrows in a fence":    {"```\nBrowser -> Web Portal: form over HTTPS\nWeb Portal -> PostgreSQL\n```\n", []string{"Browser -> Web Portal https +", "Web Portal -> PostgreSQL"}},
		"code is no drawing":   {"The web app calls MySQL.\n\n```\nlet f = (API) -> { Redis };\n```\n```rust\nfn Redis() -> Kafka\n```\n", []string{"Web app -> MySQL"}},
		"several ends":         {"Web Portal -> MySQL, Redis: rows", []string{"Web Portal -> MySQL", "Web Portal -> Redis"}},
		"both ways":            {"Web Portal <-> Schema Registry: schemas", []string{"Web Portal -> Schema Registry", "Schema Registry -> Web Portal"}},
		"fronted":              {"The web app is fronted by Cloudflare.", []string{"Cloudflare -> Web app"}},
		"behind":               {"The Search API sits behind nginx.", []string{"Nginx -> Search API"}},
		"access":               {"The Billing service has access to MySQL. The helpdesk bot is given read access to Jira.", []string{"Billing service -> MySQL", "Helpdesk bot -> Jira"}},
		"backs up":             {"PostgreSQL backs up to S3.", []string{"PostgreSQL -> S3"}},
		"pulls":                {"The kubelet pulls images from Docker Hub.", []string{"Docker Hub -> Kubelet"}},
		"mounts":               {"The worker mounts an EFS volume.", []string{"Worker -> EFS volume"}},
		"federates":            {"Keycloak federates with Okta.", []string{"Keycloak -> Okta"}},
		"people read stores":   {"Analysts read MongoDB from laptops.", []string{"Analyst -> MongoDB"}},
		"the model":            {"The chatbot calls GPT-4. The model can call the SQL tool.", []string{"Chatbot -> GPT-4", "GPT-4 -> SQL tool"}},
		"a program":            {"The wallet app calls the Search API.", []string{"Wallet app -> Search API"}},
		"a lower-case program": {"The web app calls MySQL. kubectl calls the web app.", []string{"Web app -> MySQL", "Kubectl -> Web app"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, cmp.Diff(tc.want, carried(parse(t, tc.text))))
		})
	}
}

func TestWherePartsRun(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text, part, zone string
		kind             stride.ZoneKind
	}{
		"enclave":     {"The Signing API runs inside an SGX enclave.", "Signing API", "SGX enclave", stride.ZoneEnclave},
		"browser":     {"The React frontend runs in the browser and calls MySQL.", "React frontend", "Browser", stride.ZoneBrowser},
		"vehicle":     {"The Route service is installed on the vehicle and calls MySQL.", "Route service", "Vehicle", stride.ZoneVehicle},
		"phone":       {"The companion app runs on the user's phone.", "Companion app", "User's phone", stride.ZoneDevice},
		"on premises": {"The Billing service is deployed on-premises.", "Billing service", "on-premises", stride.ZoneOnPrem},
		"host":        {"The Billing service is hosted on a bare-metal host.", "Billing service", "Bare-metal host", stride.ZoneHost},
		"outside":     {"The Billing service is outside of the VPC and calls MySQL.", "Billing service", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := parse(t, tc.text)
			zones := map[stride.Key]stride.TrustBoundary{}
			for _, z := range a.TrustBoundaries {
				zones[z.ID] = z
			}
			for _, e := range a.Elements {
				if e.Name == tc.part {
					require.Equal(t, tc.zone, zones[e.Zone].Name)
					require.Equal(t, tc.kind, zones[e.Zone].Kind)
					return
				}
			}
			require.Fail(t, "no such part", "%s in %v", tc.part, names(a))
		})
	}
}
