package prose

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWrittenArrows: flows that a text writes out are read with both ends, however it
// labels them.
func TestWrittenArrows(t *testing.T) {
	t.Parallel()
	const parts = "## Components\n\n- Till: takes money.\n- Ledger API (web service)\n- Vault room: holds keys.\n- Order planning controller\n- Stock planning controller\n\n"
	for name, tc := range map[string]struct {
		text      string
		want, not []string
	}{
		"a number and ends in brackets": {
			parts + "## Description\n\n- DF1 (Till -> Coin Box): each sale is sent at once.\n- DF2 (Coin Box <-> Night Safe): keys.\n- DF3 (Dials & Lamps -> Till): light.\n",
			[]string{"Till -> Coin Box", "Coin Box -> Night Safe", "Night Safe -> Coin Box", "Dials & Lamps -> Till"}, []string{"Lamps -> Till"},
		},
		"brackets within brackets": {
			parts + "## Description\n\n- F7 (Till -> Journal (SD)): each sale is appended.\n",
			[]string{"Till -> Journal"}, nil,
		},
		"letters": {
			parts + "Abstract flow:\n(A) Till -> Ledger API: sale\n(B) Ledger API -> Till: receipt\n",
			[]string{"Till -> Ledger API", "Ledger API -> Till"}, nil,
		},
		"a protocol in the arrow": {
			parts + "## Overview of links\n\nIn the shop: Till --https--> Ledger API --tcp--> Vault room. Vault room --http--> Till.",
			[]string{"Till -> Ledger API", "Ledger API -> Vault room", "Vault room -> Till"}, nil,
		},
		"names that share their head": {
			parts + "## Overview of links\n\nThe order planning and stock planning controllers --https--> Ledger API.",
			[]string{"Order planning controller -> Ledger API", "Stock planning controller -> Ledger API"}, nil,
		},
		"states of an order": {
			parts + "An order goes on like this:\n- pending -> paid\n- paid -> packed\n- packed -> gone\n",
			nil, []string{"Pending -> Paid", "Paid -> Packed"},
		},
		"brackets without an arrow": {
			parts + "## Description\n\n- DF1 (Till and Ledger API): each sale.\n", nil, []string{"Till -> Ledger API"},
		},
		"statements are no ends": {
			parts + "## Data flows\n\n- Till interacts with the remote services to store and manage backups.\n- The ledger answers to Delete archive object\n", nil,
			[]string{"Till -> Store", "Ledger answers -> Delete archive object"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := parse(t, tc.text)
			got := flowNames(a)
			for _, want := range tc.want {
				require.Contains(t, got, want)
			}
			for _, not := range tc.not {
				require.NotContains(t, got, not)
			}
			require.NotContains(t, names(a), "Manage backups")
			require.NotContains(t, names(a), "Delete archive object")
		})
	}
}

// TestProtocolOfAnArrow: the word in the arrow is the protocol of the flow.
func TestProtocolOfAnArrow(t *testing.T) {
	t.Parallel()
	a := parse(t, "## Components\n\n- Till: takes money.\n- Ledger API (web service)\n\n## Links\n\nTill --mtls--> Ledger API.")
	require.Len(t, a.Flows, 1)
	require.Equal(t, "mtls", a.Flows[0].Protocol)
}
