package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// extensionOf reports whether n is a part of a design that runs in a browser as an
// extension of it.
func (n *node) extensionOf() bool {
	return n.Kind == stride.Process && n.design.speaksOf("extension", "webextension") && n.has("browser") && !n.is("ci_cd", "identity_provider")
}

// inGame reports whether the design is that of a game which people play over the net.
func (n *node) inGame() bool {
	return n.design.speaksOf("game", "gameplay") && n.design.speaksOf("player", "match", "gamer")
}

// practicesOfClients are attacks on programs in the hands of their users, and on the
// way by which such programs reach them.
// Source: OWASP Browser Extension Vulnerabilities Cheat Sheet; OWASP Threat Model
// Cookbook; SLSA.
var practicesOfClients = []practice{
	{
		id: "told-distributed-package", category: stride.Tampering, title: "Altered or look-alike package of {target} installed",
		actor: "An attacker who takes over a maintainer's account, or registers a similar name", action: "publish a package, image or chart that passes for {target}",
		lack: "signature that installers check", effect: "foreign code with all the rights that {target} is given",
		ask:     "How do those who install {target} check that the package is the one its maintainers built?",
		control: stride.CodeSigning, also: []stride.ControlName{stride.IntegrityCheck}, terms: []string{"signed", "provenance", "digest"}, risk: risk(2, 4),
		cwe: "CWE-494", capec: "CAPEC-538", fix: "Sign packages and images of {target} with provenance, pin them by digest, reserve similar names, and mirror what is installed after review.",
		says:  []string{"distributed as", "python package and", "installation using helm", "helm chart on", "oci images for", "machine image", "published on pypi", "published on npm", "published on docker hub"},
		whole: true,
		of: func(n *node) bool {
			return n.Kind != stride.ExternalEntity && !n.is("artifact_registry", "code_repository")
		},
		silences: []string{"supply-dependency"},
	},
	{
		id: "told-extension-rights", category: stride.ElevationOfPrivilege, title: "{target}, once taken over, reads other tabs and sessions",
		actor: "An attacker with a flaw in the extension or in a library of it", action: "use the browser's permissions of {target} on pages that it was not made for",
		lack: "narrow permissions", effect: "pages, cookies and tokens of everything that the user has open",
		ask:     "Which sites and browser functions may {target} use, and which of them only after a click?",
		control: stride.LeastPrivilege, terms: []string{"active tab", "optional permissions"}, risk: risk(2, 4),
		cwe: "CWE-250", capec: "CAPEC-233", fix: "Ask for host permissions of {target} site by site and at use, leave out tabs, cookies and history, and keep page scripts apart from privileged ones.",
		says:  []string{"browser extension", "webextension api", "cross tab", "host permission", "extension permission"},
		whole: true,
		of:    (*node).extensionOf,
	},
	{
		id: "told-injected-page", category: stride.Tampering, title: "Hostile page alters what {target} shows in it",
		actor: "The author of a page, or another extension", action: "remove, forge or cover what {target} writes into the page, or feed it false content",
		lack: "separation from the page", effect: "users who trust a result that the attacker wrote",
		ask:     "Can scripts of the page read or change what {target} adds to it?",
		control: stride.Sandboxing, terms: []string{"shadow DOM", "isolated world"}, risk: risk(3, 3),
		cwe: "CWE-451", capec: "CAPEC-154", fix: "Show results of {target} in the extension's own window or a closed shadow root, check what comes from the page, and never take verdicts from it.",
		says: []string{"injected directly into", "injected into", "content script", "inline annotations"},
		once: true,
		of:   (*node).extensionOf,
	},
	{
		id: "told-page-exhaustion", category: stride.DenialOfService, title: "Huge or crafted content freezes {target}",
		actor: "The author of a file or page", action: "offer {target} content that is endless, deeply nested or changes all the time",
		lack: "bounds on size, depth and time", effect: "a frozen browser, or checks that are switched off because they are slow",
		ask:     "Which size, depth and time does {target} stop at, and does it run apart from the page?",
		control: stride.Quotas, terms: []string{"size limit", "timeout"}, risk: risk(3, 2),
		cwe: "CWE-400", capec: "CAPEC-130", fix: "Bound size, nesting, number of rules and time in {target}, debounce observation of the page, and parse in a worker that can be ended.",
		says: []string{"parses yaml", "parses json", "multi document", "extracts kubernetes", "parses the page", "from prs files", "yaml into memory"},
		once: true,
		of:   (*node).extensionOf,
	},
	{
		id: "told-imported-rules", category: stride.Tampering, title: "Rules from a stranger imported into {target}",
		actor: "Whoever publishes or passes on a rule file", action: "have users import rules into {target} that let everything pass, or that attack its parser",
		lack: "check of where rules come from", effect: "results that users trust and the attacker decides",
		ask:     "How does {target} check the origin of imported rules, and does it show when they changed?",
		control: stride.IntegrityCheck, terms: []string{"signed rules", "checksum"}, risk: risk(3, 3),
		cwe: "CWE-345", capec: "CAPEC-184", fix: "Sign rule bundles for {target}, show author and changes before import, validate them against a closed schema, and never run code out of them.",
		says: []string{"imported rule", "imported kyverno", "imported polic", "rule import", "rule bundle", "policy import", "user import", "import of rules", "imports rules"},
		once: true,
		of:   func(n *node) bool { return n.Kind == stride.Process && !n.outside || n.extensionOf() },
	},
	{
		id: "told-faked-extension", category: stride.Spoofing, title: "Fake or hijacked release of {target} in the browser's store",
		actor: "A stranger with a similar name, or with the publisher's account", action: "publish an extension that passes for {target}, or an update of it with other code",
		lack: "protection of the publisher's account and build", effect: "foreign code in the browser of every user at the next update",
		ask:     "Who may publish {target}, with which second factor, and can a release be built again from source?",
		control: stride.CodeSigning, also: []stride.ControlName{stride.MultiFactor}, terms: []string{"verified publisher", "reproducible"}, risk: risk(2, 4),
		cwe: "CWE-494", capec: "CAPEC-187", fix: "Publish {target} from one build with provenance, under an account with hardware keys, pin its libraries, and watch the stores for its name.",
		says:  []string{"browser extension", "extension code"},
		whole: true,
		of:    (*node).extensionOf,
	},
	{
		id: "told-altered-game", category: stride.Tampering, title: "{target} altered to cheat",
		actor: "A player with tools that are sold for it", action: "change memory, code, input or files of {target} for speed, sight and aim that the rules do not allow",
		lack: "check of the client and of what it claims", effect: "matches that honest players lose, and leave",
		ask:     "Which claims of {target} does the server check, and what notices altered clients?",
		control: stride.IntegrityCheck, also: []stride.ControlName{stride.Monitoring}, terms: []string{"anti-cheat", "server authority"}, risk: risk(4, 2),
		cwe: "CWE-602", capec: "CAPEC-22", fix: "Simulate on the server, send {target} no more than its player may see, check speed and rate of input, and ban on statistics as well as on signatures.",
		says: []string{"plays the game", "game client", "player s machine", "playing"},
		once: true,
		of:   func(n *node) bool { return n.inGame() && n.is("client") && !n.is("browser", "command_line") },
	},
	{
		id: "told-invented-result", category: stride.Tampering, title: "Results, ranks or items invented at {target}",
		actor: "A player with an altered client", action: "report kills, finishes, purchases or finds to {target} that never happened",
		lack: "check of results against what the server saw", effect: "ranks, currency and scoreboards that are worth nothing",
		ask:     "Which results does {target} take from the client, and against what are they checked?",
		control: stride.InputValidation, also: []stride.ControlName{stride.IntegrityCheck}, terms: []string{"server authority", "plausibility"}, risk: risk(3, 3),
		cwe: "CWE-602", capec: "CAPEC-22", fix: "Let {target} compute results from its own state of the match, give items by its own transactions, and look for improbable series.",
		says: []string{"game server", "match result", "leaderboard", "scoreboard", "lobby", "read write"},
		once: true,
		of: func(n *node) bool {
			return n.inGame() && n.program() && !n.is("client", "web_app", "api") && n.named("game", "match", "score")
		},
	},
	{
		id: "told-evicted-player", category: stride.DenialOfService, title: "Players thrown out of a match by traffic to {target}",
		actor: "A player who is losing", action: "flood or crash {target}, or the connection of an opponent, in the middle of a match",
		lack: "protection of each match and address", effect: "lost matches and a game that nobody can play",
		ask:     "What shields {target} and the addresses of players during a match?",
		control: stride.DDoSProtection, also: []stride.ControlName{stride.RateLimiting}, terms: []string{"relay", "DDoS"}, risk: risk(3, 3),
		cwe: "CWE-770", capec: "CAPEC-125", fix: "Put {target} behind relays that hide addresses and drop floods, tie packets to a match by a session key, and end a match without loss for who was cut off.",
		says: []string{"game server", "match server", "lobby"},
		once: true,
		of: func(n *node) bool {
			return n.inGame() && n.program() && !n.is("client", "web_app", "api") && n.named("game", "match")
		},
	},
}
