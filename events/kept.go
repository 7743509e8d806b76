package events

import "errors"

// Kept is for a refusal that must leave something behind, as a wrong code that counts: Do and Once commit what was written and then
// answer err. No idempotency key is bound, so the same call is judged, and leaves its trace, again.
func Kept(err error) error { return &keptError{err} }

type keptError struct{ error }

func (e *keptError) Unwrap() error { return e.error }

// parted tells an error that gives the transaction up from one that is answered after it has committed.
func parted(err error) (refused, failed error) {
	if e, ok := errors.AsType[*keptError](err); ok {
		return e.error, nil
	}
	return nil, err
}
