package rules

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Facts about data in motion: which flows run where somebody could listen, and what
// the source says of how they are protected.

// onBoard reports whether both ends of the flow are parts of one thing, whose
// inner wiring is no network.
func (e *edge) onBoard() bool {
	part := func(n *node) bool { return n.is("sensor", "actuator", "controller", "debug_port") }
	if part(e.from) && part(e.to) || e.from.extension && e.to.extension || e.loops() {
		return true
	}
	if e.from.Zone == "" || e.from.Zone != e.to.Zone {
		return false
	}
	switch e.design.boundaries[e.from.Zone].Kind {
	case stride.ZoneDevice, stride.ZoneVehicle, stride.ZoneHost, stride.ZoneEnclave, stride.ZoneBrowser:
		return true
	}
	return false
}

// fetched reports whether the flow is a download from, or an upload to, a
// repository, registry or build: these go over HTTPS or SSH unless the source
// denies it, and the attacks that matter there are on what is fetched.
func (e *edge) fetched() bool {
	if e.Controls.State(stride.EncryptionInTransit) == stride.ControlAbsent {
		return false
	}
	kinds := []stride.Tag{"code_repository", "artifact_registry", "package_dependency", "ci_cd"}
	return e.from.is(kinds...) || e.to.is(kinds...)
}

// downgradable reports whether the flow is said to be encrypted on a way that
// strangers share, so that it matters what happens when encryption fails.
func (e *edge) downgradable() bool {
	stated := e.encrypted() || e.Controls.State(stride.EncryptionInTransit) == stride.ControlPresent
	return stated && e.open() && !e.fetched() && (e.says("public", "internet") || e.to.broker() && e.from.is("client"))
}

// networked reports whether the flow goes over a network of the owner's that
// somebody inside could tap: not on board of a device, not a download, and with
// no end that is embedded in the other.
func (e *edge) networked() bool {
	return !e.onBoard() && !e.fetched() && !e.from.enclosed && !e.to.enclosed
}

// delivered reports whether the flow runs to another company's service, which
// speaks HTTPS unless the source says otherwise, with nothing of worth stated on it.
func (e *edge) delivered() bool {
	return e.Controls.State(stride.EncryptionInTransit) == stride.ControlUnknown && !e.from.outside && !e.from.fielded() &&
		(e.to.is("third_party") || e.to.managed) && !anyClass(e.Data, worthStealing)
}

// broadcast reports whether everybody may hear what the flow carries: positions from
// satellites, blocks of a public chain.
func (e *edge) broadcast() bool {
	return e.from.named("gnss", "gps", "satellite", "satellites") || e.from.chain() && e.to.chain() || len(e.Data) == 1 && e.Data[0] == stride.DataPublic && e.Controls.State(stride.EncryptionInTransit) == stride.ControlUnknown
}

// failsOpen reports whether the source says something of what happens where the
// encryption of e fails: an old version, a check left out, a plain way beside it.
func (e *edge) failsOpen() bool {
	stems := []string{"fallback", "redirect", "pinning", "pinned", "pins", "selfsigned", "insecure", "cipher", "downgrade", "optional", "skips", "plain"}
	return e.says(stems...) || e.to.quoted.holds(stems...) || e.from.quoted.holds(stems...)
}

// tunnelled reports whether the flow may run in a tunnel that the source speaks of:
// one between parts of the system, and not with people or other companies.
func (e *edge) tunnelled() bool {
	return e.design.present["vpn"] > 0 && !e.from.is("client", "third_party", "human", "vpn") && !e.to.is("client", "third_party", "human", "vpn")
}

// waitsForOthers reports whether something cannot go on while the other company's
// service is away: a payment, a code by text message, what the source says waits.
func (e *edge) waitsForOthers() bool {
	stems := []string{"synchron", "wait", "timeout", "depend", "block", "fallback", "unavailab", "outage", "during", "quota"}
	return e.to.is("payment_service", "sms_service") || e.says(stems...) || e.to.quoted.holds(stems...)
}

// plainInside reports whether the source denies encryption to n in a sentence about
// the network behind it, which says nothing of the way from outside.
func (n *node) plainInside() bool {
	denial := n.denies(stride.EncryptionInTransit)
	return len(denial) > 0 && wordsIn(denial[0].Quote).holds("internal", "inside", "among", "cluster", "behind", "backend")
}

// crossed reports whether a trust boundary lies between n and who talks to it.
func (n *node) crossed() bool {
	crosses := func(e *edge) bool { return len(e.Crosses) > 0 }
	return slices.ContainsFunc(n.in, crosses) || slices.ContainsFunc(n.out, crosses)
}

// loops reports whether the flow is said to stay on one machine.
func (e *edge) loops() bool {
	return e.to.named("localhost", "loopback") || e.says("localhost", "loopback", "ipc") || len(e.words) > 0 && slices.ContainsFunc(oneMachine, func(p []string) bool { return e.words.find(p) >= 0 })
}

// oneMachine are phrases by which a flow is said to stay on one machine.
var oneMachine = splitPhrases([]string{"same machine", "same host", "same computer", "unix socket", "unix domain socket", "native messaging", "shared memory"})

// atHome reports whether the flow stays in a network of the owner's home or site: it
// ends at a part that is called local, or at a thing that a person's device finds
// there.
func (e *edge) atHome() bool {
	if !e.design.homes && e.design.present["wireless"] == 0 {
		return false
	}
	local := func(n *node) bool { return n.named("local", "lan") }
	discovered := func(n *node) bool { return n.is("iot_device") }
	way := strings.ToLower(e.Protocol)
	return local(e.from) || local(e.to) || (discovered(e.from) || discovered(e.to)) && (way == "upnp" || way == "mdns" || way == "ssdp" || e.says("lan", "upnp", "mdns"))
}

// answered reports whether the source says of the flow the other way between the
// same ends that it is encrypted: it is the same connection.
func (e *edge) answered() (stride.Control, bool) {
	back := e.to.out
	if len(e.from.in) < len(back) {
		back = e.from.in // the shorter of both, so that a hub is not searched for each of its flows
	}
	for _, other := range back {
		if other.from != e.to || other.to != e.from {
			continue
		}
		if c := other.Controls[stride.EncryptionInTransit]; c.State == stride.ControlPresent {
			return c, true
		}
		if other.encrypted() {
			return stride.Control{State: stride.ControlPresent, Evidence: other.Evidence}, true
		}
	}
	return stride.Control{}, false
}
