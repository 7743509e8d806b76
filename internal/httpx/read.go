package httpx

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// ErrTooLarge says that a body is longer than the reader was ready for.
var ErrTooLarge = errors.New("the answer is too large")

// ReadAll reads and closes the body of an answer. One of more than limit bytes (after decompression) is ErrTooLarge, and no more
// than that is read.
func ReadAll(resp *http.Response, limit int64) ([]byte, error) {
	defer resp.Body.Close()
	if resp.ContentLength > limit {
		return nil, ErrTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, ErrTooLarge
	}
	return body, nil
}

// WithoutURL takes the address off an error of http.Client, which puts it in whole: a query may carry a session or a signature.
func WithoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
