package prose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Names that no gazetteer knows are parts where the text says what they are or
// shows them at work.
func TestNamesOfParts(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"acts and is called":    {"Larch stores orders in MySQL. The web shop calls Larch over HTTPS.", []string{"Larch", "MySQL", "Web shop"}},
		"called so":             {"Orders are kept by a service called Larch. Larch writes to MySQL.", []string{"Larch", "MySQL"}},
		"in apposition":         {"Larch, our order service, writes to MySQL.", []string{"Larch", "MySQL"}},
		"defined":               {"The web shop reads MySQL. Sedge is a Go service that writes to MySQL.", []string{"Web shop", "MySQL", "Sedge"}},
		"in code font":          {"The web shop reads MySQL. `sedged` writes orders to MySQL.", []string{"Web shop", "MySQL", "sedged"}},
		"with its role":         {"- Larch (API server)\n- Sedge (Worker)\n\nLarch calls Sedge.", []string{"Larch", "Sedge"}},
		"a table of technology": {"| Name | Role | Technology |\n|---|---|---|\n| Larch | order service | Go |\n| Sedge | event processor | Flink |\n", []string{"Larch", "Sedge"}},
		"one word in bold":      {"| Component | What it does |\n|---|---|\n| **larchd** | Forwards calls to the web shop |\n", []string{"Larchd", "Web shop"}},
		"workflows":             {"| File | Runs on |\n|---|---|\n| `lint.yml` | push |\n| `notes.md` | none |\n\nGitHub Actions runs both.", []string{"lint.yml", "GitHub Actions"}},
		"bold in running text":  {"The hub starts the **Warden**, which manages Docker containers. The **Diarist** writes states to MySQL.", []string{"Warden", "Docker containers", "Diarist", "MySQL"}},
		"a quality as a name":   {"## Actors\n\n- Core: the API server. It calls MySQL.\n- Desk service: prints.\n", []string{"Core", "MySQL", "Desk service"}},
		"a function":            {"## Components\n\n- admin-fn: sets prices\n- MySQL: prices\n", []string{"admin-fn", "MySQL"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, cmp.Diff(tc.want, names(parse(t, tc.text))))
		})
	}
	require.Equal(t, stride.Process, named(t, parse(t, "## Components\n\n- admin-fn: sets prices\n- MySQL: prices\n"), "admin-fn").Kind)
}

// People, firms, options and constants are no parts.
func TestNamesOfNoParts(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"people":     "Alice sends Bob an order through the web shop. Bob reads it. The web shop stores it in MySQL.",
		"a trade":    "Hugo is a cook. The web shop stores orders in MySQL.",
		"a constant": "`ADMIN_TOKEN` opens the console. The web shop stores orders in MySQL.",
		"a file":     "`notes.md` sends nobody home. The web shop stores orders in MySQL.",
		"acts once":  "Larch stores wood. The web shop stores orders in MySQL.",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Subset(t, []string{"Web shop", "MySQL", "Console"}, names(parse(t, text)))
		})
	}
}

// What is introduced by a longer name, or said to be built as something, is one
// part.
func TestIntroductions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"introduced by a longer name": {"A family buys a Wi-Fi security camera. Its maker runs the Clip API.\n\nComponents: Camera (sensor); Clip API (service); Clip Storage (MinIO); Clip Index (MySQL).",
			[]string{"Camera", "Clip API", "Clip Storage", "Clip Index"}},
		"built as": {"Larch is built as a modern Django web application.\n\nComponents: Shop Server (service); Order API (service); Order Store (MySQL); Picture Store (MinIO).",
			[]string{"Shop Server", "Order API", "Order Store", "Picture Store"}},
		"behind a semicolon": {"## Components\n\n- Shop Web App (process), in the cloud; ASP.NET application\n- Order Store (data store), in the cloud\n",
			[]string{"Shop Web App", "Order Store"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, cmp.Diff(tc.want, names(parse(t, tc.text))))
		})
	}
}

// A poem, a program and what daemons write name products and describe no system.
func TestProductsWithoutSystem(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a poem":     "O Redis, red as evening sky,\nwhere do your fleeting values fly?\nAnd Kafka murmurs, dark and deep,\nof rows that neither wake nor sleep.\n",
		"daemons":    "redis-server[811]: Ready to accept connections\npostgres[90]: database system is ready\nsshd[3312]: Accepted publickey for admin\n",
		"log levels": "kafka-broker INFO started the web server\nkafka-broker WARN calls PostgreSQL\n",
		"a program": "// Package main warms the cache.\npackage main\n\nimport (\n\t\"net/http\"\n)\n\nfunc main() {\n\trdb := redis.NewClient(nil)\n" +
			"\twriter := kafka.NewWriter(nil)\n\thttp.ListenAndServe(\":80\", nil)\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Empty(t, names(parse(t, text)))
		})
	}
	require.NotEmpty(t, names(parse(t, "The web shop calls the Order API.\nThe Order API reads Redis.\nThe Order API writes to Kafka.\nStaff open the web shop.\n")))
}
