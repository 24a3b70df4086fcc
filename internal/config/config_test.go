package config

import (
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/stride"
)

func defaults() Config {
	return Config{
		Addr: "127.0.0.1:8080", DatabaseURL: "sqlite:threatdraft.db", DatabaseConns: 10, Workers: 4,
		ShutdownGrace: 20 * time.Second, LogLevel: slog.LevelInfo, LogFormat: "text", SLADays: stride.DefaultSLA(),
		LLM: LLM{LLMConcurrency: 4, LLMTimeout: 2 * time.Minute, LLMExamples: "project"},
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("0123456789abcdef0123\r\n"), 0o600))
	cases := map[string]struct {
		flags   Flags
		environ []string
		want    func(c *Config)
	}{
		"nothing given": {want: func(*Config) {}},
		"environment": {
			environ: []string{
				"THREATDRAFT_ADDR=:9000", "THREATDRAFT_DATABASE_URL=postgres://u:p@h/db", "THREATDRAFT_WORKERS=8",
				"THREATDRAFT_SHUTDOWN_GRACE=0s", "THREATDRAFT_LOG_LEVEL=DEBUG", "THREATDRAFT_LOG_FORMAT=json",
				"THREATDRAFT_DATABASE_CONNS=20", "THREATDRAFT_ADMIN_TOKEN=0123456789abcdef", "PATH=/bin",
				"THREATDRAFT_PORT=tcp://10.0.0.1:80", "THREATDRAFT_PORT_80_TCP_ADDR=10.0.0.1", "THREATDRAFT_DB_SERVICE_HOST=10.0.0.2", "THREATDRAFT_TEST_POSTGRES_URL=x",
				"THREATDRAFT_LLM_PROVIDER=ollama", "THREATDRAFT_LLM_MODEL=m", "THREATDRAFT_LLM_BASE_URL=http://127.0.0.1:9/v1", "THREATDRAFT_LLM_API_KEY=k",
				"THREATDRAFT_LLM_HEADERS=X-Team:kiln,X-Env:test", "THREATDRAFT_LLM_FALLBACK=openai:n", "THREATDRAFT_LLM_CONCURRENCY=2",
				"THREATDRAFT_LLM_TIMEOUT=30m", "THREATDRAFT_LLM_BUDGET_USD=0.5", "THREATDRAFT_SLA_DAYS=low=90, critical=1,medium=3650,high=14",
			},
			want: func(c *Config) {
				*c = Config{
					Addr: ":9000", DatabaseURL: "postgres://u:p@h/db", DatabaseConns: 20, AdminToken: "0123456789abcdef",
					Workers: 8, LogLevel: slog.LevelDebug, LogFormat: "json",
					SLADays: stride.SLA{stride.SeverityCritical: 1, stride.SeverityHigh: 14, stride.SeverityMedium: 3650, stride.SeverityLow: 90},
					LLM: LLM{
						LLMProvider: "ollama", LLMModel: "m", LLMBaseURL: "http://127.0.0.1:9/v1", LLMAPIKey: "k",
						LLMHeaders: map[string]string{"X-Team": "kiln", "X-Env": "test"}, LLMFallback: "openai:n",
						LLMConcurrency: 2, LLMTimeout: 30 * time.Minute, LLMBudgetUSD: 0.5, LLMExamples: "project",
					},
				}
			},
		},
		"a flag beats the environment": {
			flags:   Flags{Addr: "[::1]:0", DatabaseURL: "sqlite:a.db"},
			environ: []string{"THREATDRAFT_ADDR=nonsense", "THREATDRAFT_DATABASE_URL_FILE=/does/not/exist"},
			want:    func(c *Config) { c.Addr, c.DatabaseURL = "[::1]:0", "sqlite:a.db" },
		},
		"set to nothing is not set": {
			environ: []string{"THREATDRAFT_ADDR=", "THREATDRAFT_ADMIN_TOKEN=", "THREATDRAFT_ADMIN_TOKEN_FILE="},
			want:    func(*Config) {},
		},
		"secret from a file": {
			environ: []string{"THREATDRAFT_ADMIN_TOKEN_FILE=" + secret},
			want:    func(c *Config) { c.AdminToken, c.AdminTokenFile = "0123456789abcdef0123", secret },
		},
		"a key from a file": {
			environ: []string{"THREATDRAFT_LLM_API_KEY_FILE=" + secret},
			want:    func(c *Config) { c.LLMAPIKey, c.LLMAPIKeyFile = "0123456789abcdef0123", secret },
		},
		"a fallback with a key": {
			environ: []string{"THREATDRAFT_LLM_FALLBACK_API_KEY=k2", "THREATDRAFT_LLM_FALLBACK_BASE_URL=http://127.0.0.1:8/v1"},
			want:    func(c *Config) { c.LLMFallbackAPIKey, c.LLMFallbackBaseURL = "k2", "http://127.0.0.1:8/v1" },
		},
		"a fallback with a key from a file": {
			environ: []string{"THREATDRAFT_LLM_FALLBACK_API_KEY_FILE=" + secret},
			want:    func(c *Config) { c.LLMFallbackAPIKey, c.LLMFallbackAPIKeyFile = "0123456789abcdef0123", secret },
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Load(tc.flags, tc.environ)
			require.NoError(t, err)
			want := defaults()
			tc.want(&want)
			require.Empty(t, cmp.Diff(want, got))
		})
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	blank := filepath.Join(t.TempDir(), "blank")
	require.NoError(t, os.WriteFile(blank, []byte("\n"), 0o600))
	cases := map[string]struct {
		environ []string
		want    string
	}{
		"address without port": {
			[]string{"THREATDRAFT_ADDR=localhost"}, "THREATDRAFT_ADDR must be host:port, for example 127.0.0.1:8080",
		},
		"port out of range":   {[]string{"THREATDRAFT_ADDR=:65536"}, "THREATDRAFT_ADDR must be host:port, for example 127.0.0.1:8080"},
		"unknown database":    {[]string{"THREATDRAFT_DATABASE_URL=mysql://h"}, "THREATDRAFT_DATABASE_URL must begin with sqlite: or postgres://"},
		"no number":           {[]string{"THREATDRAFT_WORKERS=many"}, "THREATDRAFT_WORKERS must be a number from 1 to 64"},
		"too many":            {[]string{"THREATDRAFT_WORKERS=65"}, "THREATDRAFT_WORKERS must be a number from 1 to 64"},
		"too few connections": {[]string{"THREATDRAFT_DATABASE_CONNS=1"}, "THREATDRAFT_DATABASE_CONNS must be a number from 2 to 1000"},
		"duration without unit": {
			[]string{"THREATDRAFT_SHUTDOWN_GRACE=20"}, "THREATDRAFT_SHUTDOWN_GRACE must be a duration from 0s to 10m, for example 20s",
		},
		"negative duration": {
			[]string{"THREATDRAFT_SHUTDOWN_GRACE=-1s"}, "THREATDRAFT_SHUTDOWN_GRACE must be a duration from 0s to 10m, for example 20s",
		},
		"unknown level":  {[]string{"THREATDRAFT_LOG_LEVEL=trace"}, "THREATDRAFT_LOG_LEVEL must be one of debug, info, warn, error"},
		"unknown format": {[]string{"THREATDRAFT_LOG_FORMAT=xml"}, "THREATDRAFT_LOG_FORMAT must be one of text, json"},
		"long token": {
			[]string{"THREATDRAFT_ADMIN_TOKEN=" + strings.Repeat("x", 501)},
			"THREATDRAFT_ADMIN_TOKEN must have 1 to 500 bytes of printable ASCII without spaces",
		},
		"token that no header can carry": {
			[]string{"THREATDRAFT_ADMIN_TOKEN=0123456789 abcdef"},
			"THREATDRAFT_ADMIN_TOKEN must have 1 to 500 bytes of printable ASCII without spaces",
		},
		"token and its file": {
			[]string{"THREATDRAFT_ADMIN_TOKEN=0123456789abcdef", "THREATDRAFT_ADMIN_TOKEN_FILE=" + blank},
			"THREATDRAFT_ADMIN_TOKEN and THREATDRAFT_ADMIN_TOKEN_FILE are both set; set one of them",
		},
		"database and its file": {
			[]string{"THREATDRAFT_DATABASE_URL=sqlite:a.db", "THREATDRAFT_DATABASE_URL_FILE=" + blank},
			"THREATDRAFT_DATABASE_URL and THREATDRAFT_DATABASE_URL_FILE are both set; set one of them",
		},
		"file that is not there": {
			[]string{"THREATDRAFT_ADMIN_TOKEN_FILE=" + blank + ".not"},
			"THREATDRAFT_ADMIN_TOKEN_FILE cannot be read: open " + blank + ".not: no such file or directory",
		},
		"blank file": {
			[]string{"THREATDRAFT_ADMIN_TOKEN_FILE=" + blank},
			"THREATDRAFT_ADMIN_TOKEN_FILE names a file that is empty or larger than 65536 bytes: " + blank,
		},
		"misspelt": {
			[]string{"THREATDRAFT_LLM_BUGDET_USD=1", "THREATDRAFT_LLM_APIKEY=hunter2", "THREATDRAFT_WORKERS=2"},
			"THREATDRAFT_LLM_APIKEY, THREATDRAFT_LLM_BUGDET_USD: no such setting; README.md lists them",
		},
		"two at once": {
			[]string{"THREATDRAFT_WORKERS=0", "THREATDRAFT_LOG_FORMAT=xml"},
			"THREATDRAFT_WORKERS must be a number from 1 to 64; THREATDRAFT_LOG_FORMAT must be one of text, json",
		},
	}
	for name, days := range map[string]string{
		"a severity missing": "critical=7,high=30,medium=90", "an unknown one": "critical=7,high=30,medium=90,low=180,urgent=1",
		"one twice": "critical=7,high=30,medium=90,low=180,low=9", "no number": "critical=7,high=30,medium=90,low=soon",
		"no days": "critical=0,high=30,medium=90,low=180", "more than ten years": "critical=7,high=30,medium=90,low=3651",
	} {
		cases["days of the SLA: "+name] = struct {
			environ []string
			want    string
		}{[]string{"THREATDRAFT_SLA_DAYS=" + days}, "THREATDRAFT_SLA_DAYS must give each severity 1 to 3650 days: critical=7,high=30,medium=90,low=180"}
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(Flags{}, tc.environ)
			require.EqualError(t, err, tc.want)
		})
	}
}

// A secret must not come back in a message.
func TestLoadKeepsSecrets(t *testing.T) {
	t.Parallel()
	_, err := Load(Flags{}, []string{"THREATDRAFT_ADMIN_TOKEN=hunter2", "THREATDRAFT_DATABASE_URL=mysql://root:hunter2@h"})
	require.Error(t, err)
	require.NotContains(t, err.Error(), "hunter2")
}

// Every field has a variable, and every variable that can be wrong a message.
func TestEveryVariableHasAMessage(t *testing.T) {
	t.Parallel()
	messages := wanted()
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Config]()) {
		if f.Anonymous {
			continue
		}
		name := f.Tag.Get("env")
		require.NotEmpty(t, name, f.Name)
		if f.Tag.Get("validate") != "" || f.Type.Kind() != reflect.String {
			require.Contains(t, messages, name)
		}
	}
}

func TestPasswordIsNoFlag(t *testing.T) {
	t.Parallel()
	_, err := Load(Flags{DatabaseURL: "postgres://u:hunter2@h/db"}, nil)
	require.ErrorContains(t, err, "must not hold a password")
	require.NotContains(t, err.Error(), "hunter2")
	_, err = Load(Flags{DatabaseURL: "postgres://u@h/db"}, nil)
	require.NoError(t, err)
}

func TestLoadLLM(t *testing.T) {
	t.Parallel()
	got, err := LoadLLM([]string{"THREATDRAFT_ADDR=nonsense", "THREATDRAFT_LLM_PROVIDER=none"})
	require.NoError(t, err, "what the command does not need is not its to refuse")
	require.Equal(t, LLM{LLMProvider: "none", LLMConcurrency: 4, LLMTimeout: 2 * time.Minute, LLMExamples: "project"}, got)
	_, err = LoadLLM([]string{"THREATDRAFT_LLM_BASE_URL=ftp://x", "THREATDRAFT_LLM_CONCURRENCY=many"})
	require.ErrorContains(t, err, "THREATDRAFT_LLM_CONCURRENCY")
	_, err = LoadLLM([]string{"THREATDRAFT_LLM_BASE_URL=ftp://x", "THREATDRAFT_LLM_API_KEY=top secret"})
	require.ErrorContains(t, err, "THREATDRAFT_LLM_BASE_URL")
	require.NotContains(t, err.Error(), "top secret")
	_, err = LoadLLM([]string{"THREATDRAFT_LLM_FALLBACK_API_KEY=a", "THREATDRAFT_LLM_FALLBACK_API_KEY_FILE=b"})
	require.ErrorContains(t, err, "THREATDRAFT_LLM_FALLBACK_API_KEY and THREATDRAFT_LLM_FALLBACK_API_KEY_FILE are both set")
	_, err = LoadLLM([]string{"THREATDRAFT_LLM_FALLBACK_API_KEY=top secret", "THREATDRAFT_LLM_FALLBACK_BASE_URL=ftp://x"})
	require.ErrorContains(t, err, "THREATDRAFT_LLM_FALLBACK_BASE_URL must be")
	require.ErrorContains(t, err, "THREATDRAFT_LLM_FALLBACK_API_KEY must be")
	require.NotContains(t, err.Error(), "top secret")
}

// Every variable that a message of llm may lead to is one that is read.
func TestLLMVariable(t *testing.T) {
	t.Parallel()
	read := map[string]bool{"THREATDRAFT_LLM_*": true}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[LLM]()) {
		read[f.Tag.Get("env")] = true
	}
	for setting, want := range map[string]string{
		"provider": "_PROVIDER", "model": "_MODEL", "base URL": "_BASE_URL", "API key": "_API_KEY", "folder": "_FOLDER",
		"fallback": "_FALLBACK", "fallback provider": "_FALLBACK", "fallback model": "_FALLBACK", "fallback folder": "_FOLDER",
		"fallback base URL": "_FALLBACK_BASE_URL", "fallback API key": "_FALLBACK_API_KEY", "another": "_*",
	} {
		require.Equal(t, "THREATDRAFT_LLM"+want, LLMVariable(setting))
		require.True(t, read[LLMVariable(setting)], setting)
	}
}
