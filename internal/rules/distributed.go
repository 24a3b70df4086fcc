package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// resolves reports whether n answers the queries of its own network and owns no
// names that others look up.
func (n *node) resolves() bool {
	return n.local() || n.design.homes || n.told("resolver", "resolvers", "resolves", "forwarder", "dnsmasq", "coredns", "pihole")
}

// distributed holds the attacks on replication, agreement and time.
var distributed = []Rule{
	{
		ID: "consensus-forged-leader", Category: stride.Spoofing,
		Title: "False member or leader joins {target}",
		Actor: "An attacker on the peer network", Action: "pose as a member or leader of {target} and send votes or entries",
		Lack: "mutual authentication of peers", Effect: "diverging or corrupted state in every replica",
		Ask:     "Do the peers of {target} authenticate each other with certificates, and who may add a member?",
		Control: stride.MutualAuthentication, Also: []stride.ControlName{stride.Authentication},
		Terms: []string{"peer certificate", "mTLS"}, Risk: risk(2, 4), CWE: []string{"CWE-290"}, CAPEC: []string{"CAPEC-195"},
		Fixes:   fixes(fix("Require peer certificates in {target}, keep its ports on a network of their own, and guard membership changes.", "ASVS 12.3.5", "CWE-290")),
		element: func(n *node) bool { return n.is("consensus") && !n.chain() },
	},
	{
		ID: "consensus-lost-quorum", Category: stride.DenialOfService,
		Title: "{target} loses its quorum",
		Actor: "An attacker who isolates or overloads members, or an outage", Action: "stop {target} from reaching a majority or force endless elections",
		Lack: "redundancy over failure domains", Effect: "no writes and no decisions until it recovers",
		Ask:     "Over how many failure domains do the members of {target} spread?",
		Control: stride.Redundancy, Also: []stride.ControlName{stride.NetworkIsolation},
		Terms: []string{"replicas", "zones", "quorum"}, Risk: risk(2, 3), CWE: []string{"CWE-400"}, CAPEC: []string{"CAPEC-607"},
		Fixes:   fixes(fix("Spread members of {target} over three failure domains, reserve resources for them, and rehearse the loss of one.", "CWE-400")),
		element: func(n *node) bool { return n.is("consensus") && !n.chain() },
	},
	{
		ID: "consensus-tampered-log", Category: stride.Tampering,
		Title: "Replicated data of {target} altered on one member",
		Actor: "An attacker with access to one member's disk or replication traffic", Action: "alter entries that {target} replicates",
		Lack: "integrity check of replicated entries", Effect: "inconsistent data that spreads as truth",
		Ask:     "Does {target} verify checksums or signatures of replicated entries?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.EncryptionInTransit},
		Terms: []string{"checksum", "integrity"}, Risk: risk(2, 3), Silences: []string{"net-tamper-internal"}, CWE: []string{"CWE-353"}, CAPEC: []string{"CAPEC-124"},
		Fixes:   fixes(fix("Checksum entries end to end, encrypt peer traffic of {target}, and compare replicas regularly.", "ASVS 11.3.4", "CWE-353")),
		element: func(n *node) bool { return n.is("consensus") && !n.chain() },
	},
	{
		ID: "consensus-unrecorded-change", Category: stride.Repudiation,
		Title: "Changes of members, leaders and schedules in {target} leave no record",
		Actor: "An operator, or an attacker with an operator's credentials", Action: "add or remove members, move leadership or data of {target} and deny it",
		Fact: "such changes look like normal operation", Lack: "audit log of them", Effect: "sabotage that is taken for a failure",
		Ask:     "Does {target} record who changed membership, leadership or placement, and where is that kept?",
		Control: stride.AuditLogging, Terms: []string{"audit", "event log"}, Risk: risk(2, 3), CWE: []string{"CWE-778"}, CAPEC: []string{"CAPEC-268"},
		Fixes:   fixes(fix("Log every membership, leadership and placement change of {target} with its cause and its caller, outside of the cluster.", "ASVS 16.2.1", "CWE-778")),
		element: func(n *node) bool { return n.is("consensus") && !n.chain() },
	},
	{
		ID: "time-manipulation", Category: stride.Tampering,
		Title: "Shifted time from {target}",
		Actor: "An attacker who spoofs or compromises {target}", Action: "hand out wrong timestamps",
		Fact: "ordering, expiry and logs depend on them", Lack: "authentication of the time source", Effect: "reordered transactions, expired credentials accepted, and logs that mislead",
		Ask:     "Is the time from {target} authenticated and checked against a second source?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.MutualAuthentication, stride.Redundancy},
		Terms: []string{"NTS", "authenticated NTP", "clock"}, Risk: risk(2, 3), CWE: []string{"CWE-345"}, CAPEC: []string{"CAPEC-194"},
		Fixes:   fixes(fix("Use authenticated time from several sources for {target}, bound the jump that is accepted, and alert on drift.", "ASVS 16.2.2", "CWE-345")),
		element: func(n *node) bool { return n.is("time_service") },
	},
	{
		ID: "dns-redirection", Category: stride.Spoofing,
		Title: "Names served by {target} redirected",
		Actor: "An attacker who takes over the registrar account or poisons a resolver", Action: "point names that {target} answers for to servers of their own",
		Lack: "protection of the zone's integrity", Effect: "users and services that talk to the attacker",
		Ask:     "Are changes at {target} protected by a second factor and a registry lock, and is the zone signed?",
		Control: stride.IntegrityCheck, Also: []stride.ControlName{stride.MultiFactor},
		Terms: []string{"DNSSEC", "registry lock"}, Risk: risk(2, 4), CWE: []string{"CWE-346"}, CAPEC: []string{"CAPEC-598"},
		Fixes:   fixes(fix("Lock the domain, sign the zone with DNSSEC, require a second factor at {target}, and watch certificate logs.", "CAPEC-598", "CWE-346")),
		element: func(n *node) bool { return n.is("dns") },
		Measure: "protection of domains and DNS accounts", singled: ofElement(func(n *node) bool {
			return n.publicZone()
		}),
		tell: telling("dangling", "stale record", "old record", "abandoned", "removed service", "points to nothing"),
	},
	{
		ID: "time-exhaustion", Category: stride.DenialOfService,
		Title: "Requests to {target} flooded or delayed",
		Actor: "A client or intruder on the same network", Action: "overload {target} or delay its answers",
		Fact: "transactions and checks wait for them", Lack: "rate limiting or second source", Effect: "stalled transactions all over the system",
		Ask:     "What happens while {target} answers late or not at all, and who limits requests to it?",
		Control: stride.RateLimiting, Also: []stride.ControlName{stride.Redundancy},
		Terms: []string{"rate limit", "failover", "second source"}, Risk: risk(2, 3), CWE: []string{"CWE-770"}, CAPEC: []string{"CAPEC-125"},
		Fixes:   fixes(fix("Run {target} replicated, batch and bound requests per client, and define how long others may go on without it.", "CWE-770", "ASVS 13.1.2")),
		element: (*node).stamps,
	},
	{
		ID: "consensus-stolen-member-key", Category: stride.Spoofing,
		Title: "Private key or TLS settings of {target} taken or changed",
		Actor: "An attacker who reads the disk or configuration of one member", Action: "copy the private key of {target} or weaken its TLS settings",
		Fact: "whoever holds a member's key counts as a member", Lack: "protection and rotation of member keys", Effect: "a false member that peers and clients believe, and traffic that can be read",
		Ask:     "Where does {target} keep its private key, who may change its TLS settings, and how is a stolen key revoked?",
		Control: stride.KeyManagement, Also: []stride.ControlName{stride.SecretsManagement},
		Terms: []string{"key rotation", "HSM", "certificate", "revocation"}, Risk: risk(2, 4), CWE: []string{"CWE-522", "CWE-295"}, CAPEC: []string{"CAPEC-150"},
		Fixes: fixes(fix("Issue certificates of days to {target}, keep keys readable by the process alone, log changes of TLS settings, and rehearse revocation.", "ASVS 13.3.4", "CWE-522")),
		element: func(n *node) bool {
			return n.is("consensus") && n.Kind == stride.Process && !n.algorithm()
		},
	},
	{
		ID: "consensus-coordinator-overload", Category: stride.DenialOfService,
		Title: "{target} overloaded, so that nobody finds the data",
		Actor: "A client, or many nodes that reconnect at once", Action: "flood {target} with lookups, registrations or scheduling requests",
		Fact: "clients and nodes ask {target} where data lies and who leads", Lack: "limit on requests", Effect: "stalled reads, writes and recovery although the nodes that hold the data are up",
		Ask:     "What limits requests to {target} per client, and do clients cache its answers?",
		Control: stride.RateLimiting, Also: []stride.ControlName{stride.Quotas},
		Terms: []string{"rate limit", "cache", "back-off"}, Risk: risk(3, 3), CWE: []string{"CWE-770"}, CAPEC: []string{"CAPEC-125"},
		Fixes:   fixes(fix("Let clients cache answers of {target} and back off with jitter, limit requests per client, and reserve capacity for its own cluster traffic.", "ASVS 13.1.2", "CWE-770")),
		element: (*node).coordinates,
	},
	{
		ID: "consensus-disclosed-layout", Category: stride.InformationDisclosure,
		Title: "Layout and addresses read from {target}",
		Actor: "Anybody who can ask {target}", Action: "list members, addresses, key ranges and load",
		Fact: "{target} knows where all data lies", Lack: "authorization of who may ask", Effect: "a map of the cluster and of its busiest data for the next attack",
		Ask:     "Who may query the metadata of {target}, and is its status interface closed to others?",
		Control: stride.Authorization, Also: []stride.ControlName{stride.NetworkIsolation},
		Terms: []string{"access control", "status port", "ACL"}, Risk: risk(2, 2), CWE: []string{"CWE-200"}, CAPEC: []string{"CAPEC-54"},
		Fixes:   fixes(fix("Require client certificates at {target} and its status and debug ports, and grant metadata queries per role.", "ASVS 13.2.1", "CWE-200")),
		element: (*node).coordinates,
	},
	{
		ID: "time-unrecorded", Category: stride.Repudiation,
		Title: "No record of the timestamps that {target} issued",
		Actor: "A client or operator", Action: "deny having taken a timestamp, or having moved the clock of {target}",
		Fact: "the order of transactions rests on what it issued", Lack: "log of issued ranges and clock changes", Effect: "disputes about the order of transactions that nobody can settle",
		Ask:     "Does {target} record which client got which range of timestamps, and every change of its clock?",
		Control: stride.AuditLogging, Terms: []string{"audit", "log"}, Risk: risk(2, 2), CWE: []string{"CWE-778"}, CAPEC: []string{"CAPEC-268"},
		Fixes:   fixes(fix("Log ranges issued by {target} with the client, each change of leader and each clock step, outside of the cluster.", "ASVS 16.2.1", "CWE-778")),
		element: (*node).stamps,
	},
}
