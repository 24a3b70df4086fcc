package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// tenancy holds the attacks of one customer of a shared system on another.
var tenancy = []Rule{
	{
		ID: "tenant-missing-filter", Category: stride.InformationDisclosure,
		Title: "One tenant reads another's records in {dest} through {source}",
		Actor: "A user of one tenant", Action: "make {source} answer from {dest} with rows of another tenant",
		Fact: "all tenants share {dest}", Lack: "separation that holds when one query forgets its filter", Effect: "disclosure of one customer's data to another",
		Ask:     "What keeps tenants apart in {dest} when a query in {source} lacks its tenant filter (row-level security, schema, key)?",
		Control: stride.TenantIsolation, Also: []stride.ControlName{stride.Authorization},
		Terms: []string{"row-level security", "schema per tenant", "tenant filter"}, Risk: risk(3, 4), Most: 2, CWE: []string{"CWE-668", "CWE-863"}, CAPEC: []string{"CAPEC-1"},
		Fixes: fixes(fix("Turn on row-level security in {dest} with the tenant from the verified token, test each route of {source} with two tenants, and use a key per tenant for exports.", "ASVS 8.4.1", "CWE-668")),
		at:    atFlowAndReceiver, Silences: []string{"web-broken-authorization"},
		flow: func(e *edge) bool {
			return e.design.tenants && !e.to.controlStore() && (e.to.database() && !e.to.is("cache", "vector_store")) && e.from.service() && !e.from.is("monitoring")
		},
	},
	{
		ID: "tenant-from-client", Category: stride.ElevationOfPrivilege,
		Title: "Tenant named by the caller of {target} instead of the token",
		Actor: "A user of one tenant", Action: "name another tenant in host, path, header or body of a request to {target}",
		Fact: "requests of all tenants meet there", Lack: "tenant taken from the verified token", Effect: "acting with own rights in another customer's account",
		Ask:     "From where does {target} take the tenant of a request, and is it compared with the token?",
		Control: stride.Authorization, Also: []stride.ControlName{stride.TenantIsolation},
		Terms: []string{"tenant claim", "subdomain check"}, Risk: risk(3, 4), Most: 1, CWE: []string{"CWE-639", "CWE-807"}, CAPEC: []string{"CAPEC-77"},
		Fixes:   fixes(fix("Take the tenant in {target} from the verified token only, refuse requests whose host or path names another, and log such attempts.", "ASVS 8.4.1", "CWE-639")),
		element: func(n *node) bool { return n.design.tenants && n.webService() && n.exposed() && n.is("api", "web_app") },
	},
	{
		ID: "tenant-shared-cache", Category: stride.InformationDisclosure,
		Title: "Entries of one tenant served to another from {target}",
		Actor: "A user of one tenant, or plain bad luck", Action: "get an entry from {target} that was stored for another tenant or for rights since withdrawn",
		Fact: "tenants share {target}", Lack: "tenant in every key", Effect: "disclosure of another customer's data, or use of rights that are gone",
		Ask:     "Do keys in {target} carry tenant and user, and are permission entries dropped when rights change?",
		Control: stride.TenantIsolation, Terms: []string{"key prefix", "namespace", "invalidation"}, Risk: risk(2, 4), Most: 1, CWE: []string{"CWE-524", "CWE-488"}, CAPEC: []string{"CAPEC-141"},
		Fixes:   fixes(fix("Build keys of {target} in one place from tenant, user and version, keep permissions for seconds, and drop them on change.", "CWE-524")),
		element: func(n *node) bool { return n.design.tenants && n.is("cache") },
	},
	{
		ID: "tenant-noisy-neighbour", Category: stride.DenialOfService,
		Title: "One tenant takes the capacity of {target} from the others",
		Actor: "One large, faulty or hostile tenant", Action: "send so much work to {target} that others wait",
		Fact: "tenants share {target}", Lack: "quota per tenant", Effect: "an outage for customers who did nothing",
		Ask:     "Which share of {target} can one tenant take?",
		Control: stride.Quotas, Also: []stride.ControlName{stride.RateLimiting},
		Terms: []string{"per-tenant quota", "fair queue"}, Risk: risk(3, 3), Most: 2, CWE: []string{"CWE-770"}, CAPEC: []string{"CAPEC-130"},
		Fixes: fixes(fix("Set rate, concurrency and size limits per tenant at {target}, queue fairly by tenant, and alert on the largest.", "ASVS 2.4.1", "CWE-770")),
		element: func(n *node) bool {
			return n.design.tenants && (n.is("queue", "worker") && !n.keepsHouse() && (n.is("queue") || len(n.in) > 0) || n.is("graphql"))
		},
	},
	{
		ID: "tenant-own-provider", Category: stride.ElevationOfPrivilege,
		Title: "Identity provider of one tenant vouches for another's users at {target}",
		Actor: "An administrator of one tenant", Action: "configure {target} or their own directory to assert the name of a user of another tenant",
		Fact: "tenants bring their own sign-in", Lack: "binding of each provider to its tenant's domains", Effect: "takeover of accounts of other customers",
		Ask:     "Is each tenant's provider bound to verified domains, and are users keyed by tenant, issuer and subject?",
		Control: stride.InputValidation, Also: []stride.ControlName{stride.TenantIsolation},
		Terms: []string{"verified domain", "issuer per tenant"}, Risk: risk(3, 4), Most: 1, CWE: []string{"CWE-287", "CWE-346"}, CAPEC: []string{"CAPEC-151"}, Silences: []string{"oauth-account-linking"},
		Fixes: fixes(fix("Key users by tenant, issuer and subject, verify a domain before {target} may vouch for it, and check issuer and audience against the tenant's own settings.", "CWE-346", "ASVS 8.4.1")),
		element: func(n *node) bool {
			return n.design.tenants && n.signsPeopleIn() && n.told("tenant", "enterprise", "customer", "bring")
		},
	},
}
