package gazetteer

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func TestEveryTagCanBeProduced(t *testing.T) {
	t.Parallel()
	made := New().Tags()
	for _, tag := range stride.Tags() {
		found := false
		for m := range made {
			found = found || m.Is(tag)
		}
		require.True(t, found, "no alias produces %s", tag)
	}
	for m := range made {
		require.True(t, m.Known(), "the table names %s, which is no tag", m)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	for _, rows := range [][]row{people, clients, services, cloud, stores, delivery, devices, learning, weak} {
		for _, r := range rows {
			require.True(t, r.kind.Valid())
			require.True(t, r.zone == "" || r.zone.Valid())
			for _, alias := range strings.Split(r.aliases, "|") {
				require.Equal(t, strings.ToLower(strings.Join(strings.Fields(alias), " ")), alias)
				require.NotContains(t, alias, "-", "hyphens are spaces here")
			}
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	g := New()
	for name, tc := range map[string]struct {
		tag  stride.Tag
		kind stride.ElementKind
	}{
		"Accounting PostgreSQL":    {"postgresql", stride.DataStore},
		"MySQL database":           {"mysql", stride.DataStore},
		"PostgreSQL client":        {"client", stride.Process},
		"Amazon S3 website bucket": {"object_storage", stride.DataStore},
		"Message Queues":           {"queue", stride.DataStore},
		"Redis server":             {"cache", stride.DataStore},
		"load-balancer":            {"load_balancer", stride.Process},
		"Kubernetes API server":    {"kubernetes", stride.Process},
		"Customer":                 {"end_user", stride.ExternalEntity},
		"Order Service":            {"service", stride.Process},
	} {
		e, ok := g.Lookup(name)
		require.True(t, ok, name)
		require.Equal(t, tc.kind, e.Kind, name)
		require.True(t, stride.Element{Tags: e.Tags}.HasTag(tc.tag), "%s: %v", name, e.Tags)
	}
	_, ok := g.Lookup("Overview of the summer")
	require.False(t, ok)
}

func TestZoneKind(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]stride.ZoneKind{
		"Payments namespace": stride.ZoneNamespace, "Private subnet": stride.ZoneNetwork, "AWS account": stride.ZoneCloud,
		"Third-party services": stride.ZoneThirdParty, "Internet / DMZ": stride.ZoneDMZ, "Factory floor": stride.ZoneOnPrem, "Blue": stride.ZoneOther,
		"On-premises": stride.ZoneOnPrem, "Devices": stride.ZoneDevice,
	} {
		require.Equal(t, want, ZoneKind(name), name)
	}
}
