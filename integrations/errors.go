package integrations

import (
	"errors"
	"fmt"
	"time"
)

// ErrorKind tells what to do about a marketplace's error.
type ErrorKind string

// The kinds of errors.
const (
	// Temporary: try again with growing pauses; nothing is known to have happened or repeating is harmless.
	Temporary ErrorKind = "TEMPORARY"
	// Limited: called too often; wait RetryAfter.
	Limited ErrorKind = "RATE_LIMITED"
	// Unauthorized: the shop must be authorised again by a person; all work on it stops until its settings change.
	Unauthorized ErrorKind = "UNAUTHORIZED"
	// Rejected: refused for this input; not tried again unchanged, but for quantities, which are told again in time.
	Rejected ErrorKind = "REJECTED"
	// Missing: the object does not exist (any more).
	Missing ErrorKind = "NOT_FOUND"
	// Misconfigured: a wrong key, signature, permission or clock: permanent until a person acts.
	Misconfigured ErrorKind = "MISCONFIGURED"
	// Unsupported: the shop does not have the ability.
	Unsupported ErrorKind = "UNSUPPORTED"
)

// Error is what a Shop answers. Message is for people and holds no secret and no buyer's data.
type Error struct {
	Kind       ErrorKind
	Code       string // the marketplace's own code, or a short name of ours
	Message    string
	RetryAfter time.Duration
	Err        error
}

func (e *Error) Error() string {
	s := string(e.Kind)
	if e.Code != "" {
		s += " " + e.Code
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Err != nil {
		s += fmt.Sprintf(": %v", e.Err)
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Retryable tells whether the same call may succeed later without a person's help.
func (e *Error) Retryable() bool { return e.Kind == Temporary || e.Kind == Limited }

// AsError finds the Error in err; anything else counts as Temporary, since nothing is known about it.
func AsError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Kind: Temporary, Code: "UNEXPECTED", Message: "unexpected fault", Err: err}
}
