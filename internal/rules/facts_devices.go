package rules

import (
	"slices"
	"strings"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Facts about things in the field: what they are by name, what moves, and which
// parts of an update reach them.

// thing reports whether n stands somewhere as hardware: a name like "Device cloud"
// or "Acme Motors" is tagged by its noun and is none.
func (n *node) thing() bool {
	return !n.named("cloud", "service", "platform", "backend", "api", "motors", "company", "manufacturer", "fleet", "type", "third", "port", "interface", "access", "satellite", "satellites", "gnss") && n.Kind != stride.ExternalEntity &&
		!(len(n.words) == 1 && n.named("device", "hardware"))
}

// machine reports whether n is a computer of a device that runs software of its
// own, and not a mere sensor, a person's phone or another company's thing.
func (n *node) machine() bool {
	return n.is("robot", "vehicle", "iot_device", "controller") && n.Kind == stride.Process && n.thing()
}

// board reports whether n is hardware that somebody can open and plug into, and
// no server or workstation by its name.
func (n *node) board() bool {
	return n.machine() && !n.named("server", "workstation", "historian", "scada", "hmi", "app", "software", "panel")
}

// bus reports whether n is a medium on which parts of a device talk.
func (n *node) bus() bool { return n.is("field_bus", "robot_middleware") }

// delivers reports whether n hands out updates, and not only takes them.
func (n *node) delivers() bool {
	return n.ownUpdates() && !n.named("client", "agent", "bootloader", "updater")
}

// commands reports whether e steers a device from afar: by its data, by what is
// said of it, or because a person or program that steers by name sends it.
func (e *edge) commands() bool {
	if !e.to.is("robot", "vehicle", "actuator", "controller", "iot_device") && !e.to.bus() {
		return false
	}
	return anyClass(e.Data, []stride.DataClass{stride.DataCommands}) || e.says("command", "setpoint", "teleop", "joystick", "steer") ||
		e.from.steers()
}

// steers reports whether n is made for steering a device by what it is called.
func (n *node) steers() bool {
	return n.named("teleop", "joystick", "joy", "pilot", "gamepad", "groundstation") || n.named("ground", "remote") && n.named("station", "operator", "control", "console")
}

// eye reports whether n is a sensor that light, radio or sound from outside can
// blind, by what it is called.
func (n *node) eye() bool {
	return n.is("sensor") && n.named("camera", "lidar", "radar", "gps", "gnss", "ultrasonic", "microphone", "infrared")
}

// plant reports whether n is a controller of an industrial process.
func (n *node) plant() bool {
	return n.is("controller") && n.named("plc", "rtu", "dcs", "programmable", "logic", "safety", "sis", "process", "remote", "distributed")
}

// operatorView reports whether people watch a process by way of n.
func (n *node) operatorView() bool {
	return n.is("controller") && n.named("hmi", "scada", "panel", "display")
}

// reportsHabits reports whether what n sends tells how its owner lives or works;
// in a plant and in a robot there is no owner to watch.
func (n *node) reportsHabits() bool {
	if !n.is("iot_device", "vehicle") || len(n.out) == 0 {
		return false
	}
	return n.design.homes && !n.has("robot", "controller", "robot_middleware") || n.keeps(stride.DataLocation, stride.DataPersonal) ||
		n.named("smart", "home", "lamp", "light", "meter", "wearable", "watch", "lock", "doorbell", "thermostat", "speaker", "tracker")
}

// moving reports whether n is a part that moves, and no server named after one.
func (n *node) moving() bool {
	return n.is("actuator") && n.thing() && !n.named("gateway", "server", "manager", "workstation", "station")
}

// drainable reports whether n runs on a battery: its name or a quote about it
// says so.
func (n *node) drainable() bool {
	return n.machine() && !n.named("station", "server", "workstation", "gateway") && (n.quoted.holds("battery", "batteries", "recharg") || n.named("drone", "uav", "wearable", "watch", "tracker", "battery"))
}

// remoteLogin reports whether somebody logs in to the operating system of n over
// a network: a flow or a quote about it says so.
func (n *node) remoteLogin() bool {
	if !n.machine() {
		return false
	}
	for _, e := range n.in {
		if e.says("ssh", "telnet", "vnc", "rdp") || e.Protocol == "ssh" || e.Protocol == "telnet" {
			return true
		}
	}
	return n.quoted.holds("ssh", "telnet", "sudoer")
}

// ownUpdates reports whether n hands out software of the system's own makers, and
// not that of an operating system's or scanner's vendor.
func (n *node) ownUpdates() bool {
	return n.is("update_service") && !n.named("wsus", "windows", "antivirus", "apt", "yum")
}

// ofRobot reports whether n moves a robot or vehicle, and no process of a plant.
func (n *node) ofRobot() bool {
	return n.has("robot", "vehicle", "robot_middleware") || !n.has("controller")
}

// published reports whether programs write to n by topics, as on the middleware of
// robots, where any of them may publish anything.
func (n *node) published() bool {
	return n.is("robot_middleware") && n.named("ros", "ros2", "dds", "topic", "topics", "middleware", "zenoh") || n.is("field_bus") && !n.design.outspoken
}

// ofKind reports whether many things like n stand in places of others: the source
// counts them, or names them in the plural, and speaks of no part inside of a
// machine.
func (n *node) ofKind() bool {
	if n.named("system", "module", "unit", "controller", "board", "modem") {
		return false
	}
	last := n.Name[strings.LastIndexByte(n.Name, ' ')+1:]
	return n.counted() || n.named("device", "iot", "thing", "appliance") || strings.HasSuffix(last, "s") && !strings.HasSuffix(last, "ss")
}

// carried reports whether a mobile network carries n, which encrypts the radio link.
func (n *node) carried() bool {
	return n.named("apn", "modem", "cellular", "lte", "4g", "5g", "gsm", "sim")
}

// updatesThings reports whether devices or people's machines take what n hands out,
// and no server alone.
func (n *node) updatesThings() bool {
	return n.has("device", "mobile_app", "desktop_app") || !n.named("plugin", "plugins", "theme", "rules", "signature")
}

// onThing reports whether n is the storage of a thing that somebody can take in hand:
// that it is read there is said of the thing.
func (n *node) onThing() bool {
	return n.is("file_storage") && n.Controls.State(stride.EncryptionAtRest) == stride.ControlUnknown &&
		n.named("robot", "device", "vehicle", "onboard", "drone") && slices.ContainsFunc(n.design.nodes, (*node).board)
}

// openRadioPhrases tell that a radio network asks nobody who joins.
var openRadioPhrases = splitPhrases([]string{
	"open wlan", "open wifi", "open wi fi", "open wireless", "open network", "open access point", "open hotspot", "public wlan", "public wifi", "public wi fi", "guest wlan", "guest wifi", "guest wi fi", "unencrypted wlan", "unencrypted wifi", "wlan is open", "wifi is open", "wi fi is open",
})

// openRadio returns the sentence that says that anybody may join the radio network n.
func (n *node) openRadio() (stride.Evidence, bool) { return n.quoteWith(openRadioPhrases) }
