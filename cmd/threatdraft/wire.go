package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/threatdraft/threatdraft/api"
	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/config"
	"github.com/threatdraft/threatdraft/internal/jobs"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// newJobs connects the queue to the use case that works on drafts.
func (p program) newJobs(db *store.Store, cfg config.Config, with drafting, log *slog.Logger) (*jobs.Jobs, error) {
	runner := &analysis.Runner{
		Kit: p.kit(), Store: db, Pipeline: with.pipeline, Log: log, Owner: p.owner(), Examples: analysis.Examples(cfg.LLMExamples),
		Budget: analysis.Budget{Draft: micro(cfg.LLMBudgetUSD), Project: micro(cfg.LLMProjectBudgetUSD), Month: micro(cfg.LLMMonthBudgetUSD)},
		Lease:  analysis.DefaultLease, Beat: analysis.DefaultBeat,
	}
	p.probe(runner)
	return jobs.New(jobs.Options{
		DB: db.WriterDB(), Dialect: db.Dialect(), Workers: cfg.Workers, Sweeps: jobs.Every(analysis.DefaultBeat),
		Log: log, QueueLog: p.partLogger(cfg), Runner: runner, Keeper: &analysis.Replies{Kit: p.kit(), Store: db},
		Expirer: &analysis.Threats{Kit: p.kit(), Store: db, SLA: cfg.SLADays},
	})
}

// owner names this process among the replicas, so that a person can tell which
// one holds a lease.
func (p program) owner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return fmt.Sprintf("%s/%d/%s", host, os.Getpid(), p.newID())
}

// newHTTP connects the edge to the use cases. Event streams and waiting requests
// are long, so there is no timeout for a whole request.
func (p program) newHTTP(db *store.Store, cfg config.Config, with drafting, log *slog.Logger, closing <-chan struct{}) *http.Server {
	kit := p.kit()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	handler := api.New(api.Deps{
		Access:      &analysis.Access{Kit: kit, Store: db},
		Projects:    &analysis.Projects{Kit: kit, Store: db},
		Submissions: &analysis.Submissions{Kit: kit, Store: db, Hybrid: with.pipeline.Hybrid()},
		Models:      &analysis.Models{Kit: kit, Store: db},
		Questions:   &analysis.Questions{Kit: kit, Store: db},
		Drafts:      &analysis.Drafts{Kit: kit, Store: db, Hybrid: with.pipeline.Hybrid()},
		Providers:   &analysis.Providers{Store: db, LLM: with.providers()},
		Reviews:     &analysis.Reviews{Kit: kit, Store: db}, Views: &analysis.Views{Kit: kit, Store: db},
		Audit:       &analysis.Audit{Store: db},
		Comments:    &analysis.Comments{Kit: kit, Store: db},
		Threats:     &analysis.Threats{Kit: kit, Store: db, SLA: cfg.SLADays},
		Mitigations: &analysis.Mitigations{Kit: kit, Store: db}, TestCases: &analysis.TestCases{Kit: kit, Store: db},
		Metrics: &analysis.Metrics{Kit: kit, Store: db},
		Ready:   readiness(db, closing),
		Log:     log, Registry: registry, Now: p.now, NewID: p.newID, Closing: closing,
	})
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// readiness says no while the server drains or its database does not answer.
func readiness(db *store.Store, closing <-chan struct{}) func(context.Context) error {
	return func(ctx context.Context) error {
		select {
		case <-closing:
			return stride.Errorf(stride.Unavailable, "the server is shutting down")
		default:
			return db.Ping(ctx)
		}
	}
}
