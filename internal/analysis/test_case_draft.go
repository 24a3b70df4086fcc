package analysis

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// draftedCase is a test case with the template that it is of.
type draftedCase struct {
	template string
	TestCaseText
}

// caseTemplate is what somebody tries, and what has to happen. {target} is the
// part or the flow, {from} and {to} are a flow's ends; of a part, {from} is whoever
// calls it and {to} the part itself.
type caseTemplate struct{ when, then string }

// technologyTemplate is what is tried where the target is of a technology.
type technologyTemplate struct {
	tag      stride.Tag
	category stride.Category
	caseTemplate
}

// maxCaseTargets is for how many targets of a threat an abuse is written out.
const maxCaseTargets = 3

// draftTestCases writes, in a fixed order: the abuse that the missing control
// would have stopped, else the one that goes with the technology or the category,
// per target; one check per mitigation that was not dropped; and what must go on
// working.
func draftTestCases(t stride.Threat, a *stride.Architecture) []draftedCase {
	targets := testTargets(t, a)
	var out []draftedCase
	for _, p := range targets {
		key, abuse := abuseOf(t.Content, p)
		out = append(out, draftedCase{key + "/" + string(p.key), TestCaseText{
			Given: p.given(), When: p.fill(abuse.when), Then: p.fill(abuse.then),
		}})
	}
	first := targets[0]
	_, abuse := abuseOf(t.Content, first)
	for _, m := range t.Mitigations {
		if m.Status == stride.MitigationDropped {
			continue
		}
		out = append(out, draftedCase{"mitigation/" + string(m.ID), TestCaseText{
			Given: sentence(first.given() + ", with this in place: " + m.Text), When: first.fill(abuse.when),
			Then: first.fill(abuse.then + "; with the safeguard switched off in a test environment the same attempt succeeds, so that it is the safeguard that stops it"),
		}})
	}
	regular := regularTemplates[t.Content.Category]
	return append(out, draftedCase{"regular", TestCaseText{
		Given: first.given(), When: first.fill(regular.when), Then: first.fill(regular.then),
	}})
}

func sentence(text string) string { return strings.TrimRight(strings.TrimSpace(text), ".") }

// abuseOf is the template for a proposal on a target, with its name.
func abuseOf(p stride.Proposal, target testTarget) (string, caseTemplate) {
	if by, ok := controlTemplates[p.Control]; ok {
		return "control/" + string(p.Control), by
	}
	for _, by := range technologyTemplates {
		if by.category == p.Category && slices.ContainsFunc(target.tags, func(own stride.Tag) bool { return own.Is(by.tag) }) {
			return "technology/" + string(by.tag), by.caseTemplate
		}
	}
	return "category/" + string(p.Category), categoryTemplates[p.Category]
}

// testTarget is a target of a threat in words.
type testTarget struct {
	key            stride.Key
	name, from, to string
	// built names the technology, "" where nobody said.
	built string
	tags  []stride.Tag
}

// testTargets are the targets as the architecture knows them, else by name alone;
// one at least.
func testTargets(t stride.Threat, a *stride.Architecture) []testTarget {
	var out []testTarget
	for i, id := range t.Content.TargetIDs {
		if len(out) == maxCaseTargets {
			break
		}
		name := string(id)
		if i < len(t.Content.Targets) {
			name = t.Content.Targets[i]
		}
		out = append(out, testTargetOf(a, id, name))
	}
	if out == nil {
		out = []testTarget{{key: "project", name: "the system", from: "a caller", to: "the system"}}
	}
	return out
}

func testTargetOf(a *stride.Architecture, id stride.Key, name string) testTarget {
	if f, ok := a.Flow(id); ok {
		source, _ := a.Element(f.SourceID)
		dest, _ := a.Element(f.TargetID)
		return testTarget{
			key: id, name: "the flow from " + source.Name + " to " + dest.Name, from: source.Name, to: dest.Name,
			built: f.Protocol, tags: slices.Concat(f.Tags, dest.Tags),
		}
	}
	e, ok := a.Element(id)
	if !ok {
		return testTarget{key: id, name: name, from: "a caller", to: name}
	}
	from := "a caller"
	for _, f := range a.Flows {
		if f.TargetID == id {
			if source, ok := a.Element(f.SourceID); ok {
				from = source.Name
				break
			}
		}
	}
	return testTarget{key: id, name: e.Name, from: from, to: e.Name, built: tagWords(e.Tags), tags: e.Tags}
}

func tagWords(tags []stride.Tag) string {
	words := make([]string, len(tags))
	for i, t := range tags {
		words[i] = strings.ReplaceAll(string(t), "_", " ")
	}
	return strings.Join(words, ", ")
}

func (p testTarget) given() string {
	if p.built == "" {
		return p.name + " as it is deployed"
	}
	return p.name + " (" + p.built + ") as it is deployed"
}

func (p testTarget) fill(text string) string {
	return strings.NewReplacer("{target}", p.name, "{from}", p.from, "{to}", p.to).Replace(text)
}

// categoryTemplates are for threats of which neither the control nor the
// technology is known.
var categoryTemplates = map[stride.Category]caseTemplate{
	stride.Spoofing: {
		"somebody without an identity of {from} addresses {target} in its name, once without credentials and once with those of another account",
		"both attempts are refused and stand in the log with their origin",
	},
	stride.Tampering: {
		"somebody who may not write changes one byte of what {target} holds or carries",
		"the change is refused, or found before the data is used, and the original is still there",
	},
	stride.Repudiation: {
		"a user of {target} makes a change that matters and denies it a day later",
		"a record that the user cannot alter names the user, the moment and the change",
	},
	stride.InformationDisclosure: {
		"somebody without the right to read asks {target} for the data of somebody else",
		"nothing of the data comes back, error messages and timing included, and the attempt stands in the log",
	},
	stride.DenialOfService: {
		"one client sends {target} ten times its usual load for ten minutes",
		"that client is slowed down or refused, and the others are answered within their usual time",
	},
	stride.ElevationOfPrivilege: {
		"a user with the least rights on {target} calls each operation that belongs to a higher role",
		"every call is refused on the server and changes nothing",
	},
}

// regularTemplates hold that the safeguard does not break what is allowed.
var regularTemplates = map[stride.Category]caseTemplate{
	stride.Spoofing: {
		"{from} addresses {target} with its own valid credentials",
		"it is recognised, may do what it could before, and no more",
	},
	stride.Tampering: {
		"an entitled change reaches {target} on its usual way",
		"it is stored as it was sent and can be read back unchanged",
	},
	stride.Repudiation: {
		"{from} does its usual work on {target} while the records are shipped slowly",
		"the work goes on, and no secret or needless personal detail stands in the records",
	},
	stride.InformationDisclosure: {
		"an entitled reader asks {target} for its own data",
		"the data comes back complete",
	},
	stride.DenialOfService: {
		"{from} uses {target} at the busiest hour's usual load",
		"no request of it is refused by the limits",
	},
	stride.ElevationOfPrivilege: {
		"each role uses {target} for what it is entitled to",
		"all of it still works, and an administrator can still take a right away",
	},
}

// technologyTemplates are looked through in this order.
var technologyTemplates = []technologyTemplate{
	{"llm", stride.Tampering, caseTemplate{
		"a document that {target} is given says, among its text, to ignore the instructions and to call a tool",
		"the answer treats the text as data: no tool is called and no instruction of it is followed",
	}},
	{"llm", stride.InformationDisclosure, caseTemplate{
		"a user asks {target} for its instructions and for what another user has told it",
		"neither comes back, in whole, in parts or in translation",
	}},
	{"relational", stride.Tampering, caseTemplate{
		"{from} passes on `x' OR '1'='1` and `x'; DROP TABLE t; --` in every field that ends in a statement to {target}",
		"each is stored or searched for as text; no other row is read or changed",
	}},
	{"object_storage", stride.InformationDisclosure, caseTemplate{
		"somebody without credentials lists {target} and fetches an object by its address, and by a signed link that has expired",
		"each request is refused with 403 and stands in the access log",
	}},
	{"cache", stride.Tampering, caseTemplate{
		"a client that is not {from} writes a key of another tenant into {target}",
		"the write is refused, and the entry that is served stays the one that {from} wrote",
	}},
	{"queue", stride.Spoofing, caseTemplate{
		"a producer with valid network access and no account publishes a well-formed message to {target}",
		"the message is refused and no consumer acts on it",
	}},
	{"queue", stride.DenialOfService, caseTemplate{
		"a message that its consumer cannot process stands at the head of {target}, with 100,000 behind it",
		"it is set aside after a few tries and the others are processed",
	}},
	{"log_store", stride.Repudiation, caseTemplate{
		"an administrator of {target} deletes one entry and changes another",
		"both are refused, or are seen by a check that the administrator cannot switch off",
	}},
	{"secret_store", stride.InformationDisclosure, caseTemplate{
		"a workload asks {target} for the secret of another workload",
		"it is refused, and the attempt raises an alert",
	}},
	{"identity_provider", stride.Spoofing, caseTemplate{
		"a token of {target} is presented after its expiry, with another audience, and signed with the algorithm none",
		"each of the three is refused",
	}},
	{"ci_cd", stride.Tampering, caseTemplate{
		"a pull request from a fork changes the pipeline of {target} to print its secrets and to publish an artifact",
		"the changed pipeline does not run with secrets, and nothing is published without a review",
	}},
	{"payment_service", stride.Tampering, caseTemplate{
		"the amount and the currency are changed in the browser between the order and the call of {target}",
		"the amount that the server has computed is charged, or the payment is refused",
	}},
	{"browser", stride.Spoofing, caseTemplate{
		"a page of another site sends a state-changing request from {target} with the victim's cookies",
		"the request is refused, and the session goes on",
	}},
	{"web_app", stride.ElevationOfPrivilege, caseTemplate{
		"a signed-in user opens the addresses of another role's pages of {target}, and of another user's objects by their ids",
		"each is answered as if it did not exist, and nothing of it is sent",
	}},
	{"api", stride.ElevationOfPrivilege, caseTemplate{
		"a token of user A is used on {target} for the objects of user B, by every method, and with an added role field in the body",
		"each call is refused or ignores the field; no object of B is read or changed",
	}},
	{"gateway", stride.DenialOfService, caseTemplate{
		"one address opens 10,000 slow connections to {target}",
		"they are cut off within seconds and other clients notice nothing",
	}},
	{"container", stride.ElevationOfPrivilege, caseTemplate{
		"a process in {target} writes to the root file system, mounts the host's and asks the metadata service for credentials",
		"all three fail",
	}},
	{"kubernetes", stride.ElevationOfPrivilege, caseTemplate{
		"the service account of a workload asks {target} to create a privileged pod and to read all secrets",
		"both are forbidden by its role and by admission",
	}},
	{"device", stride.Tampering, caseTemplate{
		"an image with one changed byte, and an older one with a valid signature, are offered to {target} as an update",
		"both are refused, and the device keeps running what it has",
	}},
	{"device", stride.Spoofing, caseTemplate{
		"the identity of one {target} is copied to a second one, and both connect",
		"the copy cannot prove the key, or the second connection raises an alert",
	}},
	{"backup_store", stride.Tampering, caseTemplate{
		"the account that writes to {target} tries to delete and to overwrite last week's copy",
		"both are refused, and the copy can be restored",
	}},
}
