//go:build crashtest

package main

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// pointCommit is when everything is published but the transaction is not
// committed. The runner cannot name it: it does not commit.
const pointCommit = "commit"

// probe holds a run at the point that THREATDRAFT_PROBE_AT names, so that the
// crash tests can kill the program exactly there: claimed, item:N, group:N,
// publish, commit or published. It says on stdout that the run has come there, and holds
// it until a line comes on stdin. It is for programs that run one draft at a
// time, and holds it once.
func (p program) probe(r *analysis.Runner) {
	at := ""
	for _, pair := range p.environ {
		if value, ok := strings.CutPrefix(pair, "THREATDRAFT_PROBE_AT="); ok {
			at = value
		}
	}
	passed := map[string]int{}
	r.Probe = func(point string) {
		switch point {
		case analysis.PointClaimed:
			clear(passed)
		case analysis.PointItem, analysis.PointGroup:
			passed[point]++
			point = fmt.Sprintf("%s:%d", point, passed[point])
		}
		if at != point {
			return
		}
		at = ""
		fmt.Fprintf(p.stdout, "probe %s\n", point)
		if _, err := bufio.NewReader(p.stdin).ReadString('\n'); err != nil {
			select {} // nobody will let it go
		}
	}
	r.Store = probedStore{r.Store, r.Probe}
}

// probedStore tells of the moment before a publishing transaction commits.
type probedStore struct {
	analysis.RunStore

	probe func(point string)
}

// InRunTx implements analysis.RunStore.
func (s probedStore) InRunTx(ctx context.Context, fn func(analysis.RunTx) error) error {
	return s.RunStore.InRunTx(ctx, func(tx analysis.RunTx) error {
		watched := &probedTx{RunTx: tx}
		err := fn(watched)
		if err == nil && watched.published {
			s.probe(pointCommit)
		}
		return err
	})
}

type probedTx struct {
	analysis.RunTx

	published bool
}

// EndDraft implements analysis.EndDraftTx.
func (tx *probedTx) EndDraft(ctx context.Context, d stride.Draft) (bool, error) {
	ok, err := tx.RunTx.EndDraft(ctx, d)
	tx.published = ok && d.State == stride.DraftSucceeded
	return ok, err
}
