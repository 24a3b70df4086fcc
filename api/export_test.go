package api

import (
	"maps"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// Route is a row of the route table as tests see it; Least is "" for public ones.
type Route struct {
	Method string
	Path   string
	Least  stride.Role
}

// Routes is the route table.
func Routes() []Route {
	var out []Route
	for _, r := range new(server).routes() {
		out = append(out, Route{Method: r.Method, Path: r.Path, Least: r.Least})
	}
	return out
}

// Statuses is the mapping from kinds of errors to statuses.
func Statuses() map[stride.Kind]int { return maps.Clone(statuses) }
