package prose

import "regexp"

// domainWords lists nouns that name a part in one field alone, with words that
// show that a text is of that field: a "broker" sells loans as well as it
// passes messages on, a "compressor" packs files as well as air.
var domainWords = []struct {
	alias string
	field *regexp.Regexp
}{
	{"broker", regexp.MustCompile(`(?i)\b(?:mqtt|kafka|amqp|rabbitmq|activemq|nats|jms|pub/?sub|publish(?:es|er|ers|ed)?|subscrib\w+|topics?|message broker|emqx|mosquitto)\b`)},
	{"compressor", regexp.MustCompile(`(?i)\b(?:plc|scada|hvac|refrigerat\w+|pneumatic|compressed air|valves?|chillers?|gas|plant)\b`)},
	{"motor", regexp.MustCompile(`(?i)\b(?:plc|scada|ros|ros ?2|robots?|drones?|rotors?|can bus|canopen|modbus|fieldbus|ecus?|vehicles?|inverters?|encoders?|` +
		`motor (?:speed )?(?:controllers?|drivers?|drives?)|servos?|gripper|conveyors?|pumps?)\b`)},
	{"stream", regexp.MustCompile(`(?i)\b(?:kafka|kinesis|redis streams?|topics?|brokers?|event streams?|pub/?sub|flink|spark|producers?|partitions?|event hubs?|jetstream|pulsar|` +
		`publishers?|subscribers?)\b`)},
	{"conveyor", regexp.MustCompile(`(?i)\b(?:plc|scada|factory|plant|warehouse|line)\b`)},
	{"classifier", regexp.MustCompile(`(?i)\b(?:model|models|training|trained|machine learning|inference|prompts?|llm|neural)\b`)},
	{"heater", regexp.MustCompile(`(?i)\b(?:plc|hvac|thermostat|boiler|sensors?|temperature)\b`)},
}

// flowing lists what comes in streams that are no queue: "a gRPC stream".
func flowing(w string) bool {
	switch w {
	case "grpc", "discovery", "video", "audio", "media", "response", "request", "http", "tcp", "quic",
		"byte", "input", "output", "live", "rtsp", "camera", "telemetry":
		return true
	}
	return false
}

// banked lists what else than money has banks.
func banked(w string) bool {
	switch w {
	case "memory", "flash", "register", "battery", "power", "river", "storage", "firmware", "image", "one", "two", "both", "each":
		return true
	}
	return false
}

// inDomain reports whether the alias may mean a part in this text.
func (x *extractor) inDomain(alias string) bool {
	for i := range domainWords {
		w := &domainWords[i]
		if w.alias != alias {
			continue
		}
		fits, known := x.domains[alias]
		if !known {
			fits = w.field.MatchString(x.text)
			x.domains[alias] = fits
		}
		return fits
	}
	return true
}
