package commerce

import (
	"errors"
	"fmt"
)

// Code says what went wrong in a way a program can act on. Published codes never change meaning.
type Code string

// The codes of user errors, and last those of top-level errors.
const (
	NotFound            Code = "NOT_FOUND"
	InvalidInput        Code = "INVALID_INPUT"
	Conflict            Code = "CONFLICT"
	AlreadyExists       Code = "ALREADY_EXISTS"
	InsufficientStock   Code = "INSUFFICIENT_STOCK"
	StockConflict       Code = "STOCK_CONFLICT"
	PriceChanged        Code = "PRICE_CHANGED"
	IllegalTransition   Code = "ILLEGAL_TRANSITION"
	DispatchRevoked     Code = "DISPATCH_REVOKED"
	AlreadyUsed         Code = "ALREADY_USED"
	Locked              Code = "LOCKED"
	Expired             Code = "EXPIRED"
	IdempotencyMismatch Code = "IDEMPOTENCY_MISMATCH"
	LimitExceeded       Code = "LIMIT_EXCEEDED"
	ChannelError        Code = "CHANNEL_ERROR"

	Unauthenticated Code = "UNAUTHENTICATED"
	Forbidden       Code = "FORBIDDEN"
	RateLimited     Code = "RATE_LIMITED"
	CostLimit       Code = "COST_LIMIT"
	BadRequest      Code = "BAD_REQUEST"
	Internal        Code = "INTERNAL"
)

// Error is the one error a caller can act on. Message is for people and never carries a secret, contact data or SQL.
// Field is the path from the input's root; Details carries figures for the concrete user errors.
type Error struct {
	Code      Code
	Message   string
	Field     []string
	Retryable bool
	Details   any
	Err       error
}

func (e *Error) Error() string {
	if e.Err != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Message, e.Err)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Message)
}

func (e *Error) Unwrap() error { return e.Err }

// At returns the same error told to be about the given field path.
func (e *Error) At(path ...string) *Error {
	out := *e
	out.Field = path
	return &out
}

// Under returns the error with path put before its own field path.
func (e *Error) Under(path ...string) *Error {
	out := *e
	out.Field = append(append([]string{}, path...), e.Field...)
	return &out
}

// Errorf makes an Error. It takes no %w: what a caller may see is only the message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Invalid is an INVALID_INPUT error at a field path.
func Invalid(path []string, format string, args ...any) *Error {
	return &Error{Code: InvalidInput, Message: fmt.Sprintf(format, args...), Field: path}
}

// CodeOf tells the code of err: that of the first Error in its chain, Internal otherwise, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// Errors is several user errors of one call.
type Errors []*Error

func (e Errors) Error() string {
	if len(e) == 0 {
		return "no error"
	}
	if len(e) == 1 {
		return e[0].Error()
	}
	return fmt.Sprintf("%v (and %d more)", e[0], len(e)-1)
}

// Unwrap lets CodeOf find the first one.
func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i, one := range e {
		out[i] = one
	}
	return out
}

// The details that concrete user errors carry.
type (
	// Shortage tells how many units could be had.
	Shortage struct{ Available int }
	// StockMismatch tells the figure that stands instead of the expected one.
	StockMismatch struct{ Actual int }
	// PriceMismatch tells both figures.
	PriceMismatch struct{ Expected, Actual Money }
	// Allowed lists the mutations that are legal now.
	Allowed struct{ Mutations []string }
	// Use tells when a pick-up code was used, and by whom.
	Use struct {
		At Instant
		By string
	}
	// Existing names what is there already.
	Existing struct{ ID ID }
)
