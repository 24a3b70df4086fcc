// Package config makes one validated struct of flags, environment and defaults,
// in this order of precedence.
//
// It exists so that a wrong value is refused at the start, by the name that the
// operator gave it, and so that no other package reads the environment; only
// cmd imports it. It opens nothing but the files that hold secrets. Secrets are
// never flags: each can be given as X or as X_FILE, and giving both is an error.
package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/go-playground/validator/v10"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Config is everything that can be set. A tag names the variable, its default
// and its bounds; messages.go says the bounds in words.
type Config struct {
	// Addr is where the server listens; port 0 takes a free one.
	Addr string `env:"THREATDRAFT_ADDR" envDefault:"127.0.0.1:8080" validate:"listen_address"`
	// DatabaseURL is sqlite:PATH or postgres://...; it may hold a password.
	DatabaseURL     string `env:"THREATDRAFT_DATABASE_URL" envDefault:"sqlite:threatdraft.db" validate:"database_url"`
	DatabaseURLFile string `env:"THREATDRAFT_DATABASE_URL_FILE"`
	// DatabaseConns bounds the pool of this process.
	DatabaseConns int `env:"THREATDRAFT_DATABASE_CONNS" envDefault:"10" validate:"min=2,max=1000"`
	// AdminToken may do everything; "" lets the server make one where there is
	// none yet.
	AdminToken     string `env:"THREATDRAFT_ADMIN_TOKEN" validate:"omitempty,max=500,secret"`
	AdminTokenFile string `env:"THREATDRAFT_ADMIN_TOKEN_FILE"`
	// Workers is how many drafts this process runs at once.
	Workers int `env:"THREATDRAFT_WORKERS" envDefault:"4" validate:"min=1,max=64"`
	// ShutdownGrace is how long requests and runs may go on after SIGTERM.
	ShutdownGrace time.Duration `env:"THREATDRAFT_SHUTDOWN_GRACE" envDefault:"20s" validate:"min=0s,max=10m"`
	LogLevel      slog.Level    `env:"THREATDRAFT_LOG_LEVEL" envDefault:"info"`
	LogFormat     string        `env:"THREATDRAFT_LOG_FORMAT" envDefault:"text" validate:"oneof=text json"`
	// SLADays is how many days a threat of each severity has.
	SLADays stride.SLA `env:"THREATDRAFT_SLA_DAYS" envDefault:"critical=7,high=30,medium=90,low=180"`
	LLM
}

// Flags are the settings that a command line may override; "" does not.
type Flags struct {
	Addr        string
	DatabaseURL string
}

// Load reads environ ("NAME=value", as os.Environ gives it). A variable that is
// set to nothing counts as not set. The error names every variable that is
// wrong, in one line, and never repeats a secret.
func Load(flags Flags, environ []string) (Config, error) {
	var c Config
	vars, err := given(environ)
	if err != nil {
		return Config{}, err
	}
	if flags.Addr != "" {
		vars["THREATDRAFT_ADDR"] = flags.Addr
	}
	if u, err := url.Parse(flags.DatabaseURL); err == nil {
		if _, secret := u.User.Password(); secret {
			return Config{}, errors.New("--database-url must not hold a password; set THREATDRAFT_DATABASE_URL or its _FILE")
		}
	}
	if flags.DatabaseURL != "" {
		vars["THREATDRAFT_DATABASE_URL"] = flags.DatabaseURL
		delete(vars, "THREATDRAFT_DATABASE_URL_FILE")
	}
	if err := read(&c, vars, "THREATDRAFT_DATABASE_URL", "THREATDRAFT_ADMIN_TOKEN", llmKey, llmFallbackKey); err != nil {
		return Config{}, err
	}
	return c, nil
}

// read fills in the struct that c points at. Secrets are the variables that may be
// given as a file.
func read(c any, vars map[string]string, secrets ...string) error {
	if err := readFiles(vars, secrets); err != nil {
		return err
	}
	if err := env.ParseWithOptions(c, env.Options{Environment: vars, FuncMap: parsers()}); err != nil {
		return unparsed(err)
	}
	return check(c)
}

// given returns the variables that are ours. A name that is no setting is refused,
// since a misspelt budget is none.
func given(environ []string) (map[string]string, error) {
	vars := make(map[string]string)
	var unknown []string
	for _, pair := range environ {
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case !strings.HasPrefix(name, "THREATDRAFT_") || value == "" || foreign.MatchString(name):
		case !isSetting(name):
			unknown = append(unknown, name)
		default:
			vars[name] = value
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return nil, fmt.Errorf("%s: no such setting; README.md lists them", strings.Join(unknown, ", "))
	}
	return vars, nil
}

// foreign matches variables that begin like ours and are not for this program:
// those of tests, and what Kubernetes gives each pod about a service named
// threatdraft (https://kubernetes.io/docs/concepts/services-networking/service/).
var foreign = regexp.MustCompile(`^THREATDRAFT_(?:(?:TEST|REQUIRE|PROBE)_.*|(?:.*_)?(?:SERVICE_HOST|SERVICE_PORT(?:_.*)?|PORT(?:_.*)?))$`)

func isSetting(name string) bool {
	return slices.ContainsFunc(reflect.VisibleFields(reflect.TypeFor[Config]()), func(f reflect.StructField) bool { return f.Tag.Get("env") == name })
}

// maxSecretFile bounds a file that holds one secret, in bytes.
const maxSecretFile = 64 << 10

// readFiles puts the content of each X_FILE in the place of X, without the line
// end that editors leave.
func readFiles(vars map[string]string, secrets []string) error {
	for _, name := range secrets {
		path, ok := vars[name+"_FILE"]
		if !ok {
			continue
		}
		if _, both := vars[name]; both {
			return fmt.Errorf("%s and %s_FILE are both set; set one of them", name, name)
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("%s_FILE cannot be read: %w", name, err)
		}
		value := strings.TrimRight(string(content), "\r\n")
		if value == "" || len(value) > maxSecretFile {
			return fmt.Errorf("%s_FILE names a file that is empty or larger than %d bytes: %s", name, maxSecretFile, path)
		}
		vars[name] = value
	}
	return nil
}

// parsers replaces the library's parser where its messages do not help.
func parsers() map[reflect.Type]env.ParserFunc {
	return map[reflect.Type]env.ParserFunc{
		reflect.TypeFor[slog.Level](): func(text string) (any, error) {
			var level slog.Level
			switch strings.ToLower(text) {
			case "debug", "info", "warn", "error":
				return level, level.UnmarshalText([]byte(text))
			}
			return level, errors.New("unknown level")
		},
		reflect.TypeFor[stride.SLA](): func(text string) (any, error) { return readSLA(text) },
	}
}

// maxSLADays bounds how many days a threat may have: ten years.
const maxSLADays = 3650

// readSLA reads "critical=7,high=30,medium=90,low=180"; each severity has to stand
// there once.
func readSLA(text string) (stride.SLA, error) {
	sla := make(stride.SLA)
	for pair := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(pair, "=")
		severity := stride.Severity(strings.TrimSpace(name))
		days, err := strconv.Atoi(strings.TrimSpace(value))
		if _, twice := sla[severity]; twice || err != nil || !severity.Valid() || days < 1 || days > maxSLADays {
			return nil, errors.New("no days of a severity")
		}
		sla[severity] = days
	}
	if len(sla) != len(stride.Severities()) {
		return nil, errors.New("a severity is missing")
	}
	return sla, nil
}

// check holds the values to their bounds.
func check(c any) error {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string { return f.Tag.Get("env") })
	rules := map[string]func(string) bool{
		"listen_address": isListenAddress, "database_url": isDatabaseURL, "secret": isSecret,
	}
	for tag, holds := range rules {
		rule := func(f validator.FieldLevel) bool { return holds(f.Field().String()) }
		if err := v.RegisterValidation(tag, rule); err != nil {
			return fmt.Errorf("register %s: %w", tag, err)
		}
	}
	return refused(v.Struct(c))
}

// isListenAddress takes host:port, with an empty host for all addresses and
// port 0 for a free one.
func isListenAddress(addr string) bool {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// isDatabaseURL looks at the scheme alone; the store reads the rest.
func isDatabaseURL(address string) bool {
	for _, scheme := range []string{"sqlite:", "postgres://", "postgresql://"} {
		if strings.HasPrefix(address, scheme) {
			return true
		}
	}
	return false
}

// isSecret takes what can stand in an Authorization header.
func isSecret(token string) bool {
	for _, r := range token {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return true
}
