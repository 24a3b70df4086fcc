package llm

import "slices"

// preset is what is known of a server that speaks OpenAI's protocol.
type preset struct {
	name     string
	base     string // "" has to be configured
	mode     Mode   // the strongest that it takes together with streaming
	askUsage bool   // takes stream_options; the others count without being asked, or not at all
	context  int    // tokens, of a common model; Config.Context says better
	field    tokensField
	needsKey bool
}

// tokensField is the request's field for the limit on the answer.
type tokensField int

const (
	maxTokens tokensField = iota
	maxCompletionTokens
)

// presets lists the servers that are known by name. Any other that speaks the
// protocol is `openai` with a base URL: what a server refuses, it is not asked
// again. Sources: the servers' own API references; Mistral refuses fields that
// it does not know (422), Groq constrains to a schema only without streaming,
// and Ollama serves 4,096 tokens unless told otherwise.
var presets = []preset{
	{"openai", "https://api.openai.com/v1", ModeSchema, true, 128_000, maxCompletionTokens, true},
	{"azure", "", ModeSchema, true, 128_000, maxCompletionTokens, true},
	{"ollama", "http://127.0.0.1:11434/v1", ModeSchema, true, 4_096, maxTokens, false},
	{"vllm", "http://127.0.0.1:8000/v1", ModeSchema, true, 32_768, maxTokens, false},
	{"llamacpp", "http://127.0.0.1:8080/v1", ModeSchema, true, 8_192, maxTokens, false},
	{"lmstudio", "http://127.0.0.1:1234/v1", ModeSchema, true, 8_192, maxTokens, false},
	{"groq", "https://api.groq.com/openai/v1", ModeObject, true, 131_072, maxCompletionTokens, true},
	{"mistral", "https://api.mistral.ai/v1", ModeSchema, false, 128_000, maxTokens, true},
	{"deepseek", "https://api.deepseek.com/v1", ModeObject, true, 64_000, maxTokens, true},
	{"openrouter", "https://openrouter.ai/api/v1", ModeSchema, true, 128_000, maxTokens, true},
	{"gemini", "https://generativelanguage.googleapis.com/v1beta/openai", ModeSchema, true, 1_048_576, maxTokens, true},
}

// Names returns every provider that Open knows, presets first.
func Names() []string {
	names := make([]string, 0, len(presets)+len(openers()))
	for _, p := range presets {
		names = append(names, p.name)
	}
	others := make([]string, 0, len(openers()))
	for name := range openers() {
		if !slices.Contains(names, name) {
			others = append(others, name)
		}
	}
	slices.Sort(others)
	return append(names, others...)
}
