package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/store"
	"github.com/threatdraft/threatdraft/internal/store/storetest"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// trail makes a project of the name, and of five events, and returns its id.
func trail(t *testing.T, db *store.Store, last string) string {
	t.Helper()
	projects := &analysis.Projects{Kit: program{now: time.Now, newID: newID}.kit(), Store: db}
	call := analysis.Call{Actor: stride.Actor{User: "ada", Grants: []stride.Grant{{Role: stride.RoleAdmin}}}}
	made, err := projects.Create(t.Context(), call, analysis.ProjectFields{Name: new("Shop " + last)})
	require.NoError(t, err)
	for _, name := range []string{last + " A", last + " B", last + " C", last} {
		call.Match = analysis.Match{Given: true, Any: true}
		_, err := projects.Update(t.Context(), call, made.ID, analysis.ProjectFields{Name: new(name)})
		require.NoError(t, err)
	}
	return string(made.ID)
}

func verify(t *testing.T, url string, args ...string) (result, []chainLine) {
	t.Helper()
	got := threatdraft(t, "", nil, append([]string{"audit", "verify", "--database-url", url, "--format", "json"}, args...)...)
	var lines []chainLine
	if got.stdout != "" {
		require.NoError(t, json.Unmarshal([]byte(got.stdout), &lines), got.stdout)
	}
	return got, lines
}

func TestAuditVerify(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		tamper []string
		want   *brokenLine // of the first project
		heads  bool        // only the recorded heads tell
	}{
		"untouched":    {},
		"altered":      {tamper: []string{"update events set payload = '{}' where seq = 3"}, want: &brokenLine{3, "has been altered"}},
		"other author": {tamper: []string{"update events set actor_id = 'eve' where seq = 1"}, want: &brokenLine{1, "has been altered"}},
		"removed":      {tamper: []string{"delete from events where seq = 2"}, want: &brokenLine{2, "is missing"}},
		"end cut off":  {tamper: []string{"delete from events where seq = 5"}, want: &brokenLine{5, "is missing: the project has had 5"}},
		"end cut off and counted again": {
			tamper: []string{"delete from events where seq = 5", "update projects set event_seq = 4"},
			want:   &brokenLine{5, "is missing: there were 5"}, heads: true,
		},
		"all gone": {
			tamper: []string{"delete from events", "update projects set event_seq = 0"},
			want:   &brokenLine{1, "is missing: there were 5"}, heads: true,
		},
	}
	for dialect, fresh := range map[string]func(testing.TB) string{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		for name, tt := range tests {
			t.Run(dialect+"/"+name, func(t *testing.T) {
				t.Parallel()
				url := fresh(t)
				db := storetest.Open(t, url)
				project := trail(t, db, "D")
				before, held := verify(t, url)
				require.Equal(t, exitOK, before.code, before.stderr)
				require.Len(t, held, 1)
				require.Equal(t, chainLine{ProjectID: stride.ProjectID(project), Name: "D", Events: 5, Head: held[0].Head}, held[0])
				heads := filepath.Join(t.TempDir(), "heads.json")
				require.NoError(t, os.WriteFile(heads, []byte(before.stdout), 0o600))

				storetest.Tamper(t, db.Dialect(), db.WriterDB(), tt.tamper...)
				if tt.heads {
					got, _ := verify(t, url)
					require.Equal(t, exitOK, got.code, "the chain alone cannot tell")
				}
				got, lines := verify(t, url, "--heads", heads)
				if tt.want == nil {
					require.Equal(t, before, got)
					return
				}
				require.Equal(t, exitFailure, got.code)
				require.NotNil(t, lines[0].Broken)
				require.Equal(t, tt.want.Seq, lines[0].Broken.Seq)
				require.Contains(t, lines[0].Broken.Why, tt.want.Why)
				require.Equal(t, tt.want.Seq-1, lines[0].Events)
			})
		}
	}
}

func TestAuditVerifyNames(t *testing.T) {
	t.Parallel()
	url := storetest.SQLite(t)
	db := storetest.Open(t, url)
	first, second := trail(t, db, "D"), trail(t, db, "E")
	storetest.Tamper(t, db.Dialect(), db.WriterDB(), "update events set payload = '{}' where seq = 4 and project_id = '"+second+"'")
	all := threatdraft(t, "", nil, "audit", "verify", "--database-url", url)
	require.Equal(t, exitFailure, all.code)
	require.Equal(t, "threatdraft audit: the audit trail is not what was written\n", all.stderr)
	require.Regexp(t, first+` +D +5 +[0-9a-f]{64} +holds\n`, all.stdout)
	require.Regexp(t, second+` +E +3 +[0-9a-f]{64} +BROKEN: event 4 has been altered`, all.stdout)
	require.Equal(t, exitOK, threatdraft(t, "", nil, "audit", "verify", "--database-url", url, "--project", first).code)

	gone := filepath.Join(t.TempDir(), "gone.json")
	require.NoError(t, os.WriteFile(gone, []byte(`[{"project_id":"p","name":"x","events":2,"head":"ab","broken":null}]`), 0o600))
	got, lines := verify(t, url, "--heads", gone)
	require.Equal(t, exitFailure, got.code)
	require.Equal(t, "is missing, with its project", lines[2].Broken.Why)
}

func TestAuditVerifyRefuses(t *testing.T) {
	t.Parallel()
	url := storetest.SQLite(t)
	for name, text := range map[string]string{
		"no JSON": "heads", "no list": "{}", "a foreign list": `[{"id":1}]`, "no head": `[{"project_id":"p","events":2}]`,
		"a broken chain": `[{"project_id":"p","events":1,"head":"ab","broken":{"seq":2,"why":"is missing"}}]`,
	} {
		file := filepath.Join(t.TempDir(), "heads.json")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		got, _ := verify(t, url, "--heads", file)
		require.Equal(t, exitUsage, got.code, name)
		require.Contains(t, got.stderr, "--heads", name)
	}
	got, _ := verify(t, url, "--project", "00000000-0000-7000-8000-000000000000")
	require.Equal(t, exitFailure, got.code)
	require.Contains(t, got.stderr, "no such project")
}
