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
	{"conveyor", regexp.MustCompile(`(?i)\b(?:plc|scada|factory|plant|warehouse|line)\b`)},
	{"classifier", regexp.MustCompile(`(?i)\b(?:model|models|training|trained|machine learning|inference|prompts?|llm|neural)\b`)},
	{"heater", regexp.MustCompile(`(?i)\b(?:plc|hvac|thermostat|boiler|sensors?|temperature)\b`)},
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
