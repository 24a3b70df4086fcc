package config

import "time"

// llmKey is the variable that holds the provider's key.
const llmKey = "THREATDRAFT_LLM_API_KEY"

// llmFallbackKey is the variable that holds the fallback's.
const llmFallbackKey = "THREATDRAFT_LLM_FALLBACK_API_KEY"

// LLM says which model drafts along, and at what price. Which providers there are
// is llm's to say.
type LLM struct {
	// LLMProvider is the name of a provider or preset; "" and "none" draft by rules.
	LLMProvider string `env:"THREATDRAFT_LLM_PROVIDER" validate:"omitempty,max=60"`
	LLMModel    string `env:"THREATDRAFT_LLM_MODEL" validate:"omitempty,max=200"`
	// LLMBaseURL replaces the preset's address.
	LLMBaseURL    string `env:"THREATDRAFT_LLM_BASE_URL" validate:"omitempty,http_url"`
	LLMAPIKey     string `env:"THREATDRAFT_LLM_API_KEY" validate:"omitempty,max=4000,secret"`
	LLMAPIKeyFile string `env:"THREATDRAFT_LLM_API_KEY_FILE"`
	// LLMOrganisation and LLMHeaders ("name:value,name:value") go along with each
	// request.
	LLMOrganisation string            `env:"THREATDRAFT_LLM_ORGANISATION" validate:"omitempty,max=200"`
	LLMHeaders      map[string]string `env:"THREATDRAFT_LLM_HEADERS"`
	LLMAPIVersion   string            `env:"THREATDRAFT_LLM_API_VERSION" validate:"omitempty,max=40"`
	// LLMFallback is provider:model, asked where the provider fails.
	LLMFallback string `env:"THREATDRAFT_LLM_FALLBACK" validate:"omitempty,max=260"`
	// LLMFallbackBaseURL and LLMFallbackAPIKey are the fallback's own; where its
	// provider is the primary's, "" takes the primary's.
	LLMFallbackBaseURL    string `env:"THREATDRAFT_LLM_FALLBACK_BASE_URL" validate:"omitempty,http_url"`
	LLMFallbackAPIKey     string `env:"THREATDRAFT_LLM_FALLBACK_API_KEY" validate:"omitempty,max=4000,secret"`
	LLMFallbackAPIKeyFile string `env:"THREATDRAFT_LLM_FALLBACK_API_KEY_FILE"`
	// LLMContext is the context size in tokens; 0 is the preset's.
	LLMContext     int           `env:"THREATDRAFT_LLM_CONTEXT" envDefault:"0" validate:"min=0,max=10000000"`
	LLMConcurrency int           `env:"THREATDRAFT_LLM_CONCURRENCY" envDefault:"4" validate:"min=1,max=64"`
	LLMTimeout     time.Duration `env:"THREATDRAFT_LLM_TIMEOUT" envDefault:"2m" validate:"min=1s,max=1h"`
	// LLMBudgetUSD bounds what one draft may cost; 0 does not.
	LLMBudgetUSD float64 `env:"THREATDRAFT_LLM_BUDGET_USD" envDefault:"0" validate:"min=0,max=100000"`
	// LLMProjectBudgetUSD and LLMMonthBudgetUSD bound what the drafts of one project,
	// and of all, may cost in a calendar month (UTC); 0 does not. For the server.
	LLMProjectBudgetUSD float64 `env:"THREATDRAFT_LLM_PROJECT_BUDGET_USD" envDefault:"0" validate:"min=0,max=1000000"`
	LLMMonthBudgetUSD   float64 `env:"THREATDRAFT_LLM_MONTH_BUDGET_USD" envDefault:"0" validate:"min=0,max=1000000"`
	// LLMExamples says whose decisions the model is shown as examples: nobody's, the
	// project's own, or those of all projects. For the server.
	LLMExamples   string `env:"THREATDRAFT_LLM_EXAMPLES" envDefault:"project" validate:"oneof=off project all"`
	LLMPricesFile string `env:"THREATDRAFT_LLM_PRICES_FILE"`
	// LLMFolder is where the provider replay reads and record writes.
	LLMFolder string `env:"THREATDRAFT_LLM_FOLDER"`
	// PromptsDir lies over the embedded prompts.
	PromptsDir string `env:"THREATDRAFT_PROMPTS_DIR"`
}

// LoadLLM reads these settings alone, for commands that need no others; see Load.
func LoadLLM(environ []string) (LLM, error) {
	var c LLM
	vars, err := given(environ)
	if err != nil {
		return LLM{}, err
	}
	if err := read(&c, vars, llmKey, llmFallbackKey); err != nil {
		return LLM{}, err
	}
	return c, nil
}

// LLMVariable returns the variable of a setting as llm names it ("API key",
// "fallback base URL"), "THREATDRAFT_LLM_*" for one that has none of its own.
func LLMVariable(setting string) string {
	switch setting {
	case "provider":
		return "THREATDRAFT_LLM_PROVIDER"
	case "model":
		return "THREATDRAFT_LLM_MODEL"
	case "base URL":
		return "THREATDRAFT_LLM_BASE_URL"
	case "API key":
		return llmKey
	case "folder", "fallback folder":
		return "THREATDRAFT_LLM_FOLDER"
	case "fallback", "fallback provider", "fallback model":
		return "THREATDRAFT_LLM_FALLBACK"
	case "fallback base URL":
		return "THREATDRAFT_LLM_FALLBACK_BASE_URL"
	case "fallback API key":
		return llmFallbackKey
	default:
		return "THREATDRAFT_LLM_*"
	}
}
