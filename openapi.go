// Package threatdraft embeds the API's contract, and nothing else.
package threatdraft

import _ "embed"

// OpenAPI is openapi.yaml, the contract of the HTTP API.
//
//go:embed openapi.yaml
var OpenAPI []byte
