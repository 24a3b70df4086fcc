package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
	"github.com/go-playground/validator/v10"

	"github.com/threatdraft/threatdraft/internal/analysis"
	"github.com/threatdraft/threatdraft/internal/stride"
)

// Caps of request bodies, in bytes. A description may be 2 MiB; JSON escapes may
// make it longer.
const (
	maxBody       = 1 << 20
	maxSourceBody = 8 << 20
)

func newValidator() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	return v
}

// readBody reads at most limit bytes; TooLarge beyond.
func readBody(c *gin.Context, limit int64) ([]byte, error) {
	if e := c.GetHeader("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return nil, &stride.Error{
			Kind: stride.UnsupportedMedia, Message: "send the body as it is",
			Fields: []stride.Field{{Field: "Content-Encoding", Message: "must be left out"}},
		}
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, limit))
	var over *http.MaxBytesError
	if errors.As(err, &over) {
		return nil, &stride.Error{
			Kind: stride.TooLarge, Message: fmt.Sprintf("the body has more than %d bytes", limit),
			Fields: []stride.Field{{Field: "body", Message: fmt.Sprintf("must have at most %d bytes", limit)}},
		}
	}
	if err != nil {
		return nil, stride.InvalidField("body", "could not be read to its end")
	}
	return body, nil
}

// mediaType returns the content type without parameters, lower case.
func mediaType(c *gin.Context) string {
	t, _, err := mime.ParseMediaType(c.GetHeader("Content-Type"))
	if err != nil {
		return strings.ToLower(strings.TrimSpace(c.GetHeader("Content-Type")))
	}
	return t
}

func wantJSON(c *gin.Context) error {
	if t := mediaType(c); t != "application/json" {
		return &stride.Error{
			Kind: stride.UnsupportedMedia, Message: "send application/json",
			Fields: []stride.Field{{Field: "Content-Type", Message: fmt.Sprintf("is %q", t)}},
		}
	}
	return nil
}

// readJSON reads a JSON object strictly into out: unknown fields, wrong types,
// broken UTF-8, NUL and trailing text are Invalid, naming the field. It returns
// the bytes, which identify the request.
func (s *server) readJSON(c *gin.Context, limit int64, out any) ([]byte, error) {
	if err := wantJSON(c); err != nil {
		return nil, err
	}
	body, err := readBody(c, limit)
	if err != nil {
		return nil, err
	}
	return body, s.decode(body, out)
}

// readOptionalJSON is readJSON for bodies that may be left out.
func (s *server) readOptionalJSON(c *gin.Context, out any) ([]byte, error) {
	body, err := readBody(c, maxBody)
	if err != nil || len(bytes.TrimSpace(body)) == 0 {
		return body, err
	}
	if err := wantJSON(c); err != nil {
		return nil, err
	}
	return body, s.decode(body, out)
}

func (s *server) decode(body []byte, out any) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return stride.InvalidField("body", "is empty; send a JSON object")
	}
	if i := invalidUTF8(body); i >= 0 {
		return stride.InvalidField("body", "is not UTF-8 at byte %d", i)
	}
	if bytes.Equal(bytes.TrimSpace(body), []byte("null")) {
		return stride.InvalidField("body", "must be a JSON object, is null")
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(out); err != nil {
		return jsonError(err, body)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return stride.InvalidField("body", "has text after the JSON object")
	}
	if field := findNUL(body); field != "" {
		return stride.InvalidField(field, "must not contain NUL (\\u0000)")
	}
	if field := findText(body, isStrangeKey); field != "" {
		return stride.InvalidField(field, "is no known field here; names are lower case")
	}
	return s.check(out)
}

func invalidUTF8(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// jsonError says which field is wrong and why.
func jsonError(err error, body []byte) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind):
		field := wireField(kind.Field)
		if field == "" {
			field = "body"
		}
		return stride.InvalidField(field, "must be %s, is %s", jsonKind(kind.Type), kind.Value)
	case errors.As(err, &syntax):
		return stride.InvalidField("body", "is not JSON: %v at byte %d", syntax, syntax.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return stride.InvalidField("body", "is not JSON: it ends early, at byte %d", len(body))
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if plain, err := strconv.Unquote(name); err == nil {
			return stride.InvalidField(plain, "is no known field here")
		}
	}
	var own *stride.Error
	if errors.As(err, &own) {
		return own
	}
	var when *time.ParseError
	if errors.As(err, &when) {
		field := findText(body, func(text string, key bool) bool { return !key && text == when.Value })
		if field == "" {
			field = "body"
		}
		return stride.InvalidField(field, "must be a time as of RFC 3339")
	}
	return stride.InvalidField("body", "cannot be read: %v", err)
}

// wireField leaves the names of embedded structs out of a path of encoding/json:
// they are no part of the request. Names on the wire are lower case.
func wireField(path string) string {
	parts := slices.DeleteFunc(strings.Split(path, "."), func(part string) bool { return part != strings.ToLower(part) })
	return strings.Join(parts, ".")
}

func jsonKind(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Int, reflect.Int64, reflect.Float64:
		return "a number"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "an array"
	}
	return "an object"
}

// findNUL returns the path of the first string with a NUL, "" for none.
func findNUL(body []byte) string {
	if !bytes.Contains(body, []byte(`\u0000`)) {
		return ""
	}
	return findText(body, func(text string, _ bool) bool { return strings.ContainsRune(text, 0) })
}

// isStrangeKey reports whether text is a key that encoding/json would take for a
// field although its case is another.
func isStrangeKey(text string, key bool) bool { return key && text != strings.ToLower(text) }

// findText returns the path of a string, or of a key, that is wanted, "" for none.
func findText(body []byte, wanted func(text string, key bool) bool) string {
	var doc any
	if json.NewDecoder(bytes.NewReader(body)).Decode(&doc) != nil {
		return ""
	}
	return textPath("", doc, wanted)
}

func textPath(path string, v any, wanted func(text string, key bool) bool) string {
	switch v := v.(type) {
	case string:
		if wanted(v, false) {
			return path
		}
	case []any:
		for i, e := range v {
			if p := textPath(fmt.Sprintf("%s[%d]", path, i), e, wanted); p != "" {
				return p
			}
		}
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			at := k
			if path != "" {
				at = path + "." + k
			}
			if wanted(k, true) {
				return at
			}
			if p := textPath(at, v[k], wanted); p != "" {
				return p
			}
		}
	}
	return ""
}

// check runs the struct's validate tags.
func (s *server) check(in any) error {
	err := s.validate.Struct(in)
	var invalid validator.ValidationErrors
	if !errors.As(err, &invalid) {
		return err
	}
	e := &stride.Error{Kind: stride.Invalid, Message: "the request is not valid"}
	// The path begins with the name of the struct, where it has one.
	root := reflect.Indirect(reflect.ValueOf(in)).Type().Name() + "."
	for _, f := range invalid {
		field := strings.TrimPrefix(f.Namespace(), root)
		e.Fields = append(e.Fields, stride.Field{Field: field, Message: tagMessage(f)})
	}
	return e
}

func tagMessage(f validator.FieldError) string {
	switch f.Tag() {
	case "required":
		return "is required"
	case "oneof":
		return "must be one of " + strings.ReplaceAll(f.Param(), " ", ", ")
	case "max":
		return "must have at most " + f.Param()
	case "min":
		return "must have at least " + f.Param()
	case "uuid":
		return "must be an id as we gave it"
	}
	return "does not hold: " + f.Tag()
}

// etag is the strong ETag of a revision.
func etag(revision int64) string { return `"` + strconv.FormatInt(revision, 10) + `"` }

// match reads If-Match. A tag that is none of ours matches nothing.
func match(c *gin.Context) (analysis.Match, error) {
	h := strings.TrimSpace(c.GetHeader("If-Match"))
	switch {
	case h == "":
		return analysis.Match{}, nil
	case h == "*":
		return analysis.Match{Given: true, Any: true}, nil
	}
	tag := strings.TrimPrefix(h, "W/")
	if len(tag) < 2 || tag[0] != '"' || tag[len(tag)-1] != '"' || strings.Count(tag, `"`) != 2 {
		return analysis.Match{}, stride.InvalidField("If-Match", `must be one ETag, for example "3" with its quotes`)
	}
	revision, err := strconv.ParseInt(tag[1:len(tag)-1], 10, 64)
	if err != nil {
		revision = -1
	}
	return analysis.Match{Given: true, Revision: revision}, nil
}

// reply is an answer before it is encoded.
type reply struct {
	status   int
	location string
	revision int64
	body     any
}

func (r reply) encode() (analysis.Reply, error) {
	out := analysis.Reply{Status: r.status, Headers: map[string]string{"Content-Type": "application/json; charset=utf-8"}}
	if r.location != "" {
		out.Headers["Location"] = r.location
	}
	if r.revision > 0 {
		out.Headers["ETag"] = etag(r.revision)
	}
	if r.status == http.StatusNoContent {
		delete(out.Headers, "Content-Type")
		return out, nil
	}
	body, err := json.Marshal(r.body)
	out.Body = body
	return out, err
}

func (s *server) write(c *gin.Context, r reply) error {
	out, err := r.encode()
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	writeReply(c, out)
	return nil
}

func writeReply(c *gin.Context, r analysis.Reply) {
	for k, v := range r.Headers {
		c.Header(k, v)
	}
	c.Data(r.Status, r.Headers["Content-Type"], r.Body)
}

// mutate runs a changing use case with the caller, If-Match and
// Idempotency-Key, and answers with the rendered result.
func mutate[T any](s *server, c *gin.Context, body []byte, use func(analysis.Call) (T, error), render func(T) reply) error {
	out, replayed, err := once(c, body, use, render)
	if err != nil || replayed {
		return err
	}
	return s.write(c, render(out))
}

// once is mutate without the answer: replayed is true where an earlier one has
// been written.
func once[T any](c *gin.Context, body []byte, use func(analysis.Call) (T, error), render func(T) reply) (out T, replayed bool, err error) {
	call := analysis.Call{Actor: actor(c)}
	if call.Match, err = match(c); err != nil {
		return out, false, err
	}
	if call.Once, err = onceOf(c, body, render); err != nil {
		return out, false, err
	}
	out, err = use(call)
	var earlier *analysis.Replayed
	if errors.As(err, &earlier) {
		c.Header("Idempotent-Replayed", "true")
		writeReply(c, earlier.Reply)
		return out, true, nil
	}
	return out, false, err
}

func onceOf[T any](c *gin.Context, body []byte, render func(T) reply) (*analysis.Once, error) {
	key := c.GetHeader("Idempotency-Key")
	if key == "" || c.Request.Method != http.MethodPost {
		return nil, nil
	}
	for _, r := range key {
		if r < '!' || r > '~' || len(key) > 200 {
			return nil, stride.InvalidField("Idempotency-Key", "must have 1 to 200 visible ASCII characters")
		}
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00", c.Request.URL.Path, c.Request.URL.RawQuery, mediaType(c))
	h.Write(body)
	return &analysis.Once{
		Key: key, Route: c.Request.Method + " " + c.Request.URL.Path, RequestHash: hex.EncodeToString(h.Sum(nil)),
		Render: func(result any) (analysis.Reply, error) {
			typed, ok := result.(T)
			if !ok {
				return analysis.Reply{}, fmt.Errorf("result is %T", result)
			}
			return render(typed).encode()
		},
	}, nil
}

// list is how every list is answered.
type list[T any] struct {
	Items      []T     `json:"items"`
	NextCursor *string `json:"next_cursor"`
}

// listOf is the answer of a page; filter is what the query asked for, "" where a
// list is whole.
func listOf[T, W any](l analysis.Listing[T], filter string, wire func(T) W) list[W] {
	out := list[W]{Items: make([]W, 0, len(l.Items))}
	for _, item := range l.Items {
		out.Items = append(out.Items, wire(item))
	}
	if l.Next != nil {
		text := encodeCursor(*l.Next, filter)
		out.NextCursor = &text
	}
	return out
}

// wireCursor is a cursor as callers keep it. Filter binds it to the query that it
// came from: the place in one list is none in another.
type wireCursor struct {
	Sort   string `json:"s"`
	Key    int64  `json:"k"`
	ID     string `json:"i"`
	Filter string `json:"f"`
}

func encodeCursor(c analysis.Cursor, filter string) string {
	b, err := json.Marshal(wireCursor{Sort: c.Sort, Key: c.Key, ID: c.ID, Filter: filter})
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(text, filter string) (*analysis.Cursor, error) {
	broken := stride.InvalidField("cursor", "is none that we gave; use next_cursor as it is")
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, broken
	}
	var w wireCursor
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if dec.Decode(&w) != nil || w.Sort == "" || w.ID == "" || !utf8.ValidString(w.ID) || strings.ContainsRune(w.ID, 0) {
		return nil, broken
	}
	if w.Filter != filter {
		return nil, stride.InvalidField("cursor", "belongs to another query; begin again without it")
	}
	return &analysis.Cursor{Sort: w.Sort, Key: w.Key, ID: w.ID}, nil
}
