package prose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

const listedDesign = `A library kiosk with a mobile application. Each process has its own configuration store. A learning system suggests books.

External entities: Reader.

Processes: Lending Client; Catalogue API; Overdue Letter Worker.

Data stores: Lending PostgreSQL; Letter Queue.

Flows run over the library network. The catalogue API queries the lending database (Azure Database for PostgreSQL).
The overdue worker reads the letter queue and calls Twilio. The administrator console shows nothing.
`

// TestListsAreTakenAtTheirWord: common nouns outside of the lists speak of what
// the lists name; products are parts all the same.
func TestListsAreTakenAtTheirWord(t *testing.T) {
	t.Parallel()
	a := parse(t, listedDesign)
	require.Empty(t, cmp.Diff([]string{"Reader", "Lending Client", "Catalogue API", "Lending PostgreSQL", "Overdue Letter Worker", "Letter Queue", "Twilio"}, sorted(a)))
	require.ElementsMatch(t, []string{"Catalogue API -> Lending PostgreSQL", "Letter Queue -> Overdue Letter Worker", "Overdue Letter Worker -> Twilio"}, flowNames(a))
}

// sorted returns the names in the order of the lists of listedDesign.
func sorted(a stride.Architecture) []string {
	have := map[string]bool{}
	for _, n := range names(a) {
		have[n] = true
	}
	out := []string{}
	for _, n := range []string{"Reader", "Lending Client", "Catalogue API", "Lending PostgreSQL", "Overdue Letter Worker", "Letter Queue", "Twilio"} {
		if have[n] {
			out = append(out, n)
		}
		delete(have, n)
	}
	for n := range have {
		out = append(out, n)
	}
	return out
}

func TestFirstEvidenceShowsWhy(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, element, want string }{
		"the line of a list": {listedDesign, "Catalogue API", "Processes: Lending Client; Catalogue API; Overdue Letter Worker."},
		"an item that says something": {
			"Components:\n- Meter Gateway: collects readings from every flat in the house\n- Portal\n", "Meter Gateway",
			"Meter Gateway: collects readings from every flat in the house",
		},
		"the sentence below": {
			"## Components\n\n- Portal\n  - The tenants read their bills here.\n- Importer\n", "Portal",
			"Portal\n  - The tenants read their bills here.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, e := range parse(t, tc.text).Elements {
				if e.Name == tc.element {
					require.Equal(t, tc.want, e.Evidence[0].Quote)
					return
				}
			}
			require.Fail(t, "no such element", tc.element)
		})
	}
}

func TestNamesAndIdentity(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"a compound that describes":  {"The Fleet API calls a ROS 2-enabled industrial PC.", []string{"Fleet API", "ROS", "Industrial PC"}},
		"built on a language":        {"The Python-based Report service calls the Mail API.", []string{"Report service", "Mail API"}},
		"side by side is one name":   {"The web app calls the API key management service.", []string{"Web app", "API key management service"}},
		"the general word":           {"The web app calls the API gateway endpoint. The API gateway calls MySQL.", []string{"Web app", "API gateway", "MySQL"}},
		"in brackets":                {"The Orders Store database (PostgreSQL) is read by the Billing worker.", []string{"Orders Store database", "Billing worker"}},
		"a predicate":                {"Redis is a fast in-memory cache. The web app reads Redis.", []string{"Redis", "Web app"}},
		"a class of thing":           {"HuskyX is a learning system. The web app calls Stripe.", []string{"Web app", "Stripe"}},
		"endings":                    {"The Fleet Control Plane calls MySQL. The Fleet Controller Plane reads Redis.", []string{"Fleet Control Plane", "MySQL", "Redis"}},
		"brackets are no short name": {"The Shop web site (PHP) calls MySQL.", []string{"Shop web site", "MySQL"}},
		"an adjective":               {"The web app calls MySQL. A third-party object tracker sees it.", []string{"Web app", "MySQL"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, cmp.Diff(tc.want, names(parse(t, tc.text))))
		})
	}
}

func TestShortTexts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"a placed part":    {"The API runs in the blue VPC.", []string{"API"}},
		"a product":        {"We use PostgreSQL.", []string{"PostgreSQL"}},
		"a part that acts": {"The API returns JSON.", []string{"API"}},
		"nature":           {"The stream carries leaves. The car waits, the driver calls her name.", []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, cmp.Diff(tc.want, names(parse(t, tc.text))))
		})
	}
}

func TestZonesWithinZones(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text            string
		parents, placed map[string]string
	}{
		"a chain": {
			"The Order service runs in the payments namespace of the production cluster, which runs in the AWS account.",
			map[string]string{"Payments namespace": "Production cluster", "Production cluster": "AWS account", "AWS account": ""},
			map[string]string{"Order service": "Payments namespace"},
		},
		"a zone that contains": {
			"The VPC contains a web server and a PostgreSQL database. The VPC is in the AWS account.",
			map[string]string{"VPC": "AWS account", "AWS account": ""},
			map[string]string{"Web server": "VPC", "PostgreSQL database": "VPC"},
		},
		"an indented list": {
			"Trust zones:\n- AWS account\n  - Private subnet: Orders API, PostgreSQL\n- DMZ\n\nThe Orders API stores orders in PostgreSQL.",
			map[string]string{"AWS account": "", "Private subnet": "AWS account", "DMZ": ""},
			map[string]string{"Orders API": "Private subnet", "PostgreSQL": "Private subnet"},
		},
		"only the subject is placed": {
			"The web app behind nginx runs in the DMZ. The Mail API is not deployed in the DMZ.",
			map[string]string{"DMZ": ""},
			map[string]string{"Web app": "DMZ", "Nginx": "", "Mail API": ""},
		},
		"a zone behind the name": {
			"The reverse proxy in the DMZ forwards requests to the Orders API in the private subnet. Customers in the office network wait.",
			map[string]string{"DMZ": "", "Private subnet": "", "Internet": ""},
			map[string]string{"Reverse proxy": "DMZ", "Orders API": "Private subnet", "Customer": "Internet"},
		},
		"no circle": {
			"The blue VPC is in the red cluster. The red cluster runs in the blue VPC. The web app calls MySQL.",
			map[string]string{"Blue VPC": "Red cluster", "Red cluster": ""},
			map[string]string{"Web app": "", "MySQL": ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := parse(t, tc.text)
			zones, parents, placed := map[stride.Key]string{}, map[string]string{}, map[string]string{}
			for _, z := range a.TrustBoundaries {
				zones[z.ID] = z.Name
			}
			for _, z := range a.TrustBoundaries {
				parents[z.Name] = zones[z.ParentID]
			}
			for _, e := range a.Elements {
				placed[e.Name] = zones[e.Zone]
			}
			require.Empty(t, cmp.Diff(tc.parents, parents))
			require.Empty(t, cmp.Diff(tc.placed, placed))
		})
	}
}
