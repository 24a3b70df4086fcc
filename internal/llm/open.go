package llm

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Deps is what Open is given of the world; Now and Rand have to be there.
type Deps struct {
	Now func() time.Time
	// Rand gives numbers in [0, 1), from several goroutines; backoff is
	// jittered by it.
	Rand func() float64
	// Transport is http.DefaultTransport where it is nil.
	Transport http.RoundTripper
	Logger    *slog.Logger
}

type opener func(cfg Config, deps Deps) (Provider, error)

// openers is every provider that Open knows beside the presets.
func openers() map[string]opener {
	return map[string]opener{
		"anthropic": openAnthropic,
		"replay":    openReplay,
		none:        nil,
	}
}

// Open makes the client that the configuration asks for; it makes no call.
// Returns nil for "none", and Invalid where something is missing or wrong, with the
// setting as its field ("API key", "fallback API key").
func Open(cfg Config, deps Deps) (*Client, error) {
	if cfg.Provider == "" || cfg.Provider == none {
		return nil, nil //nolint:nilnil // no provider is a client that is not there, as documented
	}
	primary, err := open(cfg, deps)
	if err != nil {
		return nil, err
	}
	providers := []Provider{primary}
	if cfg.Fallback != nil && cfg.Fallback.Provider != "" && cfg.Fallback.Provider != none {
		fallback, err := open(*cfg.Fallback, deps)
		if err != nil {
			return nil, ofFallback(err)
		}
		providers = append(providers, fallback)
	}
	return New(cfg, deps, providers...), nil
}

// ofFallback says of a setting that is wrong that it is the fallback's.
func ofFallback(err error) error {
	var wrong *stride.Error
	if !errors.As(err, &wrong) || len(wrong.Fields) == 0 {
		return err
	}
	return stride.InvalidField("fallback "+wrong.Fields[0].Field, "%s", wrong.Fields[0].Message)
}

// open makes one provider.
func open(cfg Config, deps Deps) (Provider, error) {
	if name, ok := strings.CutPrefix(cfg.Provider, recordPrefix); ok {
		inner := cfg
		inner.Provider = name
		next, err := open(inner, deps)
		if err != nil {
			return nil, err
		}
		return openRecord(cfg, next)
	}
	for _, p := range presets {
		if p.name == cfg.Provider {
			return openOpenAI(cfg, p, deps)
		}
	}
	if f := openers()[cfg.Provider]; f != nil {
		return f(cfg, deps)
	}
	return nil, stride.InvalidField("provider", "%q is none of %s", cfg.Provider, strings.Join(Names(), ", "))
}
