package llm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/threatdraft/threatdraft/internal/stride"
)

// recording is a file of replay's folder. The question stands in it for the
// reader; its file name is what finds it.
type recording struct {
	Task     string          `json:"task"`
	Provider string          `json:"provider"`
	Model    string          `json:"model"`
	System   string          `json:"system"`
	User     string          `json:"user"`
	Schema   json.RawMessage `json:"schema,omitempty"`
	Text     string          `json:"text"`
	Finish   Finish          `json:"finish"`
	Usage    recordedUsage   `json:"usage"`
}

type recordedUsage struct {
	Prompt     int  `json:"prompt"`
	Cached     int  `json:"cached"`
	Completion int  `json:"completion"`
	Estimated  bool `json:"estimated,omitempty"`
}

const (
	// pieceBytes is how much replay says at a time.
	pieceBytes = 64
	// hashBytes of the request's hash name its recording.
	hashBytes = 12
	// replayContext is the context size that replay claims, in tokens: that of
	// most models a recording would come from.
	replayContext = 128_000
	// maxRecordingBytes bounds a recording: question and answer, escaped.
	maxRecordingBytes = 16 << 20
	unnamedTask       = "untitled"
	noncePlaceholder  = "[nonce]"
)

// fileName names the recording of a request: its task, for people, and a hash of
// everything that the answer depends on.
func (r Request) fileName() string {
	sum := sha256.New()
	for _, part := range []string{r.Task, r.withoutNonce(r.System), r.withoutNonce(r.User), r.Schema.Name, string(r.Schema.JSON)} {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	task := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c == '-' {
			return c
		}
		return '_'
	}, strings.ToLower(r.Task))
	if task == "" {
		task = unnamedTask
	}
	return task + "-" + hex.EncodeToString(sum.Sum(nil)[:hashBytes]) + ".json"
}

func (r Request) withoutNonce(s string) string {
	if r.Nonce == "" {
		return s
	}
	return strings.ReplaceAll(s, r.Nonce, noncePlaceholder)
}

// replay answers from recordings.
type replay struct{ config Config }

func openReplay(cfg Config, _ Deps) (Provider, error) {
	if cfg.Folder == "" {
		return nil, stride.InvalidField("folder", "is missing: replay reads its answers there")
	}
	info, err := os.Stat(cfg.Folder)
	if err != nil || !info.IsDir() {
		return nil, stride.InvalidField("folder", "%s is no folder that can be read", cfg.Folder)
	}
	if cfg.Model == "" {
		cfg.Model = "recorded"
	}
	if cfg.Context == 0 {
		cfg.Context = replayContext
	}
	return replay{cfg.public()}, nil
}

// Describe is Provider's.
func (p replay) Describe() Description {
	return Description{
		Provider: p.config.Provider, Model: p.config.Model, Address: p.config.Folder,
		Mode: ModeSchema, Context: p.config.Context, StreamsUsage: true,
	}
}

// Complete is Provider's. A recording that is missing fails as malformed: other
// questions may have theirs.
func (p replay) Complete(ctx context.Context, r Request, sink Sink) (Answer, error) {
	path := filepath.Join(p.config.Folder, r.fileName())
	rec, err := readRecording(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Answer{}, &Failure{
			Kind: Malformed, final: true,
			Message: fmt.Sprintf("no answer is recorded for this question: %s is missing; record it with a provider record:NAME", path),
		}
	}
	if err != nil {
		return Answer{}, &Failure{Kind: Malformed, Message: fmt.Sprintf("the recording %s cannot be read", path), Err: err, final: true}
	}
	heard := collector{sink: sink}
	answer := Answer{Provider: p.config.Provider, Model: p.config.Model, Finish: rec.Finish, Usage: Usage(rec.Usage)}
	for rest := rec.Text; rest != ""; {
		if ctx.Err() != nil {
			return answer, p.Describe().lost(ctx, ctx.Err())
		}
		piece := head(rest, pieceBytes)
		rest = rest[len(piece):]
		if err := heard.add(piece); err != nil {
			return answer, err
		}
		answer.Text = heard.text.String()
	}
	return judged(p.Describe(), answer)
}

// head is the first n bytes of s, less a character that they would cut.
func head(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 1 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

func readRecording(path string) (recording, error) {
	var rec recording
	f, err := os.Open(path)
	if err != nil {
		return rec, fmt.Errorf("open recording: %w", err)
	}
	defer func() { _ = f.Close() }()
	if err := json.NewDecoder(io.LimitReader(f, maxRecordingBytes)).Decode(&rec); err != nil {
		return rec, fmt.Errorf("read recording: %w", err)
	}
	return rec, nil
}

// record asks another provider and writes what replay reads. Nothing of the
// connection is written, and keys are masked wherever else they stand.
type record struct {
	next    Provider
	folder  string
	secrets []string
}

func openRecord(cfg Config, next Provider) (Provider, error) {
	if cfg.Folder == "" {
		return nil, stride.InvalidField("folder", "is missing: record writes its answers there")
	}
	if err := os.MkdirAll(cfg.Folder, 0o700); err != nil {
		return nil, stride.InvalidField("folder", "%s cannot be made: %v", cfg.Folder, err)
	}
	return record{next: next, folder: cfg.Folder, secrets: cfg.secrets()}, nil
}

// Describe is Provider's.
func (p record) Describe() Description { return p.next.Describe() }

// Complete is Provider's. An answer that was cut off or refused is recorded like
// any other, so that replay fails in the same way.
func (p record) Complete(ctx context.Context, r Request, sink Sink) (Answer, error) {
	answer, err := p.next.Complete(ctx, r, sink)
	if err != nil && KindOf(err) != Truncated && KindOf(err) != Refused {
		return answer, err
	}
	if saveErr := p.save(r, answer); saveErr != nil {
		return answer, &Failure{Kind: Malformed, Message: "the answer cannot be recorded in " + p.folder, Err: saveErr, final: true}
	}
	return answer, err
}

// save writes the file in one step: a run that reads the folder meanwhile sees
// it whole or not at all.
func (p record) save(r Request, a Answer) error {
	body, err := json.MarshalIndent(recording{
		Task: r.Task, Provider: a.Provider, Model: a.Model,
		System: mask(r.withoutNonce(r.System), p.secrets), User: mask(r.withoutNonce(r.User), p.secrets), Schema: r.Schema.JSON,
		Text: mask(a.Text, p.secrets), Finish: a.Finish, Usage: recordedUsage(a.Usage),
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode recording: %w", err)
	}
	f, err := os.CreateTemp(p.folder, ".recording-*")
	if err != nil {
		return fmt.Errorf("create recording: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(append(body, '\n'))
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write recording: %w", err)
	}
	if err := os.Rename(f.Name(), filepath.Join(p.folder, r.fileName())); err != nil {
		return fmt.Errorf("keep recording: %w", err)
	}
	return nil
}
