package prose

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// TestOneThingUnderTwoNames: what the text calls by a fuller and a shorter name is one
// part; what it sets apart stays two.
func TestOneThingUnderTwoNames(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text      string
		with, not []string
	}{
		"a word that says only that it is a part": {
			"# Parcel\n\n## Components\n\n- Sorter: sends labels to the archive.\n\n## More\n\nThe sorter component writes to PostgreSQL. A courier calls the Label API.",
			[]string{"Sorter"}, []string{"Sorter component"},
		},
		"letters and words": {
			"The web app calls the Regional Billing Hub service. Nightly, the worker reads Elastic Load Balancing. Users reach the ELB first. The ELB forwards requests to the web app.",
			[]string{"Elastic Load Balancing"}, []string{"ELB"},
		},
		"a word inside of the name": {
			"The Freight Kubernetes gateway forwards orders to the Order API. Later the Freight gateway calls the Price API.",
			[]string{"Freight Kubernetes gateway"}, []string{"Freight gateway"},
		},
		"the product and its part": {
			"# Heron\n\nThe job index server reads Kafka. Afterwards the Heron job index server writes to PostgreSQL.",
			[]string{"Heron job index server"}, []string{"Job index server"},
		},
		"two that one sentence names": {
			"The Freight Kubernetes gateway and the Freight gateway forward orders to the Order API.",
			[]string{"Freight Kubernetes gateway", "Freight gateway"}, nil,
		},
		"a word that sets apart": {
			"The Order web app reads the Order Database. Staff use the Order admin web app.",
			[]string{"Order web app", "Order admin web app"}, nil,
		},
		"two buckets": {
			"The worker reads the invoice bucket. The API writes to the invoice backup bucket.",
			[]string{"Invoice bucket", "Invoice backup bucket"}, nil,
		},
		"producer and consumer": {
			"The event producer service writes to Kafka. The event consumer service reads Kafka.",
			[]string{"Event producer service", "Event consumer service"}, nil,
		},
		"two that the text lists": {
			"## Components\n\n- Ledger gateway: accepts orders.\n- Ledger card gateway: accepts cards.\n- Ledger DB (PostgreSQL)\n- Web app",
			[]string{"Ledger gateway", "Ledger card gateway"}, nil,
		},
		"several fuller names": {
			"The stock query service reads MySQL. The stock report query service reads Redis. The stock price query service reads Kafka.",
			[]string{"Stock report query service", "Stock price query service"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := names(parse(t, tc.text))
			for _, want := range tc.with {
				require.Contains(t, got, want)
			}
			for _, not := range tc.not {
				require.NotContains(t, got, not)
			}
		})
	}
}

func TestInitials(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Elastic Load Balancing": "ELB", "Amazon Elastic Load Balancing": "ELB", "Message queue": "MQ", "Broker": "", "": "",
	} {
		require.Equal(t, want, initials(name), name)
	}
}

// TestWhatNamesBelongTo: the head of a name that goes on says what it is.
func TestWhatNamesBelongTo(t *testing.T) {
	t.Parallel()
	a := parse(t, "## Components\n\n- Shop front (web app): sells.\n- Azure Cache for Redis: keeps baskets.\n\n## Actors\n\n- End User of Shop Application: buys.\n")
	kinds := map[string]stride.ElementKind{}
	for _, e := range a.Elements {
		kinds[e.Name] = e.Kind
	}
	require.Equal(t, stride.ExternalEntity, kinds["End User of Shop Application"])
	require.Equal(t, stride.DataStore, kinds["Azure Cache for Redis"])
}
