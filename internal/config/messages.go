package config

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/go-playground/validator/v10"
)

// wanted says, per variable, what a good value is.
func wanted() map[string]string {
	return map[string]string{
		"THREATDRAFT_ADDR":           "must be host:port, for example 127.0.0.1:8080",
		"THREATDRAFT_DATABASE_URL":   "must begin with sqlite: or postgres://",
		"THREATDRAFT_DATABASE_CONNS": "must be a number from 2 to 1000",
		"THREATDRAFT_ADMIN_TOKEN":    "must have 1 to 500 bytes of printable ASCII without spaces",
		"THREATDRAFT_WORKERS":        "must be a number from 1 to 64",
		"THREATDRAFT_SHUTDOWN_GRACE": "must be a duration from 0s to 10m, for example 20s",
		"THREATDRAFT_LOG_LEVEL":      "must be one of debug, info, warn, error",
		"THREATDRAFT_LOG_FORMAT":     "must be one of text, json",
		"THREATDRAFT_SLA_DAYS":       "must give each severity 1 to 3650 days: critical=7,high=30,medium=90,low=180",

		"THREATDRAFT_LLM_PROVIDER":           "must have at most 60 bytes",
		"THREATDRAFT_LLM_MODEL":              "must have at most 200 bytes",
		"THREATDRAFT_LLM_BASE_URL":           "must be an address that begins with http:// or https://",
		"THREATDRAFT_LLM_API_KEY":            "must be printable ASCII without spaces",
		"THREATDRAFT_LLM_ORGANISATION":       "must have at most 200 bytes",
		"THREATDRAFT_LLM_HEADERS":            "must be name:value, name:value",
		"THREATDRAFT_LLM_API_VERSION":        "must have at most 40 bytes",
		"THREATDRAFT_LLM_FALLBACK":           "must be provider:model",
		"THREATDRAFT_LLM_FALLBACK_BASE_URL":  "must be an address that begins with http:// or https://",
		"THREATDRAFT_LLM_FALLBACK_API_KEY":   "must be printable ASCII without spaces",
		"THREATDRAFT_LLM_CONTEXT":            "must be a number of tokens",
		"THREATDRAFT_LLM_CONCURRENCY":        "must be a number from 1 to 64",
		"THREATDRAFT_LLM_TIMEOUT":            "must be a duration from 1s to 1h, for example 2m",
		"THREATDRAFT_LLM_BUDGET_USD":         "must be an amount of US dollars, 0 for no limit",
		"THREATDRAFT_LLM_PROJECT_BUDGET_USD": "must be an amount of US dollars, 0 for no limit",
		"THREATDRAFT_LLM_MONTH_BUDGET_USD":   "must be an amount of US dollars, 0 for no limit",
		"THREATDRAFT_LLM_EXAMPLES":           "must be one of off, project, all",
	}
}

// unparsed names the variables whose text could not be read. The library names
// the fields of the struct instead, and repeats the value.
func unparsed(err error) error {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return fmt.Errorf("read environment: %w", err)
	}
	var names []string
	for _, one := range all.Errors {
		var parse env.ParseError
		if !errors.As(one, &parse) {
			return fmt.Errorf("read environment: %w", one)
		}
		field, _ := reflect.TypeFor[Config]().FieldByName(parse.Name)
		names = append(names, field.Tag.Get("env"))
	}
	return problem(names)
}

// refused names the variables that are out of bounds; nil for none.
func refused(err error) error {
	if err == nil {
		return nil
	}
	var fields validator.ValidationErrors
	if !errors.As(err, &fields) {
		return fmt.Errorf("check configuration: %w", err)
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Field()
	}
	return problem(names)
}

func problem(names []string) error {
	lines := make([]string, len(names))
	for i, name := range names {
		lines[i] = name + " " + wanted()[name]
	}
	return errors.New(strings.Join(lines, "; "))
}
