// Package migrations embeds the schema of both databases, one folder each, with
// equal numbering. It holds no code; internal/store applies them with goose.
package migrations

import "embed"

// FS holds sqlite/*.sql and postgres/*.sql.
//
//go:embed sqlite/*.sql postgres/*.sql
var FS embed.FS
