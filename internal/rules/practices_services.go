package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// imaging reports whether n takes part in the exchange of medical images.
func (n *node) imaging() bool { return n.medical() && n.program() && !n.is("client") }

// practicesOfServices are attacks of single trades: medical images, staged updates,
// assistants with documents.
// Source: DICOM PS3.15; Uptane Standard; The Update Framework; OWASP Top 10 for LLM
// Applications.
var practicesOfServices = []practice{
	{
		id: "told-imaging-flood", category: stride.DenialOfService, title: "Associations, queries or studies without end stop imaging at {target}",
		actor: "A faulty or hostile node on the clinical network", action: "open associations, send queries or store studies until {target} takes no more",
		lack: "limits per peer", effect: "examinations that wait, and images that are missing at the bedside",
		ask:     "How many associations, queries and studies does {target} take per peer, and what happens beyond?",
		control: stride.Quotas, also: []stride.ControlName{stride.RateLimiting}, terms: []string{"association limit", "quota"}, risk: risk(3, 3),
		cwe: "CWE-770", capec: "CAPEC-125", fix: "Limit associations, query size and storage per AE title at {target}, reserve capacity for the modalities, and separate clinical from other traffic.",
		says: []string{"dicom storage", "query retrieve", "modality worklist", "c store", "c find", "c move", "dimse"},
		once: true,
		of:   func(n *node) bool { return n.imaging() && !n.is("web_app") },
	},
	{
		id: "told-false-commitment", category: stride.Tampering, title: "False storage commitment makes {target} delete the only copy",
		actor: "A node that poses as the archive", action: "confirm to {target} that images are kept which are not",
		lack: "proof of who confirms", effect: "examinations lost for good",
		ask:     "How does {target} know that a commitment comes from the archive, and how long does it keep its own copy?",
		control: stride.MutualAuthentication, also: []stride.ControlName{stride.IntegrityCheck}, terms: []string{"TLS node authentication", "retention"}, risk: risk(2, 4),
		cwe: "CWE-345", capec: "CAPEC-151", fix: "Accept commitments at {target} over TLS with node certificates only, match each to its request, and keep local copies until a second check.",
		says: []string{"storage commitment"},
		once: true,
		of:   (*node).imaging,
	},
	{
		id: "told-rerouted-images", category: stride.InformationDisclosure, title: "Changed routing rule of {target} sends records to a foreign node",
		actor: "A technician, or an intruder with service rights", action: "add a destination to the routing rules of {target}",
		lack: "approval of changed destinations", effect: "patients' images and data copied to where nobody looks for them",
		ask:     "Who may change routing rules of {target}, and who is told of a new destination?",
		control: stride.HumanApproval, also: []stride.ControlName{stride.Monitoring}, terms: []string{"allow-list of nodes", "change control"}, risk: risk(2, 4),
		cwe: "CWE-284", capec: "CAPEC-75", fix: "List allowed destinations of {target} outside of it, ask two people for a new one, and alert when it sends elsewhere.",
		says:  []string{"autorouting", "auto routing", "routing rule", "forwarding rule", "automatic forwarding"},
		whole: true,
		of:    func(n *node) bool { return n.medical() && n.endpoint() },
	},
	{
		id: "told-borrowed-services", category: stride.Spoofing, title: "Forged time, names or accounts from network services believed by {target}",
		actor: "Somebody on the network of those services", action: "answer {target} in place of its time, name, address or directory service",
		lack: "authentication of those services", effect: "wrong timestamps, redirected connections and logins that should have failed",
		ask:     "Which network services does {target} rely on, and how does it authenticate their answers?",
		control: stride.MutualAuthentication, also: []stride.ControlName{stride.IntegrityCheck}, terms: []string{"NTS", "LDAPS", "DNSSEC"}, risk: risk(2, 3),
		cwe: "CWE-290", capec: "CAPEC-194", fix: "Use LDAPS with a pinned CA, authenticated time and fixed addresses for {target}, and alert on jumps of its clock.",
		says: []string{"ntp sntp", "dhcp dns", "dns and ldap", "ntp and dns", "supporting network services"},
		once: true,
		of:   func(n *node) bool { return n.Kind == stride.Process && !n.person() },
	},
	{
		id: "told-kept-conversations", category: stride.InformationDisclosure, title: "Conversations kept in {target} read by an insider or intruder",
		actor: "An insider, or whoever takes over a service that reads it", action: "read what people asked and were answered in {target}",
		lack: "masking and deletion of what is kept", effect: "disclosure of what people told the assistant in confidence",
		ask:     "Which parts of conversations does {target} keep, for how long, and who may read them?",
		control: stride.DataMinimization, also: []stride.ControlName{stride.EncryptionAtRest}, terms: []string{"retention", "masked"}, risk: risk(2, 3),
		cwe: "CWE-359", capec: "CAPEC-545", fix: "Mask personal data before {target} keeps it, encrypt it under a key per tenant, limit readers to one role, log reads, and delete on a date.",
		says: []string{"question answer pair", "q and a stored", "chat history", "conversation history", "stores conversation", "stores the conversation", "transcripts"},
		once: true,
		of:   func(n *node) bool { return n.store() && n.has("llm", "llm_application") },
	},
	{
		id: "told-planted-document", category: stride.Tampering, title: "Planted document in {target} steers the answers",
		actor: "Somebody who may add or edit documents there", action: "put false facts or hidden instructions into what {target} finds for the model",
		lack: "check of who adds what", effect: "answers that the attacker wrote, given in the owner's name",
		ask:     "Who may add documents to {target}, and can each answer be traced to its source?",
		control: stride.IntegrityCheck, also: []stride.ControlName{stride.HumanApproval}, terms: []string{"provenance", "curated"}, risk: risk(3, 3),
		cwe: "CWE-345", capec: "CAPEC-184", fix: "Let few people add to {target}, record origin and hash of each document, scan for instructions, and show sources with every answer.",
		says:     []string{"relevant document", "knowledge base", "document retrieval", "retrieved document"},
		once:     true,
		of:       func(n *node) bool { return n.store() && n.has("llm", "llm_application") },
		silences: []string{"ml-poisoned-data"},
	},
	{
		id: "told-frozen-metadata", category: stride.DenialOfService, title: "Old but valid metadata keeps {target} from learning of a fix",
		actor: "Somebody on the way, or with a mirror", action: "give {target} the last metadata again and again",
		lack: "expiry that is checked against a trusted time", effect: "known flaws that stay open while everything looks current",
		ask:     "How long is metadata for {target} valid, and what does it do when it has expired?",
		control: stride.ReplayProtection, terms: []string{"expiry", "trusted time"}, risk: risk(3, 3),
		cwe: "CWE-672", capec: "CAPEC-603", fix: "Sign a timestamp with a life of hours, let {target} refuse expired metadata and report its age, and give it time from more than one source.",
		says:  []string{"new metadata", "timestamp metadata", "latest metadata", "offline for extended"},
		whole: true,
		of:    (*node).takesUpdates,
	},
	{
		id: "told-mixed-versions", category: stride.Tampering, title: "Mixed or partial set of versions installed on {target}",
		actor: "Somebody on the way, or in the part that passes images on", action: "pass some images of a set to {target} and hold back others, or join sets that do not fit",
		lack: "check of the set as a whole", effect: "parts that do not work together, or that fail while they are in use",
		ask:     "Does {target} install a set as a whole or not at all, and what checks that all parts have it?",
		control: stride.IntegrityCheck, terms: []string{"bundle", "atomic"}, risk: risk(2, 4),
		cwe: "CWE-353", capec: "CAPEC-439", fix: "Sign the set with all versions in it, let {target} install when every part has confirmed its image, and roll all of them back together.",
		says:  []string{"dependencies and conflicts", "set of images", "secondar", "images to", "metadata to"},
		whole: true,
		of:    (*node).takesUpdates,
	},
	{
		id: "told-slow-download", category: stride.DenialOfService, title: "Download to {target} kept endless or too slow to finish",
		actor: "Somebody on the way, or with a mirror", action: "send {target} an endless file, or bytes so slowly that no update ends",
		lack: "bounds on size and time of a download", effect: "full storage, or fixes that never arrive",
		ask:     "At which size and rate does {target} give up a download, and where does it try next?",
		control: stride.Quotas, terms: []string{"size limit", "minimum rate", "timeout"}, risk: risk(2, 3),
		cwe: "CWE-400", capec: "CAPEC-130", fix: "Put lengths into signed metadata, let {target} end a download beyond them or below a rate, change the source, and report it.",
		says:  []string{"download image", "downloads image", "downloading image", "low speed network", "sufficient storage", "images and associated metadata"},
		whole: true,
		of:    (*node).takesUpdates,
	},
	{
		id: "told-public-repository", category: stride.DenialOfService, title: "Public interface of {target} flooded so that nobody gets updates",
		actor: "An attacker with a botnet", action: "ask {target} for more downloads, manifests or signatures than it can serve",
		lack: "limits per caller and a second source", effect: "a fleet that cannot be mended while it is attacked",
		ask:     "What limits callers of {target}, and from where else can updates be had?",
		control: stride.RateLimiting, also: []stride.ControlName{stride.DDoSProtection, stride.Redundancy}, terms: []string{"rate limit", "CDN", "mirror"}, risk: risk(3, 3),
		cwe: "CWE-770", capec: "CAPEC-125", fix: "Serve static files of {target} from a CDN, limit signing on demand per device, and let devices try again with jitter.",
		says:  []string{"this interface should be public", "interface should be public", "interface permitting the download", "public download"},
		whole: true,
		of:    (*node).takesUpdates,
	},
}

// takesUpdates reports whether n hands out or takes in updates of things.
func (n *node) takesUpdates() bool {
	return n.has("update_service", "vehicle") && n.is("update_service", "vehicle", "iot_device")
}
