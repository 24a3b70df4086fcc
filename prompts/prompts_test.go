package prompts

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// published holds the hashes of versions that have been released: a version that
// changes afterwards is a mistake, make the next one.
var published = map[string]string{
	"attack_tree/v1": "29571a06d9ff5e79",
	"extract/v1":     "df247882d08f73aa",
	"gaps/v1":        "e1f3886b4299126a",
	"gaps/v2":        "f04daef247d1ac9a",
	"mitigations/v1": "1eed95fd30190a43",
	"repair/v1":      "9bb4bd2200640fce",
	"threats/v1":     "64a3cd94c79fa1de",
	"threats/v2":     "706466a1a7d3ca78",
	"threats/v3":     "8ec9d3b586dd8d1f",
}

func TestPublishedVersionsStand(t *testing.T) {
	t.Parallel()
	folders, err := fs.Glob(embedded, "*/v*")
	require.NoError(t, err)
	require.Len(t, folders, len(published), "a version is neither forgotten nor taken away")
	for _, folder := range folders {
		p, err := read(embedded, folder)
		require.NoError(t, err)
		require.Equal(t, published[folder], p.Hash, folder)
	}
	set, err := Load("")
	require.NoError(t, err)
	require.Equal(t, []string{AttackTree, Extract, Gaps, Mitigations, Repair, Threats}, set.Tasks())
	newest, err := set.Get(Threats)
	require.NoError(t, err)
	require.Equal(t, "v3", newest.Version)
}

func TestGetNamesTheTask(t *testing.T) {
	t.Parallel()
	set, err := Load("")
	require.NoError(t, err)
	_, err = set.Get("poem")
	require.ErrorContains(t, err, `"poem"`)
}

// write makes a folder of prompts.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	return dir
}

func TestFolderLiesOverTheEmbedded(t *testing.T) {
	t.Parallel()
	set, err := Load(write(t, map[string]string{
		"threats/v2/system.tmpl": "Be brief.\n", "threats/v2/user.tmpl": "About {{.Name}}", "threats/v2/schema.json": `{"enum":["$targets"],"kept":{"enum":["a","b"]}}`,
		"threats/draft/system.tmpl": "no version",
	}))
	require.NoError(t, err)
	p, err := set.Get(Threats)
	require.NoError(t, err)
	require.Equal(t, "v2", p.Version)
	r, err := p.Render(map[string]string{"Name": "Lathe"}, map[string][]string{"targets": {"e1", "e2"}})
	require.NoError(t, err)
	require.Equal(t, "Be brief.", r.System)
	require.Equal(t, "About Lathe", r.User)
	require.JSONEq(t, `{"enum":["e1","e2"],"kept":{"enum":["a","b"]}}`, string(r.Schema))
	none, err := p.Render(map[string]string{"Name": "Lathe"}, nil)
	require.NoError(t, err)
	require.JSONEq(t, `{"enum":[""],"kept":{"enum":["a","b"]}}`, string(none.Schema), "a schema cannot have an empty enumeration")
	_, err = p.Render(map[string]string{}, nil)
	require.ErrorContains(t, err, "Name", "what the template wants must be there")
	gaps, err := set.Get(Gaps)
	require.NoError(t, err)
	require.Equal(t, "v2", gaps.Version, "what the folder lacks stays")
}

func TestBadPromptsAreNamed(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"system.tmpl": {"threats/v2/system.tmpl": "{{", "threats/v2/user.tmpl": "", "threats/v2/schema.json": "{}"},
		"user.tmpl":   {"threats/v2/system.tmpl": ""},
		"schema.json": {"threats/v2/system.tmpl": "", "threats/v2/user.tmpl": "", "threats/v2/schema.json": "{"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(write(t, files))
			require.ErrorContains(t, err, "threats/v2/"+name)
		})
	}
}

func TestOlderVersionInAFolderReplacesToo(t *testing.T) {
	t.Parallel()
	set, err := Load(write(t, map[string]string{"threats/v1/system.tmpl": "Be brief.\n", "threats/v1/user.tmpl": "", "threats/v1/schema.json": "{}"}))
	require.NoError(t, err)
	p, err := set.Get(Threats)
	require.NoError(t, err)
	require.Equal(t, "v1", p.Version)
}

func TestFoldersThatReplaceNothingAreRefused(t *testing.T) {
	t.Parallel()
	_, err := Load(t.TempDir() + "/nowhere")
	require.ErrorContains(t, err, "nowhere: there is no folder <task>/v<number> in it")
	_, err = Load(write(t, map[string]string{"README": "nothing"}))
	require.ErrorContains(t, err, "there is no folder <task>/v<number> in it")
	_, err = Load(write(t, map[string]string{"threat/v1/system.tmpl": "", "threat/v1/user.tmpl": "", "threat/v1/schema.json": "{}"}))
	require.ErrorContains(t, err, `nobody asks the task "threat"; the tasks are attack_tree, extract, gaps,`)
}

func TestSchemasAreClosed(t *testing.T) {
	t.Parallel()
	set, err := Load("")
	require.NoError(t, err)
	for _, task := range set.Tasks() {
		p, err := set.Get(task)
		require.NoError(t, err)
		requireClosed(t, task, p.schema)
	}
}

// requireClosed checks what strict modes want: every object names all of its
// properties as required and allows no others.
func requireClosed(t *testing.T, at string, node any) {
	t.Helper()
	object, ok := node.(map[string]any)
	if !ok {
		return
	}
	if object["type"] == "object" {
		require.Equal(t, false, object["additionalProperties"], at)
		properties, _ := object["properties"].(map[string]any)
		var required []string
		b, err := json.Marshal(object["required"])
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(b, &required))
		require.Len(t, required, len(properties), at)
		for _, name := range required {
			require.Contains(t, properties, name, at)
		}
	}
	for name, child := range object {
		requireClosed(t, at+"/"+name, child)
	}
}
