package catalogue

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

func TestLookup(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		id   string
		want Entry
		ok   bool
	}{
		{"CWE-319", Entry{"CWE-319", "Cleartext Transmission of Sensitive Information", CWE}, true},
		{"CAPEC-66", Entry{"CAPEC-66", "SQL Injection", CAPEC}, true},
		{"T1195.002", Entry{"T1195.002", "Compromise Software Supply Chain", ATTACK}, true},
		{"ASVS 12.2.1", Entry{"ASVS 12.2.1", "HTTPS Communication with External Facing Services", ASVS}, true},
		{"CWE-999999", Entry{}, false},
		{"", Entry{}, false},
	} {
		got, ok := Lookup(tc.id)
		require.Equal(t, tc.ok, ok, tc.id)
		require.Empty(t, cmp.Diff(tc.want, got), tc.id)
	}
}

// TestAgainstOfficialLists compares every entry with the published lists, where
// they lie beside the repository.
func TestAgainstOfficialLists(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		file   string
		ours   map[string]string
		column int
		asOurs func(string) string
	}{
		{"cwe.tsv", cwe, 1, func(id string) string { return id }},
		{"capec.tsv", capec, 1, func(id string) string { return id }},
		{"attack-enterprise.tsv", attack, 1, func(id string) string { return id }},
		{"asvs-5.0.0.tsv", asvs, 2, func(id string) string { return "ASVS " + strings.TrimPrefix(id, "v5.0.0-") }},
	} {
		t.Run(tc.file, func(t *testing.T) {
			t.Parallel()
			content, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "catalogues", tc.file))
			if errors.Is(err, fs.ErrNotExist) {
				t.Skip("the official list is not at hand")
			}
			require.NoError(t, err)
			official := map[string]string{}
			for _, line := range strings.Split(string(content), "\n") {
				if columns := strings.Split(line, "\t"); len(columns) > tc.column {
					official[tc.asOurs(columns[0])] = strings.TrimSpace(columns[tc.column])
				}
			}
			require.NotEmpty(t, tc.ours)
			for id, name := range tc.ours {
				require.Equal(t, official[id], name, id)
			}
		})
	}
}
