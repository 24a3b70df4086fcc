package rules

import "github.com/threatdraft/threatdraft/internal/stride"

// Facts about queues and streams: what is one, who shares it, and what it keeps.

// broker reports whether n keeps messages between programs; a stream of a remote
// call or of video is none.
func (n *node) broker() bool {
	return n.is("queue") && n.Kind != stride.ExternalEntity && !n.named("xds", "rpc", "grpc", "websocket", "video", "audio") && !(len(n.words) == 1 && n.named("stream") && len(n.quoted) > 0 && !n.quoted.holds("topic", "publish", "subscrib", "consum", "event", "message", "kafka", "kinesis", "record"))
}

// openBroker reports whether others than the programs of one service could put
// messages on n or read them: clients outside, several senders or tenants, or data
// that is worth the effort.
func (n *node) openBroker() bool {
	if !n.design.outspoken || n.foreignClients() || n.design.tenants || n.precious() {
		return true
	}
	senders := map[*node]bool{}
	for _, e := range n.in {
		senders[e.from] = true
	}
	return len(senders) > 1 || !n.managed && n.programs() > 0
}

// sharedBroker reports whether others than one service and its counterpart are drawn
// or said to use n, or what lies there is worth the effort.
func (n *node) sharedBroker() bool {
	return n.foreignClients() || n.design.tenants || n.precious() || n.publishers() != 1 || n.has("robot", "robot_middleware")
}

// notifies reports whether n pushes notices to people's devices: no program reads
// from it as from a queue.
func (n *node) notifies() bool {
	return n.named("notification", "notifications", "push", "fcm", "apns")
}

// keepsMessages reports whether n writes messages to disk for its clients.
func (n *node) keepsMessages() bool {
	return n.is("message_bus", "event_stream") && !n.named("kafka", "kinesis", "pubsub", "pulsar") && (n.is("event_stream") || n.named("stream", "jetstream", "durable", "persist") || n.calls((*node).store))
}

// foreignClients reports whether programs that the system does not run, or that
// run in people's hands, connect to n.
func (n *node) foreignClients() bool {
	return n.calledBy(func(c *node) bool { return !c.person() && (c.outside || c.is("client")) })
}
