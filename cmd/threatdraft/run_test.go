package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/threatdraft/threatdraft/internal/store/storetest"
)

// result is what a command line gives.
type result struct {
	code           int
	stdout, stderr string
}

// threatdraft runs a command line in this process at a fixed time.
func threatdraft(t *testing.T, stdin string, environ []string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), args, program{
		environ: environ, stdin: strings.NewReader(stdin), stdout: &stdout, stderr: &stderr,
		now: func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }, newID: newID,
	})
	return result{code, stdout.String(), stderr.String()}
}

func parcelLockers(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", "parcel-lockers.md"))
	require.NoError(t, err)
	return string(content)
}

func TestUsage(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		args []string
		want string
	}{
		"no command":        {nil, "threatdraft: expected one of "},
		"unknown command":   {[]string{"review"}, "threatdraft: unexpected argument review"},
		"unknown flag":      {[]string{"draft", "--fast", "-"}, "threatdraft: unknown flag --fast"},
		"no file":           {[]string{"draft"}, `threatdraft: expected "<file>"`},
		"unknown format":    {[]string{"draft", "--format", "pdf", "-"}, `threatdraft: --format must be one of "markdown","json" but got "pdf"`},
		"no questions":      {[]string{"draft", "--questions", "0", "-"}, "threatdraft: draft: --questions must be at least 1"},
		"half of a command": {[]string{"migrate"}, "threatdraft: expected one of "},
		"no user":           {[]string{"token", "create", "--role", "viewer"}, "threatdraft: missing flags: --user=STRING"},
		"unknown role":      {[]string{"token", "create", "--user", "u", "--role", "owner"}, "threatdraft: --role must be one of "},
		"secret as a flag":  {[]string{"serve", "--admin-token", "x"}, "threatdraft: unknown flag --admin-token"},
		"expired already":   {[]string{"token", "create", "--user", "u", "--role", "viewer", "--expires", "0d"}, "threatdraft: --expires: must be a positive number of days"},
		"expires too late":  {[]string{"token", "create", "--user", "u", "--role", "viewer", "--expires", "36501d"}, "threatdraft: --expires: must be a positive number of days"},
		"expires in months": {[]string{"token", "create", "--user", "u", "--role", "viewer", "--expires", "3mo"}, "threatdraft: --expires: must be a positive number of days"},
		"negative lifetime": {[]string{"token", "create", "--user", "u", "--role", "viewer", "--expires=-1h"}, "threatdraft: --expires: must be a positive number of days"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := threatdraft(t, "", nil, tc.args...)
			require.Equal(t, exitUsage, got.code)
			require.Empty(t, got.stdout)
			require.True(t, strings.HasPrefix(got.stderr, tc.want), got.stderr)
			require.Equal(t, 1, strings.Count(got.stderr, "\n"), "a failure is one line: %s", got.stderr)
		})
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"token", "create", "-h"}} {
		got := threatdraft(t, "", nil, args...)
		require.Equal(t, exitOK, got.code)
		require.Contains(t, got.stdout, "Usage: threatdraft")
		require.Empty(t, got.stderr)
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	got := threatdraft(t, "", nil, "version")
	require.Equal(t, exitOK, got.code)
	require.Regexp(t, `^threatdraft \S+ \(go1\.\S+ \w+/\w+\)\n$`, got.stdout)
}

func TestDraft(t *testing.T) {
	t.Parallel()
	file := filepath.Join("testdata", "parcel-lockers.md")
	markdown := threatdraft(t, "", nil, "draft", file)
	require.Equal(t, exitOK, markdown.code, markdown.stderr)
	require.Empty(t, markdown.stderr, "no progress bar outside of a terminal")
	require.Contains(t, markdown.stdout, "Locker API")
	require.Equal(t, markdown, threatdraft(t, parcelLockers(t), nil, "draft", "-"))

	asJSON := threatdraft(t, "", nil, "draft", "--format", "json", file)
	require.Equal(t, exitOK, asJSON.code, asJSON.stderr)
	var out struct {
		Threats   []struct{ Title string }
		Questions []json.RawMessage
	}
	require.NoError(t, json.Unmarshal([]byte(asJSON.stdout), &out))
	require.NotEmpty(t, out.Threats)
	require.Contains(t, markdown.stdout, out.Threats[0].Title)
	require.Greater(t, len(out.Questions), 1)

	few := threatdraft(t, "", nil, "draft", "--format", "json", "--questions", "1", file)
	require.NoError(t, json.Unmarshal([]byte(few.stdout), &out))
	require.Len(t, out.Questions, 1)
}

func TestDraftRefuses(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	large := filepath.Join(folder, "large.md")
	require.NoError(t, os.WriteFile(large, bytes.Repeat([]byte("The API calls the database. "), 100_000), 0o600))
	cases := map[string]struct {
		stdin, file string
		want        string
	}{
		"no such file":  {file: filepath.Join(folder, "none.md"), want: "threatdraft draft: open " + folder + "/none.md: no such file or directory\n"},
		"a folder":      {file: folder, want: "threatdraft draft: " + folder + ": read " + folder + ": is a directory\n"},
		"empty":         {file: "-", want: "threatdraft draft: standard input: description is empty\n"},
		"NUL":           {file: "-", stdin: "a\x00b", want: "threatdraft draft: standard input: description has a NUL byte at offset 1; it must be text\n"},
		"invalid UTF-8": {file: "-", stdin: "abc\xff", want: "threatdraft draft: standard input: description is not valid UTF-8 at byte offset 3\n"},
		"too large":     {file: large, want: "threatdraft draft: " + large + ": the description has 2800000 bytes; at most 2097152 are read\n"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, result{code: exitFailure, stderr: tc.want}, threatdraft(t, tc.stdin, nil, "draft", "--format", "json", tc.file))
		})
	}
	t.Run("nothing that is a system", func(t *testing.T) {
		t.Parallel()
		got := threatdraft(t, "Roses are red.\n", nil, "draft", "-")
		require.Equal(t, exitFailure, got.code)
		require.Empty(t, got.stdout)
		require.True(t, strings.HasPrefix(got.stderr, "threatdraft draft: standard input: "), got.stderr)
	})
}

// A reader that goes away is a failure, not a silent half of a draft.
func TestDraftToClosedOutput(t *testing.T) {
	t.Parallel()
	var stderr bytes.Buffer
	code := run(t.Context(), []string{"draft", "-"}, program{
		stdin: strings.NewReader(parcelLockers(t)), stdout: brokenWriter{}, stderr: &stderr, now: time.Now, newID: newID,
	})
	require.Equal(t, exitFailure, code)
	require.Equal(t, "threatdraft draft: the pipe is closed\n", stderr.String())
	code = run(t.Context(), []string{"draft", "-"}, program{
		stdin: iotest.ErrReader(errors.New("the disk is gone")), stdout: brokenWriter{}, stderr: &stderr, now: time.Now, newID: newID,
	})
	require.Equal(t, exitFailure, code)
	require.Contains(t, stderr.String(), "threatdraft draft: standard input: the disk is gone\n")
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("the pipe is closed") }

func TestMigrate(t *testing.T) {
	t.Parallel()
	storetest.EachEmpty(t, func(t *testing.T, database string) {
		flag := "--database-url=" + database
		before := threatdraft(t, "", nil, "migrate", "status", flag)
		require.Equal(t, exitOK, before.code, before.stderr)
		require.NotRegexp(t, `(?m)^applied`, before.stdout)
		require.Contains(t, before.stdout, "pending  threatdraft  1")

		tooEarly := threatdraft(t, "", nil, "token", "create", "--user", "u", "--role", "viewer", flag)
		require.Equal(t, exitFailure, tooEarly.code)
		require.Contains(t, tooEarly.stderr, "run threatdraft migrate up")

		up := threatdraft(t, "", nil, "migrate", "up", flag)
		require.Equal(t, exitOK, up.code, up.stderr)
		require.NotRegexp(t, `(?m)^pending`, up.stdout)
		require.Contains(t, up.stdout, "applied  threatdraft  1")
		require.Contains(t, up.stdout, "applied  river")
		require.Equal(t, up, threatdraft(t, "", nil, "migrate", "up", flag), "again is fine")
		require.Equal(t, up, threatdraft(t, "", nil, "migrate", "status", flag))
	})
}

func TestTokenCreate(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, database string) {
		environ := []string{"THREATDRAFT_DATABASE_URL=" + database}
		create := func(args ...string) result {
			return threatdraft(t, "", environ, append([]string{"token", "create", "--user", "Ada"}, args...)...)
		}
		cases := map[string]struct {
			args []string
			want string
		}{
			"for ever": {[]string{"--role", "admin"}, "token of Ada: admin of all projects, holds for ever\n"},
			"days":     {[]string{"--role", "viewer", "--expires", "90d"}, "token of Ada: viewer of all projects, holds until 2026-04-02T03:04:05Z\n"},
			"hours":    {[]string{"--role", "author", "--expires", "12h"}, "token of Ada: author of all projects, holds until 2026-01-02T15:04:05Z\n"},
		}
		secrets := make(map[string]bool)
		for name, tc := range cases {
			got := create(tc.args...)
			require.Equal(t, exitOK, got.code, "%s: %s", name, got.stderr)
			require.Equal(t, tc.want, got.stdout, name)
			require.Regexp(t, `^td_[A-Za-z0-9_-]{43}\n$`, got.stderr, name)
			secrets[got.stderr] = true
		}
		require.Len(t, secrets, len(cases))

		unknown := create("--role", "viewer", "--project", "00000000-0000-7000-8000-000000000000")
		require.Equal(t, exitFailure, unknown.code)
		require.Empty(t, unknown.stdout)
		require.Contains(t, unknown.stderr, "threatdraft token: ")
		require.NotContains(t, unknown.stderr, "td_")
	})
}

func TestConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"serve"}, {"migrate", "up"}, {"migrate", "status"}, {"token", "create", "--user=u", "--role=viewer"}} {
		got := threatdraft(t, "", []string{"THREATDRAFT_DATABASE_URL=mysql://root:hunter2@h"}, args...)
		require.Equal(t, exitUsage, got.code)
		require.Equal(t, "threatdraft "+args[0]+": THREATDRAFT_DATABASE_URL must begin with sqlite: or postgres://\n", got.stderr)
	}
}

func TestProgressBar(t *testing.T) {
	t.Parallel()
	var screen bytes.Buffer
	bar := progressBar{out: &screen}
	for range 31 {
		require.NoError(t, bar.step(0))
	}
	require.Contains(t, screen.String(), "\r[###...........................] 3 threats\r")
	require.True(t, strings.HasSuffix(screen.String(), "\r[##############################] 31 threats"))
	require.NoError(t, bar.clear())
	require.True(t, strings.HasSuffix(screen.String(), "\r\x1b[2K"))

	screen.Reset()
	share := progressBar{out: &screen}
	require.NoError(t, share.step(4))
	require.Equal(t, "\r[#######.......................] 1 threats", screen.String())

	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, null.Close()) })
	require.False(t, isTerminal(null))
	require.False(t, isTerminal(&screen))
}
