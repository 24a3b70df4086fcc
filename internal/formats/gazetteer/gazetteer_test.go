package gazetteer

import (
	"slices"
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
	for _, rows := range tables() {
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
		"ECUs":                     {"vehicle", stride.Process},
		"Helm controller":          {"service", stride.Process},
		"RocksDB":                  {"file_storage", stride.DataStore},
		"Wireless keypad":          {"iot_device", stride.Process},
		"LTE modem":                {"wireless", stride.Process},
		"Loan orchestrator":        {"service", stride.Process},
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

// TestFamilies counts the aliases of each family of parts that the extractor
// must know.
func TestFamilies(t *testing.T) {
	t.Parallel()
	g := New()
	for family, tc := range map[string]struct {
		tags  []stride.Tag
		least int
	}{
		"databases":            {[]stride.Tag{"database"}, 250},
		"files and objects":    {[]stride.Tag{"object_storage", "file_storage"}, 90},
		"caches":               {[]stride.Tag{"cache"}, 30},
		"queues":               {[]stride.Tag{"queue"}, 120},
		"gateways":             {[]stride.Tag{"gateway"}, 200},
		"identity providers":   {[]stride.Tag{"identity_provider"}, 110},
		"delivery":             {[]stride.Tag{"ci_cd", "artifact_registry", "code_repository"}, 200},
		"Kubernetes":           {[]stride.Tag{"orchestrator", "admission_controller", "cluster_node", "container"}, 130},
		"devices":              {[]stride.Tag{"device", "debug_port", "field_bus", "wireless"}, 400},
		"vehicles":             {[]stride.Tag{"vehicle"}, 60},
		"mobile and desktop":   {[]stride.Tag{"mobile_app", "desktop_app", "mobile_device"}, 120},
		"language models":      {[]stride.Tag{"llm", "llm_application", "llm_tool", "vector_store"}, 250},
		"machine learning":     {[]stride.Tag{"ml_model", "ml_pipeline", "training_data"}, 300},
		"payment":              {[]stride.Tag{"payment_service"}, 70},
		"mail":                 {[]stride.Tag{"email_service"}, 40},
		"messages to phones":   {[]stride.Tag{"sms_service"}, 30},
		"third parties":        {[]stride.Tag{"third_party"}, 250},
		"people":               {[]stride.Tag{"human"}, 250},
		"monitoring":           {[]stride.Tag{"monitoring", "log_store"}, 130},
		"secrets":              {[]stride.Tag{"secret_store"}, 60},
		"update and bootstrap": {[]stride.Tag{"update_service"}, 60},
	} {
		n := 0
		for _, e := range g.entries {
			if slices.ContainsFunc(tc.tags, stride.Element{Tags: e.Tags}.HasTag) {
				n++
			}
		}
		require.GreaterOrEqual(t, n, tc.least, family)
	}
	providers := map[string]int{}
	for _, m := range managedBy {
		for _, alias := range strings.Split(m.aliases, "|") {
			for _, v := range append([]string{""}, vendors[m.provider]...) {
				if g.entries[v+alias].Managed {
					providers[m.provider]++
					break
				}
			}
		}
	}
	for _, provider := range []string{"aws", "azure", "gcp"} {
		require.GreaterOrEqual(t, providers[provider], 45, provider)
	}
}
