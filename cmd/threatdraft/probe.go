//go:build !crashtest

package main

import "github.com/threatdraft/threatdraft/internal/analysis"

// probe leaves the runner alone: runs are held in crash tests only
// (probe_crash.go).
func (program) probe(*analysis.Runner) {}
