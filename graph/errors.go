package graph

import (
	"context"
	"errors"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/oneshelf/oneshelf/auth"
	"github.com/oneshelf/oneshelf/commerce"
	"github.com/oneshelf/oneshelf/graph/model"
)

// top holds the codes that go into the top-level errors of an answer; every other code of ours is a user error of a payload.
var top = map[commerce.Code]bool{
	commerce.Unauthenticated: true, commerce.Forbidden: true, commerce.RateLimited: true, commerce.CostLimit: true, commerce.BadRequest: true,
}

// userErrors parts what went wrong: what a client can act on comes back as user errors, anything else as the error it is.
func userErrors(err error) ([]model.UserError, error) {
	out := []model.UserError{}
	if err == nil {
		return out, nil
	}
	all := every(err)
	for _, e := range all {
		if top[e.Code] {
			return nil, e
		}
		out = append(out, userError(e))
	}
	if len(out) == 0 {
		return nil, err
	}
	return out, nil
}

// every finds all errors of ours in a tree of errors.
func every(err error) []*commerce.Error {
	if e, ok := err.(*commerce.Error); ok {
		return []*commerce.Error{e}
	}
	var out []*commerce.Error
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			out = append(out, every(one)...)
		}
	case interface{ Unwrap() error }:
		return every(e.Unwrap())
	}
	return out
}

func userError(e *commerce.Error) model.UserError {
	code := model.UserErrorCode(e.Code)
	switch d := e.Details.(type) {
	case commerce.Shortage:
		return model.InsufficientStock{Code: code, Path: e.Field, Message: e.Message, Retryable: e.Retryable, Available: d.Available}
	case commerce.StockMismatch:
		return model.StockConflict{Code: code, Path: e.Field, Message: e.Message, Retryable: e.Retryable, Actual: d.Actual}
	case commerce.PriceMismatch:
		return model.PriceChanged{Code: code, Path: e.Field, Message: e.Message, Retryable: e.Retryable,
			ExpectedAmount: money(d.Expected), ActualAmount: money(d.Actual)}
	case commerce.Allowed:
		return model.IllegalTransition{Code: code, Path: e.Field, Message: e.Message, Retryable: e.Retryable, Allowed: d.Mutations}
	case commerce.Use:
		return model.PickupCodeUsed{Code: code, Path: e.Field, Message: e.Message, Retryable: e.Retryable, UsedAt: d.At.Time(), UsedBy: d.By}
	}
	return model.InputError{Code: code, Path: e.Field, Message: e.Message, Retryable: e.Retryable}
}

// Present is the only presenter of top-level errors. What is not an error of ours is told as INTERNAL; report gets its text.
func Present(report func(ctx context.Context, err error)) graphql.ErrorPresenterFunc {
	return func(ctx context.Context, err error) *gqlerror.Error {
		out := &gqlerror.Error{Path: graphql.GetPath(ctx), Extensions: map[string]any{}}
		if v := auth.From(ctx); v != nil && v.Request != "" {
			out.Extensions["requestId"] = v.Request
		}
		parsed, isParsed := errors.AsType[*gqlerror.Error](err)
		if isParsed && len(parsed.Path) > 0 {
			out.Path = parsed.Path
		}
		e, ours := errors.AsType[*commerce.Error](err)
		switch {
		case ours && (top[e.Code] || e.Code == commerce.NotFound || e.Code == commerce.InvalidInput):
			code := e.Code
			if !top[code] {
				code = commerce.BadRequest // a query has no user errors
			}
			out.Message = e.Message
			out.Extensions["code"] = code
			if reason, ok := e.Details.(Reason); ok {
				out.Extensions["reason"] = string(reason)
			}
		case isParsed && parsed.Err == nil:
			out.Message, out.Locations = parsed.Message, parsed.Locations
			out.Extensions["code"] = commerce.BadRequest
			if code, ok := parsed.Extensions["code"].(commerce.Code); ok {
				out.Extensions["code"] = code
			}
		case isParsed && ctx.Err() == nil && inputError(parsed):
			out.Message, out.Locations = parsed.Message, parsed.Locations
			out.Extensions["code"] = commerce.BadRequest
		default:
			out.Message = "the server could not answer this"
			out.Extensions["code"] = commerce.Internal
			report(ctx, err)
		}
		return out
	}
}

// Reason tells programs more about a top-level error, in extensions.reason.
type Reason string

// CursorTooOld is the reason of a cursor older than what the log keeps.
const CursorTooOld Reason = "CURSOR_TOO_OLD"

// inputError tells whether gqlgen wraps a scalar's complaint about the caller's input.
func inputError(e *gqlerror.Error) bool {
	_, isInput := errors.AsType[model.ScalarError](e)
	return isInput
}

func badRequest(format string, args ...any) error {
	return commerce.Errorf(commerce.BadRequest, format, args...)
}
