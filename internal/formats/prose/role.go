package prose

import "strings"

// role says what the items under a heading are.
type role int

const (
	roleNone role = iota
	roleExternal
	roleActors
	roleProcesses
	roleStores
	roleComponents
	roleFlows
	roleZones
	roleAssets
	roleAssumptions
	roleOutOfScope
	roleAside // background, references, threats: nothing new is named there
)

// declares reports whether the items are elements.
func (r role) declares() bool { return r >= roleExternal && r <= roleComponents }

// roleTitles lists what headings of each role say, most telling first.
var roleTitles = []struct {
	role   role
	titles []string
}{
	{roleOutOfScope, []string{"out of scope", "non goals", "non-goals", "not in scope", "excluded from scope"}},
	{roleFlows, []string{"data flow", "dataflow", "data flows", "dataflows", "flows", "interactions", "information flow", "workflow", "communication", "communications", "communication links", "links", "connections", "message flows", "messages", "interfaces between components", "sequence", "actions", "use cases", "scenarios"}},
	{roleZones, []string{"trust zone", "trust zones", "trust boundaries", "trust boundary", "boundaries", "zones", "network zones", "security zones"}},
	{roleAssumptions, []string{"assumption", "assumptions"}},
	{roleExternal, []string{"external entities", "external entity", "external systems", "external services", "external dependencies", "third parties", "third-party services"}},
	{roleActors, []string{"actors", "actor", "actors and components", "users", "roles", "personas", "user roles", "people", "stakeholders"}},
	{roleStores, []string{"data stores", "data store", "datastores", "databases", "storage", "data storage", "stores"}},
	{roleProcesses, []string{"processes", "services", "servers", "lambdas", "functions", "workloads", "process", "microservices", "applications"}},
	{roleComponents, []string{"components", "component", "entities", "elements", "technical assets", "technical components", "assets and components", "technical elements", "model elements", "building blocks", "system components", "main components", "parts", "key components", "containers", "nodes", "technology stack", "tech stack", "core components", "architecture components", "entry points", "devices", "hardware", "software"}},
	{roleAssets, []string{"assets", "data assets", "sensitive data", "data"}},
	{roleAside, []string{"background", "references", "glossary", "threats", "mitigations", "history", "related work", "license", "goals", "open questions", "alternatives", "revision history", "changelog", "table of contents", "metadata", "document control", "document information", "attendees", "participants", "distribution list", "risks", "attack scenarios", "recommendations", "findings", "threat agents", "threat actors", "threat sources", "attackers", "adversaries", "attacker model", "adversary model", "attacker capabilities"}},
}

func roleOf(title string) role {
	t := strings.ToLower(strings.Trim(title, " \t:*_#.0123456789"))
	if i := strings.IndexAny(t, ",("); i > 0 {
		t = strings.TrimSpace(t[:i])
	}
	for _, strip := range []string{"the ", "main ", "system ", "list of ", "all ", "key "} {
		t = strings.TrimPrefix(t, strip)
	}
	for _, rt := range roleTitles {
		for _, known := range rt.titles {
			if t == known {
				return rt.role
			}
		}
	}
	return phraseRole(t)
}

// phraseRole reads titles that say more than the bare word: "Trust boundaries
// drawn in the diagram", "Actors and roles of the shop".
func phraseRole(t string) role {
	for _, p := range []struct {
		prefix string
		role   role
	}{
		{"trust boundaries ", roleZones}, {"trust zones ", roleZones}, {"data flows ", roleFlows},
		{"external entities ", roleExternal}, {"actors and ", roleActors}, {"components and ", roleComponents},
		{"out of scope ", roleOutOfScope}, {"data stores ", roleStores}, {"assumptions ", roleAssumptions},
	} {
		if strings.HasPrefix(t, p.prefix) && len(strings.Fields(t)) <= 6 {
			return p.role
		}
	}
	return roleNone
}
