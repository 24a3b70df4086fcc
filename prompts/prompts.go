// Package prompts holds what models are asked: one folder per task and version
// with a fixed part, a part per question, and the schema of the answer.
//
// It exists so that a prompt is read, tested and versioned as text, apart from
// the pipeline that fills it in. It knows no provider and no domain type: what a
// template names, the caller gives. A published version never changes, because
// its hash is stored with every call that it made; a change is a new version. The
// seam is a folder of the operator's (Load) that lies over the embedded one.
package prompts

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/template"
)

//go:embed */v*/*
var embedded embed.FS

// The tasks that the pipeline asks.
const (
	Extract     = "extract"
	Threats     = "threats"
	Gaps        = "gaps"
	Repair      = "repair"
	Mitigations = "mitigations"
	AttackTree  = "attack_tree"
)

// Prompt is one version of one task.
type Prompt struct {
	Task    string
	Version string // "v1"
	// Hash is the first 16 hex digits of the SHA-256 of its three files.
	Hash         string
	system, user *template.Template
	schema       any
}

// Rendered is a prompt with its question filled in.
type Rendered struct {
	// System is the same for every question of the version, so that providers can
	// cache it; User ends with the untrusted text.
	System, User string
	Schema       json.RawMessage
}

// Set holds the newest version of each task.
type Set struct{ byTask map[string]*Prompt }

// Load reads the embedded prompts and, over them, those in the folder dir, which
// has the same shape; "" for none. What the folder has of a task replaces what is
// embedded, whatever its version. It returns an error that names the file for a
// template or schema that cannot be parsed, and one for a folder that is not there,
// has no prompt, or has one of a task that nobody asks.
func Load(dir string) (*Set, error) {
	set, err := load(embedded)
	if err != nil || dir == "" {
		return set, err
	}
	over, err := load(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("prompts in %s: %w", dir, err)
	}
	if len(over.byTask) == 0 {
		return nil, fmt.Errorf("prompts in %s: there is no folder <task>/v<number> in it", dir)
	}
	for task, p := range over.byTask {
		if _, known := set.byTask[task]; !known {
			return nil, fmt.Errorf("prompts in %s: nobody asks the task %q; the tasks are %s", dir, task, strings.Join(set.Tasks(), ", "))
		}
		set.byTask[task] = p
	}
	return set, nil
}

// Get returns the newest version of the task, or an error where there is none.
func (s *Set) Get(task string) (*Prompt, error) {
	p := s.byTask[task]
	if p == nil {
		return nil, fmt.Errorf("no prompt for the task %q", task)
	}
	return p, nil
}

// Tasks returns the tasks that have a prompt, sorted.
func (s *Set) Tasks() []string {
	out := make([]string, 0, len(s.byTask))
	for task := range s.byTask {
		out = append(out, task)
	}
	slices.Sort(out)
	return out
}

// load reads the newest version of each task.
func load(files fs.FS) (*Set, error) {
	s := &Set{byTask: map[string]*Prompt{}}
	folders, err := fs.Glob(files, "*/v*")
	if err != nil {
		return nil, fmt.Errorf("list prompts: %w", err)
	}
	for _, folder := range folders {
		task, version, _ := strings.Cut(folder, "/")
		n, err := strconv.Atoi(strings.TrimPrefix(version, "v"))
		if err != nil {
			continue // no version
		}
		if have := s.byTask[task]; have != nil && have.number() > n {
			continue
		}
		p, err := read(files, folder)
		if err != nil {
			return nil, err
		}
		p.Task, p.Version = task, version
		s.byTask[task] = p
	}
	return s, nil
}

func (p *Prompt) number() int {
	n, err := strconv.Atoi(strings.TrimPrefix(p.Version, "v"))
	if err != nil {
		return 0
	}
	return n
}

func read(files fs.FS, folder string) (*Prompt, error) {
	p, sum := &Prompt{}, sha256.New()
	var texts [3]string
	for i, name := range []string{"system.tmpl", "user.tmpl", "schema.json"} {
		b, err := fs.ReadFile(files, folder+"/"+name)
		if err != nil {
			return nil, fmt.Errorf("read prompt: %w", err)
		}
		texts[i] = string(b)
		sum.Write(b)
		sum.Write([]byte{0})
	}
	var err error
	if p.system, err = template.New(folder + "/system.tmpl").Option("missingkey=error").Parse(texts[0]); err != nil {
		return nil, fmt.Errorf("parse prompt: %w", err)
	}
	if p.user, err = template.New(folder + "/user.tmpl").Option("missingkey=error").Parse(texts[1]); err != nil {
		return nil, fmt.Errorf("parse prompt: %w", err)
	}
	if err := json.Unmarshal([]byte(texts[2]), &p.schema); err != nil {
		return nil, fmt.Errorf("parse %s/schema.json: %w", folder, err)
	}
	p.Hash = hex.EncodeToString(sum.Sum(nil))[:16]
	return p, nil
}

// Render fills in the question. Enums replace the enumerations of the schema that
// consist of their name alone: ["$targets"]. An enumeration that has no value
// allows "" only, since a schema without values is none.
func (p *Prompt) Render(data any, enums map[string][]string) (Rendered, error) {
	var system, user strings.Builder
	if err := errors.Join(p.system.Execute(&system, nil), p.user.Execute(&user, data)); err != nil {
		return Rendered{}, fmt.Errorf("render %s %s: %w", p.Task, p.Version, err)
	}
	schema, err := json.Marshal(fillEnums(p.schema, enums))
	if err != nil {
		return Rendered{}, fmt.Errorf("render the schema of %s %s: %w", p.Task, p.Version, err)
	}
	return Rendered{System: strings.TrimSpace(system.String()), User: strings.TrimSpace(user.String()), Schema: schema}, nil
}

// Fixed returns the text of the fixed parts of all prompts, so that an answer which
// repeats them is known for one.
func (s *Set) Fixed() (string, error) {
	var out strings.Builder
	for _, task := range s.Tasks() {
		if err := s.byTask[task].system.Execute(&out, nil); err != nil {
			return "", fmt.Errorf("render %s: %w", task, err)
		}
		out.WriteByte('\n')
	}
	return out.String(), nil
}

// fillEnums returns a copy of the schema with the named enumerations filled in.
func fillEnums(node any, enums map[string][]string) any {
	switch node := node.(type) {
	case map[string]any:
		out := make(map[string]any, len(node))
		for key, value := range node {
			if values, named := enumNamed(key, value, enums); named {
				out[key] = values
				continue
			}
			out[key] = fillEnums(value, enums)
		}
		return out
	case []any:
		out := make([]any, len(node))
		for i, value := range node {
			out[i] = fillEnums(value, enums)
		}
		return out
	}
	return node
}

func enumNamed(key string, value any, enums map[string][]string) ([]string, bool) {
	list, ok := value.([]any)
	if key != "enum" || !ok || len(list) != 1 {
		return nil, false
	}
	name, ok := list[0].(string)
	if !ok || !strings.HasPrefix(name, "$") {
		return nil, false
	}
	values := enums[strings.TrimPrefix(name, "$")]
	if len(values) == 0 {
		values = []string{""}
	}
	return values, true
}
