package draft_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/draft"
	"github.com/threatdraft/threatdraft/internal/stride"
)

func runOn(t *testing.T, text string) draft.Output {
	t.Helper()
	out, err := draft.New().Run(t.Context(), draft.Input{
		Sources: []stride.Source{{ID: "s", Content: []byte(text)}}, All: true,
	}, nil)
	require.NoError(t, err)
	return out
}

// A rule threatens a target once, also where one flow at it denies a control
// that another does not mention; storage holds proposals to that.
func TestProposalsAreUnique(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"one caller without redundancy": "The order service calls Stripe to charge cards. The billing service calls Stripe to charge cards. " +
			"The order service runs as a single instance without redundancy.",
		"one flow in the clear": "The web app calls the Order API over HTTPS. The courier app calls the Order API without encryption. " +
			"The courier app calls the Order API without authentication. The admin console calls the Order API.",
	} {
		ids, attacks := map[string]bool{}, map[string]bool{}
		for _, p := range runOn(t, text).Threats {
			require.False(t, ids[p.ID], "%s: %s twice", name, p.Title)
			ids[p.ID] = true
			for target, fingerprint := range draft.Fingerprints("p", p) {
				require.False(t, attacks[fingerprint], "%s: %s on %s twice", name, p.Rule, target)
				attacks[fingerprint] = true
			}
		}
		require.NotEmpty(t, ids, name)
	}
}

// Names that look like placeholders are names: filling them in turn would grow
// the text without end.
func TestPlaceholdersInNamesStay(t *testing.T) {
	t.Parallel()
	bomb := strings.Repeat("{target}{callers}{stores}", 8)
	text := fmt.Sprintf("flowchart LR\n a[\"%s Web app\"] --> b[(\"%s Orders database\")]\n u([\"%s User\"]) --> a\n", bomb, bomb, bomb)
	out := runOn(t, text)
	require.NotEmpty(t, out.Threats)
	var b bytes.Buffer
	require.NoError(t, draft.JSON(&b, out))
	require.Less(t, b.Len(), 2000*len(text), "grows with the text, not with its powers")
}

// What a design denies is a threat of high confidence that quotes the denial.
func TestDeniedControlsAreThreats(t *testing.T) {
	t.Parallel()
	for text, rule := range map[string]string{
		"The web app calls the Payment API over HTTPS. The Payment API has no authentication.":               "web-missing-authentication",
		"Admins use the admin console. The admin console has no password.":                                   "web-missing-authentication",
		"Customers use the web app. The web app does not validate input. The web app writes to PostgreSQL.":  "web-sql-injection",
		"Customers use the web app over HTTP. The web app stores orders in PostgreSQL.":                      "net-eavesdrop-open",
		"Customers use the web app. The web app has no rate limit. The web app stores orders in PostgreSQL.": "web-flooding",
	} {
		found := false
		for _, p := range runOn(t, text).Threats {
			found = found || p.Rule == rule && p.Confidence == stride.ConfidenceHigh
		}
		require.True(t, found, "%s: no %s of high confidence", text, rule)
	}
}

// TLS towards a part says nothing of what the part itself calls.
func TestInboundTLSHidesNothing(t *testing.T) {
	t.Parallel()
	out := runOn(t, "Customers call the API. The API is reached over TLS. The API stores card numbers in MongoDB.")
	for _, m := range out.Mitigated {
		require.NotContains(t, m.Title, "MongoDB")
	}
}
