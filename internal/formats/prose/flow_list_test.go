package prose

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// TestFlowLists: the ways in which tools and people list flows outright.
func TestFlowLists(t *testing.T) {
	t.Parallel()
	const parts = "Technical assets:\n- Shop Frontend (web application)\n- Order API (REST service)\n- Order Store (data store; MySQL)\n- Report Worker (process)\n\n"
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"label and pair": {
			parts + "Communication links:\n- Order Traffic: Shop Frontend to Order API (HTTPS, session-id)\n- Database Traffic: Order API to Order Store (JDBC, credentials)\n",
			[]string{"Shop Frontend > Order API https", "Order API > Order Store jdbc"},
		},
		"several senders": {
			parts + "Data flows\n1. Order API or Report Worker to Order Store: MySQL protocol.\n2. Shop Frontend to Order API with a browser: HTTPS, bearer token.\n",
			[]string{"Order API > Order Store ", "Report Worker > Order Store ", "Shop Frontend > Order API https"},
		},
		"items of one line": {
			"Servers: Web Server (OS Ubuntu; hardened; in boundary Web/DB). Mail Server (OS CentOS; not hardened).\n\n" +
				"Datastores: SQL Database (in boundary Web/DB; restricted). Real Identity Database (stores PII).\n\n" +
				"Dataflows:\n- Web Server to SQL Database: MySQL\n- SQL Database to Real Identity Database: tokens\n- Web Server to Mail Server: SMTP\n",
			[]string{"Web Server > SQL Database ", "SQL Database > Real Identity Database ", "Web Server > Mail Server smtp"},
		},
		"source and destination": {
			parts + "Data flows\n- DF1 Place order: source Shop Frontend, destination Order API, HTTPS\n- DF2: from Order API to Order Store over JDBC\n",
			[]string{"Shop Frontend > Order API https", "Order API > Order Store jdbc"},
		},
		"tables": {
			"# Components\n\n| Component | Type | Made of |\n|---|---|---|\n| Shop UI | Process | Angular app |\n| Order DB | Data Store | PostgreSQL |\n\n" +
				"# Data Flows\n\n| # | Source | Destination | Data | Protocol |\n|---|---|---|---|---|\n| 1 | Shop UI | Order DB | orders | HTTPS |\n",
			[]string{"Shop UI > Order DB https"},
		},
		"a table of flows alone": {
			"| # | From | To | Data | Protocol |\n|---|---|---|---|---|\n| 1 | Shop UI | Order Service | orders | HTTPS |\n| 2 | Order Service | Order DB | rows | TCP |\n",
			[]string{"Shop UI > Order Service https", "Order Service > Order DB tcp"},
		},
		"columns": {
			parts + "Dataflows (name | from | to | data | protocol | port):\n- Place order | Shop Frontend | Order API | order (public) | HTTPS | 443\n" +
				"- Insert | Order API | Order Store | rows | MySQL | 3306. Note: values are put into the query.\n",
			[]string{"Shop Frontend > Order API https", "Order API > Order Store "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, _, err := Parse(stride.Source{ID: "s", Content: []byte(tc.text)})
			require.NoError(t, err)
			got := []string{}
			for _, f := range a.Flows {
				got = append(got, a.TargetName(f.SourceID)+" > "+a.TargetName(f.TargetID)+" "+f.Protocol)
			}
			require.Empty(t, cmp.Diff(tc.want, got), "%v", a.Elements)
		})
	}
}
