package llm

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Key is a secret that does not print itself.
type Key string

// String says that there is a key, or nothing.
func (k Key) String() string { return k.hidden() }

// Format keeps every verb from printing it.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, k.hidden()) }

// LogValue is slog's.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.hidden()) }

// MarshalText keeps it out of JSON.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.hidden()), nil }

func (k Key) hidden() string {
	if k == "" {
		return ""
	}
	return masked
}

// Headers are extra headers of every request; their values count as secrets.
type Headers map[string]string

// Format prints their names.
func (h Headers) Format(f fmt.State, _ rune) { fmt.Fprint(f, h.names()) }

// LogValue is slog's.
func (h Headers) LogValue() slog.Value { return slog.AnyValue(h.names()) }

// MarshalJSON keeps their values out of JSON.
func (h Headers) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%q", h.names()), nil }

func (h Headers) names() string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// Config says whom to ask and how hard to try. The zero value of a limit is its
// default.
type Config struct {
	// Provider is one of Names, or "record:" and one of them; "" is none.
	Provider     string
	Model        string
	BaseURL      string // "" is the preset's
	APIKey       Key
	Organisation string
	Headers      Headers
	APIVersion   string // Azure's
	// Folder is where replay reads and record writes.
	Folder string
	// Context is the context size in tokens; 0 is the preset's.
	Context int
	// Fallback is asked where this one fails; only its provider's part counts.
	Fallback *Config
	Prices   Prices

	Concurrency int           // calls at a time, over all providers; 4
	Attempts    int           // per provider; 3
	Timeout     time.Duration // of one attempt, and the longest wait before the next; 2m
	Silence     time.Duration // between two signs of life of an answer that has begun; 30s
}

// Format keeps every verb from walking into the fallback, whose key would not
// be asked to hide itself.
func (c Config) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "{%s %s %s key:%v headers:%v", c.Provider, c.Model, c.BaseURL, c.APIKey, c.Headers)
	if c.Fallback != nil {
		fmt.Fprintf(f, " fallback:%s %s", c.Fallback.Provider, c.Fallback.Model)
	}
	fmt.Fprint(f, "}")
}

const (
	defaultConcurrency = 4
	defaultAttempts    = 3
	defaultTimeout     = 2 * time.Minute
	defaultSilence     = 30 * time.Second
	azureAPIVersion    = "2024-10-21"
	none               = "none"
	recordPrefix       = "record:"
)

// FallbackOf reads "provider:model", of which address and key may be given. Where
// they are not and the provider is the primary's own, so are address, key and
// headers. An address of its own gets neither the primary's key nor its headers:
// anybody may serve there.
func (c Config) FallbackOf(spec, baseURL string, key Key) (*Config, error) {
	provider, model, ok := strings.Cut(spec, ":")
	if !ok || provider == "" || model == "" {
		return nil, stride.InvalidField("fallback", "is not provider:model")
	}
	f := Config{Provider: provider, Model: model}
	if provider == strings.TrimPrefix(c.Provider, recordPrefix) {
		f.APIVersion, f.Context = c.APIVersion, c.Context
		if baseURL == "" || baseURL == c.BaseURL {
			f.BaseURL, f.APIKey, f.Organisation, f.Headers = c.BaseURL, c.APIKey, c.Organisation, c.Headers
		}
	}
	if baseURL != "" {
		f.BaseURL = baseURL
	}
	if key != "" {
		f.APIKey = key
	}
	f.Folder = c.Folder
	return &f, nil
}

// limited fills in the defaults.
func (c Config) limited() Config {
	if c.Concurrency <= 0 {
		c.Concurrency = defaultConcurrency
	}
	if c.Attempts <= 0 {
		c.Attempts = defaultAttempts
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.Silence <= 0 {
		c.Silence = defaultSilence
	}
	return c
}

// public is the configuration without what must not be shown: fmt does not ask
// the methods of a field that is not exported.
func (c Config) public() Config {
	c.APIKey, c.Headers, c.Fallback = "", nil, nil
	return c
}

// secrets is everything that must not be shown.
func (c Config) secrets() []string {
	all := []string{string(c.APIKey)}
	for _, v := range c.Headers {
		all = append(all, v)
		// "Bearer abc": a server may repeat the part that matters.
		if _, token, ok := strings.Cut(v, " "); ok {
			all = append(all, token)
		}
	}
	// The longest first, so that a part does not spoil the whole.
	slices.SortFunc(all, func(a, b string) int { return len(b) - len(a) })
	return all
}

// checked holds the parts that every remote provider needs to be there.
func (c Config) checked(base string, needsKey bool) (Config, error) {
	if c.Model == "" {
		return c, stride.InvalidField("model", "is missing: %s has to be told which model to ask", c.Provider)
	}
	if c.BaseURL == "" {
		c.BaseURL = base
	} else {
		needsKey = false
	}
	if c.BaseURL == "" {
		return c, stride.InvalidField("base URL", "is missing: %s has none of its own", c.Provider)
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return c, stride.InvalidField("base URL", "is not an http(s) address")
	}
	if u.User != nil || u.RawQuery != "" {
		return c, stride.InvalidField("base URL", "must not hold a password or a query; give a key or a header")
	}
	if needsKey && c.APIKey == "" && len(c.Headers) == 0 {
		return c, stride.InvalidField("API key", "is missing: %s wants one", c.Provider)
	}
	return c, nil
}
