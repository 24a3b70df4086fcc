package stride

import (
	"errors"
	"fmt"
)

// Kind classifies an Error. The edge maps each kind to one HTTP status.
type Kind string

const (
	Invalid              Kind = "invalid"               // the request is malformed: shape, type, enum
	Unauthenticated      Kind = "unauthenticated"       // no token, or one that does not hold
	Forbidden            Kind = "forbidden"             // the role is too low
	NotFound             Kind = "not_found"             // no such thing, or none that the actor may see
	Conflict             Kind = "conflict"              // the state does not allow it
	Stale                Kind = "stale"                 // If-Match names an older version
	PreconditionRequired Kind = "precondition_required" // If-Match is missing
	Unprocessable        Kind = "unprocessable"         // well-formed, but it cannot be done
	NoComponents         Kind = "no_components"         // the description names no part of a system
	TooLarge             Kind = "too_large"             // over a size limit
	UnsupportedMedia     Kind = "unsupported_media"     // a content type that nobody reads here
	Unavailable          Kind = "unavailable"           // a part that we need does not answer
)

// Kinds returns every kind, so that the edge's mapping can be tested whole.
func Kinds() []Kind {
	return []Kind{
		Invalid, Unauthenticated, Forbidden, NotFound, Conflict, Stale, PreconditionRequired,
		Unprocessable, NoComponents, TooLarge, UnsupportedMedia, Unavailable,
	}
}

// Field says what is wrong with one field of a request.
type Field struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error is an error that its reader can act on. Everything else is internal and
// never shown. Test for it with errors.As, or with errors.Is against a bare
// &Error{Kind: ...}, which matches any error of that kind.
type Error struct {
	Kind    Kind
	Message string
	Fields  []Field
	// Current is the resource as it stands now, where that helps the caller
	// (Conflict, Stale, PreconditionRequired).
	Current any
}

func (e *Error) Error() string {
	if len(e.Fields) == 0 {
		return e.Message
	}
	return fmt.Sprintf("%s (%s: %s)", e.Message, e.Fields[0].Field, e.Fields[0].Message)
}

// Is matches a target that is a bare kind.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Message == "" && t.Kind == e.Kind
}

// Errorf makes an Error of the kind.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// InvalidField makes an Invalid error about one field.
func InvalidField(field, format string, args ...any) *Error {
	msg := fmt.Sprintf(format, args...)
	return &Error{Kind: Invalid, Message: fmt.Sprintf("%s %s", field, msg), Fields: []Field{{field, msg}}}
}

// KindOf returns the kind of err, or "" where err is none of ours.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return ""
}
