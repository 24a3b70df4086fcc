package prose

import (
	"regexp"
	"slices"
	"sort"
	"strings"

	"github.com/threatdraft/threatdraft/internal/formats/gazetteer"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// fieldRow says what a tag needs before it stands: the same noun names other
// things in other fields ("the CD robot", "the media repository", "a DICOM
// router"), and a tag of the wrong field brings that field's threats.
type fieldRow struct {
	tag   stride.Tag
	words string // names that the row is about: one of these word sequences, apart by bars; "" for any
	// field must be found, against must not, in the sentences that name the part
	// (near) or in the whole text; nil asks for nothing. With neither the name alone
	// decides.
	field, against *regexp.Regexp
	near           bool
	// general and kind are what the part is otherwise; "" keeps the kind.
	general stride.Tag
	kind    stride.ElementKind
}

func fieldWords(pattern string) *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(?:` + pattern + `)\b`)
}

var (
	modelWords = fieldWords(`llms?|language models?|gpt\S*|prompts?|openai|anthropic|claude|gemini|rag|embeddings?|generative|genai|ai|mistral|llama\S*|` +
		`foundation models?|copilot|machine learning|neural`)
	roadWords = fieldWords(`ecus?|can bus|can network|canopen|telematics|infotainment|obd\S*|in-vehicle|head unit|autosar|adas|tcu|drive-by-wire|autonomous|` +
		`autopilot|vehicle network|v2x|immobili[sz]er|connected cars?|lidar|drones?|uav|key ?fob|dashcam|vehicle gateway|on-?board|brakes?|steering`)
	motionWords = fieldWords(`ros|ros ?2|motors?|motion|joints?|navigat\w+|arms?|gripper|lidar|drones?|uav|autopilot|autonomous|amrs?|agvs?|mobile robots?|` +
		`cobots?|teleoperat\w+|emergency stops?|mavlink|robot cell|weld\w+|actuators?|end effectors?|trajector\w+`)
	linkWords = fieldWords(`wi-?fi|wlan|lan|nat|home|modem|lte|4g|5g|cellular|broadband|cpe|firmware|dhcp|iot|edge|sensors?|zigbee|ble|bluetooth|plcs?|mqtt|` +
		`modbus|lora\S*|devices?|meters?`)
	signInWords = fieldWords(`log ?ins?|logs in|sign(?:s|ed|ing)?[- ](?:in|on)s?|authenticat\w+|sso|oauth\S*|oidc|openid|saml|tokens?|passwords?|credentials|` +
		`certificates?|keys`)
	ledgerWords    = fieldWords(`consortium|permissioned|hyperledger|fabric|private (?:block)?chain|our own chain|validators?|raft|pbft|tendermint|besu`)
	admissionWords = fieldWords(`admission|admits?|admitted|api ?servers?|kube-apiserver|(?:validating|mutating) webhooks?|webhooks?|kubectl apply`)
	sourceWords    = fieldWords(`git|github|gitlab|bitbucket|svn|commit\w*|branch\w*|pull requests?|merge\w*|` +
		`source|code|codebase|version control|scm|push(?:es|ed)?|manifests?|gitops|iac|infrastructure`)
	outgoing = regexp.MustCompile(`(?i)\b(?:calls?|sends?|fires?|posts? to|notif\w+|delivers?|triggers?) (?:the |an? |customers?'? |outgoing )?webhooks?\b|` +
		`\bwebhooks? (?:send|post|notify|deliver|call|inform|are sent|are delivered)\b|\boutgoing webhooks?\b|\bwebhooks? (?:that |which )?(?:a |the |each )?(?:customer|user|tenant|admin)s? `)
)

// fieldTable is read from above; the first row that the part does not fit decides.
var fieldTable = []fieldRow{
	{tag: "robot", words: "robot|drone|gripper|end effector|manipulator", field: motionWords, general: "device"},
	{tag: "vehicle", words: "vehicle|car|truck|scooter|tractor|forklift|e bike", field: roadWords, general: "device", kind: stride.ExternalEntity},
	{tag: "llm_application", words: "assistant|chat|chatbot|bot", field: modelWords, general: "service"},
	{tag: "llm_agent", words: "assistant|agent|bot", field: modelWords, general: "service"},
	{tag: "device", words: "terminal", against: fieldWords(`integrated terminal|terminal window|terminal emulator|shell commands?|commands in the terminal|output of the terminal`), near: true, general: "client"},
	{tag: "ci_cd", words: "telemetry pipeline|data pipeline|analytics pipeline|media pipeline|event pipeline|metric pipeline|log pipeline|logging pipeline|video pipeline|" +
		"image pipeline|audio pipeline|rendering pipeline|render pipeline|graphics pipeline|ingest pipeline|processing pipeline|message pipeline|content pipeline|" +
		"document pipeline|search pipeline|scoring pipeline|reporting pipeline|transcoding pipeline|perception pipeline|vision pipeline|order pipeline", general: "worker"},
	{tag: "ci_cd", words: "pipeline", field: fieldWords(`builds?|deploy\w*|ci|cd|ci/cd|commits?|merges?|merged|releases?|branch|jenkins|gitlab|github|source code|continuous \w+`), general: "worker"},
	{tag: "code_repository", words: "media repository|content repository|document repository|file repository|image repository|record repository|data repository|" +
		"message repository|audio repository|video repository|report repository|audit repository|audit record repository|case repository", general: "file_storage"},
	{tag: "artifact_registry", words: "service registry|user registry|device registry|entity registry|event registry|state registry|schema registry|tool registry|" +
		"sensor registry|asset registry|thing registry|session registry|feature registry|customer registry|patient registry", general: "config_store"},
	{tag: "mobile_device", words: "developer workstation|engineer workstation|user workstation", general: "mobile_device"},
	{tag: "mobile_device", words: "workstation|pc|desktop computer|personal computer|windows pc", general: "device"},
	{tag: "identity_provider", words: "identity server|identity service|lookup service|user directory|directory service", field: signInWords, near: true, general: "service"},
	{tag: "identity_provider", words: "identity server|lookup service", against: fieldWords(`look(?:s|ed)? ?up\w*|finds? (?:people|users|contacts)|discover\w* (?:people|users|contacts)|phone numbers?`), near: true, general: "service"},
	{tag: "update_service", words: "wsus|windows update|patch server|patch management system|update manager", field: fieldWords(`firmware|ota|over[- ]the[- ]air|embedded`), general: "service"},
	{tag: "iot_device", words: "router", field: linkWords, near: true, general: "gateway"},
	{tag: "iot_device", words: "gateway", field: linkWords, near: true, general: "gateway"},
	{tag: "iot_device", words: "remote service|remote access", general: "service"},
	{tag: "dns", words: "dns", field: fieldWords(`records?|zones?|domains?|registrar|host ?names?|resolv\w+|lookups?|name ?servers?|queries|dns server|dns service|dns provider|dnssec|delegat\w+`), near: true, general: "service"},
	{tag: "wireless", words: "rfid|nfc|infrared|infrared link", general: "device"},
	{tag: "robot_middleware", words: "px4|ardupilot", general: "controller"},
	{tag: "robot_middleware", words: "nav2|moveit|autoware|rviz|gazebo|gazebo simulator|slam toolbox|planner|motion planner|path planner|navigation stack|perception stack|" +
		"localization module|planning module|mission manager|robot component", general: "service"},
	{tag: "actuator", words: "relay", field: fieldWords(`switch\w*|coil|contacts?|circuits?|voltage|power|plcs?|gpio|pumps?|motors?|valves?|actuat\w+|current|board`), near: true, general: "service"},
	{tag: "end_user", words: "task dispatcher|job dispatcher|event dispatcher|message dispatcher|order dispatcher|request dispatcher|work dispatcher", general: "service", kind: stride.Process},
	{tag: "end_user", words: "media player|video player|audio player|music player|dvd player", general: "device", kind: stride.Process},
	{tag: "admin", words: "admin", against: fieldWords(`(?:web|user) (?:interface|ui|page|console)|admin (?:interface|ui|page|console|panel)`), near: true, general: "admin_interface", kind: stride.Process},
	{tag: "admission_controller", field: admissionWords, general: "policy_engine"},
	{tag: "code_repository", words: "repository|repo", field: sourceWords, near: true, general: "file_storage"},
	{tag: "build_system", words: "jit compiler|in time compiler|query compiler|rule compiler|policy compiler|shader compiler|template compiler|model compiler", general: "service"},
	{tag: "web_app", words: "internet website|external website|third party website|untrusted website|foreign website|target website|arbitrary website|internet site|external site",
		general: "third_party", kind: stride.ExternalEntity},
	{tag: "operator", words: "resource owner|data owner|account owner", general: "end_user"},
	{tag: "device", words: "audit device|log device|block device|virtual device|logical device", general: "service"},
	{tag: "webhook_receiver", words: "webhook", against: outgoing, near: true, general: "third_party", kind: stride.ExternalEntity},
	{tag: "agent", words: "certificate agent|certificate issuer", general: "service"},
	{tag: "consensus", words: "blockchain node|bitcoin node|ethereum node|full node|blockchain", field: ledgerWords, general: "service"},
	{tag: "consensus", words: "blockchain network|bitcoin network|ethereum network", field: ledgerWords, general: "third_party", kind: stride.ExternalEntity},
	{tag: "relational", words: "sqlite|sqlite database|sqlite file", against: fieldWords(`offline|on the (?:phone|device|tablet)|(?:mobile|phone) app|the app (?:keeps|caches|stores)`),
		near: true, general: "file_storage"},
	{tag: "secret_store", words: "key|wallet|seed|share|storage", against: fieldWords(`offline|on paper|steel plates?|hardware wallets?|air[- ]?gapped|bank vaults?|safe deposit`),
		near: true, general: "backup_store"},
	{tag: "database", words: "synapse", field: fieldWords(`azure|warehouse|analytics|spark|sql pools?`), general: "service", kind: stride.Process},
}

// nearby bounds how many sentences about one part are searched.
const nearby = 40

// settleFields gives parts the general tag where the text is not of the field that
// their own tag belongs to.
func (x *extractor) settleFields() {
	found := map[*fieldRow]bool{}
	var where map[*element][]int
	for _, e := range x.reg.all {
		if isHuman(e.tags) && hostile(e.canon) {
			e.tags, e.home = []stride.Tag{"third_party"}, stride.ZoneThirdParty // no victim of a theft of rights
			continue
		}
		for i := range fieldTable {
			row := &fieldTable[i]
			if !slices.Contains(e.tags, row.tag) || !namedBy(e.canon, row.words) || row.tag == "admin" && e.level == gazetteer.Noun && !strings.Contains(e.canon, " ") {
				continue
			}
			fits, known := found[row]
			if !known || row.near {
				text := x.text
				if row.near {
					if where == nil {
						where = x.mentionedIn()
					}
					text = x.textOf(where[e])
				}
				fits = row.fits(text)
				found[row] = fits
			}
			if !fits {
				row.generalise(e)
				break
			}
		}
	}
}

// hostile reports whether the name is that of an attacker.
func hostile(name string) bool {
	first, _, _ := strings.Cut(name, " ")
	switch first {
	case "malicious", "hostile", "rogue", "adversarial", "compromised":
		return true
	}
	switch lastWord(name) {
	case "attacker", "adversary", "intruder":
		return true
	}
	return false
}

func (r *fieldRow) fits(text string) bool {
	switch {
	case r.field != nil:
		return r.field.MatchString(text)
	case r.against != nil:
		return !r.against.MatchString(text)
	}
	return false
}

// generalise puts the general tag in the place of the row's.
func (r *fieldRow) generalise(e *element) {
	tags := []stride.Tag{r.general}
	for _, t := range e.tags {
		if t != r.tag && !slices.Contains(tags, t) {
			tags = append(tags, t)
		}
	}
	e.tags = tags
	if r.kind != "" {
		e.kind, e.managed = r.kind, false
	}
	if r.general == "service" || r.general == "gateway" || r.general == "worker" {
		e.home = ""
	}
}

// mentionedIn lists, for each part, the first sentences that name it or its item.
func (x *extractor) mentionedIn() map[*element][]int {
	out := map[*element][]int{}
	for i := range x.sentences {
		for _, m := range x.sentences[i].mentions {
			if list := out[m.elem]; m.elem != nil && len(list) < nearby {
				out[m.elem] = append(list, i)
			}
		}
	}
	for _, e := range x.reg.all {
		i := sort.Search(len(x.sentences), func(k int) bool { return x.sentences[k].start > e.pos }) - 1
		if i >= 0 && e.pos < x.sentences[i].end {
			out[e] = append(out[e], i)
		}
	}
	return out
}

// textOf joins the sentences.
func (x *extractor) textOf(list []int) string {
	var out strings.Builder
	for _, i := range list {
		out.WriteString(x.text[x.sentences[i].start:x.sentences[i].end])
		out.WriteByte('\n')
	}
	return out.String()
}

// namedBy reports whether the canonical name, or what stands before its "and",
// ends with one of the word sequences, apart by bars; "system" or the like may
// follow.
func namedBy(name, sequences string) bool {
	if sequences == "" {
		return true
	}
	if first, _, both := strings.Cut(name, " and "); both && namedExactly(first, sequences) {
		return true
	}
	for _, head := range []string{" system", " server", " service", " device", " app"} {
		if namedExactly(strings.TrimSuffix(name, head), sequences) {
			return true
		}
	}
	return namedExactly(name, sequences)
}

func namedExactly(name, sequences string) bool {
	for _, w := range strings.Split(sequences, "|") {
		if name == w || strings.HasSuffix(name, " "+w) {
			return true
		}
	}
	return false
}
