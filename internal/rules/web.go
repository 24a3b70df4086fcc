package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// shopfront reports whether n is a site that people visit with a browser, of a
// design that speaks of sign-in: its pages are meant for strangers.
func (n *node) shopfront() bool {
	return n.design.login && n.is("web_app") && !n.is("api") && n.calledBy(func(c *node) bool { return c.is("browser", "end_user") })
}

// web holds the attacks on services that answer requests.
var web = []Rule{
	{
		ID: "web-missing-authentication", Category: stride.Spoofing,
		Title: "Unauthenticated calls to {target}",
		Actor: "Anybody who reaches {target}", Action: "call {target} without signing in and {gain}",
		Lack: "authentication of the callers", Effect: "strangers with the rights of a user",
		Ask:     "How does {target} authenticate {callers} before they may {gain}?",
		Control: stride.Authentication, Also: []stride.ControlName{stride.MutualAuthentication},
		Terms: []string{"authenticate", "login", "token", "API key", "OAuth"}, Risk: risk(3, 3), Sensitive: true, Reach: true,
		CWE: []string{"CWE-306"}, CAPEC: []string{"CAPEC-151"},
		Fixes: fixes(fix("Require a verified token or client certificate on every route of {target}, denied by default.", "ASVS 8.3.1", "CWE-306")),
		Most:  3,
		heed:  (*node).signedInBefore,
		element: func(n *node) bool {
			if n.Kind == stride.Process && !n.is("device", "field_bus", "robot_middleware", "webhook_receiver", "wireless") && !n.named("client") && n.Controls.State(stride.Authentication) == stride.ControlAbsent {
				return true // the design says so itself
			}
			return n.webService() && n.gain() != "" && !n.shopfront() && !n.managed && !n.is("identity_provider", "admin_interface", "robot_middleware", "decision_point") &&
				!n.near("identity_provider") && (n.public() || n.calledBy(func(c *node) bool { return c.is("mobile_app", "script", "device") }))
		},
	},
	{
		ID: "web-broken-authorization", Category: stride.ElevationOfPrivilege,
		Title: "Access to other callers' objects through {target}",
		Actor: "An authenticated caller of {target}", Action: "read or change objects that belong to somebody else by changing identifiers in the request",
		Fact: "{stores} is reached by way of {target}", Lack: "per-object authorization check", Effect: "disclosure and change of {data} of other users",
		Ask:     "Does {target} check on every request that the caller may use the very object that is named?",
		Control: stride.Authorization, Also: []stride.ControlName{stride.TenantIsolation},
		Terms: []string{"authorization", "access control", "RBAC", "permission"}, Risk: risk(3, 3), Sensitive: true, Reach: true,
		CWE: []string{"CWE-639", "CWE-862"}, CAPEC: []string{"CAPEC-1"},
		Fixes: fixes(fix("Check ownership of each object in {target} on the server, next to the query against {stores}, and test it with two accounts.", "ASVS 8.2.2", "CWE-639")),
		element: func(n *node) bool {
			return n.webService() && !n.is("identity_provider") && n.servesStore() && (n.exposed() || n.is("api"))
		},
		hear:   hears((*node).fronts, ownedPhrases...),
		common: true,
	},
	{
		ID: "web-sql-injection", Category: stride.Tampering,
		Title: "SQL injection into {dest} through {source}",
		Actor: "An attacker who sends crafted input to {source}", Action: "run SQL of their own in {dest}",
		Fact: "queries to {dest} are made of it", Lack: "use of parameterized queries", Effect: "reading, changing or deleting {data} and possibly command execution on the database host",
		Ask:     "Does {source} use bound parameters for every query to {dest}?",
		Control: stride.ParameterizedQueries, Also: []stride.ControlName{stride.InputValidation},
		Denied: []stride.ControlName{stride.InputValidation},
		Terms:  []string{"prepared statement", "parameterized", "ORM"}, Risk: risk(3, 4), Reach: true,
		CWE: []string{"CWE-89"}, CAPEC: []string{"CAPEC-66"},
		Fixes: fixes(
			fix("Use bound parameters for every statement that {source} sends to {dest}, also in ORDER BY and LIKE.", "ASVS 1.2.4", "CWE-89"),
			fix("Give {source} a database account without DDL and without access to other schemas.", "ASVS 13.2.2")),
		at: atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.to.is("relational") && e.from.service() && e.from.handlesOutsideInput()
		},
	},
	{
		ID: "web-query-injection", Category: stride.Tampering,
		Title: "Query injection into {dest} through {source}",
		Actor: "An attacker who sends crafted input to {source}", Action: "change the meaning of its queries to {dest}, for example with operators inside a JSON body",
		Lack: "validation of the input to those queries", Effect: "reading or changing {data} beyond the caller's own",
		Ask:     "Does {source} validate type and shape of what it puts into queries to {dest}?",
		Control: stride.InputValidation, Also: []stride.ControlName{stride.ParameterizedQueries},
		Terms: []string{"schema validation", "input validation"}, Risk: risk(3, 3), Sensitive: true,
		CWE: []string{"CWE-943"}, CAPEC: []string{"CAPEC-676"},
		Fixes: fixes(fix("Validate requests in {source} against a strict schema and pass only scalar values into queries to {dest}.", "ASVS 2.2.1", "CWE-943")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.to.is("document_store", "graph_store", "search_index") && e.from.service() && e.from.handlesOutsideInput() && !e.to.quoted.holds("bucket", "object", "blob")
		},
	},
	{
		ID: "web-malformed-input", Category: stride.ElevationOfPrivilege,
		Title: "Code run in {target} by crafted {input}",
		Actor: "An attacker outside", Action: "supply crafted {input} that exploit the decoder or interpreter in {target} to run code there",
		Fact: "others supply {input} to {target}", Lack: "validation of them or sandbox around their decoding", Effect: "takeover or a crash of {target} and, with its credentials, of {stores}",
		Ask:     "Which library decodes {input} in {target}, how fast is it patched, and does it run without rights?",
		Control: stride.InputValidation, Also: []stride.ControlName{stride.Sandboxing},
		Terms: []string{"input validation", "sanitize", "WAF", "patch"}, Risk: risk(2, 4), Reach: true,
		CWE: []string{"CWE-20", "CWE-94"}, CAPEC: []string{"CAPEC-242"},
		Fixes: fixes(
			fix("Check type and size of {input} before {target} decodes them, and keep the decoding library patched within days.", "ASVS 2.2.1", "ASVS 15.2.1", "CWE-20"),
			fix("Decode {input} in a process of {target} without network and rights, with memory and time limits.", "ASVS 13.2.4")),
		Most:     3,
		element:  (*node).takesComplexInput,
		reserved: true,
		home:     (*design).learning,
	},
	{
		ID: "web-cross-site-scripting", Category: stride.Tampering,
		Title: "Stored or reflected script in pages of {target}",
		Actor: "An attacker who supplies content", Action: "have script run in the browser of other users of {target}",
		Fact: "{target} renders pages in browsers", Lack: "contextual output encoding", Effect: "theft of sessions and actions in the victims' names",
		Ask:     "Does {target} encode output by context and send a Content-Security-Policy?",
		Control: stride.OutputEncoding, Terms: []string{"output encoding", "escape", "Content-Security-Policy"}, Risk: risk(3, 3), Reach: true,
		CWE: []string{"CWE-79"}, CAPEC: []string{"CAPEC-63"},
		Fixes: fixes(fix("Encode by context in the templates of {target} and send a Content-Security-Policy without unsafe-inline.", "ASVS 1.2.1", "ASVS 3.4.3", "CWE-79")),
		element: func(n *node) bool {
			return n.service() && n.is("web_app") && n.calledBy(func(c *node) bool { return c.is("browser", "human") })
		},
		hear:    hears(func(n *node) bool { return n.fronts() && !n.is("api", "gateway") }, shownPhrases...),
		Measure: "encoding of output", singled: ofElement((*node).showsOthersContent),
	},
	{
		ID: "web-cross-site-request", Category: stride.Spoofing,
		Title: "Forged cross-site requests to {target}",
		Actor: "A hostile page that a logged-in user opens", Action: "make the browser send requests to {target} in the user's name",
		Fact: "{target} keeps browser sessions", Lack: "CSRF protection", Effect: "changes that the user never meant",
		Ask:     "How does {target} tell its own pages' requests from another site's (tokens, SameSite cookies)?",
		Control: stride.CSRFProtection, Terms: []string{"CSRF", "SameSite"}, Risk: risk(3, 2),
		CWE: []string{"CWE-352"}, CAPEC: []string{"CAPEC-62"},
		Fixes: fixes(fix("Set SameSite cookies and check an anti-forgery token or the Origin header on state-changing requests to {target}.", "ASVS 3.5.1", "CWE-352")),
		element: func(n *node) bool {
			return n.service() && n.is("web_app") && (n.Controls.State(stride.SessionManagement) != stride.ControlUnknown || n.receives(stride.DataCredentials)) &&
				n.calledBy(func(c *node) bool { return c.is("browser") })
		},
		hear: hearsWithCallers(func(n *node) bool { return n.fronts() && !n.is("gateway") }, cookiePhrases...),
	},
	{
		ID: "web-flooding", Category: stride.DenialOfService,
		Title: "Request flood against {target}",
		Actor: "An attacker with a botnet, or one runaway client", Action: "send {target} more requests than can be served",
		Fact: "{target} can be reached from outside by {users}", Lack: "rate limiting", Effect: "an outage for {users} and for whatever else depends on {target}",
		Ask:     "Are calls to {target} limited per caller, and what absorbs a flood before it?",
		Control: stride.RateLimiting, Also: []stride.ControlName{stride.DDoSProtection},
		Terms: []string{"rate limit", "throttle", "DDoS", "WAF"}, Risk: risk(3, 3), Reach: true,
		CWE: []string{"CWE-770"}, CAPEC: []string{"CAPEC-125"},
		Fixes: fixes(fix("Limit requests per client and per route before {target}, and shed load early with 429.", "ASVS 2.4.1", "CWE-770")),
		Most:  2,
		element: func(n *node) bool {
			return n.public() && !n.is("cdn", "waf") && !(n.named("controller") && n.inCluster()) && n.is("web_app", "api", "gateway", "function", "webhook_receiver")
		},
		hear: hears(func(n *node) bool { return n.fronts() && !n.local() }, "from the internet", "to the internet", "on the internet", "internet facing", "over the internet", "public endpoint", "public api", "public network", "public internet", "public facing", "publicly", "single entry point", "anonymous", "without login", "without log in", "without signing in"),
	},
	{
		ID: "web-costly-request", Category: stride.DenialOfService,
		Title: "Few expensive searches or lists exhaust {stores} behind {target}",
		Actor: "A caller of {target}", Action: "ask {target} for large result sets or costly queries until {stores} stops answering others",
		Lack: "limit on result size, time and concurrency per caller", Effect: "slow or failing service for all users",
		Ask:     "Does {target} bound page size, query time and concurrency per caller?",
		Control: stride.Quotas, Also: []stride.ControlName{stride.RateLimiting},
		Terms: []string{"pagination", "timeout", "quota", "page size"}, Risk: risk(3, 2),
		CWE: []string{"CWE-405"}, CAPEC: []string{"CAPEC-130"},
		Fixes:    fixes(fix("Page every list, set statement timeouts on {stores} and a small connection pool per caller class in {target}.", "ASVS 15.2.2", "CWE-405")),
		element:  func(n *node) bool { return n.webService() && n.exposed() && n.nearQueried() && n.offersQueries() },
		hear:     hears((*node).fronts, "search", "bulk", "statistics"),
		common:   true,
		reserved: true,
	},
	{
		ID: "web-hostile-file", Category: stride.Tampering,
		Title: "Hostile files placed in {dest} through {source}",
		Actor: "An uploader", Action: "store malware, active content or a path-traversing name in {dest} through {source}",
		Fact: "files reach {dest}", Lack: "checking of uploaded files", Effect: "infection of whoever opens them, overwritten files, or code running where they are served",
		Ask:     "How are files checked before {source} stores them in {dest} (type, size, name, malware)?",
		Control: stride.MalwareScanning, Also: []stride.ControlName{stride.InputValidation},
		Denied: []stride.ControlName{stride.InputValidation},
		Terms:  []string{"malware", "virus scan", "file type"}, Risk: risk(3, 3),
		CWE: []string{"CWE-434", "CWE-22"}, CAPEC: []string{"CAPEC-17"},
		Fixes: fixes(fix("Generate names on the server, check type by content, cap the size, scan, and serve files from {dest} as attachments from another origin.", "ASVS 5.2.2", "ASVS 5.3.2", "CWE-434")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.to.is("object_storage", "file_storage") && !e.to.is("browser_storage") && e.from.service() && e.from.handlesOutsideInput() && !e.from.is("ci_cd") && e.carriesFiles()
		},
	},
	{
		ID: "web-parser-exploit", Category: stride.ElevationOfPrivilege,
		Title: "Crafted file takes over {target}",
		Actor: "Somebody who supplies a file", Action: "trigger memory corruption or code execution in {target} with a crafted file",
		Fact: "it decodes complex formats", Lack: "sandbox around the decoding", Effect: "code running with the rights of {target}, or a crash",
		Ask:     "Does {target} decode untrusted files in a process without rights and with limits?",
		Control: stride.Sandboxing, Terms: []string{"sandbox", "seccomp", "isolated"}, Risk: risk(3, 4),
		CWE: []string{"CWE-20", "CWE-502"}, CAPEC: []string{"CAPEC-100"},
		Fixes:   fixes(fix("Decode in a separate process without network and with memory and time limits; keep the decoding library current.", "ASVS 1.5.2", "CWE-20")),
		element: func(n *node) bool { return n.is("parser") && n.Kind != stride.ExternalEntity && !n.managed },
	},
	{
		ID: "web-path-traversal", Category: stride.InformationDisclosure,
		Title: "Files outside of its folder read through {target}",
		Actor: "A caller who chooses a file name", Action: "put ../ or an absolute path into a request so that {target} opens other files",
		Fact: "names in requests lead to files", Lack: "check of the resolved path", Effect: "disclosure of configuration, keys and source code of {target}",
		Ask:     "How does {target} map names in requests to files, and can a name leave the folder?",
		Control: stride.InputValidation, Also: []stride.ControlName{stride.Sandboxing},
		Terms: []string{"canonical path", "allow-list", "opaque id"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-22"}, CAPEC: []string{"CAPEC-126"},
		Fixes: fixes(fix("Look files up by opaque id in {target}, open them below one folder only (os.Root, openat2), and run without read rights elsewhere.", "ASVS 5.3.2", "CWE-22")),
		element: func(n *node) bool {
			return n.service() && n.exposed() && n.near("file_storage") && !n.near("browser_storage") && n.takesFileNames()
		},
		reserved: true,
	},
	{
		ID: "web-domain-takeover", Category: stride.Spoofing,
		Title: "Domain of {target} taken over",
		Actor: "An attacker who gets into the registrar or DNS account, or finds a record that points at nothing", Action: "point the name of {target} at a server of their own and get a valid certificate for it",
		Fact: "people reach it by its name", Lack: "protection of the domain", Effect: "visitors who {entered} at an impostor with the right name",
		Ask:     "Who can change DNS records and the registration of {target}, with which factor, and are stale records removed?",
		Control: stride.MultiFactor, Also: []stride.ControlName{stride.Monitoring},
		Terms: []string{"registry lock", "CAA", "DNSSEC", "certificate transparency"}, Risk: risk(2, 4), Most: 1, CWE: []string{"CWE-350", "CWE-672"}, CAPEC: []string{"CAPEC-89"},
		Fixes: fixes(fix("Lock the domain of {target} at the registry, require passkeys at registrar and DNS, publish CAA, delete records before the resource behind them, and watch certificate logs.", "ASVS 6.3.3", "CWE-350")),
		element: func(n *node) bool {
			return (n.service() || n.is("cdn")) && n.is("web_app", "cdn") && n.exposed() && n.domainStated()
		},
		reserved: true,
	},
	{
		ID: "web-socket-hijack", Category: stride.Spoofing,
		Title: "Foreign page opens a WebSocket to {dest} in the user's name",
		Actor: "A hostile page that a signed-in user visits", Action: "open a WebSocket to {dest} with the user's cookie and read and write on it",
		Fact: "browsers send cookies on WebSocket handshakes to any site", Lack: "check of the Origin header", Effect: "live reading and sending of messages as the victim",
		Ask:     "Does {dest} check Origin and a token in the WebSocket handshake?",
		Control: stride.CSRFProtection, Also: []stride.ControlName{stride.Authentication},
		Terms: []string{"Origin", "ticket", "handshake"}, Risk: risk(3, 3), Most: 1, CWE: []string{"CWE-1385"}, CAPEC: []string{"CAPEC-593"},
		Fixes: fixes(fix("Compare Origin with an allow-list in the handshake at {dest} and ask for a short-lived ticket in the first message.", "ASVS 4.4.2", "CWE-1385")),
		at:    atFlowAndReceiver,
		flow: func(e *edge) bool {
			return e.from.is("browser") && e.to.service() && (e.Protocol == "ws" || e.Protocol == "wss" || e.Protocol == "websocket" || e.says("websocket"))
		},
	},
	{
		ID: "health-wrong-person", Category: stride.Tampering,
		Title: "Record of the wrong patient read or written through {target}",
		Actor: "A user in a hurry, or a mix-up of identifiers between systems", Action: "read or enter data for another patient in {target}",
		Fact: "{target} handles health data of many people", Lack: "second check of the identity", Effect: "wrong treatment without any attacker",
		Ask:     "How does {target} make sure that screen, device and order belong to the patient at hand?",
		Control: stride.InputValidation, Also: []stride.ControlName{stride.IntegrityCheck, stride.HumanApproval},
		Terms: []string{"barcode", "two identifiers", "patient context"}, Risk: risk(2, 4), Most: 1, CWE: []string{"CWE-1288"}, CAPEC: []string{"CAPEC-153"},
		Fixes: fixes(fix("Ask for two identifiers (wristband and name) before {target} writes, show them on every screen, and refuse orders whose patient and device disagree.", "CWE-1288")),
		element: func(n *node) bool {
			return n.service() && !n.is("gateway", "monitoring") && (n.keeps(stride.DataHealth) || n.receives(stride.DataHealth))
		},
	},
}

// carriesFiles reports whether e brings files of users, by what is said of it, by
// its ends or by what its sender takes in.
func (e *edge) carriesFiles() bool {
	stems := []string{"file", "upload", "image", "photo", "picture", "attach", "document", "media", "avatar", "video"}
	return e.says(stems...) || e.to.named(stems...) || e.from.complexInput() != ""
}

// handlesOutsideInput reports whether what n works on may come from outside: it
// is exposed, or somebody that it serves is.
func (n *node) handlesOutsideInput() bool {
	return n.exposed() || n.calledBy(func(c *node) bool { return c.service() && c.exposed() }) ||
		n.calledBy(func(c *node) bool { return c.is("queue") })
}

// servesStore reports whether n stands before a store that holds several
// people's records.
func (n *node) servesStore() bool {
	stores := []stride.Tag{"database", "object_storage", "file_storage"}
	return n.near(stores...) || n.presumed && n.has(stores...)
}

// takesComplexInput reports whether n decodes content of a complex format that
// comes from outside: what callers send, or samples that a model learns from.
func (n *node) takesComplexInput() bool {
	if n.is("parser", "api_gateway") || !n.service() || n.complexInput() == "" {
		return false
	}
	return (n.webService() || n.answers()) && n.handlesOutsideInput() || n.gathersSamples() && n.calledBy(func(c *node) bool { return c.is("third_party") })
}

// gathersSamples reports whether n passes on what models learn from.
func (n *node) gathersSamples() bool {
	for _, e := range n.out {
		if anyClass(e.Data, []stride.DataClass{stride.DataTrainingData}) || e.to.is("training_data") {
			return true
		}
	}
	return n.receives(stride.DataTrainingData)
}

// nearQueried reports whether n works on a database with a query language.
func (n *node) nearQueried() bool {
	return n.calls(func(s *node) bool { return s.database() && !s.controlStore() })
}

// offersQueries reports whether callers choose what n looks up: searches, lists
// and reports, or a query language of its own.
func (n *node) offersQueries() bool {
	if n.is("graphql") || n.near("search_index") || n.named("search", "report", "analytic") {
		return true
	}
	return n.takes([]string{"search", "report", "export", "histor"})
}
